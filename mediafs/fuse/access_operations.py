"""A mount that lets others in: bytes, paths and listings for those whom the source lets read now.

What others see of names and modes is access_table.py; the kernel holds them to it.
"""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

import pyfuse3

from mediafs.fuse.operations import Operations
from mediafs.vfs import PRIVATE_XATTRS, ROOT_INODE
from mediafs.vfs.errors import NoSuchAttribute, VfsError
from mediafs.vfs.xattrs import PREFIX
from mediafs.views import by_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfuse3 import FileHandleT, FileInfo, FlagT, InodeT, RequestContext, XAttrNameT

    from mediafs.fuse.access_live import Guard
    from mediafs.fuse.convert import Presentation
    from mediafs.vfs import VirtualFS

_SOURCE = PREFIX + b"source"
_AS_ON_DISK = by_source.NAME.encode()


class GuardedOperations(Operations):
    """Operations for callers of whom some are strangers."""

    def __init__(self, vfs: VirtualFS, shown: Presentation, guard: Guard) -> None:
        super().__init__(vfs, shown)
        self._guard = guard

    async def open(self, inode: InodeT, flags: FlagT, ctx: RequestContext) -> FileInfo:
        info = await super().open(inode, flags, ctx)
        generation = self._vfs.numbers.generation(inode)
        # After opening, so that what is asked about is what will be read, wherever it lies.
        source = self._files[info.fh].fileno()
        if source is not None and not await self._guard.lets_read(ctx, source):
            # What the kernel has of the file is as it was: who reads nothing changes nothing.
            await self.release(info.fh)
            raise pyfuse3.FUSEError(errno.EACCES)
        if self._vfs.numbers.generation(inode) != generation:
            # Another inode by now, as the kernel may know already: it cannot read this one.
            await self.release(info.fh)
            raise pyfuse3.FUSEError(errno.ESTALE)
        return info

    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        if not await self._may_list(inode, ctx):
            raise pyfuse3.FUSEError(errno.EACCES)
        return await super().opendir(inode, ctx)

    async def _may_list(self, inode: InodeT, ctx: RequestContext) -> bool:
        if self._guard.trusts(ctx) or self._shown.table is None:
            return True
        folder = self._shown.table.source_folder(inode)
        if folder is not None:
            return await self._guard.lets_list(ctx, folder)
        # Nothing is known yet of a folder that was just indexed, or of another catalog's.
        with contextlib.suppress(VfsError):
            return not self._stands_for_a_folder(inode)
        return True

    def _stands_for_a_folder(self, inode: int) -> bool:
        vfs, above = self._vfs, inode
        while (higher := vfs.parent(above)) != ROOT_INODE:
            above = higher
        return inode != above and vfs.child(ROOT_INODE, _AS_ON_DISK).attributes.inode == above

    def _path(self, inode: InodeT) -> bytes | None:
        try:
            return self._vfs.xattr(inode, _SOURCE)
        except NoSuchAttribute:
            return None

    async def getxattr(self, inode: InodeT, name: XAttrNameT, ctx: RequestContext) -> bytes:
        value = await super().getxattr(inode, name, ctx)
        if name in PRIVATE_XATTRS and not await self._may_see_paths(inode, ctx):
            raise pyfuse3.FUSEError(pyfuse3.ENOATTR)
        return value

    async def listxattr(self, inode: InodeT, ctx: RequestContext) -> Sequence[XAttrNameT]:
        names = await super().listxattr(inode, ctx)
        if await self._may_see_paths(inode, ctx):
            return names
        return [name for name in names if name not in PRIVATE_XATTRS]

    async def _may_see_paths(self, inode: InodeT, ctx: RequestContext) -> bool:
        if self._guard.trusts(ctx):
            return True
        source = self._path(inode)
        return source is not None and await self._guard.lets_read(ctx, source)
