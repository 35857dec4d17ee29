"""How a film's header is to be read: whose clock, start or stop, recording or export."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from indexer.capture_time.film_clock import (
    _CREATION_DATES,
    _HEADERS,
    Clock,
    quicktime_clock,
    writer_of,
)
from indexer.capture_time.moment import iso_offset
from indexer.capture_time.names import date_in_name
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags


def film(created, make=None, duration_s=10.0, name="", **everything):
    tags = Tags(make=make, all={"QuickTime:CreateDate": created, **everything})
    return quicktime_clock(
        tags, None if duration_s is None else int(duration_s * 1000), date_in_name(name)
    )


ANDROID = {"Track1:HandlerDescription": "VideoHandle"}
APPLE = {"Track1:HandlerDescription": "Core Media Video"}


@pytest.mark.parametrize(
    ("make", "everything", "clock", "is_stop"),
    [
        ("Apple", {}, Clock.UTC, False),
        (None, APPLE, Clock.UTC, False),
        (None, ANDROID, Clock.UTC, True),
        (None, {"Keys:AndroidVersion": "14"}, Clock.UTC, True),
        ("samsung", {}, Clock.UTC, True),
        ("Sony", {"Keys:AndroidVersion": "9"}, Clock.UTC, True),  # an Xperia
        ("Sony", {"QuickTime:MajorBrand": "XAVC"}, Clock.UTC, False),
        ("Canon", {"QuickTime:MajorBrand": "qt  "}, Clock.LOCAL, False),
        ("Canon", {"QuickTime:MajorBrand": "mp42"}, Clock.UTC, False),
        ("NIKON CORPORATION", {}, Clock.LOCAL, False),
        (None, {"Track1:HandlerDescription": "\x0bGoPro AVC  "}, Clock.LOCAL, False),
        ("DJI", {}, Clock.LOCAL, False),
        (None, {"Track1:HandlerDescription": "\x10DJI.AVC"}, Clock.LOCAL, False),
        (None, {"Track1:HandlerDescription": "VideoHandler"}, Clock.UTC, False),
        (None, {}, Clock.UTC, False),
    ],
)
def test_a_writer_is_known_by_its_marks(make, everything, clock, is_stop):
    writer = writer_of(Tags(make=make, all=everything))

    assert (writer.clock, writer.is_stop) == (clock, is_stop)


def test_a_phones_name_shows_that_its_header_is_utc_and_the_end():
    found = film("2021:06:23 18:51:37", duration_s=36.9, name="20210623_145059.mp4", **ANDROID)

    assert (found.moment.iso(), iso_offset(found.moment.offset_min)) == (
        "2021-06-23T14:50:59",
        "-04:00",
    )
    assert (found.is_utc, found.is_stop, found.is_witnessed) == (False, True, True)


def test_the_name_of_a_film_of_no_known_writer_is_a_witness_too():
    found = film("2021:06:23 18:51:37", duration_s=36.9, name="20210623_145059.mp4")

    assert (found.moment.iso(), iso_offset(found.moment.offset_min)) == (
        "2021-06-23T14:50:59",
        "-04:00",
    )


def test_a_phones_header_without_a_witness_is_an_instant_a_films_length_earlier():
    found = film("2021:06:23 18:51:37", duration_s=36.9, name="holiday.mp4", **ANDROID)

    assert (found.moment.iso(), found.is_utc, found.is_stop) == ("2021-06-23T18:51:00", True, True)


def test_a_phones_track_may_hold_the_start_itself():
    found = film(
        "2020:05:11 14:18:35",
        duration_s=2.41,
        **ANDROID,
        **{"Track1:MediaCreateDate": "2020:05:11 14:18:33"},
    )

    assert found.moment.iso() == "2020-05-11T14:18:33"


def test_a_pixels_name_in_utc_gives_no_zone():
    found = film("2022:08:31 00:32:06", duration_s=29, name="PXL_20220831_003137144.mp4", **ANDROID)

    assert (found.moment.iso(), found.is_utc) == ("2022-08-31T00:31:37.144", True)


def test_a_name_in_utc_beside_a_local_header_gives_the_zone():
    found = film("2022:08:31 06:16:37", duration_s=29, name="PXL_20220831_003137144.mp4")

    assert (found.moment.iso(), iso_offset(found.moment.offset_min)) == (
        "2022-08-31T06:16:37.144",
        "+05:45",
    )


def test_a_local_header_that_reads_like_its_name_stays_without_zone():
    found = film("2023:02:16 17:20:30", make="DJI", name="DJI_20230216172030_0001_D.MP4")

    assert (found.moment.iso(), found.moment.offset_min) == ("2023-02-16T17:20:30", None)
    assert (found.is_utc, found.is_witnessed) == (False, True)


def test_a_drone_that_writes_utc_is_caught_by_the_name():
    found = film("2023:02:16 16:20:31", make="DJI", name="DJI_20230216172030_0001_D.MP4")

    assert iso_offset(found.moment.offset_min) == "+01:00"


def test_a_phone_whose_name_reads_like_its_header_was_at_greenwich():
    found = film("2021:01:23 14:50:59", duration_s=1, name="20210123_145059.mp4", **ANDROID)

    assert iso_offset(found.moment.offset_min) == "+00:00"


@pytest.mark.parametrize(
    "name", ["VID-20210623-WA0001.mp4", "video_2021-06-23_14-51-37.mp4", "2021-06-23.mp4"]
)
def test_a_messengers_name_and_a_day_are_no_witnesses(name):
    assert film("2021:06:23 18:51:37", name=name, **ANDROID).is_witnessed is False


def test_a_name_that_no_zone_explains_is_no_witness():
    assert film("2021:06:23 18:51:37", name="20210623_144000.mp4", **ANDROID).is_witnessed is False


def test_a_cameras_local_header_stays_local():
    found = film("2024:07:05 17:02:03", make="GoPro", name="GX010048.MP4")

    assert (found.moment.iso(), found.moment.offset_min, found.is_utc) == (
        "2024-07-05T17:02:03",
        None,
        False,
    )


@pytest.mark.parametrize("created", ["0000:00:00 00:00:00", "", "rubbish"])
def test_a_header_without_a_time_is_none(created):
    assert film(created) is None


def test_a_track_speaks_where_the_header_is_zero():
    found = film("0000:00:00 00:00:00", **{"Track1:MediaCreateDate": "2020:05:11 14:18:33"})

    assert (found.source, found.moment.iso()) == ("Track1:MediaCreateDate", "2020-05-11T14:18:33")


@pytest.mark.parametrize(
    ("created", "kept", "is_export"),
    [
        ("2018:07:01 16:00:00", "2018:07:01 18:00:00+02:00", False),
        ("2018:07:01 16:00:08", "2018:07:01 18:00:00+02:00", False),  # 3.6 s and 5 s more
        ("2018:07:01 16:00:40", "2018:07:01 18:00:00+02:00", True),
        ("2017:07:01 16:00:00", "2018:07:01 18:00:00+02:00", True),
        ("2018:07:01 16:00:40", "2018:07:01 18:00:00", False),  # without zone nobody can tell
        ("2018:07:01 16:00:40", "2018:07:01", False),
    ],
)
def test_an_export_is_known_by_a_header_long_after_the_recording(created, kept, is_export):
    assert film(created, "Apple", 3.6, **{"Keys:CreationDate": kept}).is_export is is_export


def test_a_film_of_unknown_length_is_not_called_an_export():
    kept = {"Keys:CreationDate": "2018:07:01 18:00:00+02:00"}

    assert film("2019:07:01 16:00:40", "Apple", None, **kept).is_export is False


def test_a_local_header_beside_a_zoned_date_is_no_export():
    kept = {"UserData:ContentCreateDate": "2018:07:01 18:00:00+02:00"}

    assert film("2018:07:01 18:00:00", "Canon", **kept).is_export is False


_TAGS = st.sampled_from([*_HEADERS, *_CREATION_DATES])
_VALUES = texts() | st.datetimes().map(lambda t: t.strftime("%Y:%m:%d %H:%M:%S"))


@given(
    everything=st.dictionaries(_TAGS, _VALUES),
    duration_ms=st.none() | st.integers(0, 10**9),
    name=st.sampled_from(["", "PXL_20220831_003137144.mp4", "20210623_145059.mp4"]),
)
def test_no_values_raise(everything, duration_ms, name):
    found = quicktime_clock(Tags(all=everything), duration_ms, date_in_name(name))

    assert found is None or found.moment.has_time


# --- real files --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(corpus):
    """The tags of a file of the corpus."""
    if shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")) is None:
        pytest.skip("there is no ExifTool")
    with ExifToolSession() as session:

        def ask(name):
            (answer,) = session.ask([os.fsencode(corpus / name)])
            return tags_from_json(answer.raw)

        yield ask


@pytest.mark.parametrize(
    ("name", "duration_ms", "iso", "is_export"),
    [
        ("live/lychee/train.mov", 1233, "2021-04-10T10:44:00", False),
        ("cameras/iPhone XR/IMG_3589.mov", 2937, "2020-04-17T16:03:47", False),
        ("formats/nom-exif/meta.mov", 500, "2024-02-02T08:09:57", True),
        ("photoprism/example.mp4", 2411, "2020-05-11T14:18:33", False),
    ],
)
def test_real_films_are_read_as_their_writers_meant_them(real, name, duration_ms, iso, is_export):
    found = quicktime_clock(real(name), duration_ms)

    assert (found.moment.iso(), found.is_utc, found.is_export) == (iso, True, is_export)


def test_a_real_film_with_zeros_in_its_header_has_no_time(real):
    assert quicktime_clock(real("photoprism/christmas.mp4"), 810) is None
