"""JPEG: the tables and the scans, from the first table to the first end of image.

Counted: DQT, DHT, DAC, DRI, SOFn, DNL, SOS and the coded data, as they stand. Left out: APPn and
COM, fill bytes between segments, and all that follows the first EOI (MPF and gain map pictures,
motion photos, Samsung's trailer). Of APPn only Adobe's colour transform counts, because the same
scan shows other colours under another transform. A picture without EOI is cut: None.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from indexer.read.payload.source import Source

_MARK: Final = 0xFF
_EOI, _SOS, _COM, _ADOBE = 0xD9, 0xDA, 0xFE, 0xEE
_APPLICATION: Final = range(0xE0, 0xF0)
_HUFFMAN, _FUTURE, _ARITHMETIC = 0xC4, 0xC8, 0xCC  # in the row of SOFn, but no frames
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {_HUFFMAN, _FUTURE, _ARITHMETIC}
_TABLES: Final = frozenset({_HUFFMAN, _ARITHMETIC, 0xDB, 0xDC, 0xDD})
_COUNTED: Final = _FRAMES | _TABLES | {_SOS}

# Inside coded data: FF 00 is a byte FF, D0 to D7 are restarts, FF FF is fill.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# What counts begins with one of these: Adobe's segment stands before the tables, or there is none.
_FIRST: Final = re.compile(rb"\xff\xee\x00\x0eAdobe|\xff\xdb")
_TRANSFORM: Final = 13  # where the transform stands in the segment: length, "Adobe", three words


def of_jpeg(source: Source) -> bytes:
    return _first_picture(source)[0]


def end_of_picture(source: Source) -> int:
    """Where the first picture ends: the byte after its EOI."""
    return _first_picture(source)[1]


def _first_picture(source: Source) -> tuple[bytes, int]:
    data = memoryview(source.whole())
    if bytes(data[:2]) != b"\xff\xd8":
        raise Unfollowable
    try:
        return _picture(data, 2, source)
    except _BrokenChain as broken:
        return _after_break(data, broken.offset, source)


class _BrokenChain(Unfollowable):
    """A segment should start here and does not; no table has been met yet."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def _after_break(data: memoryview, offset: int, source: Source) -> tuple[bytes, int]:
    """The picture behind a metadata segment whose length lies.

    Decoders find it by its first table, and so do we. The broken metadata may hold a thumbnail
    with tables of its own, though, so what is found must be most of the file.
    """
    found = _FIRST.search(data, offset)
    if found is None:
        raise Unfollowable
    digest, end = _picture(data, found.start(), source)
    if 2 * (end - found.start()) < len(data):
        raise Unfollowable
    return digest, end


def _picture(data: memoryview, offset: int, source: Source) -> tuple[bytes, int]:
    """Follow the segments to EOI; the digest, and where that is."""
    digest = Digest("jpeg")
    met: set[int] = set()
    while True:
        source.look()
        marker, start = _next_marker(data, offset, met)
        if marker == _EOI:
            break
        end = _segment_end(data, start)
        _count(digest, marker, data[start:end], met)
        offset = _scan(data, end, digest) if marker == _SOS else end
    if _SOS not in met or not met & _FRAMES:
        raise Unfollowable
    return digest.result(), start


def _next_marker(data: memoryview, offset: int, met: set[int]) -> tuple[int, int]:
    """A marker, and where its segment starts."""
    if offset >= len(data) or data[offset] != _MARK:
        raise Unfollowable if met else _BrokenChain(offset)
    while offset < len(data) and data[offset] == _MARK:
        offset += 1
    if offset == len(data):
        raise Unfollowable
    return data[offset], offset + 1


def _segment_end(data: memoryview, start: int) -> int:
    length = int.from_bytes(data[start : start + 2], "big")
    if length < 2 or start + length > len(data):  # noqa: PLR2004 - the length counts itself
        raise Unfollowable
    return start + length


def _count(digest: Digest, marker: int, segment: memoryview, met: set[int]) -> None:
    if marker in _COUNTED:
        met.add(marker)
        digest.add(bytes([marker]), segment)
    elif marker == _ADOBE and bytes(segment[2:7]) == b"Adobe":
        digest.add(b"Adobe", segment[_TRANSFORM : _TRANSFORM + 1])
    elif marker not in _APPLICATION and marker != _COM:
        raise Unfollowable


def _scan(data: memoryview, start: int, digest: Digest) -> int:
    """Coded data up to the next marker, wherever the scan ends."""
    found = _MARKER.search(data, start)
    if found is None:
        raise Unfollowable
    digest.add(b"scan", data[start : found.start()])
    return found.start()
