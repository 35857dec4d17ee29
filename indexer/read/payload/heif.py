"""HEIF, HEIC and AVIF: the coded data of the primary picture, and what decides its decoding.

Counted: the primary item and, for grids, overlays and turned copies, the items it is derived from
in `dimg` order; of each its kind, its bytes (`iloc` extents in the file or in `idat`) and the
properties below. An alpha plane of the primary counts: it changes what is seen, as it does in PNG
and WEBP. Of a picture sequence the tracks count as well. Left out: EXIF, XMP, thumbnails, depth,
gain and matte pictures, ICC profiles, names, and where in the file all this lies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import Cursor, boxes, held, inner
from indexer.read.payload.movie import add_movie
from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.read.payload.source import Source

# Decoder set-up, size, then turning and cropping, which are HEIF's own and no mere tag.
_DECIDES: Final = frozenset(
    b"hvcC av1C vvcC avcC evcC jpgC j2kH uncC cmpd ispe pixi irot imir clap iscl a1op lsel".split()
)
_ALPHA: Final = (
    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
    b"urn:mpeg:hevc:2015:auxid:1",
)
_DEEPEST: Final = 8  # a grid of turned tiles is 3
_IN_FILE, _IN_IDAT, _UNKNOWN = 0, 1, -1
_FULL: Final = 4  # version and flags before the body of a "full" box
_WIDE_INDEX: Final = 1  # flag of ipma: property numbers have 15 bits


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    method: int = _IN_FILE
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[tuple[bytes, memoryview]] = field(default_factory=list)
    made_of: list[int] = field(default_factory=list)  # dimg
    serves: list[int] = field(default_factory=list)  # auxl


def of_heif(source: Source) -> bytes:
    bodies = held(source, b"meta", b"moov")
    if b"meta" not in bodies:
        raise Unfollowable
    meta = bodies[b"meta"][_FULL:]
    items = _items(meta)
    walk = _Walk(source, items, _idat(meta), Digest("heif"))
    primary = _primary(meta)
    walk.add(primary)
    for number in sorted(n for n, item in items.items() if _is_alpha(item, primary)):
        walk.digest.add(b"alpha")
        walk.add(number)
    if b"moov" in bodies:
        add_movie(walk.digest, source, bodies[b"moov"])
    return walk.digest.result()


@dataclass(slots=True)
class _Walk:
    source: Source
    items: dict[int, _Item]
    idat: memoryview
    digest: Digest

    def add(self, number: int, depth: int = 0) -> None:
        """An item and all it is made of."""
        self.source.look()
        item = self.items.get(number)
        if item is None or depth > _DEEPEST or not (item.extents or item.made_of):
            raise Unfollowable
        self.digest.add(b"item", item.kind)
        for kind, body in item.properties:
            if kind in _DECIDES or (kind == b"colr" and bytes(body[:4]) == b"nclx"):
                self.source.look(len(body))
                self.digest.add(kind, body)
        self._add_data(item)
        self.digest.add(b"dimg", len(item.made_of).to_bytes(4, "big"))
        for part in item.made_of:
            self.add(part, depth + 1)

    def _add_data(self, item: _Item) -> None:
        """One part, however many extents it was laid out in."""
        total = sum(length for _, length in item.extents)
        self.digest.begin(b"data", total)
        for offset, length in item.extents:
            if item.method == _IN_FILE:
                self.digest.copy_more(self.source, offset, length)
            elif item.method == _IN_IDAT and offset + length <= len(self.idat):
                self.source.look(length)
                self.digest.more(self.idat[offset : offset + length])
            else:
                raise Unfollowable


def _is_alpha(item: _Item, primary: int) -> bool:
    if primary not in item.serves:
        return False
    words = (bytes(body[_FULL:]) for kind, body in item.properties if kind == b"auxC")
    return any(word.startswith(_ALPHA) for word in words)


def _idat(meta: memoryview) -> memoryview:
    return next((body for kind, body in boxes(meta) if kind == b"idat"), memoryview(b""))


def _version(body: memoryview) -> int:
    return Cursor(body).number(1)


def _primary(meta: memoryview) -> int:
    body = inner(meta, b"pitm")
    return Cursor(body, _FULL).number(4 if _version(body) else 2)


def _items(meta: memoryview) -> dict[int, _Item]:
    items: dict[int, _Item] = {}
    for number, kind in _kinds(inner(meta, b"iinf")):
        items[number] = _Item(kind)
    for number, method, extents in _locations(inner(meta, b"iloc")):
        if number in items:
            items[number].method, items[number].extents = method, extents
    _add_properties(inner(meta, b"iprp"), items)
    for kind, body in boxes(meta):
        if kind == b"iref":
            _add_references(body, items)
    return items


def _kinds(iinf: memoryview) -> Iterator[tuple[int, bytes]]:
    entries = iinf[_FULL + (4 if _version(iinf) else 2) :]
    for kind, body in boxes(entries):
        version = _version(body) if kind == b"infe" else 0
        if version not in {2, 3}:
            raise Unfollowable  # older ones have no kinds, and nobody writes them
        cursor = Cursor(body, _FULL)
        number = cursor.number(2 if version == 2 else 4)  # noqa: PLR2004 - version 3 is wide
        cursor.take(2)  # protection; a protected item's bytes are still its bytes
        yield number, bytes(cursor.take(4))


def _locations(iloc: memoryview) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    version = _version(iloc)
    cursor = Cursor(iloc, _FULL)
    widths = cursor.number(2)
    offset, length, base, index = (widths >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version > 1 else 2
    if not length:
        raise Unfollowable  # each extent is all of the file, and a million of them cost no byte
    for _ in range(cursor.number(wide)):
        number = cursor.number(wide)
        method = cursor.number(2) & 15 if version else _IN_FILE
        elsewhere = cursor.number(2)  # data_reference_index: another file
        start = cursor.number(base)
        extents = []
        for _ in range(cursor.number(2)):
            cursor.take(index if version else 0)
            extents.append((start + cursor.number(offset), cursor.number(length)))
        # A length of 0 means "all of it" and would take in the metadata.
        unclear = elsewhere or not all(extent[1] for extent in extents)
        yield number, _UNKNOWN if unclear else method, extents


def _add_properties(iprp: memoryview, items: dict[int, _Item]) -> None:
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


def _add_references(iref: memoryview, items: dict[int, _Item]) -> None:
    wide = 4 if _version(iref) else 2
    for kind, body in boxes(iref[_FULL:]):
        cursor = Cursor(body)
        item = items.get(cursor.number(wide), _Item())
        targets = [cursor.number(wide) for _ in range(cursor.number(2))]
        if kind == b"dimg":
            item.made_of = targets
        elif kind == b"auxl":
            item.serves = targets
