"""What stands in the tree without a source: README.txt, and `.mediafs` with how the mount does.

`.mediafs` is found by its name but not listed, as .zfs and .mergerfs are: who copies or walks
the whole tree must not meet files that are different each time.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from indexer.catalog.rows import Attributes, TreeEntry
from indexer.paths import fold
from mediafs.vfs import readme
from mediafs.vfs.errors import IsADirectory, NoSuchEntry, NotADirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT_INODE = 1
README, FOLDER, STATUS, METRICS = 1025, 1026, 1027, 1028

# Where each stands, under which name; its cookie there is its number of the README's, plus 3.
_PLACES = {
    README: (ROOT_INODE, readme.README_NAME),
    FOLDER: (ROOT_INODE, b".mediafs"),
    STATUS: (FOLDER, b"status.json"),
    METRICS: (FOLDER, b"metrics"),
}
_BY_NAME = {(parent, fold(name)): inode for inode, (parent, name) in _PLACES.items()}
_FIRST_COOKIE = 3
_LISTED = {ROOT_INODE: (README,), FOLDER: (STATUS, METRICS)}
_VOLATILE = frozenset({STATUS, METRICS})
# The status names folders; the metrics are numbers, which whoever collects them may see.
_MODES = {README: 0o444, STATUS: 0o400, METRICS: 0o444}


def is_volatile(inode: int) -> bool:
    """Whether a file's size and bytes may be others at each look, so that no cache may hold them."""
    return inode in _VOLATILE


class Builtin:
    """The built-in files of one mount; `texts` are made anew for each question."""

    def __init__(self, texts: Mapping[int, Callable[[], bytes]]) -> None:
        self._texts = {README: lambda: readme.README, **texts}
        self._since_ns = time.time_ns()

    def holds(self, inode: int) -> bool:
        """Whether the number is one of ours."""
        return inode in _PLACES

    def find(self, parent: int, name: bytes) -> TreeEntry | None:
        """The entry of this name in any spelling, if it is one of ours."""
        inode = _BY_NAME.get((parent, fold(name)))
        return None if inode is None else self._entry(inode)

    def listed(self, directory: int, after: int) -> list[TreeEntry]:
        """What a directory shows of ours, from after a cookie."""
        entries = [self._entry(inode) for inode in _LISTED.get(directory, ())]
        return [entry for entry in entries if entry.cookie > after]

    def parent(self, inode: int) -> int:
        """The directory above ours. Raises NotADirectory."""
        if inode != FOLDER:
            raise NotADirectory(inode)
        return _PLACES[inode][0]

    def text(self, inode: int) -> bytes:
        """The bytes of a file. Raises IsADirectory."""
        if inode not in self._texts:
            raise IsADirectory(inode)
        return self._texts[inode]()

    def attributes(self, inode: int) -> Attributes:
        """Size, times, mode. Raises NoSuchEntry."""
        if inode not in _PLACES:
            raise NoSuchEntry(inode)
        is_directory = inode not in self._texts
        size = 0 if is_directory else len(self._texts[inode]())
        mtime_ns = self._mtime_ns(inode)
        return Attributes(
            inode, is_directory=is_directory, size=size, mtime_ns=mtime_ns, ctime_ns=mtime_ns,
            mode=_MODES.get(inode, 0), uid=os.getuid(), gid=os.getgid(),
            blocks=-(-size // 4096) * 8, links=2 if is_directory else 1,
        )  # fmt: skip

    def _mtime_ns(self, inode: int) -> int:
        if inode == README:
            return readme.README_MTIME_NS
        return time.time_ns() if inode in _VOLATILE else self._since_ns

    def _entry(self, inode: int) -> TreeEntry:
        cookie = _FIRST_COOKIE + inode - README
        return TreeEntry(cookie, _PLACES[inode][1], self.attributes(inode))
