"""Every hint about the capture time that a file carries, with how far to trust it.

Pure: tags and a name in, clues out, each with its rank and, where it can't be right, the
reason. Choosing among them is resolve.py. Facts and ranking: ORIGINALS.md sections 1.2, 1.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.capture_time.moment import Moment, is_unset, parse, parse_offset
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.model import FileId, Tags


FILE_NAME = "file name"  # the source of a clue that no tag gave


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
    _Tag(40, "QuickTime:CreateDate", _WEAK, "the film's header, in UTC by the standard",
         is_utc=True),
    _Tag(42, "Track1:MediaCreateDate", _WEAK, "the first track's header, in UTC by the standard",
         is_utc=True),
    _Tag(44, "Matroska:DateTimeOriginal", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(46, "ASF:CreationDate", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(90, "IFD0:ModifyDate", _NONE, "when the file was saved last, which an editor rewrites"),
)  # fmt: skip

# Cameras whose QuickTime header holds the local clock (immich#13009, photoprism#1388).
_LOCAL_CLOCK_MAKES = ("nikon", "gopro", "casio", "garmin", "pentax", "ricoh", "olympus")

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


def clues_of(file: FileId, tags: Tags, name: str, now: datetime) -> list[Clue]:
    """All clues of one file, unordered; `now` is naive UTC and bounds the future."""
    found = [*_from_tags(file, tags), *_from_iptc(file, tags), *_from_gps(file, tags)]
    return [*(_judged(clue, now) for clue in found), *clues_of_name(file, name, now)]


def clues_of_name(file: FileId, name: str, now: datetime) -> list[Clue]:
    """The clue in a name alone: at most one."""
    return [_judged(clue, now) for clue in _from_name(file, name)]


def _from_tags(file: FileId, tags: Tags) -> Iterator[Clue]:
    make = (tags.make or "").lower()
    for rule in _TAGS:
        value = tags.all.get(rule.tag)
        if value is None:
            continue
        moment = _with_companions(parse(value), rule, tags.all)
        is_utc, says = rule.is_utc, rule.says
        if is_utc and make.startswith(_LOCAL_CLOCK_MAKES):
            is_utc, says = False, f"the film's header, which {tags.make} writes in local time"
        yield Clue(file, rule.tag, value, rule.rank, rule.trust, says, moment, is_utc)


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
        yield Clue(file, "GPS:GPSDateTime", value, 50, _WEAK, says, utc, is_utc=True)


# Names that cameras and phones give, with the local clock in them (ORIGINALS 1.7).
_NAME = re.compile(
    r"(?:^|[^0-9])(?P<day>(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d)"
    r"(?:[-_ T]+(?:at )?(?P<time>[0-2]\d[-_.:]?[0-5]\d[-_.:]?[0-5]\d)(?P<fraction>\d{3})?)?(?![0-9])"
)


def _from_name(file: FileId, name: str) -> Iterator[Clue]:
    found = _NAME.search(name)
    if not found:
        return
    day = re.sub(r"\D", "", found["day"])
    time = re.sub(r"\D", "", found["time"] or "")
    text = f"{day[:4]}:{day[4:6]}:{day[6:]}"
    if time:
        text += f" {time[:2]}:{time[2:4]}:{time[4:]}"
    moment = parse(text)
    if moment is not None:
        says = "a date in the file's name, shown and not used"
        yield Clue(file, FILE_NAME, name, 80, _NONE, says, moment)


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
