"""What a person or a program reads: sizes, JSON lines, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.progress import Progress as Speaks

_EVERY_SECONDS = 5.0  # between lines where nobody watches a bar
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000.0


def size(count: int) -> str:
    """Bytes for people, in steps of 1000: "3.4 MB"."""
    value = float(count)
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{count} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def print_json(value: Mapping[str, object]) -> None:
    """One line; ASCII, so that undecodable bytes of a path come through as surrogates."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


def complain(says: str) -> None:
    """One sentence on stderr."""
    sys.stderr.write(f"{says}\n")
    sys.stderr.flush()


class Lines:
    """Progress where nobody watches: a line every few seconds, and every warning."""

    def __init__(self) -> None:
        self._name = ""
        self._total: int | None = None
        self._size: int | None = None
        self._files = self._bytes = 0
        self._begun = self._said = time.monotonic()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say the name."""
        self._name, self._total, self._size = name, files, size
        self._files = self._bytes = 0
        self._begun = self._said = time.monotonic()
        complain(f"{name}…" if files is None else f"{name} {files:,} files, {_size(size)}…")

    def advance(self, files: int, size: int = 0) -> None:
        """Say how far, now and then."""
        self._files += files
        self._bytes += size
        now = time.monotonic()
        if now - self._said >= _EVERY_SECONDS:
            self._said = now
            complain(self._line(now - self._begun))

    def _line(self, seconds: float) -> str:
        of = f" of {self._total:,}" if self._total else ""
        line = f"{self._name}: {self._files:,}{of} files, {_size(self._bytes)}"
        line += f", {self._files / seconds:,.0f} files/s, {_size(int(self._bytes / seconds))}/s"
        if self._size and self._bytes:
            left = (self._size - self._bytes) * seconds / self._bytes
            line += f", {left:,.0f} s left"
        return line

    def warn(self, says: str) -> None:
        """Say it."""
        complain(says)


class Bar:
    """Progress on a terminal; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._files = self._bytes = 0
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """A new bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._files = self._bytes = 0
        self._begun = time.monotonic()
        total = size or files
        self._task = self._bar.add_task(name, total=total, figures="")

    def advance(self, files: int, size: int = 0) -> None:
        """Move it."""
        if self._task is None:
            return
        self._files += files
        self._bytes += size
        seconds = max(time.monotonic() - self._begun, 0.001)
        figures = f"{self._files:,} files {_size(int(self._bytes / seconds))}/s"
        self._bar.update(self._task, completed=self._bytes or self._files, figures=figures)

    def warn(self, says: str) -> None:
        """Say it above the bar."""
        self._console.print(says, markup=False, highlight=False, soft_wrap=True)


class Quiet:
    """Only warnings."""

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say nothing."""

    def advance(self, files: int, size: int = 0) -> None:
        """Say nothing."""

    def warn(self, says: str) -> None:
        """Say it."""
        complain(says)


def _size(count: int | None) -> str:
    return size(count or 0)


# The type checker proves here that each of them speaks as the indexer wants.
_SPEAKERS: tuple[type[Speaks], ...] = (Lines, Bar, Quiet)
