"""A filesystem of the same binding that answers constants: what a request costs without ours.

`python scripts/constant_mount.py MOUNTPOINT NAMES`: every directory that is asked for is there and
has so many names, each of a file of 4 KiB, which are read in the order of their numbers.
"""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING, Final

import pyfuse3
import trio

if TYPE_CHECKING:
    from pyfuse3 import (
        EntryAttributes,
        FileHandleT,
        FileInfo,
        FileNameT,
        InodeT,
        ReaddirToken,
    )

BYTES: Final = 4096
DIGITS: Final = 6  # of the name of a file
MISSING: Final = b"-no"  # how a name ends that is not there
_FIRST_FILE: Final = 1_000_000  # inodes below it are directories
_HANDLE: Final = 1


def _made(inode: int, mode: int) -> EntryAttributes:
    entry = pyfuse3.EntryAttributes()
    entry.st_ino, entry.st_mode = pyfuse3.InodeT(inode), pyfuse3.ModeT(mode)
    entry.st_size = BYTES
    return entry


class Constants(pyfuse3.Operations):
    """What the kernel asks, answered with as little as the binding lets us."""

    def __init__(self, names: int) -> None:
        super().__init__()
        self._names = names
        self._file = _made(_FIRST_FILE, stat.S_IFREG | 0o444)
        self._folder = _made(pyfuse3.ROOT_INODE, stat.S_IFDIR | 0o555)
        self._missing = _made(0, 0)
        self._opened = pyfuse3.FileInfo(fh=pyfuse3.FileHandleT(_HANDLE), keep_cache=True)
        self._data = bytes(BYTES)

    # What is not looked at is not named.

    async def lookup(self, parent_inode: InodeT, name: FileNameT, *_: object) -> EntryAttributes:
        if name.endswith(MISSING):
            return self._missing
        if name.isdigit() and len(name) == DIGITS:
            self._file.st_ino = pyfuse3.InodeT(_FIRST_FILE + int(name))
            return self._file
        # Ours are no deeper than three folders, of which the last are told apart by a digit.
        self._folder.st_ino = pyfuse3.InodeT(10 * parent_inode + name[-1] % 10)
        return self._folder

    async def getattr(self, inode: InodeT, *_: object) -> EntryAttributes:
        entry = self._folder if inode < _FIRST_FILE else self._file
        entry.st_ino = inode
        return entry

    async def opendir(self, *_: object) -> FileHandleT:
        return pyfuse3.FileHandleT(_HANDLE)

    async def readdir(self, _: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        for number in range(start_id, self._names):
            self._file.st_ino = pyfuse3.InodeT(_FIRST_FILE + number)
            name = pyfuse3.FileNameT(b"%0*d" % (DIGITS, number))
            if not pyfuse3.readdir_reply(token, name, self._file, number + 1):
                break

    async def releasedir(self, *_: object) -> None:
        """Nothing was opened."""

    async def open(self, *_: object) -> FileInfo:
        return self._opened

    async def read(self, _: FileHandleT, off: int, size: int) -> bytes:
        return self._data[off : off + size]

    async def release(self, *_: object) -> None:
        """Nothing was opened."""


if __name__ == "__main__":
    pyfuse3.init(Constants(int(sys.argv[2])), sys.argv[1], {"fsname=constants", "ro"})
    trio.run(pyfuse3.main)
    pyfuse3.close()
