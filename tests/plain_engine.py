"""An engine that reads in this process and takes every file for no medium: for tests of what is
around the reading. Names say what goes wrong: `*.unreadable`, `*.torn`, `*.interrupt`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from blake3 import blake3

from indexer.model import Kind, Reading
from indexer.paths import join
from indexer.read.engine import Done
from indexer.read.messages import FailureKind, ReadOutcome
from indexer.read.pool import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from indexer.progress import Underway
    from indexer.read.engine import Job, Terms

_FAILURES = {b".unreadable": FailureKind.UNREADABLE, b".torn": FailureKind.CHANGED}


class PlainEngine:
    """Reads one file after the other."""

    def __init__(self, terms: Terms, is_known: Callable[[bytes], bool]) -> None:
        del terms, is_known
        self._read = Statistics()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def read_all(
        self, jobs: Iterable[Job], watch: Callable[[Sequence[Underway]], None] | None = None
    ) -> Iterator[Done]:
        """One Done for each, in order."""
        del watch
        for job in jobs:
            yield Done(job, self._outcome(job), None)

    def _outcome(self, job: Job) -> ReadOutcome:
        name = job.seen.name
        if name.endswith(b".interrupt"):
            raise KeyboardInterrupt
        self._read += Statistics(opened=1)
        for ending, failure in _FAILURES.items():
            if name.endswith(ending):
                return ReadOutcome(1, 0, failure=failure, says="so its name says")
        with open(join(job.root_path, job.path), "rb") as file:
            content = file.read()
        digest = blake3(content).digest()
        reading = Reading(
            digest, len(content), "application/octet-stream", Kind.OTHER, "", sample=digest
        )
        return ReadOutcome(1, len(content), job.seen.stamp, reading)

    def wind_up(self, seconds: float) -> Iterator[Done]:
        """Nothing is underway."""
        del seconds
        return iter(())

    def statistics(self) -> Statistics:
        """Opens so far."""
        return self._read


def write_texts(top: Path, *paths: str) -> None:
    """Files that say what they are called."""
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(path)
