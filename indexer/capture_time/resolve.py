"""Choose a shot's capture time among its clues, and say why each of the others lost.

Pure. The best-ranked clue of the best member wins; a clock without a zone takes it from
evidence (satellites, the pair's other half) or stays without; mtime never decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.capture_time.clues import FILE_NAME, Clue, Trust
from indexer.capture_time.moment import Moment, iso_offset, offset_between
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# A Live Photo's film begins up to three seconds before its still (ORIGINALS 2.1); a copy's
# clock reads the same.
_PARTNER_SECONDS = 6


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
    moment, zone_from = _with_zone(chosen, everything)
    why = f"{chosen.source} is {chosen.says}{zone_from}."
    confidence = chosen.trust
    time = CaptureTime(moment, chosen.source, confidence, why)
    return time, [_lost(clue, chosen) for clue in everything]


def _with_zone(chosen: Clue, everything: Iterable[Clue]) -> tuple[Moment, str]:
    """The chosen moment on its local clock, and where its zone came from."""
    moment = chosen.moment
    assert moment is not None
    if chosen.is_utc:
        return _on_local_clock(moment, everything)
    if moment.offset_min is not None:
        return moment, ""
    return (
        _by_satellites(moment, chosen, everything)
        or _by_partner(moment, everything)
        or (moment, "; its zone is not known")
    )


def _on_local_clock(instant: Moment, everything: Iterable[Clue]) -> tuple[Moment, str]:
    """An instant, moved to the zone that another clue of the shot tells."""
    for other in everything:
        offset = _told_offset(other)
        if offset is not None:
            return instant.moved_to(offset), f", moved to the zone of {other.source}"
    return instant.at(0), "; the local clock is not known, so it is given in UTC"


def _by_satellites(
    moment: Moment, chosen: Clue, everything: Iterable[Clue]
) -> tuple[Moment, str] | None:
    """The zone that explains this file's clock beside this file's GPS time."""
    for other in everything:
        if other.file != chosen.file or other.source != "GPS:GPSDateTime" or other.rejected:
            continue
        offset = offset_between(moment, other.moment) if other.moment else None
        if offset is not None:
            says = f"; the zone {iso_offset(offset)} follows from the satellites' time"
            return moment.at(offset), says
    return None


def _by_partner(moment: Moment, everything: Iterable[Clue]) -> tuple[Moment, str] | None:
    """The zone of the pair's other half, or of a copy that kept it, within a few seconds."""
    for other in everything:
        offset = _told_offset(other)
        if offset is None or other.moment is None or other.trust is not Trust.CERTAIN:
            continue
        apart = abs((other.moment.clock - moment.clock).total_seconds())
        if apart <= _PARTNER_SECONDS:
            return moment.at(offset), f"; the zone is that of {other.source}"
    return None


def _told_offset(clue: Clue) -> int | None:
    """The offset that a clue gives by itself, if it may be believed."""
    if clue.rejected or clue.is_utc or clue.moment is None or clue.trust is Trust.NONE:
        return None
    return clue.moment.offset_min


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
    says = f"The name {hint.value!r} has a date in it."
    return CaptureTime(None, "", Trust.NONE, why, reason, hint.moment.iso(), says)


def _lost(clue: Clue, chosen: Clue | None) -> JudgedClue:
    if clue is chosen:
        return JudgedClue(clue, is_used=True, says=f"used: {clue.says}")
    if clue.rejected is not None:
        return JudgedClue(clue, is_used=False, says=f"rejected: {clue.says}")
    if clue.trust is Trust.NONE or chosen is None:
        return JudgedClue(clue, is_used=False, says=clue.says)
    return JudgedClue(clue, is_used=False, says=f"{clue.says}; {chosen.source} ranks above it")
