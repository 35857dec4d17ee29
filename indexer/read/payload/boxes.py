"""ISO base media: boxes inside boxes, shared by HEIF, MOV, MP4 and JXL.

An index (`meta`, `moov`) is taken into memory and walked there; what is large is only located.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.read.payload.source import Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.read.payload.source import Source

FULL: Final = 4  # version and flags before the body of a "full" box
_HEAD: Final = 8  # length and kind
_LONG_HEAD: Final = 16  # the same, with a length of eight bytes
_MOST_BOXES: Final = 100_000  # beside each other; a HEIC of a hundred tiles has 200 properties


class Top(NamedTuple):
    """A box of the file itself: where its body lies."""

    kind: bytes
    start: int
    length: int


def top_boxes(source: Source) -> Iterator[Top]:
    """The file's own boxes; ends where no box follows, for cameras append trailers."""
    offset = 0
    while offset + _HEAD <= source.size:
        start = bytes(source.at(offset, _HEAD))
        length, kind = int.from_bytes(start[:4], "big"), start[4:]
        head = _LONG_HEAD if length == 1 else _HEAD
        if length == 1 and offset + head <= source.size:
            length = source.number(offset + _HEAD, 8)
        elif length == 0:
            length = source.size - offset  # "to the end of the file"
        if length < head:
            return
        yield Top(kind, offset + head, length - head)
        offset += length


def held(source: Source, *kinds: bytes) -> dict[bytes, memoryview]:
    """The bodies of the first of each of these boxes of the file."""
    bodies: dict[bytes, memoryview] = {}
    for box in top_boxes(source):
        if box.kind in kinds and box.kind not in bodies:
            bodies[box.kind] = memoryview(source.at(box.start, box.length))
    return bodies


def boxes(body: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of each box in a box."""
    offset = 0
    for _ in range(_MOST_BOXES):
        if offset + _HEAD > len(body):
            return  # QuickTime ends some lists with four zero bytes
        length = int.from_bytes(body[offset : offset + 4], "big")
        head = _LONG_HEAD if length == 1 else _HEAD
        if length == 1:
            length = int.from_bytes(body[offset + _HEAD : offset + head], "big")
        elif length == 0:
            length = len(body) - offset
        if length < head or offset + length > len(body):
            raise Unfollowable
        yield bytes(body[offset + 4 : offset + _HEAD]), body[offset + head : offset + length]
        offset += length
    raise Unfollowable


def inner(body: memoryview, *path: bytes) -> memoryview:
    """The body of the first box at the end of this path; raises where there is none."""
    for step in path:
        found = next((inside for kind, inside in boxes(body) if kind == step), None)
        if found is None:
            raise Unfollowable
        body = found
    return body


class Cursor:
    """Numbers out of a body, one after the other; raises at its end."""

    def __init__(self, body: memoryview, offset: int = 0) -> None:
        self._body = body
        self.offset = offset

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def take(self, length: int) -> memoryview:
        end = self.offset + length
        if end > len(self._body):
            raise Unfollowable
        taken = self._body[self.offset : end]
        self.offset = end
        return taken

    def rest(self) -> memoryview:
        return self._body[self.offset :]
