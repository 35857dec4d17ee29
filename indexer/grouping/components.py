"""Join pairs into shots, strongest edge first, so that order never matters.

Pure. Two groups join only where no member of one contradicts a member of the other; an edge
that may not join stays behind and is not evidence of anything. Similarity never chains: looks
alone join two groups only where every part of one resembles every part of the other, or both
look like what a camera's record holds together, and where nothing that is another shot looks
nearly as much like one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.grouping.alike import LOOK, speak_against
from indexer.grouping.contradiction import at_other_time, contradiction
from indexer.grouping.looks import AT_LEAST, CLEARLY, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from indexer.grouping.evidence import Edge
    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId

# Picture data proves; nothing said elsewhere contradicts it.
_PROOF = frozenset({"same-payload", "same-pixels"})
# Identifiers hold although a program wrote another time into one of them.
_IDENTITY = _PROOF | {"photos-asset", "content-identifier", "motion-film", "derived-from"}
# What looks had a say in gives way to what speaks against looks.
_LOOKING = frozenset({"same-second-and-look", "name-and-look", "edit-by-name", "zone-shifted"})


@dataclass(frozen=True, slots=True)
class Group:
    """One shot: its subjects, the edges inside, and what only looks tie to the rest."""

    subjects: list[Subject]
    edges: list[Edge]
    # Subjects that are tied by more than looks, part by part; one part: nothing rests on looks.
    parts: list[list[Subject]]


@dataclass(eq=False, slots=True)
class _Part:
    """Subjects that more than looks ties; a group is one or several."""

    subjects: list[Subject]
    # Those with equal picture data are one witness: a copy with broken metadata has no veto.
    witnesses: list[list[Subject]]
    group: list[_Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = [self]

    @property
    def is_recorded(self) -> bool:
        return any(subject.is_recorded for subject in self.subjects)


def join(subjects: Sequence[Subject], edges: Iterable[Edge], looks: Looks = UNSEEN) -> list[Group]:
    """Every subject in exactly one group."""
    order = sorted(
        edges, key=lambda e: (-e.strength, e.distance, e.a.fact.blake3, e.b.fact.blake3, e.kind)
    )
    part_of = {s.content: _Part([s], [[s]]) for s in subjects}
    kept = [e for e in order if e.kind != LOOK and _join_parts(part_of, e, looks)]
    kept += _ByLooks(part_of, [e for e in order if e.kind == LOOK], looks).kept
    return list(_groups(subjects, kept, part_of))


def _join_parts(part_of: dict[ContentId, _Part], edge: Edge, looks: Looks) -> bool:
    """Whether an edge other than looks lies inside one part, after joining where it may."""
    one, other = part_of[edge.a.content], part_of[edge.b.content]
    is_proof = edge.kind in _PROOF
    if one is not other:
        if not is_proof and _contradict(one, other, lambda a, b: _is_against(a, b, edge, looks)):
            return False
        one.subjects.extend(other.subjects)
        one.witnesses.extend(other.witnesses)
        for subject in other.subjects:
            part_of[subject.content] = one
    if is_proof:
        _become_one_witness(one, edge)
    return True


def _become_one_witness(part: _Part, edge: Edge) -> None:
    a, b = (next(w for w in part.witnesses if s in w) for s in (edge.a, edge.b))
    if a is not b:
        a.extend(b)
        part.witnesses.remove(b)


class _ByLooks:
    """The last step: parts that only looks tie, nearest first."""

    def __init__(
        self, part_of: Mapping[ContentId, _Part], edges: Sequence[Edge], looks: Looks
    ) -> None:
        self._looks = looks
        self._near: dict[_Part, dict[_Part, float]] = {}
        self._answers: dict[tuple[frozenset[_Part], str], bool] = {}
        pairs = [(part_of[e.a.content], part_of[e.b.content], e) for e in edges]
        for one, other, edge in pairs:
            self._near.setdefault(one, {}).setdefault(other, edge.distance)  # the nearest is first
            self._near.setdefault(other, {}).setdefault(one, edge.distance)
        self.kept = [e for one, other, e in pairs if self._is_joined(one, other, e.distance)]

    def _is_joined(self, one: _Part, other: _Part, distance: float) -> bool:
        if one.group is other.group:
            return True
        if not self._may_join(one.group, other.group) or self._has_rival(one, other, distance):
            return False
        one.group.extend(other.group)
        for part in other.group:
            part.group = one.group
        return True

    def _may_join(self, group: Sequence[_Part], other: Sequence[_Part]) -> bool:
        anchors = [part for part in (*group, *other) if part.is_recorded]
        if len(anchors) > 1:
            return False  # their records did not tie them, so looks don't
        return all(
            self._are_one(a, b) or self._are_held(a, b, anchors) for a in group for b in other
        )

    def _are_one(self, a: _Part, b: _Part) -> bool:
        """Whether two parts look like one shot, and nothing speaks against it."""
        return self._resemble(a, b) and not self._contradict(a, b)

    def _are_held(self, a: _Part, b: _Part, anchors: Sequence[_Part]) -> bool:
        """Whether both look like members of one shot that a camera's record holds together."""
        is_held = any(a in self._near[c] and b in self._near[c] for c in anchors)
        return is_held and not self._contradict(a, b)

    def _resemble(self, a: _Part, b: _Part) -> bool:
        return b in self._near[a] or self._pair(
            a,
            b,
            "resemble",
            lambda: any(self._looks.resemble(x, y) for x in a.subjects for y in b.subjects),
        )

    def _contradict(self, a: _Part, b: _Part) -> bool:
        return self._pair(
            a,
            b,
            "contradict",
            lambda: _contradict(a, b, lambda x, y: speak_against(x, y, self._looks)),
        )

    def _pair(self, a: _Part, b: _Part, question: str, answer: Callable[[], bool]) -> bool:
        """What is asked of a pair again and again, answered once."""
        key = (frozenset((a, b)), question)
        if key not in self._answers:
            self._answers[key] = answer()
        return self._answers[key]

    def _has_rival(self, one: _Part, other: _Part, distance: float) -> bool:
        """Whether a third part, which can't be the same shot, looks nearly as much like one."""
        joined = [*one.group, *other.group]
        limit = CLEARLY * distance + AT_LEAST
        return any(
            near < limit and third not in joined and not self._may_join(joined, third.group)
            for part in (one, other)
            for third, near in self._near[part].items()
        )


def _contradict(one: _Part, other: _Part, against: Callable[[Subject, Subject], bool]) -> bool:
    """Whether some witness of one and one of the other can't speak of one press."""
    return any(
        all(against(a, b) for a in said for b in told)
        for said in one.witnesses
        for told in other.witnesses
    )


def _is_against(a: Subject, b: Subject, edge: Edge, looks: Looks) -> bool:
    """Whether something keeps two stills apart, in the face of this edge between their parts."""
    if not (a.is_still and b.is_still):
        return False
    if contradiction(a, b):
        return True
    if edge.kind in _LOOKING:
        return speak_against(a, b, looks)
    # An identifier holds although a person corrected the clock of one of its two files.
    if not at_other_time(a, b):
        return False
    is_excused = edge.kind in _IDENTITY and {a.content, b.content} == {
        edge.a.content,
        edge.b.content,
    }
    # Programs have given one identifier to different pictures (immich#11947).
    return not is_excused or (looks.knows(a) and looks.knows(b) and not looks.resemble(a, b))


def _groups(
    subjects: Sequence[Subject], kept: Iterable[Edge], part_of: dict[ContentId, _Part]
) -> Iterator[Group]:
    """In the order of the subjects; the edges in the order in which they were kept."""
    rank = {s.content: i for i, s in enumerate(subjects)}
    found: dict[int, Group] = {}
    for subject in subjects:
        part = part_of[subject.content]
        group = found.setdefault(id(part.group), Group([], [], []))
        if not any(subject in known for known in group.parts):
            group.parts.append(sorted(part.subjects, key=lambda s: rank[s.content]))
        group.subjects.append(subject)
    for edge in kept:
        found[id(part_of[edge.a.content].group)].edges.append(edge)
    yield from found.values()
