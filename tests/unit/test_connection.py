"""Which files are opened as a catalog, by whom, and what is said of the others."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import apsw
import pytest
from others import NOBODY, as_user, needs_root, reachable_folder

from indexer import mounts
from indexer.catalog.connection import (
    CATALOG,
    DECISIONS,
    Database,
    noting,
    open_reader,
    open_writer,
    writing,
)
from indexer.errors import (
    CatalogBusy,
    CatalogForeign,
    CatalogMissing,
    CatalogOnNetwork,
    CatalogTooNew,
    CatalogTooOld,
    CatalogUnwritable,
    MediafsError,
)
from indexer.mounts import filesystem_type

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "catalog.db"


def make(path: Path, kind: Database = CATALOG, **pragmas: int) -> Path:
    with writing(path, kind) as db:
        for name, value in pragmas.items():
            db.execute(f"PRAGMA {name}={value}")
    return path


def refusal(path: Path) -> MediafsError:
    """What a reader and a writer are told alike."""
    with pytest.raises(MediafsError) as read:
        open_reader(path)
    with pytest.raises(MediafsError) as written, writing(path):
        pass
    told = read.value, written.value
    assert type(told[0]) is type(told[1])
    assert str(told[0]) == str(told[1])
    return told[0]


def test_a_writer_makes_what_is_missing(path):
    make(path)

    assert open_reader(path).pragma("user_version") == CATALOG.version


def test_a_writer_makes_the_folder_too(tmp_path):
    assert make(tmp_path / "a" / "b" / "catalog.db").exists()


def test_a_reader_never_creates(path):
    with pytest.raises(CatalogMissing, match="mediafs index"):
        open_reader(path)

    assert not path.exists()


def test_a_reader_cannot_write(path):
    db = open_reader(make(path))

    with pytest.raises(apsw.ReadOnlyError):
        db.execute("DELETE FROM file")


def test_a_newer_catalog_is_refused(path):
    told = refusal(make(path, user_version=CATALOG.version + 1))

    assert isinstance(told, CatalogTooNew)
    assert f"{path} " in str(told)
    assert "Upgrade mediafs" in str(told)


def test_a_catalog_without_a_way_up_is_refused(path):
    told = refusal(make(path, user_version=CATALOG.oldest - 1))

    assert isinstance(told, CatalogTooOld)
    assert f"{path} " in str(told)
    assert "Move it away" in str(told)


def test_a_database_of_something_else_is_refused_and_left_alone(path):
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE photos (id)")
    db.close()
    before = path.read_bytes()

    told = refusal(path)

    assert isinstance(told, CatalogForeign)
    assert f"{path} " in str(told)
    assert "--catalog" in str(told)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(path):
    path.write_bytes(b"these are my holidays, not a database; " * 100)
    before = path.read_bytes()

    assert isinstance(refusal(path), CatalogForeign)
    assert path.read_bytes() == before


def test_decisions_are_no_catalog(path):
    assert isinstance(refusal(make(path, DECISIONS)), CatalogForeign)


def test_an_empty_file_is_as_good_as_none_to_a_writer(path):
    path.touch()

    assert make(path).stat().st_size > 0


def test_a_catalog_whose_making_was_cut_off_is_made_again(path):
    db = apsw.Connection(str(path))
    db.execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL")
    db.close()

    assert open_reader(make(path)).pragma("application_id") == CATALOG.application_id


def test_a_folder_is_no_catalog(tmp_path):
    with pytest.raises(CatalogUnwritable):
        open_reader(tmp_path)


def test_a_damaged_catalog_is_said_to_be_damaged(path):
    whole = make(path).read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))

    with pytest.raises(CatalogUnwritable, match="damaged"), writing(path) as db:
        db.execute("SELECT count(*) FROM root").fetchall()


def test_a_second_writer_is_told_who_writes(path):
    with writing(path), pytest.raises(CatalogBusy, match=str(os.getpid())), writing(path):
        pass


def test_the_lock_of_a_writer_that_died_does_not_hold(path):
    text = (
        "import os, sys, pathlib\n"
        "from indexer.catalog.connection import writing\n"
        "with writing(pathlib.Path(sys.argv[1])): os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", text, str(path)], check=True)

    with writing(path) as db:
        assert db.pragma("user_version") == CATALOG.version


def test_readers_read_while_a_writer_writes(path):
    make(path)
    with writing(path) as db, db:
        db.execute("INSERT INTO pending VALUES (1, 0)")

        assert open_reader(path).execute("SELECT count(*) FROM pending").get == 0


def test_the_errors_of_the_body_come_out_as_they_are(path):
    with pytest.raises(ZeroDivisionError), writing(path):
        raise ZeroDivisionError


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CatalogUnwritable, match="file"), writing(tmp_path / "file" / "catalog.db"):
        pass


@pytest.fixture
def on_network(tmp_path, monkeypatch) -> None:
    """This folder's device, as a mount of NFS would stand in mountinfo."""
    device = tmp_path.stat().st_dev
    table = tmp_path / "mountinfo"
    table.write_text(
        f"36 35 {os.major(device)}:{os.minor(device)} / /mnt\\040- x rw shared:1 - nfs4 nas:/photos rw\n"
        "37 35 99:99 / /elsewhere rw - ext4 /dev/sda1 rw\n"
    )
    monkeypatch.setattr(mounts, "TABLE", table)


def test_a_network_filesystem_is_refused_before_anything_is_written(path, on_network):
    with pytest.raises(CatalogOnNetwork, match=r"nfs4.*--catalog-on-network"), writing(path):
        pass

    assert not path.exists()


def test_a_person_may_insist_on_a_network_filesystem(path, on_network):
    with writing(path, on_network_anyway=True):
        pass

    assert path.exists()


def test_the_type_of_a_filesystem_is_what_mount_calls_it(tmp_path, on_network):
    assert filesystem_type(tmp_path) == "nfs4"


def test_a_filesystem_that_no_table_names_is_of_no_type(tmp_path, monkeypatch):
    monkeypatch.setattr(mounts, "TABLE", tmp_path / "nothing")

    assert filesystem_type(tmp_path) == ""


def test_a_reader_plans_each_statement_once_and_maps_nothing(path):
    open_writer(path).close()
    db = open_reader(path)

    assert db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, -1)
    assert db.pragma("mmap_size") == 0


def test_foreign_keys_are_enforced(path):
    db = open_writer(path)

    with pytest.raises(apsw.ConstraintError):
        db.execute("INSERT INTO folder (root_id, path, state) VALUES (1, x'', 'walked')")


@pytest.mark.parametrize("opened", [open_reader, open_writer])
def test_who_opens_waits_for_one_who_is_just_closing(tmp_path, opened):
    path = tmp_path / "catalog.db"
    open_writer(path).close()
    closing = apsw.Connection(str(path))
    for text in ("PRAGMA locking_mode=EXCLUSIVE", "UPDATE root SET online = 1", "SELECT 1"):
        closing.execute(text).fetchall()
    timer = threading.Timer(0.2, closing.close)

    timer.start()
    db = opened(path)

    assert db.execute("SELECT count(*) FROM file").get == 0
    timer.join()
    db.close()


# ---------------------------------------------------------------------------- whose lock


@pytest.fixture
def of_nobody():
    """A catalog of another user's, in a folder of theirs."""
    with reachable_folder() as folder:
        os.chown(folder, NOBODY, NOBODY)
        path = folder / "catalog.db"
        as_user(lambda: make(path) and None)
        yield path


def note(path: Path) -> None:
    with noting(path) as db:
        db.execute("INSERT OR REPLACE INTO pending VALUES (1, 0)")


@needs_root
@pytest.mark.parametrize("has_lock", [False, True], ids=["none", "of root's"])
def test_what_root_notes_in_a_catalog_leaves_it_to_its_owner(of_nobody, has_lock):
    lock = of_nobody.with_name("catalog.db.lock")
    lock.unlink()
    if has_lock:
        lock.touch(0o600)  # as an older mediafs left it
    held = open_reader(of_nobody)  # a mount of root's, which keeps -wal and -shm
    held.execute("SELECT count(*) FROM file").fetchall()

    note(of_nobody)

    owners = {one.name: one.stat().st_uid for one in of_nobody.parent.iterdir()}
    names = ("catalog.db", "catalog.db-shm", "catalog.db-wal", "catalog.db.lock")
    assert owners == dict.fromkeys(names, NOBODY)
    as_user(lambda: note(of_nobody))
    as_user(lambda: make(of_nobody) and None)
    held.close()


@needs_root
@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_root_writes_through_no_link_in_place_of_the_lock(of_nobody, link):
    of_nobody.with_name("catalog.db.lock").unlink()
    victim = of_nobody.with_name("victim")
    victim.write_text("of root's")
    getattr(of_nobody.with_name("catalog.db.lock"), link)(victim)

    with pytest.raises(CatalogUnwritable, match=r"catalog\.db\.lock"):
        note(of_nobody)

    assert victim.read_text() == "of root's"
    assert victim.stat().st_uid == 0
