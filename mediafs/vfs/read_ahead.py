"""The memory for reading ahead, shared by all who do, and what serving bytes is counted by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mediafs.vfs.reading import Reader
    from mediafs.vfs.sources import Sources

# As large as requests become, so that each costs its source's latency once; arbitrary.
PIECE_BYTES: Final = 512 * 1024
MOST_BYTES: Final = 64 << 20  # fetched ahead for all readers together
_IDLE_SECONDS: Final = 10.0  # who did not read for so long keeps nothing that others could use


@dataclass(slots=True)
class Counts:
    """How often what happened; counted because it is hard to time."""

    opens: int = 0
    open_waits: int = 0  # opens that went to a thread
    reads: int = 0
    waits: int = 0  # reads that went to a thread
    pieces: int = 0  # reads ahead of anybody's asking
    bytes_read: int = 0
    failovers: int = 0
    refusals: int = 0  # opens and reads for which no source was left


class Ahead:
    """The memory for reading ahead, and who has some of it."""

    def __init__(self, sources: Sources, counts: Counts) -> None:
        self.sources = sources
        self.counts = counts
        self._bytes = 0
        self._readers: dict[Reader, float] = {}  # who reads ahead, and since when it did not

    def pieces_each(self) -> int:
        """How many pieces a reader may have if all are to have as many."""
        return max(1, MOST_BYTES // PIECE_BYTES // max(1, len(self._readers)))

    def take(self, reader: Reader, size: int) -> bool:
        """Memory for a piece; False if there is none."""
        now = time.monotonic()
        self._readers[reader] = now
        if self._bytes + size > MOST_BYTES:
            for idle in [r for r, at in self._readers.items() if now - at > _IDLE_SECONDS]:
                idle.drop()
        if self._bytes + size > MOST_BYTES:
            return False
        self._bytes += size
        return True

    def give_back(self, size: int) -> None:
        """A piece is no longer held."""
        self._bytes -= size

    def leave(self, reader: Reader) -> None:
        """A reader holds no pieces any more, though some may still be on their way."""
        self._readers.pop(reader, None)
