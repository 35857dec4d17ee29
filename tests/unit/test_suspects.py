"""What a mount could not serve: noted without waiting, looked at by the next run, forgotten."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from plain_engine import PlainEngine, write_texts

from indexer import pipeline, roots
from indexer.catalog import open_reader, open_writer, suspects, writing
from indexer.catalog.check import check
from indexer.catalog.connection import noting
from indexer.catalog.digest import digests
from indexer.errors import CatalogMissing
from indexer.intake import Intake
from indexer.model import FileId
from indexer.progress import Silent
from indexer.read.messages import FailureKind, ReadOutcome
from indexer.run import Options
from mediafs.vfs.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from indexer.read.engine import Hire, Job
    from indexer.run import Counts


pytestmark = pytest.mark.usefixtures("old_enough")


@pytest.fixture
def disk(tmp_path) -> Path:
    top = tmp_path / "disk"
    write_texts(top, "a/1.txt", "a/2.txt", "a/deep/3.txt", "b/4.txt")
    return top


@pytest.fixture
def catalog(tmp_path) -> Iterator[Path]:
    path = tmp_path / "catalog.db"
    open_writer(path).close()
    yield path
    db = open_reader(path)
    assert [f.invariant.name for f in check(db) if not f.holds] == []
    db.close()


@pytest.fixture
def index(catalog, disk, monkeypatch) -> Callable[..., Counts]:
    def run(hire: Hire = PlainEngine, **options: object) -> Counts:
        monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=hire))
        db = open_writer(catalog)
        try:
            with db:
                named = (str(disk),) if disk.exists() else ()
                chosen = roots.remember(db, catalog, roots.Wanted(named))
            return pipeline.run(db, catalog, chosen, Options(**options), Silent())
        finally:
            db.close()

    return run


@pytest.fixture
def suspect(catalog) -> Callable[[str, str], FileId]:
    """Have a mount notice that this file was changed, vanished or unreadable."""

    def note(name: str, why: str) -> FileId:
        file = FileId(of(catalog, "SELECT file_id FROM file WHERE name = ?", name.encode()))
        noticed = Suspects(catalog)
        noticed.add(file, why)
        noticed.write()
        return file

    return note


def of(catalog, question, *values):
    db = open_reader(catalog)
    try:
        return db.execute(question, values).get
    finally:
        db.close()


def count(catalog):
    return of(catalog, "SELECT count(*) FROM suspect")


def change(catalog, text):
    db = open_writer(catalog)
    db.execute(text)
    db.close()


# ---------------------------------------------------------------------------- a run looks at it


@pytest.mark.parametrize("why", ["changed", "vanished", "unreadable"])
def test_a_run_looks_at_a_suspect_and_forgets_it(catalog, index, suspect, why):
    index()
    suspect("1.txt", why)

    assert count(catalog) == 1
    index()
    assert count(catalog) == 0


def test_only_what_could_not_be_read_is_read_again(index, suspect):
    index()
    suspect("1.txt", "changed")
    suspect("2.txt", "vanished")
    suspect("4.txt", "unreadable")

    counts = index()

    assert (counts.seen, counts.unchanged, counts.opened) == (4, 3, 1)


def test_other_bytes_under_the_same_stamp_are_not_taken_for_the_file(catalog, disk, index, suspect):
    index()
    before = of(catalog, "SELECT content_id FROM file WHERE name = x'312e747874'")
    stamp = (disk / "a/1.txt").stat()
    (disk / "a/1.txt").write_text("rotte!!")
    os.utime(disk / "a/1.txt", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    now = (disk / "a/1.txt").stat()
    change(catalog, f"UPDATE file SET ctime_ns = {now.st_ctime_ns} WHERE name = x'312e747874'")
    suspect("1.txt", "unreadable")

    counts = index()

    assert counts.failed == 1
    assert of(catalog, "SELECT content_id FROM file WHERE name = x'312e747874'") == before


class Failing(PlainEngine):
    """Can read nothing at all."""

    def _outcome(self, job: Job) -> ReadOutcome:
        return ReadOutcome(1, 0, failure=FailureKind.UNREADABLE, says="the disk says so")


def test_what_still_cannot_be_read_keeps_its_content_and_is_told(catalog, index, suspect):
    index()
    suspect("1.txt", "unreadable")

    counts = index(hire=Failing)

    assert counts.failed == 1
    assert of(catalog, "SELECT state FROM file WHERE name = x'312e747874'") == "present"
    assert of(catalog, "SELECT says FROM failure") == "the disk says so"


def test_what_still_cannot_be_read_stays_a_suspect_until_it_can(catalog, index, suspect):
    index()
    suspect("1.txt", "unreadable")

    assert [index(hire=Failing).failed for _ in range(2)] == [1, 1]
    assert count(catalog) == 1

    change(catalog, "DELETE FROM failure")  # as a generation that follows does
    assert index().failed == 0
    assert count(catalog) == 0


def test_in_an_archive_that_is_fresh_only_the_folder_of_the_suspect_is_looked_at(
    catalog, disk, index, suspect
):
    index()
    change(catalog, "UPDATE root SET role = 'archive', freshness_days = 120")
    walked = of(catalog, "SELECT walked_ns FROM root")
    suspect("1.txt", "changed")
    for name in ("a/1.txt", "a/deep/3.txt", "b/4.txt"):
        (disk / name).write_text("other")

    counts = index()

    assert (counts.fresh, counts.seen, counts.changed) == (1, 2, 1)
    assert of(catalog, "SELECT walked_ns FROM root") == walked
    assert count(catalog) == 0


def test_in_a_fresh_archive_a_folder_that_is_gone_takes_what_is_in_it_along(
    catalog, disk, index, suspect, tmp_path
):
    index()
    change(catalog, "UPDATE root SET role = 'archive', freshness_days = 120")
    suspect("1.txt", "vanished")
    (disk / "a").rename(tmp_path / "elsewhere")

    assert index().gone == 3
    assert count(catalog) == 0


def test_a_suspect_on_a_disk_that_is_not_there_stays_one(catalog, disk, index, suspect):
    index()
    suspect("1.txt", "unreadable")
    disk.rename(disk.with_name("unplugged"))

    index()

    assert count(catalog) == 1


def test_a_suspect_outside_of_what_was_named_stays_one(catalog, disk, index, suspect):
    index()
    suspect("1.txt", "changed")

    index(only=(os.fsencode(disk / "b"),), is_named=True)

    assert count(catalog) == 1


def test_what_is_noticed_while_a_run_looks_stays(catalog, index, suspect):
    index()
    file = suspect("1.txt", "changed")
    [seen] = [suspects.Suspect(file, of(catalog, "SELECT noticed_ns FROM suspect"), "changed")]
    suspect("1.txt", "unreadable")

    db = open_writer(catalog)
    suspects.forget(db, [seen])
    db.close()

    assert count(catalog) == 1


# ---------------------------------------------------------------------------- in the catalog


def test_a_file_that_is_forgotten_takes_its_suspicion_along(catalog, index, suspect):
    index()
    file = suspect("1.txt", "vanished")

    change(catalog, f"DELETE FROM file WHERE file_id = {file}")

    assert count(catalog) == 0
    change(catalog, "DELETE FROM news_file")


def test_a_suspicion_does_not_show_in_the_digest(catalog, index, suspect):
    index()
    before = told(catalog)

    suspect("1.txt", "changed")

    assert told(catalog) == before


def told(catalog):
    db = open_reader(catalog)
    try:
        return digests(db)
    finally:
        db.close()


def test_a_file_that_is_not_known_is_not_noted(catalog):
    noticed = Suspects(catalog)
    noticed.add(FileId(99), "changed")

    noticed.write()

    assert count(catalog) == 0


# ---------------------------------------------------------------------------- noticing


def test_while_another_writes_it_waits(catalog, index):
    index()
    noticed = Suspects(catalog)
    noticed.add(FileId(1), "changed")
    with writing(catalog):
        noticed.write()
        assert noticed.waiting == 1

    noticed.write()

    assert (count(catalog), noticed.waiting) == (1, 0)


def test_a_writer_that_begins_while_a_suspicion_is_noted_waits_for_a_moment(catalog):
    def write() -> None:
        with writing(catalog):
            pass

    with ThreadPoolExecutor(1) as pool:
        with noting(catalog):
            began = pool.submit(write)
            with pytest.raises(TimeoutError):
                began.result(timeout=0.05)

        began.result()


def test_memory_is_bounded(catalog):
    noticed = Suspects(catalog)
    for number in range(30_000):
        noticed.add(FileId(number), "vanished")

    assert noticed.waiting == 10_000


def test_where_nothing_can_be_written_one_warning_says_so(catalog, index, caplog):
    index()
    lock = catalog.with_name(catalog.name + ".lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()  # not even root can open it for writing
    noticed = Suspects(catalog)
    for number in (1, 2, 3):
        noticed.add(FileId(number), "changed")
        noticed.write()
    lock.rmdir()

    assert len(caplog.records) == 1
    assert "not noted for the next reindex" in caplog.text


def test_a_catalog_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(CatalogMissing), noting(tmp_path / "none.db"):
        pass

    assert list(tmp_path.iterdir()) == []
