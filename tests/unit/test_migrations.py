"""An older catalog is brought to today's version by who writes, and is named by who reads."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import apsw
import pytest

from indexer.catalog import connection, facts, generations, open_reader, tree, writing
from indexer.catalog.check import check
from indexer.catalog.connection import CATALOG
from indexer.errors import CatalogTooOld
from indexer.progress import Silent
from indexer.roots import Wanted
from indexer.run import Options
from mediafs.update import Update, update

OLD = Path(__file__).parents[1] / "old"
VERSIONS = range(CATALOG.oldest, CATALOG.version)


@pytest.fixture(params=VERSIONS)
def old(request, tmp_path) -> Path:
    """A catalog as an older program left it."""
    path = tmp_path / "catalog.db"
    db = sqlite3.connect(path)
    db.executescript((OLD / f"catalog-{request.param}.sql").read_text("utf-8"))
    db.close()
    return path


_COLUMNS = """
SELECT m.name, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk
FROM sqlite_schema m, pragma_table_xinfo(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
"""


def shape(path):
    """Columns in order, with type, default and place in the key; indexes and what they cover."""
    db = open_reader(path)
    columns = db.execute(_COLUMNS).fetchall()
    indexes = db.execute("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'index'")
    return set(columns), {(table, name, plain(sql)) for table, name, sql in indexes}


def plain(sql):
    return re.sub(r"\s+", " ", sql) if sql else sql


def bring_up(path):
    with writing(path):
        pass
    return path


def test_every_older_version_has_a_catalog_to_test_with():
    assert {path.name for path in OLD.glob("catalog-*.sql")} == {
        f"catalog-{version}.sql" for version in VERSIONS
    }


def test_a_catalog_that_is_brought_up_is_like_a_new_one(old, tmp_path):
    new = bring_up(tmp_path / "new.db")

    assert shape(bring_up(old)) == shape(new)
    assert open_reader(old).pragma("user_version") == CATALOG.version


def test_a_catalog_that_is_brought_up_refuses_what_a_new_one_refuses(old):
    with writing(bring_up(old)) as db:
        for wrong in (
            "UPDATE content SET pixels = x'00'",
            "UPDATE content SET tail = x'00'",
            "UPDATE member SET offered = 2",
            "UPDATE fingerprint SET compared = 2",
        ):
            with pytest.raises(apsw.ConstraintError):
                db.execute(wrong)


def test_what_was_known_is_kept(old):
    db = sqlite3.connect(old)
    before = db.execute("SELECT file_id, name, content_id FROM file").fetchall()
    db.close()

    bring_up(old)

    assert (
        open_reader(old).execute("SELECT file_id, name, content_id FROM file").fetchall() == before
    )
    assert before


def test_what_is_new_is_read_again(old):
    db = open_reader(bring_up(old))
    [folder] = [i for path, (i, _) in facts.folders(db, facts.roots(db)[0].id).items() if not path]

    known = facts.known_files(db, folder)

    assert known
    assert all(file.is_outdated for file in known.values())


def test_the_next_run_shows_what_it_showed(old):
    bring_up(old)
    before = {view: files for view, (files, _) in tree.view_totals(open_reader(old)).items()}

    update(Update(old, Wanted(()), Options()), Silent())

    db = open_reader(old)
    assert {view: files for view, (files, _) in tree.view_totals(db).items()} == before
    assert generations.newest(db) == 2
    assert not [finding.invariant.name for finding in check(db) if not finding.holds]


def test_a_reader_says_who_brings_it_up_and_changes_nothing(old):
    before = old.read_bytes()

    with pytest.raises(CatalogTooOld, match="mediafs index"):
        open_reader(old)

    assert old.read_bytes() == before


def test_a_step_that_fails_leaves_the_old_version(old, monkeypatch):
    text = connection._text
    broken = "ALTER TABLE content ADD COLUMN half INTEGER; SELECT nonsense"
    is_step = CATALOG.steps.__contains__
    monkeypatch.setattr(
        connection, "_text", lambda kind, name: broken if is_step(name) else text(kind, name)
    )
    before = sqlite3.connect(old).execute("SELECT name, sql FROM sqlite_schema").fetchall()

    with pytest.raises(apsw.SQLError), writing(old):
        pass

    db = sqlite3.connect(old)
    assert db.execute("SELECT name, sql FROM sqlite_schema").fetchall() == before
    assert db.execute("PRAGMA user_version").fetchone() == (CATALOG.oldest,)
    db.close()
