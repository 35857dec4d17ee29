"""Which quality of the Independent JPEG Group's library a JPEG's tables are, if any.

Pure. Its tables are those of the JPEG standard's annex K, scaled by a quality from 1 to 100;
ExifTool's JPEGDigest is the MD5 of the tables as they stand in the file, one after the other.
All 100 digests that ExifTool 12.57 knows of this library come out of this arithmetic.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

_LUMA: Final = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA: Final = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
_SIDE: Final = 8


def quality_of(digest: str) -> int | None:
    """The library's quality whose tables have this digest; None where they are others."""
    return _qualities().get(digest)


@cache
def _qualities() -> dict[str, int]:
    found = {}
    for quality in range(1, 101):
        luma, chroma = _scaled(_LUMA, quality), _scaled(_CHROMA, quality)
        # A number before each table; ExifTool puts a NUL between segments.
        for tables in (b"\0" + luma, b"\0" + luma + b"\0\1" + chroma):
            found[hashlib.md5(tables, usedforsecurity=False).hexdigest()] = quality
    return found


def _scaled(table: tuple[int, ...], quality: int) -> bytes:
    """The table as jpeg_set_quality() scales it, in the zigzag order of the file."""
    half = 50
    scale = 5000 // quality if quality < half else 200 - 2 * quality
    values = [min(255, max(1, (value * scale + half) // 100)) for value in table]
    return bytes(values[place] for place in sorted(range(_SIDE * _SIDE), key=_zigzag))


def _zigzag(place: int) -> tuple[int, int]:
    row, column = divmod(place, _SIDE)
    return row + column, row if (row + column) % 2 else column
