"""What each camera of a library usually writes: its format by the day, its tables, its sizes.

Pure. Neighbouring shots settle what a pair alone leaves open (ORIGINALS.md section 3.7, step 3):
a phone that wrote only HEIC that day did not write this JPEG.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from indexer.model import Kind
from indexer.originals.structure import is_heif, looks_first_generation, quantisation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from indexer.grouping.subject import Subject

# Five trusted files (ORIGINALS 3.1 F4, 3.2) make a habit.
_ENOUGH: Final = 5
# A camera that adapts its tables to each picture has no tables of its own; arbitrary.
_MOST_TABLES: Final = 3
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mode:
    """What one camera wrote on one day: stems that exist in one format alone."""

    heic: frozenset[str] = frozenset()
    jpeg: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of each camera; empty where the library was not looked at."""

    modes: Mapping[tuple[str, date], Mode] = field(default_factory=dict)
    tables: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sizes: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)

    def mode_around(self, subject: Subject) -> str | None:
        """What the other shots of a day before or after all are, "heic" or "jpeg"; None: both."""
        camera, time = camera_of(subject), subject.own_time
        if camera is None or time is None:
            return None
        day = time.clock.date()
        near = [self.modes.get((camera, day + n * _DAY), Mode()) for n in (-1, 0, 1)]
        heic = {s for mode in near for s in mode.heic} - subject.stems
        jpeg = {s for mode in near for s in mode.jpeg} - subject.stems
        if bool(heic) == bool(jpeg):
            return None
        return "heic" if heic else "jpeg"


def camera_of(subject: Subject) -> str | None:
    """Model and software: another version may have another default."""
    tags = subject.tags
    return f"{tags.make} {tags.model} {tags.software}".casefold() if tags.model else None


def habits_of(subjects: Iterable[Subject]) -> Habits:
    """What the cameras of these files usually write, from files that look untouched."""
    formats: dict[tuple[str, date, str], set[str]] = defaultdict(set)
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    sizes: dict[str, Counter[tuple[int, int]]] = defaultdict(Counter)
    for subject in subjects:
        camera, time = camera_of(subject), subject.own_time
        if camera is None or subject.fact.kind is not Kind.PICTURE or not _is_trusted(subject):
            continue
        if time is not None:
            for stem in subject.stems:
                written = "heic" if is_heif(subject) else "jpeg"
                formats[camera, time.clock.date(), stem].add(written)
        if (table := quantisation(subject)) is not None:
            tables[camera][table] += 1
        sizes[camera][size_of(subject)] += 1
    return Habits(_modes(formats), _tables(tables), _usual_sizes(sizes))


def size_of(subject: Subject) -> tuple[int, int]:
    """Its sides, the longer first."""
    width, height = subject.fact.width_px or 0, subject.fact.height_px or 0
    return max(width, height), min(width, height)


def _is_trusted(subject: Subject) -> bool:
    if subject.is_edit or subject.is_preview or subject.fact.damage is not None:
        return False
    return subject.tags.has_maker_note and looks_first_generation(subject)


def _modes(
    formats: Mapping[tuple[str, date, str], set[str]],
) -> dict[tuple[str, date], Mode]:
    alone: dict[tuple[str, date, str], set[str]] = defaultdict(set)
    for (camera, day, stem), written in formats.items():
        if len(written) == 1:  # a stem in both formats is what is to be decided
            alone[camera, day, next(iter(written))].add(stem)
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
