"""Bring the catalog up to date: facts, then shots, then the tree, in one go.

What `index`, `reindex` and `decide` do; callable without a command line.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from indexer import pipeline, roots
from indexer.catalog import generations, writing
from indexer.catalog.connection import DECISIONS
from indexer.decisions import decidable, words
from indexer.errors import DecisionRefused
from indexer.model import Generation
from indexer.paths import display
from mediafs import __version__
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import apsw

    from indexer.decisions.words import Verdict
    from indexer.model import FileId
    from indexer.progress import Progress
    from indexer.run import Counts, Options


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
            "carried": c.carried, "fresh": c.fresh, "unsettled": c.unsettled,
            **({"pruned": asdict(c.pruned)} if c.pruned else {}),
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
    with _both(asked.catalog, on_network_anyway=asked.on_network_anyway) as (db, decided):
        with db:
            chosen = roots.remember(db, asked.catalog, asked.roots, progress.tell)
        counts = pipeline.run(db, asked.catalog, chosen, asked.options, progress)
        number = Generation(generations.newest(db) + 1)
        summary = Outcome(counts, number, 0.0).as_json()
        derive_if_due(db, decided, asked.command, asked.raw_companion, summary, progress)
        if asked.options.prune:
            counts.pruned = pipeline.prune(db, counts.looked)
        db.execute("PRAGMA optimize")
        return Outcome(counts, generations.newest(db), time.monotonic() - begun)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's word about a file's content."""

    catalog: Path
    file: FileId
    verdict: Verdict | None  # None: take the last word back
    on_network_anyway: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision changed."""

    path: bytes
    blake3: bytes
    verdict: Verdict  # what was said, or taken back
    is_new: bool  # False: it was in force already
    generation: Generation


def decide(asked: Decision, progress: Progress) -> Decided:
    """Write the word down, then derive and publish. Raises DecisionRefused.

    The word is kept whatever follows: what is cut off here is derived by the next run.
    """
    with _both(asked.catalog, on_network_anyway=asked.on_network_anyway) as (db, decided):
        if asked.verdict is None:
            told = _take_back(db, decided, asked.file)
        else:
            about = decidable.subject(db, asked.file, asked.verdict, roots.host())
            with decided:
                is_new = words.say(decided, about.blake3, asked.verdict, about.others)
            told = Decided(about.path, about.blake3, asked.verdict, is_new, Generation(0))
        options = generations.last_options(db)
        summary = {
            "schema": 1, "blake3": told.blake3.hex(), "verdict": str(told.verdict),
            "undone": asked.verdict is None,
        }  # fmt: skip
        derive_if_due(db, decided, "decide", options[1] if options else "beside", summary, progress)
        generation = generations.newest(db)
    return Decided(told.path, told.blake3, told.verdict, told.is_new, generation)


def _take_back(db: apsw.Connection, decided: apsw.Connection, file: FileId) -> Decided:
    path, blake3 = decidable.content(db, file)
    with decided:
        taken = words.undo(decided, blake3)
    if taken is None:
        raise DecisionRefused(
            f"No word about {display(path)} is in force; `mediafs decide --list` shows those that "
            "are, and what superseded the others."
        )
    return Decided(path, blake3, taken, is_new=True, generation=Generation(0))


@contextlib.contextmanager
def _both(
    catalog: Path, *, on_network_anyway: bool
) -> Iterator[tuple[apsw.Connection, apsw.Connection]]:
    """The catalog and the decisions beside it, to write in."""
    beside = decisions_of(catalog)
    with (
        writing(catalog, on_network_anyway=on_network_anyway) as db,
        writing(beside, DECISIONS, on_network_anyway=on_network_anyway) as decided,
    ):
        yield db, decided


def derive_if_due(
    db: apsw.Connection,
    decided: apsw.Connection,
    command: str,
    raw_companion: str,
    summary: Mapping[str, object],
    progress: Progress,
) -> None:
    """Make a new generation where the newest no longer follows from what is known and decided."""
    moment, before = words.newest_ns(decided), generations.last_decided_ns(db)
    is_as_before = generations.last_options(db) == (__version__, raw_companion)
    if is_as_before and moment == before and not generations.is_pending(db):
        return
    # numpy takes a tenth of a second to import, which --help and a run without news do without.
    from indexer.derive import derive

    progress.phase("Deciding")
    number = Generation(generations.newest(db) + 1)
    with db:
        # A word that was taken back out of the decisions by hand leaves no trace to follow.
        is_traced = is_as_before and moment >= before
        spoken = words.since(decided, before) if is_traced else None
        changed = derive(db, words.words(decided), spoken=spoken)
        publish(db, decided, number, raw_companion, changed)
        generations.commit(
            db, number, command=command, version=__version__, raw_companion=raw_companion,
            summary=json.dumps(summary), decided_ns=moment,
        )  # fmt: skip
