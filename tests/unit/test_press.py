"""What the camera's clock ties into one press or one recording (ORIGINALS.md 2.1, 7 to 11 and 13)."""

from __future__ import annotations

from itertools import chain

import pytest
from builders import camera, flat_look, look, looks, subject

from indexer.grouping.components import join
from indexer.grouping.edges import edges
from indexer.grouping.evidence import once
from indexer.grouping.looks import UNSEEN
from indexer.grouping.press import by_clock
from indexer.grouping.recordings import by_recording
from indexer.model import Tags

TIME = "2019:07:14 16:02:11"
SMALL = {"width_px": 1600, "height_px": 1200}
NIKON = {"make": "NIKON CORPORATION", "model": "NIKON D70"}

# Names of two frames of one second, as cameras and phones count them (2.3, 2, 8 and 13).
NUMBERED = [
        ("IMG_2001.JPG", "IMG_2002.JPG"),
        ("DSC00001.JPG", "DSC00002.JPG"),
        ("_MG_0001.JPG", "_MG_0002.JPG"),
        ("P1010001.JPG", "P1010002.JPG"),
        ("G0020061.JPG", "G0020062.JPG"),  # GoPro's series
        ("2019-07-14 16-02-11_5885.jpg", "2019-07-14 16-02-11_5886.jpg"),
        ("20190714_160211_001.jpg", "20190714_160211_002.jpg"),  # Samsung
        ("20190714_160211.jpg", "20190714_160211_001.jpg"),
        ("PXL_20190714_140211123.jpg", "PXL_20190714_140211690.jpg"),
        ("IMG_20190714_160211_BURST001_COVER.jpg", "IMG_20190714_160211_BURST002.jpg"),
        ("DSC_0001_BURST20190714160211.JPG", "DSC_0002_BURST20190714160211.JPG"),  # Xperia
        ("00000IMG_00000_BURST20190714160211123_COVER.jpg",
         "00001IMG_00001_BURST20190714160211123.jpg"),
    ]  # fmt: skip


def kinds(*subjects, seen=UNSEEN) -> list[str]:
    return [edge.kind for edge in once(chain(by_clock(subjects, seen), by_recording(subjects)))]


def shots(*subjects, seen=UNSEEN) -> set[frozenset[int]]:
    pairs = edges(subjects, seen)
    return {frozenset(s.content for s in group.subjects) for group in join(subjects, pairs, seen)}


def alone(*numbers: int) -> set[frozenset[int]]:
    return {frozenset({number}) for number in numbers}


def frame(number: int, name: str, *, drift: float = 0.0, **tags):
    """A picture of one second, and how it looks; by default all look the same."""
    made = subject(name, camera(tags.pop("time", TIME), **tags), file=number)
    return made, look(1, drift)


def alike(*frames):
    """The subjects, and looks that know them all."""
    return [made for made, _ in frames], looks(*frames)


def film(name: str, start: str | None, number: int = 1, **changes):
    kept = {"Keys:CreationDate": start} if start else {}
    tags = changes.pop("tags", camera(None, all=kept))
    return subject(name, tags, file=number, **changes)


# --- one second and one name ------------------------------------------------------------------


def test_one_device_instant_and_stem_are_one_press():
    assert kinds(subject("IMG_1.HEIC"), subject("IMG_1.JPG", file=2)) == ["same-press"]


def test_they_are_in_another_folder_as_well():
    assert kinds(subject("IMG_1.HEIC"), subject("IMG_1.JPG", file=2, folder=2)) == ["same-press"]


def test_an_edit_by_name_is_tied_to_what_was_edited():
    assert kinds(subject("IMG_4120.JPG"), subject("IMG_E4120.JPG", file=2)) == ["same-press"]


def test_one_second_and_another_counter_are_two_presses():
    assert kinds(subject("IMG_1.JPG"), subject("IMG_2.JPG", file=2)) == []


def test_one_name_and_another_second_are_two_presses():
    # A counter that wrapped, or a second telephone (2.3, 6).
    later = camera("2021:01:01 10:00:00")

    assert kinds(subject("IMG_1.JPG"), subject("IMG_1.HEIC", later, file=2)) == []


def test_a_name_alone_proves_nothing():
    assert kinds(subject("IMG_1.JPG", Tags()), subject("IMG_1.HEIC", Tags(), file=2)) == []


def test_a_day_without_time_is_no_press():
    day = camera("2019:07:14")

    assert kinds(subject("IMG_1.JPG", day), subject("IMG_1.HEIC", day, file=2)) == []


def test_different_fractions_are_different_presses():
    one = subject("IMG_1.JPG", camera(fraction="016"))

    assert kinds(one, subject("IMG_1.HEIC", camera(fraction="550"), file=2)) == []


def test_two_files_that_name_no_camera_are_tied_by_no_clock():
    tags = Tags(all={"ExifIFD:DateTimeOriginal": TIME})

    assert kinds(subject("a.jpg", tags), subject("a.heic", tags, file=2)) == []


def test_a_clock_that_stands_ties_nothing():
    crowd = [subject(f"a{i % 2}.jpg", file=i) for i in range(200)]

    assert kinds(*crowd) == []


def test_every_edge_says_why_in_a_sentence():
    [found] = by_clock([subject("IMG_1.HEIC"), subject("IMG_1.JPG", file=2)], UNSEEN)

    assert found.says == (
        "iPhone 12 took both at 2019-07-14 16:02:11, and both are named after IMG_1."
    )


@pytest.mark.parametrize("burst", [None, "9C5A1E1B"])
def test_pictures_that_an_export_numbered_are_different_presses(burst):
    # Wedding (1).jpg to (356).jpg, several in a second: the counter is the export's (2.3, 7).
    frames = [subject(f"Wedding ({i}).jpg", camera(burst_uuid=burst), file=i) for i in (1, 2, 3, 4)]

    assert shots(*frames) == alone(1, 2, 3, 4)


def test_numbered_pictures_that_look_different_are_different_presses():
    first, second = frame(1, "Wedding (1).jpg"), (frame(2, "Wedding (2).jpg")[0], look(7))

    subjects, seen = alike(first, second)
    assert shots(*subjects, seen=seen) == alone(1, 2)


# --- one second without a name ----------------------------------------------------------------


def test_a_fraction_of_the_second_and_looks_tie_what_was_renamed():
    subjects, seen = alike(
        frame(1, "IMG_1.HEIC", fraction="054"), frame(2, "beach.jpg", fraction="05")
    )

    assert kinds(*subjects, seen=seen) == ["same-instant"]


def test_a_fraction_without_looks_ties_nothing():
    subjects, _ = alike(
        frame(1, "IMG_1.HEIC", fraction="054"), frame(2, "beach.jpg", fraction="054")
    )

    assert kinds(*subjects) == []


@pytest.mark.parametrize("fraction", ["000", "00", "5"])
def test_a_fraction_that_tells_little_is_not_used(fraction):
    subjects, seen = alike(
        frame(1, "IMG_1.HEIC", fraction=fraction), frame(2, "beach.jpg", fraction=fraction)
    )

    assert kinds(*subjects, seen=seen) == ["same-second-and-look"]


def test_one_second_and_one_look_are_one_press():
    subjects, seen = alike(frame(1, "IMG_1.HEIC"), frame(2, "beach.jpg"))

    assert kinds(*subjects, seen=seen) == ["same-second-and-look"]


def test_one_second_and_nothing_to_see_are_no_press():
    frames = [(made, flat_look(0)) for made, _ in (frame(1, "a.heic"), frame(2, "b.jpg"))]

    subjects, seen = alike(*frames)
    assert kinds(*subjects, seen=seen) == []


def test_four_different_pictures_of_one_second_are_four_shots():
    frames = [(frame(i, f"party_{5884 + i}.jpg")[0], look(i)) for i in (1, 2, 3, 4)]

    subjects, seen = alike(*frames)
    assert shots(*subjects, seen=seen) == alone(1, 2, 3, 4)


@pytest.mark.parametrize("names", NUMBERED)
def test_frames_that_the_camera_numbered_are_different_presses_however_alike(names):
    subjects, seen = alike(*(frame(i, name, drift=i / 200) for i, name in enumerate(names, 1)))

    assert shots(*subjects, seen=seen) == alone(1, 2)


@pytest.mark.parametrize("names", NUMBERED)
def test_a_smaller_copy_of_a_numbered_frame_belongs_to_no_other_frame(names):
    whole = subject(names[0])
    smaller = subject(names[1], file=2, **SMALL)

    seen = looks((whole, look(1, 0.005)), (smaller, look(1, 0.01)))
    assert shots(whole, smaller, seen=seen) == alone(1, 2)


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
@pytest.mark.parametrize("names", [("IMG_2001.JPG", "IMG_2002.JPG"), ("beach.jpg", "sea.jpg")])
def test_a_smaller_copy_does_not_join_the_frames_of_its_second(names, numbers):
    first, second = (subject(name, file=i) for name, i in zip(names, numbers, strict=False))
    sent = subject("sent.jpg", file=numbers[2], **SMALL)

    seen = looks((first, look(1)), (second, look(1, 0.03)), (sent, look(1, 0.0305)))
    assert shots(first, second, sent, seen=seen) == {
        frozenset({first.content}),
        frozenset({second.content, sent.content}),
    }


def test_renamed_frames_of_one_burst_are_different_presses_however_alike():
    subjects, seen = alike(
        frame(1, "beach.jpg", burst_uuid="B"), frame(2, "sea.jpg", burst_uuid="B", drift=0.01)
    )

    assert shots(*subjects, seen=seen) == alone(1, 2)


def test_frames_of_a_bracket_are_different_presses_however_alike():
    exposures = [{"ExifIFD:ExposureCompensation": v} for v in ("-2", "0", "2")]
    frames = [frame(i, f"x{i}.jpg", all=all_) for i, all_ in enumerate(exposures, 1)]

    subjects, seen = alike(*frames)
    assert shots(*subjects, seen=seen) == alone(1, 2, 3)


def test_an_hdr_picture_and_the_one_kept_beside_it_are_two_presses():
    frames = [frame(i, f"IMG_000{i}.JPG", all={"Apple:HDRImageType": str(i + 2)}) for i in (1, 2)]

    subjects, seen = alike(*frames)
    assert shots(*subjects, seen=seen) == alone(1, 2)


def test_pictures_of_two_cameras_in_one_second_are_two_presses():
    # A photograph of a photograph, or a second photographer (2.3, 15 and 16).
    subjects, seen = alike(frame(1, "IMG_1.JPG"), frame(2, "IMG_1.HEIC", model="iPhone 6"))

    assert shots(*subjects, seen=seen) == alone(1, 2)


# --- RAW and what lies beside it --------------------------------------------------------------


def test_a_raw_and_its_jpeg_are_one_press():
    tags = camera(**NIKON, all={"Nikon:ShutterCount": "4711"})

    assert "same-press" in kinds(subject("DSC_1.NEF", tags), subject("DSC_1.JPG", tags, file=2))


def test_a_raw_and_its_jpeg_may_be_stamped_in_two_seconds():
    later = camera("2019:07:14 16:02:12", fraction="01")
    raw = subject("DSC_1.NEF", camera(fraction="98"))

    assert kinds(raw, subject("DSC_1.JPG", later, file=2)) == ["same-press"]


@pytest.mark.parametrize(
    ("name", "time", "folder"),
    [
        ("DSC_1.JPG", "2019:07:14 16:02:13", 1),
        ("DSC_2.JPG", "2019:07:14 16:02:12", 1),
        ("DSC_1.JPG", "2019:07:14 16:02:12", 2),
    ],
)
def test_otherwise_a_raw_and_a_jpeg_of_two_seconds_are_two_presses(name, time, folder):
    other = subject(name, camera(time), file=2, folder=folder)

    assert kinds(subject("DSC_1.NEF"), other) == []


def test_two_jpegs_of_two_seconds_are_two_presses():
    later = camera("2019:07:14 16:02:12")

    assert kinds(subject("DSC_1.JPG"), subject("DSC_1 (1).JPG", later, file=2)) == []


def test_two_raws_that_the_camera_counted_are_two_presses():
    raws = [
        subject(
            f"{n}/trip ({n}).NEF", camera(**NIKON, all={"Nikon:ShutterCount": f"471{n}"}), file=n
        )
        for n in (1, 2)
    ]

    assert shots(*raws) == alone(1, 2)


def test_a_raw_and_its_jpeg_find_each_other_whichever_copy_stands_for_them():
    # The JPEG lies beside its RAW, and a copy of it was seen earlier in another folder.
    raw = subject("DSC_1.NEF", camera(fraction="98"), folder=1)
    later = camera("2019:07:14 16:02:12", fraction="01")
    jpeg = subject("DSC_1.JPG", later, file=2, folder=2)
    [beside] = subject("DSC_1.JPG", later, file=3, folder=1, content=jpeg.content).files
    copied = type(jpeg)(jpeg.content, (*jpeg.files, beside), jpeg.tags, jpeg.clues)

    assert kinds(raw, copied) == ["same-press"]


# --- zones ------------------------------------------------------------------------------------


def shifted(time: str, name: str = "IMG_1.JPG", **tags):
    return frame(2, name, time=time, **tags)


def test_a_copy_whose_clock_a_zone_moved_is_the_same_press():
    subjects, seen = alike(frame(1, "IMG_1.HEIC"), shifted("2019:07:14 18:02:11"))

    assert kinds(*subjects, seen=seen) == ["zone-shifted"]


@pytest.mark.parametrize(
    ("time", "name"),
    [
        ("2019:07:14 16:20:11", "IMG_1.JPG"),  # no zone
        ("2019:07:16 16:02:11", "IMG_1.JPG"),  # more than all zones
        ("2019:07:14 18:02:11", "beach.jpg"),  # a timer fires on the hour as well
    ],
)
def test_otherwise_another_clock_is_another_press(time, name):
    subjects, seen = alike(frame(1, "IMG_1.HEIC"), shifted(time, name))

    assert shots(*subjects, seen=seen) == alone(1, 2)


def test_a_zone_without_looks_ties_nothing():
    subjects, _ = alike(frame(1, "IMG_1.HEIC"), shifted("2019:07:14 18:02:11"))

    assert kinds(*subjects) == []


def test_a_zone_may_be_a_second_off():
    # Plus or minus two seconds (ORIGINALS.md 2.1, 13).
    subjects, seen = alike(frame(1, "IMG_1.HEIC"), shifted("2019:07:14 18:02:12"))

    assert kinds(*subjects, seen=seen) == ["zone-shifted"]


# --- recordings -------------------------------------------------------------------------------

START = "2019:07:14 16:02:11+02:00"


def test_a_cut_that_kept_its_name_is_of_the_recording_that_began_in_its_second():
    whole = film("IMG_1.MOV", START, duration_ms=9000)
    cut = film("IMG_1.MP4", START, 2, duration_ms=4000)

    assert kinds(whole, cut) == ["same-recording"]


def test_two_phones_of_one_model_may_begin_in_one_second():
    one, other = film("a.MOV", START, duration_ms=9000), film("b.MOV", START, 2, duration_ms=4000)

    assert kinds(one, other) == []


def test_a_transcode_that_lost_its_camera_is_as_long():
    one = film("a.MOV", START, duration_ms=60_000)
    other = film("b.MP4", START, 2, duration_ms=60_100, tags=Tags(all={"Keys:CreationDate": START}))

    assert kinds(one, other) == ["same-recording"]


def test_a_nameless_film_of_another_length_is_no_evidence():
    one = film("a.MOV", START, duration_ms=60_000)
    other = film("b.MP4", START, 2, duration_ms=30_000, tags=Tags(all={"Keys:CreationDate": START}))

    assert kinds(one, other) == []


def test_films_of_two_cameras_are_two_recordings():
    other_camera = camera(None, model="iPhone 6", all={"Keys:CreationDate": START})

    assert kinds(film("a.MOV", START), film("b.MOV", None, 2, tags=other_camera)) == []


def test_films_that_began_at_two_times_are_two_recordings():
    assert kinds(film("a.MOV", START), film("b.MOV", START.replace(":11+", ":12+"), 2)) == []


def test_a_still_of_the_second_of_a_film_is_no_recording():
    assert kinds(subject("IMG_1.HEIC"), film("IMG_2.MOV", START, 2)) == []


def test_chapters_of_one_recording_each_are_an_original():
    # A camera that cuts its recording at 4 GB stamps every piece with the same start.
    chapters = [film(f"GX0{n}0048.MP4", START, n, duration_ms=600_000 - n) for n in (1, 2)]

    assert shots(*chapters) == alone(1, 2)


# --- Live Photos whose identifier was lost ----------------------------------------------------


def test_a_short_film_beside_a_still_is_its_moving_half():
    still = subject("IMG_1.HEIC")

    assert kinds(still, film("IMG_1.MOV", "2019:07:14 16:02:10+02:00", 2, duration_ms=2900)) == [
        "live-by-name"
    ]


@pytest.mark.parametrize(
    ("name", "start", "milliseconds", "folder"),
    [
        ("IMG_1.MOV", "2019:08:13 16:02:10+02:00", 2900, 1),  # thirty days later
        ("IMG_1.MOV", "2019:07:14 16:02:20+02:00", 2900, 1),
        ("IMG_1.MOV", "2019:07:14 16:02:10+02:00", 7000, 1),
        ("IMG_1.MOV", "2019:07:14 16:02:10+02:00", None, 1),
        ("IMG_2.MOV", "2019:07:14 16:02:10+02:00", 2900, 1),
        ("IMG_1.MOV", "2019:07:14 16:02:10+02:00", 2900, 2),
    ],
)
def test_otherwise_a_film_beside_a_still_is_a_recording(name, start, milliseconds, folder):
    other = film(name, start, 2, duration_ms=milliseconds, folder=folder)

    assert kinds(subject("IMG_1.HEIC"), other) == []


def test_only_apples_cameras_write_such_films():
    still = subject("DSC_1.JPG", camera(**NIKON))
    tags = camera(None, **NIKON, all={"Keys:CreationDate": START})

    assert kinds(still, film("DSC_1.MOV", None, 2, tags=tags, duration_ms=2900)) == []


def test_a_live_film_finds_its_still_whichever_copy_stands_for_it():
    still = subject("IMG_1.HEIC", folder=2)
    moving = film("IMG_1.MOV", START, 2, duration_ms=2900, folder=1)
    beside = film("IMG_1.MOV", START, 3, duration_ms=2900, folder=2, content=moving.content).fact
    copied = type(moving)(moving.content, (*moving.files, beside), moving.tags, moving.clues)

    assert kinds(still, copied) == ["live-by-name"]


# --- proxies ----------------------------------------------------------------------------------


def test_the_small_version_of_a_film_belongs_to_it():
    large, small = (
        film(name, None, i, duration_ms=60_000)
        for i, name in ((1, "GX010048.MP4"), (2, "GL010048.MP4"))
    )

    assert kinds(large, small) == ["proxy"]


def test_a_small_version_of_another_length_is_another_recording():
    # GoPro's counters wrap.
    large = film("GX010048.MP4", None, duration_ms=60_000)

    assert kinds(large, film("GL010048.MP4", None, 2, duration_ms=30_000)) == []


def test_an_export_may_have_rounded_the_second_up():
    still = frame(1, "IMG_1.HEIC", fraction="713")
    export = (subject("IMG_1.JPG", camera("2019:07:14 16:02:12"), file=2), look(1))

    subjects, seen = alike(still, export)
    assert shots(*subjects, seen=seen) == {frozenset({1, 2})}


def test_the_next_second_is_another_press_where_nothing_was_rounded():
    still = frame(1, "IMG_1.HEIC", fraction="213")
    other = (subject("IMG_1.JPG", camera("2019:07:14 16:02:12"), file=2), look(1))

    subjects, seen = alike(still, other)
    assert shots(*subjects, seen=seen) == alone(1, 2)
