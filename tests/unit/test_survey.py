"""Looking at what did not change: no file is opened, and none is asked about."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from plain_engine import PlainEngine, write_texts

from indexer import pipeline, roots, survey
from indexer.catalog import facts, open_writer, readings
from indexer.catalog.check import check
from indexer.intake import Intake
from indexer.progress import Silent
from indexer.run import Options
from indexer.scan.exclude import compile_excludes
from indexer.scan.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import apsw

    from indexer.run import Counts
    from indexer.scan.walk import SeenFile


pytestmark = pytest.mark.usefixtures("old_enough")


@pytest.fixture
def disk(tmp_path) -> Path:
    top = tmp_path / "disk"
    write_texts(top, "a/1.txt", "a/2.txt", "b/3.txt", "b/c/4.txt")
    return top


@pytest.fixture
def db(tmp_path) -> Iterator[apsw.Connection]:
    db = open_writer(tmp_path / "catalog.db")
    yield db
    broken = [finding.invariant.name for finding in check(db) if not finding.holds]
    db.close()
    assert broken == []


@pytest.fixture
def index(db, disk, tmp_path, monkeypatch) -> Callable[..., Counts]:
    monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=PlainEngine))
    catalog = tmp_path / "catalog.db"

    def run(progress: Silent | None = None, **options) -> Counts:
        with db:
            chosen = roots.remember(db, catalog, roots.Wanted((str(disk),)))
        return pipeline.run(db, catalog, chosen, Options(**options), progress or Silent())

    return run


def kept(db: apsw.Connection) -> set[bytes]:
    return {path for (path,) in db.execute("SELECT path FROM folder WHERE listing IS NOT NULL")}


def folder_of(db: apsw.Connection, path: bytes) -> int:
    return db.execute("SELECT folder_id FROM folder WHERE path = ?", (path,)).get


def questions(db: apsw.Connection, work: Callable[[], object]) -> list[str]:
    """The SQL texts that ran, each time they ran."""
    asked: list[str] = []
    db.exec_trace = lambda _cursor, text, _bindings: asked.append(text) or True
    try:
        work()
    finally:
        db.exec_trace = None
    return asked


ALL = {b"", b"a", b"b", b"b/c"}


# ---------------------------------------------------------------------------- counted work


def test_the_first_run_keeps_the_listing_of_every_folder(db, index):
    index()

    assert kept(db) == ALL


@pytest.mark.parametrize("more", [0, 40])
def test_an_unchanged_library_is_a_fixed_number_of_questions(db, disk, index, more):
    write_texts(disk, *(f"more/{i}/{i}.txt" for i in range(more)))
    index()

    asked = questions(db, index)

    assert not [text for text in asked if "FROM file" in text and "folder_id = ?" in text]
    assert len(asked) == len(questions(db, index)) <= 30


def test_an_unchanged_library_opens_folders_only(disk, index):
    index()
    opened: list[str] = []
    is_on = True

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if is_on and event == "open":
            opened.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], bytes) else "")

    sys.addaudithook(hear)  # can't be taken away, only silenced
    counts = index()
    is_on = False

    assert (counts.unchanged, counts.opened) == (4, 0)
    assert {path for path in opened if path.startswith(str(disk))} == {
        str(disk), *(str(disk / path) for path in ("a", "b", "b/c"))
    }  # fmt: skip


def test_only_the_folder_that_changed_is_compared_file_by_file(db, disk, index):
    index()
    (disk / "a/1.txt").write_text("more")

    asked = questions(db, index)

    # Once against what was seen, once after the reading.
    assert len([text for text in asked if "FROM file f LEFT JOIN content" in text]) == 2
    assert kept(db) == ALL


def test_what_is_settled_is_counted_as_if_it_were_compared(disk, index):
    (disk / "a/link").symlink_to("1.txt")
    write_texts(disk, "a/x.tmp")
    first = index(excludes=("*.tmp",))

    again = index(excludes=("*.tmp",))

    assert (again.seen, again.unchanged, again.links) == (5, 4, 1)
    assert (again.seen, again.links) == (first.seen, first.links)


# ---------------------------------------------------------------------------- when to look again


@pytest.mark.parametrize(
    ("what", "counted"),
    [
        (lambda d: (d / "a/1.txt").write_text("b/1.txt"), ("changed", 1)),
        (lambda d: (d / "a/1.txt").chmod(0o600), ("changed", 1)),
        (lambda d: os.utime(d / "a/1.txt", (1, 1)), ("changed", 1)),
        (lambda d: (d / "a/1.txt").unlink(), ("gone", 1)),
        (lambda d: write_texts(d, "a/0.txt"), ("new", 1)),
        (lambda d: (d / "a/1.txt").rename(d / "b/1.txt"), ("moved", 1)),
        (lambda d: (d / "b/c").rename(d / "c"), ("moved", 1)),
    ],
    ids=["same-size", "chmod", "touch", "removed", "added", "moved", "folder-renamed"],
)
def test_whatever_happens_to_a_file_is_seen_by_the_next_run(disk, index, what, counted):
    index()

    what(disk)

    name, number = counted
    assert getattr(index(), name) == number


def test_another_exclude_pattern_ends_all_listings(db, disk, index):
    index()

    assert index(excludes=("1.*",)).unchanged == 3
    assert index().changed == 1
    assert db.execute("SELECT count(*) FROM file WHERE state = 'excluded'").get == 0


def test_a_new_version_of_the_reader_ends_all_listings(index, monkeypatch):
    index()
    newer = readings.READER_VERSION + 1
    monkeypatch.setattr("indexer.catalog.facts.READER_VERSION", newer)
    monkeypatch.setattr("indexer.catalog.listings.READER_VERSION", newer)

    assert index().changed == 4


def test_what_changed_within_the_last_tick_is_compared_once_more(db, index, monkeypatch):
    monkeypatch.setattr(survey, "_TICK_NS", 10**18)
    index()

    assert kept(db) == {b""}  # no file, so none that could change
    assert index().unchanged == 4


def test_a_file_that_could_not_be_read_is_tried_by_every_run(db, disk, index):
    write_texts(disk, "a/bad.unreadable")
    index()

    again = index()

    assert (again.failed, again.opened) == (1, 1)
    assert kept(db) == ALL - {b"a"}


def test_what_cannot_be_indexed_is_told_by_every_run(disk, index):
    os.mkfifo(disk / "a/pipe")
    index()
    said = Silent()

    assert index(said).failed == 1
    assert "named pipe" in said.warnings[0]


def test_a_run_that_is_cut_off_keeps_no_listing_of_what_it_did_not_read(db, disk, index):
    write_texts(disk, "b/c/stop.interrupt")

    with pytest.raises(KeyboardInterrupt):
        index()

    assert kept(db) == set()
    (disk / "b/c/stop.interrupt").unlink()
    index()
    assert kept(db) == ALL


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_a_file_that_cannot_be_looked_at_is_not_gone(disk, index):
    index()
    (disk / "a").chmod(0o600)  # its names can be read, and nothing about them
    try:
        counts = index()
    finally:
        (disk / "a").chmod(0o700)

    assert (counts.gone, counts.failed) == (0, 2)


# ---------------------------------------------------------------------------- the triggers


def seen_as(disk: Path, name: bytes) -> SeenFile:
    """What the walk sees at a/1.txt, under another name."""
    looked = {here.path: here.files for here in walk(os.fsencode(disk), compile_excludes())}
    return replace(next(file for file in looked[b"a"] if file.name == b"1.txt"), name=name)


def put(db, disk, _file):
    facts.put_file(
        db, folder_of(db, b"a"), seen_as(disk, b"1.txt"), state="unreadable",
        says="no", content=None, generation=2,
    )  # fmt: skip


def move(db, disk, file):
    facts.move_file(db, file, folder_of(db, b"b"), seen_as(disk, b"5.txt"), 2)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (put, ALL - {b"a"}),
        (move, ALL - {b"a", b"b"}),
        (lambda db, _, file: facts.set_gone(db, [file]), ALL - {b"a"}),
        (
            lambda db, _, file: db.execute("DELETE FROM file WHERE file_id = ?", (file,)),
            ALL - {b"a"},
        ),
        (lambda db, *_: db.execute("UPDATE content SET reader = reader - 1"), {b""}),
    ],
    ids=["written", "moved", "gone", "deleted", "outdated"],
)
def test_whatever_is_said_anew_about_a_file_ends_its_folders_listing(db, disk, index, change, left):
    index()
    file = db.execute("SELECT file_id FROM file WHERE name = x'312e747874'").get

    change(db, disk, file)
    remaining = kept(db)
    index()

    assert remaining == left


def test_a_file_that_is_back_ends_its_folders_listing(db, disk, index):
    index()
    (disk / "a/1.txt").rename(disk.parent / "away")
    index()
    [file] = db.execute("SELECT file_id FROM file WHERE state = 'gone'").fetchone()

    facts.set_back(db, file)
    remaining = kept(db)
    facts.set_gone(db, [file])

    assert remaining == ALL - {b"a"}


def test_check_finds_a_listing_that_does_not_follow_from_what_is_known(db, index):
    index()
    before = db.execute("SELECT listing FROM folder WHERE path = x'61'").get
    db.execute("UPDATE folder SET listing = zeroblob(32) WHERE path = x'61'")

    broken = [finding.invariant.name for finding in check(db) if not finding.holds]
    db.execute("UPDATE folder SET listing = ? WHERE path = x'61'", (before,))

    assert broken == ["true-listings"]
