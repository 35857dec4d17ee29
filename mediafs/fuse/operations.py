"""What the kernel asks, each answered by one question to the tree. Read-only.

Lookup counts are not kept: an inode number is a row of the catalog, there is nothing to free.
"""

from __future__ import annotations

import itertools
import logging
import os
from typing import TYPE_CHECKING, NoReturn

import pyfuse3

from mediafs.fuse.backlog import Backlog
from mediafs.fuse.convert import (
    REMEMBER_MISSING_SECONDS,
    REMEMBER_SECONDS,
    Presentation,
    errno_of,
    fill,
    is_answer,
    missing_entry,
    new_entry,
    to_statvfs,
)
from mediafs.fuse.listing import Listing
from mediafs.fuse.notify import forget_attributes
from mediafs.vfs import is_volatile
from mediafs.vfs.errors import NoSuchEntry, ReadOnly
from mediafs.vfs.noise import is_noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfuse3 import (
        EntryAttributes,
        FileHandleT,
        FileInfo,
        FileNameT,
        FlagT,
        InodeT,
        ModeT,
        ReaddirToken,
        RequestContext,
        SetattrFields,
        StatvfsData,
        XAttrNameT,
    )

    from indexer.catalog.rows import Attributes
    from mediafs.vfs import VirtualFS
    from mediafs.vfs.core import Handle

log = logging.getLogger(__name__)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_APPEND | os.O_CREAT


class Operations(pyfuse3.Operations):
    """One mount of one tree."""

    enable_acl = False
    enable_writeback_cache = False
    supports_dot_lookup = True

    def __init__(self, vfs: VirtualFS, shown: Presentation) -> None:
        super().__init__()
        self._vfs = vfs
        self._shown = shown
        self._handles = itertools.count(1)
        self._files: dict[int, Handle] = {}
        self._backlog = Backlog(self._files)
        self._listings: dict[int, Listing] = {}
        # Used again for every answer, which copies it at once.
        self._entry = new_entry()
        # Asked for each time: the kernel is told what to forget by true names alone, and the
        # mount's own status changes by being looked at.
        self._respelled, self._volatile = new_entry(), new_entry()
        self._respelled.entry_timeout = self._volatile.attr_timeout = 0
        self._missing = missing_entry(REMEMBER_MISSING_SECONDS)
        self._noise = missing_entry(REMEMBER_SECONDS)

    # ------------------------------------------------------------------ names and attributes

    async def lookup(
        self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext
    ) -> EntryAttributes:
        with _errno_for("lookup", parent_inode):
            try:
                return self._found(parent_inode, name, ctx.pid)
            except NoSuchEntry:
                return self._noise if is_noise(name) else self._missing

    def _found(self, parent: InodeT, name: FileNameT, asker: int) -> EntryAttributes:
        # NFS finds its way up by asking for dots.
        if name == b".":
            return self._filled(self._vfs.attributes(parent, asker))
        if name == b"..":
            return self._filled(self._vfs.attributes(self._vfs.parent(parent)))
        found = self._vfs.child(parent, name, asker)
        return self._filled(found.attributes, is_exact=found.name == name)

    def _filled(self, attributes: Attributes, *, is_exact: bool = True) -> EntryAttributes:
        entry = self._entry if is_exact else self._respelled
        if is_volatile(attributes.inode):
            entry = self._volatile
        entry.generation = self._vfs.numbers.generation(attributes.inode)
        return fill(entry, attributes, self._shown)

    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        with _errno_for("getattr", inode):
            return self._filled(self._vfs.attributes(inode, ctx.pid))

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        """Nothing to free: a number means its row whether or not the kernel knows it."""

    async def access(self, inode: InodeT, mode: ModeT, ctx: RequestContext) -> bool:
        if mode & os.W_OK:
            _refuse()
        return True

    async def statfs(self, ctx: RequestContext) -> StatvfsData:
        with _errno_for("statfs", pyfuse3.ROOT_INODE):
            return to_statvfs(await self._vfs.read_totals())

    # ------------------------------------------------------------------ listings

    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        with _errno_for("opendir", inode):
            number = pyfuse3.FileHandleT(next(self._handles))
            self._listings[number] = Listing(self._vfs, inode)
            return number

    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        listing, entry, shown = self._listings[fh], self._entry, self._shown
        generations, entry.generation = self._vfs.numbers.generations, 0
        with _errno_for("readdir", fh):
            while names := listing.after(start_id):
                taken = 0
                for name in names:
                    if generations:
                        entry.generation = generations.get(name.attributes.inode, 0)
                    filled = fill(entry, name.attributes, shown)
                    if not pyfuse3.readdir_reply(token, name.name, filled, name.cookie):
                        break
                    taken += 1
                listing.took(taken)
                if taken < len(names):
                    return
                start_id = names[-1].cookie

    async def releasedir(self, fh: FileHandleT) -> None:
        del self._listings[fh]

    # ------------------------------------------------------------------ bytes

    async def open(self, inode: InodeT, flags: FlagT, ctx: RequestContext) -> FileInfo:
        if flags & _WRITING:
            _refuse()
        with _errno_for("open", inode):
            generation = self._vfs.numbers.admit(inode, ctx.pid)
            await self._backlog.let_go()
            handle = await self._vfs.open(inode, generation)
            if self._vfs.may_be_ahead():
                # The size that the kernel remembers may be that of other bytes.
                forget_attributes(inode)
            number = pyfuse3.FileHandleT(next(self._handles))
            self._files[number] = handle
            if is_volatile(inode):
                return pyfuse3.FileInfo(fh=number, direct_io=True, keep_cache=False)
            return pyfuse3.FileInfo(fh=number, keep_cache=handle.is_as_before)

    async def read(self, fh: FileHandleT, off: int, size: int) -> bytes:
        with _errno_for("read", fh):
            # Any buffer will do, and pyfuse3 hands it to the kernel before anything else runs.
            return await self._files[fh].read(off, size)  # type: ignore[return-value]

    async def release(self, fh: FileHandleT) -> None:
        self._files.pop(fh).release()
        self._backlog.released()

    # flush() stays unimplemented: the kernel then stops asking at every close().

    async def fsync(self, fh: FileHandleT, datasync: bool) -> None:  # noqa: FBT001 - pyfuse3's
        """Nothing was written."""

    async def fsyncdir(self, fh: FileHandleT, datasync: bool) -> None:  # noqa: FBT001 - pyfuse3's
        """Nothing was written."""

    # ------------------------------------------------------------------ extended attributes

    async def getxattr(self, inode: InodeT, name: XAttrNameT, ctx: RequestContext) -> bytes:
        with _errno_for("getxattr", inode):
            return self._vfs.xattr(inode, name)

    async def listxattr(self, inode: InodeT, ctx: RequestContext) -> Sequence[XAttrNameT]:
        with _errno_for("listxattr", inode):
            return [pyfuse3.XAttrNameT(name) for name in self._vfs.xattrs(inode)]

    # ------------------------------------------------------------------ changes: none

    async def setattr(
        self, inode: InodeT, attr: EntryAttributes, fields: SetattrFields,
        fh: FileHandleT | None, ctx: RequestContext,
    ) -> EntryAttributes:  # fmt: skip
        _refuse()

    async def mknod(
        self, parent_inode: InodeT, name: FileNameT, mode: ModeT, rdev: int, ctx: RequestContext
    ) -> EntryAttributes:
        _refuse()

    async def mkdir(
        self, parent_inode: InodeT, name: FileNameT, mode: ModeT, ctx: RequestContext
    ) -> EntryAttributes:
        _refuse()

    async def unlink(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> None:
        _refuse()

    async def rmdir(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> None:
        _refuse()

    async def symlink(
        self, parent_inode: InodeT, name: FileNameT, target: FileNameT, ctx: RequestContext
    ) -> EntryAttributes:
        _refuse()

    async def rename(
        self, parent_inode_old: InodeT, name_old: FileNameT, parent_inode_new: InodeT,
        name_new: FileNameT, flags: FlagT, ctx: RequestContext,
    ) -> None:  # fmt: skip
        _refuse()

    async def link(
        self, inode: InodeT, new_parent_inode: InodeT, new_name: FileNameT, ctx: RequestContext
    ) -> EntryAttributes:
        _refuse()

    async def create(
        self, parent_inode: InodeT, name: FileNameT, mode: ModeT, flags: FlagT, ctx: RequestContext
    ) -> tuple[FileInfo, EntryAttributes]:
        _refuse()

    async def write(self, fh: FileHandleT, off: int, buf: bytes) -> int:
        _refuse()

    async def setxattr(
        self, inode: InodeT, name: XAttrNameT, value: bytes, ctx: RequestContext
    ) -> None:
        _refuse()

    async def removexattr(self, inode: InodeT, name: XAttrNameT, ctx: RequestContext) -> None:
        _refuse()


def _refuse() -> NoReturn:
    raise pyfuse3.FUSEError(errno_of(ReadOnly()))


class _errno_for:  # noqa: N801 - reads as a statement
    """Turn any error into its number; one that is no answer is logged, and the mount lives on."""

    __slots__ = ("_operation", "_what")

    def __init__(self, operation: str, what: int) -> None:
        self._operation = operation
        self._what = what

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, pyfuse3.FUSEError):
            return
        if not is_answer(error):
            log.error("%s of %d failed", self._operation, self._what, exc_info=error)
        raise pyfuse3.FUSEError(errno_of(error)) from error
