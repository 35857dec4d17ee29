"""Pictures that are a list of chunks: PNG, WEBP, GIF, JXL; and BMP, which is all picture.

Each says above its function what counts. Colour profiles and gamma do not, anywhere: tools strip
and add them while the coded picture stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.read.payload.boxes import top_boxes
from indexer.read.payload.source import Digest, Source, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    length: int


# --- PNG ---------------------------------------------------------------------------------

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_DATA: Final = b"IDAT"
_PNG_COUNTED: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT"})


def of_png(source: Source) -> bytes:
    """Size, palette, transparency, the data however it was cut up, and frames of an APNG."""
    digest = Digest("png")
    chunks = list(_png_chunks(source))
    data = [chunk for chunk in chunks if chunk.kind == _DATA]
    if not data:
        raise Unfollowable
    for chunk in chunks:
        if chunk.kind in _PNG_COUNTED:
            digest.copy(chunk.kind, source, chunk.start, chunk.length)
        elif chunk is data[0]:  # here, because the frames of an APNG are told apart by order
            digest.begin(_DATA, sum(part.length for part in data))
            for part in data:
                digest.copy_more(source, part.start, part.length)
    return digest.result()


def _png_chunks(source: Source) -> Iterator[_Chunk]:
    """Up to IEND; a file without one is cut."""
    if source.at(0, 8) != _PNG:
        raise Unfollowable
    offset = len(_PNG)
    while True:
        head = bytes(source.at(offset, 8))
        chunk = _Chunk(head[4:], offset + 8, int.from_bytes(head[:4], "big"))
        source.expect(chunk.start, chunk.length)
        yield chunk
        if chunk.kind == b"IEND":
            return
        offset = chunk.start + chunk.length + 4  # behind the checksum


# --- WEBP --------------------------------------------------------------------------------

_STILL: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_ANIMATED: Final = frozenset({b"ANIM", b"ANMF"})


def of_webp(source: Source) -> bytes:
    """Coded data and alpha; of an animation also its canvas, loop and frames.

    Of VP8X nothing else: writing EXIF into a plain WEBP adds it, with flags that say so.
    """
    digest = Digest("webp")
    chunks = list(_webp_chunks(source))
    if not any(chunk.kind in {b"VP8 ", b"VP8L", b"ANMF"} for chunk in chunks):
        raise Unfollowable
    is_animated = any(chunk.kind in _ANIMATED for chunk in chunks)
    for chunk in chunks:
        if chunk.kind in _STILL or chunk.kind in _ANIMATED:
            digest.copy(chunk.kind, source, chunk.start, chunk.length)
        elif chunk.kind == b"VP8X" and is_animated:
            digest.copy(b"canvas", source, chunk.start + 4, 6)
    return digest.result()


def _webp_chunks(source: Source) -> Iterator[_Chunk]:
    head = bytes(source.at(0, 12))
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise Unfollowable
    end = 8 + int.from_bytes(head[4:8], "little")
    source.expect(0, end)
    offset = len(head)
    while offset + 8 <= end:
        head = bytes(source.at(offset, 8))
        length = int.from_bytes(head[4:], "little")
        chunk = _Chunk(head[:4], offset + 8, length)
        source.expect(chunk.start, length)
        yield chunk
        offset += 8 + length + length % 2


# --- GIF ---------------------------------------------------------------------------------

_IMAGE, _TRAILER = 0x2C, 0x3B
_COMMENT, _APPLICATION = 0xFE, 0xFF
_LOOPS: Final = frozenset({b"NETSCAPE2.0", b"ANIMEXTS1.0"})
_HAS_TABLE: Final = 0x80


def of_gif(source: Source) -> bytes:
    """All blocks but comments and applications' own, of which only the loop count is kept.

    Not the version in the header: adding a comment makes 89a of 87a. A file without its
    trailer is cut.
    """
    data = memoryview(source.whole())
    if bytes(data[:3]) != b"GIF":
        raise Unfollowable
    digest = Digest("gif")
    offset = _table_end(data, 10, 13)
    digest.add(b"screen", data[6:offset])
    while (kind := _byte(data, offset)) != _TRAILER:
        end = _gif_block_end(data, offset, source)
        if kind == _IMAGE or _is_shown(data, offset):
            digest.add(b"block", data[offset:end])
        offset = end
    return digest.result()


def _is_shown(data: memoryview, offset: int) -> bool:
    label = _byte(data, offset + 1)
    if label == _APPLICATION:
        return bytes(data[offset + 3 : offset + 14]) in _LOOPS
    return label != _COMMENT


def _gif_block_end(data: memoryview, offset: int, source: Source) -> int:
    match data[offset]:
        case 0x2C:  # an image: nine bytes, its own colours, the width of codes
            offset = _table_end(data, offset + 9, offset + 10) + 1
        case 0x21:
            offset += 2
        case _:
            raise Unfollowable
    while length := _byte(data, offset):
        source.look()
        offset += 1 + length
    return offset + 1


def _table_end(data: memoryview, flags_at: int, end: int) -> int:
    """Behind a descriptor and the colour table that its flags tell of."""
    flags = _byte(data, flags_at)
    end += 3 << ((flags & 7) + 1) if flags & _HAS_TABLE else 0
    if end > len(data):
        raise Unfollowable
    return end


def _byte(data: memoryview, offset: int) -> int:
    if offset >= len(data):
        raise Unfollowable
    return int(data[offset])


# --- BMP and JXL -------------------------------------------------------------------------


def of_bmp(source: Source) -> bytes:
    """The whole file: there is no room for metadata in it."""
    if source.at(0, 2) != b"BM":
        raise Unfollowable
    digest = Digest("bmp")
    digest.copy(b"file", source, 0, source.size)
    return digest.result()


_NAKED: Final = b"\xff\x0a"
_LAST: Final = 0x8000_0000


def of_jxl(source: Source) -> bytes:
    """The codestream, naked or in boxes, in one piece or several: all the same."""
    parts = [(0, source.size)] if source.at(0, 2) == _NAKED else list(_codestream(source))
    digest = Digest("jxl")
    digest.begin(b"codestream", sum(length for _, length in parts))
    for offset, length in parts:
        digest.copy_more(source, offset, length)
    return digest.result()


def _codestream(source: Source) -> Iterator[tuple[int, int]]:
    for box in top_boxes(source):
        if box.kind == b"jxlc":
            yield box.start, box.length
            return
        if box.kind == b"jxlp":
            number = source.number(box.start, 4)
            yield box.start + 4, box.length - 4
            if number & _LAST:
                return
    raise Unfollowable
