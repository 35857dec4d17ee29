"""Open source files, read-only and below their root: the only place that does.

Used by the indexer and by the mount. Where the kernel knows openat2(2) it follows the path and
refuses what leads astray, in one call; elsewhere a path is walked one name at a time on directory
handles. Either way a folder that is swapped for a link meanwhile cannot lead out of the root.
What to do with the bytes is the caller's business.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import stat
import sys

from indexer.model import Stamp

# O_NOATIME is Linux's; elsewhere reading a file may touch its access time.
_NO_ATIME = getattr(os, "O_NOATIME", 0)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO put where a photograph was would otherwise hold the open() for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


_NOT_PLAIN = frozenset({b"", b".", b".."})


def open_root(path: bytes) -> int:
    """A handle on a root directory; links in the path a person typed are followed."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(path, flags | _NO_ATIME)
    except PermissionError:
        return os.open(path, flags)


def open_beneath(root_fd: int, relative: bytes) -> int:
    """Open a regular file below a root for reading; the caller closes the handle.

    No link is followed, in no component. Raises OSError: ELOOP for a link in place of the
    file, ENOTDIR for a link or file in place of a folder, EINVAL for a name with an empty
    part, `.`, `..` or NUL and for anything that is no regular file, else what open() says.
    """
    parts = _parts(relative)
    if _HAS_OPENAT2:
        return _regular(_open_in_one_call(root_fd, relative), relative)
    return _walk(root_fd, parts, relative)


def open_known(root_fd: int, relative: bytes) -> int | None:
    """Open as `open_beneath` does, if the kernel has the way there in memory; never waits for it.

    None says nothing: it may have to be looked up, be on another filesystem mounted below the
    root, be no file at all, or this kernel can't tell. Opening itself may wait where a server is
    asked, so this is for filesystems of this machine.
    """
    if not _HAS_CACHED_LOOKUP:
        return None
    _parts(relative)
    try:
        return _open_in_one_call(root_fd, relative, _RESOLVE_CACHED | _RESOLVE_NO_XDEV)
    except OSError:
        return None


def _walk(root_fd: int, parts: list[bytes], relative: bytes) -> int:
    """One name at a time."""
    *folders, name = parts
    folder_fd = os.dup(root_fd)
    try:
        for folder in folders:
            inner_fd = os.open(folder, _FOLDER, dir_fd=folder_fd)
            os.close(folder_fd)
            folder_fd = inner_fd
        return _regular(_open_quietly(name, folder_fd), relative)
    finally:
        os.close(folder_fd)


def stamp_of(status: os.stat_result, *, has_stable_inodes: bool = True) -> Stamp:
    """The stamp in a stat answer, without the inode where the filesystem renumbers."""
    return Stamp(
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
        inode=status.st_ino if has_stable_inodes else None,
    )


def has_stamp(status: os.stat_result, stamp: Stamp) -> bool:
    """Whether a stat answer still says what a stamp says; asked at every read of a mount."""
    return (
        status.st_mtime_ns == stamp.mtime_ns
        and status.st_ctime_ns == stamp.ctime_ns
        and status.st_size == stamp.size
        and stamp.inode in (None, status.st_ino)
    )


def _parts(relative: bytes) -> list[bytes]:
    parts = relative.split(b"/")
    if b"\0" in relative or not _NOT_PLAIN.isdisjoint(parts):
        raise OSError(errno.EINVAL, "not a plain path below a root", relative)
    return parts


def _regular(fd: int, relative: bytes) -> int:
    try:
        is_regular = stat.S_ISREG(os.fstat(fd).st_mode)
    except OSError:  # a share that just went away
        os.close(fd)
        raise
    if is_regular:
        return fd
    os.close(fd)
    raise OSError(errno.EINVAL, "not a regular file", relative)


def _open_quietly(name: bytes, folder_fd: int) -> int:
    """Open without touching the access time, where the system lets us."""
    try:
        return os.open(name, _FILE | _NO_ATIME, dir_fd=folder_fd)
    except PermissionError as refused:
        # EPERM: only the owner may ask for O_NOATIME. EACCES would fail again just the same.
        if refused.errno != errno.EPERM:
            raise
        return os.open(name, _FILE, dir_fd=folder_fd)


# ------------------------------------------------------------------ openat2(2), which Python lacks

_OPENAT2 = 437  # on every architecture but Alpha
_RESOLVE_NO_XDEV = 0x01
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_RESOLVE_CACHED = 0x20
_BENEATH = _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS


class _How(ctypes.Structure):
    """struct open_how."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_HOW_BYTES = ctypes.sizeof(_How)

if sys.platform == "linux":
    _syscall = ctypes.CDLL(None, use_errno=True).syscall
    _syscall.restype = ctypes.c_long
    _syscall.argtypes = (
        *(ctypes.c_long, ctypes.c_int, ctypes.c_char_p),
        *(ctypes.POINTER(_How), ctypes.c_size_t),
    )


@functools.cache
def _how(flags: int, resolve: int) -> _How:
    return _How(flags, 0, resolve)  # the kernel only reads it


def _openat2(root_fd: int, relative: bytes, flags: int, resolve: int) -> int:
    how = _how(flags, resolve)
    while True:
        fd: int = _syscall(_OPENAT2, root_fd, relative, how, _HOW_BYTES)
        if fd >= 0:
            return fd
        error = ctypes.get_errno()
        if error != errno.EINTR:
            raise OSError(error, os.strerror(error), relative)


def _open_in_one_call(root_fd: int, relative: bytes, resolve: int = 0) -> int:
    try:
        return _openat2(root_fd, relative, _FILE | _NO_ATIME, _BENEATH | resolve)
    except PermissionError as refused:
        if refused.errno != errno.EPERM:  # as in _open_quietly
            raise
        return _openat2(root_fd, relative, _FILE, _BENEATH | resolve)


def _knows(resolve: int) -> bool:
    """Whether openat2 is there and knows these flags; a sandbox may refuse it altogether."""
    if sys.platform != "linux":
        return False
    top_fd = os.open(b"/", os.O_PATH | os.O_CLOEXEC)
    try:
        os.close(_openat2(top_fd, b".", os.O_PATH | os.O_CLOEXEC, resolve))
    except OSError as exc:
        return exc.errno == errno.EAGAIN
    finally:
        os.close(top_fd)
    return True


_HAS_OPENAT2 = _knows(_BENEATH)  # Linux 5.6
_HAS_CACHED_LOOKUP = _knows(_BENEATH | _RESOLVE_CACHED | _RESOLVE_NO_XDEV)  # Linux 5.12
