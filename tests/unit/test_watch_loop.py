"""The watcher's loop: it rests while nothing happens, and not for ever."""

from __future__ import annotations

import os
import time
from math import inf
from typing import TYPE_CHECKING

import trio
from make_catalog import CatalogMaker
from waiting import until_async

from indexer.catalog import facts
from indexer.model import RootRole
from indexer.roots import host
from mediafs.watch.agenda import Agenda, Pace
from mediafs.watch.catalog import CatalogReader
from mediafs.watch.loop import Watcher
from mediafs.watch.reindexing import Indexer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mediafs.watch.catalog import Read

_MOMENT = 0.01
_LOOKS = 20


class Asked(Agenda):
    """An agenda that counts how often it is asked when something is due."""

    count = 0

    def next(self) -> float:
        self.count += 1
        return super().next()


class Looked(CatalogReader):
    """A catalog that counts how often it is looked at."""

    looks = 0

    def news(self) -> Read | None:
        self.looks += 1
        return super().news()


async def watch_until(watcher: Watcher, is_so: Callable[[], bool]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watcher.run)
        await until_async(is_so)
        nursery.cancel_scope.cancel()


def test_nothing_is_asked_of_the_agenda_while_nothing_happens(tmp_path: Path):
    catalog = tmp_path / "catalog.db"
    CatalogMaker(catalog).close()
    agenda, reader = Asked(Pace(1.0, 1000.0, 1000.0)), Looked(catalog)
    watcher = Watcher(reader, Indexer(catalog, 1.0), agenda, look_seconds=_MOMENT)

    trio.run(watch_until, watcher, lambda: reader.looks >= _LOOKS)
    reader.close()

    assert 1 <= agenda.count <= 3  # once at the beginning, and when the catalog was first read


def test_an_archive_that_is_left_alone_now_is_not_so_for_ever(tmp_path: Path):
    catalog, archive = tmp_path / "catalog.db", tmp_path / "archive"
    archive.mkdir()
    maker = CatalogMaker(catalog)
    root = facts.add_root(
        maker.db, host=host(), path=os.fsencode(archive), role=RootRole.ARCHIVE, label=b"archive",
        excludes=(), freshness_days=120,
    )  # fmt: skip
    maker.db.execute("UPDATE root SET walked_ns = ? WHERE root_id = ?", (time.time_ns(), root))
    maker.close()
    agenda, reader = Agenda(Pace(1.0, 1000.0, 1000.0)), CatalogReader(catalog)
    watcher = Watcher(reader, Indexer(catalog, 1.0), agenda, look_seconds=_MOMENT)

    trio.run(watch_until, watcher, lambda: bool(agenda.roots))
    reader.close()

    assert not agenda.has_news(os.fsencode(archive))
    assert agenda.next() < inf
