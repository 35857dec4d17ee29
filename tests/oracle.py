"""The oracle of the incremental derive: what a derive of everything would have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builders import NOW

from indexer.catalog import facts
from indexer.decisions.words import NOTHING_SAID, Words
from indexer.derive import derive

if TYPE_CHECKING:
    import apsw
    from builders import Catalog

    from indexer.model import FileId

_TABLES = {
    "shot": "*",
    "member": "*",
    "evidence": "*",
    "vote": "*",
    "clue": "shot_id, file_id, source, value, local, offset_min, used, says",
    "capture": "*",
    "tie": "*",
    "tied": "*",
    "attachment": "*",
    "habit": "*",
    "neighbour": "*",
}


def rows(db: apsw.Connection) -> dict[str, list[Any]]:
    """Everything that a derive writes."""
    return {
        table: sorted(db.execute(f"SELECT {columns} FROM {table}"), key=repr)
        for table, columns in _TABLES.items()
    }


def of_everything(db: apsw.Connection, words: Words) -> dict[str, list[Any]]:
    """What a derive of everything would have written."""
    db.execute("SAVEPOINT everything")
    derive(db, words, now=NOW)
    found = rows(db)
    db.execute("ROLLBACK TO everything; RELEASE everything")
    return found


def is_as_of_everything(db: apsw.Connection, words: Words = NOTHING_SAID) -> None:
    found, wanted = rows(db), of_everything(db, words)
    for table in _TABLES:
        assert found[table] == wanted[table], table


def come_and_go(catalog: Catalog, random: Any, steps: int, words: Words = NOTHING_SAID) -> None:
    """Files leave and come back in any order; after each step the shots are as they must be."""
    db = catalog.db
    files: list[FileId] = [
        i for (i,) in db.execute("SELECT file_id FROM file WHERE state = 'present'")
    ]
    with db:
        facts.set_gone(db, files)
        derive(db, words, now=NOW)
    here: set[FileId] = set()
    for _ in range(steps):
        some = random.sample(files, random.randint(0, min(4, len(files))))
        with db:
            for file in some:
                if file in here:
                    facts.set_gone(db, [file])
                else:
                    facts.set_back(db, file)
            here ^= set(some)
            derive(db, words, spoken=(), now=NOW)
            is_as_of_everything(db, words)
