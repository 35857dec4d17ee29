"""A catalog and a library for whole runs. Disks are real where the machine lets root mount some."""

from __future__ import annotations

import pytest
from whole_runs import Runs, put, text

from indexer.catalog import open_reader
from indexer.catalog.check import check


@pytest.fixture
def index(tmp_path):
    (tmp_path / "home").mkdir()
    made = Runs(tmp_path / "home/catalog.db")
    yield made
    db = open_reader(made.catalog)
    assert [finding for finding in check(db) if not finding.holds] == []
    db.close()


@pytest.fixture
def library(tmp_path):
    """Three files in two folders."""
    for number, name in enumerate(("a.txt", "deep/b.txt", "deep/c.txt")):
        put(tmp_path / "library" / name, text(number), 1_500_000_000 + number)
    return tmp_path / "library"
