"""What makers say about zones outside the standard's tags: in maker notes, and in film headers.

Pure: one file's own tags in, hints and readings out. Ranking them is for clues.py and
resolve.py; zones from coordinates are places.py. Facts: ORIGINALS.md 1.4 and 1.5; the meaning of
numbers is from ExifTool 12.57's tables, as `exiftool -n -G1` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from indexer.capture_time.moment import Moment, is_unset, parse, parse_offset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.capture_time.names import NamedDate
    from indexer.model import Tags

# Every offset that some place has used since 1990, in minutes east. No other half or quarter of
# an hour: a list without gaps would explain any two clocks.
_IN_USE: Final = frozenset(
    {
        *range(-12 * 60, 14 * 60 + 1, 60),
        *(-570, -510, -270, -210, -150, 210, 270, 330, 390, 510, 570, 630, 690),
        *(345, 525, 585, 765, 825),
    }
)
# Both are read from one clock; Samsung's agree to the millisecond. Two minutes are arbitrary:
# room for a slow card, and none for another offset.
_STAMP_SECONDS: Final = 120.0

# --- zones in pictures -------------------------------------------------------------------


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
        minutes = _offset_within(_STAMP_SECONDS, local, stamp)
        if minutes is not None:
            is_bare = minutes == 0 and tag in _SET_BY_HAND
            yield OffsetHint(minutes, tag, f"{what} beside its wall clock", is_bare)


def _spelt(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    for tag, says in _SPELT:
        minutes = parse_offset(everything.get(tag, "").strip())
        if minutes is not None and minutes in _IN_USE:
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
    if minutes in _IN_USE:
        says = "the zone that the camera was set to" + (", with summer time" if is_summer else "")
        yield OffsetHint(minutes, "Nikon:TimeZone", says, may_be_default=not number)


def _canon(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """Minutes with summer time in them; CRW has hours, and says whether they hold."""
    minutes = _integer(everything.get("Canon:TimeZone"))
    city = everything.get("Canon:TimeZoneCity", "0")
    if minutes is not None and minutes in _IN_USE:
        is_bare = minutes == 0 and city in _CANON_BARE
        says = "the zone that the camera was set to"
        yield OffsetHint(minutes, "Canon:TimeZone", says, may_be_default=is_bare)
    hours = _integer(everything.get("CanonRaw:TimeZoneCode"))
    is_valid = everything.get("CanonRaw:TimeZoneInfo") == _CRW_IS_VALID
    if hours is not None and is_valid and hours * _HOUR in _IN_USE:
        says = "the zone that the camera was set to"
        yield OffsetHint(hours * _HOUR, "CanonRaw:TimeZoneCode", says, may_be_default=not hours)


def _sony_film(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """XAVC keeps minutes in its profile atom."""
    minutes = _integer(everything.get("QuickTime:TimeZone"))
    if minutes is not None and minutes in _IN_USE:
        says = "the zone that the camera was set to"
        yield OffsetHint(minutes, "QuickTime:TimeZone", says, may_be_default=not minutes)


def _tiff_ep(everything: Mapping[str, str]) -> Iterator[OffsetHint]:
    """TimeZoneOffset: hours, of DateTimeOriginal first and of ModifyDate second."""
    for tag in ("ExifIFD:TimeZoneOffset", "IFD0:TimeZoneOffset"):
        first, *_ = [*everything.get(tag, "").replace(";", " ").split(), ""]
        hours = _integer(first)
        if hours is not None and hours * _HOUR in _IN_USE:
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
    if minutes is not None and minutes in _IN_USE:
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


def _offset_within(seconds: float, local: Moment, utc: Moment | None) -> int | None:
    """The offset that explains a wall clock beside an instant, to so many seconds."""
    if utc is None or not utc.has_time or not local.has_time:
        return None
    apart = (local.clock - utc.clock).total_seconds()
    nearest = min(_IN_USE, key=lambda minutes: abs(minutes * 60 - apart))
    return nearest if abs(nearest * 60 - apart) <= seconds else None


def _integer(text: str | None) -> int | None:
    """A whole number of hours or minutes, also as "-5.0"; None for anything else."""
    return int(float(text)) if text and re.fullmatch(r"-?[0-9]{1,4}(?:\.0*)?", text) else None


# --- film headers ------------------------------------------------------------------------


class Clock(StrEnum):
    """Which clock a program writes into a QuickTime header."""

    UTC = "utc"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Writer:
    """What kind of program wrote a film, as far as its header's time depends on it."""

    whose: str
    clock: Clock
    is_stop: bool = False  # the header holds the end of the recording
    is_known: bool = True  # False: only the standard, or a rule of thumb, speaks for the clock


@dataclass(frozen=True, slots=True)
class QuickTimeClock:
    """A film's header, read as its writer meant it."""

    moment: Moment  # of the start; offset 0 where is_utc, else local with an offset if one is known
    is_utc: bool  # an instant whose local clock is not known
    source: str
    value: str
    says: str
    is_stop: bool = False  # the duration was taken off
    is_witnessed: bool = False  # the file's name says the same
    is_known: bool = True  # as in Writer
    is_export: bool = False  # the header was rewritten long after the recording: do not use it


# A phone's make in a film. Android writes when it closes the file: the end of the recording
# (photoprism#1388, exiftool-vendored#113).
_PHONES: Final = (
    *("samsung", "google", "xiaomi", "huawei", "honor", "oneplus", "oppo", "vivo", "realme"),
    *("motorola", "lge", "lg electronics", "hmd", "htc", "fairphone", "nothing"),
)
# Cameras whose header holds their local clock (memories#1256, gpmf-parser#9, Lychee#675).
_LOCAL_MAKES: Final = (
    *("nikon", "gopro", "casio", "garmin", "pentax", "ricoh", "olympus", "om digital"),
    *("fujifilm", "kodak", "eastman kodak", "sanyo", "dji", "leica", "hasselblad"),
)
_BY_CONTAINER_MAKES: Final = ("canon", "sony", "panasonic")
_GOPRO_HANDLER: Final = re.compile(r"\x0b?\s*GoPro ")
_HEADERS: Final = ("QuickTime:CreateDate", "Track1:MediaCreateDate", "Track1:TrackCreateDate")
# With a zone; what an export keeps when it rewrites the header.
_CREATION_DATES: Final = (
    "Keys:CreationDate",
    "ItemList:ContentCreateDate",
    "UserData:ContentCreateDate",
)
_EXPORT_SECONDS: Final = 5.0  # ORIGINALS 1.5: exports were 17 s and 34 s away, cameras at most 3
_WITNESS_SECONDS: Final = 3.0  # a name is given when recording begins, before the first frame


def writer_of(tags: Tags) -> Writer:
    """Who wrote a film, and which clock such writers use."""
    everything, make = tags.all, (tags.make or "").strip().casefold()
    handlers = [everything.get(f"Track{n}:HandlerDescription", "") for n in (1, 2, 3)]
    if make == "apple" or any(handler.startswith("Core Media") for handler in handlers):
        return Writer("Apple's cameras", Clock.UTC)
    if _has_android_marks(everything, handlers):  # before makes: Sony has cameras and phones
        return Writer("Android phones", Clock.UTC, is_stop=True)
    if make.startswith("gopro") or any(_GOPRO_HANDLER.match(handler) for handler in handlers):
        return Writer("GoPro", Clock.LOCAL)
    if make.startswith(_LOCAL_MAKES):
        # DJI differs by model, and so says the sheet.
        return Writer(tags.make or "", Clock.LOCAL, is_known=not make.startswith("dji"))
    if make.startswith(_BY_CONTAINER_MAKES):
        return Writer(tags.make or "", _by_container(everything), is_known=False)
    if make.startswith(_PHONES):
        return Writer("Android phones", Clock.UTC, is_stop=True)
    return Writer("", Clock.UTC, is_known=False)


def _has_android_marks(everything: Mapping[str, str], handlers: list[str]) -> bool:
    # "VideoHandler" with an r is ffmpeg's, which copies the time it was given.
    has_handle = bool({"VideoHandle", "SoundHandle"} & set(handlers))
    return has_handle or any(key.startswith("Keys:Android") for key in everything)


def _by_container(everything: Mapping[str, str]) -> Clock:
    """The only published rule of thumb: MOV local, MP4 UTC (Lychee#675)."""
    is_mov = everything.get("QuickTime:MajorBrand", "qt").startswith("qt")
    return Clock.LOCAL if is_mov else Clock.UTC


def quicktime_clock(
    tags: Tags, duration_ms: int | None, name: NamedDate | None = None
) -> QuickTimeClock | None:
    """The start of a recording from its header; None where no header has a time.

    A name with the exact time is a witness: it settles which clock the header holds, start
    or end, and so the offset. Without one the writer's habit decides.
    """
    found = _header(tags.all)
    if found is None:
        return None
    source, value, header = found
    seconds = None if duration_ms is None else duration_ms / 1000
    writer = writer_of(tags)
    made = _witnessed(header, seconds, name, writer) or _by_habit(header, seconds, writer, tags.all)
    is_export = _is_export(tags.all, header, seconds, writer)
    return replace(made, source=source, value=value, is_export=is_export)


def _header(everything: Mapping[str, str]) -> tuple[str, str, Moment] | None:
    for tag in _HEADERS:
        value = everything.get(tag, "")
        moment = None if is_unset(value) else parse(value)
        if moment is not None and moment.has_time:
            return tag, value, replace(moment, offset_min=None)
    return None


def _by_habit(
    header: Moment, seconds: float | None, writer: Writer, everything: Mapping[str, str]
) -> QuickTimeClock:
    begins = _track_start(header, seconds, everything) if writer.is_stop else None
    start = begins or (_earlier(header, seconds or 0) if writer.is_stop else header)
    is_utc = writer.clock is Clock.UTC
    whose = f"{writer.whose} write" if writer.whose else "the standard has"
    clock = "in UTC" if is_utc else "in local time"
    end = " when recording ends" if writer.is_stop else ""
    says = f"the film's header, which {whose} {clock}{end}"
    moment = start.at(0) if is_utc else start
    is_stop = writer.is_stop and seconds is not None
    return QuickTimeClock(moment, is_utc, "", "", says, is_stop, is_known=writer.is_known)


def _track_start(
    header: Moment, seconds: float | None, everything: Mapping[str, str]
) -> Moment | None:
    """The track's time where it is the start: a film's length before the header's end."""
    track = parse(everything.get("Track1:MediaCreateDate", ""))
    if track is None or seconds is None:
        return None
    apart = (header.clock - track.clock).total_seconds()
    is_start = apart > 0 and abs(apart - seconds) <= _WITNESS_SECONDS
    return replace(track, offset_min=None) if is_start else None


def _earlier(moment: Moment, seconds: float) -> Moment:
    return replace(moment, clock=moment.clock - timedelta(seconds=round(seconds)))


def _witnessed(
    header: Moment, seconds: float | None, name: NamedDate | None, writer: Writer
) -> QuickTimeClock | None:
    """The reading under which header and name tell the same moment, the writer's habit first."""
    if name is None or name.is_transfer or not name.moment.has_time:
        return None
    for is_stop in (writer.is_stop, not writer.is_stop):
        if is_stop and seconds is None:
            continue
        start = _earlier(header, seconds or 0) if is_stop else header
        pair = (start, name.moment) if name.is_utc else (name.moment, start)
        minutes = _offset_within(_WITNESS_SECONDS, *pair)
        if minutes is not None:
            return _agreed(name, minutes, writer, is_stop=is_stop)
    return None


def _agreed(name: NamedDate, minutes: int, writer: Writer, *, is_stop: bool) -> QuickTimeClock:
    """What name and header say together; `minutes` is how far the local one of them is ahead."""
    end = ", and written when recording ended" if is_stop else ""
    moment, clock = name.moment, Clock.UTC
    if minutes:  # one of them is local, and now both are known
        clock = Clock.LOCAL if name.is_utc else Clock.UTC
        moment = moment.moved_to(minutes) if name.is_utc else moment.at(minutes)
    elif not name.is_utc:
        # Alike: a header in local time, or one in UTC where local time is UTC.
        is_utc_here = writer.clock is Clock.UTC and writer.is_known
        clock = Clock.UTC if is_utc_here else Clock.LOCAL
        moment = moment.at(0) if is_utc_here else moment
    spelt = "UTC" if clock is Clock.UTC else "local time"
    says = f"the film's header, which the file's name shows to be in {spelt}{end}"
    is_utc = name.is_utc and not minutes
    return QuickTimeClock(moment, is_utc, "", "", says, is_stop, is_witnessed=True)


def _is_export(
    everything: Mapping[str, str], header: Moment, seconds: float | None, writer: Writer
) -> bool:
    """Whether the header was written anew, much later than the date that the export kept."""
    kept = next((m for tag in _CREATION_DATES if (m := parse(everything.get(tag, "")))), None)
    if kept is None or not kept.has_time or seconds is None:
        return False
    begins = []
    if writer.clock is Clock.LOCAL or not writer.is_known:
        begins.append(kept)
    if kept.offset_min is not None and (writer.clock is Clock.UTC or not writer.is_known):
        begins.append(kept.moved_to(0))
    apart = [abs((header.clock - start.clock).total_seconds()) for start in begins]
    return bool(apart) and min(apart) > seconds + _EXPORT_SECONDS
