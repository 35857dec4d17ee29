"""What is the same file elsewhere, which disk is this, and what is gone: whole runs, counted.

Disks are real where the machine lets root mount some. The files are texts, which need neither
decoding nor ExifTool.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from indexer.catalog import facts, open_reader
from indexer.catalog.check import check
from indexer.catalog.connection import writing
from indexer.model import RootRole
from indexer.moves import LEAST_BYTES
from indexer.progress import Silent
from indexer.roots import Wanted
from indexer.run import Options
from mediafs.update import Update, update

SAMPLE = LEAST_BYTES  # head and tail
SECOND = 10**9
DAY = 24 * 3600 * SECOND


class Runs:
    """One catalog, and runs that write to it."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.warnings = []

    def __call__(self, *paths, role=None, only=(), **options: Any):
        """What `index --json` says of it."""
        progress = Silent()
        wanted = Wanted([str(path) for path in paths], role and RootRole(role))
        how = Options(
            jobs=1,
            only=tuple(os.fsencode(path) for path in only),
            is_named=bool(paths or only),
            **options,
        )
        outcome = update(Update(self.catalog, wanted, how), progress)
        self.warnings = progress.warnings
        return outcome.as_json()

    def warning(self, path):
        said = [line for line in self.warnings if line.startswith(f"{path} ")]
        assert len(said) == 1, self.warnings
        return said[0]

    def write(self, sql, *bindings):
        with writing(self.catalog) as db:
            db.execute(sql, bindings)

    def rows(self, sql):
        db = open_reader(self.catalog)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def roots(self):
        db = open_reader(self.catalog)
        try:
            return facts.roots(db)
        finally:
            db.close()

    def states(self):
        return dict(self.rows("SELECT state, count(*) FROM file GROUP BY state"))

    def files(self):
        """Number, digest and name of all that is shown."""
        return set(
            self.rows(
                "SELECT f.file_id, c.blake3, p.name FROM placement p JOIN file f USING (file_id)"
                " JOIN content c USING (content_id)"
            )
        )


@pytest.fixture
def index(tmp_path):
    (tmp_path / "home").mkdir()
    made = Runs(tmp_path / "home/catalog.db")
    yield made
    db = open_reader(made.catalog)
    assert [finding for finding in check(db) if not finding.holds] == []
    db.close()


def text(seed, lines=10_000):
    """More bytes than head and tail; of one size, whatever the seed."""
    return b"".join(b"%04d %010d\n" % (seed, line) for line in range(lines))


def put(path, data, seconds=1_500_000_000):
    """A file with a time in whole seconds, as from a card."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(SECOND, seconds * SECOND))
    return path


@pytest.fixture
def library(tmp_path):
    """Three files in two folders."""
    for number, name in enumerate(("a.txt", "deep/b.txt", "deep/c.txt")):
        put(tmp_path / "library" / name, text(number), 1_500_000_000 + number)
    return tmp_path / "library"


def copy(source, target):
    """As `cp -a`: names, bytes and times, other inodes."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def counted(said, *names):
    found = tuple(said[name] for name in names)
    return found[0] if len(names) == 1 else found


# ---------------------------------------------------------------------------- copies


def test_a_library_copied_to_a_new_disk_costs_samples(index, library, disk, tmp_path):
    index(library)
    new = disk().mount(tmp_path / "new")
    copy(library, new)
    library.rename(library.with_name("unplugged"))
    said = index(new)

    assert counted(said, "new", "carried", "opened", "bytes_read") == (3, 3, 3, 3 * SAMPLE)
    assert counted(index(new), "unchanged", "opened") == (3, 0)
    assert index.rows(
        "SELECT file.state, digest_carried, verified_ns, count(DISTINCT content_id) FROM file"
        " JOIN folder USING (folder_id) WHERE root_id = 2"
    ) == [("present", 1, None, 3)]  # fmt: skip


def test_a_copied_library_is_known_by_its_files_digests(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    index(tmp_path / "new")

    twins = index.rows("SELECT name, count(DISTINCT content_id), count(*) FROM file GROUP BY name")
    assert twins == [(name, 1, 2) for name in (b"a.txt", b"b.txt", b"c.txt")]


def test_what_was_carried_over_lends_its_digest_again(index, library, tmp_path):
    for name in ("second", "third"):
        index(library)
        copy(library, tmp_path / name)
        shutil.rmtree(library)
        library = tmp_path / name

    assert counted(index(library), "carried", "bytes_read") == (3, 3 * SAMPLE)


def test_the_paranoid_read_a_copied_library_in_full(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    said = index(tmp_path / "new", paranoid=True)

    assert counted(said, "new", "carried", "opened") == (3, 0, 3)
    assert said["bytes_read"] == 3 * len(text(0))


@pytest.mark.parametrize("at", [0, -1], ids=["head", "tail"])
def test_a_copy_that_differs_at_its_ends_is_read(index, library, tmp_path, at):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    data = bytearray(text(0))
    data[at] ^= 1
    put(tmp_path / "new/a.txt", data)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried", "opened") == (3, 2, 3)
    assert said["bytes_read"] == 3 * SAMPLE + len(data)


def test_a_copy_under_another_name_is_read(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    (tmp_path / "new/a.txt").rename(tmp_path / "new/z.txt")

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


def test_the_case_of_a_name_may_suffer_from_copying(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    (tmp_path / "new/a.txt").rename(tmp_path / "new/A.TXT")

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 3)


def test_a_copy_with_another_time_is_read_where_times_are_kept(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    os.utime(tmp_path / "new/a.txt", ns=(SECOND, 1_500_000_000 * SECOND + 1))

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


def test_a_copy_of_what_is_there_is_read(index, library, tmp_path):
    """A backup is worth what reading it proves."""
    index(library)
    copy(library, tmp_path / "backup")
    said = index(tmp_path / "backup", role="backup")

    assert counted(said, "new", "carried", "bytes_read") == (3, 0, 3 * len(text(0)))


@pytest.mark.parametrize(("size", "carried"), [(SAMPLE, 0), (SAMPLE + 1, 1)])
def test_what_head_and_tail_cover_is_just_read(index, tmp_path, size, carried):
    put(tmp_path / "old/a.txt", text(1)[:size])
    index(tmp_path / "old")
    copy(tmp_path / "old", tmp_path / "new")
    shutil.rmtree(tmp_path / "old")

    assert counted(index(tmp_path / "new"), "carried", "bytes_read") == (carried, SAMPLE)


def test_two_contents_with_one_head_and_tail_recognise_nothing(index, library, tmp_path):
    """A copy that went bad in the middle is known: the sample can't tell which one this is."""
    bad = bytearray(text(0))
    bad[len(bad) // 2] ^= 1
    put(library / "bad.txt", bad)
    index(library)
    copy(library, tmp_path / "new")
    (tmp_path / "new/bad.txt").unlink()
    shutil.rmtree(library)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried") == (3, 2)
    assert said["bytes_read"] == 2 * SAMPLE + len(bad)


@pytest.mark.parametrize(
    "doubt", ["tried_ns = 1", "rotten_ns = 1, state = 'unreadable', says = 'rotten'"]
)
def test_what_verify_doubts_lends_nothing(index, library, tmp_path, doubt):
    index(library)
    index.write(f"UPDATE file SET {doubt} WHERE name = CAST('a.txt' AS BLOB)")
    copy(library, tmp_path / "new")
    shutil.rmtree(library)

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


@pytest.mark.parametrize(
    "wrong", ["damage = 'truncated'", "sample = NULL", "reader = 0"], ids=lambda w: w.split()[0]
)
def test_a_content_that_is_not_whole_and_well_known_is_not_lent(index, library, tmp_path, wrong):
    index(library)
    index.write(f"UPDATE content SET {wrong}")
    copy(library, tmp_path / "new")
    shutil.rmtree(library)

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 0)


def test_a_file_that_is_restored_costs_a_sample_and_keeps_its_number(index, library, tmp_path):
    index(library)
    before = index.files()
    copy(library / "deep", tmp_path / "aside")
    shutil.rmtree(library / "deep")
    index()
    copy(tmp_path / "aside", library / "restored")
    said = index()

    assert counted(said, "new", "carried", "opened", "bytes_read") == (2, 2, 2, 2 * SAMPLE)
    assert index.states() == {"present": 3}
    assert index.files() == before


def test_two_copies_of_one_lost_file_are_two_files(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "aside")
    (library / "a.txt").unlink()
    index()
    for name in ("one", "two"):
        (library / name).mkdir()
        shutil.copy2(tmp_path / "aside/a.txt", library / name)

    assert counted(index(), "new", "carried", "bytes_read") == (2, 2, 2 * SAMPLE)
    assert index.states() == {"present": 4}


def test_a_file_that_is_restored_to_its_place_costs_a_sample(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "aside")
    (library / "a.txt").unlink()
    index()
    (library / "occupies the number").write_bytes(b"")
    shutil.copy2(tmp_path / "aside/a.txt", library)

    assert counted(index(), "changed", "carried", "bytes_read") == (1, 1, SAMPLE)


def test_what_is_written_to_in_place_is_read_though_size_and_time_stay(index, library):
    """Also where a file that is gone has the same name, size and time."""
    (library / "other").mkdir()
    shutil.copy2(library / "a.txt", library / "other")
    index(library)
    shutil.rmtree(library / "other")
    index()
    data = bytearray(text(0))
    data[len(data) // 2] ^= 1
    put(library / "a.txt", data)
    said = index()

    assert counted(said, "changed", "carried", "bytes_read") == (1, 0, len(data))


def test_a_hard_link_in_a_copied_library_is_sampled_once(index, library, tmp_path):
    os.link(library / "a.txt", library / "deep/a.txt")
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried", "opened", "bytes_read") == (4, 4, 3, 3 * SAMPLE)


# ---------------------------------------------------------------------------- moves


def test_a_folder_moved_from_one_root_to_another_is_not_opened(index, library, tmp_path):
    (tmp_path / "other").mkdir()
    index(library, tmp_path / "other")
    before = index.files()
    (library / "deep").rename(tmp_path / "other/deep")
    said = index()

    assert counted(said, "moved", "new", "gone", "opened") == (2, 0, 0, 0)
    assert index.files() == before


@pytest.mark.parametrize("first", ["from", "to"])
def test_a_move_is_seen_though_its_ends_are_looked_at_one_by_one(index, library, tmp_path, first):
    other = tmp_path / "other"
    other.mkdir()
    index(library, other)
    before = index.files()
    (library / "deep").rename(other / "deep")
    (other / "deep/b.txt").rename(other / "deep/renamed.txt")
    said = [index(root) for root in ([library, other] if first == "from" else [other, library])]

    assert sum(counted(one, "moved") for one in said) == 2
    assert sum(counted(one, "opened") for one in said) == 0
    assert {(number, digest) for number, digest, _ in index.files()} == {
        (number, digest) for number, digest, _ in before
    }


def test_a_move_into_a_part_is_seen_though_only_the_part_is_looked_at(index, library):
    index(library)
    (library / "deep/b.txt").rename(library / "b.txt")
    (library / "new").mkdir()
    (library / "b.txt").rename(library / "new/b.txt")

    assert counted(index(only=[library / "new"]), "moved", "new", "opened") == (1, 0, 0)


def test_a_new_hard_link_of_a_file_that_stays_is_no_move(index, library):
    index(library)
    os.link(library / "a.txt", library / "deep/link.txt")
    said = index()

    assert counted(said, "moved", "gone", "new", "changed", "opened") == (0, 0, 1, 1, 1)


def test_a_renamed_file_of_a_card_is_not_opened(index, library):
    """Whole seconds and another name: that its inode is older than its loss tells."""
    index(library)
    (library / "a.txt").rename(library / "holiday.txt")

    assert counted(index(), "moved", "new", "opened") == (1, 0, 0)


def test_what_moves_rotten_stays_rotten(index, library):
    index(library)
    index.write(
        "UPDATE file SET rotten_ns = 1, state = 'unreadable', says = 'rotten'"
        " WHERE name = CAST('a.txt' AS BLOB)"
    )
    (library / "a.txt").rename(library / "moved.txt")
    index()

    found = index.rows("SELECT name, says FROM file WHERE state = 'unreadable'")
    assert found == [(b"moved.txt", "rotten")]


def test_a_root_renamed_before_its_folder_was_known_moves_file_by_file(index, library):
    index(library)
    index.write("UPDATE root SET inode = NULL, mount = NULL")
    before = index.files()
    said = index(library.rename(library.with_name("renamed")))

    assert counted(said, "moved", "new", "opened") == (3, 0, 0)
    assert index.files() == before


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


def test_a_copied_file_that_got_the_number_of_a_deleted_one_is_read(index, disk, tmp_path):
    """Two frames of a burst: one size, one second, and the inode is given again."""
    root = disk().mount(tmp_path / "card")
    first = put(root / "1.txt", text(1))
    index(root)
    number = first.stat().st_ino
    first.unlink()
    second = put(root / "2.txt", text(2))
    said = index()

    assert second.stat().st_ino == number
    assert counted(said, "moved", "new", "gone", "opened") == (0, 1, 1, 1)


# ---------------------------------------------------------------------------- which disk


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


# ---------------------------------------------------------------------------- gone


def test_only_prune_forgets_what_is_gone(index, library):
    index(library)
    shutil.rmtree(library / "deep")
    index()
    assert index.rows("SELECT gone_ns > 0 FROM file WHERE state = 'gone'") == [(1,), (1,)]
    said = index(prune=True)

    assert said["pruned"] == {"files": 2, "folders": 1, "contents": 2, "roots": 0}
    assert index.states() == {"present": 1}
    assert index.rows("SELECT count(*) FROM content") == [(1,)]


def test_prune_of_a_part_forgets_there_alone(index, library):
    index(library)
    (library / "a.txt").unlink()
    (library / "deep/b.txt").unlink()
    index()
    said = index(only=[library / "deep"], prune=True)

    assert said["pruned"]["files"] == 1
    assert index.states() == {"present": 1, "gone": 1}


def test_prune_keeps_a_content_that_another_file_has(index, library):
    shutil.copy(library / "a.txt", library / "deep")
    index(library)
    (library / "a.txt").unlink()

    assert index(prune=True)["pruned"] == {"files": 1, "folders": 0, "contents": 0, "roots": 0}


def test_prune_of_an_absent_disk_forgets_nothing(index, library):
    index(library)
    (library / "a.txt").unlink()
    index()
    library.rename(library.with_name("unplugged"))
    index(prune=True)
    index(only=[library], prune=True)

    assert index.states() == {"present": 2, "gone": 1}
    assert len(index.roots()) == 1


def test_prune_forgets_a_root_that_moved_away_file_by_file(index, library):
    index(library)
    index.write("UPDATE root SET inode = NULL, mount = NULL")
    index(library.rename(library.with_name("renamed")))
    said = index(prune=True)

    assert said["pruned"] == {"files": 0, "folders": 0, "contents": 0, "roots": 1}
    assert index.states() == {"present": 3}


# ---------------------------------------------------------------------------- archives


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


def test_times_in_the_future_are_times_like_others(index, library):
    os.utime(library / "a.txt", ns=(SECOND, 4_000_000_000 * SECOND))
    index(library)

    assert counted(index(), "unchanged", "opened") == (3, 0)
