"""Names of the tree from rows that have no files, and what the tree answers about them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import apsw
from make_catalog import Status

from indexer.catalog import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from make_catalog import CatalogMaker

    from mediafs.vfs import VirtualFS


def rows(maker: CatalogMaker, *places: str, size: int = 1000) -> None:
    """A row for each place; no file behind it."""
    known = facts.roots(maker.db)
    root = known[0].id if known else maker.root(maker.path.parent / "photos")
    for place in places:
        number = maker.db.execute("SELECT count(*) FROM file").get + 1
        status = Status(size, number * 10**9, number * 10**9, number)
        maker.place(place, maker.row(root, b"%d.jpg" % number, status, number.to_bytes(32, "big")))
    maker.publish()


def names(vfs: VirtualFS, directory: int = 1, page: int = 1000) -> list[bytes]:
    """Every name, asked a page at a time."""
    found, after = [], 0
    while entries := vfs.children(directory, after, page):
        found += [entry.name for entry in entries]
        after = entries[-1].cookie
    return found


def inode(vfs: VirtualFS, path: str) -> int:
    """The number of what stands at a path."""
    here = 1
    for name in path.split("/"):
        here = vfs.child(here, name.encode()).attributes.inode
    return here


@contextlib.contextmanager
def counting(vfs: VirtualFS) -> Iterator[list[str]]:
    """The queries that are asked meanwhile."""
    asked: list[str] = []
    vfs._db.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    yield asked
    vfs._db.trace_v2(0)
