"""Tell whether a file ends before its own structure says it should.

Pure structure: lengths and offsets that a container states about itself, compared with the
bytes that are there. libheif shows a picture whose second half is missing without a word, and
FFmpeg plays what it has, so the decoders cannot be asked. Decoding is read/decode.py.

Every answer is a clause for a person, or None: "whole, or this format does not say". A wrong
clause would put a good photograph into quarantine, so anything unclear is None.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BOXES: Final = 100_000  # fragmented films have two per second; a hostile file has more
_MOST_FOLDERS: Final = 64  # TIFF directories: 2 to 10 in real files, endless in a hostile one
_MOST_ENTRIES: Final = 1_000

# Only a box we know may claim bytes that are missing: cameras append trailers without boxes,
# and four random letters would state a random length.
_BOXES: Final = frozenset(
    b"ftyp styp moov moof mdat meta free skip wide uuid pdin sidx mfra mpvd jxlc jxlp".split()
)
_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"

_BOX_HEAD: Final = 8  # length and kind
_RIFF_SLACK: Final = 16
_TIFF_FIELD: Final = 4  # bytes of a value that stands in its directory entry itself
_JPEG: Final = b"\xff\xd8"
_SEGMENT_HEAD: Final = 4  # marker and length
_QUANTISATION: Final = b"\xff\xdb"  # the first table a decoder needs
_DATA_STARTS: Final = (b"\xda", b"\xd9", b"\xff")  # scan, end, and fill bytes: the decoder's
_FARTHEST_TABLE: Final = 4 * 1024 * 1024  # metadata may be long, but not longer than this

_STRIP_OFFSETS, _STRIP_LENGTHS = 273, 279
_TILE_OFFSETS, _TILE_LENGTHS = 324, 325
_SUB_FOLDERS: Final = 330
_INTEGERS: Final = {3: ("H", 2), 4: ("I", 4), 13: ("I", 4)}  # TIFF field types we follow


def missing_end(stream: BinaryIO) -> str | None:
    """What part of the file is missing, as one clause; None where it is whole or silent."""
    size = stream.seek(0, os.SEEK_END)
    head = _at(stream, 0, 16)
    if has_boxes(head):
        return _boxes(stream, size)
    if head[:4] == b"RIFF":
        return _riff(head, size)
    if head[:4] == _EBML:
        return _matroska(stream, size)
    if has_strips(head):
        return _tiff(stream, size)
    if head[:2] == _JPEG:
        return _jpeg_head(stream, size)
    return None


def has_boxes(head: bytes) -> bool:
    """Whether this is ISO base media, whose boxes state their lengths beyond doubt."""
    return head[4:8] in _BOXES


def has_strips(head: bytes) -> bool:
    """Whether this is built like TIFF, where a clause is a suspicion that wants a second look.

    Cameras have written wrong lengths for strips that nobody reads.
    """
    return head[:4] in (b"II*\0", b"MM\0*")


def _ends(what: bytes, stated: int, size: int) -> str | None:
    if stated <= size:
        return None
    return f"{what.decode('ascii')} reaches to byte {stated}, the file ends at {size}"


def _at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _boxes(stream: BinaryIO, size: int) -> str | None:
    """ISO base media: HEIF, AVIF, MOV, MP4, 3GP, CR3."""
    seen: set[bytes] = set()
    reached = 0
    for kind, reached in _top_boxes(stream, size):
        seen.add(kind)
        if kind in _BOXES and (says := _ends(kind, reached, size)):
            return says
    if reached != size:
        return None  # a trailer or something we do not know; what lacks may be in there
    if b"moov" in seen and not seen & {b"mdat", b"moof"}:
        return "the film's index is there, its pictures and sound (mdat) are not"
    if b"mdat" in seen and not seen & {b"moov", b"moof", b"meta"}:
        return "the film's index (moov) is missing"
    return None


def _top_boxes(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    offset = 0
    for _ in range(_MOST_BOXES):
        head = _at(stream, offset, 16)
        if len(head) < _BOX_HEAD or not head[4:8].isalnum():
            return
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - offset  # "to the end of the file"
        if length < _BOX_HEAD:
            return
        offset += length
        yield head[4:8], offset


def _riff(head: bytes, size: int) -> str | None:
    """AVI, WAV and WEBP. Some cameras count the eight bytes of the header in, some pad."""
    stated = _BOX_HEAD + int.from_bytes(head[4:8], "little")
    return _ends(b"RIFF", stated, size) if stated > size + _RIFF_SLACK else None


def _matroska(stream: BinaryIO, size: int) -> str | None:
    header = _vint(stream, 4)
    if header is None:
        return None
    segment = header[0] + header[1]
    stated = _vint(stream, segment + 4)
    # An all-ones length is "not known": a recording that was never finished, or a live one.
    if _at(stream, segment, 4) != _SEGMENT or stated is None:
        return None
    return _ends(b"Segment", stated[0] + stated[1], size)


def _vint(stream: BinaryIO, offset: int) -> tuple[int, int] | None:
    """Where the value after this EBML length starts, and the length; None if not known."""
    raw = _at(stream, offset, 8)
    if not raw or not raw[0]:
        return None
    width = 9 - raw[0].bit_length()
    mask = (1 << (7 * width)) - 1
    value = int.from_bytes(raw[:width], "big") & mask
    return None if value == mask or len(raw) < width else (offset + width, value)


def _jpeg_head(stream: BinaryIO, size: int) -> str | None:
    """Only the segments before the picture data; the decoder finds what lacks after them."""
    if _segments_end(stream, size) < size:
        return None
    return "the file ends before the picture data"


def broken_segment(stream: BinaryIO) -> tuple[int, int] | None:
    """From where to where a JPEG's chain of segments is broken; None where it is sound."""
    size = stream.seek(0, os.SEEK_END)
    if _at(stream, 0, 2) != _JPEG:
        return None
    start = _segments_end(stream, size)
    if start >= size or _at(stream, start, 1) == b"\xff":
        return None
    goes_on = _at(stream, start, _FARTHEST_TABLE).find(_QUANTISATION)
    return None if goes_on < 0 else (start, start + goes_on)


def _segments_end(stream: BinaryIO, size: int) -> int:
    """Where the picture data starts or the chain breaks; `size` or more if it runs out."""
    offset = len(_JPEG)
    while offset < size:
        marker = _at(stream, offset, _SEGMENT_HEAD)
        if marker[:1] != b"\xff" or marker[1:2] in _DATA_STARTS:
            return offset
        offset += 2 + int.from_bytes(marker[2:4], "big") if len(marker) == _SEGMENT_HEAD else size
    return offset


def _tiff(stream: BinaryIO, size: int) -> str | None:
    """TIFF and the RAW formats built like it: strips and tiles that lie behind the end."""
    order = "<" if _at(stream, 0, 1) == b"I" else ">"
    waiting = [_number(_at(stream, 4, 4), order)]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_FOLDERS:
        offset = waiting.pop()
        if offset in seen or not offset:
            continue
        seen.add(offset)
        fields = _folder(stream, offset, order)
        if fields is None:
            return f"a directory of tags should be at byte {offset}, the file ends at {size}"
        if says := _strips(fields, size):
            return says
        waiting += fields.get(_SUB_FOLDERS, [])
        waiting += fields.get(0, [])
    return None


def _folder(stream: BinaryIO, offset: int, order: str) -> dict[int, list[int]] | None:
    """Integer fields of one directory, tag 0 for the next one; None if it is not there."""
    count = _number(_at(stream, offset, 2), order)
    table = _at(stream, offset + 2, 12 * count + 4)
    if not count or len(table) < 12 * count:
        return None
    fields = {0: [_number(table[12 * count :], order)]}
    for start in range(0, 12 * min(count, _MOST_ENTRIES), 12):
        tag, kind, amount = struct.unpack(order + "HHI", table[start : start + 8])
        if kind in _INTEGERS and tag in _WANTED:
            fields[tag] = _values(stream, table[start + 8 : start + 12], kind, amount, order)
    return fields


_WANTED: Final = {_STRIP_OFFSETS, _STRIP_LENGTHS, _TILE_OFFSETS, _TILE_LENGTHS, _SUB_FOLDERS}
_MOST_VALUES: Final = 1_000_000  # 4 MB; a 400-megapixel scan in strips of one row has 20,000


def _values(stream: BinaryIO, field: bytes, kind: int, amount: int, order: str) -> list[int]:
    letter, width = _INTEGERS[kind]
    length = width * min(amount, _MOST_VALUES)
    raw = field if length <= _TIFF_FIELD else _at(stream, _number(field, order), length)
    whole = min(len(raw), length) // width
    return list(struct.unpack(f"{order}{whole}{letter}", raw[: whole * width]))


def _strips(fields: dict[int, list[int]], size: int) -> str | None:
    for offsets, lengths in ((_STRIP_OFFSETS, _STRIP_LENGTHS), (_TILE_OFFSETS, _TILE_LENGTHS)):
        pairs = zip(fields.get(offsets, []), fields.get(lengths, []), strict=False)
        end = max((offset + length for offset, length in pairs), default=0)
        if says := _ends(b"picture data", end, size):
            return says
    return None


def _number(raw: bytes, order: str) -> int:
    return int.from_bytes(raw, "little" if order == "<" else "big")
