"""Bytes to take a payload from, and the sum over its parts.

The one place that keeps a hostile file cheap: every look at the bytes is counted, and what is
asked for must be there. The formats above it then need no guards of their own against loops,
overlaps and lengths that lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# As in read/once.py, where it was measured.
PIECE_BYTES: Final = 1024 * 1024
# The index of a film of three hours is 10 MB; more than this is not held.
_MOST_HELD: Final = 64 * 1024 * 1024
# An AVI of three hours has 650,000 chunks, each looked at twice. All of them cost some 2 s.
_MOST_LOOKS: Final = 2_000_000
# Parts may overlap (a grid may repeat a tile), but no real file is hashed four times over.
_MOST_TIMES: Final = 4
_MOST_LENGTH: Final = 1 << 62  # lengths are told to the digest in eight bytes
_SMALL_CHANGE: Final = 1024 * 1024  # so that tiny files may be read in tiny looks

Bytes = bytes | bytearray | memoryview


class Unfollowable(Exception):
    """The structure leads nowhere, outside the file, or to too much work."""


class Source:
    """A file's bytes by offset, in memory or not; whatever is asked for is there or raises."""

    def __init__(self, size: int, most_held: int, fetch: Callable[[int, int], Bytes]) -> None:
        self.size = size
        self._most_held = most_held
        self._fetch = fetch
        self._looks = _MOST_LOOKS
        self._bytes = _MOST_TIMES * size + _SMALL_CHANGE

    @classmethod
    def of_bytes(cls, data: Bytes) -> Source:
        view = memoryview(data).cast("B")
        size = len(view)
        return cls(size, size, lambda offset, length: view[offset : offset + length])

    @classmethod
    def of_stream(cls, stream: BinaryIO, size: int) -> Source:
        def fetch(offset: int, length: int) -> bytes:
            stream.seek(offset)
            return stream.read(length)

        return cls(size, _MOST_HELD, fetch)

    def at(self, offset: int, length: int) -> Bytes:
        """Exactly these bytes."""
        self.expect(offset, length)
        if length > self._most_held:
            raise Unfollowable
        self.look(length)
        found = self._fetch(offset, length)
        if len(found) != length:  # the file got shorter while we read
            raise Unfollowable
        return found

    def pieces(self, offset: int, length: int) -> Iterator[Bytes]:
        """The same by 1 MiB, for what may be long."""
        self.expect(offset, length)
        for start in range(offset, offset + length, PIECE_BYTES):
            yield self.at(start, min(PIECE_BYTES, offset + length - start))

    def whole(self) -> Bytes:
        """All bytes, for formats that can only be searched through."""
        return self.at(0, self.size)

    def number(self, offset: int, length: int) -> int:
        return int.from_bytes(self.at(offset, length), "big")

    def expect(self, offset: int, length: int) -> None:
        """These bytes lie inside the file."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Unfollowable

    def look(self, length: int = 0) -> None:
        """Pay for one step of work."""
        self._looks -= 1
        self._bytes -= length
        if self._looks < 0 or self._bytes < 0:
            raise Unfollowable


class Digest:
    """BLAKE3 over named parts; each carries its length, so no two lists of parts read alike.

    The family comes first: a strip of a TIFF never equals the same bytes in a PNG.
    """

    def __init__(self, family: str) -> None:
        self._hash = blake3()
        self._head(family.encode(), 0)
        self._parts = 0

    def add(self, name: bytes, body: Bytes = b"") -> None:
        self.begin(name, len(body))
        self._hash.update(body)

    def copy(self, name: bytes, source: Source, offset: int, length: int) -> None:
        """A part straight out of the file."""
        self.begin(name, length)
        self.copy_more(source, offset, length)

    def begin(self, name: bytes, length: int) -> None:
        """A part of this length, of which `more` gives the bytes."""
        if not 0 <= length < _MOST_LENGTH:
            raise Unfollowable
        self._head(name, length)
        self._parts += 1

    def more(self, body: Bytes) -> None:
        self._hash.update(body)

    def copy_more(self, source: Source, offset: int, length: int) -> None:
        for piece in source.pieces(offset, length):
            self.more(piece)

    def result(self) -> bytes:
        """The 32 bytes; of nothing there is no digest."""
        if not self._parts:
            raise Unfollowable
        return self._hash.digest()

    def _head(self, name: bytes, length: int) -> None:
        self._hash.update(bytes([len(name)]) + name + length.to_bytes(8, "big"))
