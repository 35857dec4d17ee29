"""A run that takes unchanged folders as a whole finds what one finds that compares each file."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_engine import PlainEngine

from indexer import pipeline, roots, survey
from indexer.catalog import open_writer
from indexer.catalog.check import check
from indexer.intake import Intake
from indexer.progress import Silent
from indexer.run import Options

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

_FOLDERS = ("", "a", "a/b", "c")
# What happens to the last two when they are read: nothing, or always the same.
_NAMES = ("1.txt", "2.txt", "3.unreadable", "4.torn")
_PATHS = st.builds(os.path.join, st.sampled_from(_FOLDERS), st.sampled_from(_NAMES))


class Killed(BaseException):
    """The process ends here; what was not committed is lost."""


class _Fragile(PlainEngine):
    """Is killed after so many files."""

    left: int | None = None
    db: apsw.Connection | None = None

    def _outcome(self, job):
        if _Fragile.left is not None:
            if not _Fragile.left:
                _Fragile.db.execute("ROLLBACK")
                raise Killed
            _Fragile.left -= 1
        return super()._outcome(job)

    def wind_up(self, seconds):
        raise Killed


# ---------------------------------------------------------------------------- what may happen


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        return
    if path.exists() and not path.is_file():
        path.unlink()  # opening a pipe would wait for a reader
    path.write_text(text)


def rewrite(path: Path, _other: Path) -> None:
    """Other bytes, same size, same mtime."""
    if path.is_file():
        info, old = path.stat(), path.read_text()
        path.write_text(old[::-1] if old[::-1] != old else "x" * len(old))
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def swap(path: Path, other: Path) -> None:
    """Two files change places."""
    if path.is_file() and other.is_file() and path != other:
        between = path.with_name("between")
        path.rename(between)
        other.rename(path)
        between.rename(other)


def move(path: Path, other: Path) -> None:
    if path.is_file() and path != other and not other.is_dir():
        other.parent.mkdir(parents=True, exist_ok=True)
        path.rename(other)


def link(path: Path, other: Path) -> None:
    if path.is_file() and not other.exists():
        other.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, other)


def pipe(path: Path, _other: Path) -> None:
    if path.parent.is_dir() and not path.is_dir():
        path.unlink(missing_ok=True)
        os.mkfifo(path)


def folder_away(path: Path, other: Path) -> None:
    if path.parent.is_dir() and path.parent.name != "disk":
        target = other.parent.parent / "renamed"
        if target.is_dir():
            shutil.rmtree(target)
        if not target.is_relative_to(path.parent) and target.parent.is_dir():
            path.parent.rename(target)


CHANGES = {
    "add": lambda path, _: write(path, str(path)),
    "copy": lambda path, other: path.is_file() and write(other, path.read_text()),
    "remove": lambda path, _: path.is_file() and path.unlink(),
    "rewrite": rewrite,
    "chmod": lambda path, _: path.is_file() and path.chmod(0o600),
    "touch": lambda path, _: path.is_file() and os.utime(path),
    "swap": swap,
    "move": move,
    "link": link,
    "pipe": pipe,
    "rename a folder": folder_away,
    "nothing": lambda *_: None,
}
_CHANGE = st.tuples(st.sampled_from(sorted(CHANGES)), _PATHS, _PATHS)
_OPTIONS = st.sampled_from(
    [Options()] * 4 + [Options(excludes=("1.*",)), Options(excludes=("c/",)), Options(only=(b"a",))]
)
_RUNS = st.lists(
    st.tuples(st.lists(_CHANGE, max_size=3), _OPTIONS, st.none() | st.integers(0, 2)),
    min_size=2, max_size=5,
)  # fmt: skip


# ---------------------------------------------------------------------------- two catalogs


def run(db: apsw.Connection, catalog: Path, disk: Path, options: Options, kill: int | None) -> str:
    """What a run said, or that it was killed."""
    only = tuple(os.fsencode(disk / os.fsdecode(part)) for part in options.only)
    options = replace(options, only=only)
    _Fragile.left, _Fragile.db = kill, db
    progress = Silent()
    with db:
        chosen = roots.remember(db, catalog, roots.Wanted((str(disk),)))
    try:
        counts = pipeline.run(db, catalog, chosen, options, progress)
    except Killed:
        return "killed"
    return repr((asdict(counts), progress.warnings))


_FACTS = (
    "SELECT r.path, d.path, d.state, f.file_id, f.name, f.size, f.mtime_ns, f.ctime_ns, f.inode,"
    " f.mode, f.state, f.says, c.blake3, f.gone_ns IS NULL"
    " FROM root r JOIN folder d USING (root_id) LEFT JOIN file f USING (folder_id)"
    " LEFT JOIN content c USING (content_id) ORDER BY d.path, f.name"
)
_FAILURES = "SELECT path, cause, says FROM failure ORDER BY path"


def facts_of(db: apsw.Connection) -> list[object]:
    return [db.execute(_FACTS).fetchall(), db.execute(_FAILURES).fetchall()]


@contextlib.contextmanager
def catalog() -> Iterator[tuple[apsw.Connection, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.db"
        db = open_writer(path)
        db.execute("PRAGMA synchronous=OFF")
        try:
            yield db, path
        finally:
            db.close()


@pytest.fixture(autouse=True)
def plainly(monkeypatch):
    monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=_Fragile))
    monkeypatch.setattr(survey, "_TICK_NS", -(10**18))


@given(_RUNS)
@settings(max_examples=max(25, settings().max_examples // 2))
def test_what_is_taken_as_a_whole_is_what_comparing_each_file_finds(runs):
    with (
        tempfile.TemporaryDirectory() as folder,
        catalog() as (quick, quick_path),
        catalog() as (slow, slow_path),
    ):
        disk = Path(folder) / "disk"
        for path in ("1.txt", "a/1.txt", "a/2.txt", "a/b/2.txt", "c/1.txt"):
            write(disk / path, path)
        for changes, options, kill in ([], Options(), None), *runs:
            for what, path, other in changes:
                CHANGES[what](disk / path, disk / other)
            slow.execute("UPDATE folder SET listing = NULL")

            told = run(quick, quick_path, disk, options, kill)

            assert told == run(slow, slow_path, disk, options, kill)
            assert facts_of(quick) == facts_of(slow)
            assert [f.counterexamples for f in check(quick) if f.invariant.name == _LISTINGS] == [
                ()
            ]


_LISTINGS = "true-listings"
