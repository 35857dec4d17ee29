"""Open sources below their roots, and say why one cannot be opened.

The loop never waits for a disk: a file is opened on it where the kernel has the way there in
memory and the filesystem is this machine's own, else in a thread. Each root has its own threads
for opening and each filesystem its own for reading, so that a dead NAS does not stop the others.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from indexer.mounts import mount_of, mount_table, numbered
from indexer.scan.filesystems import device_of
from indexer.source import has_stamp, open_beneath, open_known, open_root

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from indexer.catalog.rows import Source

# Enough for a disk to sort its queue, few enough for a NAS; arbitrary.
_THREADS: Final = 8
# A root's handle saves a file its way through a thread, but it would show the old disk where
# another was mounted over it, and keep one from being unmounted: so it is let go, used or not,
# and whoever comes next opens the path again. At 10,000 opens a second that is one in 5,000.
_HELD_SECONDS: Final = 0.5
# Filesystems that open a file they have in memory without asking anybody. Others may be
# programs, servers, or stacked on one.
_OWN: Final = frozenset(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "zfs", "jfs", "reiserfs",
     "nilfs2", "tmpfs", "ramfs", "vfat", "msdos", "exfat", "ntfs3", "hfs", "hfsplus", "udf",
     "iso9660", "squashfs", "erofs"}
)  # fmt: skip
_VANISHED: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ESTALE})
_HAS_NO_WAIT: Final = hasattr(os, "RWF_NOWAIT")

T = TypeVar("T")


class Trouble(Enum):
    """Why a source does not give its bytes, as a warning says it."""

    CHANGED = "is not what was indexed any more; run `mediafs reindex`"
    VANISHED = "is no longer there; run `mediafs reindex`"
    OFFLINE = "is on a disk that does not answer; plug it in"
    UNREADABLE = "cannot be read; check the disk and the permissions"
    ROTTEN = "holds other bytes than were indexed, as verify found; restore it from a good copy"
    UNKNOWN = "was never read; run `mediafs reindex`"


class Handle:
    """An open file or folder, closed when nobody uses it any more: neither the loop nor a thread.

    A closed handle's number is given to the next file that is opened, and a thread that still
    read from it would read that one. Who waits for a thread may be called off, the thread not.
    """

    __slots__ = ("_lock", "_users", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._users = 1
        self._lock = threading.Lock()

    def hold(self) -> bool:
        """Keep it open until `let_go`; False if it is closed already."""
        with self._lock:
            is_open = self._users > 0
            self._users += is_open
            return is_open

    def let_go(self) -> None:
        """Close it, if nobody else uses it."""
        with self._lock:
            self._users -= 1
            is_last = not self._users
        if is_last:
            os.close(self.fd)

    def __del__(self) -> None:
        # A thread opened it for somebody who was called off meanwhile.
        if self._users > 0:
            os.close(self.fd)


class Opened(Handle):
    """A source, open and under its stamp when that was last looked at."""

    __slots__ = ("device", "may_wait", "seconds", "source")

    def __init__(self, source: Source, fd: int, device: int) -> None:
        super().__init__(fd)
        self.source = source
        self.device = device  # st_dev
        self.may_wait = not _HAS_NO_WAIT  # True once it refused to say whether reading would wait
        self.seconds = 0.0  # how long the last read in a thread took, once it began


class _Root(Handle):
    """A root's folder."""

    __slots__ = ("is_own", "since")

    def __init__(self, fd: int, *, is_own: bool) -> None:
        super().__init__(fd)
        self.since = time.monotonic()
        self.is_own = is_own  # opening what is in memory waits for nobody


class Sources:
    """Opens and reads; knows no catalog."""

    def __init__(self) -> None:
        self._roots: dict[bytes, _Root] = {}
        self._is_letting_go = False
        self._limiters: dict[Hashable, trio.CapacityLimiter] = {}

    def open_now(self, source: Source) -> Opened | None:
        """The source, if opening it waits for nobody and it fits its stamp; None says nothing."""
        root = self._root(source.root_path)
        if root is None or not root.is_own:
            return None
        fd = open_known(root.fd, source.path)
        if fd is None:
            return None
        status = os.fstat(fd)
        if has_stamp(status, source.stamp):
            return Opened(source, fd, status.st_dev)
        os.close(fd)
        return None

    async def open(self, source: Source) -> Opened | Trouble:
        """The source, however long it takes, or why it cannot be had."""
        root = self._root(source.root_path) or await self._open_root(source.root_path)
        if root is None:
            return Trouble.OFFLINE
        return await self.run_on(root, ("open", source.root), _open_source, root, source)

    async def is_absent(self, source: Source, top: bytes, device: str | None) -> bool:
        """Whether the disk that a source was on, mounted at or above `top`, is not there now."""
        return await self.run(("open", source.root), _is_absent, source.root_path, top, device)

    async def run(
        self, disk: Hashable, ask: Callable[..., T], *args: object, threads: int = _THREADS
    ) -> T:
        """Ask something that may wait, in one of a disk's threads.

        Who is cancelled, as all are when the mount ends, does not wait for a dead disk.
        """
        if disk not in self._limiters:
            self._limiters[disk] = trio.CapacityLimiter(threads)
        return await trio.to_thread.run_sync(
            ask, *args, limiter=self._limiters[disk], abandon_on_cancel=True
        )

    async def run_on(
        self,
        handle: Handle,
        disk: Hashable,
        ask: Callable[..., T],
        *args: object,
        threads: int = _THREADS,
    ) -> T:
        """As `run`; the handle stays open as long as the thread needs it."""
        handle.hold()
        try:
            return await self.run(disk, _held, handle, ask, *args, threads=threads)
        finally:
            handle.let_go()

    # ------------------------------------------------------------------ handles on roots

    def _root(self, path: bytes) -> _Root | None:
        root = self._roots.get(path)
        return None if root is None or time.monotonic() - root.since > _HELD_SECONDS else root

    async def _open_root(self, path: bytes) -> _Root | None:
        root = await self.run(path, _root_at, path)
        if root is None:
            return None
        if path in self._roots:
            self._roots.pop(path).let_go()
        self._roots[path] = root
        if not self._is_letting_go:
            self._is_letting_go = True
            trio.lowlevel.spawn_system_task(self._let_go_of_roots)
        return root

    async def _let_go_of_roots(self) -> None:
        try:
            while self._roots:
                await trio.sleep(_HELD_SECONDS)
                for path in [path for path in self._roots if self._root(path) is None]:
                    self._roots.pop(path).let_go()
        finally:
            self._is_letting_go = False
            while self._roots:
                self._roots.popitem()[1].let_go()


def fits(opened: Opened) -> bool:
    """Whether an open source is still under the stamp with which its bytes were read.

    A microsecond on a filesystem of this machine; on others it may wait. Raises OSError.
    """
    return has_stamp(os.fstat(opened.fd), opened.source.stamp)


# ------------------------------------------------------------------ in a thread, may be slow


def _held(handle: Handle, ask: Callable[..., T], *args: object) -> T:
    if not handle.hold():  # who asked was called off before the thread began
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        return ask(*args)
    finally:
        handle.let_go()


def _root_at(path: bytes) -> _Root | None:
    try:
        fd = open_root(path)
    except OSError:
        return None
    root = _Root(fd, is_own=False)
    mounts = mount_table()
    try:
        mount = numbered(os.fstat(fd).st_dev, mounts) or mount_of(path, mounts)
    except OSError:
        return None
    root.is_own = mount is not None and mount.type in _OWN
    return root


def _open_source(root: _Root, source: Source) -> Opened | Trouble:
    try:
        fd = open_beneath(root.fd, source.path)
    except OSError as exc:
        return Trouble.VANISHED if exc.errno in _VANISHED else Trouble.UNREADABLE
    try:
        status = os.fstat(fd)
    except OSError:
        os.close(fd)
        return Trouble.UNREADABLE
    if has_stamp(status, source.stamp):
        return Opened(source, fd, status.st_dev)
    os.close(fd)
    return Trouble.CHANGED


def _is_absent(root_path: bytes, top: bytes, device: str | None) -> bool:
    try:
        root_fd = open_root(root_path)
    except OSError:
        return True
    try:
        # The mount point of an unplugged disk is an empty directory: nothing vanished.
        if not _has_entries(root_fd):
            return True
    finally:
        os.close(root_fd)
    return device is not None and device_of(top, mount_table()) != device


def _has_entries(folder_fd: int) -> bool:
    try:
        with os.scandir(folder_fd) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def innermost(folders: Sequence[bytes], path: bytes) -> bytes | None:
    """The deepest of some folders that a path is in; all are relative to one root."""
    around = [folder for folder in folders if path.startswith(folder + b"/") or not folder]
    return max(around, key=len, default=None)
