"""Sources change, fail and come back under many readers: no byte of another content is given.

Above the content stands a model of the kernel's page cache, which keeps what it has when it is
told so, and learns that a file was opened some time after it was. Everything is drawn from a
seed; how threads interleave is the machine's.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
from collections import defaultdict
from pathlib import Path

import pytest
import trio
from make_catalog import HOST, CatalogMaker
from waiting import until_async

from indexer.catalog import open_reader, tree
from mediafs.vfs import read_ahead, reading
from mediafs.vfs import sources as sources_module
from mediafs.vfs.content import Content, Counts
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable
from mediafs.vfs.refresh import Forget

PAGE = 4096
SIZES = (0, 1, PAGE, 3 * PAGE + 17, 40 * PAGE, 40 * PAGE)
NAMES = ("a.jpg", "b.jpg", "sub/c.jpg")
READERS, TURNS = 6, 25
REFUSALS = (SourceChanged, SourceUnavailable, NoSuchEntry)


class World:
    """Two roots with the same few contents, and what befalls them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.maker = CatalogMaker(folder / "catalog.db")
        self.db = open_reader(folder / "catalog.db")
        self.content = Content(self.db, HOST, Counts())
        self.texts = [self.random.randbytes(size) for size in SIZES]
        self.meant = {}  # content: its bytes
        self.roots = {}
        self.files = []
        self.cache = {}  # file: page number: bytes
        self.opened = defaultdict(list)  # file: the contents it was opened with, one by one
        for label in ("one", "two"):
            top = folder / label
            (top / "sub").mkdir(parents=True)
            self.roots[top] = self.maker.root(top, label.encode())
            for name in NAMES:
                (top / name).write_bytes(self.random.choice(self.texts))
                self.files.append(self.index(top, name))

    def index(self, top, name):
        data = (top / name).read_bytes()
        file = self.maker.seen(self.roots[top], top, name)
        row = "UPDATE file SET state = 'present', rotten_ns = NULL WHERE file_id = ?"
        self.maker.db.execute(row, (file,))
        self.meant[tree.source(self.db, file, HOST).content] = data
        return file

    def happen(self):
        """One thing, at once."""
        top = self.random.choice(list(self.roots))
        path = top / self.random.choice(NAMES)
        away = top.with_name(f"{top.name} is away")
        what = self.random.randrange(12)
        if away.exists():
            if what < 4:
                away.rename(top)
        elif what == 0:
            top.rename(away)
        elif what == 1:
            path.unlink(missing_ok=True)
        elif what == 2 and path.exists():
            os.truncate(path, self.random.randrange(path.stat().st_size + 1))
        elif what in {3, 4}:
            path.write_bytes(self.random.choice(self.texts))
        elif what == 5:
            path.with_suffix(".new").write_bytes(self.random.choice(self.texts))
            path.with_suffix(".new").rename(path)
        elif what == 6:
            self.maker.db.execute(
                "UPDATE root SET online = ? WHERE root_id = ?",
                (self.random.randrange(2), self.roots[top]),
            )
        elif what == 7 and path.exists():
            self.rot(top, path)
        else:
            if what > 8 or not path.exists():
                path.write_bytes(self.random.choice(self.texts))
            self.index(top, str(path.relative_to(top)))

    def rot(self, top, path):
        file = self.index(top, str(path.relative_to(top)))
        self.maker.db.execute(
            "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (file,)
        )
        forget = Forget(attributes={tree.inode_of_file(file): None})
        self.content.forget_disproved(forget)
        for inode in forget.bytes:
            self.cache.pop(tree.file_of_inode(inode), None)

    async def pause(self):
        if self.random.randrange(2):
            await trio.sleep(self.random.choice((0, 0, 0.0005, 0.002)))

    async def read(self, file, handle, content, since):
        """As a program's read of a few pages, which the cache has or asks for one by one."""
        start = self.random.randrange(handle.size + PAGE) // PAGE
        count = self.random.randrange(1, 12)
        with trio.move_on_after(self.random.choice((0.0, 0.001, 10.0, 10.0, 10.0))):
            for page in range(start, start + count):
                found = self.cache.get(file, {}).get(page)
                if found is None:
                    found = bytes(await handle.read(page * PAGE, PAGE))
                    self.cache.setdefault(file, {})[page] = found
                elif any(other != content for other in self.opened[file][since:]):
                    return  # the cache has what the file was opened with since
                assert found == self.meant[content][page * PAGE : (page + 1) * PAGE]

    async def use(self):
        """Open, perhaps long before the cache is told, read in parallel, release at some time."""
        file = self.random.choice(self.files)
        handle = await self.content.open(file)
        content = tree.source(self.db, file, HOST).content
        assert handle._content == content
        self.opened[file].append(content)
        since = len(self.opened[file])
        assert handle.size == len(self.meant[content])
        try:
            await self.pause()
            if not handle.is_as_before:
                self.cache.pop(file, None)
            for _ in range(self.random.randrange(6)):
                with contextlib.suppress(*REFUSALS):
                    async with trio.open_nursery() as nursery:
                        for _ in range(self.random.randrange(1, 4)):
                            nursery.start_soon(self._read, file, handle, content, since)
                await self.pause()
        finally:
            handle.release()

    async def _read(self, *what):
        with contextlib.suppress(*REFUSALS):
            await self.read(*what)

    async def live(self):
        async def reader():
            for _ in range(TURNS):
                with contextlib.suppress(*REFUSALS):
                    with trio.move_on_after(self.random.choice((0.001, 10, 10, 10))):
                        await self.use()
                await self.pause()

        async def fate(done):
            while not done.is_set():
                self.happen()
                await trio.sleep(0.001)

        done = trio.Event()
        async with trio.open_nursery() as everything:
            everything.start_soon(fate, done)
            async with trio.open_nursery() as readers:
                for _ in range(READERS):
                    readers.start_soon(reader)
            done.set()
        await until_async(lambda: not self.content._ahead._bytes, "memory is held")
        await until_async(lambda: not self.content._sources._roots, "a root is held")

    def held(self):
        gc.collect()
        links = (Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
        tops = tuple(str(top) for top in self.roots)
        return [
            str(where)
            for link in links
            if link.is_symlink() and str(where := os.readlink(link)).startswith(tops)
        ]


@pytest.fixture(params=["disk", "share"])
def where(request, monkeypatch):
    if request.param == "share":
        monkeypatch.setattr(sources_module, "_HAS_NO_WAIT", False)
        monkeypatch.setattr(reading, "SLOW_SECONDS", 0.0)
        for module in (reading, read_ahead):
            monkeypatch.setattr(module, "PIECE_BYTES", 2 * PAGE)
        monkeypatch.setattr(read_ahead, "MOST_BYTES", 40 * PAGE)
    return request.param


@pytest.mark.parametrize("seed", range(int(os.environ.get("MEDIAFS_STRESS_SEEDS", "4"))))
def test_every_byte_is_of_the_content_that_was_opened(tmp_path, where, seed):
    world = World(tmp_path, seed)

    async def live():
        await world.live()
        await until_async(lambda: not world.held(), lambda: f"still open: {world.held()}")

    trio.run(live)

    counts = world.content.counts
    assert counts.opens > READERS
    assert counts.bytes_read
    world.db.close()
    world.maker.close()
