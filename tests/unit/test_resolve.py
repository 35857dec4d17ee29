"""How the capture time is chosen among clues, and that each other one is told why not."""

from __future__ import annotations

import pytest
from builders import NOW, camera

from indexer.capture_time.clues import Clue, Trust, clues_of
from indexer.capture_time.resolve import CaptureTime, resolve
from indexer.model import FileId, Tags, UnknownTime


def member(number: int, tags: Tags, name: str = "IMG_0001.JPG") -> list[Clue]:
    return clues_of(FileId(number), tags, name, NOW)


def time_of(*tags: Tags) -> CaptureTime:
    return resolve([member(number, own) for number, own in enumerate(tags, 1)])[0]


def film(**everything: str) -> Tags:
    return Tags(make="Apple", all={key.replace("_", ":", 1): v for key, v in everything.items()})


def local(time: CaptureTime) -> str | None:
    return None if time.moment is None else time.moment.iso()


def offset(time: CaptureTime) -> int | None:
    return None if time.moment is None else time.moment.offset_min


def test_nothing_known_is_said_to_be_unknown():
    time = time_of(Tags())

    assert (time.moment, time.unknown) == (None, UnknownTime.NO_TAG)
    assert time.confidence is Trust.NONE


def test_the_originals_own_record_wins_over_an_edits():
    time = time_of(camera("2019:07:14 16:02:11"), camera("2021:01:01 10:00:00"))

    assert local(time) == "2019-07-14T16:02:11"


def test_a_weak_clue_of_the_original_loses_to_a_cameras_record_in_another_member():
    header = film(QuickTime_CreateDate="2022:08:20 10:00:00")

    assert local(time_of(header, camera())) == "2019-07-14T16:02:11"


def test_the_creation_date_of_a_film_wins_over_the_header_of_its_export():
    tags = film(
        Keys_CreationDate="2019:02:12 15:27:12+08:00", QuickTime_CreateDate="2024:02:02 08:02:57"
    )

    time = time_of(tags)
    assert (local(time), offset(time)) == ("2019-02-12T15:27:12", 480)


def test_a_rejected_clue_gives_way_to_the_next():
    tags = camera("0000:00:00 00:00:00", all={"ExifIFD:CreateDate": "2019:07:14 16:02:11"})

    assert time_of(tags).source == "ExifIFD:CreateDate"


def test_a_modify_date_alone_is_no_capture_time():
    time = time_of(camera(None, all={"IFD0:ModifyDate": "2019:07:14 16:02:11"}))

    assert time.unknown is UnknownTime.NO_TAG


def test_the_zone_follows_from_the_satellites_of_the_same_file():
    gps = {"GPS:GPSDateStamp": "2019:07:14", "GPS:GPSTimeStamp": "08:02:10"}

    assert offset(time_of(camera(all=gps))) == 480


def test_the_satellites_of_another_file_give_no_zone():
    gps = Tags(all={"GPS:GPSDateStamp": "2019:07:14", "GPS:GPSTimeStamp": "08:02:10"})

    assert offset(time_of(camera(), gps)) is None


def test_a_still_takes_the_zone_of_its_live_movie():
    movie = film(Keys_CreationDate="2019:07:14 16:02:10-08:00")

    assert offset(time_of(camera(), movie)) == -480


def test_a_copy_of_another_hour_gives_no_zone():
    assert offset(time_of(camera(), camera("2019:07:14 18:02:11", offset="+02:00"))) is None


def test_a_zone_that_nothing_tells_stays_unknown():
    assert offset(time_of(camera())) is None


def test_a_films_instant_is_shown_on_the_local_clock_of_its_still():
    header = film(QuickTime_CreateDate="2019:07:14 23:30:00")
    still = camera(None, all={"XMP-xmp:CreateDate": "2019:07:15 01:30:00+02:00"})

    time = resolve([member(1, header), member(2, still)])[0]
    assert (local(time), offset(time)) == ("2019-07-15T01:30:00", 120)


def test_a_rejected_clue_lends_no_zone():
    header = film(QuickTime_CreateDate="2019:07:14 23:30:00")
    wrong = camera("1970:01:01 00:00:00", offset="+09:00")

    assert offset(time_of(header, wrong)) == 0


def test_an_instant_without_zone_is_given_in_utc_and_says_so():
    time = time_of(film(QuickTime_CreateDate="2020:05:11 14:18:35"))

    assert (local(time), offset(time)) == ("2020-05-11T14:18:35", 0)
    assert "the local clock is not known" in time.why


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("0000:00:00 00:00:00", "2030:01:01 00:00:00"), UnknownTime.FUTURE),
        (("0000:00:00 00:00:00", "1970:01:01 00:00:00"), UnknownTime.EPOCH_DEFAULT),
        (("0000:00:00 00:00:00", "0000:00:00 00:00:00"), UnknownTime.ZERO),
    ],
)
def test_the_most_telling_reason_is_given(values, reason):
    tags = camera(values[0], all={"ExifIFD:CreateDate": values[1]})

    assert time_of(tags).unknown is reason


def test_a_place_gives_the_zone_of_its_clock():
    tags = Tags(
        latitude=51.5, longitude=-0.13, all={"ExifIFD:DateTimeOriginal": "2018:10:13 09:18:12"}
    )

    time, _ = resolve([member(1, tags)])

    assert time.moment is not None
    assert time.moment.offset_min == 60
    assert "Europe/London" in time.why


def test_place_and_satellites_that_disagree_tell_no_zone():
    tags = Tags(
        latitude=51.5,
        longitude=-0.13,
        all={
            "ExifIFD:DateTimeOriginal": "2018:10:13 09:18:12",
            "GPS:GPSDateStamp": "2018:10:13",
            "GPS:GPSTimeStamp": "05:18:12",
        },
    )

    time, _ = resolve([member(1, tags)])

    assert time.moment is not None
    assert time.moment.offset_min is None
    assert "+01:00" in time.why
    assert "+04:00" in time.why


def test_a_date_in_the_name_is_suggested_and_not_used():
    time, _ = resolve([member(1, Tags(), "2019-07-14 16.02.11.jpg")])

    assert time.moment is None
    assert time.suggestion == "2019-07-14T16:02:11"


def test_exactly_the_chosen_clue_is_marked_as_used():
    tags = camera(
        all={"ExifIFD:CreateDate": "2019:07:14 16:02:12", "XMP-exif:DateTimeOriginal": "x"}
    )

    _, judged = resolve([member(1, tags)])
    assert [j.clue.source for j in judged if j.is_used] == ["ExifIFD:DateTimeOriginal"]


def test_every_clue_says_what_became_of_it():
    tags = camera(all={"XMP-exif:DateTimeOriginal": "x", "IFD0:ModifyDate": "2020:01:01 00:00:00"})

    _, judged = resolve([member(1, tags)])
    assert {j.clue.source: j.says for j in judged} == {
        "ExifIFD:DateTimeOriginal": "used: the camera's record of the exposure",
        "XMP-exif:DateTimeOriginal": "rejected: is no possible date",
        "IFD0:ModifyDate": "when the file was saved last, which an editor rewrites",
    }
