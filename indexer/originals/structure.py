"""How a JPEG or HEIF is built: in a camera's way, or as libraries and editors write it.

Pure; ORIGINALS.md sections 3.2 and 3.5. Each sign is weak alone. Tags come in the order of the
file, so whether Exif or JFIF stands first is told by the order of their keys.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from indexer.grouping.size import pixels
from indexer.originals.libjpeg import quality_of
from indexer.originals.software import Software, kind_of, programs_of
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.vote import Bench

_EXIF_GROUPS: Final = ("IFD0:", "ExifIFD:", "GPS:")
# ExifTool's numbers: EncodingProcess is the low half of the SOF marker, subsampling h and v.
_PROGRESSIVE: Final = "2"
_LOW_QUALITY, _MANY_PX = 80, 5_000_000
# Apple and Samsung code a HEIC in squares of this side, and number the whole picture after them:
# 49 where there are 48 (all 11 HEICs of phones at hand; ORIGINALS 3.2).
_TILE_PX: Final = 512
_TILING_MAKES: Final = ("apple", "samsung")
_FIRST_HEIC_OF_SAMSUNG: Final = 2019  # the Galaxy S10
_LONGEST_NUMBER: Final = 10  # a damaged header may claim anything


def is_jpeg(subject: Subject) -> bool:
    return subject.fact.extension == "jpg"


def is_heif(subject: Subject) -> bool:
    """HEIC and its relatives that cameras write; not AVIF."""
    return subject.fact.extension in {"heic", "heif", "hif"}


def is_apples(subject: Subject) -> bool:
    return (subject.tags.make or "").strip().lower() == "apple"


# --- JPEG --------------------------------------------------------------------------------


def jpeg_signs(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """What the segments and the coding of a JPEG tell about who wrote it."""
    if not is_jpeg(subject):
        return
    tags = subject.tags.all
    match first_header(subject):
        case "exif":
            yield Remark("exif-first", "Its Exif header stands first, as cameras write it.")
        case "jfif":
            yield Remark(
                "jfif-first", "A JFIF header stands before its Exif, as programs write it."
            )
    if _has_adobe_segment(subject):
        yield Remark("adobe-segments", "It carries segments that only Adobe's programs write.")
    elif _has_captions(subject):
        yield Remark(
            "caption-segment", "It carries a block for captions, which cameras don't write."
        )
    if is_progressive(subject):
        yield Remark("progressive", "It is a progressive JPEG, which cameras hardly ever write.")
    yield from _chroma(subject)
    yield from _quality(subject)
    if is_apples(subject) and "IFD0:ImageWidth" in tags:
        yield Remark("pixel-tags", "It carries a tag that Apple's cameras don't write.")


def is_progressive(subject: Subject) -> bool:
    """Whether a JPEG comes in passes, as programs save it for the web."""
    return subject.tags.all.get("File:EncodingProcess") == _PROGRESSIVE


def first_header(subject: Subject) -> str | None:
    """Whichever stands first, "exif" or "jfif"; None where there is no Exif."""
    tags = subject.tags.all
    if "File:EncodingProcess" not in tags:  # its structure was not looked at
        return None
    has_jfif = False
    for key in tags:
        if key.startswith(_EXIF_GROUPS):
            return "jfif" if has_jfif else "exif"
        has_jfif = has_jfif or key.startswith("JFIF:")
    return None


def _has_adobe_segment(subject: Subject) -> bool:
    return any(key.startswith(("Adobe:", "Ducky:")) for key in subject.tags.all)


def _has_captions(subject: Subject) -> bool:
    return any(key.startswith(("Photoshop:", "IPTC:")) for key in subject.tags.all)


def _chroma(subject: Subject) -> Iterator[Remark]:
    fact = subject.fact
    match subject.tags.all.get("File:YCbCrSubSampling"):
        case "1 1":
            yield Remark("full-chroma", "It keeps colour in full detail, which editors choose.")
        case "2 1":
            yield Remark("camera-chroma", "It keeps colour as many cameras do (4:2:2).")
        case "1 2" if (fact.width_px or 0) < (fact.height_px or 0):
            yield Remark("turned-chroma", "Its coding shows that it was turned without loss.")


def _quality(subject: Subject) -> Iterator[Remark]:
    digest, _, _ = subject.tags.all.get("File:JPEGDigest", "").partition(":")
    quality = quality_of(digest)
    if quality is not None:
        says = f"The JPEG library that most programs use wrote it, at quality {quality}."
        yield Remark("library-tables", says)
    estimate = subject.tags.all.get("File:JPEGQualityEstimate", "")
    if estimate.isdecimal() and int(estimate) <= _LOW_QUALITY and pixels(subject) >= _MANY_PX:
        yield Remark("low-quality", f"Its quality is about {estimate} of 100: made to be small.")


def quantisation(subject: Subject) -> str | None:
    """ExifTool's digest of a JPEG's tables and subsampling: who encoded it, at which quality."""
    tags = subject.tags.all
    digest = tags.get("File:JPEGDigest", "").partition(":")[0]
    return f"{digest} {tags.get('File:YCbCrSubSampling', '')}" if digest else None


def looks_first_generation(subject: Subject) -> bool:
    """Whether nothing in its structure or tags speaks of a second program; HEIF: of a library."""
    tags = subject.tags
    programs = [kind_of(name, tags.make) for name in programs_of(tags)]
    if Software.EDITOR in programs or Software.MESSENGER in programs:
        return False
    if is_heif(subject):
        return not is_single_item(subject)
    return (
        first_header(subject) == "exif"
        and not _has_adobe_segment(subject)
        and not _has_captions(subject)
        and not is_progressive(subject)
    )


# --- HEIF --------------------------------------------------------------------------------


def heif_signs(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """How a HEIC is laid out; AVIF and what was not looked at tell nothing."""
    if not is_heif(subject):
        return
    tags = subject.tags.all
    if is_single_item(subject):
        yield Remark("single-item", "It is coded in one piece, as converters do and phones don't.")
    elif is_in_one_piece(subject):
        yield Remark("one-piece", "It is coded in one piece, as converters do.")
    elif is_tiled(subject) and subject.tags.has_maker_note:
        yield Remark("tiles", "It is coded in tiles, as phones do.")
    if _tiles_by_habit(subject) and tags.get("QuickTime:CompatibleBrands", "").startswith("heic"):
        yield Remark("foreign-brands", "It names its formats in an order that editors use.")


def is_single_item(subject: Subject) -> bool:
    """Whether a HEIC of a phone is one coded picture instead of tiles; false where not told."""
    return is_in_one_piece(subject) and _tiles_by_habit(subject)


def is_in_one_piece(subject: Subject) -> bool:
    """Whether a HEIC is not made of tiles; a HIF is a camera's, and those were not looked at."""
    primary, tiles = _primary(subject), _tiles(subject)
    if primary is None or _is_hif(subject):
        return False
    return 1 <= primary < tiles


def is_tiled(subject: Subject) -> bool:
    """Whether its main picture is numbered as one of tiles is."""
    return _primary(subject) == _tiles(subject) + 1


def is_native_heic(subject: Subject) -> bool:
    """Whether a HEIC is one that its camera wrote, by who that is and how it is laid out.

    Maker notes survive a conversion, so they prove it only of makers that are known to write
    HEIC; of others the layout must be a camera's.
    """
    if is_in_one_piece(subject) or _tiles(subject) == 1:
        return False
    has_notes = subject.tags.has_maker_note
    if is_apples(subject):  # which of its devices can't is device_era's
        return has_notes
    if is_tiled(subject) or auxiliary_pictures(subject):
        return True
    return has_notes and (_is_samsungs(subject) or _is_hif(subject))


def may_be_native_heic(subject: Subject) -> bool:
    """Whether its camera may have written it: an iPhone's says less once its notes are lost."""
    return is_native_heic(subject) or (is_apples(subject) and not is_in_one_piece(subject))


def _is_samsungs(subject: Subject) -> bool:
    time = subject.own_time
    is_late = time is not None and time.clock.year >= _FIRST_HEIC_OF_SAMSUNG
    return is_late and (subject.tags.make or "").strip().lower() == "samsung"


def _is_hif(subject: Subject) -> bool:
    """Whether it is named as Canon, Fujifilm, Nikon and Sony name their HEIFs."""
    return any(file.name.lower().endswith(b".hif") for file in subject.files)


def _tiles_by_habit(subject: Subject) -> bool:
    return (subject.tags.make or "").strip().lower() in _TILING_MAKES


def _primary(subject: Subject) -> int | None:
    text = subject.tags.all.get("Meta:PrimaryItemReference", "")
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else None


def _tiles(subject: Subject) -> int:
    width, height = subject.fact.width_px or 0, subject.fact.height_px or 0
    return ceil(width / _TILE_PX) * ceil(height / _TILE_PX)


def auxiliary_pictures(subject: Subject) -> frozenset[str]:
    """What stands beside the main picture: gain map, depth, matte, a second size."""
    tags = subject.tags.all
    found = {
        text
        for key, text in tags.items()
        if key.endswith(":AuxiliaryImageType") or key.startswith("XMP-HDRGainMap:HDRGainMapVersion")
    }
    return frozenset(found | {key.partition(":")[0] for key in tags if key.startswith("MPImage")})
