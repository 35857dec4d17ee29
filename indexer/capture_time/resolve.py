"""Choose a shot's capture time among its clues, and say why each of the others lost.

Pure. The best-ranked clue of the best member wins; its zone is zones.py's; mtime never
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.capture_time.clues import FILE_NAME, Clue, Trust
from indexer.capture_time.zones import with_zone
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.capture_time.moment import Moment


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """When, how we know, and how sure we are; or the reason why we don't know."""

    moment: Moment | None
    source: str
    confidence: Trust
    why: str
    unknown: UnknownTime | None = None
    suggestion: str | None = None  # ISO; shown, never used silently
    suggestion_why: str | None = None


@dataclass(frozen=True, slots=True)
class JudgedClue:
    """A clue with its fate."""

    clue: Clue
    is_used: bool
    says: str


def resolve(members: Sequence[Sequence[Clue]]) -> tuple[CaptureTime, list[JudgedClue]]:
    """The capture time from each member's clues, the original's first."""
    candidates = [
        (position, clue)
        for position, clues in enumerate(members)
        for clue in clues
        if clue.rejected is None and clue.trust is not Trust.NONE
    ]
    # A film header or an XMP document date of the original must not beat the camera's own
    # record in another member, so trust comes before membership where trust is weak.
    best = min(
        candidates,
        key=lambda pair: (pair[1].trust is Trust.WEAK, pair[0], pair[1].rank),
        default=None,
    )
    everything = [clue for clues in members for clue in clues]
    if best is None:
        return _unknown(everything), [_lost(clue, None) for clue in everything]
    chosen = best[1]
    moment, zone_from = with_zone(chosen, everything)
    why = f"{chosen.source} is {chosen.says}{zone_from}."
    confidence = chosen.trust
    time = CaptureTime(moment, chosen.source, confidence, why)
    return time, [_lost(clue, chosen) for clue in everything]


def _unknown(clues: Sequence[Clue]) -> CaptureTime:
    """Nothing to trust: the most telling reason, and a suggestion where a name has a date."""
    reasons = {clue.rejected for clue in clues if clue.trust is not Trust.NONE} - {None}
    order = (UnknownTime.FUTURE, UnknownTime.EPOCH_DEFAULT, UnknownTime.ZERO)
    reason = next((r for r in order if r in reasons), UnknownTime.NO_TAG)
    told = next((c for c in clues if c.rejected is reason and c.trust is not Trust.NONE), None)
    why = f"{told.source} {told.says}." if told else "No file of this shot carries a date."
    hint = next((c for c in clues if c.source == FILE_NAME and not c.rejected), None)
    if hint is None or hint.moment is None:
        return CaptureTime(None, "", Trust.NONE, why, reason)
    says = f"The name {hint.value!r} has a date in it: {hint.says}."
    return CaptureTime(None, "", Trust.NONE, why, reason, hint.moment.iso(), says)


def _lost(clue: Clue, chosen: Clue | None) -> JudgedClue:
    if clue is chosen:
        return JudgedClue(clue, is_used=True, says=f"used: {clue.says}")
    if clue.rejected is not None:
        return JudgedClue(clue, is_used=False, says=f"rejected: {clue.says}")
    if clue.trust is Trust.NONE or chosen is None:
        return JudgedClue(clue, is_used=False, says=clue.says)
    return JudgedClue(clue, is_used=False, says=f"{clue.says}; {chosen.source} ranks above it")
