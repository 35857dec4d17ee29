"""Follow the catalog: tell the kernel what to forget, and the catalog what could not be served.

Both in threads, and never on the loop: the kernel may hold the very directory or page of which
a request is waiting to be answered by the loop, and a commit waits for a disk.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import apsw
import pyfuse3
import trio

from indexer.errors import MediafsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mediafs.vfs import VirtualFS
    from mediafs.vfs.refresh import Forget

log = logging.getLogger(__name__)

# A reindex shows within a second. A look takes 12 microseconds, and this many are no more often
# than a desktop's own timers; inotify on the write-ahead log would save them on an idle machine,
# but a run writes it hundreds of times for each generation.
_LOOK_SECONDS = 0.25
# What could not be served has time until the next reindex; arbitrary.
_WRITE_SECONDS = 2.0


async def follow(vfs: VirtualFS) -> None:
    """Look for new generations until cancelled."""
    is_broken = False
    while True:
        await trio.sleep(_LOOK_SECONDS)
        try:
            await _look(vfs)
            is_broken = False
        except (apsw.Error, MediafsError) as exc:
            # What the kernel remembers is still served, and what SQLite still reads.
            if not is_broken:
                log.warning("The catalog cannot be read any more: %s", exc)
            is_broken = True


async def _look(vfs: VirtualFS) -> None:
    names = 0
    generation = vfs.generation
    while (forget := vfs.refresh()) is not None:
        names += len(forget.names)
        await trio.to_thread.run_sync(_tell, forget)
    if vfs.generation != generation:
        log.info(
            "shows generation %d: %d names changed; `mediafs log` tells which and why",
            vfs.generation, names,
        )  # fmt: skip


async def write_suspects(vfs: VirtualFS) -> None:
    """Write down what could not be served, until cancelled."""
    while True:
        await trio.sleep(_WRITE_SECONDS)
        if vfs.suspects.waiting:
            await trio.to_thread.run_sync(vfs.suspects.write)


def forget_attributes(inode: int) -> None:
    """The size and times of a file; this much never blocks."""
    _told(lambda: pyfuse3.invalidate_inode(pyfuse3.InodeT(inode), attr_only=True))


def _tell(forget: Forget) -> None:
    # Attributes first: a name that is looked up again brings them along.
    for inode in forget.attributes:
        forget_attributes(inode)
    for inode in forget.bytes:
        _told(lambda i=inode: pyfuse3.invalidate_inode(pyfuse3.InodeT(i)))  # type: ignore[misc]
    for parent, name in forget.names:
        _told(lambda p=parent, n=name: pyfuse3.invalidate_entry(pyfuse3.InodeT(p), n))  # type: ignore[misc]


def _told(tell: Callable[[], None]) -> None:
    # ENOENT: the kernel had not remembered it. Others: it was unmounted meanwhile.
    with contextlib.suppress(OSError):
        tell()
