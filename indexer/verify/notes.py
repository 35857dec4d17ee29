"""Outcomes on their way to the catalog: the writer's lock is taken for moments only.

So a verification of hours holds up no `reindex`; while another mediafs writes, they wait.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from indexer.catalog import writing
from indexer.errors import CatalogBusy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import apsw

    from indexer.progress import Progress

# What a crash can cost. Arbitrary.
_COMMIT_SECONDS: Final = 1.0
# About 50 MB; when another mediafs writes for so long, reading waits as well.
_MOST: Final = 50_000
_BUSY_SECONDS: Final = 0.25  # between two looks whether the other one is done


class Notes:
    """Changes of the catalog, written about once a second. If we are killed the last are lost."""

    def __init__(self, catalog: Path, *, on_network_anyway: bool) -> None:
        self._catalog = catalog
        self._on_network_anyway = on_network_anyway
        self._waiting: list[Callable[[apsw.Connection], None]] = []
        self._written = time.monotonic()

    def add(self, change: Callable[[apsw.Connection], None]) -> None:
        """To be written with the next."""
        self._waiting.append(change)

    def write_now_and_then(self) -> None:
        """Write about once a second; wait only where too much is waiting."""
        if time.monotonic() - self._written >= _COMMIT_SECONDS:
            self.write()
        while len(self._waiting) > _MOST and not self.write():
            time.sleep(_BUSY_SECONDS)

    def write_all(self, progress: Progress) -> None:
        """Write the rest, after another mediafs if one is writing."""
        if not self.write():
            progress.phase("Waiting for another mediafs to end")
            while not self.write():
                time.sleep(_BUSY_SECONDS)

    def write(self) -> bool:
        """Whether all is written; False: another mediafs is writing."""
        self._written = time.monotonic()
        if not self._waiting:
            return True
        with contextlib.suppress(CatalogBusy):
            with self._writing() as db, db:
                for change in self._waiting:
                    change(db)
            self._waiting.clear()
        return not self._waiting

    def _writing(self) -> contextlib.AbstractContextManager[apsw.Connection]:
        return writing(self._catalog, on_network_anyway=self._on_network_anyway)
