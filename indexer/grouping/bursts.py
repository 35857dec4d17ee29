"""Shots that belong together without being one: bursts, brackets, chapters of a recording.

Pure. Each shot of a set gets the same id; the id is the camera's own where it gave one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.grouping.contradiction import HDR
from indexer.grouping.contradiction import number as number_of
from indexer.grouping.names import chapter
from indexer.grouping.tie import Tie
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key

_MODE = "ExifIFD:ExposureMode"
_AUTO_BRACKET = 2
# An HDR picture and the one beside it, and frames of a bracket, follow within this; arbitrary.
_FOLLOWS = timedelta(seconds=3)


def keys(subject: Subject) -> Iterator[Key]:
    """Under what shots of one set meet."""
    if _is_bracket(subject) and subject.own_time:
        turn = (subject.own_time.clock - datetime.min) // _FOLLOWS  # noqa: DTZ901
        yield from ((Tie.BRACKET, (_series(subject), t)) for t in (turn, turn + 1))
    for place in _chapters(subject):
        yield Tie.CHAPTER, place[:2]


def bursts(shots: Sequence[Sequence[Subject]]) -> list[str | None]:
    """Each shot's set; None where neither the camera nor its neighbours tell of one."""
    told = [
        min((s.tags.burst_uuid for s in shot if s.tags.burst_uuid), default=None) for shot in shots
    ]
    for frames in _brackets(shots):
        free = [i for i in frames if told[i] is None]
        if len(free) > 1:
            name = f"bracket-{min(_digest(shots[i]) for i in free)}"
            for i in free:
                told[i] = name
    for name, pieces in _recordings(shots):
        for i in pieces:
            told[i] = told[i] or name
    return told


def _recordings(shots: Sequence[Sequence[Subject]]) -> Iterator[tuple[str, list[int]]]:
    """Chapters of one recording, which the camera cuts at 4 GB."""
    pieces: dict[tuple[int, str], dict[int, int]] = {}
    for i, shot in enumerate(shots):
        for subject in shot:
            for folder, name, number in _chapters(subject):
                pieces.setdefault((folder, name), {})[i] = number
    for (_, name), chapters in pieces.items():
        if len(set(chapters.values())) > 1:
            first = min(chapters, key=lambda i: (chapters[i], _digest(shots[i])))
            yield f"recording-{name}-{_digest(shots[first])}", list(chapters)


def _chapters(subject: Subject) -> Iterator[tuple[int, str, int]]:
    """Folder, name and number of what it is a chapter of."""
    for file in () if subject.is_preview else subject.files:
        found = chapter(to_str(file.name))
        if found:
            yield int(file.folder), found[0], found[1]


def _brackets(shots: Sequence[Sequence[Subject]]) -> Iterator[list[int]]:
    """Runs of shots by one camera that says of each that it is a frame of a bracket."""
    series: dict[Hashable, list[tuple[object, bytes, int]]] = {}
    for i, shot in enumerate(shots):
        frame = next((s for s in shot if _is_bracket(s)), None)
        if frame is not None and frame.own_time:
            series.setdefault(_series(frame), []).append(
                (frame.own_time.clock, frame.fact.blake3, i)
            )
    for frames in series.values():
        run: list[int] = []
        in_order = sorted(frames)
        for (before, _, i), (after, _, j) in pairwise(in_order):
            run = run or [i]
            if after - before <= _FOLLOWS:  # type: ignore[operator]
                run.append(j)
                continue
            yield run
            run = []
        yield run


def _series(frame: Subject) -> Hashable:
    return frame.camera, frame.tags.serial, frame.tags.all.get(HDR) is not None


def _is_bracket(subject: Subject) -> bool:
    if not subject.is_still or not subject.own_time or not subject.own_time.has_time:
        return False
    everything = subject.tags.all
    return bool(number_of(everything.get(HDR))) or number_of(everything.get(_MODE)) == _AUTO_BRACKET


def _digest(shot: Sequence[Subject]) -> str:
    return min(s.fact.blake3 for s in shot).hex()[:16]
