"""Times that a sidecar tells about the picture beside it, and what each of them dates.

Pure: the sidecar's own tags in, facts out. Which sidecar belongs to which picture is
grouping/sidecars.py; ranking is for clues.py. Facts: ORIGINALS.md 1.3, 1.8 and 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from indexer.capture_time.clue import TAKEOUT
from indexer.capture_time.moment import Moment, parse, parse_offset
from indexer.metadata.subtitles import FIRST_CUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.model import Tags


@dataclass(frozen=True, slots=True)
class SidecarTime:
    """One time in a sidecar, as it was found and as it was understood."""

    moment: Moment | None  # None: the value is no time ("0", blanks); kept to be shown
    source: str  # the tag in the sidecar
    value: str
    is_utc: bool  # an instant whose local clock is not known
    says: str
    is_capture: bool = True  # False: of an edit or an upload; shown, never the capture time


@dataclass(frozen=True, slots=True)
class _Tag:
    tag: str
    says: str
    fraction: str = ""
    offset: str = ""


# A THM is the JPEG that old cameras wrote beside a film that could not hold a date.
_EXIF: Final = (
    _Tag("ExifIFD:DateTimeOriginal", "the camera's record in the picture beside the film",
         "ExifIFD:SubSecTimeOriginal", "ExifIFD:OffsetTimeOriginal"),
    _Tag("ExifIFD:CreateDate", "the camera's record in the picture beside the film",
         "ExifIFD:SubSecTimeDigitized", "ExifIFD:OffsetTimeDigitized"),
)  # fmt: skip
# ModifyDate and MetadataDate are an editor's. Most trusted first.
_XMP: Final = (
    _Tag("XMP-exif:DateTimeOriginal", "the exposure, as the XMP sidecar has it"),
    _Tag("XMP-photoshop:DateCreated", "the date of the picture in the XMP sidecar"),
    _Tag("XMP-exif:DateTimeDigitized", "when it became digital, as the XMP sidecar has it"),
    _Tag("XMP-xmp:CreateDate", "when the document was made, in the XMP sidecar"),
)
_CLIP: Final = (
    _Tag("XMP:NonRealTimeMetaCreationDateValue", "the start of the recording in Sony's clip file"),
    _Tag("XML:CreationDateValue", "the start of the recording in Sony's clip file"),
)
_UPLOADED: Final = "JSON:CreationTimeTimestamp"
# ExifTool says XML for the text form of a property list and PLIST for the binary one.
_ADJUSTED: Final = ("XML:AdjustmentTimestamp", "PLIST:AdjustmentTimestamp")
_EDITOR: Final = ("XML:AdjustmentEditorBundleID", "PLIST:AdjustmentEditorBundleID")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Digits of a Unix time that datetime can hold, and no more: years 0 to 5138 or so.
_UNIX: Final = re.compile(r"-?[0-9]{1,11}")


def sidecar_times(tags: Tags) -> Iterator[SidecarTime]:
    """All times in one sidecar's tags, the most trusted of each kind first."""
    everything = tags.all
    for rule in (*_EXIF, *_CLIP):
        yield from _local(everything, rule)
    for rule in _XMP:
        yield from _in_xmp(everything, rule)
    yield from _in_subtitles(everything)
    yield from _in_takeout(everything)
    yield from _adjusted(everything)


def _local(everything: Mapping[str, str], rule: _Tag) -> Iterator[SidecarTime]:
    """A camera's own clock, with the fraction and the offset written for it."""
    value = everything.get(rule.tag)
    if value is None:
        return
    moment = parse(value)
    digits = everything.get(rule.fraction, "").strip(" \0")
    if moment is not None and digits.isdecimal() and not moment.fraction:
        moment = replace(moment, fraction=digits)
    offset = parse_offset(everything.get(rule.offset, ""))
    if moment is not None and offset is not None:
        moment = moment.at(offset)
    yield SidecarTime(moment, rule.tag, value, is_utc=False, says=rule.says)


def _in_xmp(everything: Mapping[str, str], rule: _Tag) -> Iterator[SidecarTime]:
    """XMP's date; "Z" and "+00:00" in it are more often a program's habit than London's clock."""
    value = everything.get(rule.tag)
    if value is None:
        return
    moment = parse(value)
    is_utc = moment is not None and moment.offset_min == 0
    says = f"{rule.says}, in UTC: its local clock is not told" if is_utc else rule.says
    yield SidecarTime(moment, rule.tag, value, is_utc, says)


def _in_takeout(everything: Mapping[str, str]) -> Iterator[SidecarTime]:
    """Google's times are instants; for a clock without zone Google has guessed one."""
    if taken := everything.get(TAKEOUT):
        says = "when it was taken, as Google Photos has it: an instant, not a local clock"
        yield SidecarTime(_from_unix(taken), TAKEOUT, taken, is_utc=True, says=says)
    if uploaded := everything.get(_UPLOADED):
        says = "when it was uploaded to Google Photos"
        moment = _from_unix(uploaded)
        yield SidecarTime(moment, _UPLOADED, uploaded, is_utc=True, says=says, is_capture=False)


def _from_unix(text: str) -> Moment | None:
    """Seconds since 1970 as an instant; None for "0", which is how Google says unknown."""
    if not _UNIX.fullmatch(text) or int(text) == 0:
        return None
    try:
        instant = _EPOCH + timedelta(seconds=int(text))
    except OverflowError:
        return None
    return Moment(instant.replace(tzinfo=None), offset_min=0)


def _adjusted(everything: Mapping[str, str]) -> Iterator[SidecarTime]:
    for tag in _ADJUSTED:
        if value := everything.get(tag):
            says = "when Apple's Photos changed the picture"
            yield SidecarTime(parse(value), tag, value, is_utc=True, says=says, is_capture=False)


# DJI: 2023-02-16 17:20:30.123, "2019-09-25 01:22:35,118,697" with microseconds, and on older
# drones 2017.08.05 14:11:51.
_STAMP: Final = re.compile(
    r"(?<!\d)(?P<day>(?:19|20)\d\d[-.]\d\d[-.]\d\d)[ T](?P<time>\d\d:\d\d:\d\d)"
    r"(?:[.,](?P<fraction>\d{3})(?:,(?P<micro>\d{3}))?)?(?!\d)",
    re.ASCII,
)


def _in_subtitles(everything: Mapping[str, str]) -> Iterator[SidecarTime]:
    """The clock in a drone's first cue, which is the start of its film.

    The drone has its clock from the telephone or the remote control that flies it, so it is
    taken for local; some models write UTC. Other subtitles have no date in their first cue.
    """
    found = _STAMP.search(everything.get(FIRST_CUE, ""))
    moment = parse(f"{found['day']} {found['time']}") if found else None
    if found is None or moment is None:
        return
    fraction = (found["fraction"] or "") + (found["micro"] or "")
    says = "the first second of the film by the drone's clock"
    moment = replace(moment, fraction=fraction)
    yield SidecarTime(moment, FIRST_CUE, found[0], is_utc=False, says=says)


def is_persons_edit(tags: Tags) -> bool | None:
    """Whether an AAE keeps what a person did to the picture; None: it is none, or is silent.

    The camera writes one by itself for portraits, filters and slow motion.
    """
    editor = next((tags.all[tag] for tag in _EDITOR if tag in tags.all), None)
    return None if editor is None else editor.casefold() != "com.apple.camera"
