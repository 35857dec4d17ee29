"""Every error a person may see, with its exit code.

    MediafsError                 1  failed, nothing lost
    ├── UsageRefused             3  the command line asks for something that cannot be right
    ├── RootRefused              4  this folder cannot be a root
    ├── CatalogMissing          10  no catalog at that path
    ├── CatalogForeign          11  the file is not a mediafs catalog
    ├── CatalogTooNew           12  written by a newer mediafs
    ├── CatalogTooOld           13  written by an older mediafs
    ├── CatalogBusy             14  another mediafs is writing
    ├── CatalogOnNetwork        15  SQLite's WAL is not safe on a network filesystem
    ├── CatalogUnwritable       16  full disk, read-only folder, damaged file
    ├── ExifToolMissing         20  ExifTool cannot be started
    ├── MountRefused            30  the mount point cannot be used
    ├── FuseMissing             31  this machine has no FUSE
    ├── NotMounted              32  nothing of ours is mounted there
    ├── NotKnown                40  that path is in no root and no mount
    └── DecisionRefused         41  nothing can be decided, or taken back, about that file

Exit code 2 is no error: done, but some files could not be read.
Each message is one sentence with the path, what happened and what to do.
Anything that is not a MediafsError is a bug and shows a traceback.
"""

from __future__ import annotations

from typing import ClassVar


class MediafsError(Exception):
    """Something a person can act on; printed as one line without a traceback."""

    exit_code: ClassVar[int] = 1


class UsageRefused(MediafsError):
    """The command line asks for something that cannot be right."""

    exit_code = 3


class RootRefused(MediafsError):
    """This folder cannot be a root: missing, inside another root, or holding the catalog."""

    exit_code = 4


class CatalogMissing(MediafsError):
    """There is no catalog at that path; a reading command never makes one."""

    exit_code = 10


class CatalogForeign(MediafsError):
    """The file is there but is not a mediafs catalog."""

    exit_code = 11


class CatalogTooNew(MediafsError):
    """The catalog was written by a newer mediafs."""

    exit_code = 12


class CatalogTooOld(MediafsError):
    """The catalog was written by an older mediafs: it must be brought up first, or made anew."""

    exit_code = 13


class CatalogBusy(MediafsError):
    """Another mediafs holds the writer's lock."""

    exit_code = 14


class CatalogOnNetwork(MediafsError):
    """The catalog would lie on a network filesystem, where SQLite's WAL corrupts."""

    exit_code = 15


class CatalogUnwritable(MediafsError):
    """The disk is full, the folder read-only, or the file damaged."""

    exit_code = 16


class ExifToolMissing(MediafsError):
    """ExifTool cannot be started."""

    exit_code = 20


class MountRefused(MediafsError):
    """The mount point cannot be used."""

    exit_code = 30


class FuseMissing(MediafsError):
    """This machine, or this installation, has no FUSE."""

    exit_code = 31


class NotMounted(MediafsError):
    """Nothing of ours is mounted there."""

    exit_code = 32


class NotKnown(MediafsError):
    """The path is in no indexed root and in no mount."""

    exit_code = 40


class DecisionRefused(MediafsError):
    """Nothing can be decided about that file, or there is nothing to take back."""

    exit_code = 41


DONE_WITH_FAILURES = 2
INTERRUPTED = 130
TERMINATED = 143
