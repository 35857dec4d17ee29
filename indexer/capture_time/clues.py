"""Every hint about the capture time that a file carries, with how far to trust it.

Pure: tags and a name in, clues out, each with its rank and, where it can't be right, the
reason. Choosing among them is resolve.py. Facts and ranking: ORIGINALS.md sections 1.2, 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.capture_time.moment import Moment, is_unset, parse, parse_offset
from indexer.capture_time.names import date_in_name
from indexer.capture_time.sidecar_times import sidecar_times
from indexer.capture_time.vendor_zones import offset_hints, quicktime_clock
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.capture_time.vendor_zones import OffsetHint
    from indexer.model import FileId, Tags


FILE_NAME = "file name"  # the source of a clue that no tag gave
SATELLITES = "GPS:GPSDateTime"  # put together of two tags


class Trust(StrEnum):
    """How far a source may be trusted; capture.confidence in the catalog."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"
    NONE = "none"  # shown as a suggestion, never used


@dataclass(frozen=True, slots=True)
class Clue:
    """One hint, as it was found and as it was understood."""

    file: FileId
    source: str
    value: str
    rank: int  # lower is better
    trust: Trust
    says: str
    moment: Moment | None = None
    is_utc: bool = False  # an instant whose local clock is not known
    rejected: UnknownTime | None = None  # why it can't be the capture time
    where: tuple[float, float] | None = None  # latitude and longitude that the file gives
    hints: tuple[OffsetHint, ...] = ()  # what the camera's notes say of its zone


@dataclass(frozen=True, slots=True)
class _Tag:
    rank: int
    tag: str
    trust: Trust
    says: str
    fraction: str = ""  # the tag that holds this one's digits of the second
    offset: str = ""  # the tag that holds this one's offset
    is_utc: bool = False


_CERTAIN, _LIKELY, _WEAK, _NONE = Trust.CERTAIN, Trust.LIKELY, Trust.WEAK, Trust.NONE

# Ranked. An offset or a fraction counts only for the tag it was written for: OffsetTime
# belongs to ModifyDate, and editors rewrite it (immich#15639).
_TAGS = (
    _Tag(10, "ExifIFD:DateTimeOriginal", _CERTAIN, "the camera's record of the exposure",
         "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal"),
    _Tag(11, "CanonRaw:DateTimeOriginal", _CERTAIN, "the camera's record of the exposure"),
    _Tag(11, "IFD0:DateTimeOriginal", _CERTAIN, "the camera's record of the exposure",
         "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal"),
    _Tag(11, "PNG:ExifDateTimeOriginal", _LIKELY, "the exposure, as a converter copied it"),
    _Tag(12, "Keys:CreationDate", _CERTAIN, "the start of the recording with its zone"),
    _Tag(13, "RIFF:DateTimeOriginal", _CERTAIN, "the start of the recording by the camera's clock"),
    _Tag(13, "H264:DateTimeOriginal", _CERTAIN, "the start of the recording by the camera's clock"),
    _Tag(14, "UserData:DateTimeOriginal", _LIKELY, "the start of the recording"),
    _Tag(14, "ItemList:ContentCreateDate", _LIKELY, "the recording's date, kept by an export"),
    _Tag(14, "UserData:ContentCreateDate", _LIKELY, "the recording's date, kept by an export"),
    _Tag(20, "ExifIFD:CreateDate", _LIKELY, "when the picture became digital",
         "ExifIFD:SubSecTimeDigitized", "ExifIFD:OffsetTimeDigitized"),
    _Tag(30, "XMP-exif:DateTimeOriginal", _LIKELY, "the exposure, copied into XMP"),
    _Tag(32, "XMP-photoshop:DateCreated", _LIKELY, "the date of the picture in XMP"),
    _Tag(36, "XMP-xmp:CreateDate", _WEAK, "when the document was made"),
    _Tag(38, "PNG:CreationTime", _WEAK, "when the picture was made, in PNG text"),
    _Tag(44, "Matroska:DateTimeOriginal", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(46, "ASF:CreationDate", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(90, "IFD0:ModifyDate", _NONE, "when the file was saved last, which an editor rewrites"),
)  # fmt: skip

# A sidecar's families of tags. A THM is the camera's own word; Takeout's is an instant.
_SIDECAR_RANKS = {"ExifIFD": (18, Trust.LIKELY), "JSON": (55, Trust.WEAK)}

_OLDEST = datetime(1826, 1, 1)  # noqa: DTZ001 - before the first photograph
# What clocks show that nobody has set, or that software made up.
_EPOCHS = (
    (datetime(1904, 1, 1), timedelta(hours=14), "the QuickTime epoch"),  # noqa: DTZ001
    (datetime(1970, 1, 1), timedelta(hours=14), "the Unix epoch"),  # noqa: DTZ001
    (datetime(1980, 1, 1), timedelta(hours=24), "the DOS epoch"),  # noqa: DTZ001
    (datetime(2000, 1, 1), timedelta(hours=24), "the birthday of many firmwares"),  # noqa: DTZ001
    (datetime(2002, 12, 8, 12), timedelta(seconds=1), "an Android bug's default"),  # noqa: DTZ001
)
_FUTURE_SLACK = timedelta(days=2)  # clocks and zones; more is a wrong clock


def clues_of(
    file: FileId, tags: Tags, name: str, now: datetime, duration_ms: int | None = None
) -> list[Clue]:
    """All clues of one file, unordered; `now` is naive UTC and bounds the future."""
    found = [
        *_from_tags(file, tags),
        *_from_iptc(file, tags),
        *_from_gps(file, tags),
        *_from_header(file, tags, name, duration_ms),
    ]
    judged = [*(_judged(clue, now) for clue in found), *clues_of_name(file, name, now)]
    return [_with_surroundings(clue, tags) for clue in judged]


def clues_of_sidecar(file: FileId, tags: Tags, now: datetime) -> list[Clue]:
    """What a sidecar says about the time of the file that it belongs to."""
    found = []
    for time in sidecar_times(tags):
        rank, trust = _SIDECAR_RANKS.get(time.source.partition(":")[0], (56, Trust.WEAK))
        if not time.is_capture:
            trust = Trust.NONE
        says = f"in the sidecar: {time.says}"
        found.append(
            Clue(file, time.source, time.value, rank, trust, says, time.moment, time.is_utc)
        )
    return [_with_surroundings(_judged(clue, now), tags) for clue in found]


def clues_of_name(file: FileId, name: str, now: datetime) -> list[Clue]:
    """The clue in a name alone: at most one."""
    return [_judged(clue, now) for clue in _from_name(file, name)]


def _from_tags(file: FileId, tags: Tags) -> Iterator[Clue]:
    for rule in _TAGS:
        value = tags.all.get(rule.tag)
        if value is not None:
            moment = _with_companions(parse(value), rule, tags.all)
            yield Clue(file, rule.tag, value, rule.rank, rule.trust, rule.says, moment, rule.is_utc)


def _from_header(file: FileId, tags: Tags, name: str, duration_ms: int | None) -> Iterator[Clue]:
    """The film's header: in UTC or local, start or stop, by who wrote it."""
    clock = quicktime_clock(tags, duration_ms, date_in_name(name))
    if clock is None:
        unset = tags.all.get("QuickTime:CreateDate")
        if unset is not None:
            yield Clue(file, "QuickTime:CreateDate", unset, 40, _WEAK, "the film's header", None)
        return
    trust = _NONE if clock.is_export else _LIKELY if clock.is_witnessed else _WEAK
    yield Clue(file, clock.source, clock.value, 40, trust, clock.says, clock.moment, clock.is_utc)


def _with_surroundings(clue: Clue, tags: Tags) -> Clue:
    """The clue with what the same file says of its place and its camera's zone."""
    if clue.moment is None or clue.rejected is not None:
        return clue
    where = None
    if tags.latitude is not None and tags.longitude is not None:
        where = (tags.latitude, tags.longitude)
    needs_hints = clue.moment.offset_min is None
    hints = tuple(offset_hints(tags, clue.moment)) if needs_hints else ()
    return replace(clue, where=where, hints=hints) if where or hints else clue


def _with_companions(
    moment: Moment | None, rule: _Tag, everything: Mapping[str, str]
) -> Moment | None:
    if moment is None:
        return None
    digits = everything.get(rule.fraction, "").strip(" \0")
    if digits.isascii() and digits.isdecimal() and not moment.fraction:
        moment = replace(moment, fraction=digits)
    offset = parse_offset(everything.get(rule.offset, ""))
    if offset is None and rule.offset and _is_modified_at(moment, everything):
        offset = parse_offset(everything.get("ExifIFD:OffsetTime", ""))
    return moment if offset is None else moment.at(offset)


def _is_modified_at(moment: Moment, everything: Mapping[str, str]) -> bool:
    """Whether ModifyDate, and so OffsetTime, speaks of the same second."""
    modified = parse(everything.get("IFD0:ModifyDate", ""))
    return modified is not None and modified.clock == moment.clock


def _from_iptc(file: FileId, tags: Tags) -> Iterator[Clue]:
    """IPTC keeps day and time apart; a time without a day is nothing."""
    day, time = tags.all.get("IPTC:DateCreated"), tags.all.get("IPTC:TimeCreated")
    if day:
        value = f"{day} {time}" if time else day
        yield Clue(file, "IPTC:DateCreated", value, 34, _LIKELY, "the date in IPTC", parse(value))


def _from_gps(file: FileId, tags: Tags) -> Iterator[Clue]:
    day, time = tags.all.get("GPS:GPSDateStamp"), tags.all.get("GPS:GPSTimeStamp")
    value = f"{day} {time}" if day and time else tags.all.get("XMP-exif:GPSDateTime")
    if value:
        moment = parse(value)
        utc = None if moment is None else moment.at(0)
        says = "the satellites' time, in UTC"
        yield Clue(file, SATELLITES, value, 50, _WEAK, says, utc, is_utc=True)


def _from_name(file: FileId, name: str) -> Iterator[Clue]:
    """A camera's or phone's own name may be used and says so; any other is a suggestion."""
    found = date_in_name(name)
    if found is None:
        return
    rank, trust = (60, _LIKELY) if found.is_camera_own else (80, _NONE)
    says = f"one that tells a time, {found.says}"
    yield Clue(file, FILE_NAME, name, rank, trust, says, found.moment, found.is_utc)


def _judged(clue: Clue, now: datetime) -> Clue:
    """The clue with the reason for which it can't be right, if there is one."""
    if is_unset(clue.value):
        return replace(clue, moment=None, rejected=UnknownTime.ZERO, says="is blank or all zeros")
    if clue.moment is None:
        return replace(clue, rejected=UnknownTime.ZERO, says="is no possible date")
    clock = clue.moment.clock
    if clock < _OLDEST:
        return replace(clue, rejected=UnknownTime.ZERO, says="is older than photography")
    if clock > now + _FUTURE_SLACK:
        return replace(clue, rejected=UnknownTime.FUTURE, says="lies in the future")
    for epoch, width, what in _EPOCHS:
        if _is_near(clock, epoch, width):
            return replace(
                clue, rejected=UnknownTime.EPOCH_DEFAULT, says=f"is {what}, not a capture time"
            )
    return clue


def _is_near(clock: datetime, epoch: datetime, width: timedelta) -> bool:
    # Zones shift an epoch both ways; a clock that starts at one only runs on from it.
    before = timedelta(hours=14) if epoch.hour == 0 else timedelta(0)
    return epoch - before <= clock < epoch + width
