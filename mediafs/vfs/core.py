"""VirtualFS: what is in the tree, for every protocol. Read-only, and nothing here waits
except for the bytes of files.

Directories are asked from the catalog one short indexed query at a time, on the loop's own
thread (measured: 5 microseconds a name; a thread would cost more than it saves), and no query
stays open while anything waits. What is not here: FUSE, HTTP, and where bytes come from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from indexer.catalog import facts, open_reader, tree
from indexer.catalog.rows import Attributes, TreeEntry
from indexer.errors import MediafsError
from mediafs.vfs import readme
from mediafs.vfs.content import Bytes, Content, Counts, OpenFile
from mediafs.vfs.errors import IsADirectory, NoSuchAttribute, NoSuchEntry, NotADirectory
from mediafs.vfs.noise import is_noise
from mediafs.vfs.refresh import ROOT_INODE, Forget, Refresh, inode_of

if TYPE_CHECKING:
    from pathlib import Path

    import apsw

    from indexer.catalog.tree import About
    from indexer.model import TreeDirectoryId

__all__ = ["ROOT_INODE", "Handle", "OpenText", "Statistics", "Totals", "VirtualFS"]

_XATTR_PREFIX = b"user.mediafs."


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was asked so far, and what it took."""

    generation: int
    lookups: int
    noise: int  # of the lookups, those answered without a query
    listings: int  # queries for a part of a directory
    opens: int
    reads: int
    waits: int  # reads that went to a thread
    bytes_read: int
    failovers: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All files of the tree, each counted once."""

    files: int
    size: int
    blocks: int  # of 512 bytes


class OpenText:
    """README.txt, open; the same questions as OpenFile's."""

    size = len(readme.README)
    is_as_before = True

    async def read(self, offset: int, size: int) -> Bytes:
        """Up to `size` bytes at `offset`."""
        return readme.README[offset : offset + size]

    def release(self) -> None:
        """Nothing to close."""


Handle = OpenFile | OpenText


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
        self.epoch = 0  # grows with every change that a listing under way should see
        # Grows when the catalog is replaced by another one: its numbers mean other files.
        self.incarnation = 0
        self._open_catalog(open_reader(catalog))

    def _open_catalog(self, db: apsw.Connection) -> None:
        self._identity = _identity(self._catalog)
        self._db = db
        self._content = Content(db, self._host, self._counts)
        self._follow = Refresh(db)

    def close(self) -> None:
        """Close the catalog; open files keep their sources."""
        self._db.close()

    # ------------------------------------------------------------------ names and attributes

    def child(self, parent: int, name: bytes) -> Attributes:
        """What a name in a directory is. Raises NoSuchEntry."""
        self._lookups += 1
        if is_noise(name) and parent not in self._noisy:
            self._noise += 1
            raise NoSuchEntry(name)
        if parent == ROOT_INODE and name == readme.README_NAME:
            return _readme_attributes()
        found = tree.entry(self._db, _directory(parent), name)
        if found is None:
            raise NoSuchEntry(name)
        return found.attributes

    def children(self, directory: int, after: int, limit: int) -> list[TreeEntry]:
        """Up to `limit` names of a directory, from after a cookie (0: from the start)."""
        self._listings += 1
        entries = tree.listing(self._db, _directory(directory), after, limit)
        if any(is_noise(entry.name) for entry in entries):
            self._noisy.add(directory)
        if directory == ROOT_INODE and after < tree.README_COOKIE:
            entry = TreeEntry(tree.README_COOKIE, readme.README_NAME, _readme_attributes())
            entries.insert(0, entry)
        return entries

    def attributes(self, inode: int) -> Attributes:
        """Size, times, mode and so on. Raises NoSuchEntry."""
        if inode == tree.README_INODE:
            return _readme_attributes()
        file = tree.file_of_inode(inode)
        if file is not None:
            found = tree.file_attributes(self._db, file)
        else:
            found = tree.directory_attributes(self._db, _directory(inode))
        if found is None:
            raise NoSuchEntry(inode)
        return found if inode != ROOT_INODE else _at_the_top(found)

    def parent(self, directory: int) -> int:
        """The directory above one; the top is its own. Raises NoSuchEntry, NotADirectory."""
        if directory == ROOT_INODE:
            return ROOT_INODE
        above = tree.parent_of(self._db, _directory(directory))
        if above is None:
            raise NoSuchEntry(directory)
        return inode_of(above)

    # ------------------------------------------------------------------ bytes

    async def open(self, inode: int) -> Handle:
        """Open a file for reading; the caller releases it.

        Raises NoSuchEntry, IsADirectory, SourceChanged or SourceUnavailable.
        """
        if inode == tree.README_INODE:
            return OpenText()
        file = tree.file_of_inode(inode)
        if file is None:
            raise IsADirectory(inode)
        return await self._content.open(file)

    # ------------------------------------------------------------------ extended attributes

    def xattr(self, inode: int, name: bytes) -> bytes:
        """The value of an extended attribute. Raises NoSuchAttribute."""
        # `ls -l` asks every file for security.selinux and system.posix_acl_access.
        value = self._xattrs(inode).get(name) if name.startswith(_XATTR_PREFIX) else None
        if value is None:
            raise NoSuchAttribute(name)
        return value

    def xattrs(self, inode: int) -> list[bytes]:
        """The names of the extended attributes that a file has."""
        return list(self._xattrs(inode))

    def _xattrs(self, inode: int) -> dict[bytes, bytes]:
        file = None if inode == tree.README_INODE else tree.file_of_inode(inode)
        about = None if file is None else tree.about(self._db, file)
        return {} if about is None else _xattrs_of(about)

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
            reads=counts.reads,
            waits=counts.waits,
            bytes_read=counts.bytes_read,
            failovers=counts.failovers,
            refusals=counts.refusals,
        )

    # ------------------------------------------------------------------ staying up to date

    def refresh(self) -> Forget | None:
        """Look for a new generation; what caches above must forget, if there is one."""
        forget = self._replaced() or self._follow.look()
        if forget is not None:
            self.epoch += 1
            self._totals = None
        return forget

    def _replaced(self) -> Forget | None:
        """Turn to the catalog that stands where ours was, as soon as it has a tree to show."""
        if _identity(self._catalog) in {None, self._identity}:
            return None
        try:
            db = open_reader(self._catalog)
        except MediafsError:
            return None
        if not facts.generation(db):
            db.close()
            return None
        # Files that are open keep the old connection and their contents.
        forget = self._follow.everything()
        self._open_catalog(db)
        forget.names |= self._follow.everything().names
        self.incarnation += 1
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


def _identity(catalog: Path) -> tuple[int, int] | None:
    try:
        status = catalog.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _directory(inode: int) -> TreeDirectoryId:
    if inode == ROOT_INODE:
        return tree.TREE_ROOT
    found = tree.directory_of_inode(inode)
    if found is None:
        raise NotADirectory(inode)
    return found


def _at_the_top(found: Attributes) -> Attributes:
    return Attributes(
        inode=ROOT_INODE, is_directory=True, size=0, mtime_ns=found.mtime_ns,
        ctime_ns=found.ctime_ns, mode=0, uid=0, gid=0, blocks=0, links=found.links,
    )  # fmt: skip


def _readme_attributes() -> Attributes:
    size = len(readme.README)
    return Attributes(
        inode=tree.README_INODE, is_directory=False, size=size, mtime_ns=readme.README_MTIME_NS,
        ctime_ns=readme.README_MTIME_NS, mode=0o444, uid=os.getuid(), gid=os.getgid(),
        blocks=-(-size // 4096) * 8, links=1,
    )  # fmt: skip


def _xattrs_of(about: About) -> dict[bytes, bytes]:
    values = {
        b"source": about.source,
        b"blake3": None if about.blake3 is None else about.blake3.hex().encode(),
        b"payload": None if about.payload is None else about.payload.hex().encode(),
        b"shot": None if about.shot is None else b"%d" % about.shot,
        b"role": _encoded(about.role),
        b"captured": _encoded(about.captured),
        b"why": _encoded(about.why),
    }
    return {_XATTR_PREFIX + name: value for name, value in values.items() if value is not None}


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _totals(catalog: Path) -> Totals:
    """In a thread, so on a connection of its own."""
    db = open_reader(catalog)
    try:
        return Totals(*tree.totals(db))
    finally:
        db.close()
