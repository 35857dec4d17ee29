"""One run of the indexer: what it was asked, what it counts, and how its facts are committed.

Facts are written in small transactions as they come, so that a run that is cut off loses at
most a second's work and the next one goes on.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.catalog import failures, generations
from indexer.model import Generation
from indexer.paths import display, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import apsw

    from indexer.catalog.history import Pruned
    from indexer.model import RootId
    from indexer.progress import Progress

# How long written facts may wait for their commit: what a crash can cost. Arbitrary.
_COMMIT_SECONDS = 1.0
# The first ones wait less, so that a run that is always killed early gets on each time.
_FIRST_SECONDS = 1 / 32


@dataclass(frozen=True, slots=True)
class Options:
    """How to index; what, is the roots' business."""

    jobs: int = 0  # files decoded at once; 0: one for each processor
    readers: int = 0  # files read at once from one device; 0: what the device likes
    memory: int = 0  # bytes for whole files and decoded pictures; 0: a quarter of all
    excludes: tuple[str, ...] = ()  # besides the default list
    includes: tuple[str, ...] = ()  # patterns to take out of the default list
    exiftool: str | None = None  # None: MEDIAFS_EXIFTOOL, then the PATH
    only: tuple[bytes, ...] = ()  # absolute folders or files; (): the whole roots
    is_named: bool = False  # a person named the roots, or parts of them
    force: bool = False  # walk archives that are fresh; named roots are right as they are now
    paranoid: bool = False  # carry no digest over: read
    prune: bool = False  # forget what is gone
    settle_seconds: float = 0  # what changed less long ago is left for a later run


@dataclass(slots=True)
class Counts:
    """What a run did; the fields of `--json`."""

    seen: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    failed: int = 0
    opened: int = 0
    bytes_read: int = 0
    links: int = 0
    offline: list[str] = field(default_factory=list)
    carried: int = 0  # of the new and changed: recognised by head and tail, not read through
    fresh: int = 0  # archives left alone, as they were walked recently
    unsettled: int = 0  # left alone, as they may still be being written
    pruned: Pruned | None = None  # None: nothing was to be forgotten
    # Roots, and folders in them, that were looked at completely: what is gone there is gone.
    looked: list[tuple[RootId, bytes]] = field(default_factory=list)


class Run:
    """The catalog while one run writes to it. `db` is the writer's connection."""

    def __init__(
        self, db: apsw.Connection, catalog: Path, options: Options, progress: Progress
    ) -> None:
        self.db = db
        self.catalog = catalog
        self.options = options
        self.progress = progress
        self.generation = Generation(generations.newest(db) + 1)
        self.counts = Counts()
        self._is_pending = generations.is_pending(db)
        self._failed: set[tuple[RootId, bytes]] = set()  # a path that fails twice counts once

    def changed(self) -> None:
        """Facts are about to change that the newest generation does not show."""
        if not self._is_pending:
            generations.set_pending(self.db)
            self._is_pending = True

    def fail(self, root: RootId, root_path: bytes, path: bytes, cause: str, says: str) -> None:
        """One bad path is one counted warning."""
        failures.put(self.db, root, path, cause=cause, says=says, generation=self.generation)
        self.warn(root, root_path, path, f"{says}.")

    def warn(self, root: RootId, root_path: bytes, path: bytes, says: str) -> None:
        """Tell of a path that is not well, and count it."""
        self._failed.add((root, path))
        self.counts.failed = len(self._failed)
        self.progress.warn(f"{display(join(root_path, path))} {says}")


@contextlib.contextmanager
def committing(db: apsw.Connection) -> Iterator[Callable[[], None]]:
    """A transaction that is renewed about once a second, at first sooner, and never thrown away.

    Each fact is true by itself, so an interrupted run keeps what it has.
    """
    last, wait = time.monotonic(), 0.0

    def now_and_then() -> None:
        nonlocal last, wait
        if time.monotonic() - last >= wait:
            db.execute("COMMIT; BEGIN IMMEDIATE")
            last, wait = time.monotonic(), min(2 * wait or _FIRST_SECONDS, _COMMIT_SECONDS)

    db.execute("BEGIN IMMEDIATE")
    try:
        yield now_and_then
    finally:
        if db.in_transaction:
            db.execute("COMMIT")
