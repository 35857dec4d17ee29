"""Every hint about the capture time that a file carries, with how far to trust it.

Pure: tags and a name in, clues out, each with its rank and, where it can't be right, the
reason. Choosing among them is resolve.py. Facts and ranking: ORIGINALS.md sections 1.2, 1.3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from indexer.capture_time.clue import (
    FILE_NAME,
    FILE_SYSTEM,
    FOLDER_NAME,
    NEIGHBOUR,
    SATELLITES,
    TAKEOUT,
    Clue,
    Trust,
)
from indexer.capture_time.film_clock import quicktime_clock
from indexer.capture_time.folders import date_in_folders
from indexer.capture_time.moment import Moment, is_unset, offset_within, parse_partial
from indexer.capture_time.names import date_in_name
from indexer.capture_time.plausible import Teller, refusal
from indexer.capture_time.provenance import is_camera, is_phone, is_screenshot, scanned_by
from indexer.capture_time.sidecar_times import sidecar_times
from indexer.capture_time.tag_clues import clues_of_tags
from indexer.capture_time.vendor_zones import offset_hints
from indexer.model import UnknownTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from indexer.model import FileId, Tags

__all__ = [
    "FILE_NAME", "FILE_SYSTEM", "FOLDER_NAME", "NEIGHBOUR", "SATELLITES", "TAKEOUT", "Clue", "Trust",
    "clues_of", "clues_of_folders", "clues_of_name", "clues_of_sidecar",
]  # fmt: skip

# What a person enters about a scanned picture; all other dates of a scan are the scanner's.
_ENTERED = frozenset({"XMP-photoshop:DateCreated", "IPTC:DateCreated"})
_ORIGINALS = frozenset({"ExifIFD:DateTimeOriginal", "XMP-exif:DateTimeOriginal"})
_A_DAY = timedelta(hours=24 + 14)  # and as much as zones make of it

# A sidecar's families of tags. A THM, Sony's clip file and a drone's subtitles are the camera's
# own word and come before a film's header; Takeout's is an instant, XMP anybody's.
_SIDECAR_RANKS = {
    "ExifIFD": (18, Trust.LIKELY),
    "XML": (18, Trust.LIKELY),
    "XMP:NonRealTimeMetaCreationDateValue": (18, Trust.LIKELY),
    "SRT": (19, Trust.LIKELY),
    "JSON": (55, Trust.WEAK),
}
_OTHERS = (56, Trust.WEAK)
_GOOGLES_PLACES = ("GeoDataExif", "GeoData")
_PARTS_OF_PLACE = ("Latitude", "Longitude", "LatitudeSpan", "LongitudeSpan")
_SAVED_SECONDS = 2.0  # what FAT keeps of a time


def clues_of(
    file: FileId,
    tags: Tags,
    name: str,
    now: datetime,
    duration_ms: int | None = None,
    *,
    saved: datetime | None = None,
) -> list[Clue]:
    """All clues of one file, unordered; `now` is naive UTC and bounds the future.

    `saved` is the file system's time in naive UTC: it dates nothing, but a program's stamp of
    that very second is the day of a conversion. None: not known.
    """
    found = [*clues_of_tags(file, tags), *_from_header(file, tags, name, duration_ms)]
    teller = Teller(is_camera=is_camera(tags), is_set_by_network=is_phone(tags))
    judged = [_judged(clue, now, teller) for clue in found]
    if saved is not None and not teller.is_camera and not is_screenshot(tags):
        judged = [_unless_saved_then(clue, saved) for clue in judged]
    judged += clues_of_name(file, name, now)
    scanner = scanned_by(tags)
    if scanner is not None:
        judged = _scanned(judged, scanner)
    if saved is not None and not any(clue.is_usable for clue in judged):
        judged.append(_from_file_system(file, saved))
    return [_with_surroundings(clue, tags) for clue in judged]


def clues_of_sidecar(file: FileId, tags: Tags, now: datetime) -> list[Clue]:
    """What a sidecar says about the time of the file that it belongs to."""
    found = []
    for time in sidecar_times(tags):
        family = time.source.partition(":")[0]
        rank, trust = _SIDECAR_RANKS.get(time.source) or _SIDECAR_RANKS.get(family, _OTHERS)
        found.append(
            Clue(
                file,
                time.source,
                time.value,
                rank,
                trust if time.is_capture else Trust.NONE,
                f"in the sidecar: {time.says}",
                time.moment,
                time.is_utc,
                partial=None if time.moment else parse_partial(time.value),
                is_device=time.is_capture and trust is Trust.LIKELY,
            )
        )
    teller = Teller(is_camera=is_camera(tags), is_set_by_network=is_phone(tags))
    return [_with_surroundings(_judged(clue, now, teller), tags) for clue in found]


def clues_of_name(file: FileId, name: str, now: datetime) -> list[Clue]:
    """The clue in a name alone: at most one."""
    teller = Teller(is_set_by_network=True)  # cameras that name by date are telephones
    return [_judged(clue, now, teller) for clue in _from_name(file, name)]


def clues_of_folders(file: FileId, folders: str, now: datetime) -> list[Clue]:
    """The suggestion in the names of the folders above a file: at most one."""
    found = date_in_folders(folders)
    if found is None or found.year > now.year:
        return []
    says = f"the names above it: {found.says} {found.name!r}"
    partial = found.iso
    return [
        Clue(file, FOLDER_NAME, found.name, 85, Trust.NONE, says, found.moment, partial=partial)
    ]


def _from_header(file: FileId, tags: Tags, name: str, duration_ms: int | None) -> Iterator[Clue]:
    """The film's header: in UTC or local, start or stop, by who wrote it."""
    clock = quicktime_clock(tags, duration_ms, date_in_name(name))
    if clock is None:
        unset = tags.all.get("QuickTime:CreateDate")
        if unset is not None:
            yield Clue(
                file, "QuickTime:CreateDate", unset, 40, Trust.WEAK, "the film's header", None
            )
        return
    trust = Trust.NONE if clock.is_export else Trust.LIKELY if clock.is_witnessed else Trust.WEAK
    says = "the film's header, which an export rewrote" if clock.is_export else clock.says
    yield Clue(
        file, clock.source, clock.value, 40, trust, says, clock.moment, clock.is_utc,
        is_device=clock.is_witnessed or (clock.is_known and is_camera(tags)),
    )  # fmt: skip


def _with_surroundings(clue: Clue, tags: Tags) -> Clue:
    """The clue with what the same file says of its place and its camera's zone."""
    if clue.moment is None or (clue.rejected is not None and not clue.if_true):
        return clue
    where = _place(tags)
    needs_hints = clue.moment.offset_min is None
    hints = tuple(offset_hints(tags, clue.moment)) if needs_hints else ()
    return replace(clue, where=where, hints=hints) if where or hints else clue


def _place(tags: Tags) -> tuple[float, float] | None:
    if tags.latitude is not None and tags.longitude is not None:
        return tags.latitude, tags.longitude
    for place in _GOOGLES_PLACES:
        parts = [tags.all.get(f"JSON:{place}{word}", "0") for word in _PARTS_OF_PLACE]
        try:
            latitude, longitude, *spans = map(float, parts)
        except ValueError:
            continue
        # Zeros mean nowhere, and a place with an extent is one that Google has guessed.
        if (latitude or longitude) and not any(spans):
            return latitude, longitude
    return None


def _from_name(file: FileId, name: str) -> Iterator[Clue]:
    """A camera's or phone's own name may be used and says so; any other is a suggestion."""
    found = date_in_name(name)
    if found is None:
        return
    rank, trust = (60, Trust.LIKELY) if found.is_camera_own else (80, Trust.NONE)
    says = f"the time {found.says}"
    yield Clue(
        file, FILE_NAME, name, rank, trust, says, found.moment, found.is_utc,
        is_device=found.is_camera_own,
    )  # fmt: skip


def _from_file_system(file: FileId, saved: datetime) -> Clue:
    says = "when the file was written here, which every copy changes"
    return Clue(
        file, FILE_SYSTEM, saved.isoformat(), 99, Trust.NONE, says,
        Moment(saved.replace(microsecond=0), offset_min=0), is_utc=True,
    )  # fmt: skip


def _judged(clue: Clue, now: datetime, teller: Teller) -> Clue:
    """The clue with the reason for which it can't be right, if there is one."""
    if is_unset(clue.value):
        return replace(clue, moment=None, rejected=UnknownTime.ZERO, says="is blank or all zeros")
    if clue.moment is None:
        if clue.partial is not None:
            return replace(clue, trust=Trust.NONE, says=f"{clue.says}, without a day")
        return replace(clue, rejected=UnknownTime.ZERO, says="is no possible date")
    told_by = replace(teller, is_satellite=clue.source == SATELLITES)
    against = refusal(clue.moment, now, told_by)
    if against is None:
        return clue
    if_true = clue.says if against.may_be_true else ""
    return replace(clue, rejected=against.reason, says=against.says, if_true=if_true)


# --- dates that are of something else ------------------------------------------------------


def _unless_saved_then(clue: Clue, saved: datetime) -> Clue:
    """A program's stamp of the second in which the file was written is that of a conversion."""
    if not clue.is_usable or clue.moment is None or clue.is_device:
        return clue
    written = Moment(saved.replace(microsecond=0))
    if offset_within(_SAVED_SECONDS, clue.moment, written) is None:
        return clue
    says = f"{clue.says}; it is when the file was saved, and names no camera"
    return replace(clue, trust=Trust.NONE, says=says)


def _scanned(clues: Iterable[Clue], scanner: str) -> list[Clue]:
    """The clues of a scan: its own stamps tell when a print or a film became digital."""
    known = list(clues)
    digitised = next((c for c in known if c.source == "ExifIFD:CreateDate" and c.moment), None)
    return [_of_scan(clue, digitised, scanner) for clue in known]


def _of_scan(clue: Clue, digitised: Clue | None, scanner: str) -> Clue:
    if clue.moment is None or clue.trust is Trust.NONE or clue.source in _ENTERED:
        return clue
    if clue.source == FILE_NAME:
        return replace(clue, trust=Trust.NONE, says=f"{clue.says}, or of the scan")
    if clue.source in _ORIGINALS and digitised is not None and _is_older(clue, digitised):
        # Two dates can't both be the scanner's: somebody has entered the older one.
        return replace(clue, trust=Trust.LIKELY, says="the date that the scanned picture was given")
    says = f"the day of digitisation, not of the picture: {scanner} made the file"
    return replace(clue, trust=Trust.NONE, says=says, is_digitised=True, rejected=None, if_true="")


def _is_older(clue: Clue, digitised: Clue) -> bool:
    if clue.moment is None or digitised.moment is None:
        return False
    return digitised.moment.clock - clue.moment.clock > _A_DAY
