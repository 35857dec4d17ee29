"""VirtualFS: what is in the tree, for every protocol. Read-only, and nothing here waits
except for the bytes of files.

Directories are asked from the catalog one short indexed query at a time, on the loop's own
thread (measured: 2 microseconds a name; a thread would cost more than it saves), and no query
stays open while anything waits. What is not here: FUSE, HTTP, and where bytes come from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trio

import mediafs
from indexer.catalog import facts, open_reader, suspects, tree
from indexer.paths import display
from mediafs.vfs import builtin, status, xattrs
from mediafs.vfs.builtin import Builtin, is_volatile
from mediafs.vfs.content import Content, Counts, OpenFile
from mediafs.vfs.errors import IsADirectory, NoSuchAttribute, NoSuchEntry, NotADirectory
from mediafs.vfs.noise import is_noise
from mediafs.vfs.numbers import Numbers, Outdated
from mediafs.vfs.open_text import OpenText
from mediafs.vfs.refresh import ROOT_INODE, Forget, Place, Refresh, inode_of
from mediafs.vfs.status import RootStatus, Statistics, Status, Totals
from mediafs.vfs.suspects import Suspects
from mediafs.vfs.xattrs import PRIVATE_XATTRS

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import Attributes, TreeEntry
    from indexer.model import TreeDirectoryId

__all__ = [
    "PRIVATE_XATTRS",
    "ROOT_INODE",
    "Handle",
    "OpenText",
    "Statistics",
    "Totals",
    "VirtualFS",
    "is_volatile",
]


Handle = OpenFile | OpenText
_WITH_BUILTIN = frozenset({ROOT_INODE, builtin.FOLDER})


class VirtualFS:
    """The tree of one catalog, as it is now; `refresh` after another process changed it."""

    def __init__(self, catalog: Path, host: str) -> None:
        """Raises the Catalog… errors."""
        self._catalog = catalog
        self._host = host
        self._counts = Counts()
        self._lookups = self._noise = self._listings = 0
        # Directories that show a name we call noise, because a person un-excluded it.
        self._noisy: set[int] = set()
        self._totals: Totals | None = None
        self._mounted = datetime.now(UTC).replace(microsecond=0)
        self._builtin = Builtin(
            {
                builtin.STATUS: lambda: status.as_json(self.status()),
                builtin.METRICS: lambda: status.as_metrics(self.status()),
            }
        )
        # The extended attributes last asked for, with inode and epoch.
        self._told: tuple[int, int, dict[bytes, bytes]] = (0, 0, {})
        self.epoch = 0  # grows with every change that a listing under way should see
        self.incarnation = 0  # grows when the catalog is replaced by another one
        self._place = Place(catalog)
        self._open_catalog(self._place.open())

    def _open_catalog(self, db: apsw.Connection) -> None:
        self._db = db
        self.suspects = Suspects(self._catalog)
        self._content = Content(db, self._host, self._counts, self.suspects.add)
        self.numbers = Numbers(self._content.caches, self.incarnation)
        self._follow = Refresh(db)

    def close(self) -> None:
        """Close the catalog; open files keep their sources."""
        self._db.close()

    # ------------------------------------------------------------------ names and attributes

    def child(self, parent: int, name: bytes, asker: int = 0) -> TreeEntry:
        """What a name in a directory is, also one spelt otherwise: the answer has the true name.

        `asker` is the thread above that asks, here and below; 0: not known.
        Raises NoSuchEntry, NotADirectory.
        """
        self._lookups += 1
        inode = self.numbers.inode(parent)
        if is_noise(name) and inode not in self._noisy:
            self._noise += 1
            raise NoSuchEntry(name)
        found = self._builtin.find(inode, name) if inode in _WITH_BUILTIN else None
        if found is None and inode != builtin.FOLDER:
            found = tree.entry(self._db, _directory(inode), name)
        if found is None:
            raise NoSuchEntry(name)
        return self.numbers.looked_up(found, asker)

    def children(self, directory: int, after: int, limit: int) -> list[TreeEntry]:
        """Some names of a directory from after a cookie (0: from the start); none: that was all.

        Up to `limit`, at the top one more.
        """
        self._listings += 1
        inode = self.numbers.inode(directory)
        if inode == builtin.FOLDER:
            return self._builtin.listed(inode, after)
        entries = tree.listing(self._db, _directory(inode), after, limit)
        if any(is_noise(entry.name) for entry in entries):
            self._noisy.add(inode)
        return self._builtin.listed(inode, after) + self.numbers.listed(entries)

    def attributes(self, number: int, asker: int = 0) -> Attributes:
        """Size, times, mode and so on. Raises NoSuchEntry, Outdated."""
        if self._builtin.holds(number):
            return self._builtin.attributes(number)
        inode = self.numbers.inode(number)
        file = tree.file_of_inode(inode)
        if file is not None:
            found = tree.file_attributes(self._db, file)
        else:
            found = tree.directory_attributes(self._db, _directory(inode))
        if found is None:
            raise NoSuchEntry(number)
        self.numbers.admit(number, asker, found.size)
        return found if found.inode == number else found._replace(inode=number)

    def parent(self, directory: int) -> int:
        """The directory above one; the top is its own. Raises NoSuchEntry, NotADirectory."""
        if directory == ROOT_INODE:
            return ROOT_INODE
        if self._builtin.holds(directory):
            return self._builtin.parent(directory)
        above = tree.parent_of(self._db, _directory(self.numbers.inode(directory)))
        if above is None:
            raise NoSuchEntry(directory)
        return self.numbers.of(inode_of(above))

    # ------------------------------------------------------------------ bytes

    async def open(self, number: int, generation: int | None = None) -> Handle:
        """Open a file for reading; the caller releases it.

        `generation` is that with which numbers.admit() let it in; None: that is asked here.
        Raises NoSuchEntry, IsADirectory, SourceChanged or SourceUnavailable.
        """
        if self._builtin.holds(number):
            if is_volatile(number):
                await self.read_totals()
                await self._content.plugged.ask_all()
            return OpenText(self._builtin.text(number))
        if generation is None:
            generation = self.numbers.admit(number, 0)
        file = tree.file_of_inode(self.numbers.inode(number))
        if file is None:
            raise IsADirectory(number)
        handle = await self._content.open(file)
        try:
            self.numbers.confirm(number, generation)
        except Outdated:
            handle.release()
            raise
        return handle

    # ------------------------------------------------------------------ extended attributes

    def xattr(self, number: int, name: bytes) -> bytes:
        """The value of an extended attribute. Raises NoSuchAttribute."""
        # `ls -l` asks every file for security.selinux and system.posix_acl_access.
        value = self._xattrs(number).get(name) if name.startswith(xattrs.PREFIX) else None
        if value is None:
            raise NoSuchAttribute(name)
        return value

    def xattrs(self, number: int) -> list[bytes]:
        """The names of the extended attributes that a file has."""
        return list(self._xattrs(number))

    def _xattrs(self, number: int) -> dict[bytes, bytes]:
        # Asked for one after the other: a list, and then each of it.
        if self._told[:2] != (number, self.epoch):
            file = tree.file_of_inode(self.numbers.inode(number))
            about = None if file is None else tree.about(self._db, file)
            self._told = (number, self.epoch, {} if about is None else xattrs.values(about))
        return self._told[2]

    # ------------------------------------------------------------------ the whole

    async def read_totals(self) -> Totals:
        """Number and size of all files; a scan of the tree, once a generation."""
        while self._totals is None:
            epoch = self.epoch
            totals = await trio.to_thread.run_sync(_totals, self._catalog)
            if epoch == self.epoch:
                self._totals = totals
        return self._totals

    def statistics(self) -> Statistics:
        """What was asked so far, and what it took."""
        counts = self._counts
        return Statistics(
            generation=self._follow.generation,
            lookups=self._lookups,
            noise=self._noise,
            listings=self._listings,
            opens=counts.opens,
            open_waits=counts.open_waits,
            reads=counts.reads,
            waits=counts.waits,
            pieces=counts.pieces,
            bytes_read=counts.bytes_read,
            failovers=counts.failovers,
            refusals=counts.refusals,
        )

    def status(self) -> Status:
        """How the mount does, for those who look after it."""
        roots = (
            RootStatus(root.id, root.label, root.path, self._content.is_root_here(root))
            for root in facts.roots(self._db)
        )
        return Status(
            version=mediafs.__version__,
            catalog=display(self._catalog),
            mounted=self._mounted.isoformat().replace("+00:00", "Z"),
            mounted_seconds=int(self._mounted.timestamp()),
            statistics=self.statistics(),
            roots=tuple(roots),
            totals=self._totals,
            suspects=suspects.count(self._db) + self.suspects.waiting,
        )

    # ------------------------------------------------------------------ staying up to date

    def refresh(self) -> Forget | None:
        """Look for a new generation; what caches above must forget, if there is one."""
        forget = self._replaced() or self._follow.look()
        if forget is None:
            return None
        self._content.forget_disproved(forget)
        self.epoch += 1
        self._totals = None
        return forget if self.numbers.are_rows else forget.by_number(self.numbers)

    def _replaced(self) -> Forget | None:
        """Turn to the catalog that stands where ours was, as soon as it has a tree to show."""
        db = self._place.open_other()
        if db is None:
            return None
        # Files that are open keep the old connection and their contents.
        forget = self._follow.everything()
        self.incarnation += 1
        self._open_catalog(db)
        forget.names |= self._follow.everything().names
        self._noisy.clear()
        return forget

    @property
    def generation(self) -> int:
        """The newest generation that was seen."""
        return self._follow.generation

    def may_be_ahead(self) -> bool:
        """Whether files may have other attributes by now than the newest generation told.

        So while another process indexes: it writes what it read before it shows a new tree.
        """
        return self._follow.is_pending or self._follow.has_news()


def _directory(inode: int) -> TreeDirectoryId:
    if inode == ROOT_INODE:
        return tree.TREE_ROOT
    found = tree.directory_of_inode(inode)
    if found is None:
        raise NotADirectory(inode)
    return found


def _totals(catalog: Path) -> Totals:
    """In a thread, so on a connection of its own."""
    db = open_reader(catalog)
    try:
        return Totals(*tree.totals(db))
    finally:
        db.close()
