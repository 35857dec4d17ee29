"""Choose a shot's capture time among its clues, and say why each of the others lost.

Pure. The best-ranked clue of the best member wins; what clues say about each other is
witnesses.py, the zone is zones.py's, other shots come later in siblings.py. The file system's
time never decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.capture_time.clue import FILE_NAME, FOLDER_NAME, Clue, Trust
from indexer.capture_time.witnesses import examined, pardoned, rival, unshifted
from indexer.capture_time.zones import with_zone
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.capture_time.moment import Moment


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """When, how we know, and how sure we are; or the reason why we don't know."""

    moment: Moment | None
    source: str
    confidence: Trust
    why: str
    unknown: UnknownTime | None = None
    suggestion: str | None = (
        None  # ISO, or an interval "2012-05-01/2012-05-03"; never used silently
    )
    suggestion_why: str | None = None
    zone: Trust = Trust.NONE  # how far the offset may be believed; NONE: it is not known
    is_utc: bool = False  # the instant is known, the local clock isn't: the moment is in UTC
    is_zone_disputed: bool = False  # its own records contradict each other about the zone
    was_doubted: bool = False  # its clock looked unset, but a witness spoke for it
    if_clock_was_set: CaptureTime | None = None  # what another shot of the camera may prove

    @property
    def precision(self) -> str | None:
        """As in Moment; None where the time is not known."""
        return None if self.moment is None else self.moment.precision


@dataclass(frozen=True, slots=True)
class JudgedClue:
    """A clue with its fate."""

    clue: Clue
    is_used: bool
    says: str


def resolve(members: Sequence[Sequence[Clue]]) -> tuple[CaptureTime, list[JudgedClue]]:
    """The capture time from each member's clues, the original's first."""
    seen = examined(members)
    time, chosen = _chosen(seen)
    everything = [clue for clues in seen for clue in clues]
    if time.unknown is UnknownTime.EPOCH_DEFAULT:
        time = replace(time, if_clock_was_set=_if_clock_was_set(seen))
    return time, [_lost(clue, chosen) for clue in everything]


def _chosen(members: Sequence[Sequence[Clue]]) -> tuple[CaptureTime, Clue | None]:
    # A film header or an XMP document date of the original must not beat the camera's own
    # record in another member, nor a day a time, so trust comes before membership there.
    candidates = sorted(
        ((position, c) for position, clues in enumerate(members) for c in clues if c.is_usable),
        key=lambda pair: (_is_poor(pair[1]), pair[0], pair[1].rank),
    )
    ranked = [clue for _, clue in candidates]
    everything = [clue for clues in members for clue in clues]
    if not ranked:
        return _unknown(everything), None
    best = unshifted(ranked[0], ranked, everything)
    other = rival(best, ranked)
    if other is not None:
        return _conflict(best, other), None
    zoned = with_zone(best, everything)
    why = f"{best.source} is {best.says}{zoned.says}."
    time = CaptureTime(
        zoned.moment, best.source, best.trust, why, zone=zoned.trust, is_utc=zoned.is_utc,
        is_zone_disputed=zoned.is_disputed, was_doubted=best.was_doubted,
    )  # fmt: skip
    return time, best


def _is_poor(clue: Clue) -> bool:
    return clue.trust is Trust.WEAK or clue.moment is None or not clue.moment.has_time


def _if_clock_was_set(members: Sequence[Sequence[Clue]]) -> CaptureTime | None:
    """The time that it would be if the clock was not at its start but set."""
    believed = [
        [pardoned(c, "other pictures of the camera show") if c.if_true else c for c in clues]
        for clues in members
    ]
    time, _ = _chosen(believed)
    return time if time.moment is not None else None


def _conflict(best: Clue, other: Clue) -> CaptureTime:
    assert best.moment is not None
    assert other.moment is not None
    why = (
        f"{best.source} says {best.moment.iso()} and {other.source} {other.moment.iso()}: more than"
        " a day apart, and no camera has written either."
    )
    says = f"{best.source} is {best.says}."
    return CaptureTime(None, "", Trust.NONE, why, UnknownTime.CONFLICT, best.moment.iso(), says)


def _unknown(clues: Sequence[Clue]) -> CaptureTime:
    """Nothing to trust: the most telling reason, and a suggestion where there is one."""
    reasons = {clue.rejected for clue in clues if clue.trust is not Trust.NONE} - {None}
    order = (UnknownTime.FUTURE, UnknownTime.EPOCH_DEFAULT, UnknownTime.ZERO)
    reason = next((r for r in order if r in reasons), UnknownTime.NO_TAG)
    told = next((c for c in clues if c.rejected is reason and c.trust is not Trust.NONE), None)
    if told is None:
        told = next((c for c in clues if c.is_digitised), None)
    why = _why_unknown(told)
    suggestion, says = _suggestion(clues)
    return CaptureTime(None, "", Trust.NONE, why, reason, suggestion, says)


def _why_unknown(told: Clue | None) -> str:
    if told is None:
        return "No file of this shot carries a date."
    verb = "" if told.rejected is not None else "is "
    return f"{told.source} {verb}{told.says}."


def _suggestion(clues: Iterable[Clue]) -> tuple[str | None, str | None]:
    """What may help a person to date it: a month entered by hand, a name, a folder."""
    known = [clue for clue in clues if not clue.rejected]
    for clue in known:
        if clue.partial and clue.source != FOLDER_NAME:
            return clue.partial, f"{clue.source} is {clue.says}."
    for clue in known:
        if clue.source == FILE_NAME and clue.moment is not None:
            return clue.moment.iso(), f"The name {clue.value!r} has a date in it: {clue.says}."
    for clue in known:
        if clue.source == FOLDER_NAME and clue.partial:
            return clue.partial, f"There is a date in {clue.says}."
    return None, None


def _lost(clue: Clue, chosen: Clue | None) -> JudgedClue:
    if clue is chosen:
        return JudgedClue(clue, is_used=True, says=f"used: {clue.says}")
    if clue.rejected is not None:
        return JudgedClue(clue, is_used=False, says=f"rejected: it {clue.says}")
    if clue.trust is Trust.NONE or chosen is None:
        return JudgedClue(clue, is_used=False, says=clue.says)
    return JudgedClue(clue, is_used=False, says=f"{clue.says}; {_why_lost(clue, chosen)}")


def _why_lost(clue: Clue, chosen: Clue) -> str:
    if _agree(clue.moment, chosen.moment):
        return "it agrees with the one that is used"
    if clue.source == chosen.source:
        return "that of another file comes first"
    return f"{chosen.source} ranks above it"


def _agree(one: Moment | None, other: Moment | None) -> bool:
    """Whether the clocks, or the instants, are equal to the second."""
    if one is None or other is None or one.has_time is not other.has_time:
        return False
    here, there = one.instant(), other.instant()
    return one.clock == other.clock or (here is not None and here == there)
