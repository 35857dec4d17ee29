"""Which of several encodings of one picture came first: what was saved once more, and was lost.

Pure; ORIGINALS.md sections 3.4 and 3.5. Who wrote a JPEG shows in its tables: Adobe, Apple and
most cameras have their own, nearly all other programs take those of the JPEG library. Of 56 JPEGs
of the corpus that name Adobe or Apple, 40 have tables of their own; the other 16 have the library's
at 80, 86, 90 or 96, as web services save them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexer.grouping.size import is_smaller
from indexer.originals.habits import camera_of
from indexer.originals.libjpeg import quality_of
from indexer.originals.software import ios_version, programs_of
from indexer.originals.structure import first_header, is_heif, is_jpeg, is_progressive
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.vote import Bench

# Programs that code JPEGs in their own way; what Adobe sells for phones is not known.
_ADOBES: Final = re.compile(r"\b(?:photoshop|lightroom|adobe|camera raw)\b", re.IGNORECASE)
_FOR_PHONES: Final = re.compile(r"android|\bios\b|express|mobile", re.IGNORECASE)
_APPLES: Final = re.compile(r"^photos \d|iphoto|aperture|mac os x|^preview\b", re.IGNORECASE)
# Where Adobe's programs write XMP whenever they write metadata at all.
_WITH_XMP: Final = frozenset({"png", "webp", "avif"})
# Estimates differ by a few between encoders; a copy is sometimes saved a little better.
_LOWER, _MUCH_LOWER = 10, 25


def saved_again(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """A record that names one program, in a coding that only others write."""
    named = next((name for name in programs_of(subject.tags) if _is_adobes(name)), None)
    if is_heif(subject) and named is not None:
        says = f"It names {named}, which writes no HEIC: another program saved it again."
        yield Remark("saved-again", says)
    elif subject.fact.extension in _WITH_XMP and named is not None and not _has_xmp(subject):
        says = f"It names {named}, but lacks what that writes: another program saved it again."
        yield Remark("saved-again", says)
    if not has_library_tables(subject):
        return
    named = named or _apples_name(subject)
    if named is not None:
        says = f"It names {named}, but is not coded as that does: another program saved it again."
        yield Remark("saved-again", says)


def _has_xmp(subject: Subject) -> bool:
    return any(key.startswith("XMP-") for key in subject.tags.all)


def _is_adobes(program: str) -> bool:
    return bool(_ADOBES.search(program)) and not _FOR_PHONES.search(program)


def _apples_name(subject: Subject) -> str | None:
    if ios_version(subject.tags) is not None:
        return f"iOS {subject.tags.software}"
    return next((name for name in programs_of(subject.tags) if _APPLES.search(name)), None)


def has_library_tables(subject: Subject) -> bool:
    """Whether a JPEG has exactly the tables of the library that most programs use."""
    return is_jpeg(subject) and _library_quality(subject) is not None


def _library_quality(subject: Subject) -> int | None:
    return quality_of(_digest(subject))


def _digest(subject: Subject) -> str:
    return subject.tags.all.get("File:JPEGDigest", "").partition(":")[0]


def coding(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A copy with the record of another, which is coded as no library does."""
    if not (has_library_tables(subject) and _looks_rewritten(subject)):
        return
    if any(_is_coded_by_its_own(rival, subject) for rival in bench.rivals):
        says = "Another with the same record is coded by the camera or program that it names."
        yield Remark("recoded", says)


def _looks_rewritten(subject: Subject) -> bool:
    return first_header(subject) == "jfif" or is_progressive(subject)


def _is_coded_by_its_own(one: Subject, of: Subject) -> bool:
    if not is_jpeg(one) or not _digest(one) or has_library_tables(one) or is_progressive(one):
        return False
    is_same = camera_of(one) is not None and camera_of(one) == camera_of(of)
    return is_same and not is_smaller(one, of)


def loss(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A clearly lower quality than another JPEG of the size: each generation costs some."""
    own = quality(subject)
    others = [
        known
        for rival in bench.rivals
        if not is_smaller(rival, subject) and (known := quality(rival)) is not None
    ]
    if own is None or not others or max(others) - own < _LOWER:
        return
    says = f"Its quality is about {own} of 100, that of another {max(others)}."
    rule = "much-lower-quality" if max(others) - own >= _MUCH_LOWER else "lower-quality"
    yield Remark(rule, says)


def quality(subject: Subject) -> int | None:
    """A JPEG's quality, of 100, as far as its tables tell."""
    if not is_jpeg(subject):
        return None
    estimate = subject.tags.all.get("File:JPEGQualityEstimate", "")
    return int(estimate) if estimate.isdecimal() else _library_quality(subject)
