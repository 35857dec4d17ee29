"""Names already given out: read before naming, added to afterwards, never taken back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw


@dataclass(frozen=True, slots=True)
class GivenName:
    """One name in one directory of the tree, and who holds it for good."""

    directory: str
    name: str
    folded: str
    stem: str  # folded, without extension
    holder: str


_ALL = "SELECT directory, name, folded, stem, holder FROM given_name"


def given_names(db: apsw.Connection) -> Iterator[GivenName]:
    """Every name ever given."""
    return (GivenName(*row) for row in db.execute(_ALL))


_GIVE = (
    "INSERT INTO given_name (directory, name, folded, stem, holder, given_ns)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def give_names(db: apsw.Connection, names: Iterable[GivenName]) -> None:
    """Write down new names."""
    now = time.time_ns()
    db.executemany(_GIVE, [(n.directory, n.name, n.folded, n.stem, n.holder, now) for n in names])
