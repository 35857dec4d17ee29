"""Open source files, read-only and below their root: the only place that does.

Used by the indexer and by the mount. A path is walked one name at a time on directory
handles, so a folder that is swapped for a link meanwhile cannot lead out of the root.
What to do with the bytes is the caller's business.
"""

from __future__ import annotations

import errno
import os
import stat

from indexer.model import Stamp

# O_NOATIME is Linux's; elsewhere reading a file may touch its access time.
_NO_ATIME = getattr(os, "O_NOATIME", 0)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO put where a photograph was would otherwise hold the open() for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


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
    *folders, name = _parts(relative)
    folder_fd = os.dup(root_fd)
    try:
        for folder in folders:
            inner_fd = os.open(folder, _FOLDER, dir_fd=folder_fd)
            os.close(folder_fd)
            folder_fd = inner_fd
        return _open_regular(name, folder_fd, relative)
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


def _parts(relative: bytes) -> list[bytes]:
    parts = relative.split(b"/")
    if b"\0" in relative or any(part in (b"", b".", b"..") for part in parts):
        raise OSError(errno.EINVAL, "not a plain path below a root", relative)
    return parts


def _open_regular(name: bytes, folder_fd: int, relative: bytes) -> int:
    fd = _open_quietly(name, folder_fd)
    if stat.S_ISREG(os.fstat(fd).st_mode):
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
