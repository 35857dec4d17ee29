"""What the walk sees on a real disk, and that it opens no file and leaves no trace."""

from __future__ import annotations

import os
import socket

import pytest

from indexer.catalog.listings import digest, entry
from indexer.paths import to_str
from indexer.scan.exclude import compile_excludes
from indexer.scan.walk import SeenFolder, has_stable_inodes, look_again, walk

EXCLUDES = compile_excludes(("*.tmp", "private/"))


def walked(top, **options) -> dict[bytes, SeenFolder]:
    return {folder.path: folder for folder in walk(os.fsencode(top), EXCLUDES, **options)}


def names(folder: SeenFolder) -> list[bytes]:
    return sorted(file.name for file in folder.files)


def make(top, *paths: str) -> None:
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(b"x")


def test_every_folder_comes_once_with_its_files(tmp_path):
    make(tmp_path, "a.jpg", "b/c.jpg", "b/d/e.jpg")

    assert {path: names(folder) for path, folder in walked(tmp_path).items()} == {
        b"": [b"a.jpg"],
        b"b": [b"c.jpg"],
        b"b/d": [b"e.jpg"],
    }


def test_parents_come_before_their_children(tmp_path):
    make(tmp_path, "a/b/c/d.jpg", "e/f.jpg")
    order = [folder.path for folder in walk(os.fsencode(tmp_path), EXCLUDES)]

    assert order == sorted(order)


def test_a_walk_can_start_at_a_part(tmp_path):
    make(tmp_path, "a.jpg", "b/c.jpg", "b/d/e.jpg")

    assert sorted(walked(tmp_path, start=b"b")) == [b"b", b"b/d"]


def test_a_part_that_is_not_there_is_gone(tmp_path):
    assert walked(tmp_path, start=b"b")[b"b"].state == "gone"


def test_the_stamp_is_what_lstat_says(tmp_path):
    make(tmp_path, "a.jpg")
    info = os.lstat(tmp_path / "a.jpg")

    stamp = walked(tmp_path)[b""].files[0].stamp
    assert (stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode) == (
        info.st_size,
        info.st_mtime_ns,
        info.st_ctime_ns,
        info.st_ino,
    )


def test_inodes_that_change_with_every_mount_are_left_out(tmp_path):
    make(tmp_path, "a.jpg")

    assert walked(tmp_path, stable_inodes=False)[b""].files[0].stamp.inode is None


@pytest.mark.parametrize("kind", ["vfat", "exfat", "fuseblk", "msdos"])
def test_fat_and_its_kin_renumber(kind):
    assert not has_stable_inodes(kind)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "xfs", "apfs", ""])
def test_other_filesystems_keep_their_numbers(kind):
    assert has_stable_inodes(kind)


def test_links_are_counted_and_not_followed(tmp_path):
    make(tmp_path, "a/b.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "file").symlink_to(tmp_path / "a/b.jpg")
    (tmp_path / "nowhere").symlink_to(tmp_path / "nothing")

    found = walked(tmp_path)
    assert sorted(found) == [b"", b"a"]
    assert found[b""].links == 3


def test_pipes_and_sockets_are_problems_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.jpg"))

    told = {problem.name: problem for problem in walked(tmp_path)[b""].problems}
    assert told[b"pipe.jpg"].says == "is a named pipe, not a file; it was not opened"
    assert told[b"socket.jpg"].cause == "special"


def test_excluded_files_are_seen_with_the_pattern_that_excludes_them(tmp_path):
    make(tmp_path, "a.jpg", "b.tmp")
    files = walked(tmp_path)[b""].files

    assert {file.name: file.excluded_by for file in files} == {b"a.jpg": None, b"b.tmp": "*.tmp"}


def test_excluded_folders_are_told_and_not_entered(tmp_path):
    make(tmp_path, "private/a/b.jpg")
    found = walked(tmp_path)

    assert sorted(found) == [b"", b"private"]
    assert (found[b"private"].state, found[b"private"].says) == ("excluded", "private/")


def test_the_root_itself_is_never_excluded(tmp_path):
    make(tmp_path, "private/a.jpg")

    assert names(walked(tmp_path / "private")[b""]) == [b"a.jpg"]


def test_a_mount_of_ours_is_not_entered(tmp_path):
    make(tmp_path, "mount/a.jpg")
    found = walked(tmp_path, never_enter=[os.fsencode(tmp_path / "mount")])

    assert found[b"mount"].state == "excluded"


def test_an_unreadable_folder_does_not_end_the_walk(tmp_path):
    make(tmp_path, "a/x.jpg", "b/y.jpg")
    (tmp_path / "a").chmod(0)
    try:
        found = walked(tmp_path)
    finally:
        (tmp_path / "a").chmod(0o755)

    assert names(found[b"b"]) == [b"y.jpg"]
    assert found[b"a"].state == "unreadable" or os.geteuid() == 0


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"a\nb.jpg", b"x" * 251 + b".jpg", b"-rf", b" "])
def test_names_of_any_bytes_are_seen_as_they_are(tmp_path, name):
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
        pass

    assert names(walked(tmp_path)[b""]) == [name]


def test_folders_of_any_bytes_are_entered(tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n")
    os.mkdir(folder)
    with open(os.path.join(folder, b"a.jpg"), "wb"):
        pass

    assert names(walked(tmp_path)[b"caf\xe9\n"]) == [b"a.jpg"]


def test_looking_leaves_no_trace(tmp_path):
    make(tmp_path, "a/b.jpg")
    for path in (tmp_path, tmp_path / "a", tmp_path / "a/b.jpg"):
        os.utime(path, (1, 2))
    walked(tmp_path)

    assert [os.stat(p).st_atime for p in (tmp_path, tmp_path / "a", tmp_path / "a/b.jpg")] == [
        1
    ] * 3


def test_looking_again_sees_what_the_file_is_now(tmp_path):
    make(tmp_path, "a.jpg")
    before = walked(tmp_path)[b""].files[0]
    (tmp_path / "a.jpg").write_bytes(b"longer")

    after = look_again(os.fsencode(tmp_path / "a.jpg"), before, stable_inodes=True)
    assert (before.stamp.size, after.stamp.size) == (1, 6)


def test_looking_again_at_what_is_gone_is_an_error(tmp_path):
    make(tmp_path, "a.jpg")
    before = walked(tmp_path)[b""].files[0]
    (tmp_path / "a.jpg").unlink()

    with pytest.raises(FileNotFoundError):
        look_again(os.fsencode(tmp_path / "a.jpg"), before, stable_inodes=True)


def test_a_folder_that_holds_what_was_expected_comes_without_its_files(tmp_path):
    make(tmp_path, "a.jpg", "b/c.jpg", "b/d.tmp")
    (tmp_path / "b/link").symlink_to("c.jpg")
    expected = walked(tmp_path)[b"b"].digest

    found = walked(tmp_path, settled={b"b": expected})
    assert (found[b"b"].is_settled, found[b"b"].files) == (True, ())
    assert (found[b"b"].count, found[b"b"].links) == (2, 1)
    assert (found[b""].is_settled, names(found[b""])) == (False, [b"a.jpg"])


def test_folders_below_one_that_was_expected_are_still_entered(tmp_path):
    make(tmp_path, "a.jpg", "b/c.jpg")
    found = walked(tmp_path, settled={b"": walked(tmp_path)[b""].digest})

    assert (found[b""].is_settled, names(found[b"b"])) == (True, [b"c.jpg"])


def test_what_cannot_be_indexed_is_told_whatever_was_expected(tmp_path):
    make(tmp_path, "a.jpg")
    expected = walked(tmp_path)[b""].digest
    os.mkfifo(tmp_path / "pipe.jpg")

    found = walked(tmp_path, settled={b"": expected})[b""]
    assert (found.digest, found.is_settled, names(found)) == (expected, False, [b"a.jpg"])


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", "\u00e4.jpg".encode(), b"a\nb.jpg"])
def test_the_digest_of_what_is_seen_is_that_of_what_is_remembered(tmp_path, name):
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
        pass
    make(tmp_path, "z.jpg", "A.jpg")
    seen = walked(tmp_path)[b""]

    remembered = [entry(to_str(file.name), file.stamp) for file in seen.files]
    assert seen.digest == digest(remembered) == digest(reversed(remembered))
