"""What the shots beside a shot tell of its time: its zone, that its clock was set, or between
which days it lies.

Pure: shots in, what is better known of each out. A neighbour has a file in the same folder, so
that the answer for some folders is the same as for all; and it is of the same camera, or of the
same series of names where no camera is named. Nothing that is known is changed, and nothing that
was inferred is inferred from. Facts: ORIGINALS.md 1.2 and 1.4, rows 36 and 49 of its table.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.capture_time.clue import NEIGHBOUR, Clue, Trust
from indexer.capture_time.moment import iso_offset
from indexer.capture_time.names import date_in_name
from indexer.capture_time.resolve import JudgedClue
from indexer.capture_time.zones import CLOCK_UNKNOWN, ZONE_UNKNOWN
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from indexer.capture_time.moment import Moment
    from indexer.capture_time.resolve import CaptureTime
    from indexer.model import FileId

_REACH: Final = timedelta(hours=12)  # how near in time a neighbour must be that lends its zone
_DAY: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)
# How far a counter may be away. A card holds some unknown ones between two that are known;
# twenty are arbitrary.
_STEPS: Final = 20
_LOWER: Final = {Trust.CERTAIN: Trust.LIKELY, Trust.LIKELY: Trust.WEAK}
_BARE_YEAR: Final = len("2007")


@dataclass(frozen=True, slots=True)
class Taken:
    """One shot, as far as its neighbours matter."""

    file: FileId  # of its original
    device: str | None  # make, model and serial; None where no file names a camera
    paths: tuple[tuple[Hashable, str], ...]  # folder and name of each file, the original's first
    time: CaptureTime

    @property
    def name(self) -> str:
        """By which to speak of it."""
        return self.paths[0][1]

    @property
    def moment(self) -> Moment | None:
        """Its time of day on its local clock, if that may be built upon."""
        time = self.time
        is_sound = time.confidence in (Trust.CERTAIN, Trust.LIKELY) and not time.is_utc
        return time.moment if is_sound and time.moment and time.moment.has_time else None

    @property
    def offset(self) -> int | None:
        """Its offset, if that may be lent to others."""
        is_sound = self.moment is not None and self.time.zone in (Trust.CERTAIN, Trust.LIKELY)
        return self.moment.offset_min if is_sound and self.moment else None


@dataclass(frozen=True, slots=True)
class Inferred:
    """What a shot's neighbours add to what is known of it."""

    time: CaptureTime
    neighbours: tuple[Clue, ...]  # for the list of clues; they are not of the shot's own files
    believes: str = ""  # the source of the rejected clue that is used after all; "" if none

    def judged(self, clues: Sequence[JudgedClue]) -> list[JudgedClue]:
        """The shot's clues with these neighbours, and with what is used now."""
        added = [JudgedClue(clue, is_used=False, says=clue.says) for clue in self.neighbours]
        known = list(clues)
        if self.believes:
            at = next(i for i, j in enumerate(known) if self._is_believed(j.clue))
            clue = replace(known[at].clue, rejected=None)
            known[at] = JudgedClue(clue, is_used=True, says=f"used: {clue.if_true}")
        return [*known, *added]

    def _is_believed(self, clue: Clue) -> bool:
        return bool(clue.if_true) and clue.source == self.believes


def by_neighbours(shots: Sequence[Taken]) -> list[Inferred | None]:
    """For each shot, in their order, what its neighbours add; None where that is nothing."""
    keys = [_keys(shot) for shot in shots]
    folders = _Folders()
    for shot, own in zip(shots, keys, strict=True):
        folders.add(shot, own)
    folders.sort()
    return [_inferred(shot, own, folders) for shot, own in zip(shots, keys, strict=True)]


def _inferred(shot: Taken, keys: _Keys, folders: _Folders) -> Inferred | None:
    time = shot.time
    if time.moment is not None:
        return _zoned(shot, keys, folders) if _is_open(time) else None
    return _believed(shot, keys, folders) or _suggested(shot, keys, folders)


def _is_open(time: CaptureTime) -> bool:
    """Whether a zone would help."""
    if time.moment is None or time.is_zone_disputed or not time.moment.has_time:
        return False
    return time.moment.offset_min is None or time.is_utc


# --- who is beside whom --------------------------------------------------------------------

# One series of names: "IMG_", "DSC_", "P10". The last digits count, copies' numbers do not.
_COPY: Final = re.compile(r"(?: ?\(\d{1,3}\)| copy(?: \d+)?| - copy(?: ?\(\d+\))?|~\d+)$")
_COUNTER: Final = re.compile(r"(?P<run>.*?)(?P<number>[0-9]{3,6})[^\d]*", re.DOTALL)


@dataclass(slots=True)
class _Line:
    """Shots in the order of a clock, to be searched."""

    shots: list[tuple[datetime, Taken]] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)

    def sort(self) -> None:
        self.shots.sort(key=lambda pair: (pair[0], pair[1].name))
        self.times = [time for time, _ in self.shots]

    def within(self, first: datetime, end: datetime) -> list[Taken]:
        """All from a time up to another."""
        low, high = bisect_left(self.times, first), bisect_left(self.times, end)
        return [shot for _, shot in self.shots[low:high]]

    def beside(self, time: datetime, reach: timedelta) -> Iterator[list[Taken]]:
        """All that are nearest before a time, then all that are nearest after it."""
        before, after = bisect_right(self.times, time), bisect_left(self.times, time)
        for at in (before - 1, after):
            if 0 <= at < len(self.times) and abs(self.times[at] - time) <= reach:
                yield self.within(self.times[at], self.times[at] + _TICK)


@dataclass(slots=True)
class _Series:
    """Shots by the counters in their names."""

    shots: list[tuple[int, Taken]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def sort(self) -> None:
        self.shots.sort(key=lambda pair: (pair[0], pair[1].name))
        self.numbers = [number for number, _ in self.shots]

    def around(self, number: int) -> tuple[list[Taken], list[Taken]]:
        """All with the nearest counter up to this one, and from this one."""
        low, high = bisect_right(self.numbers, number) - 1, bisect_left(self.numbers, number)
        return self._with(low, number), self._with(high, number)

    def _with(self, at: int, number: int) -> list[Taken]:
        if not 0 <= at < len(self.numbers) or abs(self.numbers[at] - number) > _STEPS:
            return []
        same = self.numbers[at]
        low, high = bisect_left(self.numbers, same), bisect_right(self.numbers, same)
        return [shot for _, shot in self.shots[low:high]]


class _Folders:
    """The shots whose times are known, by where they lie and what made them."""

    def __init__(self) -> None:
        self.clocks: dict[Hashable, _Line] = defaultdict(_Line)  # those that can lend a zone
        self.instants: dict[Hashable, _Line] = defaultdict(_Line)
        self.cameras: dict[Hashable, _Line] = defaultdict(_Line)  # all with a time
        self.series: dict[Hashable, _Series] = defaultdict(_Series)

    def add(self, shot: Taken, keys: _Keys) -> None:
        moment = shot.moment
        if moment is None:
            return
        instant = moment.instant()
        if shot.offset is not None and instant is not None:
            for key in keys.cameras | keys.runs:
                self.clocks[key].shots.append((moment.clock, shot))
                self.instants[key].shots.append((instant, shot))
        for key in keys.cameras:
            self.cameras[key].shots.append((moment.clock, shot))
        for series, number in keys.counters:
            self.series[series].shots.append((number, shot))

    def sort(self) -> None:
        for lines in (self.clocks, self.instants, self.cameras):
            for line in lines.values():
                line.sort()
        for series in self.series.values():
            series.sort()


@dataclass(frozen=True, slots=True)
class _Keys:
    """Under what a shot and its neighbours meet; a folder is in each of them."""

    cameras: frozenset[Hashable]
    runs: frozenset[Hashable]  # names that one device gives: a phone's by date, or by counter
    counters: frozenset[tuple[Hashable, int]]

    @property
    def zones(self) -> frozenset[Hashable]:
        """Where to look for a zone: names prove less than a camera does."""
        return self.cameras or self.runs


def _keys(shot: Taken) -> _Keys:
    cameras: set[Hashable] = set()
    runs: set[Hashable] = set()
    counters: set[tuple[Hashable, int]] = set()
    for folder, name in shot.paths:
        if shot.device is not None:
            cameras.add((folder, "camera", shot.device))
        dated = date_in_name(name)
        counted = _counted(name) if dated is None else None
        if dated is not None and dated.is_camera_own:
            runs.add((folder, "names", dated.whose))
        elif counted is not None:
            runs.add((folder, "names", counted[0]))
            counters.add(((folder, counted[0]), counted[1]))
    return _Keys(frozenset(cameras), frozenset(runs), frozenset(counters))


def _counted(name: str) -> tuple[tuple[str, int], int] | None:
    """The series of a name, with as many digits, and its number in it."""
    stem = _COPY.sub("", (name.rpartition(".")[0] or name).casefold())
    found = _COUNTER.fullmatch(stem)
    if not found:
        return None
    return (found["run"], len(found["number"])), int(found["number"])


# --- where to look for them ----------------------------------------------------------------


class Along(IntEnum):
    """Along what shots are neighbours; the numbers are stored."""

    CLOCK = 0
    INSTANT = 1
    NEW_YEAR = 2
    COUNTER = 3


# How far a neighbour may be, in seconds or in steps of the counter.
REACH: Final = {
    Along.CLOCK: int(_REACH.total_seconds()),
    Along.INSTANT: int(_REACH.total_seconds()),
    Along.NEW_YEAR: int(_DAY.total_seconds()),
    Along.COUNTER: _STEPS,
}


class Spot(NamedTuple):
    """A place on a line of neighbours: a second, or a counter."""

    along: Along
    line: Hashable
    at: int


def lent(shot: Taken) -> Iterator[Spot]:
    """Where others may look for this shot."""
    moment, keys = shot.moment, _keys(shot)
    if moment is None:
        return
    instant = moment.instant()
    if shot.offset is not None and instant is not None:
        for key in keys.cameras | keys.runs:
            yield Spot(Along.CLOCK, key, _second(moment.clock))
            yield Spot(Along.INSTANT, key, _second(instant))
    if (moment.clock.month, moment.clock.day) in _NEW_YEAR:
        for key in keys.cameras:
            yield Spot(Along.NEW_YEAR, key, _second(moment.clock))
    for series, number in keys.counters:
        yield Spot(Along.COUNTER, series, number)


def asked(shot: Taken) -> Iterator[Spot]:
    """Around which spots this shot looks for others."""
    time, keys = shot.time, _keys(shot)
    if time.moment is not None:
        if _is_open(time):
            instant = time.moment.instant()
            is_instant = time.is_utc and instant is not None
            along = Along.INSTANT if is_instant else Along.CLOCK
            at = _second(instant if is_instant and instant else time.moment.clock)
            yield from (Spot(along, key, at) for key in keys.zones)
        return
    if (midnight := _new_year(time)) is not None:
        yield from (Spot(Along.NEW_YEAR, key, _second(midnight)) for key in keys.cameras)
    if _wants_suggestion(time):
        yield from (Spot(Along.COUNTER, series, number) for series, number in keys.counters)


# A clock that starts in January shows no December.
_NEW_YEAR: Final = frozenset({(12, 31), (1, 1)})


def _second(time: datetime) -> int:
    plain = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    return (plain - datetime.min) // timedelta(seconds=1)  # noqa: DTZ901 - both are naive


# --- what they tell ------------------------------------------------------------------------


def _zoned(shot: Taken, keys: _Keys, folders: _Folders) -> Inferred | None:
    """The zone that the nearest on both sides have, or the only one that is near."""
    moment = shot.time.moment
    assert moment is not None
    lines, at = folders.clocks, moment.clock
    instant = moment.instant()
    if shot.time.is_utc and instant is not None:
        lines, at = folders.instants, instant
    beside = [side for key in keys.zones if key in lines for side in lines[key].beside(at, _REACH)]
    offsets = {near.offset for side in beside for near in side}
    if len(offsets) != 1:
        return None
    offset = offsets.pop()
    assert offset is not None
    lenders = _by_name(side[0] for side in beside)
    says = f"; the zone {iso_offset(offset)} is that of {_named(lenders)}"
    told = shot.time.why.removesuffix(".").removesuffix(ZONE_UNKNOWN).removesuffix(CLOCK_UNKNOWN)
    time = replace(
        shot.time,
        moment=moment.moved_to(offset) if shot.time.is_utc else moment.at(offset),
        confidence=_LOWER.get(shot.time.confidence, shot.time.confidence),
        why=f"{told}{says}.",
        zone=Trust.WEAK,
        is_utc=False,
    )
    return Inferred(time, _rows(lenders, f"lends its zone, {iso_offset(offset)}"))


def _believed(shot: Taken, keys: _Keys, folders: _Folders) -> Inferred | None:
    """A first of January that follows the camera's own last of December: its clock was set."""
    time, midnight = shot.time.if_clock_was_set, _new_year(shot.time)
    if time is None or midnight is None:
        return None
    seen = [
        near
        for key in keys.cameras
        if key in folders.cameras
        for near in folders.cameras[key].within(midnight - _DAY, midnight + _DAY)
        # A clock that starts in January shows no December. Later on its first day it may look
        # like any other, so there only those count that have a witness of their own.
        if _clock(near) < midnight or near.time.was_doubted
    ]
    if not seen:
        return None
    witnesses = _by_name(seen)[:2]
    why = f"{time.why.removesuffix('.')}; they are {_named(witnesses, '')}."
    believed = replace(time, confidence=_LOWER.get(time.confidence, Trust.WEAK), why=why)
    return Inferred(believed, _rows(witnesses, "shows that the clock was set"), time.source)


def _new_year(time: CaptureTime) -> datetime | None:
    """The midnight after which the clock showed the time that is in doubt."""
    told = time.if_clock_was_set
    if time.unknown is not UnknownTime.EPOCH_DEFAULT or told is None or told.moment is None:
        return None
    clock = told.moment.clock
    midnight = datetime(clock.year, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
    return midnight if clock.date() == midnight.date() else None


def _wants_suggestion(time: CaptureTime) -> bool:
    return time.suggestion is None or len(time.suggestion) == _BARE_YEAR


def _suggested(shot: Taken, keys: _Keys, folders: _Folders) -> Inferred | None:
    """Between which days it lies, by the counters before and after its own."""
    if not _wants_suggestion(shot.time):
        return None
    for key, number in sorted(keys.counters, key=repr):
        series = folders.series.get(key)
        below, above = series.around(number) if series is not None else ([], [])
        if below and above and _is_one_walk(shot, below, above):
            return _between(shot, below, above)
    return None


def _is_one_walk(shot: Taken, below: Sequence[Taken], above: Sequence[Taken]) -> bool:
    """Whether counters and clocks go the same way, in one camera."""
    devices = {near.device for near in (*below, *above)} | ({shot.device} - {None})
    is_onward = max(map(_clock, below)) <= min(map(_clock, above))
    return len(devices) == 1 and (is_onward or below == above)


def _between(shot: Taken, below: Sequence[Taken], above: Sequence[Taken]) -> Inferred:
    first, last = min(map(_clock, below)).date(), max(map(_clock, above)).date()
    near = _by_name((below[0], above[0]))
    when = f"between {first} and {last}" if first != last else f"on {first}"
    were = "were" if len(near) > 1 else "was"
    time = replace(
        shot.time,
        suggestion=f"{first}/{last}" if first != last else first.isoformat(),
        suggestion_why=f"{_named(near, 'Its neighbour')} {were} taken {when}.",
    )
    return Inferred(time, _rows(near, f"suggests that it was taken {when}"))


def _clock(shot: Taken) -> datetime:
    assert shot.time.moment is not None
    return shot.time.moment.clock


def _by_name(shots: Iterable[Taken]) -> list[Taken]:
    """Each once, in the order of their names."""
    return sorted({shot.name: shot for shot in shots}.values(), key=attrgetter("name"))


def _named(shots: Sequence[Taken], what: str = "its neighbour") -> str:
    plural = f"{what}s" if what and len(shots) > 1 else what
    return f"{plural} {' and '.join(shot.name for shot in shots)}".strip()


def _rows(shots: Iterable[Taken], says: str) -> tuple[Clue, ...]:
    return tuple(
        Clue(shot.file, NEIGHBOUR, shot.name, 95, Trust.NONE, says, shot.time.moment)
        for shot in shots
    )
