"""The catalog's digest: everything a catalog says is in it, or is left out by name."""

from __future__ import annotations

import shutil

import apsw
import make_library
import pytest

from indexer.catalog import open_reader
from indexer.catalog.connection import open_writer
from indexer.catalog.digest import PARTS, digests
from indexer.progress import Silent
from indexer.roots import Wanted
from indexer.run import Options
from mediafs.update import Update, update

HISTORY = "when or by which run, not what"
NOTES = "what a run keeps for itself, to have less to do next time"
PLACE = "where the disk is mounted, and as what"

# Tables, or columns of those that count, that no question of the digest reads, and why.
LEFT_OUT = {
    **dict.fromkeys(("generation", "change", "reason", "verification"), HISTORY),
    **dict.fromkeys(("news_content", "news_file", "news_folder", "suspect"), NOTES),
    **dict.fromkeys(("tie", "tied", "attachment", "habit", "neighbour"), NOTES),
    "pending.since_ns": HISTORY,
    "root.device": PLACE,
    "root.inode": PLACE,
    "root.mount": PLACE,
    "root.added_ns": HISTORY,
    "root.walked_ns": HISTORY,
    "root.listed_under": NOTES,
    "folder.device": PLACE,
    "folder.listing": NOTES,
    "folder.listed_excluded": NOTES,
    "file.device": PLACE,
    "file.first_generation": HISTORY,
    "file.changed_generation": HISTORY,
    "file.verified_ns": HISTORY,
    "file.gone_ns": "when; that it is gone is its state",
    "file.tried_ns": HISTORY,
    "fingerprint.recorded": NOTES,
    "tree_directory.ctime_ns": HISTORY,
    "tree_directory.newest_file_id": NOTES,
    "placement.folded": "follows from the name",
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digest")
    make_library.make(folder / "library", size=(96, 64))
    path = folder / "catalog" / "catalog.db"
    update(Update(path, Wanted([str(folder / "library")]), Options(jobs=2)), Silent())
    return path


@pytest.fixture
def copy(catalog, tmp_path):
    shutil.copytree(catalog.parent, tmp_path / "copy")
    return tmp_path / "copy" / catalog.name


def told(path):
    db = open_reader(path)
    try:
        return digests(db)
    finally:
        db.close()


def asked(path):
    """Every column that the digest's questions read."""
    found = set()

    def note(action, table, column, *_):
        if action == apsw.SQLITE_READ:
            found.add(f"{table}.{column}")
        return apsw.SQLITE_OK

    db = open_reader(path)
    db.authorizer = note
    digests(db)
    db.authorizer = None
    db.close()
    return found


_COLUMNS = (
    "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
)


def test_every_column_counts_or_is_left_out_by_name(catalog):
    db = open_reader(catalog)
    columns = db.execute(_COLUMNS).fetchall()
    db.close()
    read = asked(catalog)

    # Numbers of rows are left out as such; whose they are is asked for.
    there = {f"{t}.{c}" for t, c in columns if t not in LEFT_OUT and not c.endswith("_id")}
    assert there - read == LEFT_OUT.keys() & there
    assert {name for name in LEFT_OUT if name in read} == set()


def test_equal_catalogs_are_equal_in_every_part(catalog, copy):
    assert told(copy) == told(catalog)


CHANGES = {
    "pending": "INSERT INTO pending VALUES (1, 0)",
    "root": "UPDATE root SET role = 'backup'",
    "folder": "UPDATE folder SET says = 'x' WHERE folder_id = 2",
    "file": "UPDATE file SET mtime_ns = mtime_ns + 1 WHERE file_id = 2",
    "content": "UPDATE content SET codec = 'x' WHERE content_id = 2",
    "tags": "UPDATE tags SET lens = 'x' WHERE content_id = (SELECT max(content_id) FROM tags)",
    "fingerprint": "UPDATE fingerprint SET contrast = contrast + 1e-9",
    "near": "INSERT OR REPLACE INTO near VALUES (1, 2, 1, 3, 4.5)",
    "failure": "INSERT INTO failure (root_id, path, cause, says, generation_id)"
    " VALUES (1, x'78', 'special', 'x', 1)",
    "shot": "UPDATE shot SET confidence = 'ambiguous'",
    "member": "UPDATE member SET offered = 1 - offered",
    "evidence": "UPDATE evidence SET says = says || '.'",
    "vote": "UPDATE vote SET points = points + 1",
    "clue": "UPDATE clue SET says = says || '.'",
    "capture": "UPDATE capture SET why = why || '.'",
    "directory": "UPDATE tree_directory SET mtime_ns = mtime_ns + 1",
    "tree": "UPDATE placement SET name = CAST(name || x'78' AS BLOB) WHERE file_id IS NOT NULL",
}


def test_every_part_is_changed_below():
    assert CHANGES.keys() == PARTS.keys()


@pytest.mark.parametrize("part", CHANGES)
def test_what_changes_in_a_part_shows_there_and_in_the_whole(copy, part):
    before = told(copy)
    db = open_writer(copy)
    db.execute(CHANGES[part])
    db.close()
    after = told(copy)

    assert {part, "catalog"} <= {name for name in before if before[name] != after[name]}


_SHIFT = (
    "PRAGMA foreign_keys=OFF",
    "UPDATE member SET file_id = file_id + 1000, of_file = of_file + 1000",
    "UPDATE evidence SET a = a + 1000, b = b + 1000",
    "UPDATE vote SET file_id = file_id + 1000",
    "UPDATE clue SET file_id = file_id + 1000",
    "UPDATE placement SET file_id = file_id + 1000 WHERE file_id IS NOT NULL",
    "UPDATE file SET file_id = file_id + 1000, first_generation = 7, verified_ns = 7",
    "UPDATE generation SET generation_id = generation_id + 5, committed_ns = 7",
    "UPDATE root SET walked_ns = 7, added_ns = 7, device = 'uuid:x'",
)


SHOWN = "(SELECT min(file_id) FROM placement WHERE file_id IS NOT NULL)"


def test_names_that_are_no_text_count(copy):
    seen = []
    for ending in ("ff", "fe"):
        db = open_writer(copy)
        db.execute(
            f"UPDATE file SET name = CAST(name || x'{ending}' AS BLOB) WHERE file_id = {SHOWN}"
        )
        db.close()
        seen.append(told(copy)["tree"])

    assert seen[0] != seen[1]


def test_numbers_and_moments_do_not_show(copy):
    before = told(copy)
    db = open_writer(copy)
    for change in _SHIFT:
        db.execute(change).fetchall()
    db.close()

    assert told(copy) == before
