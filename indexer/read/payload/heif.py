"""HEIF, HEIC and AVIF: the coded data of the primary picture, and what decides its decoding.

Counted: the primary item and, for grids, overlays and turned copies, the items it is derived from
in `dimg` order; of each its kind, its bytes (`iloc` extents in the file or in `idat`) and the
properties below. An alpha plane of the primary counts: it changes what is seen, as it does in PNG
and WEBP. Of a picture sequence the tracks count as well. Left out: EXIF, XMP, thumbnails, depth,
gain and matte pictures, ICC profiles, names, and where in the file all this lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.read.payload.boxes import FULL, held
from indexer.read.payload.items import (
    IN_FILE,
    IN_IDAT,
    idat_of,
    items_of,
    primary_of,
)
from indexer.read.payload.movie import add_movie
from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from indexer.read.payload.items import Item
    from indexer.read.payload.source import Source

# Decoder set-up, size, then turning and cropping, which are HEIF's own and no mere tag.
_DECIDES: Final = frozenset(
    b"hvcC av1C vvcC avcC evcC jpgC j2kH uncC cmpd ispe pixi irot imir clap iscl a1op lsel".split()
)
_DEEPEST: Final = 8  # a grid of turned tiles is 3


def of_heif(source: Source) -> bytes:
    bodies = held(source, b"meta", b"moov")
    if b"meta" not in bodies:
        raise Unfollowable
    meta = bodies[b"meta"][FULL:]
    items = items_of(meta)
    walk = _Walk(source, items, idat_of(meta), Digest("heif"))
    primary = primary_of(meta)
    walk.add(primary)
    for number in sorted(n for n, item in items.items() if item.is_alpha_of(primary)):
        walk.digest.add(b"alpha")
        walk.add(number)
    if b"moov" in bodies:
        add_movie(walk.digest, source, bodies[b"moov"])
    return walk.digest.result()


@dataclass(slots=True)
class _Walk:
    source: Source
    items: dict[int, Item]
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

    def _add_data(self, item: Item) -> None:
        """One part, however many extents it was laid out in."""
        total = sum(length for _, length in item.extents)
        self.digest.begin(b"data", total)
        for offset, length in item.extents:
            if item.method == IN_FILE:
                self.digest.copy_more(self.source, offset, length)
            elif item.method == IN_IDAT and offset + length <= len(self.idat):
                self.source.look(length)
                self.digest.more(self.idat[offset : offset + length])
            else:
                raise Unfollowable
