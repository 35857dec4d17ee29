"""An open directory: resumes after any name, also after a refresh.

The kernel takes a listing in pieces of its own size; names are asked from the tree a page at
a time. A cookie is the number of the name's row, never used twice, so a name that came or
went in between makes no other name appear twice or not at all.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from indexer.catalog.rows import Attributes, TreeEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mediafs.vfs import VirtualFS

# Arbitrary: at 2 microseconds a name, the loop is busy for 1 ms.
_PAGE = 500
_DOT, _DOTS = 1, 2  # cookies; the first of a name is 3


class Listing:
    """One opendir()."""

    def __init__(self, vfs: VirtualFS, inode: int) -> None:
        """Raises NoSuchEntry, NotADirectory."""
        self._vfs = vfs
        self._inode = inode
        self._above = vfs.parent(inode)
        self._page: list[TreeEntry] = []
        self._page_after = 0  # the cookie that the page begins after
        self._is_last = False  # no name comes after the page
        self._next = 0  # index in the page of the first name not taken yet
        self._taken = 0  # cookie of the last name taken
        self._epoch = vfs.epoch

    def after(self, cookie: int) -> Sequence[TreeEntry]:
        """The next names after a cookie, some at a time; empty at the end."""
        if cookie != self._taken or self._epoch != self._vfs.epoch:
            self._seek(cookie)
        if self._taken < _DOTS:
            return self._dots()
        if self._next == len(self._page) and not self._is_last:
            self._page = self._vfs.children(self._inode, self._taken, _PAGE)
            self._page_after, self._next = self._taken, 0
            self._is_last = len(self._page) < _PAGE
        rest = self._page[self._next :]
        if not rest:
            # The kernel tells of a closed directory in the background, twelve at a time: under 48
            # walkers thousands of read listings waited for that, with a page each (100 MB).
            self._page, self._next = [], 0
        return rest

    def took(self, count: int) -> None:
        """So many of the names last given were taken."""
        if self._taken < _DOTS:
            self._taken += count
        elif count:
            self._next += count
            self._taken = self._page[self._next - 1].cookie

    def _seek(self, cookie: int) -> None:
        is_same_tree = self._epoch == self._vfs.epoch
        if is_same_tree and self._page and self._page_after <= cookie <= self._page[-1].cookie:
            # The kernel takes what its reader has room for and asks for the rest anew.
            self._next = bisect_right(self._page, cookie, key=attrgetter("cookie"))
        else:
            # Elsewhere, or the page is from before a refresh: its files may have changed, and
            # the kernel must not be told again what it was just told to forget.
            self._page, self._next, self._is_last = [], 0, False
            self._epoch = self._vfs.epoch
        self._taken = cookie

    def _dots(self) -> Sequence[TreeEntry]:
        dots = (
            TreeEntry(_DOT, b".", _dot(self._inode)),
            TreeEntry(_DOTS, b"..", _dot(self._above)),
        )
        return dots[self._taken :]


def _dot(inode: int) -> Attributes:
    """Of `.` and `..` only number and type are looked at; the kernel knows the rest."""
    return Attributes(
        inode, is_directory=True, size=0, mtime_ns=0, ctime_ns=0, mode=0, uid=0, gid=0, blocks=0,
        links=2,
    )  # fmt: skip
