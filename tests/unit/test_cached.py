"""What a cache above us may hold of each file, step by step; in any order: property/test_cached."""

from __future__ import annotations

from indexer.model import ContentId, FileId
from mediafs.vfs.cached import Caches

FILE, ONE, OTHER = FileId(1), FileId(10), FileId(11)
CONTENT = ContentId(20)


def read_and_close(caches: Caches, file: FileId) -> None:
    caches.open(file, CONTENT, file).give(file)
    caches.release(file)


def test_a_page_given_to_another_since_the_file_was_opened_is_known_to_be_there():
    caches = Caches()
    first = caches.open(FILE, CONTENT, ONE)
    first.give(ONE)
    second = caches.open(FILE, CONTENT, OTHER)  # and the cache drops what it has
    first.give(ONE)

    second.give(OTHER)

    assert not caches.open(FILE, CONTENT, OTHER).is_as_before


def test_of_files_that_nobody_has_open_the_one_closed_first_is_forgotten():
    caches = Caches(remembered=2)
    files = [FileId(number) for number in (1, 2, 3)]
    for file in files:
        read_and_close(caches, file)

    kept = [caches.open(file, CONTENT, file).is_as_before for file in files]

    assert kept == [False, True, True]


def test_a_file_that_was_opened_again_is_not_the_one_closed_first():
    caches = Caches(remembered=2)
    one, two, three = (FileId(number) for number in (1, 2, 3))
    for file in (one, two, one, three):
        read_and_close(caches, file)

    assert caches.open(one, CONTENT, one).is_as_before
    assert not caches.open(two, CONTENT, two).is_as_before


def test_what_was_dropped_once_is_not_dropped_again():
    caches = Caches()
    caches.open(FILE, CONTENT, ONE).give(ONE)

    assert list(caches.drop(lambda *_origin: True)) == [FILE]
    assert list(caches.drop(lambda *_origin: True)) == []


def test_of_two_files_out_of_one_source_the_other_is_dropped_where_one_is_already():
    caches = Caches()
    other = FileId(2)
    for file in (FILE, other):
        caches.open(file, CONTENT, ONE).give(ONE)
    caches.renew(FILE)

    assert list(caches.drop(lambda *_origin: True, {ONE})) == [other]


def test_a_file_that_nobody_has_open_any_more_is_not_of_two_contents():
    caches = Caches()
    caches.open(FILE, CONTENT, ONE).give(ONE)
    caches.open(FILE, ContentId(21), ONE)
    assert caches.is_mixed(FILE)
    for _ in range(2):
        caches.release(FILE)

    caches.open(FILE, CONTENT, ONE)

    assert not caches.is_mixed(FILE)
