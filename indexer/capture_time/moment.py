"""A point in time as files tell it: a wall clock, a fraction, perhaps an offset.

Parsing is lenient about separators and strict about values: rubbish never becomes a date,
and neither does a good beginning with something else behind it ("04:02:11 PM" is not four).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_FORM = re.compile(
    r"(?P<year>\d{4})[:/.-](?P<month>\d{1,2})[:/.-](?P<day>\d{1,2})"
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{1,2}:?\d{2})?(?:\s*DST)?",
    re.ASCII,
)
# A year, or a year and a month; IPTC writes 00 for what is not known of a date.
_PARTIAL = re.compile(
    r"(?P<year>\d{4})(?:[:/.-](?P<month>0[1-9]|1[0-2])(?:[:/.-]00)?|[:/.-]00[:/.-]00)?", re.ASCII
)
_ZONE = re.compile(r"\s*(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>[0-5]\d)\s*", re.ASCII)
_UNSET = re.compile(r"[0:\s/.TZ+\0-]*")
_AROUND = "\0 \t\r\n"

# Every offset that some place has used since 1990, in minutes east. No other half or quarter of
# an hour: a list without gaps would explain any two clocks.
OFFSETS_IN_USE = frozenset(
    {
        *range(-12 * 60, 14 * 60 + 1, 60),
        *(-570, -510, -270, -210, -150, 210, 270, 330, 390, 510, 570, 630, 690),
        *(345, 525, 585, 765, 825),
    }
)
# How far an instant may lag behind the clock beside it: a receiver repeats its last fix for
# minutes (ORIGINALS 1.4). Halves and quarters have neighbours nearer than that, and are rarer.
_WHOLE_HOUR_SLACK_MIN = 15.0
_PART_HOUR_SLACK_MIN = 3.0
_WIDEST_MIN = 14 * 60
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall clock reading, to the second, with the digits that follow it."""

    clock: datetime  # naive: what a clock on the spot showed
    fraction: str = ""  # digits of the second as the camera gave them; "" if none
    offset_min: int | None = None  # east of UTC; None: not known
    has_time: bool = True  # False: only the day is known
    has_seconds: bool = True  # False: the minute is all that was written

    @property
    def precision(self) -> str:
        """The smallest unit that is told: "subsecond", "second", "minute" or "day"."""
        if not self.has_time:
            return "day"
        if not self.has_seconds:
            return "minute"
        return "subsecond" if self.fraction else "second"

    @property
    def telling_fraction(self) -> str:
        """The fraction where it can tell two presses apart: "00" is what a camera writes that
        does not count so finely (ORIGINALS 1.6).
        """
        return self.fraction if self.fraction.strip("0") else ""

    def iso(self) -> str:
        """Wall clock without zone, e.g. "2019-07-14T16:02:11.482"; the day alone if no more."""
        if not self.has_time:
            return self.clock.date().isoformat()
        if not self.has_seconds:
            return self.clock.isoformat(timespec="minutes")
        if not self.has_seconds:
            return self.clock.isoformat(timespec="minutes")
        return self.clock.isoformat() + (f".{self.fraction}" if self.fraction else "")

    def instant(self) -> datetime | None:
        """The same in UTC, to the second; None where the offset is not known."""
        if self.offset_min is None:
            return None
        return self.clock.replace(tzinfo=UTC) - timedelta(minutes=self.offset_min)

    def at(self, offset_min: int) -> Moment:
        """The same wall clock with an offset."""
        return replace(self, offset_min=offset_min)

    def moved_to(self, offset_min: int) -> Moment:
        """The same instant on a clock of another zone."""
        shift = timedelta(minutes=offset_min - (self.offset_min or 0))
        return replace(self, clock=self.clock + shift, offset_min=offset_min)


def is_unset(text: str) -> bool:
    """Blanks and zeros: what a camera writes that has no time to give."""
    return _UNSET.fullmatch(text) is not None


def parse(text: str) -> Moment | None:
    """EXIF, XMP, QuickTime, RIFF and ISO spellings; None for anything that is no time.

    EXIF leaves blank what is not known: "2019:07:14   :  :  " is a day.
    """
    found = _FORM.fullmatch(text.strip(_AROUND).rstrip(": "))
    if not found:
        return None
    part = found.groupdict()
    try:
        clock = datetime(  # noqa: DTZ001 - a wall clock has no zone
            int(part["year"]), int(part["month"]), int(part["day"]),
            int(part["hour"] or 0), int(part["minute"] or 0), min(int(part["second"] or 0), 59),
        )  # fmt: skip
    except ValueError:
        return None
    if part["second"] and int(part["second"]) > 60:  # noqa: PLR2004 - a leap second is legal
        return None
    has_time = part["hour"] is not None
    has_seconds = part["second"] is not None or not has_time
    offset = parse_offset(part["zone"] or "")
    return Moment(clock, part["fraction"] or "", offset, has_time, has_seconds)


def parse_partial(text: str) -> str | None:
    """A year or a month alone, as "1985" or "1985-08": too little for a capture time."""
    found = _PARTIAL.fullmatch(text.strip(_AROUND).rstrip(": "))
    if not found or found["year"] == "0000":
        return None
    return f"{found['year']}-{found['month']}" if found["month"] else found["year"]


def parse_offset(text: str) -> int | None:
    """Minutes east: "+02:00", "-0730" or "Z"; None for the blank form and for rubbish."""
    if text.strip() in {"Z", "UTC"}:
        return 0
    found = _ZONE.fullmatch(text)
    if not found:
        return None
    minutes = int(found["hours"]) * 60 + int(found["minutes"])
    minutes = -minutes if found["sign"] == "-" else minutes
    return minutes if -14 * 60 <= minutes <= 14 * 60 else None


def iso_offset(minutes: int | None) -> str | None:
    """Minutes east of UTC as "+02:00"."""
    if minutes is None:
        return None
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def offset_between(local: Moment, utc: Moment) -> int | None:
    """The offset in use that explains a wall clock beside an instant, as GPS gives one."""
    if not local.has_time or not utc.has_time:
        return None
    minutes = (local.clock - utc.clock).total_seconds() / 60
    if abs(minutes) > _WIDEST_MIN + _WHOLE_HOUR_SLACK_MIN:
        # Some phones write the local day beside the UTC time.
        minutes += -_DAY_MIN if minutes > 0 else _DAY_MIN
    explained = [offset for offset in OFFSETS_IN_USE if abs(offset - minutes) <= _slack(offset)]
    return min(explained, key=lambda offset: abs(offset - minutes), default=None)


def _slack(offset: int) -> float:
    return _PART_HOUR_SLACK_MIN if offset % 60 else _WHOLE_HOUR_SLACK_MIN


def offset_within(seconds: float, local: Moment, utc: Moment | None) -> int | None:
    """The offset in use that explains a wall clock beside an instant, to so many seconds."""
    if utc is None or not utc.has_time or not local.has_time:
        return None
    apart = (local.clock - utc.clock).total_seconds()
    nearest = min(OFFSETS_IN_USE, key=lambda minutes: abs(minutes * 60 - apart))
    return nearest if abs(nearest * 60 - apart) <= seconds else None
