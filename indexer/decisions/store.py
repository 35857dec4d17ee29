"""Names already given out: read before naming, added to afterwards, never taken back; and which of
equal copies stand under them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from indexer.catalog.rows import Stood

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw


class GivenName(NamedTuple):
    """One name in one directory of the tree, and who holds it for good."""

    directory: str
    name: str
    folded: str
    stem: str  # folded, without extension
    holder: str


_ALL = "SELECT directory, name, folded, stem, holder FROM given_name"


def given_names(db: apsw.Connection) -> Iterator[GivenName]:
    """Every name ever given."""
    return map(GivenName._make, db.execute(_ALL))


# Without statistics SQLite would rather read the whole directory.
_HELD_BY = f"{_ALL} INDEXED BY given_name_of_holder WHERE directory = ? AND holder = ?"
_CALLED = f"{_ALL} WHERE directory = ? AND folded = ?"
# A name is its stem, or its stem and a dot and more; "/" follows "." in the order of bytes.
_UNDER = (
    f"{_ALL} WHERE directory = :d AND folded = :stem AND stem = :stem UNION ALL"
    f" {_ALL} WHERE directory = :d AND folded > :stem || '.' AND folded < :stem || '/'"
    " AND stem = :stem"
)


class GivenNames:
    """The names already given, asked for one by one: a few of many."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def held_by(self, directory: str, holder: str) -> list[GivenName]:
        """What a holder has in a directory."""
        return [GivenName._make(row) for row in self._db.execute(_HELD_BY, (directory, holder))]

    def under(self, directory: str, stem: str) -> list[GivenName]:
        """What was given in a directory under a stem, folded."""
        bindings = {"d": directory, "stem": stem}
        return [GivenName._make(row) for row in self._db.execute(_UNDER, bindings)]

    def called(self, directory: str, folded: str) -> GivenName | None:
        """What was given in a directory under a name, folded."""
        row = self._db.execute(_CALLED, (directory, folded)).fetchone()
        return None if row is None else GivenName._make(row)


_GIVE = (
    "INSERT INTO given_name (directory, name, folded, stem, holder, given_ns)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def give_names(db: apsw.Connection, names: Iterable[GivenName]) -> None:
    """Write down new names."""
    now = time.time_ns()
    db.executemany(_GIVE, [(n.directory, n.name, n.folded, n.stem, n.holder, now) for n in names])


_STOOD = "SELECT blake3, mtime_ns, mode, uid, gid FROM stood"


def stood(db: apsw.Connection) -> list[Stood]:
    """Every copy that stood for others."""
    return [Stood._make(row) for row in db.execute(_STOOD)]


def stood_among(db: apsw.Connection, digests: Iterable[bytes]) -> list[Stood]:
    """Those with these bytes."""
    if db.execute(f"{_STOOD} LIMIT 1").fetchone() is None:
        return []
    return [
        Stood._make(row)
        for digest in digests
        for row in db.execute(f"{_STOOD} WHERE blake3 = ?", (digest,))
    ]


_STAND = "INSERT OR IGNORE INTO stood (blake3, mtime_ns, mode, uid, gid) VALUES (?, ?, ?, ?, ?)"
_FALL = "DELETE FROM stood WHERE (blake3, mtime_ns, mode, uid, gid) = (?, ?, ?, ?, ?)"


def put_stood(db: apsw.Connection, rows: Iterable[Stood]) -> None:
    """Write down which copies stand for others."""
    db.executemany(_STAND, rows)


def forget_stood(db: apsw.Connection, rows: Iterable[Stood]) -> None:
    """They do not any more."""
    db.executemany(_FALL, rows)
