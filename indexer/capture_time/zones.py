"""The zone of a chosen clock, from evidence alone; without evidence it stays unknown.

In this order: the offset written for that very tag, what the camera's own notes say of its
zone, the place where it was taken, the satellites' time beside the clock, the other half of
a pair. Place and satellites that disagree tell nothing. Never UTC by assumption.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from indexer.capture_time.clues import SATELLITES, Clue, Trust
from indexer.capture_time.moment import Moment, iso_offset, offset_between
from indexer.capture_time.places import offset_here, zone_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.capture_time.places import PlaceOffset

# A Live Photo's film begins up to three seconds before its still (ORIGINALS 2.1); a copy's
# clock reads the same.
_PARTNER_SECONDS = 6


def with_zone(chosen: Clue, everything: Sequence[Clue]) -> tuple[Moment, str]:
    """The chosen moment on its local clock, and a clause about where its zone came from."""
    moment = chosen.moment
    assert moment is not None
    if chosen.is_utc:
        return _on_local_clock(moment, chosen, everything)
    if moment.offset_min is not None:
        return moment, ""
    return (
        _by_camera(moment, chosen, may_be_default=False)
        or _by_place_and_satellites(moment, chosen, everything)
        or _by_partner(moment, everything)
        or _by_camera(moment, chosen, may_be_default=True)
        or (moment, "; its zone is not known")
    )


def _on_local_clock(
    instant: Moment, chosen: Clue, everything: Sequence[Clue]
) -> tuple[Moment, str]:
    """An instant, moved to the zone of its place or to one that another clue tells."""
    where = _place(chosen, everything)
    zone = zone_at(*where) if where else None
    if where and zone:
        local = instant.clock.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        here = offset_here(*where, local)
        if here is not None:
            return instant.moved_to(here.minutes), f", moved to the zone of its place, {here.zone}"
    for other in everything:
        offset = _told_offset(other)
        if offset is not None:
            return instant.moved_to(offset), f", moved to the zone of {other.source}"
    return instant.at(0), "; the local clock is not known, so it is given in UTC"


def _by_camera(moment: Moment, chosen: Clue, *, may_be_default: bool) -> tuple[Moment, str] | None:
    for hint in chosen.hints:
        if hint.may_be_default is may_be_default:
            said = f"; the zone {iso_offset(hint.minutes)} is {hint.says}, {hint.source}"
            return moment.at(hint.minutes), said
    return None


def _by_place_and_satellites(
    moment: Moment, chosen: Clue, everything: Sequence[Clue]
) -> tuple[Moment, str] | None:
    where = _place(chosen, everything)
    here = offset_here(*where, moment.clock) if where else None
    told = _by_satellites(moment, chosen, everything)
    if here is not None and told is not None and here.minutes != told:
        says = (
            f"; its zone is not known: the place says {iso_offset(here.minutes)},"
            f" the satellites {iso_offset(told)}"
        )
        return moment, says
    if told is not None:
        return moment.at(told), _satellites_say(told, here)
    if here is not None:
        says = f"; the zone {iso_offset(here.minutes)} is that of its place, {here.zone}"
        return moment.at(here.minutes), says
    return None


def _satellites_say(offset: int, here: PlaceOffset | None) -> str:
    place = f" and its place, {here.zone}" if here else ""
    return f"; the zone {iso_offset(offset)} follows from the satellites' time{place}"


def _by_satellites(moment: Moment, chosen: Clue, everything: Iterable[Clue]) -> int | None:
    """The offset that explains this file's clock beside this file's GPS time."""
    for other in everything:
        if other.file == chosen.file and other.source == SATELLITES and not other.rejected:
            return offset_between(moment, other.moment) if other.moment else None
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


def _place(chosen: Clue, everything: Iterable[Clue]) -> tuple[float, float] | None:
    """Where it was taken: this file says so, or another of the shot."""
    return chosen.where or next((clue.where for clue in everything if clue.where), None)
