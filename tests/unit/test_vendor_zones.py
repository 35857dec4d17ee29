"""What maker notes hint at about zones, and how a film's header is to be read."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from indexer.capture_time.moment import Moment, iso_offset, parse
from indexer.capture_time.names import date_in_name
from indexer.capture_time.vendor_zones import (
    _CREATION_DATES,
    _HEADERS,
    _INSTANTS,
    _PENTAX_CITIES,
    Clock,
    offset_hints,
    quicktime_clock,
    writer_of,
)
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags

NOON = parse("2019:07:14 12:00:00")


def hints(everything, local=NOON):
    return list(offset_hints(Tags(all=everything), local))


def hint(everything, local=NOON):
    """The offset of the only hint, and whether an unset camera would give it too."""
    (found,) = hints(everything, local)
    return iso_offset(found.minutes), found.may_be_default


# --- zones in pictures -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("everything", "offset", "may_be_default"),
    [
        ({"Nikon:TimeZone": "720", "Nikon:DaylightSavings": "1"}, "+13:00", False),
        ({"Nikon:TimeZone": "480", "Nikon:DaylightSavings": "0"}, "+08:00", False),
        ({"Nikon:TimeZone": "-210"}, "-03:30", False),
        ({"Nikon:TimeZone": "0", "Nikon:DaylightSavings": "1"}, "+01:00", True),
        ({"Nikon:TimeZone": "18", "Nikon:DaylightSavings": "1"}, "+02:00", False),  # Z9's number
        ({"Nikon:TimeZone": "30"}, "-10:00", False),
        ({"Canon:TimeZone": "120", "Canon:TimeZoneCity": "19"}, "+02:00", False),
        ({"Canon:TimeZone": "0", "Canon:TimeZoneCity": "20"}, "+00:00", True),
        ({"Canon:TimeZone": "0", "Canon:TimeZoneCity": "32766"}, "+00:00", True),
        ({"Canon:TimeZone": "0", "Canon:TimeZoneCity": "21"}, "+00:00", False),  # Azores, summer
        ({"CanonRaw:TimeZoneCode": "-5", "CanonRaw:TimeZoneInfo": "2147483648"}, "-05:00", False),
        ({"Samsung:TimeStamp": "2019:07:14 10:00:03.853+00:00"}, "+02:00", False),
        ({"Samsung:TimeStamp": "2019:07:14 12:00:00+00:00"}, "+00:00", False),
        ({"Olympus:DateTimeUTC": "2019:07:14 03:00:00"}, "+09:00", False),
        ({"Sony:SonyDateTime2": "2019:07:14 12:00:00"}, "+00:00", True),
        ({"QuickTime:TimeZone": "60"}, "+01:00", False),
        ({"XML:CreationDateValue": "2019:07:14 12:00:00-04:00"}, "-04:00", False),
        ({"Keys:SamsungAndroidUtcOffset": "+0530"}, "+05:30", False),
        ({"Keys:AndroidTimeZone": "-0700"}, "-07:00", False),
        ({"Ricoh:TimeZone": "+09:00"}, "+09:00", False),
        ({"ExifIFD:TimeZoneOffset": "-5"}, "-05:00", False),
        ({"IFD0:TimeZoneOffset": "9 2"}, "+09:00", False),
        (
            {
                "Pentax:WorldTimeLocation": "0",
                "Pentax:HometownCity": "24",
                "Pentax:HometownDST": "1",
            },
            "+02:00",
            False,
        ),
        (
            {
                "Pentax:WorldTimeLocation": "1",
                "Pentax:DestinationCity": "38",
                "Pentax:HometownCity": "2",
            },
            "+05:45",
            False,
        ),
    ],
)
def test_makers_record_zones_in_their_own_ways(everything, offset, may_be_default):
    assert hint(everything) == (offset, may_be_default)


@pytest.mark.parametrize(
    "everything",
    [
        {},
        {"Nikon:TimeZone": ""},
        {"Nikon:TimeZone": "900"},
        {"Nikon:TimeZone": "7"},
        {"Canon:TimeZone": "+02:00"},
        {"CanonRaw:TimeZoneCode": "0", "CanonRaw:TimeZoneInfo": "0"},
        {"Samsung:TimeStamp": "0000:00:00 00:00:00"},
        {"Samsung:TimeStamp": "2019:07:14 10:20:00+00:00"},  # no zone explains 1:40
        {"Samsung:TimeStamp": "2017:07:14 10:00:00+00:00"},
        {"Olympus:DateTimeUTC": "    :  :     :  :  "},
        {"XML:CreationDateValue": "2019:07:14 12:00:00"},
        {"Keys:SamsungAndroidUtcOffset": "Europe/Berlin"},
        {"Keys:SamsungAndroidUtcOffset": "+0217"},
        {"ExifIFD:TimeZoneOffset": "120"},
        {"Pentax:HometownCity": "24"},
        {"Pentax:WorldTimeLocation": "0", "Pentax:HometownCity": "999"},
        {"Panasonic:WorldTimeLocation": "1"},
    ],
)
def test_what_is_no_zone_hints_at_nothing(everything):
    assert hints(everything) == []


def test_a_summer_in_the_south_is_pentaxs_flag_and_not_the_calendars():
    sydney = {"Pentax:WorldTimeLocation": "0", "Pentax:HometownCity": "58"}
    january = parse("2019:01:14 12:00:00")

    assert hint(sydney, january)[0] == "+10:00"
    assert hint({**sydney, "Pentax:HometownDST": "1"}, january)[0] == "+11:00"


def test_what_a_network_told_comes_before_what_a_person_set():
    both = {"Canon:TimeZone": "60", "Samsung:TimeStamp": "2019:07:14 10:00:00+00:00"}

    assert [found.minutes for found in hints(both)] == [120, 60]


def test_a_day_without_time_has_no_offset_from_an_instant():
    assert hints({"Samsung:TimeStamp": "2019:07:14 10:00:00+00:00"}, parse("2019:07:14")) == []


def test_every_city_of_pentax_is_a_zone():
    everything = {"Pentax:WorldTimeLocation": "0"}
    found = [hints({**everything, "Pentax:HometownCity": str(n)}) for n in range(75)]

    assert len(_PENTAX_CITIES) == 75
    assert all(len(one) == 1 for one in found)


# --- film headers ------------------------------------------------------------------------


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


_TAGS = st.sampled_from(
    [
        *(*_HEADERS, *_CREATION_DATES, *(tag for tag, _ in _INSTANTS), "Nikon:TimeZone"),
        *(
            "Canon:TimeZone",
            "ExifIFD:TimeZoneOffset",
            "Pentax:HometownCity",
            "Pentax:WorldTimeLocation",
        ),
    ]
)
_VALUES = st.one_of(
    texts(),
    st.integers(-(10**6), 10**6).map(str),
    st.datetimes().map(lambda t: t.strftime("%Y:%m:%d %H:%M:%S")),
)


@given(
    everything=st.dictionaries(_TAGS, _VALUES),
    duration_ms=st.none() | st.integers(0, 10**9),
    clock=st.datetimes(),
    name=st.sampled_from(["", "PXL_20220831_003137144.mp4", "20210623_145059.mp4"]),
)
def test_no_values_raise(everything, duration_ms, clock, name):
    tags = Tags(all=everything)

    quicktime_clock(tags, duration_ms, date_in_name(name))
    for found in offset_hints(tags, Moment(clock.replace(microsecond=0))):
        assert abs(found.minutes) <= 14 * 60


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


def test_a_real_samsung_trailer_tells_the_zone(real):
    tags = real("immich/formats/motionphoto/samsung-one-ui-6.heic")
    local = parse(tags.all["ExifIFD:DateTimeOriginal"])

    assert [iso_offset(found.minutes) for found in offset_hints(tags, local)] == ["-08:00"]


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
