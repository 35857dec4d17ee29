"""The one answer to "what is here", for every protocol."""

from mediafs.vfs.core import (
    PRIVATE_XATTRS,
    ROOT_INODE,
    Statistics,
    Totals,
    VirtualFS,
    is_volatile,
)

__all__ = [
    "PRIVATE_XATTRS",
    "ROOT_INODE",
    "Statistics",
    "Totals",
    "VirtualFS",
    "is_volatile",
]
