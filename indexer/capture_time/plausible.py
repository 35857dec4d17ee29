"""Which readings of a clock can't be a capture time, whatever tag they stand in.

Pure: a reading in, the reason against it out. Some only look like a clock that nobody has set:
those may be true, and resolve.py lets a witness speak for them. Facts: ORIGINALS.md 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from indexer.capture_time.moment import OFFSETS_IN_USE
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from indexer.capture_time.moment import Moment

_OLDEST: Final = datetime(1826, 1, 1)  # noqa: DTZ001 - before the first photograph
_FUTURE_SLACK: Final = timedelta(days=2)  # clocks and zones; more is a wrong clock
_ZONES: Final = timedelta(hours=14)  # how far zones may shift an epoch
# What clocks show that nobody has set, or that software made up.
_EPOCHS: Final = (
    (datetime(1904, 1, 1), _ZONES, "the QuickTime epoch"),  # noqa: DTZ001
    (datetime(1970, 1, 1), _ZONES, "the Unix epoch"),  # noqa: DTZ001
    (datetime(1980, 1, 1), timedelta(hours=24), "the DOS epoch"),  # noqa: DTZ001
    (datetime(2002, 12, 8, 12), timedelta(seconds=1), "an Android bug's default"),  # noqa: DTZ001
)
_GPS_EPOCH: Final = date(1980, 1, 6)  # what a receiver counts from that has no fix
# Where cameras start to count when their battery was out. Nobody photographed digitally in 1978;
# on the others people did, so a witness may speak for them (kenrockwell.com/tech/dst.htm).
_BIRTHDAYS: Final = frozenset({date(1978, 1, 1), date(2000, 1, 1), date(2001, 1, 1)})
# Years of action cameras' firmware. Their films begin soon after the battery went in; two hours
# are arbitrary, and leave New Year's Day alone.
_LATE_BIRTHDAYS: Final = frozenset({date(year, 1, 1) for year in (2014, 2015, 2016)})
_SOON: Final = timedelta(hours=2)
# The first cameras that people could buy and that wrote files are of 1990.
_FIRST_DIGITAL_YEAR: Final = 1990


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a reading is not believed."""

    reason: UnknownTime
    says: str
    may_be_true: bool = False  # a witness can speak for it


@dataclass(frozen=True, slots=True)
class Teller:
    """What is known of whoever gave the reading."""

    is_camera: bool = False  # a digital camera, by its name
    is_set_by_network: bool = False  # a telephone: its clock has no birthday
    is_satellite: bool = False


def refusal(moment: Moment, now: datetime, teller: Teller) -> Refusal | None:
    """The reason against a reading; `now` is naive UTC. None: nothing against it."""
    clock = moment.clock
    if clock < _OLDEST:
        return Refusal(UnknownTime.ZERO, "is older than photography")
    if clock > now + _FUTURE_SLACK:
        return Refusal(UnknownTime.FUTURE, "lies in the future")
    for epoch, width, what in _EPOCHS:
        if _is_near(clock, epoch, width):
            return Refusal(UnknownTime.EPOCH_DEFAULT, f"is {what}, not a capture time")
    if teller.is_satellite and clock.date() == _GPS_EPOCH:
        return Refusal(UnknownTime.EPOCH_DEFAULT, "is where satellites count from, without a fix")
    return _doubt(moment, teller)


def _doubt(moment: Moment, teller: Teller) -> Refusal | None:
    if teller.is_satellite:
        return None
    if teller.is_camera and moment.clock.year < _FIRST_DIGITAL_YEAR:
        says = "is older than digital cameras"
        return Refusal(UnknownTime.EPOCH_DEFAULT, says, may_be_true=True)
    birthday = _birthday(moment, teller)
    if birthday is None:
        return None
    says = f"is where clocks start that nobody has set, 1 January {birthday.year}"
    return Refusal(UnknownTime.EPOCH_DEFAULT, says, may_be_true=True)


def _birthday(moment: Moment, teller: Teller) -> date | None:
    """The birthday of a firmware from which the clock seems to run."""
    day = moment.clock.date()
    into = moment.clock - datetime.combine(day, datetime.min.time())
    if day in _BIRTHDAYS:
        return day
    if day in _LATE_BIRTHDAYS and into < _SOON and moment.has_time:
        return None if teller.is_set_by_network or moment.offset_min is not None else day
    if (day.month, day.day) == (12, 31):
        # As a program has moved it to a zone of the west: to the very second.
        next_day = day + timedelta(days=1)
        minutes = (into - timedelta(days=1)) / timedelta(minutes=1)
        return next_day if next_day in _BIRTHDAYS and minutes in OFFSETS_IN_USE else None
    return None


def _is_near(clock: datetime, epoch: datetime, width: timedelta) -> bool:
    # Zones shift an epoch both ways; a clock that starts at one only runs on from it.
    before = _ZONES if epoch.hour == 0 else timedelta(0)
    return epoch - before <= clock < epoch + width
