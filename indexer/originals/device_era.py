"""Which formats a device could write, by model, system and year; who wrote HEIC and who JPEG.

Pure; ORIGINALS.md sections 3.1 (F1, F2) and 3.7. A phone writes one of the two, never both, and
which one is a setting: so the formats alone decide nothing where both were possible.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from indexer.grouping.size import is_smaller
from indexer.model import Kind
from indexer.originals.habits import camera_of
from indexer.originals.software import Software, ios_version, kind_of, programs_of
from indexer.originals.structure import (
    is_apples,
    is_heif,
    is_in_one_piece,
    is_jpeg,
    is_native_heic,
    looks_first_generation,
    may_be_native_heic,
    quantisation,
)
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.vote import Bench

# Encoding HEVC takes an A10 chip: iPhone 7, iPad Pro of 2017, iPod touch 7 (WWDC 2017, 511).
WITHOUT_HEVC: Final = frozenset(
    {
        *("iphone", "iphone 3g", "iphone 3gs", "iphone 4", "iphone 4s", "iphone 5", "iphone 5c"),
        *("iphone 5s", "iphone 6", "iphone 6 plus", "iphone 6s", "iphone 6s plus", "iphone se"),
        *("iphone se (1st generation)", "ipod touch", "ipod touch (5th generation)"),
        *("ipod touch (6th generation)", "ipad", "ipad 2", "ipad 3", "ipad 4"),
        *("ipad (3rd generation)", "ipad (4th generation)", "ipad (5th generation)"),
        *("ipad air", "ipad air 2", "ipad mini", "ipad mini 2", "ipad mini 3", "ipad mini 4"),
        *("ipad pro (9.7-inch)", "ipad pro (12.9-inch)"),
    }
)
FIRST_IOS_WITH_HEVC: Final = (11, 0)
HEIC_BORN: Final = datetime(2017, 6, 5)  # noqa: DTZ001 - iOS 11's first seed, by any clock
# ProRAW: iPhone 12 Pro and later Pros, from iOS 14.3 (Library of Congress, fdd000594).
_WITH_PRORAW: Final = re.compile(r"iphone (?:1[2-9]|[2-9]\d) pro", re.IGNORECASE)
_FIRST_IOS_WITH_PRORAW: Final = (14, 3)
_LINEAR_RAW: Final = "34892"  # DNG's PhotometricInterpretation for demosaiced data

# Formats that no camera writes when it names itself.
_COMPUTERS_OWN: Final = frozenset({"avif", "webp", "png", "gif", "jxl", "bmp"})
_TRUE_EXTENSIONS: Final = {
    "jpeg": "jpg",
    "jpe": "jpg",
    "tiff": "tif",
    "heif": "heic",
    "hif": "heic",
}
# The names whose meaning everybody agrees on; a RAW's may be one of several.
_PLAIN_EXTENSIONS: Final = frozenset(
    {"jpg", "heic", "png", "webp", "avif", "gif", "bmp", "tif", "mov", "mp4"}
)


def impossible_format(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """F1 and F2: HEIC, HEVC or ProRAW of a device that had no such thing."""
    why = why_no_hevc(subject)
    if why and is_heif(subject):
        yield Remark("impossible-format", f"{why}, so this HEIC was made from another file.")
    elif why and subject.fact.codec == "hevc":
        yield Remark("impossible-format", f"{why}, so this film was coded again.")
    if _is_impossible_proraw(subject):
        yield Remark("impossible-raw", f"{subject.tags.model} writes no ProRAW.")


def why_no_hevc(subject: Subject) -> str | None:
    """A clause why this device can't have written HEIC or HEVC; None where it may have."""
    model, time = (subject.tags.model or "").strip(), subject.own_time
    if is_apples(subject) and model.lower() in WITHOUT_HEVC:
        return f"{model} can't write {_format_of(subject)}"
    version = ios_version(subject.tags)
    if version is not None and version < FIRST_IOS_WITH_HEVC:
        return f"iOS {subject.tags.software} can't write {_format_of(subject)}"
    # Cameras recorded HEVC films from 2014 on (Samsung NX1), but no HEIC.
    if time and time.clock < HEIC_BORN and (subject.is_still or is_apples(subject)):
        named = subject.tags.make or subject.tags.model
        return f"No camera wrote {_format_of(subject)} in {time.clock.year}" if named else None
    return None


def _format_of(subject: Subject) -> str:
    return "HEIC" if subject.is_still else "HEVC"


def _is_impossible_proraw(subject: Subject) -> bool:
    version, tags = ios_version(subject.tags), subject.tags
    if subject.fact.extension != "dng" or version is None or not tags.model:
        return False
    if _LINEAR_RAW not in {
        tags.all.get(f"{group}:PhotometricInterpretation") for group in ("IFD0", "SubIFD")
    }:
        return False
    return not _WITH_PRORAW.match(tags.model) or version < _FIRST_IOS_WITH_PRORAW


def raw(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """Sensor data, or what a converter made of it."""
    if subject.fact.kind is not Kind.RAW:
        return
    named = raw_file_name(subject)
    if named is None:
        yield Remark("raw", "It holds the sensor's data, which can't be made from another file.")
    else:
        yield Remark("converted-raw", f"A converter made this DNG of the camera's {named}.")


def raw_beside(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A RAW beside pictures, and a picture beside a RAW."""
    raws = [rival for rival in bench.rivals if rival.fact.kind is Kind.RAW]
    if subject.fact.kind is not Kind.RAW and raws:
        says = "A RAW of this shot is here, which can't be made from another file."
        yield Remark("raw-companion", says)
    if raw_file_name(subject) and bench.rivals and not raws:
        yield Remark("raw-beside-picture", "It holds the sensor's data, which the others lost.")


def raw_file_name(subject: Subject) -> str | None:
    """The camera's RAW that a DNG was made from; None for a DNG out of a camera."""
    if subject.fact.extension != "dng":
        return None
    for group in ("IFD0", "ExifIFD", "SubIFD"):
        named = subject.tags.all.get(f"{group}:OriginalRawFileName", "").strip()
        # Cameras that write DNG name that very file.
        if named and not named.lower().endswith(".dng"):
            return named
    return None


# --- HEIC beside JPEG --------------------------------------------------------------------


def camera_format(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Which of a HEIC and a JPEG the phone wrote, where their structure or its habits tell."""
    jpegs = [rival for rival in bench.rivals if is_jpeg(rival)]
    heics = [rival for rival in bench.rivals if is_heif(rival)]
    if is_heif(subject) and jpegs and not why_no_hevc(subject):
        if is_native_heic(subject) and not any(_is_native_jpeg(j, subject) for j in jpegs):
            model = subject.tags.model or "This phone"
            says = f"{model} writes HEIC; a JPEG beside it is an export."
            yield Remark("camera-format", says)
        if not is_in_one_piece(subject) and bench.habits.mode_around(subject) == "heic":
            says = "The same phone wrote only HEIC around that day."
            yield Remark("neighbours-agree", says)
    if is_heif(subject) and jpegs and not may_be_native_heic(subject):
        model = subject.tags.model or "its camera"
        says = f"Nothing shows that {model} writes HEIC, and a JPEG of the shot is here."
        yield Remark("foreign-format", says)
    is_full = is_jpeg(subject) and heics and not any(is_smaller(subject, heic) for heic in heics)
    if is_full and bench.habits.mode_around(subject) == "jpeg":
        says = "The same phone wrote only JPEG around that day."
        yield Remark("neighbours-agree", says)


def _is_native_jpeg(subject: Subject, heic: Subject) -> bool:
    """Whether a JPEG beside a HEIC looks as the camera writes it, in its compatible mode."""
    kept = subject.tags.has_maker_note or not heic.tags.has_maker_note
    return kept and looks_first_generation(subject) and not is_smaller(subject, heic)


def tables(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """Whether a JPEG's tables are those that this camera uses elsewhere in the library."""
    own = quantisation(subject)
    usual = bench.habits.tables.get(camera_of(subject) or "", frozenset())
    if not bench.rivals or own is None or not usual:
        return
    if own in usual:
        says = "It is compressed exactly as this camera's other pictures are."
        yield Remark("camera-tables", says)
    else:
        says = "It is compressed in another way than this camera's other pictures."
        yield Remark("foreign-tables", says)


def computers_format(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A format that no camera writes, of a shot that names its camera; screenshots name none."""
    kind = subject.fact.extension
    if kind in _COMPUTERS_OWN and any(map(_names_camera, (subject, *bench.peers))):
        says = f"No camera writes {kind.upper()} files; a program made it."
        yield Remark("no-camera-format", says)


def _names_camera(subject: Subject) -> bool:
    tags = subject.tags
    is_scan = any(kind_of(name, tags.make) is Software.SCANNER for name in programs_of(tags))
    return bool(tags.make or tags.model) and not is_scan


def file_name(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """A name that does not say what the bytes are."""
    if has_false_extension(subject):
        kind = subject.fact.extension.upper()
        says = f"Its name ends as another format's does; its bytes are {kind}."
        yield Remark("false-extension", says)


def has_false_extension(subject: Subject) -> bool:
    """Whether every copy's name says another common format than its bytes are."""
    if subject.fact.extension not in _PLAIN_EXTENSIONS:
        return False
    said = {_said_extension(file.name) for file in subject.files}
    return subject.fact.extension not in said and bool(said & _PLAIN_EXTENSIONS)


def _said_extension(name: bytes) -> str:
    ending = name.rpartition(b".")[2].decode("ascii", "replace").lower()
    return _TRUE_EXTENSIONS.get(ending, ending)
