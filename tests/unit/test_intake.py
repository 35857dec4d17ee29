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
from indexer.read.messages import FailureKind, ReadOutcome
from indexer.run import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import apsw

    from indexer.read.engine import Hire, Job


class SenselessEngine(PlainEngine):
    """Says of each `*.senseless` that it is a picture without a size."""

    def _outcome(self, job: Job) -> ReadOutcome:
        outcome = super()._outcome(job)
        if not job.seen.name.endswith(b".senseless") or outcome.reading is None:
            return outcome
        return replace(outcome, reading=replace(outcome.reading, picture=Picture(0, 0, None, None)))


class BlindEngine(PlainEngine):
    """Can read nothing at all."""

    def _outcome(self, job: Job) -> ReadOutcome:
        return ReadOutcome(1, 0, failure=FailureKind.UNREADABLE, says="the disk says so")


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
def index(db, disk, tmp_path, monkeypatch) -> Callable[..., Silent]:
    def run(hire: Hire = SenselessEngine, **options: object) -> Silent:
        monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=hire))
        said = Silent()
        with db:
            chosen = roots.remember(db, tmp_path / "catalog.db", roots.Wanted((str(disk),)))
        pipeline.run(db, tmp_path / "catalog.db", chosen, Options(**options), said)
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


# ---------------------------------------------------------------------------- not read again


def stands(db: apsw.Connection, name: bytes) -> tuple[object, ...]:
    """What is known of a file, its stamp included."""
    text = (
        "SELECT state, says, blake3, f.size, mtime_ns, ctime_ns, inode, verified_ns, gone_ns"
        " FROM file f LEFT JOIN content USING (content_id) WHERE name = ?"
    )
    return next(iter(db.execute(text, (name,))))


def write_more(db: apsw.Connection, disk: Path) -> None:
    (disk / "a.txt").write_text("other and more")


def close_and_open(db: apsw.Connection, disk: Path) -> None:
    (disk / "a.txt").chmod(0o600)


def know_more(db: apsw.Connection, disk: Path) -> None:
    db.execute("UPDATE content SET reader = 0")


@pytest.mark.parametrize("change", [write_more, close_and_open, know_more])
def test_what_cannot_be_read_again_stays_known_and_is_tried_by_every_run(db, disk, index, change):
    index()
    before = stands(db, b"a.txt")
    change(db, disk)

    told = [index(hire=BlindEngine).warnings for _ in range(2)]

    assert stands(db, b"a.txt") == before
    assert [warning.endswith("a.txt the disk says so.") for [warning] in told] == [True, True]
    assert index().warnings == []
    state, _, _, size, *_ = stands(db, b"a.txt")
    assert (state, size) == ("present", (disk / "a.txt").stat().st_size)


def test_facts_that_make_no_sense_are_not_taken_for_what_was_known(db, disk, index):
    (disk / "b.senseless").write_text("b")
    index(hire=PlainEngine)
    before = stands(db, b"b.senseless")
    (disk / "b.senseless").write_text("other")

    [warning] = index().warnings

    assert "gave facts that make no sense" in warning
    assert stands(db, b"b.senseless") == before


def test_each_name_of_a_hard_link_stays_as_known_as_it_was(db, disk, index):
    index()
    before = stands(db, b"a.txt")
    (disk / "b.txt").hardlink_to(disk / "a.txt")

    index(hire=BlindEngine)

    assert stands(db, b"a.txt") == before
    assert stands(db, b"b.txt")[:3] == ("unreadable", "the disk says so", None)


def test_what_was_left_out_before_is_known_to_be_unreadable(db, disk, index):
    index(excludes=("*.txt",))
    assert stands(db, b"a.txt")[0] == "excluded"

    index(hire=BlindEngine)

    assert stands(db, b"a.txt")[:3] == ("unreadable", "the disk says so", None)


def test_what_comes_back_as_it_was_is_known_again_though_no_newer_reader_could_read_it(
    db, disk, index
):
    index()
    before = stands(db, b"a.txt")
    db.execute("UPDATE file SET state = 'gone', gone_ns = 1")
    know_more(db, disk)

    index(hire=BlindEngine)

    assert stands(db, b"a.txt") == before


def test_what_comes_back_otherwise_and_cannot_be_read_is_not_what_it_was(db, disk, index):
    index()
    db.execute("UPDATE file SET state = 'gone', gone_ns = 1")
    write_more(db, disk)

    index(hire=BlindEngine)

    assert stands(db, b"a.txt")[:3] == ("unreadable", "the disk says so", None)
