"""Times that sidecars tell, and which of them are of the capture."""

from __future__ import annotations

import os
import plistlib
import shutil
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from indexer.capture_time.sidecar_times import is_persons_edit, sidecar_times
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags

TAKEN, UPLOADED = "JSON:PhotoTakenTimeTimestamp", "JSON:CreationTimeTimestamp"


def times(**everything):
    return list(
        sidecar_times(Tags(all={key.replace("__", ":"): v for key, v in everything.items()}))
    )


def time_of(tag, value, **more):
    (found,) = sidecar_times(Tags(all={tag: value, **more}))
    return found


def test_takeout_tells_an_instant_and_no_local_clock():
    found = time_of(TAKEN, "1735732396")

    assert (found.moment.iso(), found.moment.offset_min) == ("2025-01-01T11:53:16", 0)
    assert (found.is_utc, found.is_capture) == (True, True)


def test_takeout_dates_pictures_from_before_1970():
    assert time_of(TAKEN, "-86400").moment.iso() == "1969-12-31T00:00:00"


@pytest.mark.parametrize("value", ["0", "", "x", "1e9", "999999999999999", "٣"])
def test_takeouts_unknown_is_no_time(value):
    found = list(sidecar_times(Tags(all={TAKEN: value})))

    assert all(one.moment is None for one in found)


def test_an_upload_is_no_capture():
    assert time_of(UPLOADED, "1669355666").is_capture is False


@pytest.mark.parametrize("tag", ["XML:AdjustmentTimestamp", "PLIST:AdjustmentTimestamp"])
def test_an_adjustment_is_no_capture(tag):
    found = time_of(tag, "2019:06:09 10:59:22Z")

    assert (found.is_utc, found.is_capture) == (True, False)


@pytest.mark.parametrize("zone", ["Z", "+00:00", "-00:00"])
def test_utc_in_xmp_is_not_believed_to_be_the_local_clock(zone):
    found = time_of("XMP-photoshop:DateCreated", f"2019:06:09 10:59:22{zone}")

    assert (found.moment.offset_min, found.is_utc) == (0, True)


def test_another_offset_in_xmp_is_the_local_clocks():
    found = time_of("XMP-exif:DateTimeOriginal", "2019:06:09 12:59:22.5+02:00")

    assert (found.moment.iso(), found.moment.offset_min) == ("2019-06-09T12:59:22.5", 120)
    assert found.is_utc is False


def test_an_editors_dates_in_xmp_are_left_out():
    assert (
        times(**{"XMP-xmp__ModifyDate": "2020:01:01", "XMP-xmp__MetadataDate": "2020:01:01"}) == []
    )


def test_a_part_of_a_date_in_xmp_is_kept_as_no_time():
    assert time_of("XMP-photoshop:DateCreated", "1985:08").moment is None


def test_a_thm_tells_the_films_time_with_fraction_and_offset():
    found = time_of(
        "ExifIFD:DateTimeOriginal",
        "2022:01:20 08:16:09",
        **{"ExifIFD:SubSecTimeOriginal": "05 ", "ExifIFD:OffsetTimeOriginal": "-05:00"},
    )

    assert (found.moment.iso(), found.moment.offset_min) == ("2022-01-20T08:16:09.05", -300)


def test_sonys_clip_file_tells_the_local_clock_with_its_offset():
    found = time_of("XMP:NonRealTimeMetaCreationDateValue", "2017:08:13 20:10:06+02:00")

    assert (found.moment.iso(), found.moment.offset_min) == ("2017-08-13T20:10:06", 120)


@given(st.dictionaries(st.sampled_from([TAKEN, UPLOADED, "XMP-xmp:CreateDate"]), texts()))
def test_no_values_raise(everything):
    list(sidecar_times(Tags(all=everything)))


# --- Apple's adjustments -----------------------------------------------------------------


@pytest.mark.parametrize("group", ["XML", "PLIST"])
@pytest.mark.parametrize(
    ("editor", "is_persons"),
    [
        ("com.apple.camera", False),
        ("com.apple.mobileslideshow", True),
        ("com.apple.Photos", True),
        ("com.apple.ScreenshotServicesService", True),
    ],
)
def test_an_adjustment_that_the_camera_made_is_no_persons_edit(group, editor, is_persons):
    assert is_persons_edit(Tags(all={f"{group}:AdjustmentEditorBundleID": editor})) is is_persons


def test_what_is_no_adjustment_tells_nothing_of_edits():
    assert is_persons_edit(Tags(all={TAKEN: "1735732396"})) is None


# --- SRT ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cue", "iso"),
    [
        (
            '<font size="28">FrameCnt: 1, DiffTime: 33ms\r\n2023-02-16 17:20:30.123\r\n[iso: 100]',
            "2023-02-16T17:20:30.123",
        ),
        ("SrtCnt : 1\n2019-09-25 01:22:35,118,697\n", "2019-09-25T01:22:35.118697"),
        ("HOME(149.0251,-20.2532) 2017.08.05 14:11:51\n", "2017-08-05T14:11:51"),
        ("2022.06.21 16:06:17\nGPS(36.6146,-6.1120,0.0M) BAROMETER:0.3M", "2022-06-21T16:06:17"),
    ],
)
def test_a_drones_first_cue_is_the_start_of_its_film(cue, iso):
    found = time_of("SRT:FirstCue", cue)

    assert found.moment.iso() == iso
    assert (found.is_utc, found.is_capture) == (False, True)


@pytest.mark.parametrize("cue", ["Hello.", "2023-02-31 17:20:30", "12023-02-16 17:20:30", ""])
def test_other_subtitles_tell_nothing(cue):
    assert times(SRT__FirstCue=cue) == []


@given(texts())
def test_no_subtitles_raise(text):
    times(SRT__FirstCue=text)


# --- real sidecars -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def ask():
    """What the pipeline learns of one file."""
    if shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")) is None:
        pytest.skip("there is no ExifTool")
    with ExifToolSession() as session:

        def asked(path):
            (answer,) = session.ask([os.fsencode(path)])
            return tags_from_json(answer.raw)

        yield asked


@pytest.fixture(scope="module")
def real(corpus, ask):
    """The times in a file of the corpus, by tag."""
    return lambda name: {one.source: one for one in sidecar_times(ask(corpus / name))}


def test_real_takeout_json(real):
    found = real("google-takeout/Takeout/Google Photos/Photos from 2020/IMG_3092.heic.json")

    assert found[TAKEN].moment.iso() == "2020-09-19T21:36:26"
    assert found[UPLOADED].is_capture is False


def test_real_thm_of_a_film(real):
    found = real("cameras/Canon PowerShot G2/MVI_0314.THM")

    assert found["ExifIFD:DateTimeOriginal"].moment.iso() == "2022-01-20T08:16:09"


def test_real_clip_file_of_a_sony(ask, tmp_path):
    clip = tmp_path / "C0001M01.XML"
    clip.write_text(
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<NonRealTimeMeta '
        'xmlns="urn:schemas-professionalDisc:nonRealTimeMeta:ver.2.00">'
        '<CreationDate value="2017-08-13T20:10:06+02:00"/></NonRealTimeMeta>'
    )

    (found,) = sidecar_times(ask(clip))

    assert (found.moment.iso(), found.moment.offset_min) == ("2017-08-13T20:10:06", 120)


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_adjustments_in_both_forms_of_a_property_list(ask, tmp_path, form):
    adjusted = tmp_path / "IMG_1.AAE"
    made = {
        "adjustmentEditorBundleID": "com.apple.mobileslideshow",
        "adjustmentFormatIdentifier": "com.apple.photo",
        "adjustmentTimestamp": datetime(2019, 6, 9, 10, 59, 22),  # noqa: DTZ001 - plistlib's UTC
    }
    adjusted.write_bytes(plistlib.dumps(made, fmt=form))

    tags = ask(adjusted)
    (found,) = sidecar_times(tags)

    assert (found.moment.iso(), found.is_capture) == ("2019-06-09T10:59:22", False)
    assert is_persons_edit(tags) is True


def test_real_adjustments_are_no_capture(real):
    found = real("iphone-export/photoprism/IMG_4120.AAE")

    assert [one.is_capture for one in found.values()] == [False]


def test_real_xmp_agrees_with_its_picture(real):
    assert real("photoprism/iphone_7.xmp")["XMP-exif:DateTimeOriginal"].moment.iso() == (
        "2018-09-10T12:16:13"
    )
