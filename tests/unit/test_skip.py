"""Which files must be read again, and which new one is a lost one that moved."""

from __future__ import annotations

import pytest
from builders import seen, stamp

from indexer.catalog.rows import KnownFile, LostFile
from indexer.model import ContentId, FileId
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import Why, compare, is_same_inode, listing_of, pair_moves, verdict


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


@pytest.mark.parametrize(("inode", "count"), [(7, 0), (None, 1)])
def test_on_another_disk_an_equal_stamp_without_inode_proves_nothing(inode, count):
    diff = compare([seen(inode=inode)], folder(known(stamp=stamp(inode=inode))), is_replaced=True)

    assert [why for _, why in diff.to_read] == [Why.CHANGED] * count


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


NANOSECONDS = 1_500_000_000_123_456_789


@pytest.mark.parametrize(
    ("found", "born_ns", "is_same"),
    [
        (seen("b.jpg"), None, True),  # even its change time is as before
        (seen("a.jpg", ctime_ns=99), None, True),
        (seen("b.jpg", ctime_ns=99), None, False),  # whole seconds, as on a card
        (seen("b.jpg", ctime_ns=99), 5, True),  # made before the lost one was last seen
        (seen("a.jpg", ctime_ns=99), 7 * 10**9, False),  # made after
        (seen("b.jpg", mtime_ns=NANOSECONDS, ctime_ns=99), None, True),
        (seen("b.jpg", mtime_ns=NANOSECONDS, ctime_ns=99), 7 * 10**9, False),
    ],
)
def test_a_number_may_have_been_given_again(found, born_ns, is_same):
    old = LostFile(FileId(1), stamp(mtime_ns=found.stamp.mtime_ns), ContentId(9), b"a.jpg")

    assert is_same_inode(old, found, born_ns) is is_same


NOTHING = compile_excludes()


def listing(*files: KnownFile, before_ns: int = 10**18):
    return listing_of(files, NOTHING, before_ns=before_ns)


def test_a_folder_of_known_files_is_taken_as_a_whole():
    assert listing(known("a.jpg"), known("b.jpg", 2)).excluded == 0


def test_what_is_excluded_is_counted():
    assert (
        listing(known("a.jpg"), known("._a.jpg", 2, state="excluded", content=None)).excluded == 1
    )


def test_what_is_gone_is_no_part_of_a_listing():
    assert listing(known("a.jpg"), known("b.jpg", 2, state="gone")) == listing(known("a.jpg"))


@pytest.mark.parametrize(
    "odd",
    [
        known("b.jpg", 2, state="unreadable", content=None),
        known("b.jpg", 2, state="excluded", content=None),
        known("._b.jpg", 2),
        known("b.jpg", 2, is_outdated=True),
    ],
    ids=["never read", "no longer excluded", "excluded since", "read by an older reader"],
)
def test_one_file_with_something_to_do_keeps_its_folder_from_that(odd):
    assert listing(known("a.jpg"), odd) is None


def test_a_file_that_may_still_change_within_its_tick_keeps_its_folder_from_that():
    changed = stamp().ctime_ns

    assert listing(known(), before_ns=changed) is None
    assert listing(known(), before_ns=changed + 1) is not None


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
