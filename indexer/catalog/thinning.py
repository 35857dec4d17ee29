"""How much is remembered of what generations changed: whole generations, the newest ones.

A mount that missed some of what is forgotten starts its caches anew (mediafs/vfs/refresh.py), and
`mediafs log` says from where on it can tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import apsw

# About 40 MB, and more than a year of daily news in most libraries; arbitrary.
KEPT = 250_000

# Rows are numbered without gaps and forgotten from the first on, so both ends tell how many
# there are. Each is a single look-up, but not where min() and max() are asked for at once.
_ENDS = "SELECT (SELECT min(change_id) FROM change), (SELECT max(change_id) FROM change)"
_GENERATION = "SELECT generation_id FROM change WHERE change_id = ?"
# Reasons go along, by their reference.
_FORGET = (
    "DELETE FROM change WHERE change_id < (SELECT min(change_id) FROM change"
    " WHERE generation_id > ?)"
)


def thin(db: apsw.Connection, kept: int = KEPT) -> None:
    """Forget the oldest generations' changes until so many are left; the newest's stay.

    The caller holds the transaction.
    """
    first, last = next(iter(db.execute(_ENDS)))
    if first is None or last - first < kept:
        return
    too_old, newest = (db.execute(_GENERATION, (row,)).get for row in (last - kept, last))
    db.execute(_FORGET, (min(too_old, newest - 1),))
