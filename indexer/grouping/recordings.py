"""What ties films: transcodes and cuts, small versions, and the film of a Live Photo.

Pure. Films prove themselves by when they began and how long they are; what they show is not
compared (ORIGINALS.md sections 1.5, 3.6).
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from indexer.capture_time.clue import Trust
from indexer.grouping.evidence import (
    Edge,
    blocks,
    by_place,
    camera_of,
    clock_of,
    edge,
    seconds_between,
)
from indexer.grouping.names import bare, chapter, proxy_stems
from indexer.grouping.tie import Tie
from indexer.model import Kind
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from indexer.capture_time.moment import Moment
    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key

_LIVE_SECONDS = 3  # between the start of a Live film and its still
_LIVE_LONGEST_MS = 6000
_SAME_LENGTH = 0.01
_SAME_LENGTH_MS = 500
_FILM_RANKS = 14  # clues that tell the start of a recording: capture_time/clues.py


def by_recording(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """Every edge between films, and between a film and its still."""
    yield from _recordings(subjects)
    yield from _proxies(subjects)
    yield from _live_by_name(subjects)


def keys(subject: Subject) -> Iterator[Key]:
    """Under what the ties of this file are found."""
    if (began := _began(subject)) is not None:
        yield Tie.RECORDING, began
    names = [to_str(file.name) for file in subject.files]
    if _has_proxy(subject):
        yield from ((Tie.PROXY, bare(name)) for name in names)
    yield from ((Tie.PROXY, stem) for name in names for stem in proxy_stems(name))
    if _is_apples(subject):
        yield from ((Tie.APPLES_OF_PLACE, place) for place in subject.places)


def _recordings(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """Films that began in one second: a transcode, an export, a cut."""
    for group in blocks(subjects, _began):
        for a, b in combinations(group, 2):
            if a.camera and b.camera and a.camera != b.camera:
                continue
            if not (a.camera or b.camera):
                continue
            if _are_chapters(a, b):
                continue
            # Two phones of one model may begin in one second; a cut that was renamed stays alone.
            if _is_as_long(a, b) or a.stems & b.stems:
                says = f"{camera_of(a, b)} began both recordings at {_start_clock(a)}."
                yield edge(a, b, "same-recording", 56, says)


def _began(subject: Subject) -> Hashable:
    start = _start(subject)
    return start.clock if start else None


def _are_chapters(a: Subject, b: Subject) -> bool:
    """Whether the camera cut one recording into the two."""
    one, other = ({chapter(to_str(f.name)) for f in s.files} - {None} for s in (a, b))
    return bool(one and other) and one.isdisjoint(other)


def _proxies(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """A film and the small version that the camera wrote beside it."""
    films: dict[str, list[Subject]] = {}
    for subject in subjects:
        if _has_proxy(subject):
            for file in subject.files:
                films.setdefault(bare(to_str(file.name)), []).append(subject)
    for small in subjects:
        stems = {stem for file in small.files for stem in proxy_stems(to_str(file.name))}
        for stem in sorted(stems):
            for film in films.get(stem, ()):
                if _is_as_long(film, small) or _start_clock(film) == _start_clock(small) != "?":
                    says = "The camera names the small version of a film so, and they are as long."
                    yield edge(film, small, "proxy", 58, says)


def _has_proxy(subject: Subject) -> bool:
    return subject.fact.kind is Kind.VIDEO and not subject.is_preview


def _live_by_name(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """A Live Photo whose identifier was lost: one folder, one name, a short film around it."""
    for group in by_place(filter(_is_apples, subjects)):
        for still in (s for s in group if s.is_still):
            for film in (s for s in group if s.fact.kind is Kind.VIDEO):
                apart = seconds_between(still, film)
                is_short = (film.fact.duration_ms or _LIVE_LONGEST_MS + 1) <= _LIVE_LONGEST_MS
                if is_short and apart is not None and apart <= _LIVE_SECONDS:
                    says = (
                        "They lie in one folder with one name, and the short film was taken around"
                        f" {clock_of(still)}."
                    )
                    yield edge(still, film, "live-by-name", 50, says)


def _is_apples(subject: Subject) -> bool:
    return subject.own_time is not None and (subject.tags.make or "").casefold() == "apple"


def _start(subject: Subject) -> Moment | None:
    """When a film says that it began, by what it was born with or an export kept."""
    if subject.fact.kind is not Kind.VIDEO:
        return None
    told = [
        c
        for c in subject.clues
        if c.rejected is None
        and c.trust in (Trust.CERTAIN, Trust.LIKELY)
        and c.rank <= _FILM_RANKS
        and c.moment
        and c.moment.has_time
    ]
    best = min(told, key=lambda clue: clue.rank, default=None)
    return best.moment if best else None


def _is_as_long(a: Subject, b: Subject) -> bool:
    one, other = a.fact.duration_ms, b.fact.duration_ms
    if not one or not other:
        return False
    return abs(one - other) <= max(_SAME_LENGTH_MS, _SAME_LENGTH * max(one, other))


def _start_clock(subject: Subject) -> str:
    start = _start(subject)
    return start.iso().replace("T", " ") if start else "?"
