"""Files that could not be served as they were indexed, on their way to the catalog.

Noted in memory, which never waits; written now and then by whoever has a thread for it. The
mount's own connection stays read-only. What cannot be written because another mediafs is
writing waits for the next time; what is lost when the process is killed is noticed again.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from indexer.catalog import suspects
from indexer.catalog.connection import noting
from indexer.errors import CatalogBusy, MediafsError
from indexer.paths import display

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.model import FileId

log = logging.getLogger(__name__)

# About 1 MB. A disk that loses more than this between two reindexes has a reindex coming anyway.
_MOST: Final = 10_000


class Suspects:
    """Those of one catalog; where another takes its place, their numbers would mean other files."""

    def __init__(self, catalog: Path) -> None:
        self._catalog = catalog
        self._waiting: dict[FileId, str] = {}
        self._is_refused = False

    def add(self, file: FileId, why: str) -> None:
        """Have the next index look at a file that was 'changed', 'vanished' or 'unreadable'."""
        if file in self._waiting or len(self._waiting) < _MOST:
            self._waiting[file] = why

    @property
    def waiting(self) -> int:
        """How many files are still to be written down."""
        return len(self._waiting)

    def write(self) -> None:
        """Write what waits, in milliseconds; from any thread, one at a time."""
        taken, self._waiting = self._waiting, {}
        if not taken:
            return
        try:
            with noting(self._catalog) as db:
                suspects.note(db, taken, time.time_ns())
        except CatalogBusy:
            self._waiting = taken | self._waiting
        except MediafsError as exc:
            self._complain(exc)
        else:
            self._is_refused = False

    def _complain(self, exc: MediafsError) -> None:
        """Once, until it works again: the mount serves all the same."""
        if not self._is_refused:
            log.warning(
                "%s: what could not be served is not noted for the next reindex: %s",
                display(self._catalog), exc,
            )  # fmt: skip
        self._is_refused = True
