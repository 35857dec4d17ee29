"""What each camera of a library usually writes: its format by the day, its tables, its sizes.

Pure. Neighbouring shots settle what a pair alone leaves open (ORIGINALS.md section 3.7, step 3):
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
    from collections.abc import Iterable, Mapping
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
        day = time.clock.date()
        near = [self.modes.get((camera, day + n * _DAY), Mode()) for n in (-1, 0, 1)]
        own = (time.clock, subject.stems)
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


def habits_of(subjects: Iterable[Subject]) -> Habits:
    """What the cameras of these files usually write, from files that look untouched."""
    formats: dict[str, dict[Press, set[str]]] = defaultdict(lambda: defaultdict(set))
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    sizes: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for subject in subjects:
        camera, time = camera_of(subject), subject.own_time
        if camera is None or subject.fact.kind is not Kind.PICTURE or _is_made_later(subject):
            continue
        is_trusted = _is_trusted(subject)
        if time is not None:
            for stem in subject.stems:
                formats[camera][Press(time.clock, stem)].add(
                    _format(subject, is_trusted=is_trusted)
                )
        if not is_trusted:
            continue
        if (table := quantisation(subject)) is not None:
            tables[camera][table] += 1
        sizes[camera][size_of(subject)] += 1
    return Habits(_modes(formats), _tables(tables), _usual_sizes(sizes))


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


def _format(subject: Subject, *, is_trusted: bool) -> str:
    """What one file says that its camera wrote; whatever is in doubt spoils its press."""
    if not is_trusted:
        return "unknown"
    return "heic" if is_heif(subject) else "jpeg"


def _modes(
    formats: Mapping[str, Mapping[Press, set[str]]],
) -> dict[tuple[str, date], Mode]:
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


def _tables(counted: Mapping[str, Counter[str]]) -> dict[str, frozenset[str]]:
    return {
        camera: frozenset(tables)
        for camera, tables in counted.items()
        if tables.total() >= _ENOUGH and len(tables) <= _MOST_TABLES
    }


def _usual_sizes(
    counted: Mapping[str, Counter[tuple[int, int]]],
) -> dict[str, frozenset[tuple[int, int]]]:
    usual = {
        camera: frozenset(size for size, times in sizes.items() if times >= _ENOUGH)
        for camera, sizes in counted.items()
    }
    return {camera: sizes for camera, sizes in usual.items() if sizes}
