"""What a film's header says of the start of its recording: whose clock it holds, start or stop.

Pure: one file's own tags, its length and its name in, one reading out. QuickTime's times are in
UTC by the standard and in local time by many cameras; phones write them when recording ends,
programs when they export. Facts: ORIGINALS.md 1.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from indexer.capture_time.moment import Moment, is_unset, offset_within, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.capture_time.names import NamedDate
    from indexer.model import Tags


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
_GOPRO_HANDLER: Final = re.compile(r"[\x00-\x1f]?\s*GoPro ")
_DJI_HANDLER: Final = re.compile(r"[\x00-\x1f]?\s*DJI")
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
    if any(_DJI_HANDLER.match(handler) for handler in handlers):
        return Writer("DJI", Clock.LOCAL, is_known=False)
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
        minutes = offset_within(_WITNESS_SECONDS, *pair)
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
