"""What speaks for or against each member as the camera's own file: every rule, in order.

Pure. The rules are in the files by their theme; this one asks them, weighs what they say, and
sees to it that nobody is compared with a member that can't be the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexer.grouping.looks import UNSEEN
from indexer.grouping.size import pixels
from indexer.originals import (
    completeness,
    device_era,
    editors,
    films,
    generations,
    structure,
)
from indexer.originals.habits import NO_HABITS, Habits, camera_of
from indexer.originals.richness import genuine
from indexer.originals.shown import shown
from indexer.originals.software import Software, kind_of, programs_of
from indexer.originals.vote import Bench, Remark, Verdict, Vote
from indexer.originals.weights import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId
    from indexer.originals.vote import Rule

# What rules a member out; asked first, and of the member itself or the names beside it.
_FEASIBILITY: Final[tuple[Rule, ...]] = (
    completeness.damage,
    editors.names,
    device_era.impossible_format,
    device_era.computers_format,
    films.converter,
    completeness.rerendered,
    completeness.motion,
)
# What a member says of itself.
_OWN: Final[tuple[Rule, ...]] = (
    device_era.raw,
    device_era.file_name,
    structure.jpeg_signs,
    structure.heif_signs,
    films.film_signs,
    editors.software,
    generations.saved_again,
    editors.history,
    editors.saved_later,
    editors.declared_source,
    editors.messengers,
)
# What shows only beside the others.
_BESIDE: Final[tuple[Rule, ...]] = (
    device_era.raw_beside,
    completeness.size,
    completeness.turned,
    completeness.maker_notes,
    completeness.record,
    completeness.auxiliaries,
    device_era.camera_format,
    device_era.tables,
    generations.coding,
    generations.loss,
    films.film_beside,
    editors.imported,
    editors.folders,
    editors.rewritten,
)
# What segments tell that go with the captions, and how the picture data is coded.
_SEGMENTS: Final = frozenset({"adobe-segments", "caption-segment"})
_CODED: Final = frozenset({"progressive", "full-chroma"})
# What a file tells against itself in metadata that is lost by saving it again.
_RECORDED: Final = _SEGMENTS | frozenset(
    {"saved-by-editor", "history", "saved-later", "made-by-model", "messenger", "pixel-tags"}
)
# The same, and what is in the file for other programs' sake.
_CONFESSIONS: Final = _RECORDED | frozenset({"jfif-first"})
# What is changed or broken stands behind what tells nothing, though it names its camera.
_MISLEADING: Final = frozenset({"damaged", "edited", "film-cut-off", "scan-copy"})
# Somebody's copies of one photograph are dozens at most. A shot of thousands is a placeholder or
# an empty frame; to weigh each beside each would take hours. Arbitrary.
_MOST_RIVALS: Final = 100


def votes(subject: Subject, others: Sequence[Subject]) -> tuple[Vote, ...]:
    """Every vote on one subject, given the rest of its shot."""
    return ballot([subject, *others])[subject.content]


def ballot(
    candidates: Sequence[Subject], habits: Habits = NO_HABITS, seen: Looks = UNSEEN
) -> dict[ContentId, tuple[Vote, ...]]:
    """Every vote on every candidate of one shot, whatever order they come in."""
    candidates = sorted(candidates, key=lambda subject: subject.fact.blake3)
    beside = _foremost(candidates)
    hard = _ruled_out(candidates, beside, habits)
    able = _foremost(
        [c for c in candidates if not is_infeasible(hard[c.content])] or list(candidates)
    )
    own = {c.content: tuple(_said(c, beside, able, habits, _OWN)) for c in candidates}
    cast = {c.content: (*hard[c.content], *own[c.content]) for c in candidates}
    if len(candidates) == 1:  # most shots are of one file
        return cast
    looks = shown(candidates, able, seen)
    said = dict(cast)
    for c in candidates:
        cast[c.content] += (
            *_unsaid(c, able, said, seen),
            *_said(c, beside, able, habits, _BESIDE, is_own=False),
            *_weighed(c, looks.get(c.content, ()), is_own=False),
        )
    return cast


def _ruled_out(
    candidates: Sequence[Subject], beside: Sequence[Subject], habits: Habits
) -> dict[ContentId, tuple[Vote, ...]]:
    """What rules each out; last for those that tell nothing, beside all that may speak."""
    hard = {c.content: tuple(_said(c, beside, (), habits, _FEASIBILITY)) for c in candidates}
    heard = _foremost(
        [c for c in candidates if not _MISLEADING & {v.rule for v in hard[c.content]}]
    )
    return {
        c.content: (*hard[c.content], *_said(c, beside, heard, habits, (completeness.silent,)))
        for c in candidates
    }


def _foremost(subjects: Sequence[Subject]) -> Sequence[Subject]:
    """Beside whom to weigh each: all, or the most promising where there are too many."""
    if len(subjects) <= _MOST_RIVALS:
        return subjects
    return sorted(subjects, key=lambda s: (-pixels(s), not s.tags.has_maker_note, s.fact.blake3))[
        :_MOST_RIVALS
    ]


def _said(
    subject: Subject,
    beside: Sequence[Subject],
    able: Sequence[Subject],
    habits: Habits,
    rules: Sequence[Rule],
    *,
    is_own: bool = True,
) -> Iterator[Vote]:
    peers = tuple(c for c in beside if c is not subject)
    bench = Bench(peers, tuple(c for c in able if c is not subject), habits)
    for rule in rules:
        yield from _weighed(subject, rule(subject, bench), is_own=is_own)


def _weighed(subject: Subject, remarks: Iterable[Remark], *, is_own: bool) -> Iterator[Vote]:
    for name, says in remarks:
        points, _, verdict = WEIGHTS[name]
        yield Vote(subject, name, points, says, verdict, is_own)


def _unsaid(
    subject: Subject,
    able: Sequence[Subject],
    said: Mapping[ContentId, tuple[Vote, ...]],
    seen: Looks,
) -> Iterator[Vote]:
    """What its lost record would have said: to be stripped is not to be innocent."""
    own = {vote.rule for vote in said[subject.content]}
    lost = {
        vote.rule: vote
        for other in able
        for vote in said[other.content]
        if vote.rule not in own and vote.rule in _shared(subject, other, said, seen)
    }
    for rule, vote in lost.items():
        says = f"It shares what another tells of itself: {vote.says}"
        yield Vote(subject, rule, vote.points, says, vote.verdict)
    if _RECORDED & lost.keys():
        says = "It lost some of what another tells of how the picture was made."
        yield from _weighed(subject, [Remark("thinner-record", says)], is_own=False)


def _shared(
    subject: Subject,
    other: Subject,
    said: Mapping[ContentId, tuple[Vote, ...]],
    seen: Looks,
) -> frozenset[str]:
    """Which of the other's signs are this one's too, as one was made from the other."""
    rules, others = ({vote.rule for vote in said[s.content]} for s in (subject, other))
    if subject is other or _hold_one_payload(subject, other):
        is_mute = subject is not other and _is_mute_beside(subject, other, seen)
        return _CONFESSIONS if is_mute else frozenset()
    have_one_editor = bool(_editors(subject) & _editors(other)) and subject.camera == other.camera
    if (have_one_editor and "saved-again" in rules) or (
        "rerendered" in rules & others and camera_of(subject) == camera_of(other)
    ):
        return _CONFESSIONS | _CODED
    if _is_mute_beside(subject, other, seen):
        return _CONFESSIONS | _CODED
    return _SEGMENTS if have_one_editor else frozenset()


def _is_mute_beside(subject: Subject, other: Subject, seen: Looks) -> bool:
    """Whether it lost the record that another still has of the same picture."""
    if subject is other or subject.tags.has_maker_note or not _speaks(other):
        return False
    if _hold_one_payload(subject, other):
        return genuine(subject) < genuine(other)
    is_born_mute = not other.has_metadata and _may_be_drawn(subject, seen)
    return not _speaks(subject) and not is_born_mute


def _may_be_drawn(subject: Subject, seen: Looks) -> bool:
    """Whether it may be a screen or a drawing, which is a PNG from birth and tells nothing."""
    is_photograph = seen.knows(subject) and not seen.is_drawn(subject)
    return subject.fact.extension == "png" and not is_photograph


def _hold_one_payload(one: Subject, other: Subject) -> bool:
    return one.fact.payload is not None and one.fact.payload == other.fact.payload


def _speaks(subject: Subject) -> bool:
    return subject.has_metadata or bool(_editors(subject))


def _editors(subject: Subject) -> set[str]:
    tags = subject.tags
    return {name for name in programs_of(tags) if kind_of(name, tags.make) is Software.EDITOR}


def is_infeasible(cast: Sequence[Vote]) -> bool:
    """Whether a vote rules its subject out as the camera's file."""
    return any(vote.verdict is Verdict.INFEASIBLE for vote in cast)


def is_derived(cast: Sequence[Vote]) -> bool:
    """Whether another program wrote the picture data, for all that speaks for it."""
    own = [vote for vote in cast if vote.is_own]
    is_said = any(vote.verdict is Verdict.DERIVED for vote in own)
    return is_infeasible(cast) or (is_said and sum(vote.points for vote in own) < 0)
