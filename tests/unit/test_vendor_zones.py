"""What makers' notes hint at about the zone of a wall clock."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import texts

from indexer.capture_time.moment import Moment, iso_offset, parse
from indexer.capture_time.vendor_zones import _INSTANTS, _PENTAX_CITIES, offset_hints
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


_TAGS = st.sampled_from(
    [
        *(tag for tag, _ in _INSTANTS),
        *("Nikon:TimeZone", "Canon:TimeZone", "ExifIFD:TimeZoneOffset"),
        *("Pentax:HometownCity", "Pentax:WorldTimeLocation"),
    ]
)
_VALUES = st.one_of(
    texts(),
    st.integers(-(10**6), 10**6).map(str),
    st.datetimes().map(lambda t: t.strftime("%Y:%m:%d %H:%M:%S")),
)


@given(everything=st.dictionaries(_TAGS, _VALUES), clock=st.datetimes())
def test_no_values_raise(everything, clock):
    for found in offset_hints(Tags(all=everything), Moment(clock.replace(microsecond=0))):
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
