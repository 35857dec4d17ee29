"""What a question to the tree may be answered with instead; each protocol has its own word.

VfsError
├── NoSuchEntry          no such name, or an inode that is no longer known
├── NotADirectory        a listing was asked of a file
├── IsADirectory         bytes were asked of a directory
├── NoSuchAttribute      the file has no such extended attribute
├── ReadOnly             something was to be changed
├── SourceChanged        the bytes the catalog knows are no longer there
└── SourceUnavailable    the bytes cannot be had now: unplugged, or reading fails
"""

from __future__ import annotations


class VfsError(Exception):
    """An answer, not a bug."""


class NoSuchEntry(VfsError):
    """No such name, or an inode that is no longer known."""


class NotADirectory(VfsError):
    """A listing was asked of a file."""


class IsADirectory(VfsError):
    """Bytes were asked of a directory."""


class NoSuchAttribute(VfsError):
    """The file has no such extended attribute."""


class ReadOnly(VfsError):
    """Something was to be changed."""


class SourceChanged(VfsError):
    """The source was changed or taken away since it was read, and no identical copy is left."""


class SourceUnavailable(VfsError):
    """The source cannot be read now, and no identical copy can."""
