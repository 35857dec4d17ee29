"""How far a phase is: what every form of progress tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.paths import display
from mediafs.cli.output import size as _size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.progress import Underway

_SLOW_SECONDS = 5.0  # what a file takes before it is named


class Tally:
    """Files and bytes of one phase, and how fast they come."""

    def __init__(self) -> None:
        self.begin("", None, None)

    def begin(self, name: str, files: int | None, size: int | None) -> None:
        self.name, self.files_total, self.bytes_total = name, files, size
        self.files = self._bytes_done = self.bytes = 0
        self._busy: Sequence[Underway] = ()
        self._begun = time.monotonic()

    def advance(self, files: int, size: int) -> None:
        self.files += files
        self._bytes_done += size
        self._count()

    def underway(self, files: Sequence[Underway]) -> None:
        self._busy = files
        self._count()

    def _count(self) -> None:
        """With those of files that are not done yet: a film of 60 GB is not one step.

        Never backwards: between reading a file and writing down what it is, nobody counts it.
        """
        now = self._bytes_done + sum(file.bytes_read for file in self._busy)
        most = now if self.bytes_total is None else min(now, self.bytes_total)
        self.bytes = max(self.bytes, most)

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self._begun, 0.001)

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds

    @property
    def seconds_left(self) -> float | None:
        """None where nobody can tell."""
        if not self.bytes_total or not self.bytes:
            return None
        return (self.bytes_total - self.bytes) / self.rate

    @property
    def slow(self) -> list[Underway]:
        """Files that take so long that a person wants to know which, the slowest first."""
        slow = [file for file in self._busy if file.seconds >= _SLOW_SECONDS]
        return sorted(slow, key=lambda file: -file.seconds)

    def in_words(self) -> str:
        """One line."""
        of = f" of {self.files_total:,}" if self.files_total else ""
        line = f"{self.name}: {self.files:,}{of} files, {_size(self.bytes)}"
        line += f", {self.files / self.seconds:,.0f} files/s, {_size(int(self.rate))}/s"
        if (left := self.seconds_left) is not None:
            line += f", {left:,.0f} s left"
        return line + "".join(f"; {slowly(file)}" for file in self.slow[:1])


def slowly(file: Underway) -> str:
    """A file that takes long, and for how long."""
    return f"{display(file.path)} for {file.seconds:,.0f} s"
