"""Notice that the catalog changed, and say what a cache above must forget. O(changed).

Looks only; telling a kernel is the adapter's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.catalog import facts, tree

if TYPE_CHECKING:
    import apsw

    from indexer.catalog.rows import ChangeRow
    from indexer.model import Generation, TreeDirectoryId

ROOT_INODE = 1


def inode_of(directory: TreeDirectoryId) -> int:
    """The number of a directory; the top of the tree is 1, as kernels want it."""
    return ROOT_INODE if directory == tree.TREE_ROOT else tree.inode_of_directory(directory)


@dataclass(slots=True)
class Forget:
    """What is no longer true in a cache of names, attributes and bytes."""

    names: dict[tuple[int, bytes], None] = field(default_factory=dict)  # (parent inode, name)
    attributes: dict[int, None] = field(default_factory=dict)  # inodes
    bytes: dict[int, None] = field(default_factory=dict)  # inodes, their attributes included


class Refresh:
    """Follows the generations of one catalog."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._version = int(db.pragma("data_version"))
        self.generation: Generation = facts.generation(db)
        self.is_pending = facts.is_pending(db)

    def has_news(self) -> bool:
        """Whether another process wrote anything since the last look; a microsecond."""
        return int(self._db.pragma("data_version")) != self._version

    def look(self) -> Forget | None:
        """What changed since the last look; None: nothing that anyone could have seen."""
        if not self.has_news():
            return None
        forget: Forget | None = None
        # In one transaction, or the generation could be newer than the changes.
        with self._db:
            self._version = int(self._db.pragma("data_version"))
            self.is_pending = facts.is_pending(self._db)
            seen, self.generation = self.generation, facts.generation(self._db)
            if self.generation != seen:
                forget = self._changes(seen)
        return forget

    def everything(self) -> Forget:
        """All that a cache may hold: with the names at the top goes what is below them."""
        forget = Forget()
        self._note_top(forget)
        return forget

    def _changes(self, seen: Generation) -> Forget:
        forget = Forget()
        above: set[TreeDirectoryId] = set()
        for change in tree.changes_since(self._db, seen):
            _note(forget, change)
            above.add(change.parent)
        self._note_directories(forget, above)
        # Some of the changes in between may have been thinned out.
        if tree.oldest_change(self._db) > seen + 1:
            self._note_top(forget)
        return forget

    def _note_directories(self, forget: Forget, changed: set[TreeDirectoryId]) -> None:
        """The times of all directories up to the top follow from what is below them."""
        for directory in changed:
            here: TreeDirectoryId | None = directory
            while here is not None and inode_of(here) not in forget.attributes:
                forget.attributes[inode_of(here)] = None
                here = tree.parent_of(self._db, here)

    def _note_top(self, forget: Forget) -> None:
        forget.attributes[ROOT_INODE] = None
        for entry in tree.listing(self._db, tree.TREE_ROOT, 0, 1000):
            forget.names[ROOT_INODE, entry.name] = None


def _note(forget: Forget, change: ChangeRow) -> None:
    if change.what != "touched":
        forget.names[inode_of(change.parent), change.name] = None
    # Where a name came or went, the file's number of links did too.
    target = forget.bytes if change.what == "touched" else forget.attributes
    for file in (change.old_file, change.new_file):
        if file is not None:
            target[tree.inode_of_file(file)] = None
