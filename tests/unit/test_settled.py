"""Files that may still be being written are left for a later run, and nothing is lost by that."""

from __future__ import annotations

import os
import shutil
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_engine import PlainEngine

from indexer import pipeline, roots
from indexer.catalog import open_writer
from indexer.catalog.check import check
from indexer.intake import Intake
from indexer.model import Stamp
from indexer.progress import Silent
from indexer.run import Options
from indexer.scan.settled import is_settled

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
LONG = 3600.0  # nothing a test made is older


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


@pytest.fixture
def db(tmp_path):
    db = open_writer(tmp_path / "catalog.db")
    yield db
    broken = [finding.invariant.name for finding in check(db) if not finding.holds]
    db.close()
    assert broken == []


@pytest.fixture
def index(db, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "Intake", partial(Intake, hire=PlainEngine))

    def run(settle, **options):
        catalog = tmp_path / "catalog.db"
        with db:
            chosen = roots.remember(db, catalog, roots.Wanted((str(photos),)))
        how = Options(settle_seconds=settle, **options)
        return pipeline.run(db, catalog, chosen, how, Silent())

    return run


def states(db):
    return dict(db.execute("SELECT name, state FROM file"))


def stamp(mtime_ns, ctime_ns):
    return Stamp(1, mtime_ns, ctime_ns, 1)


# ---------------------------------------------------------------------------- one file


@pytest.mark.parametrize(
    ("mtime", "ctime", "settled"),
    [
        (-60, -60, True),
        (-3, -3, False),
        (-60, -3, False),  # renamed, or its times were set: `cp -p` does at the end
        (-3, -60, False),
        (-10, -10, True),
        (+4, +4, False),  # a server's clock is ahead of ours
        (+86400 * 3650, -60, True),  # a camera that lives in the future
        (+3600, +3600, True),  # our clock was set back
    ],
)
def test_a_file_is_settled_when_neither_time_is_near_now(mtime, ctime, settled):
    assert (
        is_settled(stamp(NOW + mtime * SECOND, NOW + ctime * SECOND), NOW, 10 * SECOND) is settled
    )


@given(mtime=st.integers(0, 2**62), ctime=st.integers(0, 2**62), quiet=st.integers(0, 10**12))
def test_no_file_waits_longer_than_twice_the_quiet(mtime, ctime, quiet):
    """Whatever its times are, at one of three moments in that while it is settled."""
    when = [NOW, NOW + quiet, NOW + 2 * quiet, NOW + 4 * quiet]

    assert any(is_settled(stamp(mtime, ctime), now, quiet) for now in when)


def test_without_a_wish_for_quiet_all_is_settled():
    assert is_settled(stamp(NOW, NOW), NOW, 0)


# ---------------------------------------------------------------------------- a run


def test_a_file_that_was_just_written_is_left_for_the_next_run(db, photos, index):
    (photos / "old.jpg").write_bytes(b"old")
    index(0)
    (photos / "new.jpg").write_bytes(b"new")

    first, second = index(LONG), index(0)

    assert (first.unsettled, first.new, first.opened, first.gone) == (1, 0, 0, 0)
    assert (second.unsettled, second.new, second.opened) == (0, 1, 1)


def test_a_file_that_is_written_to_again_keeps_its_row_meanwhile(db, photos, index):
    (photos / "a.jpg").write_bytes(b"first")
    index(0)
    (photos / "a.jpg").write_bytes(b"second")

    counts = index(LONG)

    assert (counts.unsettled, counts.changed, counts.gone) == (1, 0, 0)
    assert states(db) == {b"a.jpg": "present"}
    assert index(0).changed == 1


def test_a_rename_waits_for_nothing(db, photos, index):
    """What has inode, size and time of a known file is not being written."""
    (photos / "a.jpg").write_bytes(b"a")
    index(0)
    (photos / "a.jpg").rename(photos / "b.jpg")

    counts = index(LONG)

    assert (counts.moved, counts.unsettled, counts.gone) == (1, 0, 0)


def test_what_was_copied_and_deleted_stays_until_the_copy_is_read(db, photos, index):
    """`mv` from another disk: or the name would be missing for a while, and a backup lose it."""
    (photos / "from").mkdir()
    (photos / "from" / "a.jpg").write_bytes(b"some bytes")
    (photos / "b.jpg").write_bytes(b"of another size")
    index(0)
    shutil.copy2(photos / "from" / "a.jpg", photos / "a.jpg")
    shutil.rmtree(photos / "from")
    os.unlink(photos / "b.jpg")

    first = index(LONG)

    assert (first.unsettled, first.gone) == (1, 1)
    assert states(db) == {b"a.jpg": "present", b"b.jpg": "gone"}
    second = index(0)
    assert (second.unsettled, second.new, second.gone) == (0, 1, 1)
    assert index(0).unchanged == 1


def test_looking_again_and_again_at_what_is_being_written_reads_nothing(db, photos, index):
    (photos / "film.mov").write_bytes(b"f")

    counts = [index(LONG) for _ in range(3)]

    assert [each.opened for each in counts] == [0, 0, 0]
    assert states(db) == {}
