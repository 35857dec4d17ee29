"""Roots that the catalog calls offline, and whether their disks are here again.

The catalog says what the last run of the indexer saw. Who plugs a disk in does not have to wait
for the next one: the root's own disk is known again by its names and by some of its files, and
each file is still given under its stamp alone.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw
import trio

from indexer.catalog import facts, open_reader
from indexer.errors import MediafsError
from indexer.paths import display
from indexer.standing import standing

if TYPE_CHECKING:
    from indexer.catalog.rows import RootRow
    from indexer.model import RootId
    from mediafs.vfs.sources import Sources

log = logging.getLogger(__name__)

# So long an answer holds, and so long is waited for one: a program that opens a thousand files
# of an absent disk makes it asked once. Arbitrary.
_SECONDS: Final = 5.0


@dataclass(slots=True, eq=False)
class _Answer:
    asked_at: float
    was_here: bool  # by the answer before
    given_at: float = 0.0
    is_here: bool = False
    given: trio.Event = field(default_factory=trio.Event)

    def holds(self, now: float) -> bool:
        return not self.given.is_set() or now - self.given_at <= _SECONDS


class Plugged:
    """Asks whether the roots of this machine are here, each at most once in five seconds."""

    def __init__(self, db: apsw.Connection, host: str, sources: Sources) -> None:
        self._db = db
        self._host = host
        self._sources = sources
        self._answers: dict[RootId, _Answer] = {}
        self.questions = 0

    def is_here(self, root: RootId) -> bool:
        """Whether it was found here a moment ago; asks nobody."""
        answer = self._answers.get(root)
        return answer is not None and answer.is_here and answer.holds(time.monotonic())

    async def ask(self, root: RootId) -> bool:
        """Whether it is here; a disk that does not answer for five seconds is not."""
        now = time.monotonic()
        answer = self._answers.get(root)
        if answer is None or not answer.holds(now):
            row = next((row for row in facts.roots(self._db) if row.id == root), None)
            if row is None or row.host != self._host:
                return False
            was_here = answer is not None and answer.is_here
            answer = self._answers[root] = _Answer(now, was_here)
            self.questions += 1
            # Not by whoever asks first: it may be called off.
            trio.lowlevel.spawn_system_task(self._look, row, answer)
        with trio.move_on_after(max(0.0, answer.asked_at + _SECONDS - now)):
            await answer.given.wait()
        return answer.is_here

    async def ask_all(self) -> None:
        """Ask about all that the catalog calls offline."""
        async with trio.open_nursery() as nursery:
            for row in facts.roots(self._db):
                if not row.online:
                    nursery.start_soon(self.ask, row.id)

    async def _look(self, row: RootRow, answer: _Answer) -> None:
        try:
            catalog = Path(self._db.filename)
            answer.is_here = await self._sources.run(
                ("standing", row.id), _is_here, catalog, row, threads=1
            )
            if answer.is_here and not answer.was_here:
                log.info(
                    "%s is here again, though the last index did not see it", display(row.path)
                )
        finally:
            answer.given_at = time.monotonic()
            answer.given.set()


def _is_here(catalog: Path, root: RootRow) -> bool:
    """In a thread, so on a connection of its own."""
    try:
        db = open_reader(catalog)
        try:
            # Another catalog may have taken the place of the one that was mounted.
            known = {(row.id, row.host, row.path) for row in facts.roots(db)}
            return (root.id, root.host, root.path) in known and standing(db, root).is_online
        finally:
            db.close()
    except (MediafsError, apsw.Error, OSError):
        return False
