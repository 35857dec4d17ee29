"""The true type of a file from its first bytes; its name decides only where bytes cannot.

libmagic answers first. Corrected here, because libmagic 5.44 calls them something vaguer:
ISO-BMFF by brand, RAW inside TIFF, rare RAW, MPEG-TS, sidecars. Which types there are and
what names promise is file_types.py's, whether a picture can be decoded read/decode.py's.
"""

from __future__ import annotations

import json
import plistlib
import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from indexer.errors import MediafsError
from indexer.metadata.file_types import TYPES, extension_of, of_mime, promised
from indexer.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    import magic

HEAD_BYTES: Final = 64 * 1024  # what sniff wants to see; fewer bytes of a long file will do less


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What the bytes are."""

    mime: str
    kind: Kind
    extension: str  # lower case, no dot; "" where none is usual


# --- marks and makers --------------------------------------------------------------------

# ISO-BMFF brands. Major brand first, then the compatible ones in their order.
_BRANDS: Final[dict[bytes, str]] = {
    **dict.fromkeys(
        (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "heic"
    ),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    b"crx ": "cr3",
    b"qt  ": "mov",
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP"), "m4v"),
    **dict.fromkeys((b"M4A ", b"M4B ", b"M4P "), "m4a"),
    **dict.fromkeys((b"3g2a", b"3g2b", b"3g2c", b"KDDI"), "3g2"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"mp4v"), "mp4"
    ),
    **dict.fromkeys(
        (b"avc1", b"XAVC", b"MSNV", b"dash", b"f4v ", b"mmp4", b"niko", b"pana"), "mp4"
    ),
    b"jxl ": "jxl",
    b"jp2 ": "jp2",
    b"jpx ": "jp2",
}
_VAGUE_BRANDS: Final = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})  # "some HEIF": ask the next

_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (6, b"HEAPCCDR", "crw"),
    (0, b"FUJIFILMCCD-RAW", "raf"),
    (0, b"FOVb", "x3f"),
    (0, b"\0MRM", "mrw"),
    (0, b"IIRO", "orf"),
    (0, b"IIRS", "orf"),
    (0, b"MMOR", "orf"),
    (0, b"IIU\0", "rw2"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (0, b"\xff\x0a", "jxl"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (0, b"8BPS", "psd"),
    (0, b"\0\0\x01\xba", "mpg"),
    (0, b"\0\0\x01\xb3", "mpg"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "mxf"),
    (0, b"#!AMR", "amr"),
)

# Make in IFD0 of a TIFF whose picture is no ordinary TIFF -> the extensions this maker gives
# to RAW, the usual one first.
_RAW_MAKERS: Final[tuple[tuple[bytes, tuple[str, ...]], ...]] = (
    (b"NIKON", ("nef", "nrw")),
    (b"SONY", ("arw", "sr2", "srf")),
    (b"PENTAX", ("pef",)),
    (b"RICOH", ("pef",)),
    (b"SAMSUNG", ("srw",)),
    (b"HASSELBLAD", ("3fr", "fff")),
    (b"PHASE ONE", ("iiq",)),
    (b"LEAF", ("mos", "iiq")),
    (b"EASTMAN KODAK", ("dcr", "kdc")),
    (b"KODAK", ("dcr", "kdc")),
    (b"SEIKO EPSON", ("erf",)),
    (b"MAMIYA", ("mef",)),
)


# --- what the caller asks ----------------------------------------------------------------


def sniff(head: bytes, name: bytes) -> Sniffed:
    """The true type; never raises, whatever the bytes. `head`: the first HEAD_BYTES, or all.

    A camera's .THM is a JPEG to bytes and a sidecar to us; a GoPro's .LRV is a small MP4
    that keeps its name, so that nobody takes it for the film.
    """
    if not head:
        return Sniffed("inode/x-empty", Kind.OTHER, "")
    extension = extension_of(name)
    found = _from_bytes(head, extension)
    if found is None:
        return _from_magic(head, extension)
    if found == "jpg" and extension == "thm":
        return Sniffed("image/jpeg", Kind.SIDECAR, "thm")
    if found in {"mp4", "mov"} and extension in {"lrv", "lrf"}:
        return Sniffed(TYPES[found][1], Kind.VIDEO, extension)
    return _typed(found)


def _typed(extension: str) -> Sniffed:
    kind, mime, _ = TYPES[extension]
    return Sniffed(mime, kind, extension)


# --- bytes -------------------------------------------------------------------------------


def _from_bytes(head: bytes, extension: str) -> str | None:
    """The extension of a type we know better than libmagic, or know as well and faster."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    for offset, mark, found in _MAGIC:
        if head.startswith(mark, offset):
            return found
    if head[:4] in {b"II*\0", b"MM\0*"}:
        return _from_tiff(head, extension)
    if head[4:8] == b"ftyp":
        return _from_brands(head)
    if head[4:8] in {b"moov", b"mdat", b"pnot"} or head.startswith(b"\0\0\0\x08wide"):
        return "mov"  # old QuickTime has no brands; libmagic misses some orders
    if _is_transport_stream(head):
        return "mts"
    return None


def _from_brands(head: bytes) -> str | None:
    """The type of an ISO-BMFF file; None where no brand is known."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4))]
    named = [_brand(brand) for brand in brands]
    if named[0]:
        return named[0]
    known = [found for found in named if found]
    if brands[0] in _VAGUE_BRANDS:
        # "mif1" with "heic" among the compatible ones is how many phones write a HEIC.
        stills = [found for found in known if found in {"heic", "avif"}]
        return stills[0] if stills else "heif"
    return known[0] if known else None


def _brand(brand: bytes) -> str | None:
    if brand.startswith((b"3gp", b"3gr", b"3gs")):
        return "3gp"
    return _BRANDS.get(brand)


def _is_transport_stream(head: bytes) -> bool:
    """Packets of 188 bytes, or 192 with a time in front (AVCHD), each with its 0x47."""
    for packet, first in ((188, 0), (192, 4)):
        marks = head[first : first + 5 * packet : packet]
        if len(marks) == 5 and set(marks) == {0x47}:  # noqa: PLR2004 - libmagic asks no more
            return True
    return False


# --- TIFF --------------------------------------------------------------------------------

_MAKE, _SUB_IFDS, _DNG_VERSION = 0x010F, 0x014A, 0xC612
_MOST_ENTRIES: Final = 1000  # a damaged directory may claim 65,535; arbitrary
_ENTRY: Final = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    count: int
    value: int  # the four bytes as one number: an offset, or a small value
    place: int  # where those four bytes stand


def _from_tiff(head: bytes, extension: str) -> str:
    """The RAW format, or plain "tif"; DNG and CR2 say what they are, others only who made them."""
    if head[8:10] == b"CR":
        return "cr2"
    entries = {entry.tag: entry for entry in _first_directory(head)}
    if _DNG_VERSION in entries:
        return "dng"
    raws = _raws_of(_maker(head, entries.get(_MAKE)))
    if raws and _looks_raw(entries, extension, raws):
        return extension if extension in raws else raws[0]
    # A maker we do not know, or none within the head: a RAW name is then the only witness.
    is_raw_name = promised(extension) & _TIFF_RAWS
    return extension if is_raw_name and not raws and extension in TYPES else "tif"


_TIFF_RAWS: Final = frozenset(
    {"nef", "nrw", "arw", "sr2", "srf", "pef", "srw", "3fr", "fff", "iiq", "erf", "mef", "mos"}
    | {"dcr", "kdc"}
)


def _looks_raw(entries: dict[int, _Entry], extension: str, raws: tuple[str, ...]) -> bool:
    """A RAW keeps its sensor's data in a further directory; a scan or export by that maker not."""
    if extension in raws:
        return True
    return _SUB_IFDS in entries and extension not in {"tif", "tiff"}


def _raws_of(maker: bytes) -> tuple[str, ...]:
    return next((raws for start, raws in _RAW_MAKERS if maker.startswith(start)), ())


def _first_directory(head: bytes) -> Iterator[_Entry]:
    order = "<" if head[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", head.ljust(8, b"\0"), 4)
    if start + 2 > len(head):
        return
    (count,) = struct.unpack_from(f"{order}H", head, start)
    for number in range(min(count, _MOST_ENTRIES)):
        at = start + 2 + number * _ENTRY
        if at + _ENTRY > len(head):
            return
        tag, _, length, value = struct.unpack_from(f"{order}HHII", head, at)
        yield _Entry(tag, length, value, at + 8)


def _maker(head: bytes, entry: _Entry | None) -> bytes:
    if entry is None:
        return b""
    start = entry.place if entry.count <= 4 else entry.value  # noqa: PLR2004 - fits into the entry
    return head[start : start + min(entry.count, 64)].strip(b"\0 ").upper()


# --- libmagic and text -------------------------------------------------------------------


@cache
def _libmagic() -> tuple[magic.Magic, type[Exception]]:
    """The detector and what it raises; loaded late, so that `doctor` can say what is missing."""
    try:
        import magic
    except ImportError as exc:  # python-magic is there, the library it loads is not
        raise MediafsError(
            "libmagic cannot be loaded. Install it (apt install libmagic1) and try again."
        ) from exc
    return magic.Magic(mime=True), magic.MagicException


def _mime_of(head: bytes) -> str:
    detector, failed = _libmagic()
    try:
        return str(detector.from_buffer(head[:HEAD_BYTES]))
    except failed:  # some builds give up on damaged archives and documents
        return "application/octet-stream"


def _from_magic(head: bytes, extension: str) -> Sniffed:
    mime = _mime_of(head)
    found = of_mime(mime)
    if found and TYPES[found][0] is not Kind.SIDECAR:
        return _typed(found)
    if mime.startswith(_TEXTUAL) or extension == "aae":
        return _from_text(head, extension, mime)
    return Sniffed(mime, Kind.OTHER, "")


_TEXTUAL: Final = ("text/", "application/json", "application/xml", "application/x-subrip")


def _from_text(head: bytes, extension: str, mime: str) -> Sniffed:
    text = _decoded(head)
    if "<x:xmpmeta" in text or "<?xpacket begin" in text or "<x:xapmeta" in text:
        return _typed("xmp")
    if _is_aae(head, text, extension):
        return _typed("aae")
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _from_json(text)
    if extension == "srt" and _CUE.match(text):
        return _typed("srt")
    if extension == "xml" and mime == "text/xml":
        # Sony's XAVC and XDCAM cameras write one beside every clip; other XML is any document.
        return _typed("xml") if _SONY_CLIP.search(text) else Sniffed(mime, Kind.OTHER, "xml")
    return Sniffed(mime, Kind.OTHER, "")


def _decoded(head: bytes) -> str:
    """Text as text: XMP from Windows tools is UTF-16."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if wide else "utf-8", "replace")


def _is_aae(head: bytes, text: str, extension: str) -> bool:
    if "adjustmentFormatIdentifier" in text:
        return True
    if extension != "aae":
        return False
    try:
        return isinstance(plistlib.loads(head), dict)
    except Exception:  # noqa: BLE001 - plistlib lets expat's and its own errors of all kinds out
        return False


_SONY_CLIP: Final = re.compile(r"<NonRealTimeMeta\b")
_CUE: Final = re.compile(r"\ufeff?\s*\d+\s*\r?\n\s*\d\d:\d\d:\d\d[,.]\d{3}\s*-->")
_TAKEOUT_TIME: Final = re.compile(r'"photoTakenTime"\s*:')


def _from_json(text: str) -> Sniffed:
    """Takeout's JSON about one picture is a sidecar; an album's or any other is not."""
    if _TAKEOUT_TIME.search(text) or _speaks_of_a_picture(text):
        return _typed("json")
    return Sniffed("application/json", Kind.OTHER, "json")


def _speaks_of_a_picture(text: str) -> bool:
    try:
        spoken = json.loads(text)
    except (ValueError, RecursionError):
        return False
    keys = set(spoken) if isinstance(spoken, dict) else set()
    return {"title"} < keys and bool(keys & {"url", "creationTime"})
