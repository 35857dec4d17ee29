"""What ties two subjects into one shot, strongest first, each with a sentence.

Pure. An edge is direct support for one pair; components.py joins pairs into shots and
lets a contradiction part them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from indexer.model import Kind
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from indexer.grouping.subject import Subject

# Blocks larger than this are a tag that does not identify anything; arbitrary.
_LARGEST_BLOCK = 50


@dataclass(frozen=True, slots=True)
class Edge:
    """Direct evidence that two subjects are one shot; `a` sorts before `b`."""

    a: Subject
    b: Subject
    kind: str
    strength: int  # higher is stronger; only for the order of joining
    says: str


def edges(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """Every edge among the subjects, strongest kind first."""
    yield from _same_payload(subjects)
    yield from _same_asset(subjects)
    yield from _live_pairs(subjects)
    yield from _same_press(subjects)


def _same_payload(subjects: Sequence[Subject]) -> Iterator[Edge]:
    says = "Their picture data is equal; only metadata differs."
    for first, *others in _blocks(subjects, lambda s: s.fact.payload, largest=None):
        for other in others:
            yield _edge(first, other, "same-payload", 90, says)


def _same_asset(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """Files of one Apple Photos library that carry one asset's UUID."""
    by_asset: dict[tuple[object, str], list[Subject]] = {}
    for subject in subjects:
        for library, uuid in {(a.library, a.uuid) for a in subject.assets}:
            by_asset.setdefault((library, uuid), []).append(subject)
    for (_, uuid), (first, *others) in by_asset.items():
        for other in others:
            says = f"One Photos library keeps both as the asset {uuid.upper()}."
            yield _edge(first, other, "photos-asset", 85, says)


def _live_pairs(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """A still and a film with one ContentIdentifier, nearest folders first."""
    for group in _blocks(subjects, lambda s: s.tags.content_identifier):
        stills = [s for s in group if s.is_still]
        films = [s for s in group if s.fact.kind is Kind.VIDEO]
        identifier = group[0].tags.content_identifier
        for film in films:
            for still in stills:
                yield _edge(
                    still, film, "content-identifier", 80,
                    f"Both carry the Live Photo identifier {identifier}.",
                )  # fmt: skip
        for a, b in combinations(stills, 2):
            says = f"Both stills carry the Live Photo identifier {identifier}."
            yield _edge(a, b, "content-identifier", 70, says)


def _same_press(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """The same device, wall clock with its fraction, and stem."""

    def key(subject: Subject) -> Hashable:
        time = subject.own_time
        if not time or not time.has_time or not subject.device or not subject.is_still:
            return None
        return subject.device, time.clock

    for group in _blocks(subjects, key):
        for a, b in combinations(group, 2):
            common = a.families & b.families
            if common and not contradiction(a, b):
                says = (
                    f"{a.tags.model or a.tags.make} took both at {_time(a)}, and both are named "
                    f"after {display(min(common))}."
                )
                yield _edge(a, b, "same-press", 60, says)


def contradiction(a: Subject, b: Subject) -> str | None:
    """A clause why two subjects can't be one press of the shutter; None: nothing against it."""
    if a.tags.burst_uuid and a.tags.burst_uuid == b.tags.burst_uuid and _differ_in_fraction(a, b):
        return "they are different frames of one burst"
    if a.device and b.device and a.device != b.device:
        return "different cameras took them"
    if _differ_in_fraction(a, b):
        return "the camera gave them different fractions of the second"
    return None


def _differ_in_fraction(a: Subject, b: Subject) -> bool:
    """Whether both give a fraction and they differ at the coarser precision of the two."""
    if not a.own_time or not b.own_time:
        return False
    one, other = a.own_time.fraction, b.own_time.fraction
    # RAW and its companion may be stamped a moment apart (ORIGINALS 2.3).
    if not one or not other or Kind.RAW in (a.fact.kind, b.fact.kind):
        return False
    digits = min(len(one), len(other))
    return one[:digits] != other[:digits]


def _time(subject: Subject) -> str:
    return subject.own_time.iso().replace("T", " ") if subject.own_time else "?"


def _edge(a: Subject, b: Subject, kind: str, strength: int, says: str) -> Edge:
    first, second = sorted((a, b), key=lambda s: s.fact.blake3)
    return Edge(first, second, kind, strength, says)


def _blocks(
    subjects: Iterable[Subject],
    key: Callable[[Subject], Hashable],
    largest: int | None = _LARGEST_BLOCK,
) -> Iterator[list[Subject]]:
    """Subjects that share a key; those without one, and blocks too large to mean anything, not."""
    blocks: dict[Hashable, list[Subject]] = {}
    for subject in subjects:
        value = key(subject)
        if value is not None:
            blocks.setdefault(value, []).append(subject)
    for block in blocks.values():
        if len(block) > 1 and (largest is None or len(block) <= largest):
            yield block
