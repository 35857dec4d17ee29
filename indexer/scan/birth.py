"""When an inode came to be: what tells a renamed file from one that got a deleted one's number.

statx(2) has it; Python's os.stat() does not, so libc is asked. Opens nothing.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Here nobody can set it. Samba makes one up out of the other times, and programs that copy to
# NTFS or a share may take it over: there it proves nothing.
_HONEST: Final = frozenset({"ext4", "xfs", "btrfs", "f2fs", "tmpfs", "bcachefs"})

_AT_FDCWD: Final = -100
_AT_SYMLINK_NOFOLLOW: Final = 0x100
_STATX_INO: Final = 0x100
_STATX_BTIME: Final = 0x800
_SECOND: Final = 1_000_000_000


class _Time(ctypes.Structure):
    _fields_ = (
        ("seconds", ctypes.c_int64),
        ("nanoseconds", ctypes.c_uint32),
        ("_", ctypes.c_int32),
    )


class _Statx(ctypes.Structure):
    """The head of the kernel's struct statx (include/uapi/linux/stat.h)."""

    _fields_ = (
        ("mask", ctypes.c_uint32),
        ("_head", ctypes.c_uint32 * 6),
        ("_mode", ctypes.c_uint16 * 2),
        ("inode", ctypes.c_uint64),
        ("_sizes", ctypes.c_uint64 * 3),
        ("_accessed", _Time),
        ("born", _Time),
        ("_rest", ctypes.c_uint8 * 160),
    )


@cache
def _statx() -> Callable[..., Any] | None:
    try:
        return ctypes.CDLL(None, use_errno=True).statx
    except (OSError, AttributeError):  # not Linux, or an old libc
        return None


def is_honest(filesystem_type: str) -> bool:
    """Whether a birth time on this type of filesystem was given by the kernel itself."""
    return filesystem_type in _HONEST


def born_ns(path: bytes, inode: int) -> int | None:
    """When the inode at this path was made; None where that cannot be told, or it is another."""
    ask = _statx()
    told = _Statx()
    wanted = _STATX_INO | _STATX_BTIME
    if ask is None or ask(_AT_FDCWD, path, _AT_SYMLINK_NOFOLLOW, wanted, ctypes.byref(told)):
        return None
    if told.mask & wanted != wanted or told.inode & 0x7FFF_FFFF_FFFF_FFFF != inode:
        return None
    return int(told.born.seconds) * _SECOND + int(told.born.nanoseconds)
