"""What file names come down to, and what cameras and programs put around them.

Pure. A name is never evidence alone: it only brings candidates together, and tells what a
file may be among them (ORIGINALS.md sections 2.3 and 2.4). Dates in names are
capture_time/names.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mark(StrEnum):
    """What a name says of its file, beside the camera's own."""

    COPY = "copy"  # a counter, or "copy" in some language
    EDIT = "edit"  # what a person or a program made of it
    PREVIEW = "preview"  # the same, smaller
    COVER = "cover"  # the picture that the camera shows of several
    SOURCE = "source"  # what the camera made its cover of: Pixel's ORIGINAL
    MOTION = "motion"  # a still with a film inside it, or that film alone
    LIVE = "live"  # the film of a Live Photo
    MODE = "mode"  # night, panorama: only the name is longer
    VARIANT = "variant"  # another rendition; which one is the original is not told
    BACK = "back"  # the back of a print that was scanned
    MEMO = "memo"  # words spoken to a picture


@dataclass(frozen=True, slots=True)
class Family:
    """A name's core, which relatives share, and what was peeled off it."""

    stem: str
    marks: frozenset[Mark]


def family(name: str) -> Family:
    """`IMG_E1234 (2).JPG` is "img_1234", an edit and a copy."""
    stem = bare(name)
    marks: set[Mark] = {Mark.MOTION} if _MOTION_PART.search(folded(name)) else set()
    while peeled := _peeled(stem):
        stem, found = peeled
        marks |= found
    if stem == "fullsizerender":  # what iOS calls every edit that it hands on
        marks.add(Mark.EDIT)
    return Family(stem, frozenset(marks))


def folded(name: str) -> str:
    """What two spellings of one name have in common: composed, without case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def bare(name: str) -> str:
    """The folded name without extensions; nothing else is peeled."""
    whole = folded(name)
    base = _EXTENSION.sub("", whole) or whole
    return _DOUBLE_EXTENSION.sub("", base) or base


def edit_base(stem: str) -> str | None:
    """The bare name of what a file with this bare name is an edit of; None: it is no edit's."""
    if found := _APPLE_EDIT.match(stem):
        return f"{found['start']}{found['number']}{found['rest'] or ''}"
    return next((found["stem"] for edit in _EDITS if (found := edit.match(stem))), None)


def is_copy_name(name: str) -> bool:
    """Whether the name ends or begins as a second copy's does."""
    stem = bare(name)
    return any(copy.match(stem) for copy in _COPIES)


# --- what is peeled ----------------------------------------------------------------------

# exiftool keeps what it changes as IMG_1.jpg_original; Takeout numbers motion parts .MP~2.
_EXTENSION: Final = re.compile(r"(?!\A)\.(?:360|mp~\d+|(?=\d*[a-z])[a-z0-9]{1,5})(?:_original)?\Z")
_DOUBLE_EXTENSION: Final = re.compile(r"(?!\A)\.(?:heic|heif|dng|jpe?g|png|mov|cr2|cr3|nef|arw)\Z")
_MOTION_PART: Final = re.compile(r"\.mp(?:~\d+)?\Z")

_COPY_WORDS: Final = "copy|copie|copia|cópia|kopia|kopie"  # Windows, macOS
_COPIES: Final = (
    re.compile(
        rf"(?P<stem>.+?)(?: ?\(\d{{1,3}}\)|~\d+"
        rf"| (?:{_COPY_WORDS})(?: \d+)?| - (?:{_COPY_WORDS})(?: ?\(\d+\))?)$"
    ),
    re.compile(r"(?:copy of|copie de|copia de|cópia de|kopie von) (?P<stem>.+)$"),
    # Photos' duplicates, and icloudpd's second file of a name, told apart by its size.
    re.compile(r"(?P<stem>[a-z]{3}_e?\d{4})(?: \d{1,2}|-\d{5,9})$"),
    re.compile(r"(?P<stem>fullsizerender) \d+$"),
)

# Takeout's word, in the languages that google-photos-takeout-helper and others have met;
# then those of editors.
_TAKEOUT_WORDS: Final = (
    *("edited", "bearbeitet", "modifié", "ha editado", "editado", "editat", "modificato"),
    *("bewerkt", "edytowane", "redigeret", "redigert", "redigerad", "muokattu", "upravené"),
    *("編集済み", "编辑", "편집됨"),
)
_EDITOR_WORDS: Final = ("edit", "adjusted", "enhanced", "enhanced-nr", "enhanced-sr", "dxo")
_WORDS: Final = "|".join(re.escape(folded(word)) for word in (*_TAKEOUT_WORDS, *_EDITOR_WORDS))
# Takeout cuts names to 47 characters, and its own word with them.
_CUT_WORDS: Final = "|".join(
    re.escape(folded(word)[:length]) for word in _TAKEOUT_WORDS for length in range(2, len(word))
)
# iOS: three letters, _E, four digits (osxphotos, import_grouper.py).
_APPLE_EDIT: Final = re.compile(r"(?P<start>[a-z]{3}_)e(?P<number>\d{4})(?P<rest>\D.*)?$")
_EDITS: Final = (
    re.compile(rf"(?P<stem>.+?)[-_ ](?:{_WORDS})(?:-\d{{1,2}})?$"),
    re.compile(rf"(?=.{{47}}$)(?P<stem>.+?)-(?:{_CUT_WORDS})$"),
    # Google's creations keep the camera's name; people write such words too, so ask for digits.
    re.compile(
        r"(?=.*\d{4})(?P<stem>.+)-(?:effects|smile|mix|collage|animation|motion)(?:-\d{1,2})?$"
    ),
    re.compile(r"(?P<stem>.+_\d{4})_a$"),  # Epson FastFoto: the enhanced scan
)

_UUID: Final = r"(?P<stem>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_MARKS: Final = tuple(
    (mark, re.compile(pattern))
    for mark, pattern in (
        (Mark.LIVE, r"(?P<stem>.+)_hevc$"),  # icloudpd
        (Mark.LIVE, rf"{_UUID}_3$"),  # Photos library: films of Live Photos, renders, derivatives
        (Mark.EDIT, rf"{_UUID}_\d+_\d+_a$"),
        (Mark.PREVIEW, rf"{_UUID}_\d+_\d+_[b-z]$"),
        (Mark.PREVIEW, r"(?P<stem>.+)-(?:medium|thumb)$"),  # icloudpd
        (Mark.PREVIEW, r"(?P<stem>.+)[-_]proxy$"),
        # iCloud's "original" and "alternative" of RAW and JPEG are a user's setting.
        (Mark.VARIANT, r"(?P<stem>.+)-(?:alternative|original)$"),
        (Mark.COVER, r"(?P<stem>.+_burst\d*)_cover(?:_top)?$"),
        (Mark.BACK, r"(?P<stem>.+_\d{4})_b$"),  # Epson FastFoto
        # Sony Mavica: one number, and a letter for e-mail size, voice, or the model's quality.
        (Mark.PREVIEW, r"(?P<stem>mvc-\d{3,5})e$"),
        (Mark.MEMO, r"(?P<stem>mvc-\d{3,5})a$"),
        (None, r"(?P<stem>mvc-\d{3,5})[b-z]$"),
    )
)
# Pixel: .MP, .PORTRAIT, .NIGHT.PORTRAIT-01.COVER, .RAW-02.ORIGINAL, and what Takeout left of them.
_PIXEL: Final = re.compile(
    r"(?P<stem>(?:pxl|mvimg|img|vid)_\d{8}_\d{6,9}(?:_\d+)?)(?P<tags>(?:\.[a-z_]+(?:-\d\d)?)+)$"
)


def _peeled(stem: str) -> tuple[str, set[Mark]] | None:
    """The stem without its outermost addition; None where there is none."""
    for copy in _COPIES:
        if found := copy.match(stem):
            return found["stem"], {Mark.COPY}
    for mark, pattern in _MARKS:
        if found := pattern.match(stem):
            return found["stem"], {mark} if mark else set()
    if found := _PIXEL.match(stem):
        return found["stem"], {_pixel_mark(tag) for tag in found["tags"].split(".")[1:]}
    base = edit_base(stem)
    return None if base is None else (base, {Mark.EDIT})


def _pixel_mark(tag: str) -> Mark:
    if tag == "mp" or tag.startswith("motion"):
        return Mark.MOTION
    if len(tag) > 1 and "cover".startswith(tag):
        return Mark.COVER
    if len(tag) > 1 and "original".startswith(tag):
        return Mark.SOURCE
    return Mark.MODE


# --- films -------------------------------------------------------------------------------

_FILMS: Final = re.compile(r"\.(?:mp4|mov|360|lrv|lrf|insv|m4v)$")
# HERO5 and before: GOPR0048, GP010048, GP020048; since: GX010048, GX020048. GH is H.264,
# GX HEVC, GS the 360 degree cameras', GL the small version of any of them.
_GOPRO: Final = re.compile(
    r"g(?:opr|p(?P<later>\d\d)|(?P<codec>[hxsl])(?P<part>\d\d))(?P<no>\d{4})$"
)
_INSTA360: Final = re.compile(r"lrv_(?P<time>\d{8}_\d{6})_(?P<lens>\d)1(?P<no>_\d{3,})$")
# Sony's SUB/C0001S03.MP4 and THMBNL/C0001T01.JPG of CLIP/C0001.MP4.
_SONY_SUB: Final = re.compile(r"(?P<stem>(?:.+_)?c\d{4})(?:s03|t01)$")
_PROXY: Final = re.compile(r"(?P<stem>.+)[-_]proxy$")


def chapter(name: str) -> tuple[str, int] | None:
    """Which recording a GoPro film is a piece of, and its place there; None for other names.

    GX010048 and GX020048 are one recording. Later pictures share a number with nothing.
    """
    if not _FILMS.search(folded(name)):
        return None
    found = _GOPRO.match(bare(name))
    if not found:
        return None
    codec = found["codec"] or "opr"
    return f"g{codec}{found['no']}", int(found["part"] or found["later"] or 0)


def is_proxy_name(name: str) -> bool:
    """Whether cameras give such a name to a small version of a film."""
    return bool(proxy_stems(name))


def proxy_stems(name: str) -> frozenset[str]:
    """The bare names that the film of this proxy may have; empty where the name is no proxy's."""
    whole, stem = folded(name), bare(name)
    if found := _INSTA360.match(stem):
        # One lens: its own film. Both (lens 1): the films of either.
        lenses = ("00", "10") if found["lens"] == "1" else ("00",)
        return frozenset(f"vid_{found['time']}_{lens}{found['no']}" for lens in lenses)
    if found := _SONY_SUB.match(stem) or _PROXY.match(stem):
        return frozenset({found["stem"]})
    if (found := _GOPRO.match(stem)) and found["codec"] == "l":
        return frozenset(f"g{codec}{stem[2:]}" for codec in "hxs")
    return frozenset({stem}) if whole.endswith((".lrv", ".lrf")) else frozenset()
