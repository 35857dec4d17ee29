"""TIFF, DNG and the RAW formats built like it: strips and tiles of the pictures at full size.

Counted: the bytes of strips or tiles in order, and the tags without which they can't be decoded
(size, depth, compression, colour model, layout, tables), in whatever byte order and width they
were written. Left out: orientation, dates, makers' notes, profiles, and directories marked as
reduced. Of a plain TIFF every page counts. Of a RAW only the sensor's picture does: the largest
one, or the one that says it is a colour filter's or linear RAW; its previews may be redone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.read.payload.source import Digest, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.read.payload.source import Source

_HEADS: Final = frozenset({b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"MMOR"})  # the last are Olympus'
_MOST_FOLDERS: Final = 64
_MOST_VALUES: Final = 1_000_000  # a 400-megapixel scan in strips of one row has 20,000
_ENTRY: Final = 12
_INLINE: Final = 4  # bytes of a value that stands in its entry itself

_LENGTHS: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
# Numbers by type, so that a SHORT 8 and a LONG 8 are one; a rational is two of them.
_NUMBERS: Final = {3: "H", 4: "I", 5: "I", 13: "I"}
_NUMBER_LENGTHS: Final = {"H": 2, "I": 4}

_SUBFILE, _OLD_SUBFILE, _PHOTOMETRIC = 254, 255, 262
_PLACES: Final = ((273, 279), (324, 325))  # strips, tiles: offsets and lengths
_SUB_FOLDERS: Final = 330
_REDUCED: Final = 1
_OLD_REDUCED: Final = 2
_SENSOR: Final = frozenset({32803, 34892})  # CFA, LinearRaw
_DECIDES: Final = frozenset(
    {256, 257, 258, 259, 262, 266, 277, 278, 284, 292, 293, 317, 320, 322, 323, 332, 338, 339, 347}
    | {529, 530, 531, 532}  # YCbCr
    | {33421, 33422, 50712, 50713, 50714, 50717}  # filter pattern, linearisation, black and white
)
_WANTED: Final = _DECIDES | {_SUBFILE, _OLD_SUBFILE, _SUB_FOLDERS, *_PLACES[0], *_PLACES[1]}
# Some makers keep the sensor's data where no strip leads; what the strips then hold is a preview.
_LEAST_OF_RAW: Final = 3

_Values = tuple[int, ...] | bytes


@dataclass(frozen=True, slots=True)
class _Picture:
    tags: dict[int, _Values]
    parts: list[tuple[int, int]]

    def length(self) -> int:
        return sum(length for _, length in self.parts)

    def is_reduced(self) -> bool:
        return bool(self._one(_SUBFILE) & _REDUCED) or self._one(_OLD_SUBFILE) == _OLD_REDUCED

    def is_sensor(self) -> bool:
        return self._one(_PHOTOMETRIC) in _SENSOR

    def _one(self, tag: int) -> int:
        values = self.tags.get(tag)
        return values[0] if values else 0


def of_tiff(source: Source) -> bytes:
    pictures = _pictures(source)
    full = [picture for picture in pictures if not picture.is_reduced()]
    return _digest(source, full or [_largest(pictures)])


def of_raw(source: Source) -> bytes:
    full = [picture for picture in _pictures(source) if not picture.is_reduced()]
    sensor = [picture for picture in full if picture.is_sensor()]
    largest = _largest(sensor or full)
    if not sensor and largest.length() * _LEAST_OF_RAW < source.size:
        raise Unfollowable
    return _digest(source, [largest])


def _largest(pictures: list[_Picture]) -> _Picture:
    if not pictures:
        raise Unfollowable
    return max(pictures, key=_Picture.length)


def _digest(source: Source, pictures: list[_Picture]) -> bytes:
    digest = Digest("tiff")
    for picture in pictures:
        digest.add(b"picture")
        for tag in sorted(picture.tags.keys() & _DECIDES):
            digest.add(tag.to_bytes(2, "big"), _plain(picture.tags[tag]))
        for offset, length in picture.parts:
            digest.copy(b"part", source, offset, length)
    return digest.result()


def _plain(values: _Values) -> bytes:
    if isinstance(values, bytes):
        return values
    return b"".join(value.to_bytes(4, "big") for value in values)


# --- directories -------------------------------------------------------------------------


def _pictures(source: Source) -> list[_Picture]:
    """All directories with strips or tiles, in the order they are met; raises if there are none."""
    found = []
    for tags in _folders(source):
        parts = [part for places in _PLACES for part in _parts(tags, *places)]
        if parts:
            found.append(_Picture(tags, parts))
    if not found:
        raise Unfollowable
    return found


def _parts(tags: dict[int, _Values], offsets: int, lengths: int) -> Iterator[tuple[int, int]]:
    starts, sizes = tags.get(offsets, ()), tags.get(lengths, ())
    if len(starts) != len(sizes):
        raise Unfollowable
    return zip(starts, sizes, strict=True)


def _folders(source: Source) -> Iterator[dict[int, _Values]]:
    """The chain of directories, each followed by its own sub-directories."""
    head = bytes(source.at(0, 8))
    if head[:4] not in _HEADS:
        raise Unfollowable
    order = "<" if head[:2] == b"II" else ">"
    waiting = [_number(head[4:8], order)]
    seen: set[int] = set()
    while waiting:
        offset = waiting.pop()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        if len(seen) > _MOST_FOLDERS:
            raise Unfollowable
        tags, following = _folder(source, offset, order)
        yield tags
        waiting.append(following)
        waiting += reversed(tags.get(_SUB_FOLDERS, ()))


def _folder(source: Source, offset: int, order: str) -> tuple[dict[int, _Values], int]:
    """The wanted tags of one directory, and where the next one is."""
    count = _number(source.at(offset, 2), order)
    table = bytes(source.at(offset + 2, _ENTRY * count + 4))
    tags: dict[int, _Values] = {}
    for start in range(0, _ENTRY * count, _ENTRY):
        tag, kind, amount = struct.unpack_from(order + "HHI", table, start)
        if tag in _WANTED and kind in _LENGTHS:
            tags[tag] = _values(source, table[start + 8 : start + 12], kind, amount, order)
    return tags, _number(table[_ENTRY * count :], order)


def _values(source: Source, field: bytes, kind: int, amount: int, order: str) -> _Values:
    if amount > _MOST_VALUES:
        raise Unfollowable
    length = _LENGTHS[kind] * amount
    raw = field[:length] if length <= _INLINE else source.at(_number(field, order), length)
    letter = _NUMBERS.get(kind)
    if letter is None:
        return bytes(raw)
    return struct.unpack(f"{order}{length // _NUMBER_LENGTHS[letter]}{letter}", raw)


def _number(raw: bytes | bytearray | memoryview, order: str) -> int:
    return int.from_bytes(raw, "little" if order == "<" else "big")
