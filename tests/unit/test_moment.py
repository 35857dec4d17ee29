"""What texts mean as times, and what they must never mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from indexer.capture_time.moment import (
    OFFSETS_IN_USE,
    Moment,
    is_unset,
    iso_offset,
    offset_between,
    offset_within,
    parse,
    parse_offset,
    parse_partial,
)


def at(*clock: int, **rest: object) -> Moment:
    return Moment(datetime(*clock), **rest)  # noqa: DTZ001 - a wall clock has no zone


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019:07:14 16:02:11", at(2019, 7, 14, 16, 2, 11)),
        ("2019-07-14T16:02:11", at(2019, 7, 14, 16, 2, 11)),
        ("2019/07/14 16:02:11", at(2019, 7, 14, 16, 2, 11)),
        ("2019.07.14 16:02", at(2019, 7, 14, 16, 2, has_seconds=False)),
        ("2019:07:14 16:02:  ", at(2019, 7, 14, 16, 2, has_seconds=False)),
        ("2019:7:4 6:02:11", at(2019, 7, 4, 6, 2, 11)),
        ("2019:07:14 16:02:11.054", at(2019, 7, 14, 16, 2, 11, fraction="054")),
        ("2019:07:14 16:02:11,5", at(2019, 7, 14, 16, 2, 11, fraction="5")),
        ("2019:07:14 16:02:11+02:00", at(2019, 7, 14, 16, 2, 11, offset_min=120)),
        ("2019:07:14 16:02:11 -0730", at(2019, 7, 14, 16, 2, 11, offset_min=-450)),
        ("2019-07-14T16:02:11Z", at(2019, 7, 14, 16, 2, 11, offset_min=0)),
        ("2008:07:14 16:02:11+02:00 DST", at(2008, 7, 14, 16, 2, 11, offset_min=120)),
        (" 2019:07:14 16:02:11\0", at(2019, 7, 14, 16, 2, 11)),
        ("2016:12:31 23:59:60", at(2016, 12, 31, 23, 59, 59)),
        ("2019:07:14", at(2019, 7, 14, has_time=False)),
        ("2019:07:14   :  :  ", at(2019, 7, 14, has_time=False)),
    ],
)
def test_a_time_is_read_in_every_spelling_that_files_use(text, moment):
    assert parse(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "photo",
        "2019",
        "2019:07",
        "2019:13:01 00:00:00",
        "2019:02:30 00:00:00",
        "2019:07:14 24:00:00",
        "2019:07:14 16:60:00",
        "2019:07:14 16:02:61",
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "20190714 160211",
    ],
)
def test_what_is_no_time_is_none(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2019:07:145",
        "2019-07-1400:00",
        "2019:07:14 16:02:1",
        "2019:07:14 16:02:111",
        "2019:07:14 1602",
        "2019:07:14 16",
        "2019:07:14 16:02:11.4.5",
    ],
)
def test_rubbish_behind_a_good_beginning_does_not_become_a_time(text):
    assert parse(text) is None


@pytest.mark.parametrize("text", ["\u0662\u0660\u0661\u0669:07:14", "2019:07:14 16:02:11.\u0661"])
def test_only_plain_digits_are_digits(text):
    moment = parse(text)

    assert moment is None or moment.iso().isascii()


@pytest.mark.parametrize(
    "text", ["", "   ", "0000:00:00 00:00:00", "    :  :     :  :  ", "0000-00-00T00:00:00Z", "\0"]
)
def test_blanks_and_zeros_are_an_unset_clock(text):
    assert is_unset(text)


def test_a_time_is_not_unset():
    assert not is_unset("2000:01:01 00:00:00")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120),
        ("-0730", -450),
        ("Z", 0),
        (" UTC ", 0),
        ("+2:00", 120),
        ("+05:45", 345),
        ("+14:00", 840),
        ("", None),
        ("   :  ", None),
        ("+15:00", None),
        ("+02:75", None),
        ("02:00", None),
        ("+02:00:00", None),
        ("Rome", None),
    ],
)
def test_an_offset_is_minutes_east_or_nothing(text, minutes):
    assert parse_offset(text) == minutes


@pytest.mark.parametrize(("minutes", "text"), [(None, None), (0, "+00:00"), (-450, "-07:30")])
def test_offsets_are_written_with_sign_and_colon(minutes, text):
    assert iso_offset(minutes) == text


def test_the_fraction_keeps_the_digits_the_camera_gave():
    assert at(2019, 7, 14, 16, 2, 11, fraction="050").iso() == "2019-07-14T16:02:11.050"


def test_a_day_without_time_is_shown_as_a_day():
    assert at(2019, 7, 14, has_time=False).iso() == "2019-07-14"


def test_an_instant_needs_an_offset():
    moment = at(2019, 7, 14, 1)

    assert moment.instant() is None
    assert moment.at(120).instant() == datetime(2019, 7, 13, 23, tzinfo=UTC)


def test_moving_to_another_zone_keeps_the_instant():
    moment = at(2019, 7, 14, 23, offset_min=0)

    assert moment.moved_to(120).instant() == moment.instant()
    assert moment.moved_to(120) == at(2019, 7, 15, 1, offset_min=120)


@pytest.mark.parametrize(
    ("local", "utc", "minutes"),
    [
        ("2019:07:14 16:02:11", "2019:07:14 14:02:09", 120),
        ("2019:07:14 15:11:44", "2019:07:14 07:11:43", 480),
        ("2019:07:14 10:00:00", "2019:07:14 04:15:00", 345),
        ("2019:07:14 16:02:11", "2019:07:14 13:51:00", 120),  # the last fix, 11 minutes old
        ("2019:07:14 01:00:00", "2019:07:14 23:00:00", 120),  # local day beside UTC time
        ("2019:07:14 16:02:11", "2019:07:14 10:30:00", 330),
        ("2019:07:14 16:02:11", "2019:07:14 15:40:00", None),  # no place is half an hour ahead
        ("2019:07:14 16:02:11", "2019:07:14 10:26:00", None),  # a quarter's slack is 3 minutes
        ("2019:07:14 16:02:11", "2019:07:14 13:46:00", None),
        ("2019:07:15 06:30:00", "2019:07:14 16:30:00", 840),
        ("2019:07:14 23:30:00", "2019:07:14 09:30:00", 840),
        ("2019:07:14", "2019:07:14 09:30:00", None),
        ("2019:07:14 16:02:11", "2019:07:04 14:02:09", None),
    ],
)
def test_an_offset_follows_from_a_clock_beside_an_instant(local, utc, minutes):
    one, other = parse(local), parse(utc)
    assert one is not None
    assert other is not None

    assert offset_between(one, other) == minutes


def test_every_offset_in_use_is_found_again_and_no_other():
    utc = at(2019, 7, 14, 12, offset_min=0)
    found = {offset_between(utc.moved_to(minutes), utc) for minutes in OFFSETS_IN_USE}

    assert found == OFFSETS_IN_USE
    assert offset_between(utc.moved_to(-30), utc) is None


@pytest.mark.parametrize(("seconds", "minutes"), [(3.0, 120), (1.0, None)])
def test_two_clocks_may_be_asked_to_agree_to_so_many_seconds(seconds, minutes):
    local, utc = at(2019, 7, 14, 14, 0, 2), at(2019, 7, 14, 12)

    assert offset_within(seconds, local, utc) == minutes


@pytest.mark.parametrize(
    ("text", "partial"),
    [
        ("1985", "1985"),
        ("1985-08", "1985-08"),
        ("1985:08", "1985-08"),
        ("1985:08:00", "1985-08"),
        ("1985:00:00", "1985"),
        ("1985:08:03", None),
        ("1985:13", None),
        ("0000", None),
        ("198508", None),
        ("photo", None),
    ],
)
def test_a_month_or_a_year_alone_is_told_from_a_day(text, partial):
    assert parse_partial(text) == partial


def test_what_is_partial_is_no_moment():
    assert [parse(text) for text in ("1985", "1985-08", "1985:08:00")] == [None, None, None]


@pytest.mark.parametrize(
    ("moment", "precision", "iso"),
    [
        (at(2019, 7, 14, has_time=False), "day", "2019-07-14"),
        (at(2019, 7, 14, 16, 2, has_seconds=False), "minute", "2019-07-14T16:02"),
        (at(2019, 7, 14, 16, 2, 11), "second", "2019-07-14T16:02:11"),
        (at(2019, 7, 14, 16, 2, 11, fraction="5"), "subsecond", "2019-07-14T16:02:11.5"),
    ],
)
def test_a_moment_says_how_precise_it_is_and_prints_no_more(moment, precision, iso):
    assert (moment.precision, moment.iso()) == (precision, iso)


@pytest.mark.parametrize(
    ("fraction", "telling"),
    [("", ""), ("0", ""), ("00", ""), ("000", ""), ("054", "054"), ("50", "50")],
)
def test_zeros_tell_no_two_presses_apart(fraction, telling):
    assert at(2019, 7, 14, fraction=fraction).telling_fraction == telling
