"""The digest of the coded picture or sound alone: equal where only metadata differs.

BLAKE3, 32 bytes, over what a decoder would be fed, taken from the container's own structure:
nothing is decoded. `None` means "no rule for this format" or "its structure can't be followed",
never "empty". Which bytes count, and why, is said by each family: jpeg.py, heif.py (HEIC, HEIF,
AVIF), chunked.py (PNG, WEBP, GIF, BMP, JXL), tiff.py (TIFF, DNG and RAW built like it), film.py
with movie.py (MOV, MP4, M4V, 3GP, M4A, CR3) and avi.py. What a hostile file may cost is source.py.

Left out everywhere: EXIF, XMP, IPTC, comments, dates, ICC profiles (tools strip and replace them
with the rest, and the same samples stay), EXIF's orientation and a film's display matrix, previews,
thumbnails, depth and gain maps, and what follows the picture's end (MPF, trailers). The film of a
motion photo has a digest of its own: tail.py.

No rule yet: MKV, WEBM, MTS, MPG and WMV, where samples would have to be taken out of packets; RW2,
RAF, X3F, CRW, MRW, JPEG 2000 and PSD; plain sound but M4A.

Equal payloads prove equal pictures, not one press of the shutter: two white pictures of one size
from one encoder are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from indexer.read.payload.avi import of_avi
from indexer.read.payload.chunked import of_bmp, of_gif, of_jxl, of_png, of_webp
from indexer.read.payload.heif import of_heif
from indexer.read.payload.jpeg import of_jpeg
from indexer.read.payload.movie import of_movie
from indexer.read.payload.source import Source, Unfollowable
from indexer.read.payload.tail import tail_of
from indexer.read.payload.tiff import of_raw, of_tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.metadata.sniff import Sniffed

__all__ = ["payload_of", "payload_of_stream", "tail_of"]

_RAWS: Final = (
    *("x-adobe-dng", "x-canon-cr2", "x-nikon-nef", "x-nikon-nrw", "x-sony-arw", "x-sony-sr2"),
    *("x-sony-srf", "x-olympus-orf", "x-pentax-pef", "x-samsung-srw", "x-hasselblad-3fr"),
    *("x-hasselblad-fff", "x-phaseone-iiq", "x-epson-erf", "x-mamiya-mef", "x-leaf-mos"),
    *("x-kodak-dcr", "x-kodak-kdc"),
)
_FILMS: Final = ("quicktime", "mp4", "x-m4v", "3gpp", "3gpp2")
# By mime, not by extension: an LRV keeps its own extension and is an MP4.
_RULES: Final[dict[str, Callable[[Source], bytes]]] = {
    "image/jpeg": of_jpeg,
    "image/png": of_png,
    "image/webp": of_webp,
    "image/gif": of_gif,
    "image/bmp": of_bmp,
    "image/jxl": of_jxl,
    "image/tiff": of_tiff,
    **dict.fromkeys((f"image/{name}" for name in _RAWS), of_raw),
    **dict.fromkeys(("image/heic", "image/heif", "image/avif"), of_heif),
    **dict.fromkeys((f"video/{name}" for name in _FILMS), of_movie),
    "audio/mp4": of_movie,
    "image/x-canon-cr3": of_movie,
    "video/x-msvideo": of_avi,
}


def payload_of(data: bytes | bytearray | memoryview, sniffed: Sniffed) -> bytes | None:
    """The digest of a file held in memory; nothing is copied.

    Raises nothing, whatever the bytes are.
    """
    return _payload(Source.of_bytes(data), sniffed)


def payload_of_stream(stream: BinaryIO, size: int, sniffed: Sniffed) -> bytes | None:
    """The digest of an open film or other large file, from wherever the stream stands.

    Reads the film's index (some 4 bytes a sample) and each sample once, by 1 MiB: the bytes that
    were just read, so they come out of the page cache. Of a film with more than 2 GiB of samples
    it reads the index and 128 MiB of each track. Holds the index and 1 MiB.
    Raises OSError where reading fails; whatever the bytes are, nothing else.
    """
    return _payload(Source.of_stream(stream, size), sniffed)


def _payload(source: Source, sniffed: Sniffed) -> bytes | None:
    rule = _RULES.get(sniffed.mime)
    if rule is None:
        return None
    try:
        return rule(source)
    except Unfollowable:
        return None
