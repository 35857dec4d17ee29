"""What speaks for or against a member as the camera's own file: small rules, each a vote.

Pure. A rule looks at one subject beside the others of its shot and gives points with a
sentence, or nothing. Directions are sourced (ORIGINALS.md sections 3.1 to 3.4); the
points are starting values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from indexer.grouping.photos_library import Place
from indexer.grouping.size import is_smaller, pixels
from indexer.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.grouping.subject import Subject


@dataclass(frozen=True, slots=True)
class Vote:
    """One rule's word about one subject."""

    subject: Subject
    rule: str
    points: float
    says: str


_EDITORS = re.compile(
    r"photoshop|lightroom|camera raw|capture one|capture nx|dxo|acdsee|pixelmator|affinity|vsco|"
    r"snapseed|picasa|gimp|darktable|rawtherapee|imagemagick|paint\.net|windows photo|"
    r"facetune|instagram|snapchat|^photos \d|iphoto|aperture|mac os x|preview|handbrake|lavf|lavc|"
    r"imovie|digital photo professional|google",
    re.IGNORECASE,
)
# iPhones and iPads without an HEVC encoder (ORIGINALS 3.1, F1).
_NO_HEIC = re.compile(
    r"iphone (?:[3-6]|se$)|iphone$|ipod touch|ipad(?: mini| air)?(?: [234])?$", re.IGNORECASE
)
_HEIC_BORN = datetime(2017, 6, 5)  # noqa: DTZ001 - iOS 11's first seed
_HEIF = ("heic", "heif")


def votes(subject: Subject, others: Sequence[Subject]) -> Iterator[Vote]:
    """Every vote on one subject, given the rest of its shot."""
    for rule in _RULES:
        said = rule(subject, others)
        if said is not None:
            yield Vote(subject, rule.__name__.removeprefix("_").replace("_", "-"), *said)


_Said = tuple[float, str] | None


def _damaged(subject: Subject, _others: Sequence[Subject]) -> _Said:
    if subject.fact.damage is None:
        return None
    return -50, f"It is {subject.fact.damage}; a whole file stands before it."


def _raw(subject: Subject, _others: Sequence[Subject]) -> _Said:
    if subject.fact.kind is not Kind.RAW:
        return None
    return 8, "It holds the sensor's data, which can't be made from another file."


def _edited(subject: Subject, _others: Sequence[Subject]) -> _Said:
    if not subject.is_edit:
        return None
    return -20, "Its name or place is one that programs give to an edited version."


def _library_preview(subject: Subject, _others: Sequence[Subject]) -> _Said:
    if not subject.is_preview:
        return None
    return -12, "A Photos library made it for the screen."


def _imported(subject: Subject, others: Sequence[Subject]) -> _Said:
    """Photos keeps what was imported as it came; what leaves it gets captions and keywords."""
    is_kept = any(asset.place is Place.ORIGINAL for asset in subject.assets)
    if not others or not is_kept or subject.is_edit:
        return None
    return 3, "A Photos library keeps it among its originals, as it was imported."


def _transfer(subject: Subject, others: Sequence[Subject]) -> _Said:
    """Windows' own tools pad the metadata they rewrite (ORIGINALS 3.2)."""
    tags = subject.tags.all
    if not others or not any(name.endswith(":OffsetSchema") for name in tags):
        return None
    return -1, "Windows rewrote its metadata."


def _saved_by_editor(subject: Subject, _others: Sequence[Subject]) -> _Said:
    software = subject.tags.software or ""
    if not _EDITORS.search(software):
        return None
    return -4, f"{software} saved it, not a camera."


def _maker_notes(subject: Subject, others: Sequence[Subject]) -> _Said:
    if not others or all(o.tags.has_maker_note == subject.tags.has_maker_note for o in others):
        return None
    if subject.tags.has_maker_note:
        return 3, "It still has the camera's maker notes, which others of this shot lost."
    return -3, "It lost the camera's maker notes, which another of this shot has."


def _camera_format(subject: Subject, others: Sequence[Subject]) -> _Said:
    """A phone writes HEIC or JPEG, never both; which one depends on model and year."""
    heifs = [s for s in (subject, *others) if s.fact.extension in _HEIF]
    jpegs = [s for s in (subject, *others) if s.fact.extension == "jpg"]
    if not heifs or not jpegs or subject.fact.extension not in (*_HEIF, "jpg"):
        return None
    is_heif = subject.fact.extension in _HEIF
    impossible = _why_no_heic(heifs[0])
    if impossible:
        return (-6, f"{impossible}, so a HEIC was made from the JPEG.") if is_heif else None
    if is_heif and subject.tags.has_maker_note:
        return (
            6,
            f"{subject.tags.model or 'This phone'} writes HEIC; a JPEG beside it is an export.",
        )
    return None


def _why_no_heic(subject: Subject) -> str | None:
    model = subject.tags.model or ""
    if (subject.tags.make or "").lower() == "apple" and _NO_HEIC.match(model.lower()):
        return f"{model} can't write HEIC"
    time = subject.own_time
    if time and time.clock < _HEIC_BORN:
        return f"No camera wrote HEIC in {time.clock.year}"
    return None


def _smaller(subject: Subject, others: Sequence[Subject]) -> _Said:
    largest = max((o for o in others if o.is_still), key=pixels, default=None)
    if not subject.is_still or largest is None or not is_smaller(subject, largest):
        return None
    size = f"{subject.fact.width_px} x {subject.fact.height_px}"
    return (
        -6,
        f"It has {size} pixels, fewer than {largest.fact.width_px} x {largest.fact.height_px}.",
    )


def _rerendered(subject: Subject, _others: Sequence[Subject]) -> _Said:
    tags, fact = subject.tags, subject.fact
    if not (tags.exif_width and tags.exif_height and fact.width_px and fact.height_px):
        return None
    said = sorted((tags.exif_width, tags.exif_height))
    if fact.kind is Kind.RAW or said == sorted((fact.width_px, fact.height_px)):
        return None
    return (
        -4,
        f"The camera wrote {tags.exif_width} x {tags.exif_height} pixels, this file has others.",
    )


def _no_metadata(subject: Subject, others: Sequence[Subject]) -> _Said:
    if subject.has_metadata or not any(o.has_metadata for o in others):
        return None
    return -5, "It names neither camera nor time, while another of this shot does."


def _exact_time(subject: Subject, others: Sequence[Subject]) -> _Said:
    def digits(s: Subject) -> int:
        return (
            0
            if s.own_time is None
            else len(s.own_time.fraction) + (s.own_time.offset_min is not None)
        )

    if not others or digits(subject) <= min(digits(o) for o in others):
        return None
    return 1, "Its time has a fraction of a second or a zone that others of this shot lost."


def _place(subject: Subject, others: Sequence[Subject]) -> _Said:
    if subject.tags.latitude is None or all(o.tags.latitude is not None for o in others):
        return None
    return 1, "It still knows where it was taken."


def _plain_name(subject: Subject, others: Sequence[Subject]) -> _Said:
    if not others:
        return None
    shortest = min(len(s.fact.name) for s in (subject, *others))
    return (0.5, "Its name is the plainest.") if len(subject.fact.name) == shortest else None


_RULES = (
    _damaged,
    _raw,
    _edited,
    _library_preview,
    _imported,
    _transfer,
    _saved_by_editor,
    _maker_notes,
    _camera_format,
    _smaller,
    _rerendered,
    _no_metadata,
    _exact_time,
    _place,
    _plain_name,
)
