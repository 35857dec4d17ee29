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
_ZONE = re.compile(r"\s*(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>[0-5]\d)\s*", re.ASCII)
_UNSET = re.compile(r"[0:\s/.TZ+\0-]*")

# Every offset some place has used since 1970, in minutes east.
LEGAL_OFFSETS = frozenset(range(-12 * 60, 14 * 60 + 1, 30)) | {
    5 * 60 + 45,
    8 * 60 + 45,
    12 * 60 + 45,
}
_GPS_SLACK_MIN = 15  # a receiver may repeat its last fix for minutes (ORIGINALS 1.4)


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall clock reading, to the second, with the digits that follow it."""

    clock: datetime  # naive: what a clock on the spot showed
    fraction: str = ""  # digits of the second as the camera gave them; "" if none
    offset_min: int | None = None  # east of UTC; None: not known
    has_time: bool = True  # False: only the day is known

    def iso(self) -> str:
        """Wall clock without zone, e.g. "2019-07-14T16:02:11.482"; the day alone if no more."""
        if not self.has_time:
            return self.clock.date().isoformat()
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
    """EXIF, XMP, QuickTime, RIFF and ISO spellings; None for anything that is no time."""
    found = _FORM.fullmatch(text.strip("\0 \t\r\n"))
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
    return Moment(clock, part["fraction"] or "", parse_offset(part["zone"] or ""), has_time)


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
    """The legal offset that explains a wall clock beside an instant, as GPS gives one."""
    minutes = (local.clock - utc.clock).total_seconds() / 60
    # Some phones write the local day beside the UTC time.
    for days in (0, -1, 1):
        wanted = minutes + days * 24 * 60
        nearest = min(LEGAL_OFFSETS, key=lambda legal: abs(legal - wanted))
        if abs(nearest - wanted) <= _GPS_SLACK_MIN:
            return nearest
    return None
