"""The items of a HEIF file: what its `meta` box says of each picture in it, and where it lies.

Shared by the digest of the picture data (heif.py) and the decoder of its tiles (read/tiles.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import FULL, Cursor, boxes, inner
from indexer.read.payload.source import Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_FILE, IN_IDAT, UNKNOWN = 0, 1, -1
_ALPHA: Final = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_WIDE_INDEX: Final = 1  # flag of ipma: property numbers have 15 bits


@dataclass(slots=True)
class Item:
    """One picture, part of a picture, or block of metadata."""

    kind: bytes = b""
    method: int = IN_FILE
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[bytes, memoryview]] = field(default_factory=list)
    made_of: list[int] = field(default_factory=list)  # dimg
    serves: list[int] = field(default_factory=list)  # auxl

    def is_alpha_of(self, primary: int) -> bool:
        """Whether it says where the primary picture is transparent."""
        if primary not in self.serves:
            return False
        words = (bytes(body[FULL:]) for kind, body in self.properties if kind == b"auxC")
        return any(word.startswith(_ALPHA) for word in words)


def primary_of(meta: memoryview) -> int:
    """The number of the item that is the picture to show."""
    body = inner(meta, b"pitm")
    return Cursor(body, FULL).number(4 if _version(body) else 2)


def idat_of(meta: memoryview) -> memoryview:
    """Data of items that lies in the index itself; empty where there is none."""
    return next((body for kind, body in boxes(meta) if kind == b"idat"), memoryview(b""))


def items_of(meta: memoryview) -> dict[int, Item]:
    """All items by their numbers."""
    items: dict[int, Item] = {}
    for number, kind in _kinds(inner(meta, b"iinf")):
        items[number] = Item(kind)
    for number, method, extents in _locations(inner(meta, b"iloc")):
        if number in items:
            items[number].method, items[number].extents = method, extents
    _add_properties(inner(meta, b"iprp"), items)
    for kind, body in boxes(meta):
        if kind == b"iref":
            _add_references(body, items)
    return items


def _version(body: memoryview) -> int:
    return Cursor(body).number(1)


def _kinds(iinf: memoryview) -> Iterator[tuple[int, bytes]]:
    entries = iinf[FULL + (4 if _version(iinf) else 2) :]
    for kind, body in boxes(entries):
        version = _version(body) if kind == b"infe" else 0
        if version not in {2, 3}:
            raise Unfollowable  # older ones have no kinds, and nobody writes them
        cursor = Cursor(body, FULL)
        number = cursor.number(2 if version == 2 else 4)  # noqa: PLR2004 - version 3 is wide
        cursor.take(2)  # protection; a protected item's bytes are still its bytes
        yield number, bytes(cursor.take(4))


def _locations(iloc: memoryview) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    version = _version(iloc)
    cursor = Cursor(iloc, FULL)
    widths = cursor.number(2)
    offset, length, base, index = (widths >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version > 1 else 2
    if not length:
        raise Unfollowable  # each extent is all of the file, and a million of them cost no byte
    for _ in range(cursor.number(wide)):
        number = cursor.number(wide)
        method = cursor.number(2) & 15 if version else IN_FILE
        elsewhere = cursor.number(2)  # data_reference_index: another file
        start = cursor.number(base)
        extents = []
        for _ in range(cursor.number(2)):
            cursor.take(index if version else 0)
            extents.append((start + cursor.number(offset), cursor.number(length)))
        # A length of 0 means "all of it" and would take in the metadata.
        unclear = elsewhere or not all(extent[1] for extent in extents)
        yield number, UNKNOWN if unclear else method, extents


def _add_properties(iprp: memoryview, items: dict[int, Item]) -> None:
    """What `ipma` ties to each item, in its order: turning before cropping is not the reverse."""
    known = list(boxes(inner(iprp, b"ipco")))
    for kind, body in boxes(iprp):
        if kind == b"ipma":
            for number, index in _ties(body):
                if number in items and 0 < index <= len(known):
                    items[number].properties.append(known[index - 1])


def _ties(ipma: memoryview) -> Iterator[tuple[int, int]]:
    head = Cursor(ipma)
    version, flags = head.number(1), head.number(3)
    wide = 2 if flags & _WIDE_INDEX else 1
    for _ in range(head.number(4)):
        number = head.number(4 if version else 2)
        for _ in range(head.number(1)):
            yield number, head.number(wide) & (0x7FFF if wide > 1 else 0x7F)


def _add_references(iref: memoryview, items: dict[int, Item]) -> None:
    wide = 4 if _version(iref) else 2
    for kind, body in boxes(iref[FULL:]):
        cursor = Cursor(body)
        item = items.get(cursor.number(wide), Item())
        targets = [cursor.number(wide) for _ in range(cursor.number(2))]
        if kind == b"dimg":
            item.made_of = targets
        elif kind == b"auxl":
            item.serves = targets
