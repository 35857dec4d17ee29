"""What one clue of a shot says about another: that it may be true, a copy, older, or shifted.

Pure: the clues of one shot in, the same clues out, with what the others prove. Which of them is
used is resolve.py's. A copy of a clue is no witness for it: programs hand dates on.
Facts: ORIGINALS.md sections 1.2, 1.4 and 1.10, and rows 49 and 68 of its table.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from indexer.capture_time.clue import FILE_NAME, SATELLITES, Clue, Trust
from indexer.capture_time.moment import offset_between, offset_within
from indexer.capture_time.places import offset_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.capture_time.moment import Moment

_DAY: Final = timedelta(hours=24)
_ZONES: Final = timedelta(hours=14)
_SAME_SECOND: Final = 1.0  # fractions are cut off, not rounded
_SHORTEST_STEP: Final = timedelta(minutes=15)  # between two zones


def examined(members: Sequence[Sequence[Clue]]) -> list[list[Clue]]:
    """The clues of a shot, each seen in the light of the others."""
    pardoned = [[_spoken_for(clue, members) for clue in clues] for clues in members]
    everything = [clue for clues in pardoned for clue in clues]
    doubtful = [clue for clue in everything if clue.rejected is not None and clue.if_true]
    digitised = [clue for clue in everything if clue.is_digitised]
    return [
        [_unless_copied(_unless_of_scan(clue, digitised), doubtful) for clue in clues]
        for clues in pardoned
    ]


def pardoned(clue: Clue, witness: str) -> Clue:
    """A clue that was rejected for its looks, believed; one step less than otherwise."""
    trust = Trust.LIKELY if clue.trust is Trust.CERTAIN else clue.trust
    says = f"{clue.if_true}; {witness} that the clock was set"
    return replace(clue, rejected=None, trust=trust, says=says, if_true="", was_doubted=True)


def _spoken_for(clue: Clue, members: Sequence[Sequence[Clue]]) -> Clue:
    if clue.rejected is None or not clue.if_true or clue.moment is None:
        return clue
    for other in (other for clues in members for other in clues):
        if _is_witness(other, clue, clue.moment):
            return pardoned(clue, f"{other.source} shows")
    return clue


def _is_witness(other: Clue, clue: Clue, moment: Moment) -> bool:
    """Whether a clue that does not go back to the same clock tells the same day."""
    if other.moment is None or not other.is_usable or not _are_near(other.moment, moment):
        return False
    # Satellites have their own clock, and names by date are given by phones, which have the
    # network's.
    if other.source == SATELLITES or (other.source == FILE_NAME and other.is_device):
        return True
    return other.file != clue.file and not is_copy(other.moment, moment)


def is_copy(one: Moment, other: Moment) -> bool:
    """Whether two readings are of one clock: the same, but for an offset, to the second."""
    if not one.has_time or not other.has_time:
        return one.clock.date() == other.clock.date() and one.has_time == other.has_time
    apart = abs((one.clock - other.clock).total_seconds()) <= _SAME_SECOND
    return apart or any(
        offset_within(_SAME_SECOND, a, b) is not None for a, b in ((one, other), (other, one))
    )


def _are_near(one: Moment, other: Moment) -> bool:
    if not one.has_time or not other.has_time:
        return abs(one.clock.date() - other.clock.date()) <= _DAY
    return abs(one.clock - other.clock) <= _ZONES


def _unless_of_scan(clue: Clue, digitised: Iterable[Clue]) -> Clue:
    """A date that a scan's other records have from the scanner is the scanner's."""
    if not clue.is_usable or clue.moment is None or clue.is_digitised:
        return clue
    for scan in digitised:
        if scan.moment is not None and abs(clue.moment.clock - scan.moment.clock) < _DAY + _ZONES:
            says = f"the day of digitisation too, as {scan.source} has it"
            return replace(clue, trust=Trust.NONE, says=says, is_digitised=True)
    return clue


def _unless_copied(clue: Clue, doubtful: Iterable[Clue]) -> Clue:
    """What repeats a clock that is not believed is not believed either."""
    if not clue.is_usable or clue.moment is None:
        return clue
    for source in doubtful:
        if source.moment is not None and is_copy(clue.moment, source.moment):
            says = f"repeats {source.source}, which {source.says}"
            return replace(clue, rejected=source.rejected, says=says)
    return clue


def rival(chosen: Clue, everything: Iterable[Clue]) -> Clue | None:
    """A clue as good as the chosen one that tells another day, where neither is a camera's."""
    if chosen.trust is Trust.CERTAIN or chosen.is_device:
        return None
    peers = [
        other
        for other in everything
        if other.is_usable
        and not other.is_device
        and (other.trust is Trust.WEAK) == (chosen.trust is Trust.WEAK)
        and _disagree(chosen, other)
    ]
    return min(peers, key=lambda clue: clue.rank, default=None)


def _disagree(one: Clue, other: Clue) -> bool:
    """Whether two clues are more than a day apart, and more than zones explain."""
    if one.moment is None or other.moment is None:
        return False
    instants = one.moment.instant(), other.moment.instant()
    if instants[0] is not None and instants[1] is not None:
        return abs(instants[0] - instants[1]) > _DAY
    is_day_only = not (one.moment.has_time and other.moment.has_time)
    slack = _DAY + _ZONES + (_DAY if is_day_only else timedelta(0))
    return abs(one.moment.clock - other.moment.clock) > slack


def unshifted(chosen: Clue, candidates: Iterable[Clue], everything: Sequence[Clue]) -> Clue:
    """The chosen record, or that of a copy from which it differs by a zone and which is coherent.

    Programs that move clocks from zone to zone leave the place and the satellites as they were.
    """
    moment = chosen.moment
    if moment is None or chosen.trust is not Trust.CERTAIN or _is_coherent(chosen, everything):
        return chosen
    for other in candidates:
        if other.trust is not Trust.CERTAIN or other.file == chosen.file or other.moment is None:
            continue
        is_moved = abs(other.moment.clock - moment.clock) >= _SHORTEST_STEP
        is_shifted = is_moved and is_copy(other.moment, moment)
        if is_shifted and _is_coherent(other, everything):
            return other
    return chosen


def _is_coherent(clue: Clue, everything: Sequence[Clue]) -> bool:
    """Whether two independent witnesses of a clock's zone agree, and none disagrees."""
    moment = clue.moment
    if moment is None:
        return False
    here = offset_here(*clue.where, moment.clock) if clue.where else None
    told = [
        moment.offset_min,
        None if here is None else here.minutes,
        *(hint.minutes for hint in clue.hints if not hint.may_be_default),
        *(
            offset_between(moment, other.moment)
            for other in everything
            if other.file == clue.file and other.source == SATELLITES and other.moment is not None
        ),
    ]
    offsets = [offset for offset in told if offset is not None]
    return len(offsets) > 1 and len(set(offsets)) == 1
