"""Join pairs into shots, strongest edge first, so that order never matters.

Pure. Two groups join only where no member of one contradicts a member of the other;
an edge that may not join stays behind and is not evidence of anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.grouping.evidence import Edge, contradiction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.grouping.subject import Subject
    from indexer.model import ContentId

# Bytes and payloads prove; nothing said elsewhere contradicts them.
_PROOF = frozenset({"same-payload"})


def join(
    subjects: Sequence[Subject], edges: Iterable[Edge]
) -> list[tuple[list[Subject], list[Edge]]]:
    """Shots as (subjects, the edges inside), each subject in exactly one."""
    group_of: dict[ContentId, list[Subject]] = {s.content: [s] for s in subjects}
    kept: list[Edge] = []
    order = sorted(edges, key=lambda e: (-e.strength, e.a.fact.blake3, e.b.fact.blake3, e.kind))
    for edge in order:
        one, other = group_of[edge.a.content], group_of[edge.b.content]
        if one is not other:
            if edge.kind not in _PROOF and _contradict(one, other):
                continue
            one.extend(other)
            for subject in other:
                group_of[subject.content] = one
        kept.append(edge)
    shots: dict[int, tuple[list[Subject], list[Edge]]] = {}
    for subject in subjects:
        group = group_of[subject.content]
        shots.setdefault(id(group), ([], []))[0].append(subject)
    for edge in kept:
        shots[id(group_of[edge.a.content])][1].append(edge)
    return list(shots.values())


def _contradict(one: Iterable[Subject], other: Sequence[Subject]) -> bool:
    return any(a.is_still and b.is_still and contradiction(a, b) for a in one for b in other)
