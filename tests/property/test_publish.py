"""A tree that grew step by step equals one that was made at once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builders import Catalog, digest, reading
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog.rows import Placed
from indexer.catalog.tree import inode_of_file

if TYPE_CHECKING:
    from indexer.model import FileId

_FILES = 4
_PATHS = ("a", "b", "A", "a/x", "a/y", "b/x/deep", "b/x/deeper", "c/é", "c/e\u0301", "d\udce9/x")

# A tree is wanted as path to the number of a file; a path is never also another's directory.
_WANTED = st.dictionaries(
    st.sampled_from(_PATHS), st.integers(0, _FILES - 1), max_size=len(_PATHS)
).filter(lambda wanted: not any(b.startswith(a + "/") for a in wanted for b in wanted))


def placed(wanted: dict[str, int], files: list[FileId]) -> list[Placed]:
    split = (
        (f"view/{path}".encode("utf-8", "surrogateescape").rpartition(b"/"), number)
        for path, number in wanted.items()
    )
    return [Placed(directory, name, files[number]) for (directory, _, name), number in split]


def with_files(folder: str) -> tuple[Catalog, list[FileId]]:
    catalog = Catalog(Path(folder))
    root = catalog.root()
    files = [
        catalog.put(root, f"{i}.jpg", reading(number=i, blake3=digest(i)), mtime_ns=i + 1)
        for i in range(_FILES)
    ]
    return catalog, files


def shape(catalog: Catalog) -> dict[bytes, tuple[object, ...]]:
    """What a program sees at each path, but for the numbers of rows and when they were made."""
    seen = {}
    for path, entry in catalog.entries():
        a = entry.attributes
        inode = None if a.is_directory else a.inode
        seen[path] = (a.is_directory, inode, a.size, a.mtime_ns, a.links, a.blocks)
    return seen


@given(st.lists(_WANTED, min_size=1, max_size=5))
def test_steps_end_where_one_step_does(steps):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        grown, files = with_files(one)
        for wanted in steps:
            grown.show(placed(wanted, files))
        made, _ = with_files(other)
        made.show(placed(steps[-1], files))

        assert shape(grown) == shape(made)
        grown.close()
        made.close()


@given(_WANTED, _WANTED)
def test_what_stays_keeps_its_row_and_what_changes_is_told(before, after):
    with tempfile.TemporaryDirectory() as folder:
        catalog, files = with_files(folder)
        catalog.show(placed(before, files))
        first = dict(catalog.entries())
        generation = catalog.show(placed(after, files))
        second = dict(catalog.entries())
        told = {
            bytes(path): what
            for path, what in catalog.db.execute(
                "SELECT path, what FROM change WHERE generation_id = ?", (generation,)
            )
        }
        catalog.close()

    for path in first.keys() & second.keys():
        one, other = first[path], second[path]
        if one.attributes.inode == other.attributes.inode:
            assert one.cookie == other.cookie
            assert path not in told
        else:
            assert other.cookie > one.cookie
            assert path in told
    assert first.keys() ^ second.keys() <= told.keys()


@given(st.lists(_WANTED, min_size=1, max_size=5))
def test_a_file_has_one_inode_for_ever(steps):
    with tempfile.TemporaryDirectory() as folder:
        catalog, files = with_files(folder)
        for wanted in steps:
            catalog.show(placed(wanted, files))
            shown = dict(catalog.entries())
            for path, number in wanted.items():
                entry = shown[f"view/{path}".encode("utf-8", "surrogateescape")]
                assert entry.attributes.inode == inode_of_file(files[number])
        catalog.close()


@given(st.lists(_WANTED, min_size=1, max_size=5))
def test_no_cookie_is_ever_another_names(steps):
    owner: dict[int, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        catalog, files = with_files(folder)
        for wanted in steps:
            catalog.show(placed(wanted, files))
            for path, entry in catalog.entries():
                assert owner.setdefault(entry.cookie, path) == path
        catalog.close()
