"""Notice that the catalog changed, and say what a cache above must forget. O(changed).

Looks only; telling a kernel is the adapter's business.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import apsw

from indexer.catalog import generations, open_reader, tree
from indexer.errors import MediafsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from indexer.catalog.rows import ChangeRow
    from indexer.model import Generation, TreeDirectoryId
    from mediafs.vfs.numbers import Numbers

log = logging.getLogger(__name__)

ROOT_INODE = 1
# So many changes are told at a time: the loop is held up for about 10 ms. Arbitrary.
_AT_ONCE = 2_000
_TOP_NAMES = 1000


def inode_of(directory: TreeDirectoryId) -> int:
    """The number of a directory; the top of the tree is 1, as kernels want it."""
    return ROOT_INODE if directory == tree.TREE_ROOT else tree.inode_of_directory(directory)


@dataclass(slots=True)
class Forget:
    """What is no longer true in a cache of names, attributes and bytes."""

    names: dict[tuple[int, bytes], None] = field(default_factory=dict)  # (parent inode, name)
    attributes: dict[int, None] = field(default_factory=dict)  # inodes
    bytes: dict[int, None] = field(default_factory=dict)  # inodes, their attributes included
    is_all: bool = False  # what changed is not known name by name

    def files(self) -> set[int]:
        """The inodes of files that changed, and of directories."""
        return self.attributes.keys() | self.bytes.keys()

    def by_number(self, numbers: Numbers) -> Forget:
        """The same in the numbers by which a cache knows the inodes."""
        return Forget(
            {(numbers.of(parent), name): None for parent, name in self.names},
            {numbers.of(inode): None for inode in self.attributes},
            {numbers.of(inode): None for inode in self.bytes},
            self.is_all,
        )


class Refresh:
    """Follows the generations of one catalog."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        with db:
            self._version = int(db.pragma("data_version"))
            self.generation: Generation = generations.newest(db)
            self.is_pending = generations.is_pending(db)
            self._told = self._last = tree.last_change(db)  # changes, by their numbers

    def has_news(self) -> bool:
        """Whether another process wrote anything since the last look; 8 microseconds."""
        return int(self._db.pragma("data_version")) != self._version

    def look(self) -> Forget | None:
        """What changed since the last look; None: nothing that anyone could have seen.

        Much is told in parts: ask until there is None.
        """
        if self._told == self._last and not self.has_news():
            return None
        forget: Forget | None = None
        # In one transaction, or the generation could be newer than the changes.
        with self._db:
            self._version = int(self._db.pragma("data_version"))
            self.is_pending = generations.is_pending(self._db)
            seen, self.generation = self.generation, generations.newest(self._db)
            if self.generation != seen or self._told != self._last:
                self._last = tree.last_change(self._db)
                forget = self._next_changes()
        return forget

    def everything(self) -> Forget:
        """All that a cache may hold: with the names at the top goes what is below them."""
        forget = Forget()
        self._note_top(forget)
        return forget

    def _next_changes(self) -> Forget:
        forget = Forget()
        changes = tree.changes_after(self._db, self._told, _AT_ONCE)
        first = changes[0][0] if changes else self._last + 1
        if first > self._told + 1:
            self._note_top(forget)  # what was in between was thinned out
        _note(forget, (change for _, change in changes))
        self._note_directories(forget, {change.parent for _, change in changes})
        self._told = changes[-1][0] if changes else self._last
        return forget

    def _note_directories(self, forget: Forget, changed: set[TreeDirectoryId]) -> None:
        """The times of all directories up to the top follow from what is below them."""
        for directory in changed:
            here: TreeDirectoryId | None = directory
            while here is not None and inode_of(here) not in forget.attributes:
                forget.attributes[inode_of(here)] = None
                here = tree.parent_of(self._db, here)

    def _note_top(self, forget: Forget) -> None:
        forget.is_all = True
        forget.attributes[ROOT_INODE] = None
        for entry in tree.listing(self._db, tree.TREE_ROOT, 0, _TOP_NAMES):
            forget.names[ROOT_INODE, entry.name] = None


def _note(forget: Forget, changes: Iterable[ChangeRow]) -> None:
    for change in changes:
        if change.what != "touched":
            forget.names[inode_of(change.parent), change.name] = None
        # Where a name came or went, the file's number of links did too.
        target = forget.bytes if change.what == "touched" else forget.attributes
        for file in (change.old_file, change.new_file):
            if file is not None:
                target[tree.inode_of_file(file)] = None


class Place:
    """The path of a catalog, where another file may come to stand."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._refused: tuple[int, int] | None = None

    def open(self) -> apsw.Connection:
        """The catalog that stands there. Raises the Catalog… errors."""
        self._identity = self._look()
        return open_reader(self._path)

    def open_other(self) -> apsw.Connection | None:
        """Another catalog that took its place, as soon as it has a tree to show.

        What cannot be shown is said once, and the one before goes on being served.
        """
        now = self._look()
        if now is None or now == self._identity:
            return None
        try:
            db = open_reader(self._path)
            is_ready = bool(generations.newest(db))
        except (MediafsError, apsw.Error) as exc:
            if now != self._refused:
                log.warning("The catalog that was mounted is shown as before: %s", exc)
            self._refused = now
            return None
        if not is_ready:
            db.close()
            return None
        self._identity = now
        return db

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
