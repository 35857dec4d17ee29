"""Zones of places, and the offsets their clocks had."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.capture_time.moment import iso_offset, parse
from indexer.capture_time.places import PlaceOffset, offset_at, offset_here, zone_at
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json


def clock(*parts):
    """What a clock on the wall showed."""
    return datetime(*parts)  # noqa: DTZ001


SUMMER = clock(2019, 7, 14, 12)


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (52.52, 13.405, "Europe/Berlin"),
        (40.7128, -74.006, "America/New_York"),
        (-33.87, 151.21, "Australia/Sydney"),
        (27.7172, 85.324, "Asia/Kathmandu"),
        (-43.95, -176.55, "Pacific/Chatham"),
        (35.15, -90.05, "America/Chicago"),
        (43.8, 87.6, "Asia/Shanghai"),  # Urumqi: the official time, not the local habit
        (-77.85, 166.67, "Antarctica/McMurdo"),
        (54.35, 10.6, "Europe/Berlin"),  # a ferry in coastal waters
    ],
)
def test_a_place_on_land_has_its_zone(latitude, longitude, zone):
    assert zone_at(latitude, longitude) == zone


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (0.0, 0.0),
        (-0.0, 0.0),
        (90.1, 0.0),
        (0.0, 180.1),
        (1e9, 1e9),
        (math.nan, 13.4),
        (52.5, math.inf),
        (30.0, -40.0),  # the Atlantic
    ],
)
def test_no_fix_nowhere_and_the_high_seas_have_no_zone(latitude, longitude):
    assert zone_at(latitude, longitude) is None
    assert offset_here(latitude, longitude, SUMMER) is None


def test_a_receiver_at_zero_latitude_has_a_zone_all_the_same():
    assert zone_at(0.0, 36.9) == "Africa/Nairobi"


@given(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), local=st.datetimes())
def test_every_place_on_earth_has_quarters_of_an_hour_or_none(latitude, longitude, local):
    here = offset_here(latitude, longitude, local)

    assert here is None or -16 * 60 < here.minutes < 16 * 60
    if here is not None and local.year >= 1990:
        assert here.minutes % 15 == 0


@given(latitude=st.floats(), longitude=st.floats())
def test_any_numbers_are_a_zone_or_none(latitude, longitude):
    zone = zone_at(latitude, longitude)

    assert zone is None or offset_at(zone, SUMMER) is not None


@pytest.mark.parametrize(
    ("zone", "local", "minutes"),
    [
        ("Europe/Berlin", clock(2019, 7, 14, 12), 120),
        ("Europe/Berlin", clock(2019, 1, 14, 12), 60),
        ("Asia/Kathmandu", clock(2019, 7, 14, 12), 345),
        ("Europe/Moscow", clock(2012, 7, 1, 12), 240),  # permanent summer time, 2011 to 2014
        ("Europe/Moscow", clock(2016, 7, 1, 12), 180),
        ("America/Caracas", clock(2010, 1, 1, 12), -270),  # half an hour, 2007 to 2016
        ("America/New_York", clock(2006, 3, 20, 12), -300),  # rules of before 2007
        ("Pacific/Apia", clock(2011, 12, 29, 12), -600),  # before it crossed the date line
        ("Pacific/Apia", clock(2011, 12, 31, 12), 840),
    ],
)
def test_rules_are_those_of_that_day(zone, local, minutes):
    assert offset_at(zone, local) == minutes


def test_an_hour_that_clocks_showed_twice_has_no_offset():
    assert offset_at("Europe/Berlin", clock(2019, 10, 27, 1, 59)) == 120
    assert offset_at("Europe/Berlin", clock(2019, 10, 27, 2, 30)) is None
    assert offset_at("Europe/Berlin", clock(2019, 10, 27, 3, 0)) == 60


def test_an_hour_that_clocks_skipped_has_the_offset_before():
    assert offset_at("Europe/Berlin", clock(2019, 3, 31, 2, 30)) == 60


@pytest.mark.parametrize("zone", ["", "Europe", "Europe/Atlantis", "../etc/passwd", "a\0b", "Ö"])
def test_an_unknown_zone_has_no_offset(zone):
    assert offset_at(zone, SUMMER) is None


@pytest.mark.parametrize(
    "local", [clock(1, 1, 1), clock(1969, 12, 31), clock(9999, 12, 31, 23, 59, 59)]
)
def test_years_without_rules_raise_nothing(local):
    assert offset_at("Europe/Berlin", local) in {None, 60}


def test_an_offset_of_half_minutes_is_none():
    assert offset_at("Africa/Monrovia", clock(1971, 6, 1)) is None  # 44:30 behind


def test_a_place_far_from_borders_has_its_offset():
    assert offset_here(52.52, 13.405, SUMMER) == PlaceOffset("Europe/Berlin", 120)


def test_a_border_between_equal_clocks_does_not_matter():
    strasbourg = (48.5734, 7.8017)  # on the Rhine

    assert offset_here(*strasbourg, SUMMER) in (
        PlaceOffset("Europe/Paris", 120),
        PlaceOffset("Europe/Berlin", 120),
    )


def test_a_border_between_two_clocks_gives_no_offset():
    badajoz, elvas = (38.8794, -6.9707), (38.8807, -7.1633)

    assert offset_here(*badajoz, SUMMER) == PlaceOffset("Europe/Madrid", 120)
    assert offset_here(*elvas, SUMMER) == PlaceOffset("Europe/Lisbon", 60)
    assert offset_here(*_on_the_border(badajoz, elvas), SUMMER) is None


def _on_the_border(one, other):
    """Where the zone changes between two places, to the metre."""
    first = zone_at(*one)
    for _ in range(25):
        middle = ((one[0] + other[0]) / 2, (one[1] + other[1]) / 2)
        one, other = (middle, other) if zone_at(*middle) == first else (one, middle)
    return one


def test_importing_places_loads_no_boundaries():
    code = "import sys, indexer.capture_time.places; print('tzfpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"


def test_every_picture_with_a_place_has_the_offset_that_is_true(corpus):
    if shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")) is None:
        pytest.skip("there is no ExifTool")

    judged = list(_judged(corpus))

    assert len(judged) >= 40
    assert [one for one in judged if one[1] != one[2]] == []


def _judged(corpus):
    """Path, what is true and what the place gives, for each file with a place and an offset."""
    with (corpus.parent / "TRUTH.tsv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["offset"] != "-"]
    with ExifToolSession() as session:
        answers = session.ask([os.fsencode(corpus / row["path"]) for row in rows])
    for row, answer in zip(rows, answers, strict=True):
        tags, local = tags_from_json(answer.raw or {}), parse(row["local"])
        if tags.latitude is not None and tags.longitude is not None and local is not None:
            zone = zone_at(tags.latitude, tags.longitude)
            plain = None if zone is None else offset_at(zone, local.clock)
            here = offset_here(tags.latitude, tags.longitude, local.clock)
            assert here is None or here.minutes == plain
            yield row["path"], row["offset"], iso_offset(here and here.minutes)
