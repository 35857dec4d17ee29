"""Which filesystem a path is on, by a name that lasts."""

from __future__ import annotations

import os

import pytest

from indexer.mounts import Mount, mount_of, mount_table
from indexer.scan.birth import born_ns
from indexer.scan.filesystems import device_of, names_a_disk, precision_ns

TABLE = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 27 8:17 / /media/my\040disk rw - vfat /dev/sdb1 rw
32 27 0:40 /photos /nas rw - nfs4 nas:/volume1/photos rw,addr=10.0.0.2
33 31 0:41 / /media/my\040disk/inner rw - fuse.mergerfs portal rw
34 27 0:42 / /over rw - tmpfs first rw
35 34 0:43 / /over rw - tmpfs second rw
broken
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mountinfo"
    path.write_bytes(TABLE)
    return mount_table(path)


def test_blanks_in_mount_points_are_blanks(table):
    assert b"/media/my disk" in {mount.point for mount in table}


@pytest.mark.parametrize(
    ("path", "point", "kind"),
    [
        (b"/home/photos", b"/", "ext4"),
        (b"/media/my disk", b"/media/my disk", "vfat"),
        (b"/media/my disk/2019", b"/media/my disk", "vfat"),
        (b"/media/my disk two", b"/", "ext4"),
        (b"/media/my disk/inner/x", b"/media/my disk/inner", "fuse.mergerfs"),
    ],
)
def test_the_innermost_mount_holds_a_path(table, path, point, kind):
    found = mount_of(path, table)

    assert found
    assert (found.point, found.type) == (point, kind)


def test_of_two_mounts_on_one_point_the_later_counts(table):
    found = mount_of(b"/over/x", table)

    assert found
    assert found.source == b"second"


def test_no_table_is_no_mount(tmp_path):
    assert mount_table(tmp_path / "none") == []
    assert mount_of(b"/photos", []) is None


def test_a_share_is_known_by_what_was_mounted(table):
    found = device_of(b"/nas/2019", table)

    assert found == "source:nfs4:nas:/volume1/photos"
    assert not names_a_disk(found)


def test_a_program_that_names_nothing_is_not_known(table):
    assert device_of(b"/media/my disk/inner", table) is None


def test_a_filesystem_without_a_lasting_number_is_known_by_its_uuid(tmp_path):
    null = os.stat("/dev/null").st_rdev
    number = f"{os.major(null)}:{os.minor(null)}"
    mounts = [Mount(b"/", "vfat", b"/dev/null", number)]
    (tmp_path / "by-uuid").mkdir()
    (tmp_path / "by-uuid/1234-ABCD").symlink_to("/dev/null")

    found = device_of(b"/photos", mounts, tmp_path / "by-uuid")

    assert found == "uuid:vfat:1234-ABCD"
    assert names_a_disk(found)


def test_without_a_uuid_it_is_not_known(tmp_path):
    mounts = [Mount(b"/", "vfat", b"/dev/sdb1", "8:17")]

    assert device_of(b"/photos", mounts, tmp_path / "by-uuid") is None


def test_this_disk_has_one_name_for_all_its_folders(tmp_path):
    (tmp_path / "deep").mkdir()
    mounts = mount_table()

    assert device_of(os.fsencode(tmp_path), mounts) == device_of(
        os.fsencode(tmp_path / "deep"), mounts
    )


@pytest.mark.parametrize(
    ("kind", "nanoseconds"), [("ext4", 1), ("", 1), ("ntfs3", 100), ("vfat", 2 * 10**9)]
)
def test_a_time_survives_copying_as_finely_as_the_filesystem_keeps_it(kind, nanoseconds):
    assert precision_ns(kind) == nanoseconds


def test_an_inode_is_born_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"")
    info = path.stat()
    born = born_ns(os.fsencode(path), info.st_ino)
    if born is None:
        pytest.skip("this filesystem keeps no birth times")
    path.write_bytes(b"more")
    moved = path.rename(tmp_path / "b")

    assert born <= info.st_ctime_ns
    assert born_ns(os.fsencode(moved), info.st_ino) == born


def test_nothing_is_told_about_another_inode_or_none(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"")

    assert born_ns(os.fsencode(path), path.stat().st_ino + 1) is None
    assert born_ns(os.fsencode(tmp_path / "none"), 1) is None
