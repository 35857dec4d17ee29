"""Files that were moved or renamed keep number and content, and are not opened."""

from __future__ import annotations

import os

import pytest
from whole_runs import SECOND, counted, put, text


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


def test_times_in_the_future_are_times_like_others(index, library):
    os.utime(library / "a.txt", ns=(SECOND, 4_000_000_000 * SECOND))
    index(library)

    assert counted(index(), "unchanged", "opened") == (3, 0)
