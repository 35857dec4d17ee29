"""Ties that rest on looks: of files named alike, and of looks alone.

Pure. Looks are necessary and never sufficient: frames a tenth of a second apart look the same.
So looks alone tie only a file that lost the camera's record, only to one shot (components.py),
and never two pictures that one program saved alike.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from indexer.grouping.contradiction import are_numbered_apart, at_other_time, contradiction
from indexer.grouping.evidence import Edge, by_place, edge, shared_name
from indexer.grouping.names import Mark
from indexer.grouping.size import same_shape
from indexer.grouping.tie import Tie

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.grouping.looks import Looks, Near
    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key

LOOK = "look"


def by_looks(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """Every edge that needs looks and no camera's clock."""
    yield from _named_alike(subjects, looks)
    yield from _looking_alike(subjects, looks)
    yield from _backs(subjects)


def keys(subject: Subject) -> Iterator[Key]:
    """Under what the ties by name of this file are found; pairs that are near are known."""
    if subject.is_still:
        yield from ((Tie.STILLS_OF_PLACE, place) for place in subject.places)


def _named_alike(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """Files of one folder that are named after one and look alike, where no clock speaks."""
    for group in by_place(s for s in subjects if s.is_still):
        for a, b in combinations(group, 2):
            if (a.own_time and b.own_time) or contradiction(a, b):
                continue
            if looks.same(a, b) and same_shape(a, b):
                # Programs number screens and pages, too, and those differ in a few letters.
                if _is_photograph(a, b, looks) or a.bare_names & b.bare_names:
                    says = f"They lie in one folder, are named after {shared_name(a, b)} and look the same."
                    yield edge(a, b, "name-and-look", 48, says)
            elif (a.is_edit or b.is_edit) and looks.weak(a, b):
                says = (
                    f"They lie in one folder, one is named as an edited {shared_name(a, b)}, and they"
                    " look much alike."
                )
                yield edge(a, b, "edit-by-name", 46, says)


def _backs(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """The back of a print, which the scanner named after its front."""
    for group in by_place(s for s in subjects if s.is_still):
        for back in (s for s in group if Mark.BACK in s.marks):
            for front in (s for s in group if Mark.BACK not in s.marks):
                if front.camera == back.camera and not front.is_edit:
                    says = f"The scanner named one as the back of the print {shared_name(front, back)}."
                    yield edge(front, back, "print-back", 47, says)


def _looking_alike(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    known = {s.content: s for s in subjects}
    for pair in looks.near:
        a, b = known.get(pair.a), known.get(pair.b)
        if a is None or b is None or not _may_be_one(a, b, looks):
            continue
        yield Edge(a, b, LOOK, 30, _sentence(a, b, pair), pair.residual)


def _may_be_one(a: Subject, b: Subject, looks: Looks) -> bool:
    """Whether nothing but looks speaks of the two, and nothing against it."""
    # Of another shape it was squeezed: a crop does not look the same.
    if (a.is_recorded and b.is_recorded) or speak_against(a, b, looks):
        return False
    return _is_photograph(a, b, looks)


def _is_photograph(a: Subject, b: Subject, looks: Looks) -> bool:
    """Whether looks tell enough: screens and pages differ in a few letters, which they don't show."""
    return not (looks.is_drawn(a) or looks.is_drawn(b))


def speak_against(a: Subject, b: Subject, looks: Looks) -> bool:
    """Whether something keeps the two apart, however alike they look."""
    if not (a.is_still and b.is_still):
        return False
    if contradiction(a, b) or at_other_time(a, b) or are_numbered_apart(a, b):
        return True
    return looks.are_frames(a, b)


def _sentence(a: Subject, b: Subject, pair: Near) -> str:
    turned = f", once one is {pair.turned}" if pair.turned else ""
    who = "one of them" if a.is_recorded or b.is_recorded else "neither"
    return (
        f"They look the same{turned} (difference {pair.residual:.1f} of 255), and {who}"
        f" {'lost' if who != 'neither' else 'has'} the camera's record."
    )
