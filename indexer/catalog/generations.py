"""Generations: each is one state of the tree, committed whole; and whether facts are ahead of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.model import Generation

if TYPE_CHECKING:
    import apsw

_GENERATION = "SELECT coalesce(max(generation_id), 0) FROM generation"


def newest(db: apsw.Connection) -> Generation:
    """The newest committed generation; 0 before the first."""
    return Generation(db.execute(_GENERATION).get)


_LAST_OPTIONS = "SELECT mediafs, raw_companion FROM generation ORDER BY generation_id DESC LIMIT 1"


def last_options(db: apsw.Connection) -> tuple[str, str] | None:
    """The program version and raw-companion option of the newest generation."""
    row = db.execute(_LAST_OPTIONS).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


_LAST_DECIDED = "SELECT decided_ns FROM generation ORDER BY generation_id DESC LIMIT 1"


def last_decided_ns(db: apsw.Connection) -> int:
    """The newest word of a person that the newest generation follows; 0 if none."""
    row = db.execute(_LAST_DECIDED).fetchone()
    return int(row[0]) if row else 0


_NEW_GENERATION = (
    "INSERT INTO generation (generation_id, committed_ns, command, mediafs, raw_companion, summary,"
    " decided_ns) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def commit(
    db: apsw.Connection,
    number: Generation,
    *,
    command: str,
    version: str,
    raw_companion: str,
    summary: str,
    decided_ns: int = 0,
) -> None:
    """Make `number` the state that a mount shows, and the facts no longer pending."""
    row = (number, time.time_ns(), command, version, raw_companion, summary, decided_ns)
    db.execute(_NEW_GENERATION, row)
    db.execute("DELETE FROM pending")


def set_pending(db: apsw.Connection) -> None:
    """Remember that facts changed which no generation shows yet."""
    db.execute("INSERT OR IGNORE INTO pending VALUES (1, ?)", (time.time_ns(),))


def is_pending(db: apsw.Connection) -> bool:
    """Whether facts are newer than the newest generation."""
    return bool(db.execute("SELECT count(*) FROM pending").get)
