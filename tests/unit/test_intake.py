"""What an engine says is written down, unless it can't be true."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from plain_engine import PlainEngine

from indexer import pipeline, roots
from indexer.catalog import open_writer, readings
from indexer.intake import Intake
from indexer.model import Picture
from indexer.progress import Silent
from indexer.run import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import apsw

    from indexer.read.engine import Job
    from indexer.read.messages import ReadOutcome


class SenselessEngine(PlainEngine):
    """Says of each `*.senseless` that it is a picture without a size."""

    def _outcome(self, job: Job) -> ReadOutcome:
        outcome = super()._outcome(job)
        if not job.seen.name.endswith(b".senseless") or outcome.reading is None:
            return outcome
        return replace(outcome, reading=replace(outcome.reading, picture=Picture(0, 0, None, None)))


@pytest.fixture
def db(tmp_path) -> Iterator[apsw.Connection]:
    db = open_writer(tmp_path / "catalog.db")
    yield db
    db.close()


@pytest.fixture
def disk(tmp_path) -> Path:
    top = tmp_path / "disk"
    top.mkdir()
    (top / "a.txt").write_text("a")
    return top


@pytest.fixture
def index(db, disk, tmp_path, monkeypatch) -> Callable[[], Silent]:
    monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=SenselessEngine))

    def run() -> Silent:
        said = Silent()
        with db:
            chosen = roots.remember(db, tmp_path / "catalog.db", roots.Wanted((str(disk),)))
        pipeline.run(db, tmp_path / "catalog.db", chosen, Options(), said)
        return said

    return run


def digest_of(db: apsw.Connection, name: bytes) -> bytes | None:
    folder = db.execute("SELECT folder_id FROM file WHERE name = ?", (name,)).get
    return readings.digest_read(db, folder, name)


def test_facts_that_make_no_sense_cost_one_file(db, disk, index):
    (disk / "b.senseless").write_text("b")
    (disk / "c.txt").write_text("c")

    said = index()

    [warning] = said.warnings
    assert "b.senseless gave facts that make no sense" in warning
    states = dict(db.execute("SELECT name, state FROM file"))
    assert states == {b"a.txt": "present", b"b.senseless": "unreadable", b"c.txt": "present"}


def rot(db: apsw.Connection, disk: Path) -> None:
    """Other bytes under the stamp that the catalog knows, and a reader that knows more."""
    (disk / "a.txt").write_text("b")
    now = (disk / "a.txt").stat()
    db.execute("UPDATE file SET mtime_ns = ?, ctime_ns = ?", (now.st_mtime_ns, now.st_ctime_ns))
    db.execute("UPDATE content SET reader = 0")


def test_what_rotted_is_not_taken_for_new_by_a_newer_reader(db, disk, index):
    index()
    before = digest_of(db, b"a.txt")
    rot(db, disk)

    said = index()

    assert digest_of(db, b"a.txt") == before
    [warning] = said.warnings
    assert "run `mediafs verify` on it" in warning


def test_a_digest_that_was_carried_gives_way_to_what_is_read(db, disk, index):
    index()
    before = digest_of(db, b"a.txt")
    rot(db, disk)
    db.execute("UPDATE file SET digest_carried = 1")

    said = index()

    assert said.warnings == []
    assert digest_of(db, b"a.txt") not in (None, before)
