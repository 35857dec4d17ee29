"""What speaks for or against each member as the camera's own file: every rule, in order.

Pure. The rules are in the files by their theme; this one asks them, weighs what they say, and
sees to it that nobody is compared with a member that can't be the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexer.originals import completeness, device_era, editors, films, structure
from indexer.originals.habits import Habits
from indexer.originals.richness import genuine
from indexer.originals.vote import Bench, Verdict, Vote
from indexer.originals.weights import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    films.film_beside,
    editors.imported,
    editors.folders,
    editors.rewritten,
)
# What a file tells against itself in metadata that is easily lost.
_CONFESSIONS: Final = frozenset(
    {
        *("saved-by-editor", "history", "saved-later", "made-by-model", "messenger"),
        *("adobe-segments", "caption-segment", "jfif-first", "pixel-tags"),
    }
)
_NO_HABITS: Final = Habits()


def votes(subject: Subject, others: Sequence[Subject]) -> tuple[Vote, ...]:
    """Every vote on one subject, given the rest of its shot."""
    return ballot([subject, *others])[subject.content]


def ballot(
    candidates: Sequence[Subject], habits: Habits = _NO_HABITS
) -> dict[ContentId, tuple[Vote, ...]]:
    """Every vote on every candidate of one shot, whatever order they come in."""
    candidates = sorted(candidates, key=lambda subject: subject.fact.blake3)
    hard = {c.content: tuple(_said(c, candidates, (), habits, _FEASIBILITY)) for c in candidates}
    able = [c for c in candidates if not is_infeasible(hard[c.content])] or list(candidates)
    beside = _BESIDE if len(candidates) > 1 else ()  # most shots are of one file
    own = {c.content: tuple(_said(c, candidates, able, habits, _OWN)) for c in candidates}
    return {
        c.content: (
            *hard[c.content],
            *own[c.content],
            *_unsaid(
                c,
                own[c.content],
                [v for a in able if _is_mute_beside(c, a) for v in own[a.content]],
            ),
            *_said(c, candidates, able, habits, beside, is_own=False),
        )
        for c in candidates
    }


def _said(
    subject: Subject,
    candidates: Sequence[Subject],
    able: Sequence[Subject],
    habits: Habits,
    rules: Sequence[Rule],
    *,
    is_own: bool = True,
) -> Iterator[Vote]:
    peers = tuple(c for c in candidates if c is not subject)
    bench = Bench(peers, tuple(c for c in able if c is not subject), habits)
    for rule in rules:
        for name, says in rule(subject, bench):
            points, _, verdict = WEIGHTS[name]
            yield Vote(subject, name, points, says, verdict, is_own)


def _unsaid(subject: Subject, own: Sequence[Vote], heard: Sequence[Vote]) -> Iterator[Vote]:
    """What its lost record would have said: to be stripped is not to be innocent."""
    unsaid = _CONFESSIONS - {vote.rule for vote in own}
    for rule, vote in {vote.rule: vote for vote in heard if vote.rule in unsaid}.items():
        says = f"Its record is lost; that of another tells: {vote.says}"
        yield Vote(subject, rule, vote.points, says, vote.verdict)


def _is_mute_beside(subject: Subject, other: Subject) -> bool:
    """Whether it lost the record that another still has of the same picture."""
    if subject is other or subject.tags.has_maker_note or not other.has_metadata:
        return False
    if subject.fact.payload is not None and subject.fact.payload == other.fact.payload:
        return genuine(subject) < genuine(other)
    return not subject.has_metadata


def is_infeasible(cast: Sequence[Vote]) -> bool:
    """Whether a vote rules its subject out as the camera's file."""
    return any(vote.verdict is Verdict.INFEASIBLE for vote in cast)


def is_derived(cast: Sequence[Vote]) -> bool:
    """Whether another program wrote the picture data, for all that speaks for it."""
    own = [vote for vote in cast if vote.is_own]
    is_said = any(vote.verdict is Verdict.DERIVED for vote in own)
    return is_infeasible(cast) or (is_said and sum(vote.points for vote in own) < 0)
