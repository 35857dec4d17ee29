"""What a watcher hears of the catalog: roots of this machine, and each suspicion once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from make_catalog import CatalogMaker

from indexer.catalog import facts, suspects
from indexer.errors import CatalogMissing
from indexer.model import RootRole
from indexer.roots import host
from mediafs.watch.catalog import CatalogReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mediafs.watch.catalog import Read

MINE, OTHERS = b"/mine", b"/others"


class Written:
    """A catalog that others write, with one file below each root."""

    def __init__(self, path: Path) -> None:
        self.maker = CatalogMaker(path)
        self.files = {MINE: self.add(MINE, host()), OTHERS: self.add(OTHERS, "elsewhere")}

    def add(self, path: bytes, machine: str) -> int:
        db = self.maker.db
        root = facts.add_root(
            db, host=machine, path=path, role=RootRole.LIBRARY, label=path[1:], excludes=(),
            freshness_days=None,
        )  # fmt: skip
        return self.maker.row(root, b"a.jpg", os.stat("/"), bytes(32))

    def suspect(self, path: bytes, noticed_ns: int) -> None:
        suspects.note(self.maker.db, {self.files[path]: "changed"}, noticed_ns)

    def commit(self) -> None:
        """Something that has nothing to do with roots or suspicions."""
        self.maker.publish()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path / "catalog.db")
    yield made
    made.maker.close()


@pytest.fixture
def reader(written: Written) -> Iterator[CatalogReader]:
    made = CatalogReader(written.maker.path)
    yield made
    made.close()


def roots(read: Read | None) -> set[bytes]:
    assert read is not None
    return {root.path for root in read.roots}


def suspected(read: Read | None) -> frozenset[bytes]:
    assert read is not None
    return read.suspected


def test_nothing_is_said_until_somebody_commits(reader, written):
    reader.news()

    assert reader.news() is None
    written.commit()
    assert reader.news() is not None
    assert reader.news() is None


def test_roots_of_other_machines_are_theirs(reader):
    assert roots(reader.news()) == {MINE}


def test_only_roots_that_were_named_are_told_of(written):
    written.add(b"/also", host())
    reader = CatalogReader(written.maker.path, {b"/also"})
    try:
        assert roots(reader.news()) == {b"/also"}
    finally:
        reader.close()


def test_a_suspicion_is_told_once_and_a_newer_one_again(reader, written):
    assert suspected(reader.news()) == set()
    written.suspect(MINE, 1)
    written.suspect(OTHERS, 1)

    assert suspected(reader.news()) == {MINE}
    written.commit()
    assert suspected(reader.news()) == set()
    written.suspect(MINE, 2)
    assert suspected(reader.news()) == {MINE}


def test_a_catalog_put_in_its_place_is_read(reader, written, tmp_path):
    reader.news()
    other = Written(tmp_path / "other.db")
    other.add(b"/new", host())
    other.maker.close()
    written.maker.close()

    for ending in ("-wal", "-shm"):
        written.maker.path.with_name(f"catalog.db{ending}").unlink(missing_ok=True)
    os.replace(other.maker.path, written.maker.path)

    assert roots(reader.news()) == {MINE, b"/new"}
    assert reader.news() is None


def test_a_catalog_that_is_gone_is_missing_until_it_is_there_again(reader, written, tmp_path):
    reader.news()
    away = tmp_path / "away.db"

    written.maker.path.rename(away)
    with pytest.raises(CatalogMissing):
        reader.news()
    away.rename(written.maker.path)

    assert roots(reader.news()) == {MINE}
