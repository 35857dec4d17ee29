"""Files below a root, indexed, and their content as a mount opens and reads it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import trio
from make_catalog import HOST, CatalogMaker

from indexer.catalog import open_reader
from mediafs.vfs.content import Content, Counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.model import FileId

DATA = os.urandom(300_000)


class Sources:
    """`top` and its catalog; `suspects` is what the content said of its files."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.maker = CatalogMaker(folder / "catalog.db")
        self.root = self.maker.root(self.top)
        self.db = open_reader(folder / "catalog.db")
        self.suspects: list[tuple[FileId, str]] = []
        self.content = Content(self.db, HOST, Counts(), lambda *what: self.suspects.append(what))

    def file(self, name: str, data: bytes) -> FileId:
        """Write a file and index it."""
        (self.top / name).write_bytes(data)
        return self.maker.seen(self.root, self.top, name)

    def rot(self, file: FileId) -> None:
        """What the catalog says once verify has found other bytes under the same stamp."""
        self.maker.db.execute(
            "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (file,)
        )

    def read(
        self,
        file: FileId,
        offset: int = 0,
        size: int = 1 << 20,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> bytes:
        """Open, let something happen, read a part."""
        return trio.run(self.read_async, file, offset, size, meanwhile)

    async def read_async(
        self,
        file: FileId,
        offset: int = 0,
        size: int = 1 << 20,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> bytes:
        """The same among other tasks."""
        handle = await self.content.open(file)
        try:
            meanwhile()
            return bytes(await handle.read(offset, size))
        finally:
            handle.release()

    def is_as_before(self, file: FileId) -> bool:
        """Open and read; whether a cache could keep what it had."""

        async def run() -> bool:
            handle = await self.content.open(file)
            try:
                await handle.read(0, 10)
                return handle.is_as_before
            finally:
                handle.release()

        return trio.run(run)

    def close(self) -> None:
        self.db.close()
        self.maker.close()
