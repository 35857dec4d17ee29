"""What a person or a program reads: sizes, JSON lines, progress on stderr."""

from __future__ import annotations

import json
import re
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

from indexer.errors import UsageRefused
from indexer.paths import display, to_str

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indexer.progress import Progress as Speaks
    from indexer.progress import Underway

_EVERY_SECONDS = 5.0  # between lines where nobody watches a bar
_EVERY_SECONDS_FOR_PROGRAMS = 1.0
_SLOW_SECONDS = 5.0  # what a file takes before it is named
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000.0
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])?(i)?B?", re.IGNORECASE)


def size(count: int) -> str:
    """Bytes for people, in steps of 1000: "3.4 MB"."""
    value = float(count)
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return f"{count} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def bytes_of(text: str) -> int:
    """A size as a person writes it: "2G", "1.5 GB", "512MiB", "1000000"; UsageRefused."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageRefused(f"{text!r} is no size; write it as 500M or 2G.")
    number, letter, binary = found.groups()
    step = 1024 if binary else 1000
    return int(float(number) * step ** (" KMGT".index(letter.upper()) if letter else 0))


def print_json(value: Mapping[str, object]) -> None:
    """One line; ASCII, so that undecodable bytes of a path come through as surrogates."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


def complain(says: str) -> None:
    """One sentence on stderr."""
    sys.stderr.write(f"{says}\n")
    sys.stderr.flush()


class _Tally:
    """How far a phase is: what every form of progress tells."""

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
        line = f"{self.name}: {self.files:,}{of} files, {size(self.bytes)}"
        line += f", {self.files / self.seconds:,.0f} files/s, {size(int(self.rate))}/s"
        if (left := self.seconds_left) is not None:
            line += f", {left:,.0f} s left"
        return line + "".join(f"; {_told(file)}" for file in self.slow[:1])


def _told(file: Underway) -> str:
    return f"{display(file.path)} for {file.seconds:,.0f} s"


class Lines:
    """Progress where nobody watches: a line every few seconds, and every warning."""

    def __init__(self) -> None:
        self._tally = _Tally()
        self._said = time.monotonic()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say the name."""
        self._tally.begin(name, files, size)
        self._said = time.monotonic()
        complain(f"{name}…" if files is None else f"{name} {files:,} files, {_size(size)}…")

    def advance(self, files: int, size: int = 0) -> None:
        """Say how far, now and then."""
        self._tally.advance(files, size)
        self._now_and_then()

    def underway(self, files: Sequence[Underway]) -> None:
        """Say how far even where no file comes to its end."""
        self._tally.underway(files)
        self._now_and_then()

    def _now_and_then(self) -> None:
        if time.monotonic() - self._said >= _EVERY_SECONDS:
            self._said = time.monotonic()
            complain(self._tally.in_words())

    def warn(self, says: str) -> None:
        """Say it."""
        complain(says)

    def tell(self, says: str) -> None:
        """Say it."""
        complain(says)


class JsonLines:
    """Progress for programs: a JSON object a line, about each second; warnings too."""

    def __init__(self) -> None:
        self._tally = _Tally()
        self._said = time.monotonic()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """How the last one ended, and the new one."""
        if self._tally.name:
            self._say()
        self._tally.begin(name, files, size)
        self._say()

    def advance(self, files: int, size: int = 0) -> None:
        """Say how far, now and then."""
        self._tally.advance(files, size)
        self._now_and_then()

    def underway(self, files: Sequence[Underway]) -> None:
        """Say how far even where no file comes to its end."""
        self._tally.underway(files)
        self._now_and_then()

    def _now_and_then(self) -> None:
        if time.monotonic() - self._said >= _EVERY_SECONDS_FOR_PROGRAMS:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        tally = self._tally
        left = tally.seconds_left
        _line_of(
            phase=tally.name.split(" ", 1)[0].lower(),
            says=tally.name,
            files=tally.files,
            files_total=tally.files_total,
            bytes=tally.bytes,
            bytes_total=tally.bytes_total,
            seconds=round(tally.seconds, 1),
            rate=int(tally.rate),
            eta_seconds=None if left is None else round(left, 1),
            slow=[
                {"path": to_str(file.path), "seconds": round(file.seconds, 1)}
                for file in tally.slow
            ],
        )

    def warn(self, says: str) -> None:
        """Say it in a field of its own."""
        _line_of(warning=says)

    def tell(self, says: str) -> None:
        """Say it in a field of its own."""
        _line_of(note=says)


def _line_of(**fields: object) -> None:
    complain(json.dumps(fields, ensure_ascii=True))


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
            # Last, where a narrow terminal cuts.
            TextColumn("{task.fields[slow]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._tally = _Tally()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """A new bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._tally.begin(name, files, size)
        self._task = self._bar.add_task(name, total=size or files, figures="", slow="")

    def advance(self, files: int, size: int = 0) -> None:
        """Move it."""
        self._tally.advance(files, size)
        self._show()

    def underway(self, files: Sequence[Underway]) -> None:
        """Move it within a file, and name the one that takes long."""
        self._tally.underway(files)
        self._show()

    def _show(self) -> None:
        if self._task is None:
            return
        tally = self._tally
        of = f"/{tally.files_total:,}" if tally.files_total else ""
        figures = f"{tally.files:,}{of} files {size(int(tally.rate))}/s"
        slow = "".join(_told(file) for file in tally.slow[:1])
        done = tally.bytes or tally.files
        self._bar.update(self._task, completed=done, figures=figures, slow=slow)

    def warn(self, says: str) -> None:
        """Say it above the bar."""
        self._console.print(says, markup=False, highlight=False, soft_wrap=True)

    def tell(self, says: str) -> None:
        """Say it above the bar."""
        self.warn(says)


class Quiet:
    """Only warnings."""

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say nothing."""

    def advance(self, files: int, size: int = 0) -> None:
        """Say nothing."""

    def underway(self, files: Sequence[Underway]) -> None:
        """Say nothing."""

    def warn(self, says: str) -> None:
        """Say it."""
        complain(says)

    def tell(self, says: str) -> None:
        """Say nothing."""


def _size(count: int | None) -> str:
    return size(count or 0)


# The type checker proves here that each of them speaks as the indexer wants.
_SPEAKERS: tuple[type[Speaks], ...] = (Lines, JsonLines, Bar, Quiet)
