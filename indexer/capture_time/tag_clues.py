"""The tags that hold a date, by container: their rank, and the tags that belong to each.

Pure: one file's tags in, clues out as they stand. Whether a value can be right is for clues.py,
which of them is used for resolve.py. Facts and ranking: ORIGINALS.md section 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.capture_time.clue import SATELLITES, Clue, Trust
from indexer.capture_time.moment import (
    Moment,
    offset_between,
    parse,
    parse_offset,
    parse_partial,
)
from indexer.capture_time.provenance import is_camera, was_saved_by_camera

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.model import FileId, Tags


@dataclass(frozen=True, slots=True)
class _Tag:
    rank: int
    tag: str
    trust: Trust
    says: str
    fraction: str = ""  # the tag that holds this one's digits of the second
    offset: str = ""  # the tag that holds this one's offset
    is_utc: bool = False
    by_device: bool = False  # a camera's, if the file names one


_CERTAIN, _LIKELY, _WEAK, _NONE = Trust.CERTAIN, Trust.LIKELY, Trust.WEAK, Trust.NONE
_BY_CAMERA = "the camera's record of the exposure"
_BEGUN = "the start of the recording by the camera's clock"
_KEPT = "the recording's date, kept by an export"

# Ranked. An offset or a fraction counts only for the tag it was written for: OffsetTime
# belongs to ModifyDate, and editors rewrite it (immich#15639).
_TAGS = (
    _Tag(10, "ExifIFD:DateTimeOriginal", _CERTAIN, _BY_CAMERA,
         "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal"),
    _Tag(11, "CanonRaw:DateTimeOriginal", _CERTAIN, _BY_CAMERA),
    _Tag(11, "IFD0:DateTimeOriginal", _CERTAIN, _BY_CAMERA,
         "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal"),
    _Tag(11, "PNG:ExifDateTimeOriginal", _LIKELY, "the exposure, as a converter copied it"),
    _Tag(12, "Keys:CreationDate", _CERTAIN, "the start of the recording with its zone"),
    _Tag(12, "XML:CreationDateValue", _CERTAIN, "the start of the recording with its zone"),
    _Tag(13, "RIFF:DateTimeOriginal", _CERTAIN, _BEGUN),
    _Tag(13, "H264:DateTimeOriginal", _CERTAIN, _BEGUN),
    *(_Tag(13, f"{maker}:DateTimeOriginal", _CERTAIN, "the camera's own record in its notes")
      for maker in ("Canon", "Casio", "DJI", "FLIR", "FujiFilm", "GoPro", "JVC", "Kodak", "Nikon",
                    "Olympus", "Panasonic", "Pentax", "Reconyx", "Ricoh", "Samsung", "Sanyo")),
    _Tag(14, "UserData:DateTimeOriginal", _LIKELY, "the start of the recording"),
    _Tag(14, "ItemList:ContentCreateDate", _LIKELY, _KEPT),
    _Tag(14, "UserData:ContentCreateDate", _LIKELY, _KEPT),
    _Tag(15, "Keys:CreationTime", _LIKELY, _KEPT),
    _Tag(20, "ExifIFD:CreateDate", _LIKELY, "when the picture became digital",
         "ExifIFD:SubSecTimeDigitized", "ExifIFD:OffsetTimeDigitized", by_device=True),
    _Tag(30, "XMP-exif:DateTimeOriginal", _LIKELY, "the exposure, copied into XMP"),
    _Tag(32, "XMP-photoshop:DateCreated", _LIKELY, "the date of the picture in XMP"),
    _Tag(35, "RIFF:DateCreated", _LIKELY, "the date of the recording"),
    _Tag(35, "XMP-exif:DateTimeDigitized", _LIKELY, "when it became digital, copied into XMP"),
    _Tag(36, "XMP-xmp:CreateDate", _WEAK, "when the document was made"),
    _Tag(38, "PNG:CreationTime", _WEAK, "when the picture was made, in PNG text"),
    _Tag(38, "PNG:CreateDate", _WEAK, "when the picture was made, in PNG text"),
    _Tag(39, "XMP-GPano:SourceImageCreateTime", _WEAK, "the time of a panorama's first picture"),
    _Tag(41, "Samsung:TimeStamp", _LIKELY, "the phone's UTC stamp", is_utc=True, by_device=True),
    _Tag(42, "Olympus:DateTimeUTC", _WEAK, "the camera's own UTC time", is_utc=True,
         by_device=True),
    _Tag(44, "Matroska:DateTimeOriginal", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(46, "ASF:CreationDate", _WEAK, "the film's header, in UTC", is_utc=True),
    _Tag(92, "PNG:ModifyDate", _NONE, "when the file was saved last, which an editor rewrites"),
    _Tag(92, "XMP-xmp:ModifyDate", _NONE, "when the file was saved last by an editor"),
)  # fmt: skip
_MODIFIED = _Tag(90, "IFD0:ModifyDate", _NONE,
                 "when the file was saved last, which an editor rewrites",
                 "ExifIFD:SubSecTime", "ExifIFD:OffsetTime")  # fmt: skip


def clues_of_tags(file: FileId, tags: Tags) -> Iterator[Clue]:
    """The clues in tags that hold a date, as they stand: nothing is judged yet."""
    for rule in _TAGS:
        if (clue := _from_tag(file, tags, rule)) is not None:
            yield clue
    yield from _from_iptc(file, tags)
    yield from _from_gps(file, tags)
    yield from _from_modify_date(file, tags)


def _from_modify_date(file: FileId, tags: Tags) -> Iterator[Clue]:
    modified = _from_tag(file, tags, _MODIFIED)
    if modified is None:
        return
    if modified.moment is not None and was_saved_by_camera(tags):
        says = "when the camera saved the picture, and nothing else has since"
        rank = 49 if _agrees_with_satellites(modified.moment, tags) else 51
        modified = replace(modified, rank=rank, trust=_WEAK, says=says, is_device=True)
    yield modified


def _from_tag(file: FileId, tags: Tags, rule: _Tag) -> Clue | None:
    value = tags.all.get(rule.tag)
    if value is None:
        return None
    moment = _with_companions(parse(value), rule, tags.all)
    clue = Clue(
        file, rule.tag, value, rule.rank, rule.trust, rule.says, moment, rule.is_utc,
        partial=None if moment else parse_partial(value),
        is_device=is_camera(tags) and (rule.by_device or rule.trust is _CERTAIN),
    )  # fmt: skip
    return _with_doubt(clue) if rule.tag.startswith("XMP-") else clue


def _with_doubt(clue: Clue) -> Clue:
    """A bare UTC is what programs write that know no zone (exiftool-vendored's Timezones.ts)."""
    if clue.moment is None or clue.moment.offset_min != 0:
        return clue
    return replace(clue, moment=replace(clue.moment, offset_min=None), is_zone_doubted=True)


def _agrees_with_satellites(moment: Moment, tags: Tags) -> bool:
    utc = _satellites(tags)[1]
    return utc is not None and offset_between(moment, utc) is not None


def _with_companions(
    moment: Moment | None, rule: _Tag, everything: Mapping[str, str]
) -> Moment | None:
    if moment is None:
        return None
    digits = everything.get(rule.fraction, "").strip(" \0")
    if digits.isascii() and digits.isdecimal() and not moment.fraction and moment.has_seconds:
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
    for rank, words, says in (
        (34, ("DateCreated", "TimeCreated"), "the date in IPTC"),
        (37, ("DigitalCreationDate", "DigitalCreationTime"), "when it became digital, in IPTC"),
    ):
        day, time = (tags.all.get(f"IPTC:{word}") for word in words)
        if day:
            value = f"{day} {time}" if time else day
            moment = parse(value) or parse(day)
            partial = None if moment else parse_partial(day)
            clue = Clue(
                file, f"IPTC:{words[0]}", value, rank, _LIKELY, says, moment, partial=partial
            )
            yield _with_doubt(clue)


def _from_gps(file: FileId, tags: Tags) -> Iterator[Clue]:
    value, utc = _satellites(tags)
    if value:
        says, trust = "the satellites' time, in UTC", _WEAK
        if tags.all.get("GPS:GPSStatus", "").strip().upper() == "V":
            says, trust = "the receiver's time, which had no fix", _NONE
        yield Clue(file, SATELLITES, value, 50, trust, says, utc, is_utc=True, is_device=True)


def _satellites(tags: Tags) -> tuple[str | None, Moment | None]:
    day, time = tags.all.get("GPS:GPSDateStamp"), tags.all.get("GPS:GPSTimeStamp")
    value = f"{day} {time}" if day and time else tags.all.get("XMP-exif:GPSDateTime")
    moment = parse(value) if value else None
    return value, None if moment is None else moment.at(0)
