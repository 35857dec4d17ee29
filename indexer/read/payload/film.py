"""Films, whatever contains them: tracks of samples, and the sum over them.

Counted for each track: kind, codec with its set-up, how many samples of which size, and their
bytes in order. Video comes before sound, for a remux may swap the two. Left out: times of
samples, edit lists and languages, which are written anew in other units by every tool.

A tool that copies streams and thereby drops the sound behind the end of an edit list (FFmpeg does)
makes another payload: less can be heard in its copy.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.read.payload.source import Digest, Source, Unfollowable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Reading a film twice is free while it fits into the page cache, and no longer. Beyond 2 GiB the
# ends of each track and every sample's size stand for it: two encodings never agree on a million
# sizes. Counted over samples, not the file, so that a remux falls on the same side.
WHOLE_BYTES: Final = 2 * 1024**3
END_BYTES: Final = 64 * 1024**2

_WIDTH: Final = 4


@dataclass(slots=True)
class Sizes:
    """Lengths of samples: each the same, or a table."""

    count: int
    each: int = 0
    unit: int = 1  # how many samples share `each`: old QuickTime counts sound before packing
    table: array[int] = field(default_factory=lambda: array("I"))

    def total(self, first: int = 0, count: int | None = None) -> int:
        """Bytes of these samples."""
        count = self.count if count is None else count
        if self.each:
            return count // self.unit * self.each
        return sum(self.table[first : first + count])

    def packed(self) -> bytes:
        """As bytes, the same for a table of equal lengths and for one length."""
        each, table = self.each, self.table
        if not each and table and table.count(table[0]) == len(table):
            each, table = table[0], array("I")
        head = (self.count, each, self.unit)
        return b"".join(n.to_bytes(8, "big") for n in head) + big_end_first(table).tobytes()


def big_end_first(numbers: array[int]) -> array[int]:
    """To or from the order that files have."""
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers


def table_of(raw: bytes | memoryview) -> array[int]:
    """Numbers of four bytes, big end first."""
    numbers = array("I")
    numbers.frombytes(raw[: len(raw) // _WIDTH * _WIDTH])
    return big_end_first(numbers)


@dataclass(frozen=True, slots=True)
class Track:
    is_sound: bool
    codec: bytes
    setup: bytes  # what the decoder is told before the first sample
    sizes: Sizes
    runs: Iterable[tuple[int, int]]  # where the samples lie, in order: offset and length


def add_tracks(digest: Digest, source: Source, tracks: Iterable[Track]) -> None:
    """All tracks with samples; raises where there are none."""
    filled = sorted((t for t in tracks if t.sizes.count), key=lambda t: t.is_sound)
    if not filled:
        raise Unfollowable
    is_whole = sum(track.sizes.total() for track in filled) <= WHOLE_BYTES
    for track in filled:
        digest.add(b"sound" if track.is_sound else b"video", track.codec)
        digest.add(b"setup", track.setup)
        digest.add(b"sizes", track.sizes.packed())
        _add_samples(digest, source, track, is_whole=is_whole)


def _add_samples(digest: Digest, source: Source, track: Track, *, is_whole: bool) -> None:
    total = track.sizes.total()
    digest.begin(b"samples", total)
    for offset, length in track.runs if is_whole else _ends(track.runs, total):
        digest.copy_more(source, offset, length)


def _ends(runs: Iterable[tuple[int, int]], total: int) -> Iterator[tuple[int, int]]:
    """What of the runs lies in the first and the last 64 MiB of a track."""
    passed = 0
    for offset, length in runs:
        first = max(0, min(length, END_BYTES - passed))
        last = max(first, min(length, total - END_BYTES - passed))
        yield offset, first
        yield offset + last, length - last
        passed += length
