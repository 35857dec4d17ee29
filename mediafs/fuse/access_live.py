"""Whether the one who asks may read a source, at this very moment.

The modes that a mount shows are remembered for a while, by us and by the kernel; bytes are given
and folders listed by what the disk says now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from mediafs.fuse.access import READ, Those
from mediafs.fuse.access_disk import path_at, path_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyfuse3 import RequestContext

    from mediafs.fuse.access import Path, Serving

# A dead NAS must not hold all of trio's, nor who lists it those that let others open. Arbitrary.
_THREADS = 16


class Guard:
    """Lets through who serves, root, and whom the source lets read."""

    def __init__(self, serving: Serving) -> None:
        self._trusted = frozenset({0, serving.uid})
        self._opening, self._listing = (trio.CapacityLimiter(_THREADS) for _ in range(2))
        self.private: frozenset[int] = frozenset()  # devices that are their user's alone

    def trusts(self, ctx: RequestContext) -> bool:
        """Whether what the serving process may read is all that counts."""
        return ctx.uid in self._trusted

    async def lets_read(self, ctx: RequestContext, source: int | bytes) -> bool:
        """Whether the caller may read an open source, or the one at a path."""
        if self.trusts(ctx):
            return True
        private = self.private
        reading: Callable[[], Path] = (
            (lambda: path_of(source, private))
            if isinstance(source, int)
            else (lambda: path_at(source, private))
        )
        return await trio.to_thread.run_sync(
            _lets, reading, ctx.uid, ctx.gid, ctx.pid, limiter=self._opening
        )

    async def lets_list(self, ctx: RequestContext, folder: bytes) -> bool:
        """Whether the caller may list the source folder at a path.

        One that is not there now is as it was last known, to which the kernel holds everybody.
        """
        if self.trusts(ctx):
            return True
        private = self.private
        return await trio.to_thread.run_sync(
            _lets_list, lambda: path_at(folder, private), ctx.uid, ctx.gid, ctx.pid,
            limiter=self._listing,
        )  # fmt: skip


def _lets(reading: Callable[[], Path], uid: int, gid: int, pid: int) -> bool:
    try:
        return reading().lets_all(READ, caller(uid, gid, pid))
    except OSError:
        return False


def _lets_list(reading: Callable[[], Path], uid: int, gid: int, pid: int) -> bool:
    try:
        return reading().lets_all(READ, caller(uid, gid, pid))
    except PermissionError:
        return False
    except OSError:
        return True


def caller(uid: int, gid: int, pid: int) -> Those:
    """The caller and its groups, as far as they can be known.

    A process that asks for somebody else, as a file server does, has groups of its own, and
    those of a process in another container cannot be asked.
    """
    groups = _groups(uid, gid, pid)
    if groups is None:
        return Those(uid, frozenset({gid}))
    return Those(uid, groups | {gid}, has_other_groups=False)


def _groups(uid: int, gid: int, pid: int) -> frozenset[int] | None:
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            lines = dict(line.split(b":", 1) for line in file.read().splitlines())
        # Real, effective, saved, and the one that files are opened as.
        if int(lines[b"Uid"].split()[3]) != uid or int(lines[b"Gid"].split()[3]) != gid:
            return None
        return frozenset(map(int, lines[b"Groups"].split()))
    except (OSError, ValueError, LookupError):
        return None
