"""Who may write: an advisory lock beside a database, which the kernel drops when its holder dies.

A writer says its number in it. Who holds it without one is done in a moment and is waited for.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from typing import TYPE_CHECKING

from indexer.errors import CatalogBusy, CatalogUnwritable
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Who notes something is done in milliseconds, unless its disk sleeps. Both arbitrary.
_MOMENT_SECONDS = 5.0
_LOOK_SECONDS = 0.005
# The folder may be somebody else's: root must not write through a link that they put there.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextlib.contextmanager
def held(path: Path, noun: str, *, is_for_a_moment: bool = False) -> Iterator[None]:
    """The lock of the database at a path; for a moment: nobody is waited for.

    Raises CatalogBusy when another process holds it, CatalogUnwritable when it cannot be.
    """
    fd = _opened(path)
    try:
        if not _is_taken(fd, patience_seconds=0.0 if is_for_a_moment else _MOMENT_SECONDS):
            raise CatalogBusy(
                f"Another mediafs (process {_holder(fd) or 'unknown'}) is writing the {noun} "
                f"{display(path)}; wait for it or stop it."
            )
        os.ftruncate(fd, 0)
        if not is_for_a_moment:
            os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        try:
            yield
        finally:
            os.ftruncate(fd, 0)  # or it would seem to be who holds it next
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    lock_path = path.with_name(path.name + ".lock")
    fd = -1
    try:
        fd = os.open(lock_path, _FLAGS, 0o600)
        if not _is_plain(fd):
            os.close(fd)
            raise CatalogUnwritable(
                f"{display(lock_path)} is not a plain file of its own; move it away."
            )
        _give_to_owner(fd, path)
    except OSError as exc:
        if fd >= 0:
            os.close(fd)
        raise CatalogUnwritable(
            f"{display(lock_path)} cannot be written: {exc.strerror}; "
            "name another place with --catalog."
        ) from exc
    return fd


def _is_plain(fd: int) -> bool:
    """Whether nothing else has its bytes, so that they may be cut off."""
    info = os.fstat(fd)
    return stat.S_ISREG(info.st_mode) and info.st_nlink == 1


def _give_to_owner(fd: int, path: Path) -> None:
    """What root makes beside somebody's database is theirs, as SQLite does with -wal and -shm.

    Otherwise a mount that root made would lock them out of their own catalog.
    """
    if os.geteuid() != 0:
        return
    try:
        database = os.lstat(path)
    except FileNotFoundError:
        return
    info = os.fstat(fd)
    if info.st_uid == 0 and (database.st_uid, database.st_gid) != (info.st_uid, info.st_gid):
        os.fchown(fd, database.st_uid, database.st_gid)


def _is_taken(fd: int, *, patience_seconds: float) -> bool:
    """Take the lock; one whose holder does not say its number is held for a moment only."""
    end = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _holder(fd) or time.monotonic() >= end:
                return False
            time.sleep(_LOOK_SECONDS)
        else:
            return True


def _holder(fd: int) -> str:
    return os.pread(fd, 32, 0).decode("ascii", "replace").strip()
