"""What makers say about zones outside the standard's tags, in their notes.

Pure: one file's own tags in, hints out. Ranking them is for zones.py; zones from coordinates are
places.py, film headers film_clock.py. Facts: ORIGINALS.md 1.4; the meaning of numbers is from
ExifTool 12.57's tables, as `exiftool -n -G1` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from indexer.capture_time.moment import OFFSETS_IN_USE, offset_within, parse, parse_offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.capture_time.moment import Moment
    from indexer.model import Tags

# Both are read from one clock; Samsung's agree to the millisecond. Two minutes are arbitrary:
# room for a slow card, and none for another offset.
_STAMP_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class OffsetHint:
    """An offset that a maker recorded in its own way."""

    minutes: int  # east of UTC
    source: str  # the tag
    says: str
    may_be_default: bool = False  # what the camera shows before anybody has set its zone


# Instants in UTC beside the local clock; the difference is the offset.
_INSTANTS: Final = (
    ("Samsung:TimeStamp", "the phone's UTC stamp"),
    ("XMP-drone-dji:UTCAtExposure", "the drone's UTC time"),
    ("Olympus:DateTimeUTC", "the camera's own UTC time"),
    ("Sony:SonyDateTime2", "the camera's own UTC time"),  # first A7 series (exiftool-vendored#187)
)
# Clocks that a person sets: both alike in a camera that was never told its zone.
_SET_BY_HAND: Final = frozenset({"Olympus:DateTimeUTC", "Sony:SonyDateTime2"})
# Times that end in their offset.
_STAMPED: Final = (
    ("XML:CreationDateValue", "the zone in Sony's clip record"),
    ("FLIR:DateTimeOriginal", "the zone in the camera's own record"),
)
# Offsets spelt out. Samsung's key has the first name in ExifTool 12.57, the second in later ones.
_SPELT: Final = (
    ("Keys:SamsungAndroidUtcOffset", "the zone that the phone recorded"),
    ("Keys:AndroidTimeZone", "the zone that the phone recorded"),
    ("Ricoh:TimeZone", "the zone that the camera was set to"),
)
_HOUR: Final = 60
_CRW_IS_VALID: Final = "2147483648"  # 0x80000000 in TimeZoneInfo: TimeZoneCode holds
_CANON_BARE: Final = frozenset({"0", "20", "32766"})  # no city, London, not set
# Nikon's Z9 numbers its zones in the menu settings, under the name WorldTime's minutes have.
_NIKON_Z9: Final = {
    3: 600, 5: 540, 6: 480, 10: 345, 11: 330, 12: 300, 13: 270, 14: 240, 15: 210, 16: 180,
    17: 120, 18: 60, 19: 0, 20: -60, 21: -120, 22: -180, 23: -210, 24: -240, 25: -300, 26: -360,
    27: -420, 28: -480, 29: -540, 30: -600,
}  # fmt: skip


def offset_hints(tags: Tags, local: Moment) -> Iterator[OffsetHint]:
    """What one file's own tags hint at about the zone of its wall clock, best first.

    What a phone's network or a satellite told comes before what a person has set, because
    people forget; a hint that an unset camera gives as well is marked.
    """
    everything = tags.all
    yield from _by_instants(everything, local)
    yield from _spelt(everything)
    yield from _stamped(everything)
    yield from _nikon(everything)
    yield from _canon(everything)
    yield from _sony_film(everything)
    yield from _pentax(everything, local)
    yield from _tiff_ep(everything)


def _by_instants(everything: Mapping[str, str], local: Moment) -> Iterator[OffsetHint]:
    for tag, what in _INSTANTS:
        stamp = parse(everything.get(tag, ""))
        minutes = offset_within(_STAMP_SECONDS, local, stamp)
        if minutes is not None:
            is_bare = minutes == 0 and tag in _SET_BY_HAND
            yield OffsetHint(minutes, tag, f"{what} beside its wall clock", is_bare)


def _spelt(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    for tag, says in _SPELT:
        minutes = parse_offset(everything.get(tag, "").strip())
        if minutes is not None and minutes in OFFSETS_IN_USE:
            yield OffsetHint(minutes, tag, says)


def _stamped(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    for tag, says in _STAMPED:
        moment = parse(everything.get(tag, ""))
        if moment is not None and moment.offset_min is not None:
            yield OffsetHint(moment.offset_min, tag, says)


def _nikon(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """Standard time in minutes; summer time is a flag beside it (exiftool-vendored#215)."""
    number = _integer(everything.get("Nikon:TimeZone"))
    if number is None:
        return
    minutes = _NIKON_Z9.get(number, number)  # no zone is 3 to 30 minutes east
    is_summer = everything.get("Nikon:DaylightSavings") == "1"
    if is_summer:
        minutes += _HOUR
    if minutes in OFFSETS_IN_USE:
        says = "the zone that the camera was set to" + (", with summer time" if is_summer else "")
        yield OffsetHint(minutes, "Nikon:TimeZone", says, may_be_default=not number)


def _canon(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """Minutes with summer time in them; CRW has hours, and says whether they hold."""
    minutes = _integer(everything.get("Canon:TimeZone"))
    city = everything.get("Canon:TimeZoneCity", "0")
    if minutes is not None and minutes in OFFSETS_IN_USE:
        is_bare = minutes == 0 and city in _CANON_BARE
        says = "the zone that the camera was set to"
        yield OffsetHint(minutes, "Canon:TimeZone", says, may_be_default=is_bare)
    hours = _integer(everything.get("CanonRaw:TimeZoneCode"))
    is_valid = everything.get("CanonRaw:TimeZoneInfo") == _CRW_IS_VALID
    if hours is not None and is_valid and hours * _HOUR in OFFSETS_IN_USE:
        says = "the zone that the camera was set to"
        yield OffsetHint(hours * _HOUR, "CanonRaw:TimeZoneCode", says, may_be_default=not hours)


def _sony_film(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """XAVC keeps minutes in its profile atom."""
    minutes = _integer(everything.get("QuickTime:TimeZone"))
    if minutes is not None and minutes in OFFSETS_IN_USE:
        says = "the zone that the camera was set to"
        yield OffsetHint(minutes, "QuickTime:TimeZone", says, may_be_default=not minutes)


def _tiff_ep(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """TimeZoneOffset: hours, of DateTimeOriginal first and of ModifyDate second."""
    for tag in ("ExifIFD:TimeZoneOffset", "IFD0:TimeZoneOffset"):
        first, *_ = [*everything.get(tag, "").replace(";", " ").split(), ""]
        hours = _integer(first)
        if hours is not None and hours * _HOUR in OFFSETS_IN_USE:
            says = "the offset in hours that TIFF/EP has for it"
            yield OffsetHint(hours * _HOUR, tag, says, may_be_default=not hours)


# ExifTool's pentaxCities, by number. Panasonic's WorldTimeLocation names no zone at all.
_PENTAX_CITIES: Final = (
    *("Pacific/Pago_Pago", "Pacific/Honolulu", "America/Anchorage", "America/Vancouver"),
    *("America/Los_Angeles", "America/Los_Angeles", "America/Edmonton", "America/Denver"),
    *("America/Mexico_City", "America/Chicago", "America/New_York", "America/Toronto"),
    *("America/New_York", "America/Santiago", "America/Caracas", "America/Halifax"),
    *("America/Argentina/Buenos_Aires", "America/Sao_Paulo", "America/Sao_Paulo"),
    *("Europe/Madrid", "Europe/London", "Europe/Paris", "Europe/Rome", "Europe/Rome"),
    *("Europe/Berlin", "Africa/Johannesburg", "Europe/Istanbul", "Africa/Cairo"),
    *("Asia/Jerusalem", "Europe/Moscow", "Asia/Riyadh", "Asia/Tehran", "Asia/Dubai"),
    *("Asia/Karachi", "Asia/Kabul", "Indian/Maldives", "Asia/Kolkata", "Asia/Colombo"),
    *("Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon", "Asia/Bangkok", "Asia/Kuala_Lumpur"),
    *("Asia/Vientiane", "Asia/Singapore", "Asia/Phnom_Penh", "Asia/Ho_Chi_Minh"),
    *("Asia/Jakarta", "Asia/Hong_Kong", "Australia/Perth", "Asia/Shanghai", "Asia/Shanghai"),
    *("Asia/Manila", "Asia/Taipei", "Asia/Seoul", "Australia/Adelaide", "Asia/Tokyo"),
    *("Pacific/Guam", "Australia/Sydney", "Pacific/Noumea", "Pacific/Auckland"),
    *("Pacific/Auckland", "America/Lima", "Africa/Dakar", "Africa/Algiers", "Europe/Helsinki"),
    *("Europe/Athens", "Africa/Nairobi", "Europe/Amsterdam", "Europe/Stockholm"),
    *("Europe/Lisbon", "Europe/Copenhagen", "Europe/Warsaw", "Europe/Prague", "Europe/Budapest"),
)


def _pentax(everything: Mapping[str, str], local: Moment) -> Iterator[OffsetHint]:
    """A city of two that the camera knows, and whether its owner switched summer time on."""
    where = {"0": "Hometown", "1": "Destination"}.get(
        everything.get("Pentax:WorldTimeLocation", "")
    )
    if where is None:
        return
    tag = f"Pentax:{where}City"
    number = _integer(everything.get(tag))
    if number is None or not 0 <= number < len(_PENTAX_CITIES):
        return
    minutes = _standard_time(_PENTAX_CITIES[number], local)
    is_summer = everything.get(f"Pentax:{where}DST", "0") != "0"
    if minutes is not None:
        minutes += _HOUR * is_summer
    if minutes is not None and minutes in OFFSETS_IN_USE:
        says = "the city that the camera was set to" + (", with summer time" if is_summer else "")
        yield OffsetHint(minutes, tag, says)


def _standard_time(zone: str, local: Moment) -> int | None:
    try:
        there = local.clock.replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    offset, summer = there.utcoffset(), there.dst()
    if offset is None or summer is None:
        return None
    return (offset - summer) // timedelta(minutes=1)


def _integer(text: str | None) -> int | None:
    """A whole number of hours or minutes, also as "-5.0"; None for anything else."""
    return int(float(text)) if text and re.fullmatch(r"-?[0-9]{1,4}(?:\.0*)?", text) else None
