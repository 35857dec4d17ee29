"""How a mount begins and ends: signals, crashes, refusals, and what is left behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest
from make_catalog import HOST

from indexer.errors import CatalogMissing, MountRefused, NotMounted
from mediafs.fuse.mount import MountOptions, mount_in_background, mounts, unmount


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_unmounts_cleanly(library, how):
    pid = library.mount()

    library.kill(pid, how)

    assert not library.is_mounted()
    assert os.listdir(library.at) == []
    assert f"told to stop by {how.name}" in library.log
    assert " INFO stopped and unmounted: " in library.log.splitlines()[-1]


def test_unmount_waits_until_the_process_ended(library):
    pid = library.mount()

    library.unmount()

    assert not library.is_mounted()
    assert library.has_ended(pid)


def test_a_mount_tells_who_serves_what(library):
    pid = library.mount()

    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]

    assert (mount.pid, mount.catalog, mount.answers) == (pid, library.catalog, True)


def test_a_killed_mount_is_broken_not_empty(library):
    library.kill(library.mount())

    with pytest.raises(OSError) as caught:
        os.listdir(library.at)

    assert caught.value.errno in {errno.ENOTCONN, errno.ECONNABORTED}
    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
    assert (mount.answers, mount.is_stale) == (False, True)


def test_a_stale_mount_is_cleaned_at_the_next_start(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.kill(library.mount())

    library.mount()

    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    assert len([mount for mount in mounts() if mount.mountpoint == library.at]) == 1


def test_a_stale_mount_can_be_unmounted(library):
    library.kill(library.mount())

    library.unmount()

    assert os.listdir(library.at) == []


def test_a_stale_mount_somebody_stands_in_can_be_unmounted(library):
    pid = library.mount()
    with subprocess.Popen(["sleep", "60"], cwd=library.at) as stander:
        try:
            library.kill(pid)
            library.unmount()
        finally:
            stander.kill()

    assert os.listdir(library.at) == []


def test_a_busy_mount_is_refused_with_who_uses_it(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()

    with (
        (library.at / "originals/a.jpg").open("rb"),
        pytest.raises(MountRefused, match=rf"in use by .*process {os.getpid()}\)"),
    ):
        library.unmount()

    assert library.is_mounted()


def test_what_is_not_mounted_cannot_be_unmounted(library):
    with pytest.raises(NotMounted, match="Nothing of mediafs is mounted"):
        library.unmount()


def test_the_foreground_ends_with_ctrl_c(library):
    library.publish()
    code = (
        "import sys; from pathlib import Path; from mediafs.fuse.mount import MountOptions, serve;"
        "serve(MountOptions(Path(sys.argv[1]), Path(sys.argv[2]), 'here'), lambda: print(flush=True))"
    )
    command = [sys.executable, "-c", code, library.catalog, library.at]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as serving:
        assert serving.stdout.readline() == b"\n"
        assert (library.at / "README.txt").exists()
        serving.send_signal(signal.SIGINT)
        out, said = serving.communicate()

    assert (serving.returncode, out, said) == (0, b"", b"")
    assert os.listdir(library.at) == []


def test_unmounting_from_outside_ends_the_process_cleanly(library):
    pid = library.mount()
    subprocess.run(["fusermount3", "-u", library.at], check=True)

    library.wait(lambda: library.has_ended(pid))
    assert " INFO unmounted: " in library.log.splitlines()[-1]


# ---------------------------------------------------------------------------- refusals


def test_a_missing_mount_point_is_refused(library):
    library.at.rmdir()
    with pytest.raises(MountRefused, match="make it with `mkdir"):
        library.mount()
    library.at.mkdir()


def test_a_file_is_no_mount_point(library):
    library.at.rmdir()
    library.at.write_bytes(b"")
    with pytest.raises(MountRefused, match="is not a folder"):
        library.mount()


def test_a_folder_with_something_in_it_is_refused(library):
    (library.at / "mine").mkdir()
    with pytest.raises(MountRefused, match="is not empty"):
        library.mount()


def test_a_second_mount_on_the_same_place_is_refused(library):
    library.mount()
    with pytest.raises(MountRefused, match="is mounted already"):
        library.mount()


def test_a_mount_point_inside_a_root_is_refused(library):
    inside = library.top / "mount"
    inside.mkdir()
    library.publish()
    with pytest.raises(MountRefused, match="which is indexed, so the mount would index itself"):
        mount_in_background(MountOptions(library.catalog, inside, HOST))


def test_a_mount_point_that_holds_catalog_and_root_is_refused(library, tmp_path):
    library.publish()
    with pytest.raises(MountRefused, match="holds the catalog"):
        mount_in_background(MountOptions(library.catalog, tmp_path, HOST))


def test_a_missing_catalog_is_not_made(library, tmp_path):
    with pytest.raises(CatalogMissing, match="mediafs index"):
        mount_in_background(MountOptions(tmp_path / "other.db", library.at, HOST))

    assert not (tmp_path / "other.db").exists()


def test_unmounting_something_else_is_refused(tmp_path):
    with pytest.raises(NotMounted):
        unmount(tmp_path)
