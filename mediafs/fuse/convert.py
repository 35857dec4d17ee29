"""From the tree's words to the kernel's: attributes, totals, errors. Pure."""

from __future__ import annotations

import errno
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw
import pyfuse3

from mediafs.vfs.errors import (
    IsADirectory,
    NoSuchAttribute,
    NoSuchEntry,
    NotADirectory,
    ReadOnly,
    SourceChanged,
    SourceUnavailable,
    VfsError,
)

if TYPE_CHECKING:
    from indexer.catalog.rows import Attributes
    from mediafs.fuse.access_table import AccessTable
    from mediafs.vfs import Totals

# The kernel is told what to forget when a generation changes it, so these only bound how much
# memory it spends on what nobody asks for any more. Arbitrary.
REMEMBER_SECONDS = 300.0
# What was not there may come with the next generation; that is told, too, but a client that
# asked in vain is cheap to answer again.
REMEMBER_MISSING_SECONDS = 1.0

_BLOCK_BYTES = 4096
_READABLE = 0o555


@dataclass(frozen=True, slots=True)
class Presentation:
    """Who owns what is shown, and what is hidden from whom (`-o uid=,gid=,umask=`)."""

    uid: int | None  # None: the source's owner
    gid: int | None
    own_uid: int  # of the process; directories have no source
    own_gid: int
    umask: int = 0
    table: AccessTable | None = None  # where others are let in: what the sources let them see


def fill(
    entry: pyfuse3.EntryAttributes, attributes: Attributes, shown: Presentation
) -> pyfuse3.EntryAttributes:
    """Write a name's attributes into `entry`, which a listing uses again for each name."""
    uid, gid = attributes.uid, attributes.gid
    if attributes.is_directory:
        entry.st_mode = pyfuse3.ModeT(stat.S_IFDIR | (_READABLE & ~shown.umask))
        uid, gid = shown.own_uid, shown.own_gid
    else:
        mode = attributes.mode & _READABLE & ~shown.umask
        entry.st_mode = pyfuse3.ModeT(stat.S_IFREG | mode)
    entry.st_ino = pyfuse3.InodeT(attributes.inode)
    entry.st_nlink = attributes.links
    entry.st_uid = uid if shown.uid is None else shown.uid
    entry.st_gid = gid if shown.gid is None else shown.gid
    entry.st_size = attributes.size
    entry.st_blocks = attributes.blocks
    entry.st_atime_ns = entry.st_mtime_ns = attributes.mtime_ns
    entry.st_ctime_ns = attributes.ctime_ns
    if shown.table is not None and (limited := shown.table.shown(attributes)) is not None:
        entry.st_mode = pyfuse3.ModeT(stat.S_IFMT(entry.st_mode) | limited.mode)
        entry.st_uid, entry.st_gid = limited.uid, limited.gid
    return entry


def new_entry() -> pyfuse3.EntryAttributes:
    """An empty entry for `fill`."""
    entry = pyfuse3.EntryAttributes()
    entry.st_blksize = _BLOCK_BYTES
    entry.entry_timeout = entry.attr_timeout = REMEMBER_SECONDS
    return entry


def missing_entry(seconds: float) -> pyfuse3.EntryAttributes:
    """No such name; the kernel need not ask again for so long."""
    entry = pyfuse3.EntryAttributes()
    entry.st_ino = pyfuse3.InodeT(0)
    entry.entry_timeout = seconds
    return entry


def to_statvfs(totals: Totals) -> pyfuse3.StatvfsData:
    """A full filesystem of the size of the tree. Never zero: importers refuse that."""
    data = pyfuse3.StatvfsData()
    data.f_bsize = data.f_frsize = _BLOCK_BYTES
    data.f_blocks = max(1, -(-totals.blocks * 512 // _BLOCK_BYTES))
    data.f_files = max(1, totals.files)
    data.f_bfree = data.f_bavail = data.f_ffree = data.f_favail = 0
    data.f_namemax = 255
    return data


def errno_of(error: Exception) -> int:
    """The number for any error; what is not an answer of the tree is EIO."""
    match error:
        case NoSuchEntry():
            return errno.ENOENT
        case NotADirectory():
            return errno.ENOTDIR
        case IsADirectory():
            return errno.EISDIR
        case NoSuchAttribute():
            return pyfuse3.ENOATTR
        case ReadOnly():
            return errno.EROFS
        case SourceChanged():
            return errno.ESTALE
        case SourceUnavailable():
            return errno.EIO
        case _:
            return errno.EIO


def is_answer(error: Exception) -> bool:
    """Whether an error is expected; anything else belongs into the log with its traceback."""
    return isinstance(error, VfsError | apsw.BusyError)
