"""Tell the kernel what to forget after a refresh.

In a thread, and never on the loop: the kernel may hold the very directory or page of which a
request is waiting to be answered by the loop.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import pyfuse3
import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from mediafs.vfs import VirtualFS
    from mediafs.vfs.refresh import Forget

log = logging.getLogger(__name__)

# A reindex shows within a second; looking takes some microseconds.
_LOOK_SECONDS = 0.5


async def follow(vfs: VirtualFS) -> None:
    """Look for new generations until cancelled."""
    while True:
        await trio.sleep(_LOOK_SECONDS)
        forget = vfs.refresh()
        if forget is not None:
            await trio.to_thread.run_sync(_tell, forget)
            log.info("generation %d: %d names changed", vfs.generation, len(forget.names))


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
