"""Publishing: what stays keeps its row, inode and cookie; what differs is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import Catalog, digest, reading

from indexer.catalog import generations, tree
from indexer.catalog.publishing import Publishing
from indexer.catalog.rows import ChangeRow, Placed

if TYPE_CHECKING:
    from indexer.model import FileId, Generation, TreeDirectoryId


@pytest.fixture
def catalog(tmp_path):
    made = Catalog(tmp_path)
    yield made
    made.close()


@pytest.fixture
def files(catalog) -> list[FileId]:
    """Four files with mtimes of 1, 2, 3 and 4 seconds."""
    root = catalog.root()
    return [
        catalog.put(root, f"{i}.jpg", reading(number=i, blake3=digest(i)), mtime_ns=i * 10**9)
        for i in range(1, 5)
    ]


def placed(path: str, file: FileId) -> Placed:
    directory, _, name = path.encode().rpartition(b"/")
    return Placed(directory, name, file)


def rows(catalog: Catalog) -> dict[bytes, tuple[int, int]]:
    """Path to cookie and inode."""
    return {path: (e.cookie, e.attributes.inode) for path, e in catalog.entries()}


def rows_of_changes(catalog: Catalog, generation: Generation) -> list[ChangeRow]:
    every = (change for _, change in tree.changes_after(catalog.db, 0, 1000))
    return [change for change in every if change.generation == generation]


def changes(catalog: Catalog, generation: Generation) -> list[tuple[bytes, str]]:
    return sorted((change.path, change.what) for change in rows_of_changes(catalog, generation))


def directory(catalog: Catalog, path: bytes) -> TreeDirectoryId:
    inode = dict(catalog.entries())[path].attributes.inode
    number = tree.directory_of_inode(inode)
    assert number is not None
    return number


def times(catalog: Catalog) -> dict[bytes, int]:
    """Path of each directory to its mtime in seconds."""
    return {
        path: entry.attributes.mtime_ns // 10**9
        for path, entry in catalog.entries()
        if entry.attributes.is_directory
    }


def test_the_tree_shows_exactly_what_is_wanted(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0]), placed("v/2.jpg", files[1])])

    assert catalog.files() == {b"v/a/1.jpg": files[0], b"v/2.jpg": files[1]}
    assert catalog.broken() == [] or all(
        "conservation" in b or "true-tree" in b for b in catalog.broken()
    )


def test_every_view_has_its_directory_even_when_it_is_empty(catalog, files):
    catalog.show([], [b"by-date", b"edits"])

    assert sorted(rows(catalog)) == [b"by-date", b"edits"]


def test_publishing_the_same_again_changes_no_row(catalog, files):
    wanted = [placed("v/a/1.jpg", files[0]), placed("v/2.jpg", files[1])]
    catalog.show(wanted)
    before = sorted(catalog.entries())

    generation = catalog.show(wanted[::-1])
    assert sorted(catalog.entries()) == before
    assert changes(catalog, generation) == []


def test_names_that_stay_keep_row_inode_and_cookie(catalog, files):
    stays = placed("v/1.jpg", files[0])
    catalog.show([stays, placed("v/2.jpg", files[1])])
    before = rows(catalog)[b"v/1.jpg"]
    catalog.show([placed("v/0.jpg", files[2]), stays])

    assert rows(catalog)[b"v/1.jpg"] == before


def test_a_name_that_shows_another_file_gets_a_new_row(catalog, files):
    catalog.show([placed("v/1.jpg", files[0])])
    before = rows(catalog)[b"v/1.jpg"]
    generation = catalog.show([placed("v/1.jpg", files[1])])

    cookie, inode = rows(catalog)[b"v/1.jpg"]
    assert cookie > before[0]
    assert inode == tree.inode_of_file(files[1])
    assert changes(catalog, generation) == [(b"v/1.jpg", "replaced")]


def test_cookies_are_never_given_twice(catalog, files):
    catalog.show([placed("v/1.jpg", files[0])])
    before = rows(catalog)[b"v/1.jpg"][0]
    catalog.show([])
    catalog.show([placed("v/1.jpg", files[0])])

    assert rows(catalog)[b"v/1.jpg"][0] > before


def test_a_file_has_one_inode_under_all_its_names(catalog, files):
    catalog.show([placed("v/1.jpg", files[0]), placed("w/x/one.jpg", files[0])])
    entries = dict(catalog.entries())

    assert entries[b"v/1.jpg"].attributes == entries[b"w/x/one.jpg"].attributes
    assert entries[b"v/1.jpg"].attributes.links == 2


def test_every_difference_is_told(catalog, files):
    catalog.show([placed("v/1.jpg", files[0]), placed("v/2.jpg", files[1])])
    generation = catalog.show([placed("v/1.jpg", files[2]), placed("v/new/4.jpg", files[3])])

    assert changes(catalog, generation) == [
        (b"v/1.jpg", "replaced"),
        (b"v/2.jpg", "removed"),
        (b"v/new", "added"),
        (b"v/new/4.jpg", "added"),
    ]


def test_a_change_names_the_directory_and_both_files(catalog, files):
    catalog.show([placed("v/1.jpg", files[0])])
    generation = catalog.show([placed("v/1.jpg", files[1])])

    [change] = rows_of_changes(catalog, generation)
    assert (change.view, change.parent, change.name) == ("v", directory(catalog, b"v"), b"1.jpg")
    assert (change.old_file, change.new_file) == (files[0], files[1])


def test_a_file_with_other_bytes_is_touched_where_it_stands(catalog, files):
    catalog.show([placed("v/1.jpg", files[0])])
    changed = catalog.put(1, "1.jpg", reading(number=9), size=77)
    generation = catalog.show([placed("v/1.jpg", files[0])])

    assert changed == files[0]
    assert changes(catalog, generation) == [(b"v/1.jpg", "touched")]
    assert dict(catalog.entries())[b"v/1.jpg"].attributes.size == 77


def test_a_directory_is_as_new_as_the_newest_file_below_it(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0]), placed("v/b/3.jpg", files[2])])

    assert times(catalog) == {b"v": 3, b"v/a": 1, b"v/b": 3}


def test_a_directorys_time_does_not_depend_on_when_it_was_published(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0]), placed("v/a/4.jpg", files[3])])
    catalog.show([placed("v/a/1.jpg", files[0])])

    assert times(catalog) == {b"v": 1, b"v/a": 1}


def test_a_directory_that_nobody_wants_is_removed_with_its_empty_parents(catalog, files):
    catalog.show([placed("v/a/b/c/1.jpg", files[0]), placed("v/2.jpg", files[1])])
    generation = catalog.show([placed("v/2.jpg", files[1])])

    assert sorted(rows(catalog)) == [b"v", b"v/2.jpg"]
    assert (b"v/a", "removed") in changes(catalog, generation)


def test_a_directory_counts_the_directories_in_it(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0]), placed("v/b/2.jpg", files[1])])
    assert dict(catalog.entries())[b"v"].attributes.links == 4

    catalog.show([placed("v/a/1.jpg", files[0])])
    assert dict(catalog.entries())[b"v"].attributes.links == 3


def test_a_file_may_become_a_directory_of_its_name(catalog, files):
    catalog.show([placed("v/x", files[0])])
    catalog.show([placed("v/x/2.jpg", files[1])])

    assert catalog.files() == {b"v/x/2.jpg": files[1]}


def test_a_directory_may_become_a_file_of_its_name(catalog, files):
    catalog.show([placed("v/x/y/1.jpg", files[0]), placed("v/x/2.jpg", files[1])])
    catalog.show([placed("v/x", files[2])])

    assert catalog.files() == {b"v/x": files[2]}


def test_two_names_that_differ_in_case_are_two_names(catalog, files):
    catalog.show([placed("v/a.jpg", files[0]), placed("v/A.JPG", files[1])])
    v = directory(catalog, b"v")

    assert tree.entry(catalog.db, v, b"A.JPG") is not None
    assert tree.entry(catalog.db, v, b"a.JPG") is None


def test_a_directory_whose_listing_changed_says_so_in_its_ctime(catalog, files):
    catalog.show([placed("v/1.jpg", files[0]), placed("w/2.jpg", files[1])])
    before = {path: entry.attributes.ctime_ns for path, entry in catalog.entries()}
    catalog.show(
        [placed("v/1.jpg", files[0]), placed("w/2.jpg", files[1]), placed("w/3.jpg", files[2])]
    )

    after = {path: entry.attributes.ctime_ns for path, entry in catalog.entries()}
    assert after[b"v"] == before[b"v"]
    assert after[b"w"] > before[b"w"]


def follow(catalog: Catalog, files: list[FileId], *wanted: Placed) -> Generation:
    """Commit a generation in which the names of these files alone may be others."""
    with catalog.db:
        number = catalog.coming
        Publishing(catalog.db, number, files).show(wanted, [b"v"])
        generations.commit(
            catalog.db, number, command="index", version="0", raw_companion="beside", summary="{}"
        )
    return number


def test_names_of_other_files_are_left_alone(catalog, files):
    catalog.show([placed("v/1.jpg", files[0]), placed("v/a/2.jpg", files[1])])
    before = rows(catalog)
    generation = follow(catalog, [files[2]], placed("v/3.jpg", files[2]))

    assert {path: rows(catalog)[path] for path in before} == before
    assert changes(catalog, generation) == [(b"v/3.jpg", "added")]


def test_a_file_that_is_followed_loses_the_names_that_are_not_wanted(catalog, files):
    catalog.show([placed("v/1.jpg", files[0]), placed("v/a/1.jpg", files[0])])
    generation = follow(catalog, [files[0]], placed("v/1.jpg", files[0]))

    assert changes(catalog, generation) == [(b"v/a", "removed"), (b"v/a/1.jpg", "removed")]


def test_times_follow_what_left(catalog, files):
    catalog.show([placed(f"v/a/{i}.jpg", files[i]) for i in range(4)])
    assert times(catalog) == {b"v": 4, b"v/a": 4}

    follow(catalog, [files[3]])
    assert times(catalog) == {b"v": 3, b"v/a": 3}
    follow(catalog, [files[0]])
    assert times(catalog) == {b"v": 3, b"v/a": 3}


def test_times_follow_a_file_that_became_older(catalog, files):
    catalog.show([placed("v/a/3.jpg", files[2]), placed("v/b/4.jpg", files[3])])
    with catalog.db:
        catalog.put(1, "4.jpg", reading(number=4, blake3=digest(4)), mtime_ns=1)
    follow(catalog, [files[3]], placed("v/b/4.jpg", files[3]))

    assert times(catalog) == {b"v": 3, b"v/a": 3, b"v/b": 0}


def test_times_follow_a_newer_file_that_comes(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0])])
    before = dict(catalog.entries())[b"v"].attributes

    follow(catalog, [files[1]], placed("v/a/2.jpg", files[1]))

    after = dict(catalog.entries())[b"v"].attributes
    assert times(catalog) == {b"v": 2, b"v/a": 2}
    assert after.ctime_ns > before.ctime_ns  # its own listing is as it was, its time is not


def test_times_follow_a_directory_that_left(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0]), placed("v/b/4.jpg", files[3])])

    follow(catalog, [files[3]])

    assert times(catalog) == {b"v": 1, b"v/a": 1}


def test_a_view_stays_when_the_last_of_it_leaves(catalog, files):
    catalog.show([placed("v/a/1.jpg", files[0])], [b"v"])
    follow(catalog, [files[0]])

    assert sorted(rows(catalog)) == [b"v"]
