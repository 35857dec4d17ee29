"""Bring the catalog up to date: facts, then shots, then the tree, in one go.

What `index` and `reindex` do; callable without a command line.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer import derive, pipeline, roots
from indexer.catalog import facts, writing
from indexer.catalog.connection import DECISIONS
from indexer.model import Generation
from mediafs import __version__
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

    from indexer.pipeline import Counts, Options
    from indexer.progress import Progress


@dataclass(frozen=True, slots=True)
class Update:
    """What to bring up to date, and how."""

    catalog: Path
    roots: roots.Wanted
    options: Options
    command: str = "index"
    raw_companion: str = "beside"
    on_network_anyway: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did."""

    counts: Counts
    generation: Generation
    seconds: float
    offline: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """The last line of `index --json` (DESIGN.md section 8)."""
        c = self.counts
        return {
            "schema": 1, "seen": c.seen, "unchanged": c.unchanged, "new": c.new,
            "changed": c.changed, "moved": c.moved, "gone": c.gone, "failed": c.failed,
            "opened": c.opened, "bytes_read": c.bytes_read, "generation": int(self.generation),
            "seconds": round(self.seconds, 3), "offline": c.offline, "links": c.links,
        }  # fmt: skip


def decisions_of(catalog: Path) -> Path:
    """Where the decisions that belong to a catalog lie."""
    return catalog.with_name("decisions.db")


def update(asked: Update, progress: Progress) -> Outcome:
    """Index, derive and publish. Raises the errors of indexer.errors and KeyboardInterrupt."""
    begun = time.monotonic()
    # A mistyped root must not leave an empty catalog behind.
    named = {roots.resolve(path) for path in asked.roots.paths}
    for path in named:
        roots.refuse(path, asked.catalog, named - {path})
    anyway = asked.on_network_anyway
    with (
        writing(asked.catalog, on_network_anyway=anyway) as db,
        writing(decisions_of(asked.catalog), DECISIONS, on_network_anyway=anyway) as decided,
    ):
        with db:
            chosen = roots.remember(db, asked.catalog, asked.roots)
        counts = pipeline.run(db, asked.catalog, chosen, asked.options, progress)
        if _is_due(db, asked):
            progress.phase("Deciding")
            _derive(db, decided, asked, counts)
        db.execute("PRAGMA optimize")
        return Outcome(counts, facts.generation(db), time.monotonic() - begun)


def _is_due(db: apsw.Connection, asked: Update) -> bool:
    """Whether the tree no longer follows from the facts, the rules or the options."""
    return facts.is_pending(db) or facts.last_options(db) != (__version__, asked.raw_companion)


def _derive(db: apsw.Connection, decided: apsw.Connection, asked: Update, counts: Counts) -> None:
    number = Generation(facts.generation(db) + 1)
    summary = Outcome(counts, number, 0.0).as_json()
    with db:
        derive.derive(db)
        publish(db, decided, number, asked.raw_companion)
        facts.commit_generation(
            db, number, command=asked.command, version=__version__,
            raw_companion=asked.raw_companion, summary=json.dumps(summary),
        )  # fmt: skip
