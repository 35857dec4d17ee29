"""Which clock hangs on the wall at a place: coordinates to a zone, a zone to minutes.

Offline. Boundaries are tzfpy's (OpenStreetMap's, kept within 111 m of the true line), rules are
zoneinfo's. Whether a place may be trusted, and what beats it, is for resolve.py.

tzfpy 2.1.1 beside timezonefinder 9.0.0, same boundaries, Python 3.11 on x86-64: wheel 3.0 MB and
nothing else, against 34 MB with numpy, h3 and cffi; import 1 ms and the first look-up 0.2 s,
against 0.2 to 0.5 s; 46 MB for a process after one look-up and 59 after 100,000, against 41 and
80; 1 to 2 µs a look-up, against 3 to 13; one wheel for Python 3.10 and later.
Of 97,000 places around ten large cities none on land differ; 200 m beside a border between two
clocks 1 in 22 does, half of it Xinjiang and disputed land. Code MIT, boundaries ODbL, in both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLE: Final = 90.0
_DATE_LINE: Final = 180.0
_MINUTE: Final = timedelta(minutes=1)
_METRES_PER_DEGREE: Final = 111_320.0
# What the boundaries leave out (111 m) and a phone's fix may be off (about 50 m), rounded up.
_BORDER_METRES: Final = 200.0
# Boundaries tell places apart by what their clocks did since then, and by nothing older.
_FIRST_YEAR: Final = 1970
# Local habit in Xinjiang beside China's official time, which telephones show there.
_UNOFFICIAL: Final = frozenset({"Asia/Urumqi"})


@dataclass(frozen=True, slots=True)
class PlaceOffset:
    """What a clock on the spot was set to."""

    zone: str  # IANA name
    minutes: int  # east of UTC


def zone_at(latitude: float, longitude: float) -> str | None:
    """The IANA zone of a place, or None: at sea, nowhere on Earth, or (0, 0) for "no fix".

    Coastal waters count as land. The high seas do not: there a clock follows the ship, not
    the meridian. On a border line it is the first by name of the zones that meet; `offset_here`
    does not choose. The first call takes 0.2 s and 36 MB.
    """
    zones = _zones(latitude, longitude)
    return zones[0] if zones else None


def offset_at(zone: str, local: datetime) -> int | None:
    """Minutes east of UTC when clocks in `zone` showed `local`, by that year's rules.

    None for an hour that clocks showed twice, when summer time ended; for one they skipped,
    the offset before the change, as a camera that missed it would have it. None too before
    1970, which the boundaries know nothing about, and for a zone that is not known here.
    """
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    if local.year < _FIRST_YEAR:
        return None
    first, second = (_minutes(local, place, fold) for fold in (0, 1))
    if first is None or second is None or first > second:  # more east first: shown twice
        return None
    return first


def offset_here(latitude: float, longitude: float, local: datetime) -> PlaceOffset | None:
    """The offset that the place's clock had, if a border cannot make it another one.

    All zones within 200 m must agree on it: nearer, neither the boundary nor the fix is exact,
    and a phone takes the time of whichever mast it hears.
    """
    zone = zone_at(latitude, longitude)
    minutes = offset_at(zone, local) if zone else None
    if zone is None or minutes is None:
        return None
    around = {name for spot in _around(latitude, longitude) for name in _zones(*spot)}
    if any(offset_at(name, local) != minutes for name in around):
        return None
    return PlaceOffset(zone, minutes)


def _zones(latitude: float, longitude: float) -> list[str]:
    """The zones that claim a place: one on land, more on a border; none at sea and nowhere."""
    # NaN fails both comparisons.
    if not (abs(latitude) <= _POLE and abs(longitude) <= _DATE_LINE):
        return []
    if latitude == 0 and longitude == 0:  # a receiver without a fix; the place itself is sea
        return []
    from tzfpy import get_tzs  # 0.2 s and 36 MB that most runs have no use for

    found = [name for name in get_tzs(longitude, latitude) if not name.startswith("Etc/")]
    return [name for name in found if name not in _UNOFFICIAL or len(found) == 1]


def _around(latitude: float, longitude: float) -> Iterator[tuple[float, float]]:
    """The place, and four points as far away as it may be wrong."""
    north = _BORDER_METRES / _METRES_PER_DEGREE
    east = north / max(math.cos(math.radians(latitude)), 0.01)
    for up, right in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
        yield latitude + up * north, longitude + right * east


def _minutes(local: datetime, place: ZoneInfo, fold: int) -> int | None:
    offset = local.replace(tzinfo=place, fold=fold).utcoffset()
    if offset is None or offset % _MINUTE:  # Monrovia lived 44:30 behind until 1972
        return None
    return offset // _MINUTE
