"""How a mount ends, or goes on: taken away under its users, stopped, its catalog or its disk gone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest
from make_catalog import CatalogMaker
from reading_whole import bytes_of, error_of
from stubborn import Share

from indexer.catalog import generations
from mediafs.fuse.control import set_numbers
from mediafs.fuse.mount import mount_in_background, mounts, unmount
from mediafs.fuse.states import log_path, read_state

BIG = os.urandom(4 << 20)


# ---------------------------------------------------------------------------- taken away


def test_who_has_a_file_open_reads_on_after_a_lazy_unmount(library):
    library.file("a.mov", BIG, "originals/a.mov")
    pid = library.mount()
    with (library.at / "originals/a.mov").open("rb", buffering=0) as held:
        start = held.read(4096)
        unmount(library.at, lazy=True)
        assert os.listdir(library.at) == []
        rest = b"".join(iter(lambda: held.read(1 << 16), b""))
        assert not library.has_ended(pid)

    assert start + rest == BIG
    library.wait(lambda: library.has_ended(pid))
    assert library.log.splitlines()[-1].partition("INFO ")[2].startswith("unmounted: 1 files")


def test_a_mount_made_after_a_lazy_unmount_outlives_the_end_of_the_first(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    first = library.mount()
    with (library.at / "originals/a.jpg").open("rb"):
        unmount(library.at, lazy=True)
        second = library.mount()
    library.wait(lambda: library.has_ended(first))

    assert read_state(library.at).pid == second
    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    library.unmount()
    assert library.has_ended(second)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may force an unmount")
def test_a_forced_unmount_ends_the_process_and_leaves_no_empty_folder_to_who_uses_it(library):
    library.file("a.mov", BIG, "originals/a.mov")
    pid = library.mount()
    with (library.at / "originals/a.mov").open("rb", buffering=0) as held:
        subprocess.run(["umount", "-f", library.at], check=False, capture_output=True)
        library.wait(lambda: library.has_ended(pid))
        with pytest.raises(OSError) as caught:
            held.read()
        assert caught.value.errno in {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO}
        with pytest.raises(OSError):
            os.listdir(library.at)

    assert "the kernel ended the connection" in library.log
    library.mount()
    assert (library.at / "originals/a.mov").read_bytes() == BIG


def test_an_aborted_connection_is_cleaned_by_the_next_mount(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    pid = library.mount()
    if not set_numbers(os.minor(library.at.stat().st_dev), {"abort": 1}):
        pytest.skip("the kernel lets nobody here abort a connection")
    library.wait(lambda: library.has_ended(pid))
    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
    assert mount.is_stale

    library.mount()

    assert (library.at / "originals/a.jpg").read_bytes() == b"a"


def test_a_signal_ends_the_mount_although_a_disk_does_not_answer(library, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.jpg").write_bytes(b"a" * 100)
    share = Share(tmp_path / "far", tmp_path / "share")
    try:
        root = library.maker.root(tmp_path / "share", b"share")
        library.maker.place("originals/a.jpg", library.maker.seen(root, share.at, "a.jpg"))
        pid = library.mount()
        share.hold("a.jpg")
        reading = threading.Thread(target=error_of, args=(library.at / "originals/a.jpg",))
        reading.start()
        share.wait_for(1)

        library.kill(pid, signal.SIGTERM)

        reading.join()
        assert not library.is_mounted()
        assert read_state(library.at) is None
        assert "were given up" in library.log
    finally:
        share.close()


# ---------------------------------------------------------------------------- asleep


def test_a_mount_that_was_stopped_for_a_while_goes_on(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    pid = library.mount()
    os.kill(pid, signal.SIGSTOP)
    try:
        [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
        assert (mount.answers, mount.is_stale) == (False, False)
        library.file("b.jpg", b"b", "originals/b.jpg")
        library.publish()
    finally:
        os.kill(pid, signal.SIGCONT)

    library.wait((library.at / "originals/b.jpg").exists)
    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
    assert mount.answers
    assert (library.at / "originals/b.jpg").read_bytes() == b"b"


def test_a_disk_that_comes_back_is_read_at_once(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()
    away = library.top.with_name("away")
    library.top.rename(away)
    assert error_of(library.at / "originals/a.jpg") == errno.EIO

    away.rename(library.top)

    assert (library.at / "originals/a.jpg").read_bytes() == b"a"


# ---------------------------------------------------------------------------- its catalog


def put_in_place(library, text: bytes | Path) -> None:
    new = library.catalog.with_name("new.db")
    new.write_bytes(text if isinstance(text, bytes) else text.read_bytes())
    for ending in ("-wal", "-shm"):
        Path(f"{library.catalog}{ending}").unlink(missing_ok=True)
    new.rename(library.catalog)


def another(library, path: Path, data: bytes) -> Path:
    """A catalog that shows a.jpg with these bytes."""
    made = CatalogMaker(path)
    (library.top / "z.jpg").write_bytes(data)
    made.place("originals/a.jpg", made.seen(made.root(library.top), library.top, "z.jpg"))
    made.publish()
    made.close()
    return path


def test_a_catalog_that_is_deleted_is_served_until_another_stands_there(library, tmp_path):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.file("b.jpg", b"other", "originals/b.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"first"
    library.maker.close()
    for ending in ("", "-wal", "-shm", ".lock"):
        Path(f"{library.catalog}{ending}").unlink(missing_ok=True)

    assert (library.at / "originals/b.jpg").read_bytes() == b"other"
    put_in_place(library, another(library, tmp_path / "other.db", b"second"))

    library.wait(lambda: bytes_of(library.at / "originals/a.jpg") == b"second")


@pytest.mark.parametrize("what", ["garbage", "older", "foreign"])
def test_what_is_no_catalog_in_its_place_is_left_alone_with_one_warning(library, tmp_path, what):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    library.maker.close()
    if what == "garbage":
        put_in_place(library, b"no database" * 1000)
    else:
        other = another(library, tmp_path / "other.db", b"second")
        db = apsw.Connection(os.fspath(other))
        db.execute("PRAGMA journal_mode=DELETE").fetchall()
        db.pragma("user_version" if what == "older" else "application_id", 1)
        db.close()
        put_in_place(library, other)

    library.wait(lambda: "is shown as before" in library.log)
    good = another(library, tmp_path / "good.db", b"third")
    assert (library.at / "originals/a.jpg").read_bytes() == b"first"
    put_in_place(library, good)

    library.wait(lambda: bytes_of(library.at / "originals/a.jpg") == b"third")
    assert library.log.count("is shown as before") == 1


def test_a_mount_starts_while_an_index_writes(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.publish()
    db = library.maker.db
    db.execute("BEGIN EXCLUSIVE")
    generations.set_pending(db)
    try:
        mount_in_background(library.options())
        assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    finally:
        db.execute("ROLLBACK")


# ---------------------------------------------------------------------------- its disk


def test_a_full_disk_ends_no_mount(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    log_path(library.at).parent.mkdir(parents=True)
    log_path(library.at).symlink_to("/dev/full")  # every write fails with ENOSPC
    pid = library.mount()
    library.top.rename(library.top.with_name("away"))  # something to complain about
    assert error_of(library.at / "originals/a.jpg") == errno.EIO
    library.top.with_name("away").rename(library.top)

    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    library.unmount()
    assert library.has_ended(pid)


def test_a_mount_without_a_place_for_its_state_serves_and_ends_all_the_same(
    library, monkeypatch, caplog
):
    library.file("a.jpg", b"a", "originals/a.jpg")
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    pid = library.mount()

    assert "keeps no log" in caplog.text
    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
    assert (mount.pid, mount.answers) == (None, True)
    library.unmount()
    library.wait(lambda: library.has_ended(pid))


# ---------------------------------------------------------------------------- its log


def test_the_log_says_who_served_what_and_why_it_ended(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    pid = library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    library.unmount()

    first, *_, last = (line.partition(" INFO ")[2] for line in library.log.splitlines())
    assert first.startswith("mediafs ")
    assert first.endswith(
        f" shows {library.catalog}, generation 1, at {library.at} (process {pid})"
    )
    assert last.startswith("unmounted: 1 files opened, 1 bytes read")


def test_the_log_is_bounded_and_takes_along_what_the_interpreter_says(tmp_path):
    code = (
        "import logging, os, sys; from pathlib import Path; from mediafs.fuse.daemon import log_to\n"
        "log_to(Path(sys.argv[1]))\n"
        "for i in range(40_000): logging.warning('%s is not what was indexed any more', 'x' * 60)\n"
        "os.write(2, b'fuse: the last word')"
    )
    log = tmp_path / "mount.log"
    subprocess.run([sys.executable, "-c", code, log], check=True, timeout=60)

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["mount.log", "mount.log.1"]
    assert all(path.stat().st_size <= 1 << 20 for path in tmp_path.iterdir())
    assert log.read_bytes().endswith(b"fuse: the last word")
