"""What each camera of a library usually writes: its format by the day, its tables, its sizes.

Pure. What one file tells of its camera is a Trace, small enough to be remembered, so that the
habits of a camera can be told without reading its files' tags again. Neighbouring shots settle what a pair alone leaves open (ORIGINALS.md section 3.7, step 3):
a phone that wrote only HEIC that day did not write this JPEG.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.model import Kind
from indexer.originals.structure import (
    is_heif,
    is_native_heic,
    looks_first_generation,
    quantisation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from indexer.grouping.subject import Subject

# Five trusted files (ORIGINALS 3.1 F4, 3.2) make a habit.
_ENOUGH: Final = 5
# A camera that adapts its tables to each picture has no tables of its own; arbitrary.
_MOST_TABLES: Final = 3
# Other presses that tell a phone's mode; one may be a file that somebody sent. Arbitrary.
_SEVERAL: Final = 2
_DAY: Final = timedelta(days=1)


class Press(NamedTuple):
    """What tells one press of a camera's shutter from another, whatever its files are called."""

    clock: datetime
    stem: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What one file tells of its camera's habits, and what it asks of them."""

    camera: str
    clock: datetime | None  # None: the file does not tell when
    stems: frozenset[str]
    format: str | None  # "heic", "jpeg" or "unknown"; None: known to be no camera's file
    table: str | None  # of its compression; this and its size only where the file is trusted
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Mode:
    """What one camera wrote on one day: presses that exist in one format alone."""

    heic: frozenset[Press] = frozenset()
    jpeg: frozenset[Press] = frozenset()


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of each camera; empty where the library was not looked at."""

    modes: Mapping[tuple[str, date], Mode] = field(default_factory=dict)
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sizes: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)

    def mode_around(self, subject: Subject) -> str | None:
        """What several other shots from a day before to a day after all are, "heic" or "jpeg";
        None: both, or too few.
        """
        camera, time = camera_of(subject), subject.own_time
        if camera is None or time is None:
            return None
        return self.mode_beside(camera, time.clock, subject.stems)

    def mode_beside(self, camera: str, clock: datetime, stems: frozenset[str]) -> str | None:
        """The same, of the press of this clock and these names."""
        day = clock.date()
        near = [self.modes.get((camera, day + n * _DAY), Mode()) for n in (-1, 0, 1)]
        own = (clock, stems)
        heic = {p.clock for mode in near for p in mode.heic if _is_another(p, *own)}
        jpeg = {p.clock for mode in near for p in mode.jpeg if _is_another(p, *own)}
        if (heic and jpeg) or max(len(heic), len(jpeg)) < _SEVERAL:
            return None
        return "heic" if heic else "jpeg"


def _is_another(press: Press, clock: datetime, stems: frozenset[str]) -> bool:
    return press.clock != clock and press.stem not in stems


def camera_of(subject: Subject) -> str | None:
    """Model and software: another version may have another default."""
    tags = subject.tags
    return f"{tags.make} {tags.model} {tags.software}".casefold() if tags.model else None


NO_HABITS: Final = Habits()


def habits_of(subjects: Iterable[Subject]) -> Habits:
    """What the cameras of these files usually write, from files that look untouched."""
    return told([trace for subject in subjects if (trace := trace_of(subject)) is not None])


def told(traces: Sequence[Trace]) -> Habits:
    """What the cameras of these files usually write."""
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    sizes: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for trace in traces:
        if trace.table is not None:
            tables[trace.camera][trace.table] += 1
        if trace.size is not None:
            sizes[trace.camera][trace.size] += 1
    return Habits(
        modes_of(traces),
        {c: known for c, counted in tables.items() if (known := usual_tables(counted))},
        {c: usual for c, counted in sizes.items() if (usual := usual_sizes(counted))},
    )


def trace_of(subject: Subject) -> Trace | None:
    """What a file tells of its camera; None where it names none."""
    camera, time = camera_of(subject), subject.own_time
    if camera is None:
        return None
    clock = time.clock if time else None
    if subject.fact.kind is not Kind.PICTURE or _is_made_later(subject):
        return Trace(camera, clock, subject.stems, None, None, None)
    if not _is_trusted(subject):
        return Trace(camera, clock, subject.stems, "unknown", None, None)
    written = "heic" if is_heif(subject) else "jpeg"
    return Trace(camera, clock, subject.stems, written, quantisation(subject), size_of(subject))


def size_of(subject: Subject) -> tuple[int, int]:
    """Its sides, the longer first."""
    width, height = subject.fact.width_px or 0, subject.fact.height_px or 0
    return max(width, height), min(width, height)


def _is_made_later(subject: Subject) -> bool:
    """Whether it is known to be no camera's file, so that it puts no other in doubt."""
    return subject.is_edit or subject.is_preview or subject.fact.damage is not None


def _is_trusted(subject: Subject) -> bool:
    if is_heif(subject) and not is_native_heic(subject):
        return False
    return subject.tags.has_maker_note and looks_first_generation(subject)


def modes_of(traces: Iterable[Trace]) -> dict[tuple[str, date], Mode]:
    """What each camera wrote on each day; whatever is in doubt spoils its press."""
    formats: dict[str, dict[Press, set[str]]] = defaultdict(lambda: defaultdict(set))
    for trace in traces:
        if trace.clock is not None and trace.format is not None:
            for stem in trace.stems:
                formats[trace.camera][Press(trace.clock, stem)].add(trace.format)
    alone: dict[tuple[str, date, str], set[Press]] = defaultdict(set)
    for camera, presses in formats.items():
        # A moment or a name in several formats is what is to be decided, and decides nothing.
        by_clock: dict[datetime, set[str]] = defaultdict(set)
        by_name: dict[tuple[date, str], set[str]] = defaultdict(set)
        for press, written in presses.items():
            by_clock[press.clock] |= written
            by_name[press.clock.date(), press.stem] |= written
        for press in presses:
            day = press.clock.date()
            written = by_clock[press.clock] | by_name[day, press.stem]
            if len(written) == 1:
                alone[camera, day, next(iter(written))].add(press)
    return {
        (camera, day): Mode(
            frozenset(alone.get((camera, day, "heic"), ())),
            frozenset(alone.get((camera, day, "jpeg"), ())),
        )
        for camera, day, _ in alone
    }


def usual_tables(counted: Counter[str]) -> frozenset[str]:
    """The tables of one camera; none where it has too few files, or adapts them to each."""
    is_habit = counted.total() >= _ENOUGH and len(counted) <= _MOST_TABLES
    return frozenset(counted) if is_habit else frozenset()


def usual_sizes(counted: Counter[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """The sizes that one camera writes often."""
    return frozenset(size for size, times in counted.items() if times >= _ENOUGH)
