"""Whether a root is there: its own disk and folder, another in their place, or none."""

from __future__ import annotations

import shutil

import pytest
from whole_runs import DAY, SAMPLE, copy, counted, put, text


def test_a_disk_mounted_elsewhere_is_the_same_root(index, library, disk, tmp_path):
    usb = disk()
    copy(library, usb.mount(tmp_path / "usb"))
    index(tmp_path / "usb")
    before = index.files()
    usb.unmount()
    said = index(usb.mount(tmp_path / "usb1"))

    assert counted(said, "unchanged", "opened") == (3, 0)
    assert index.files() == before
    assert len(index.roots()) == 1


@pytest.mark.parametrize("holds", ["a copy", "other files"])
def test_a_folder_that_got_the_number_of_a_deleted_root_is_a_new_root(
    index, library, tmp_path, holds
):
    index(library)
    copy(library, tmp_path / "new")
    if holds == "other files":
        shutil.rmtree(tmp_path / "new/deep")
        index.write("UPDATE root SET walked_ns = walked_ns + ?", DAY)
    shutil.rmtree(library)
    index.write("UPDATE root SET inode = ?", (tmp_path / "new").stat().st_ino)
    index(tmp_path / "new")

    assert len(index.roots()) == 2


def test_a_root_folder_made_anew_with_the_same_number_is_looked_at_closely(index, library):
    index(library)
    for path in library.iterdir():
        path.rename(library.parent / path.name)
    index.write("UPDATE root SET walked_ns = 1")

    assert counted(index(), "gone", "offline") == (0, [str(library)])


def test_an_absent_disk_is_offline_and_nothing_is_gone(index, library, disk, tmp_path):
    usb = disk()
    at = usb.mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    before = index.files()
    usb.unmount()
    said = index()

    assert counted(said, "gone", "offline") == (0, [str(at)])
    assert f"is empty: the disk at {at} is not mounted; its 3 files stay" in index.warning(at)
    assert index.files() == before
    assert index.roots()[0].says == f"is empty: the disk at {at} is not mounted"
    usb.mount(at)
    assert counted(index(), "unchanged", "opened", "offline") == (3, 0, [])
    assert index.roots()[0].says is None


def test_a_mount_point_that_holds_other_things_is_no_library(index, library, disk, tmp_path):
    usb = disk()
    at = usb.mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    usb.unmount()
    put(at / "stray.txt", text(7))

    assert counted(index(), "seen", "gone", "offline") == (0, 0, [str(at)])


def test_a_folder_on_a_disk_that_is_absent_is_offline(index, library, disk, tmp_path):
    usb = disk()
    at = usb.mount(tmp_path / "usb") / "photos"
    at.mkdir()
    copy(library, at)
    index(at)
    usb.unmount()

    assert counted(index(), "gone", "offline") == (0, [str(at)])
    assert f"is on the disk at {tmp_path}/usb, which is not mounted" in index.warning(at)


def test_a_disk_that_was_emptied_is_online_and_its_files_are_gone(index, library, disk, tmp_path):
    at = disk().mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    shutil.rmtree(at / "deep")
    (at / "a.txt").unlink()

    assert counted(index(), "gone", "offline") == (3, [])
    assert index.files() == set()


def test_another_disk_at_the_same_place_is_not_the_root(index, library, disk, tmp_path):
    usb, other = disk(), disk()
    at = usb.mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    usb.unmount()
    put(other.mount(at) / "new.txt", text(9))

    assert counted(index(), "seen", "gone", "offline") == (0, 0, [str(at)])
    assert "holds other files than those that were indexed: another disk" in index.warning(at)
    assert f"`mediafs index --force {at}`" in index.warning(at)
    assert counted(index(force=True), "gone", "offline") == (0, [str(at)])
    assert counted(index(at, force=True), "new", "gone", "offline") == (1, 3, [])
    assert counted(index(), "unchanged", "offline") == (1, [])


def test_a_library_restored_to_a_new_disk_at_its_place_costs_samples(
    index, library, disk, tmp_path
):
    old, new = disk(), disk()
    at = old.mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    before = index.files()
    old.unmount()
    copy(library, new.mount(at))
    said = index()

    assert counted(said, "changed", "carried", "opened", "bytes_read") == (3, 3, 3, 3 * SAMPLE)
    assert counted(said, "gone", "offline") == (0, [])
    assert index.files() == before
    assert counted(index(), "unchanged", "opened") == (3, 0)


def test_half_of_the_library_on_a_new_disk_is_enough_and_less_is_not(
    index, library, disk, tmp_path
):
    old, new = disk(), disk()
    at = old.mount(tmp_path / "usb")
    copy(library, at)
    index(at)
    old.unmount()
    new.mount(at)
    shutil.copy2(library / "a.txt", at)
    a_third = index()
    (at / "deep").mkdir()
    shutil.copy2(library / "deep/b.txt", at / "deep")

    assert counted(a_third, "gone", "offline") == (0, [str(at)])
    assert counted(index(), "gone", "carried", "offline") == (1, 2, [])


def test_a_folder_made_anew_and_empty_is_not_the_root(index, library):
    index(library)
    library.rename(library.with_name("aside"))
    library.mkdir()

    assert counted(index(), "gone", "offline") == (0, [str(library)])
    assert "is empty: another folder stands at its place" in index.warning(library)


def test_a_root_of_an_older_mediafs_is_known_by_its_disk_alone(index, library):
    index(library)
    index.write("UPDATE root SET inode = NULL, mount = NULL")
    (library / "a.txt").unlink()

    assert counted(index(), "gone", "unchanged", "offline") == (1, 2, [])
    assert index.roots()[0].inode == library.stat().st_ino


def test_a_disk_inside_a_root_may_be_absent(index, library, disk, tmp_path):
    usb = disk()
    at = usb.mount(library / "usb")
    put(at / "x/d.txt", text(11))
    put(at / "e.txt", text(12))
    index(library)
    usb.unmount()
    (library / "a.txt").unlink()
    put(at / "stray.txt", text(13))
    absent = index()

    assert counted(absent, "gone", "new", "offline") == (1, 0, [str(at)])
    assert "has its own disk, which is not mounted; its 2 files stay" in index.warning(at)
    shutil.rmtree(at)
    assert counted(index(), "gone", "offline") == (0, [str(at)])
    usb.mount(at)
    assert counted(index(), "unchanged", "opened", "offline") == (4, 0, [])


def test_what_was_on_a_disk_inside_a_root_may_stay_without_it(index, library, disk):
    usb = disk()
    at = usb.mount(library / "usb")
    put(at / "e.txt", text(12))
    index(library)
    usb.unmount()
    put(at / "e.txt", text(12))
    there = index()
    (at / "e.txt").unlink()

    assert counted(there, "gone", "offline") == (0, [])
    assert counted(index(), "gone", "offline") == (1, [])


@pytest.mark.parametrize("ago", [121 * DAY, -DAY], ids=["long ago", "clock set back"])
def test_an_archive_is_looked_at_again(index, library, ago):
    index(library, role="archive")
    fresh = index()
    index.write("UPDATE root SET walked_ns = walked_ns - ?", ago)

    assert counted(fresh, "fresh", "seen") == (1, 0)
    assert counted(index(), "fresh", "unchanged") == (0, 3)


def test_a_root_that_is_no_archive_any_more_is_looked_at_each_time(index, library):
    index(library, role="archive")
    index(library, role="library")

    assert counted(index(), "fresh", "unchanged") == (0, 3)


def test_an_archive_that_is_fresh_is_still_known_to_be_absent(index, library):
    index(library, role="archive")
    library.rename(library.with_name("unplugged"))
    away = index()
    library.with_name("unplugged").rename(library)
    back = index()

    assert counted(away, "fresh", "offline") == (0, [str(library)])
    assert counted(back, "fresh", "offline") == (1, [])
    assert index.roots()[0].online
