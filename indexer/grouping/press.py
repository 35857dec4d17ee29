"""What the camera's clock says: stills of one press of the shutter.

Pure. Films are recordings.py. A clock alone proves nothing, since a camera takes several frames a second: names, the
fraction of the second or looks must agree with it (ORIGINALS.md section 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from indexer.grouping.contradiction import (
    QUARTER_MIN,
    RAW_SLACK,
    are_numbered_apart,
    contradiction,
    is_zone_shift,
)
from indexer.grouping.evidence import (
    Edge,
    blocks,
    by_place,
    camera_of,
    clock_of,
    edge,
    seconds_between,
    shared_name,
)
from indexer.grouping.looks import AT_LEAST, CLEARLY
from indexer.grouping.names import Mark
from indexer.grouping.size import are_saved_alike, same_shape
from indexer.grouping.tie import LARGEST_SECOND, Tie
from indexer.model import Kind

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key

_FEWEST_DIGITS = 2  # of the second; tenths are equal by chance
_SHIFT_BLOCK_S = 6
_LONGEST_SHIFT = timedelta(hours=26)


def by_clock(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """Every edge that the cameras' clocks give."""
    for second in blocks(subjects, _second, LARGEST_SECOND):
        for a, b in combinations(second, 2):
            yield from _same_press(a, b, looks)
        yield from _same_second(second, looks)
    for second in blocks(subjects, _rounded_second, LARGEST_SECOND):
        for a, b in combinations(second, 2):
            if seconds_between(a, b):
                yield from _same_press(a, b, looks)
    yield from _raw_pairs(subjects)
    yield from _shifted_by_zones(subjects, looks)


def keys(subject: Subject) -> Iterator[Key]:
    """Under what the ties of this file are found."""
    if (second := _second(subject)) is not None:
        yield Tie.SECOND, second
        yield Tie.ROUNDED_SECOND, _rounded_second(subject)
    if _may_be_pair(subject):
        yield from ((Tie.PRESSES_OF_PLACE, place) for place in subject.places)
    for early in _EARLY:
        block = _shift_block(subject, early)
        if block is not None and subject.own_time:
            turn = (subject.own_time.clock - datetime.min) // _LONGEST_SHIFT  # noqa: DTZ901
            digits = subject.own_time.telling_fraction[:_FEWEST_DIGITS]
            agrees = [*subject.stems, *([digits] if len(digits) == _FEWEST_DIGITS else [])]
            # Two that are no further apart than a turn share one of their two turns.
            yield from (
                (Tie.SHIFTED, (block, t, said)) for t in (turn, turn + 1) for said in agrees
            )


def _second(subject: Subject) -> Hashable:
    time = subject.own_time
    return time.clock if time and time.has_time and subject.is_still else None


def _rounded_second(subject: Subject) -> Hashable:
    """The second, rounded up where a fraction says so, as some exports do."""
    time = subject.own_time
    if not time or not time.has_time or not subject.is_still:
        return None
    return time.clock + timedelta(seconds=time.fraction[:1] >= "5")


def _same_press(a: Subject, b: Subject, looks: Looks) -> Iterator[Edge]:
    if contradiction(a, b) or not (a.camera or b.camera):
        return
    common = a.stems & b.stems
    if common and not _looks_deny(a, b, looks):
        says = f"{camera_of(a, b)} took both at {clock_of(a)}, and both are named after {shared_name(a, b)}."
        yield edge(a, b, "same-press", 60, says)
    elif _is_same_fraction(a, b) and same_shape(a, b) and _likeness(a, b, looks):
        says = f"{camera_of(a, b)} took both at {clock_of(a)}, to the fraction of the second."
        yield edge(a, b, "same-instant", 55, says)


def _looks_deny(a: Subject, b: Subject, looks: Looks) -> bool:
    """Whether pictures of one name and second look like two: programs number what they export."""
    if a.is_edit or b.is_edit or a.bare_names & b.bare_names:
        return looks.are_frames(a, b)
    if looks.knows(a) and looks.knows(b):
        return looks.are_frames(a, b) or not looks.resemble(a, b)
    return Mark.COPY in a.marks and Mark.COPY in b.marks


@dataclass(frozen=True, slots=True)
class _Likely:
    a: Subject
    b: Subject
    distance: float
    says: str


def _same_second(second: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """Pictures of one second that look alike, where no other of the second looks as much so."""
    found = [
        likely for a, b in combinations(second, 2) if (likely := _likely(a, b, looks)) is not None
    ]
    for pair in found:
        if not any(_is_rival(pair, other, looks) for other in found if other is not pair):
            says = f"{camera_of(pair.a, pair.b)} took both in the second {clock_of(pair.a)}, and {pair.says}."
            yield edge(pair.a, pair.b, "same-second-and-look", 44, says)


def _likely(a: Subject, b: Subject, looks: Looks) -> _Likely | None:
    if not (a.camera or b.camera) or contradiction(a, b) or are_numbered_apart(a, b):
        return None
    if a.stems & b.stems or (_is_same_fraction(a, b) and same_shape(a, b)):
        return None  # these are told by more than looks, or denied
    # Frames of a burst come out of the camera alike; what was saved again does not.
    if a.tags.burst_uuid or b.tags.burst_uuid or are_saved_alike(a, b):
        return None
    told = _likeness(a, b, looks)
    return told and _Likely(a, b, *told)


def _is_rival(pair: _Likely, other: _Likely, looks: Looks) -> bool:
    """Whether one of the pair looks nearly as much like a third that is not the other."""
    shared = {pair.a.content, pair.b.content} & {other.a.content, other.b.content}
    if len(shared) != 1 or other.distance >= CLEARLY * pair.distance + AT_LEAST:
        return False
    (known,) = shared
    mate = pair.b if pair.a.content == known else pair.a
    third = other.b if other.a.content == known else other.a
    return (
        contradiction(mate, third) is not None
        or are_numbered_apart(mate, third)
        or looks.are_frames(mate, third)
    )


def _likeness(a: Subject, b: Subject, looks: Looks) -> tuple[float, str] | None:
    """How different two stills of one second look, and a clause; None where they may be two."""
    look = looks.same(a, b)
    if look:
        return look.residual, f"they look the same (difference {look.residual:.1f} of 255)"
    turn = looks.turned(a, b)
    if turn:
        return 0.0, f"they look the same once one is {turn}"
    look = looks.weak(a, b)
    return (look.residual, "they look much alike") if look else None


def _is_same_fraction(a: Subject, b: Subject) -> bool:
    """Whether both tell hundredths and agree; three zeros are a camera that counts none."""
    fractions = [s.own_time.telling_fraction if s.own_time else "" for s in (a, b)]
    digits = min(map(len, fractions))
    if digits < _FEWEST_DIGITS:
        return False
    return fractions[0][:digits] == fractions[1][:digits]


def _may_be_pair(subject: Subject) -> bool:
    return bool(subject.is_still and subject.own_time and subject.camera)


def _raw_pairs(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """RAW and what the camera wrote beside it may be stamped in two seconds."""
    for group in by_place(filter(_may_be_pair, subjects)):
        for a, b in combinations(group, 2):
            if Kind.RAW not in (a.fact.kind, b.fact.kind) or contradiction(a, b):
                continue
            apart = seconds_between(a, b)
            if apart is not None and 0 < apart <= RAW_SLACK.total_seconds():
                says = (
                    f"{camera_of(a, b)} wrote both, in one folder, {apart:g} s apart and named after"
                    f" {shared_name(a, b)}."
                )
                yield edge(a, b, "same-press", 60, says)


def _shifted_by_zones(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """The same clock but for a zone: a program moved one of them (ORIGINALS 2.1, 13)."""
    for early in _EARLY:
        for group in blocks(subjects, partial(_shift_block, early=early), largest=None):
            yield from _shifted_pairs(group, looks)


# Half a block apart: clocks two seconds apart share one of the two blocks.
_EARLY = (0, _SHIFT_BLOCK_S // 2)


def _shift_block(subject: Subject, early: int) -> Hashable:
    time = subject.own_time
    if not time or not time.has_time or not subject.camera or not subject.is_still:
        return None
    seconds = time.clock.minute % QUARTER_MIN * 60 + time.clock.second
    return subject.camera, early, (seconds + early) // _SHIFT_BLOCK_S


def _shifted_pairs(group: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    for a, b in _shifted(group):
        # A timer that fires on the hour gives the same pattern, so more must agree.
        agrees = a.stems & b.stems or _is_same_fraction(a, b)
        if agrees and not contradiction(a, b) and looks.same(a, b) and same_shape(a, b):
            says = (
                f"{camera_of(a, b)} took both; their clocks, {clock_of(a)} and {clock_of(b)}, differ"
                " by a zone, and they look the same."
            )
            yield edge(a, b, "zone-shifted", 42, says)


def _shifted(group: Sequence[Subject]) -> Iterator[tuple[Subject, Subject]]:
    """Pairs within a day of each other, in order of time so that few are tried."""
    in_order = sorted(group, key=lambda s: (s.own_time.clock if s.own_time else 0, s.fact.blake3))
    for position, a in enumerate(in_order):
        for b in in_order[position + 1 :]:
            if not a.own_time or not b.own_time:
                continue
            if b.own_time.clock - a.own_time.clock > _LONGEST_SHIFT:
                break
            if a.own_time.clock != b.own_time.clock and is_zone_shift(a.own_time, b.own_time):
                yield a, b
