"""Which hints a file gives about its time, and which of them can't be right."""

from __future__ import annotations

from datetime import datetime

import pytest
from builders import NOW, camera

from indexer.capture_time.clues import (
    Clue,
    Trust,
    clues_of,
    clues_of_folders,
    clues_of_sidecar,
)
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
        ("2000:01:01 23:59:59", UnknownTime.EPOCH_DEFAULT),
        ("1999:12:31 16:00:00", UnknownTime.EPOCH_DEFAULT),  # moved to California
        ("2001:01:01 10:00:00", UnknownTime.EPOCH_DEFAULT),
        ("1978:01:01 00:00:00", UnknownTime.EPOCH_DEFAULT),
        ("1989:12:31 00:00:00", UnknownTime.EPOCH_DEFAULT),  # no digital camera is that old
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
        "1990:01:02 00:00:00",
        "1999:12:31 23:59:59",
        "2000:01:02 00:00:00",
        "2014:01:01 02:00:00",
        "2015:01:01 00:03:10",  # a telephone has its clock from the network
        "2013:01:01 00:03:10",
        "2000:11:19 13:01:50",
        "2002:12:08 12:00:01",
        "2002:12:08 11:59:59",
        "2024:06:03 12:00:00",
    ],
)
def test_a_possible_time_stands(time):
    assert original(camera(time)).rejected is None


@pytest.mark.parametrize("time", ["1826:01:01 00:00:00", "1969:07:20 20:17:40"])
def test_a_picture_of_no_digital_camera_may_be_old(time):
    assert original(only(ExifIFD_DateTimeOriginal=time)).rejected is None


@pytest.mark.parametrize("make", ["GoPro", "NIKON CORPORATION", None])
def test_a_camera_that_has_just_begun_to_count_is_not_believed(make):
    tags = camera("2015:01:01 00:03:10", make=make)

    assert original(tags).rejected is UnknownTime.EPOCH_DEFAULT


def test_a_clock_with_a_zone_was_set():
    tags = camera("2015:01:01 00:03:10", make="GoPro", offset="+01:00")

    assert original(tags).rejected is None


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


# --- scans, programs and what else has a date of its own ----------------------------------


SCANNERS = [
    {"all": {"ExifIFD:FileSource": "1"}},
    {"all": {"ExifIFD:FileSource": "2"}},
    {"all": {"XMP-exif:FileSource": "2"}},
    {"make": "EPSON", "model": "EPSON Perfection V700"},
    {"make": "Canon", "model": "CanoScan 9000F Mark II"},
    {"make": "NIKON", "model": "LS-5000"},
    {"software": "VueScan 9 x64 (9.7.35)"},
    {"software": "SilverFast 8"},
    {"software": "EPSON Scan"},
    {"software": "FastFoto FF-680W"},
    {"all": {"XMP-iptcExt:DigitalSourceType":
             "http://cv.iptc.org/newscodes/digitalsourcetype/negativeFilm"}},
    {"all": {"XMP-iptcExt:DigitalSourceType":
             "http://cv.iptc.org/newscodes/digitalsourcetype/print"}},
]  # fmt: skip


def scan(time="2019:03:02 11:00:00", **marks) -> Tags:
    everything = marks.pop("all", {})
    return camera(time, make=marks.pop("make", None), model=marks.pop("model", None),
                  all=everything, **marks)  # fmt: skip


@pytest.mark.parametrize("marks", SCANNERS)
def test_a_scanners_date_is_that_of_the_scan(marks):
    clue = original(scan(**marks))

    assert not clue.is_usable
    assert clue.is_digitised
    assert "the day of digitisation" in clue.says


@pytest.mark.parametrize(
    "marks",
    [
        {"all": {"ExifIFD:FileSource": "3"}},
        {"make": "Canon", "model": "Canon EOS 6D"},
        {"make": "EPSON", "model": "PhotoPC 850Z"},
        {"software": "Adobe Photoshop 21.0"},
        {"all": {"XMP-iptcExt:DigitalSourceType":
                 "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"}},
    ],
)  # fmt: skip
def test_a_cameras_picture_is_no_scan(marks):
    assert original(scan(**marks)).is_usable


def test_what_a_person_entered_about_a_scan_may_be_used():
    entered = {"ExifIFD:FileSource": "2", "XMP-photoshop:DateCreated": "1985:08:03"}

    assert clues(scan(all=entered))["XMP-photoshop:DateCreated"].is_usable


def test_a_scan_with_two_dates_was_given_the_older_one():
    dates = {"ExifIFD:FileSource": "2", "ExifIFD:CreateDate": "2019:03:02 11:00:00"}
    found = clues(scan("1985:08:03 12:00:00", all=dates))

    assert found["ExifIFD:DateTimeOriginal"].trust is Trust.LIKELY
    assert found["ExifIFD:CreateDate"].is_digitised


def test_a_name_on_a_scan_is_a_suggestion():
    found = clues(scan(all={"ExifIFD:FileSource": "2"}), "IMG_20190302_110000.jpg")

    assert found["file name"].trust is Trust.NONE


@pytest.mark.parametrize("value", ["1985", "1985:08"])
def test_a_month_without_a_day_is_a_suggestion(value):
    clue = clues(only(**{"XMP-photoshop_DateCreated": value}))["XMP-photoshop:DateCreated"]

    assert (clue.is_usable, clue.partial) == (False, value.replace(":", "-"))


def test_a_day_without_a_time_may_be_used():
    clue = clues(only(IPTC_DateCreated="1985:08:03"))["IPTC:DateCreated"]

    assert clue.moment is not None
    assert (clue.is_usable, clue.moment.iso(), clue.moment.precision) == (True, "1985-08-03", "day")


@pytest.mark.parametrize("value", ["2019:07:14 12:00:00Z", "2019:07:14 12:00:00+00:00"])
def test_a_bare_utc_in_xmp_is_no_zone(value):
    clue = clues(only(**{"XMP-photoshop_DateCreated": value}))["XMP-photoshop:DateCreated"]

    assert clue.moment is not None
    assert (clue.moment.offset_min, clue.is_zone_doubted) == (None, True)


def test_any_other_zone_in_xmp_is_one():
    tags = only(**{"XMP-photoshop_DateCreated": "2019:07:14 12:00:00+02:00"})

    moment = clues(tags)["XMP-photoshop:DateCreated"].moment
    assert moment is not None
    assert moment.offset_min == 120


MODIFIED = {"IFD0:ModifyDate": "2020:10:17 17:48:24", "ExifIFD:SubSecTime": "950"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"software": "00WW_3_250"},
        {"software": "HDR+ 1.0.244457938zry"},
        {"software": "G973FXXU3BSKO"},
        {"software": "Ver.1.05"},
        {"software": "COOLPIX P900 V1.0"},
        {"make": "Apple", "software": "13.4.1"},
    ],
)
def test_a_file_that_only_a_camera_has_saved_has_its_time_in_the_modify_date(more):
    clue = clues(Tags(all=MODIFIED, **more))["IFD0:ModifyDate"]

    assert clue.moment is not None
    assert (clue.trust, clue.moment.fraction) == (Trust.WEAK, "950")


@pytest.mark.parametrize(
    "tags",
    [
        Tags(all={"IFD0:ModifyDate": "2020:10:17 17:48:24"}),
        Tags(software="Picasa", all=MODIFIED),
        Tags(software="Some Program 3", all=MODIFIED),
        Tags(software="13.4.1", all=MODIFIED),
        Tags(all={**MODIFIED, "XMP-xmpMM:HistoryAction": "saved"}),
        Tags(all={**MODIFIED, "XMP-xmp:CreatorTool": "Adobe Photoshop CS5 Macintosh"}),
        Tags(all={**MODIFIED, "ExifIFD:FileSource": "2"}),
    ],
)
def test_the_modify_date_of_anything_else_is_not_used(tags):
    assert clues(tags)["IFD0:ModifyDate"].trust is Trust.NONE


def saved_then(tags: Tags, name: str = "picture.png") -> dict[str, Clue]:
    saved = datetime(2019, 7, 14, 10, 0, 1)  # noqa: DTZ001 - naive UTC, as clues_of takes it
    return {c.source: c for c in clues_of(FileId(1), tags, name, NOW, saved=saved)}


@pytest.mark.parametrize(
    "everything",
    [
        {"ExifIFD:CreateDate": "2019:07:14 12:00:00"},
        {"XMP-xmp:CreateDate": "2019:07:14 12:00:01+02:00"},
        {"PNG:CreationTime": "2019:07:14 10:00:00"},
    ],
)
def test_a_programs_stamp_of_the_second_of_saving_is_no_capture_time(everything):
    found = saved_then(Tags(all=everything))

    assert not any(clue.is_usable for clue in found.values())
    assert found["file system"].moment is not None


@pytest.mark.parametrize(
    "tags",
    [
        camera("2019:07:14 12:00:00"),
        Tags(all={"ExifIFD:DateTimeOriginal": "2019:07:14 12:00:00",
                  "ExifIFD:UserComment": "Screenshot"}),
        Tags(all={"XMP-xmp:CreateDate": "2019:07:14 12:00:20"}),
    ],
)  # fmt: skip
def test_a_cameras_and_a_screenshots_time_may_be_that_of_saving(tags):
    found = saved_then(tags)

    assert any(clue.is_usable for clue in found.values())
    assert "file system" not in found


def test_a_receiver_without_a_fix_tells_no_time():
    gps = {"GPS_GPSDateStamp": "2019:07:14", "GPS_GPSTimeStamp": "14:02:09", "GPS_GPSStatus": "V"}

    assert not clues(only(**gps))["GPS:GPSDateTime"].is_usable


def test_where_satellites_begin_to_count_is_no_time():
    gps = {"GPS_GPSDateStamp": "1980:01:06", "GPS_GPSTimeStamp": "00:00:00"}

    assert clues(only(**gps))["GPS:GPSDateTime"].rejected is UnknownTime.EPOCH_DEFAULT


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("XML:CreationDateValue", "2019:07:14 12:00:00+02:00"),
        ("Nikon:DateTimeOriginal", "2019:07:14 12:00:00"),
        ("H264:DateTimeOriginal", "2019:07:14 12:00:00+02:00 DST"),
        ("RIFF:DateCreated", "2019:07:14"),
        ("IPTC:DigitalCreationDate", "2019:07:14"),
    ],
)
def test_makers_and_containers_have_times_of_their_own(tag, value):
    assert clues(Tags(all={tag: value}))[tag].is_usable


# --- sidecars and folders ------------------------------------------------------------------


def test_googles_place_is_that_of_its_instant():
    tags = Tags(all={"JSON:PhotoTakenTimeTimestamp": "1735732396",
                     "JSON:GeoDataLatitude": "55.68", "JSON:GeoDataLongitude": "12.57"})  # fmt: skip
    (clue,) = clues_of_sidecar(FileId(2), tags, datetime(2026, 1, 1))  # noqa: DTZ001

    assert (clue.where, clue.is_utc) == ((55.68, 12.57), True)


@pytest.mark.parametrize(
    "place",
    [
        {"JSON:GeoDataLatitude": "0.0", "JSON:GeoDataLongitude": "0.0"},
        {"JSON:GeoDataLatitude": "55.6", "JSON:GeoDataLongitude": "12.5",
         "JSON:GeoDataLatitudeSpan": "0.1", "JSON:GeoDataLongitudeSpan": "0.2"},
        {"JSON:GeoDataLatitude": "north", "JSON:GeoDataLongitude": "12.5"},
    ],
)  # fmt: skip
def test_a_place_that_google_guessed_is_none(place):
    tags = Tags(all={"JSON:PhotoTakenTimeTimestamp": "1563100000", **place})
    (clue,) = clues_of_sidecar(FileId(2), tags, NOW)

    assert clue.where is None


@pytest.mark.parametrize(
    ("tag", "value", "trust"),
    [
        ("ExifIFD:DateTimeOriginal", "2019:07:14 12:00:00", Trust.LIKELY),
        ("XML:CreationDateValue", "2019:07:14 12:00:00+02:00", Trust.LIKELY),
        ("XMP-photoshop:DateCreated", "2019:07:14 12:00:00", Trust.WEAK),
        ("XML:AdjustmentTimestamp", "2019:07:14 12:00:00Z", Trust.NONE),
    ],
)
def test_a_cameras_own_sidecar_is_trusted_more_than_a_programs(tag, value, trust):
    (clue,) = clues_of_sidecar(FileId(2), Tags(all={tag: value}), NOW)

    assert (clue.trust, clue.is_device) == (trust, trust is Trust.LIKELY)


def test_googles_zero_is_unknown():
    tags = Tags(all={"JSON:PhotoTakenTimeTimestamp": "0"})
    (clue,) = clues_of_sidecar(FileId(2), tags, NOW)

    assert clue.rejected is UnknownTime.ZERO


@pytest.mark.parametrize(
    ("folders", "date"),
    [
        ("2007/Rome", "2007"),
        ("pictures/Rome 2007", "2007"),
        ("Takeout/Google Photos/Photos from 2019", "2019"),
        ("Fotos von 2019", "2019"),
        ("2019/07/14", "2019-07-14"),
        ("2019/07", "2019-07"),
        ("2019/2019-07", "2019-07"),
        ("2019/07-14", "2019-07-14"),
        ("2019-07 Italy", "2019-07"),
        ("2019-07-14 wedding/best", "2019-07-14"),
        ("2019/02/31", "2019-02"),
    ],
)
def test_a_folders_name_suggests_a_date(folders, date):
    (clue,) = clues_of_folders(FileId(1), folders, NOW)

    assert (clue.partial, clue.is_usable) == (date, False)


@pytest.mark.parametrize(
    "folders",
    ["", "DCIM/100APPLE", "1920x1080", "Canon 2000D", "2043", "scan 2007 1200", "0/19/71"],
)
def test_other_folders_suggest_nothing(folders):
    assert clues_of_folders(FileId(1), folders, NOW) == []
