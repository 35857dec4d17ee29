"""The zone of a chosen clock, from evidence alone; without evidence it stays unknown.

In this order: the offset written for that very tag, what the camera's own notes say of its
zone, the place where it was taken, the satellites' time beside the clock, the other half of
a pair, Google's instant. Place and satellites that disagree tell nothing. Never UTC by
assumption; neighbours in the folder come later, in siblings.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from indexer.capture_time.clue import SATELLITES, TAKEOUT, Clue, Trust
from indexer.capture_time.moment import Moment, iso_offset, offset_between
from indexer.capture_time.places import offset_here, zone_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.capture_time.places import PlaceOffset

# A Live Photo's film begins up to three seconds before its still (ORIGINALS 2.1); a copy's
# clock reads the same.
_PARTNER_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Zoned:
    """A moment on its local clock, as far as that is known."""

    moment: Moment
    says: str  # a clause about where the zone came from; "" where the tag itself had it
    trust: Trust  # how far the offset may be believed; NONE where it is not known
    is_utc: bool = False  # an instant whose local clock stays unknown
    is_disputed: bool = False  # two records name different zones


# How a sentence ends that siblings.py may know better.
ZONE_UNKNOWN = "; its zone is not known"
CLOCK_UNKNOWN = "; the local clock is not known, so it is given in UTC"


def with_zone(chosen: Clue, everything: Sequence[Clue]) -> Zoned:
    """The chosen moment on its local clock, and where its zone came from."""
    moment = chosen.moment
    assert moment is not None
    if chosen.is_utc or _is_instant_after_all(chosen, everything):
        return _on_local_clock(moment.at(0), chosen, everything)
    if moment.offset_min is not None:
        return Zoned(moment, "", Trust.CERTAIN)
    return (
        _by_camera(moment, chosen, may_be_default=False)
        or _by_place_and_satellites(moment, chosen, everything)
        or _by_partner(moment, everything)
        or _by_takeout(moment, everything)
        or _by_camera(moment, chosen, may_be_default=True)
        or Zoned(moment, ZONE_UNKNOWN, Trust.NONE)
    )


def _is_instant_after_all(chosen: Clue, everything: Sequence[Clue]) -> bool:
    """Whether a bare UTC, not believed by itself, is what the satellites say too."""
    return chosen.is_zone_doubted and _by_satellites(chosen, everything) == 0


def _on_local_clock(instant: Moment, chosen: Clue, everything: Sequence[Clue]) -> Zoned:
    """An instant, moved to the zone of its place or to one that another clue tells."""
    where = _place(chosen, everything)
    zone = zone_at(*where) if where else None
    if where and zone:
        local = instant.clock.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        here = offset_here(*where, local)
        if here is not None:
            says = f", moved to the zone of its place, {here.zone}"
            return Zoned(instant.moved_to(here.minutes), says, Trust.CERTAIN)
    for other in everything:
        offset = _told_offset(other)
        if offset is not None:
            says = f", moved to the zone of {other.source}"
            return Zoned(instant.moved_to(offset), says, Trust.LIKELY)
    return Zoned(instant, CLOCK_UNKNOWN, Trust.NONE, is_utc=True)


def _by_camera(moment: Moment, chosen: Clue, *, may_be_default: bool) -> Zoned | None:
    for hint in chosen.hints:
        if hint.may_be_default is may_be_default:
            says = f"; the zone {iso_offset(hint.minutes)} is {hint.says}, {hint.source}"
            trust = Trust.WEAK if may_be_default else Trust.CERTAIN
            return Zoned(moment.at(hint.minutes), says, trust)
    return None


def _by_place_and_satellites(
    moment: Moment, chosen: Clue, everything: Sequence[Clue]
) -> Zoned | None:
    where = _place(chosen, everything)
    here = offset_here(*where, moment.clock) if where else None
    told = _by_satellites(chosen, everything)
    if here is not None and told is not None and here.minutes != told:
        says = (
            f"; its zone is not known: the place says {iso_offset(here.minutes)},"
            f" the satellites {iso_offset(told)}"
        )
        return Zoned(moment, says, Trust.NONE, is_disputed=True)
    if told is not None:
        return Zoned(moment.at(told), _satellites_say(told, here), Trust.CERTAIN)
    if here is not None and chosen.is_zone_doubted and here.minutes:
        says = (
            f"; its zone is not known: the tag says UTC, as programs do by habit,"
            f" the place {iso_offset(here.minutes)}"
        )
        return Zoned(moment, says, Trust.NONE, is_disputed=True)
    if here is not None:
        says = f"; the zone {iso_offset(here.minutes)} is that of its place, {here.zone}"
        return Zoned(moment.at(here.minutes), says, Trust.CERTAIN)
    return None


def _satellites_say(offset: int, here: PlaceOffset | None) -> str:
    place = f" and its place, {here.zone}" if here else ""
    return f"; the zone {iso_offset(offset)} follows from the satellites' time{place}"


def _by_satellites(chosen: Clue, everything: Iterable[Clue]) -> int | None:
    """The offset that explains this file's clock beside this file's GPS time."""
    for other in everything:
        if other.file == chosen.file and other.source == SATELLITES and other.is_usable:
            if chosen.moment is None or other.moment is None:
                return None
            return offset_between(chosen.moment, other.moment)
    return None


def _by_partner(moment: Moment, everything: Iterable[Clue]) -> Zoned | None:
    """The zone of the pair's other half, or of a copy that kept it, within a few seconds."""
    for other in everything:
        offset = _told_offset(other)
        if offset is None or other.moment is None or other.trust is not Trust.CERTAIN:
            continue
        apart = abs((other.moment.clock - moment.clock).total_seconds())
        if apart <= _PARTNER_SECONDS:
            says = f"; the zone is that of {other.source}"
            return Zoned(moment.at(offset), says, Trust.LIKELY)
    return None


def _by_takeout(moment: Moment, everything: Sequence[Clue]) -> Zoned | None:
    """What Google took the zone to be, unless another record of the same clock says otherwise.

    For a camera without zone Google guesses one, and a guess of UTC tells nothing at all.
    """
    for other in everything:
        if other.source != TAKEOUT or not other.is_usable or other.moment is None:
            continue
        offset = offset_between(moment, other.moment)
        if not offset:
            continue
        told = f"{iso_offset(offset)} is what Google Photos took it to be"
        rival = next((c for c in everything if _contradicts(c, moment, offset)), None)
        if rival is not None:
            says = f"; its zone is not known: {told}, but {rival.source} has another"
            return Zoned(moment, says, Trust.NONE, is_disputed=True)
        return Zoned(moment.at(offset), f"; the zone {told}", Trust.WEAK)
    return None


def _contradicts(clue: Clue, moment: Moment, offset: int) -> bool:
    """Whether a clue gives the same wall clock with another zone, be it a doubtful one."""
    if not clue.is_usable or clue.is_utc or clue.moment is None:
        return False
    told = 0 if clue.is_zone_doubted else clue.moment.offset_min
    apart = abs((clue.moment.clock - moment.clock).total_seconds())
    return told is not None and told != offset and apart <= _PARTNER_SECONDS


def _told_offset(clue: Clue) -> int | None:
    """The offset that a clue gives by itself, if it may be believed."""
    if not clue.is_usable or clue.is_utc or clue.moment is None:
        return None
    return clue.moment.offset_min


def _place(chosen: Clue, everything: Iterable[Clue]) -> tuple[float, float] | None:
    """Where it was taken: this file says so, or another of the shot."""
    return chosen.where or next((clue.where for clue in everything if clue.where), None)
