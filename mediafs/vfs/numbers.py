"""By which number and generation a cache above, as the kernel's, knows each inode of the tree.

Such a cache keeps sizes and bytes by number and tells no generation when it asks, so
- a number is of one catalog: where another took its place, all have other numbers, and those
  from before are refused, however long somebody stands in a folder or holds a handle of it;
- a file whose bytes changed while somebody reads the old ones is a new inode of the same number,
  as where a file was replaced by another: until the cache looked up its name again, which brings
  the generation, the number is refused. The reader of the old bytes then gets an error, and
  neither the new ones' pages nor their end.

Linux looks up again by itself, once, where an answer to open() or stat() of a path is ESTALE.
That an answer was sent does not say that it is known: Linux takes it in where the thread goes on
that asked. So the next question of that thread is the first that may be about the new inode; what
others ask meanwhile may still be about the old one, and they must look up for themselves.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.catalog import tree
from mediafs.vfs.errors import SourceChanged

if TYPE_CHECKING:
    from indexer.catalog.rows import TreeEntry
    from mediafs.vfs.cached import Caches

# Row numbers stay far below, and 2^24 catalogs fit above.
_SHIFT: Final = 40
_ROW: Final = (1 << _SHIFT) - 1
# Where one thread looks up and another opens, as in a kernel's NFS server: an answer that was sent
# so long ago is known. Arbitrary.
_ARRIVES_SECONDS: Final = 1.0


class Outdated(SourceChanged):
    """What a number meant is no longer there, or the cache must look up its name before."""


@dataclass(slots=True)
class _Unseen:
    """A new inode of which the cache may not know yet."""

    askers: set[int] = field(default_factory=set)  # who looked it up and asked nothing since
    known_at: float = float("inf")  # by then the cache does, whoever asks


class Numbers:
    """The numbers of one catalog, the so-and-so-manyth that is shown."""

    def __init__(self, caches: Caches, incarnation: int) -> None:
        self._caches = caches
        self._above = incarnation << _SHIFT  # is added to every row's number
        # Of the numbers of which it is not 0: what had the number is another file by now.
        self.generations: dict[int, int] = {}
        self._unseen: dict[int, _Unseen] = {}  # of these, those that the cache may not know yet

    @property
    def are_rows(self) -> bool:
        """Whether every number is the row's own."""
        return not self._above

    def of(self, inode: int) -> int:
        """The number of an inode."""
        return inode if inode <= tree.LAST_BUILTIN_INODE else inode + self._above

    def inode(self, number: int) -> int:
        """The inode with a number. Raises Outdated."""
        if number <= tree.LAST_BUILTIN_INODE:
            return number
        if number - self._above != number & _ROW:
            raise Outdated(number)
        return number & _ROW

    def listed(self, entries: list[TreeEntry]) -> list[TreeEntry]:
        """As the cache is to know them."""
        sizes = self._caches.sizes
        if sizes:
            for entry in entries:
                found = entry.attributes
                if tree.file_of_inode(found.inode) in sizes:
                    self._renew_if_other(found.inode, found.size)
        return entries if self.are_rows else [self._numbered(entry) for entry in entries]

    def looked_up(self, entry: TreeEntry, asker: int) -> TreeEntry:
        """The same of one that a thread asks for by name: it knows what that is when it goes on."""
        [told] = self.listed([entry])
        unseen = self._unseen.get(told.attributes.inode)
        if unseen is not None:
            if not unseen.askers:
                unseen.known_at = time.monotonic() + _ARRIVES_SECONDS
            unseen.askers.add(asker)
        return told

    def generation(self, number: int) -> int:
        """The generation that is told with a number."""
        return self.generations.get(number, 0)

    def admit(self, number: int, asker: int, size: int | None = None) -> int:
        """The generation of the inode that a thread asks about, which must be the newest.

        To be asked before anything is waited for, while questions are in their order. `size` is
        that of its bytes, where the cache is about to be told. Raises Outdated.
        """
        self._renew_if_other(self.inode(number), size)
        unseen = self._unseen.get(number)
        if unseen is not None:
            if asker not in unseen.askers and time.monotonic() < unseen.known_at:
                raise Outdated(number)
            del self._unseen[number]
        return self.generation(number)

    def confirm(self, number: int, generation: int) -> None:
        """Raise Outdated if an inode that was admitted is no longer what its number means."""
        self._renew_if_other(self.inode(number), None)
        if self.generation(number) != generation:
            raise Outdated(number)

    def _numbered(self, entry: TreeEntry) -> TreeEntry:
        found = entry.attributes
        return entry._replace(attributes=found._replace(inode=self.of(found.inode)))

    def _renew_if_other(self, inode: int, size: int | None) -> None:
        """Where somebody reads other bytes of a file than it has now."""
        file, caches = tree.file_of_inode(inode), self._caches
        if file is None or file not in caches.sizes:
            return
        if caches.is_mixed(file) or size not in {None, caches.sizes[file]}:
            caches.renew(file)
            number = self.of(inode)
            if number not in self._unseen:
                self.generations[number] = self.generation(number) + 1
                self._unseen[number] = _Unseen()
