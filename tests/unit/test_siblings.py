"""What the shots beside a shot tell of its time, and what they must never change."""

from __future__ import annotations

import pytest
from builders import NOW, camera

from indexer.capture_time.clues import NEIGHBOUR, Trust, clues_of
from indexer.capture_time.resolve import resolve
from indexer.capture_time.siblings import Inferred, Taken, by_neighbours
from indexer.model import FileId, Tags

PHONE = "apple iphone 12"


def taken(name, tags=None, device=PHONE, folder="DCIM"):
    own = camera() if tags is None else tags
    time, _ = resolve([clues_of(FileId(1), own, name, NOW)])
    return Taken(FileId(1), device, ((folder, name),), time)


def at(time, offset=None, **more):
    return camera(time, offset=offset, **more) if offset else camera(time, **more)


def added(shot, *others) -> Inferred | None:
    found, *_ = by_neighbours([shot, *others])
    return found


def zone(shot, *others):
    found = added(shot, *others)
    return found and found.time.moment.offset_min


# --- zones ---------------------------------------------------------------------------------

NOON = "2019:07:14 12:00:00"
OPEN = taken("IMG_0042.JPG", at(NOON))


def before(offset="+02:00", time="2019:07:14 11:00:00", **more):
    return taken("IMG_0041.JPG", at(time, offset), **more)


def after(offset="+02:00", time="2019:07:14 13:00:00", **more):
    return taken("IMG_0043.JPG", at(time, offset), **more)


def test_the_neighbours_on_both_sides_lend_their_zone():
    found = added(OPEN, before(), after())

    assert found is not None
    assert (found.time.moment.iso(), found.time.moment.offset_min) == ("2019-07-14T12:00:00", 120)
    assert found.time.why.endswith(
        "; the zone +02:00 is that of its neighbours IMG_0041.JPG and IMG_0043.JPG."
    )
    assert (found.time.confidence, found.time.zone) == (Trust.LIKELY, Trust.WEAK)


def test_the_only_neighbour_lends_it():
    assert zone(OPEN, before()) == 120
    assert zone(OPEN, after()) == 120


@pytest.mark.parametrize(
    "others",
    [
        (),
        (before(), after("+03:00")),
        (before(time="2019:07:13 23:59:59"),),
        (after(time="2019:07:15 00:00:01"),),
        (before(folder="other"),),
        (before(device="canon eos 6d"),),
        (before(device=None),),
    ],
)
def test_without_agreement_nearness_and_one_camera_nothing_is_lent(others):
    assert added(OPEN, *others) is None


def test_only_the_nearest_on_a_side_counts():
    far = before("+03:00", time="2019:07:14 08:00:00")

    assert zone(OPEN, far, before(), after()) == 120


def test_what_is_known_is_never_changed():
    known = taken("IMG_0042.JPG", at(NOON, "+09:00"))

    assert by_neighbours([known, before(), after()]) == [None, None, None]


def test_what_was_lent_is_not_lent_on():
    near, far = OPEN, taken("IMG_0044.JPG", at("2019:07:14 23:30:00"))

    assert zone(far, near, before()) is None


def test_a_day_without_time_takes_no_zone():
    assert added(taken("IMG_0042.JPG", at("2019:07:14")), before(), after()) is None


def test_a_zone_that_records_dispute_stays_open():
    gps = {"GPS:GPSDateStamp": "2019:07:14", "GPS:GPSTimeStamp": "05:00:00"}
    disputed = taken("IMG_0042.JPG", at(NOON, all=gps, latitude=51.5, longitude=-0.13))

    assert disputed.time.is_zone_disputed
    assert added(disputed, before(), after()) is None


def test_a_pixels_name_in_utc_is_moved_to_its_neighbours_clock():
    bare = taken("PXL_20230901_220000123.jpg", Tags(), device=None)
    other = taken("PXL_20230901_203000456.jpg", at("2023:09:01 22:30:00", "+02:00"),
                  device="google pixel 7")  # fmt: skip

    found = added(bare, other)
    assert found is not None
    assert found.time.moment.iso() == "2023-09-02T00:00:00.123"
    assert (found.time.moment.offset_min, found.time.is_utc) == (120, False)
    assert "the local clock is not known" not in found.time.why


def test_an_instant_is_compared_with_instants():
    bare = taken("PXL_20230901_220000123.jpg", Tags(), device=None)
    a_day_ahead = taken("PXL_20230902_120000456.jpg", at("2023:09:01 23:30:00", "-11:00"),
                        device="google pixel 7")  # fmt: skip

    assert added(bare, a_day_ahead) is None


def test_a_name_of_another_habit_lends_nothing_to_a_name():
    bare = taken("PXL_20230901_220000123.jpg", Tags(), device=None)
    other = taken("IMG_0041.JPG", at("2023:09:01 22:30:00", "+02:00"))

    assert added(bare, other) is None


def test_the_neighbours_are_clues_that_are_shown():
    found = added(OPEN, before())

    assert found is not None
    (row,) = found.judged([])
    assert (row.clue.source, row.clue.value, row.is_used) == (NEIGHBOUR, "IMG_0041.JPG", False)
    assert "+02:00" in row.says


# --- between which days --------------------------------------------------------------------


def known(number, time, device=PHONE, folder="DCIM"):
    return taken(f"IMG_{number:04}.JPG", at(time), device, folder)


def unknown(number=42, device=None, name="IMG_{:04}.JPG"):
    return taken(name.format(number), Tags(), device)


def interval(shot, *others):
    found = added(shot, *others)
    return found and found.time.suggestion


FIRST, LAST = known(41, "2012:05:01 10:00:00"), known(43, "2012:05:03 10:00:00")


def test_counters_say_between_which_days():
    found = added(unknown(), FIRST, LAST)

    assert found is not None
    assert (found.time.moment, found.time.suggestion) == (None, "2012-05-01/2012-05-03")
    assert found.time.suggestion_why == (
        "Its neighbours IMG_0041.JPG and IMG_0043.JPG were taken between 2012-05-01 and 2012-05-03."
    )


def test_one_day_on_both_sides_is_that_day():
    assert interval(unknown(), FIRST, known(43, "2012:05:01 12:00:00")) == "2012-05-01"


def test_other_unknown_ones_may_lie_between():
    assert interval(unknown(), unknown(43), FIRST, known(44, "2012:05:03 10:00:00"))


@pytest.mark.parametrize(
    ("shot", "others"),
    [
        (unknown(), (FIRST,)),
        (unknown(), (LAST,)),
        (unknown(), (known(41, "2012:05:03 10:00:00"), known(43, "2012:05:01 10:00:00"))),
        (unknown(), (known(1, "2012:05:01 10:00:00"), LAST)),
        (unknown(), (FIRST, known(43, "2012:05:03 10:00:00", device="canon eos 6d"))),
        (unknown(device="canon eos 6d"), (FIRST, LAST)),
        (unknown(), (FIRST, known(43, "2012:05:03 10:00:00", folder="other"))),
        (unknown(name="DSC_{:04}.JPG"), (FIRST, LAST)),
        (unknown(name="IMG_{:05}.JPG"), (FIRST, LAST)),
        (unknown(name="photo.JPG"), (FIRST, LAST)),
    ],
)
def test_one_side_disorder_distance_and_other_series_suggest_nothing(shot, others):
    assert interval(shot, *others) is None


def test_the_name_of_an_edit_has_its_pictures_counter():
    assert interval(unknown(name="IMG_{:04}-edit (1).jpg"), FIRST, LAST) is not None


def test_a_date_in_the_own_name_is_a_better_suggestion():
    dated = taken("2012-05-02 wedding.jpg", Tags(), None)

    assert added(dated, FIRST, LAST) is None


# --- clocks --------------------------------------------------------------------------------

BORN = taken("DSC_0002.JPG", at("2000:01:01 00:03:10", make="NIKON"), "nikon d1")


def of_december(device="nikon d1", folder="DCIM"):
    return taken("DSC_0001.JPG", at("1999:12:31 23:50:00", make="NIKON"), device, folder)


def test_a_camera_that_knew_the_old_year_knows_the_new_one():
    found = added(BORN, of_december())

    assert found is not None
    assert found.time.moment.iso() == "2000-01-01T00:03:10"
    assert found.time.unknown is None
    assert "DSC_0001.JPG" in found.time.why


def test_the_clue_that_is_believed_after_all_is_the_one_that_is_used():
    tags = at("2000:01:01 00:03:10", make="NIKON")
    _, judged = resolve([clues_of(FileId(1), tags, "DSC_0002.JPG", NOW)])

    found = added(BORN, of_december())
    assert found is not None
    rows = found.judged(judged)
    assert [j.clue.source for j in rows if j.is_used] == ["ExifIFD:DateTimeOriginal"]
    assert not any(j.says.startswith("rejected") for j in rows)


def test_a_picture_of_the_day_with_satellites_speaks_for_the_others():
    gps = {"GPS:GPSDateStamp": "2000:01:01", "GPS:GPSTimeStamp": "09:00:00"}
    sure = taken("DSC_0009.JPG", at("2000:01:01 10:00:00", all=gps), "nikon d1")

    assert added(BORN, sure) is not None


@pytest.mark.parametrize(
    "others",
    [
        (),
        (of_december(device="nikon d2"),),
        (of_december(folder="other"),),
        (taken("DSC_0003.JPG", at("2000:01:01 00:05:00", make="NIKON"), "nikon d1"),),
        (taken("DSC_0003.JPG", at("2000:01:02 00:05:00", make="NIKON"), "nikon d1"),),
        (taken("DSC_0003.JPG", at("2007:05:03 00:05:00", make="NIKON"), "nikon d1"),),
    ],
)
def test_later_pictures_and_other_cameras_say_nothing_for_a_clock(others):
    assert added(BORN, *others) is None


def test_a_clock_that_runs_on_is_no_witness_for_its_own_start():
    start = taken("GOPR0001.JPG", at("2015:01:01 00:03:10", make="GoPro"), "gopro hero4")
    later = taken("GOPR0002.JPG", at("2015:01:01 05:00:00", make="GoPro"), "gopro hero4")

    assert added(start, later) is None
