"""Watch until told to stop: each root by a task of its own, one run of the indexer at a time."""

from __future__ import annotations

import logging
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trio

from indexer.errors import INTERRUPTED, TERMINATED, CatalogTooNew, MediafsError
from indexer.paths import display, to_str
from indexer.roots import our_mounts
from indexer.scan.exclude import compile_excludes
from indexer.standing import is_fresh
from mediafs.watch.agenda import Agenda, End
from mediafs.watch.inotify import LimitReached, News, WatchedTree
from mediafs.watch.place import place_of
from mediafs.watch.words import outcome_in_words, period

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from indexer.catalog.rows import RootRow
    from mediafs.watch.catalog import CatalogReader, Read
    from mediafs.watch.place import Place
    from mediafs.watch.reindexing import Indexer, Ran

log = logging.getLogger(__name__)

_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}


@dataclass(slots=True)
class Watcher:
    """What is watched, and what is known of it so far."""

    catalog: CatalogReader
    indexer: Indexer
    agenda: Agenda
    excludes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # more, less than the default
    told: Callable[[dict[str, Any]], None] = lambda _: None  # hears each run's outcome
    ready: Callable[[], None] = lambda: None
    # How often the catalog is asked whether it changed, the system whether a disk came or went.
    look_seconds: float = 2.0
    breath_seconds: float = 0.2  # events come in crowds; the kernel keeps 16,384 of them
    _minded: dict[bytes, tuple[RootRow, trio.CancelScope]] = field(default_factory=dict)
    _woken: trio.Event = field(default_factory=trio.Event)
    _warned: set[str] = field(default_factory=set)  # by the last run, of each root
    _code: int = 0

    async def run(self) -> int:
        """Until SIGINT or SIGTERM; the exit code. Raises the Catalog… errors at the beginning."""
        read = self.catalog.news()
        # Archives alone may give no reason for a run; they too are looked at in the end.
        self.agenda.began((), trio.current_time())
        with trio.open_signal_receiver(*_CODES) as signals:
            async with trio.open_nursery() as nursery:
                self._follow(read, nursery)
                nursery.start_soon(self._mind_catalog, nursery)
                nursery.start_soon(self._look_when_due)
                nursery.start_soon(self._mind_signals, signals, nursery.cancel_scope)
                self.ready()
        self.catalog.close()
        log.info("Stopped.")
        return self._code

    async def _mind_signals(
        self, signals: AsyncIterator[int], everything: trio.CancelScope
    ) -> None:
        async for number in signals:
            self._code = _CODES[signal.Signals(number)]
            everything.cancel()

    # ------------------------------------------------------------------------ the catalog

    async def _mind_catalog(self, nursery: trio.Nursery) -> None:
        last = ""
        while True:
            await trio.sleep(self.look_seconds)
            try:
                self._follow(self.catalog.news(), nursery)
                last = ""
            except MediafsError as exc:  # gone for a moment, or being made anew
                if str(exc) != last:
                    log.warning("%s", exc)
                last = str(exc)
                if isinstance(exc, CatalogTooNew):  # mediafs was upgraded: started again, so am I
                    self._code = exc.exit_code
                    nursery.cancel_scope.cancel()

    def _follow(self, read: Read | None, nursery: trio.Nursery) -> None:
        if read is None:
            return
        now = {root.path: root for root in read.roots}
        for path in self._minded.keys() - now.keys():
            self._minded.pop(path)[1].cancel()
            self.agenda.leave(path)
            log.info("%s is no root any more.", display(path))
        for path, root in now.items():
            known = self._minded.get(path)
            if known is not None and known[0].excludes == root.excludes:
                self._minded[path] = root, known[1]
                continue
            if known is not None:
                known[1].cancel()
            scope = trio.CancelScope()
            self._minded[path] = root, scope
            nursery.start_soon(self._mind_root, root, scope)
        for path in read.suspected:
            self.agenda.asked(path, trio.current_time())
        self._wake()

    # ------------------------------------------------------------------------ one root

    async def _mind_root(self, root: RootRow, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                place = await _place(root.path)
                if place is not None:
                    await self._mind_place(root, place)
                await trio.sleep(self.look_seconds)

    async def _mind_place(self, root: RootRow, place: Place) -> None:
        """As long as the root's disk is there."""
        tree = await self._watched(root, place)
        try:
            # After that: what changed before nobody listened is seen by a look.
            is_archive = root.freshness_days is not None
            self.agenda.follow(root.path, tells=tree is not None or is_archive)
            if not is_fresh(self._minded[root.path][0], time.time_ns()):
                self.agenda.asked(root.path, trio.current_time())
            self._wake()
            if await self._listen(root.path, place, tree):
                log.info("%s went away; its files stay in the catalog.", display(root.path))
        finally:
            if tree is not None:
                tree.close()

    async def _watched(self, root: RootRow, place: Place) -> WatchedTree | None:
        """Its folders, watched; None: it is looked at now and then, which is said with the reason."""
        why = place.silent
        if why is None:
            more, less = self.excludes
            excludes = compile_excludes((*more, *root.excludes), less)
            try:
                tree = await trio.to_thread.run_sync(
                    WatchedTree, root.path, excludes, our_mounts(), abandon_on_cancel=True
                )
            except LimitReached as exc:
                why = str(exc)
            except OSError as exc:
                why = f"it cannot be watched ({exc.strerror})"
            else:
                log.info("Watching %s, %s folders.", display(root.path), f"{len(tree):,}")
                return tree
        every = period(self.agenda.pace.every)
        log.info("Looking at %s every %s: %s.", display(root.path), every, why)
        return None

    async def _listen(self, root: bytes, place: Place, tree: WatchedTree | None) -> bool:
        """Pass on what is heard; whether the root's disk went. False: it is to be watched anew."""
        while True:
            with trio.move_on_after(self.look_seconds):
                if tree is None:
                    await trio.sleep_forever()
                else:
                    await tree.wait_events()
                    await trio.sleep(self.breath_seconds)
            try:
                # In a thread: a folder that was moved here is walked.
                news = News.NOTHING if tree is None else await trio.to_thread.run_sync(tree.take)
            except LimitReached:
                news = News.LOST  # watching it anew says so
            if news is not News.NOTHING:
                self.agenda.changed(root, trio.current_time())
                self._wake()
            now = await _place(root)
            if now is None or (now.device, now.inode) != (place.device, place.inode):
                self.agenda.asked(root, trio.current_time())
                self._wake()
                return now is None
            if news is News.LOST or now != place:
                return False

    # ------------------------------------------------------------------------ the indexer

    def _wake(self) -> None:
        self._woken.set()
        self._woken = trio.Event()

    async def _look_when_due(self) -> None:
        while True:
            woken = self._woken
            with trio.move_on_at(self.agenda.next()):
                await woken.wait()
            if roots := self.agenda.due(trio.current_time()):
                await self._look(roots)

    async def _look(self, roots: frozenset[bytes]) -> None:
        # An archive that is not named is left alone for months, whatever is new in it.
        archives = {path for path, (root, _) in self._minded.items() if root.freshness_days}
        has_news = any(self.agenda.has_news(path) for path in archives & roots)
        is_everything = roots >= set(self.agenda.roots) and not self.catalog.only and not has_news
        named = () if is_everything else roots
        self.agenda.began(roots, trio.current_time())
        warned: set[str] = set()
        ran = await self.indexer.run(named, lambda says: self._warn(says, warned))
        self._warned = warned | (set() if is_everything else self._warned)
        self.agenda.ended(roots, trio.current_time(), ran.how)
        self._say(roots, ran)

    def _warn(self, says: str, warned: set[str]) -> None:
        """Once, and not by every run that meets the same."""
        warned.add(says)
        if says not in self._warned:
            log.warning("%s", display(says))

    def _say(self, roots: frozenset[bytes], ran: Ran) -> None:
        if ran.how is End.BUSY:
            return  # its own sentence says so, and by whom
        if ran.how is End.FAILED:
            log.error("mediafs reindex ended with exit code %d; trying again later.", ran.code)
            return
        self.told({**ran.outcome, "roots": [to_str(root) for root in sorted(roots)]})
        if says := outcome_in_words(ran.outcome):
            log.info("%s: %s", ", ".join(display(root) for root in sorted(roots)), says)


async def _place(root: bytes) -> Place | None:
    """In a thread: a dead share never answers, and nobody waits for it at the end."""
    return await trio.to_thread.run_sync(place_of, root, abandon_on_cancel=True)
