"""Which hints a file gives about its time, and which of them can't be right."""

from __future__ import annotations

import pytest
from builders import NOW, camera

from indexer.capture_time.clues import Clue, Trust, clues_of
from indexer.model import FileId, Tags, UnknownTime


def clues(tags: Tags, name: str = "IMG_0001.JPG") -> dict[str, Clue]:
    return {clue.source: clue for clue in clues_of(FileId(1), tags, name, NOW)}


def only(**everything: str) -> Tags:
    return Tags(all={key.replace("_", ":", 1): value for key, value in everything.items()})


def original(tags: Tags) -> Clue:
    return clues(tags)["ExifIFD:DateTimeOriginal"]


def test_a_file_without_tags_and_date_in_its_name_has_no_clue():
    assert clues(Tags()) == {}


def test_the_cameras_record_carries_its_own_fraction_and_offset():
    moment = original(camera(fraction="482", offset="+02:00")).moment

    assert moment is not None
    assert (moment.fraction, moment.offset_min) == ("482", 120)


def test_the_offset_of_another_tag_is_not_taken_over():
    tags = camera(all={"ExifIFD:OffsetTime": "+01:00", "IFD0:ModifyDate": "2021:01:01 00:00:00"})

    moment = original(tags).moment
    assert moment is not None
    assert moment.offset_min is None


def test_the_offset_of_the_modify_date_counts_where_both_tell_the_same_second():
    tags = camera(all={"ExifIFD:OffsetTime": "+01:00", "IFD0:ModifyDate": "2019:07:14 16:02:11"})

    moment = original(tags).moment
    assert moment is not None
    assert moment.offset_min == 60


@pytest.mark.parametrize("fraction", ["", "  ", "abc", "-1", "²", "\u0661\u0662"])
def test_what_is_no_number_is_no_fraction(fraction):
    moment = original(camera(fraction=fraction)).moment

    assert moment is not None
    assert moment.fraction == ""


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("0000:00:00 00:00:00", UnknownTime.ZERO),
        ("    :  :     :  :  ", UnknownTime.ZERO),
        ("", UnknownTime.ZERO),
        ("rubbish", UnknownTime.ZERO),
        ("0001:01:01 00:00:00", UnknownTime.ZERO),
        ("1825:12:31 23:59:59", UnknownTime.ZERO),
        ("1904:01:01 00:00:00", UnknownTime.EPOCH_DEFAULT),
        ("1970:01:01 00:00:00", UnknownTime.EPOCH_DEFAULT),
        ("1969:12:31 17:00:00", UnknownTime.EPOCH_DEFAULT),
        ("1980:01:01 00:00:00", UnknownTime.EPOCH_DEFAULT),
        ("2000:01:01 00:03:10", UnknownTime.EPOCH_DEFAULT),
        ("2002:12:08 12:00:00", UnknownTime.EPOCH_DEFAULT),
        ("2030:01:01 00:00:00", UnknownTime.FUTURE),
        ("2024:06:03 12:00:01", UnknownTime.FUTURE),
    ],
)
def test_what_no_camera_meant_is_rejected_with_its_reason(time, reason):
    assert original(camera(time)).rejected is reason


@pytest.mark.parametrize(
    "time",
    [
        "1826:01:01 00:00:00",
        "1969:07:20 20:17:40",
        "1970:01:02 00:00:00",
        "1999:12:31 09:59:59",
        "2000:11:19 13:01:50",
        "2002:12:08 12:00:01",
        "2002:12:08 11:59:59",
        "2024:06:03 12:00:00",
    ],
)
def test_a_possible_time_stands(time):
    assert original(camera(time)).rejected is None


def test_every_rejection_says_why():
    assert original(camera("1970:01:01 00:00:00")).says == "is the Unix epoch, not a capture time"


def test_a_films_header_is_an_instant_in_utc():
    clue = clues(only(QuickTime_CreateDate="2021:06:23 18:51:37"))["QuickTime:CreateDate"]

    assert clue.is_utc
    assert clue.trust is Trust.WEAK


def test_a_maker_that_writes_local_time_into_films_is_taken_at_its_word():
    tags = Tags(make="GoPro", all={"QuickTime:CreateDate": "2021:06:23 18:51:37"})

    assert not clues(tags)["QuickTime:CreateDate"].is_utc


def test_the_modify_date_is_shown_and_never_trusted():
    clue = clues(only(IFD0_ModifyDate="2021:06:23 18:51:37"))["IFD0:ModifyDate"]

    assert clue.trust is Trust.NONE


def test_a_time_without_a_day_is_no_clue():
    assert clues(only(IPTC_TimeCreated="12:00:00-08:00")) == {}


def test_iptcs_day_and_time_are_one_clue():
    found = clues(only(IPTC_DateCreated="2011:10:28", IPTC_TimeCreated="12:00:00+02:00"))

    moment = found["IPTC:DateCreated"].moment
    assert moment is not None
    assert (moment.iso(), moment.offset_min) == ("2011-10-28T12:00:00", 120)


def test_the_satellites_time_is_an_instant():
    found = clues(only(GPS_GPSDateStamp="2019:07:14", GPS_GPSTimeStamp="14:02:09.5"))

    clue = found["GPS:GPSDateTime"]
    assert clue.moment is not None
    assert clue.is_utc
    assert clue.moment.offset_min == 0


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("2018-04-12 19_24_49.gif", "2018-04-12T19:24:49"),
        ("telegram_2020-01-30_09-57-18.jpg", "2020-01-30T09:57:18"),
        ("IMG-20200105-WA0003.jpg", "2020-01-05"),
        ("2019-07-14.jpg", "2019-07-14"),
    ],
)
def test_a_date_that_a_person_or_a_messenger_put_in_a_name_is_a_suggestion(name, iso):
    clue = clues(Tags(), name)["file name"]

    assert clue.moment is not None
    assert (clue.moment.iso(), clue.trust) == (iso, Trust.NONE)


@pytest.mark.parametrize(
    ("name", "iso", "is_utc"),
    [
        ("IMG_20190714_160211.jpg", "2019-07-14T16:02:11", False),
        ("20190714_160211.mp4", "2019-07-14T16:02:11", False),
        ("PXL_20230901_220000123.jpg", "2023-09-01T22:00:00.123", True),
        ("Screenshot 2019-07-14 at 16.02.11.png", "2019-07-14T16:02:11", False),
    ],
)
def test_a_name_that_the_device_itself_gave_may_be_used(name, iso, is_utc):
    clue = clues(Tags(), name)["file name"]

    assert clue.moment is not None
    assert (clue.moment.iso(), clue.trust, clue.is_utc) == (iso, Trust.LIKELY, is_utc)


@pytest.mark.parametrize(
    "name",
    [
        "IMG_1234.JPG",
        "13039_327707840323_n.jpg",
        "1920x1080.png",
        "20191301.jpg",
        "20190231_120000.jpg",
        "220190714.jpg",
        "F12384F6-CD17-4151-ACBA-AE0E3688539E.jpeg",
    ],
)
def test_counters_and_sizes_are_no_dates(name):
    assert clues(Tags(), name) == {}
