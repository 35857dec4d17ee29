"""Keep the table of permissions as the catalog and the disks are, and the kernel with it.

Each root is read by a thread of its own, so that a dead NAS leaves only its own folders as they
were last known.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from typing import TYPE_CHECKING

import apsw
import pyfuse3
import trio

from indexer.errors import MediafsError
from mediafs.fuse.access_live import Guard
from mediafs.fuse.access_reading import ask, put_root, read_root
from mediafs.fuse.access_table import AccessTable
from mediafs.fuse.notify import forget_attributes
from mediafs.vfs import ROOT_INODE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from indexer.model import RootId
    from mediafs.fuse.access_reading import Wanted
    from mediafs.fuse.access_table import Owners
    from mediafs.vfs import VirtualFS

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25  # as often as a mount looks for new generations
# Between these a chmod shows in no mode, but bytes follow at once; see access_live.py.
_RENEW_SECONDS = 60.0
_FIRST_SECONDS = 1.0  # a mount waits so long for its first table; until then all is closed
_MOST_VIEWS = 100


class Others:
    """What a mount that lets others in needs: the table, kept as the catalog and the disks are,
    and the guard.
    """

    def __init__(self, catalog: Path, host: str, owners: Owners) -> None:
        self._catalog = catalog
        self._host = host
        self.table = AccessTable(owners)
        self.guard = Guard(owners.serving)
        self._busy: set[RootId] = set()  # whose disk has not answered yet
        self._has_first = trio.Event()

    async def wait_first(self) -> None:
        """Until the table was filled once, or a disk takes too long."""
        with trio.move_on_after(_FIRST_SECONDS):
            await self._has_first.wait()

    async def follow(self, vfs: VirtualFS) -> None:
        """Renew the table with each generation, and every minute, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                incarnation, generation = vfs.incarnation, vfs.generation
                end = time.monotonic() + _RENEW_SECONDS
                await self._renew(vfs, nursery)
                while vfs.generation == generation and vfs.incarnation == incarnation:
                    if time.monotonic() > end:
                        break
                    await trio.sleep(_LOOK_SECONDS)
                if vfs.incarnation != incarnation:
                    # The numbers of another catalog's folders mean other folders.
                    self.table.clear()
                    await self._tell(vfs)

    async def _renew(self, vfs: VirtualFS, nursery: trio.Nursery) -> None:
        incarnation = vfs.incarnation
        try:
            asked = await trio.to_thread.run_sync(
                ask, self._catalog, self._host, abandon_on_cancel=True
            )
        except (apsw.Error, MediafsError) as exc:
            log.info("The permissions of the sources stay as they were: %s", exc)
            return
        self.guard.private = asked.private
        if self.table.put_groups(asked.groups):
            await self._tell(vfs)
        for root, wanted in asked.roots.items():
            if root not in self._busy:
                self._busy.add(root)
                renew = functools.partial(self._renew_root, vfs, incarnation)
                nursery.start_soon(renew, root, wanted, asked.private)
        if not asked.roots:
            self._has_first.set()

    async def _renew_root(
        self,
        vfs: VirtualFS,
        incarnation: int,
        root: RootId,
        wanted: Wanted,
        private: frozenset[int],
    ) -> None:
        found = await trio.to_thread.run_sync(
            read_root, wanted, private, abandon_on_cancel=True, limiter=trio.CapacityLimiter(1)
        )
        self._busy.discard(root)
        if vfs.incarnation != incarnation:
            return
        is_other = put_root(self.table, wanted, found, vfs.numbers.of)
        for inode in self.table.take_unknown():
            forget_attributes(inode)
        if not self._busy:
            self._has_first.set()
        if is_other:
            await self._tell(vfs)

    async def _tell(self, vfs: VirtualFS) -> None:
        with contextlib.suppress(apsw.Error):
            names = [entry.name for entry in vfs.children(ROOT_INODE, 0, _MOST_VIEWS)]
            await trio.to_thread.run_sync(_forget_names, names, abandon_on_cancel=True)


def _forget_names(names: Iterable[bytes]) -> None:
    """Let the kernel ask anew for everything: with the names at the top goes what is below."""
    for name in names:
        # Not remembered, or unmounted meanwhile.
        with contextlib.suppress(OSError):
            pyfuse3.invalidate_entry(pyfuse3.ROOT_INODE, name)
