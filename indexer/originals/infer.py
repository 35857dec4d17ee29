"""From votes to the original of a shot and the roles of the rest.

Pure. The rules vote (rules.py); this file counts and says how sure the outcome is. What each
other member is to the original is roles.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import Confidence
from indexer.originals.roles import role_of
from indexer.originals.rules import votes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.grouping.subject import Subject
    from indexer.model import Role
    from indexer.originals.rules import Vote

_SURE, _LIKELY = 3.0, 1.0  # margins in points (ORIGINALS 3.2)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A shot's original, how sure, and every other subject's role with its sentence."""

    original: Subject
    confidence: Confidence
    is_missing: bool
    why: str
    votes: tuple[Vote, ...]
    roles: tuple[tuple[Subject, Role, str], ...]  # without the original


def judge(subjects: Sequence[Subject]) -> Judgement:
    """Choose the original among the subjects of one shot."""
    candidates = _candidates(subjects)
    cast = {s.content: tuple(votes(s, [o for o in candidates if o is not s])) for s in candidates}
    points = {content: sum(v.points for v in said) for content, said in cast.items()}
    # Level points fall to the digest: arbitrary, but the same on every machine.
    order = sorted(candidates, key=lambda s: (-points[s.content], s.fact.blake3))
    original = order[0]
    margin = points[original.content] - points[order[1].content] if len(order) > 1 else None
    confidence = _confidence(margin)
    missing = original.fact.damage is not None or (original.is_edit or original.is_preview)
    return Judgement(
        original,
        confidence,
        missing,
        _why(original, confidence, margin, is_missing=missing),
        tuple(v for s in order for v in cast[s.content]),
        tuple((s, *role_of(s, original)) for s in subjects if s is not original),
    )


def _candidates(subjects: Sequence[Subject]) -> list[Subject]:
    stills = [s for s in subjects if s.is_still]
    films = [s for s in subjects if not s.is_still and s.fact.damage is None]
    # A library's poster of a film is a still, but does not stand for the film.
    if stills and films and all(still.is_preview for still in stills):
        return films
    return stills or list(subjects)


def _confidence(margin: float | None) -> Confidence:
    if margin is None:
        return Confidence.ONLY
    if margin >= _SURE:
        return Confidence.SURE
    return Confidence.LIKELY if margin >= _LIKELY else Confidence.AMBIGUOUS


def _why(
    original: Subject, confidence: Confidence, margin: float | None, *, is_missing: bool
) -> str:
    if margin is None:
        said = "No other content of its shot could be the original."
    elif confidence is Confidence.AMBIGUOUS:
        said = "The evidence is level; both are kept, this one is shown."
    else:
        said = f"It leads the next member by {margin:g} points."
    if is_missing:
        derived = "an edited version" if original.is_edit else "a library's preview"
        what = original.fact.damage or derived
        said += f" It is {what}: the best that is left, the camera's file is not here."
    return said
