"""`mount.mediafs` as mount(8) calls it, and by mount(8) itself where that can be tried."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HELPER = Path(sys.executable).with_name("mount.mediafs")
CALLED = (sys.executable, "-m", "mediafs.cli.mount_helper")


@pytest.fixture
def at(tmp_path):
    (tmp_path / "my photos").mkdir()
    return tmp_path / "my photos"


@pytest.fixture
def helper(mediafs, at):
    """Call it as mount(8) does; what it mounts is taken away."""
    mediafs._mounts.append(at)

    def call(*arguments, catalog=None, code=0):
        ran = mediafs(
            catalog or mediafs.catalog, at, *arguments, command=CALLED, is_named=False, code=code
        )
        said = [line for line in ran.err.splitlines() if line]
        assert all(line.startswith("mount.mediafs: ") for line in said), said
        return ran

    return call


@pytest.mark.mounted
def test_it_mounts_what_a_line_of_fstab_says(home, at, helper):
    options = "rw,nosuid,nodev,noexec,umask=027,uid=12,gid=34,_netdev,x-systemd.automount,user=me"

    ran = helper("-n", "-v", "-o", options)

    assert os.path.ismount(at)
    info = next((at / "originals").rglob("*.jpg")).stat()
    assert (info.st_uid, info.st_gid, info.st_mode & 0o777) == (12, 34, 0o440)
    assert f"{home.catalog} is at {at}" in ran.out
    home("umount", at)


def test_a_fake_mount_mounts_nothing(at, helper):
    helper("-f", "-o", "rw")

    assert not os.path.ismount(at)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("-o", "rw,allow_nobody"), 1, "allow_nobody is not known"),
        (("-o", "uid=me"), 1, "is no number"),
        (("-o", "uid=-1"), 1, "is no number"),
        (("-o", "gid=4294967295"), 1, "is no number"),
        (("-o", "umask=1000"), 1, "is no octal number from 0 to 777"),
        (("-o", "remount,ro"), 1, "umount"),
        (("-N", "/proc/1/ns/mnt"), 1, "namespace"),
        (("-z",), 1, "option -z"),
        (("third",), 1, "name the catalog's file and the mount point"),
    ],
)
def test_what_makes_no_sense_is_refused_with_mounts_exit_code(at, helper, arguments, code, says):
    assert says in helper(*arguments, code=code).err
    assert not os.path.ismount(at)


def test_sloppy_options_are_forgiven_where_that_is_asked_for(helper):
    ran = helper("-f", "-s", "-o", "rw,allow_nobody")

    assert (ran.code, ran.err) == (0, "")


def test_a_mount_that_fails_has_mounts_exit_code(tmp_path, helper):
    said = helper("-o", "ro", catalog=tmp_path / "nothing.db", code=32).err

    assert "There is no catalog at" in said


def test_a_catalog_without_an_absolute_path_is_refused(helper):
    assert "absolute path" in helper(catalog="catalog.db", code=1).err


@pytest.mark.mounted
@pytest.mark.skipif(os.geteuid() != 0, reason="mount(8) wants root")
@pytest.mark.skipif(not HELPER.exists(), reason="this installation has no mount.mediafs")
def test_mount_finds_it_and_needs_nothing_from_the_environment(home, at, tmp_path):
    """In a namespace of its own whose /sbin holds the link and nothing else."""
    sbin = tmp_path / "sbin"
    sbin.mkdir()
    (sbin / "mount.mediafs").symlink_to(HELPER)
    script = """
        set -e
        mount --bind "$1" "$(readlink -f /sbin)"
        trap 'umount -l "$3" 2>/dev/null || true' EXIT
        env -i XDG_STATE_HOME="$4" "$(command -v mount)" -t mediafs "$2" "$3" -o ro,uid=7
        findmnt -no FSTYPE "$3"
        stat -c %u "$3"/originals/*/*/*
        umount "$3"
        trap - EXIT
    """
    if shutil.which("unshare") is None or shutil.which("findmnt") is None:
        pytest.skip("unshare and findmnt are not here")
    ran = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
         sbin, home.catalog, at, tmp_path / "state"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "unshare failed" in ran.stderr or "Operation not permitted" in ran.stderr:
        pytest.skip(f"no mount namespace here: {ran.stderr.strip()}")

    assert ran.stderr == ""
    assert ran.stdout.split() == ["fuse.mediafs", "7"]
    assert ran.returncode == 0
