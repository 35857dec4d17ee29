"""Which files must be read again, and which new one is a lost one that moved."""

from __future__ import annotations

import pytest
from builders import seen, stamp

from indexer.catalog.rows import KnownFile, LostFile
from indexer.model import ContentId, FileId
from indexer.scan.skip import Why, compare, pair_moves, verdict


def known(name: str = "a.jpg", number: int = 1, **changes: object) -> KnownFile:
    values = {"state": "present", "content": ContentId(9), "is_outdated": False, **changes}
    return KnownFile(FileId(number), name.encode(), values.pop("stamp", stamp()), **values)


def folder(*files: KnownFile) -> dict[bytes, KnownFile]:
    return {file.name: file for file in files}


def lost(number: int = 1, content: int | None = 9, **changes: object) -> LostFile:
    return LostFile(
        FileId(number), stamp(**changes), None if content is None else ContentId(content)
    )


def test_a_file_never_seen_is_new():
    assert verdict(seen(), None) is Why.NEW


def test_an_equal_stamp_means_that_the_bytes_are_known():
    assert verdict(seen(), known()) is None


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "inode"])
def test_any_difference_in_the_stamp_means_reading(field):
    assert verdict(seen(**{field: 99}), known()) is Why.CHANGED


def test_what_was_excluded_is_read_once_it_is_wanted():
    assert verdict(seen(), known(state="excluded", content=None)) is Why.CHANGED


def test_what_could_not_be_read_is_tried_again():
    assert verdict(seen(), known(state="unreadable", content=None)) is Why.RETRY


def test_what_an_older_reader_read_is_read_again():
    assert verdict(seen(), known(is_outdated=True)) is Why.OUTDATED


def test_an_unchanged_folder_has_nothing_to_do():
    diff = compare([seen()], folder(known()))

    assert (diff.unchanged, diff.to_read, diff.lost, diff.back, diff.exclude) == (1, [], [], [], [])


def test_what_is_not_seen_is_lost():
    diff = compare([], folder(known()))

    assert [file.id for file in diff.lost] == [1]


def test_what_was_gone_already_is_not_lost_again():
    assert compare([], folder(known(state="gone"))).lost == []


def test_a_file_that_returns_with_its_stamp_is_not_read():
    diff = compare([seen()], folder(known(state="gone")))

    assert (diff.back, diff.to_read) == ([1], [])


def test_a_file_that_returns_changed_is_read():
    diff = compare([seen(size=5)], folder(known(state="gone")))

    assert [why for _, why in diff.to_read] == [Why.CHANGED]


def test_an_excluded_file_is_not_read_and_not_lost():
    diff = compare([seen(excluded_by="*.tmp")], folder(known()))

    assert ([f.name for f in diff.exclude], diff.to_read, diff.lost) == ([b"a.jpg"], [], [])


def test_what_stays_excluded_is_not_written_again():
    before = folder(known(state="excluded", content=None))

    assert compare([seen(excluded_by="*.tmp")], before).exclude == []


def test_a_renamed_file_is_recognised_though_its_ctime_changed():
    assert pair_moves([lost()], [(0, seen("b.jpg", ctime_ns=99))]) == {0: lost()}


@pytest.mark.parametrize("field", ["size", "mtime_ns", "inode"])
def test_another_size_time_or_inode_is_another_file(field):
    assert pair_moves([lost()], [(0, seen("b.jpg", **{field: 99}))]) == {}


def test_nothing_moved_where_inodes_mean_nothing():
    assert pair_moves([lost(inode=None)], [(0, seen("b.jpg", inode=None))]) == {}


def test_a_lost_file_that_was_never_read_teaches_nothing():
    assert pair_moves([lost(content=None)], [(0, seen("b.jpg"))]) == {}


def test_of_two_lost_files_with_one_inode_none_is_chosen():
    assert pair_moves([lost(1), lost(2)], [(0, seen("b.jpg"))]) == {}


def test_of_two_new_names_of_one_lost_inode_none_is_chosen():
    assert pair_moves([lost()], [(0, seen("b.jpg")), (1, seen("c.jpg"))]) == {}
