"""What a long command says on stderr meanwhile: lines for the log of it, JSON for programs, or less.

The bar for a terminal is in bar.py, loaded where one is drawn: rich takes 20 ms.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

from indexer.paths import to_str
from mediafs.cli.output import complain, counted
from mediafs.cli.output import size as _size
from mediafs.cli.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.progress import Progress, Underway

_EVERY_SECONDS = 5.0  # between lines where nobody watches a bar
_EVERY_SECONDS_FOR_PROGRAMS = 1.0


@contextlib.contextmanager
def speaking(*, quiet: bool, form: str = "auto") -> Iterator[Progress]:
    """A bar on a terminal, lines otherwise; JSON for programs; or warnings alone."""
    if quiet:
        yield Quiet()
    elif form == "json":
        yield JsonLines()
    elif form == "bar" or (form == "auto" and sys.stderr.isatty()):
        from mediafs.cli.bar import Bar

        with Bar() as bar:
            yield bar
    else:
        yield Lines()


class Lines:
    """Progress where nobody watches: a line every few seconds, and every warning."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._said = time.monotonic()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say the name."""
        self._tally.begin(name, files, size)
        self._said = time.monotonic()
        if files is None:
            complain(f"{name}…")
        else:
            complain(f"{name} {counted(files, 'file')}, {_size(size or 0)}…")

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
        self._tally = Tally()
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


# The type checker proves here that each of them speaks as the indexer wants.
_SPEAKERS: tuple[type[Progress], ...] = (Lines, JsonLines, Quiet)
