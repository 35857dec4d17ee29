"""The film that a motion photo carries: exactly the bytes of its own file, and their BLAKE3.

Equal to the digest of the .MP, .mp4 or .mov that a program takes out of the photo. Google, Xiaomi
and others append the film to a JPEG, after the pictures that MPF and gain maps put there first;
Samsung puts a name before it and a directory behind it. In HEIF it is the body of an `mpvd` box
(Motion Photo format 1.0) or follows the last box. XMP's offsets are not asked: editors and
transfers leave them wrong, and newer Samsungs write none; a film says itself where it ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from blake3 import blake3

from indexer.read.payload.jpeg import end_of_picture
from indexer.read.payload.source import Source, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.metadata.sniff import Sniffed
    from indexer.read.payload.source import Bytes

_HEAD, _LONG_HEAD = 8, 16  # length and kind; the same with a length of eight bytes
_FTYP: Final = re.compile(rb"ftyp")
# What a film is made of; the first thing behind it that is none of these is not part of it.
_OF_FILM: Final = frozenset(
    b"ftyp styp pdin moov moof mdat mfra sidx ssix emsg prft meta udta free skip wide uuid".split()
)
_OF_HEIF: Final = _OF_FILM | {b"idat", b"etyp"}
_HEIF_PREFIXES: Final = ("image/heic", "image/heif", "image/avif")
# The letters may stand by chance in a picture between; a hostile file has them everywhere.
_MOST_TRIES: Final = 16
_MOST_BOXES: Final = 10_000  # a fragmented film of an hour


class _Area(NamedTuple):
    """Where a film may stand."""

    start: int
    end: int


class _Box(NamedTuple):
    kind: bytes
    start: int  # of the whole box
    end: int


def tail_of(data: Bytes, sniffed: Sniffed) -> bytes | None:
    """BLAKE3 of the film appended to a JPEG, HEIC or AVIF held in memory; None where none is.

    Raises nothing, whatever the bytes are.
    """
    is_heif = sniffed.mime.startswith(_HEIF_PREFIXES)
    if not is_heif and sniffed.mime != "image/jpeg":
        return None
    source = Source.of_bytes(data)
    try:
        # 0.3 ms for each megabyte; following a JPEG to its end costs twice that.
        if not is_heif and not _FTYP.search(source.whole()):
            return None
        area = _behind_boxes(source) if is_heif else _Area(end_of_picture(source), source.size)
        film = _film(source, area)
        if film is None:
            return None
        digest = blake3()
        for piece in source.pieces(film.start, film.end - film.start):
            digest.update(piece)
        return digest.digest()
    except Unfollowable:
        return None


def _behind_boxes(source: Source) -> _Area:
    """Where a HEIF's own boxes end: at `mpvd`, at a second `ftyp`, or at what is no box."""
    end = 0
    for box in _boxes(source, _Area(0, source.size), _OF_HEIF | {b"mpvd"}):
        if box.kind == b"mpvd":
            return _Area(box.start, box.end)
        if box.kind == b"ftyp" and box.start:
            break
        end = box.end
    return _Area(end, source.size)


def _film(source: Source, area: _Area) -> _Area | None:
    """The first film in there, from its `ftyp` to the end of its last box."""
    data = source.at(area.start, area.end - area.start)
    for tries, found in enumerate(_FTYP.finditer(data)):
        if tries == _MOST_TRIES:
            break
        start = area.start + found.start() - 4
        if start < area.start:
            continue
        end, kinds = start, set[bytes]()
        for box in _boxes(source, _Area(start, area.end), _OF_FILM):
            if box.kind == b"ftyp" and box.start > start:
                break  # a second film: whose that is, nobody knows
            end = box.end
            kinds.add(box.kind)
        if b"moov" in kinds and kinds & {b"mdat", b"moof"}:
            return _Area(start, end)
    return None


def _boxes(source: Source, area: _Area, known: frozenset[bytes]) -> Iterator[_Box]:
    """Boxes one after the other; ends before the first that is unknown or not all there."""
    offset = area.start
    for _ in range(_MOST_BOXES):
        if offset + _HEAD > area.end:
            return
        head = bytes(source.at(offset, min(_LONG_HEAD, area.end - offset)))
        length, kind = int.from_bytes(head[:4], "big"), head[4:_HEAD]
        least = _LONG_HEAD if length == 1 else _HEAD
        if length == 1:
            length = int.from_bytes(head[_HEAD:_LONG_HEAD], "big")
        elif length == 0:
            length = area.end - offset  # "to the end of the file"
        if kind not in known or not least <= length <= area.end - offset:
            return
        yield _Box(kind, offset, offset + length)
        offset += length
