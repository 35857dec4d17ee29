"""What an open content costs and holds: threads, descriptors, the root's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio
from content_sources import DATA
from waiting import until_async

from indexer import source
from mediafs.vfs import sources as sources_module
from mediafs.vfs.errors import SourceUnavailable
from mediafs.vfs.sources import Trouble


def test_cached_bytes_are_read_without_a_thread(sources):
    sources.read(sources.file("a.jpg", DATA))

    assert (sources.content.counts.reads, sources.content.counts.waits) == (1, 0)


def test_a_file_that_the_kernel_knows_is_opened_without_a_thread(sources):
    if not source._HAS_CACHED_LOOKUP:
        pytest.skip("this kernel does not say what it has in memory")
    files = [sources.file(f"{number}.jpg", DATA) for number in range(20)]

    async def run():
        for file in files:
            handle = await sources.content.open(file)
            handle.release()

    trio.run(run)

    assert sources.content.counts.opens == 20
    assert sources.content.counts.open_waits < 20


def test_where_opening_may_wait_for_somebody_each_file_is_opened_in_a_thread(sources, monkeypatch):
    """The kernel may know the way, and the server that is asked at the end of it be dead."""
    monkeypatch.setattr(sources_module, "_OWN", frozenset())
    file = sources.file("a.jpg", DATA)

    async def run():
        for _ in range(5):
            handle = await sources.content.open(file)
            handle.release()

    trio.run(run)

    assert sources.content.counts.open_waits == sources.content.counts.opens == 5


def test_every_handle_is_closed(sources):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)
    before = len(os.listdir("/proc/self/fd"))

    sources.read(file, meanwhile=lambda: os.truncate(sources.top / "a.jpg", 0))

    assert len(os.listdir("/proc/self/fd")) == before


def test_sources_that_fail_by_turns_are_not_all_kept_open(sources):
    file = sources.file("a.jpg", DATA)
    sources.file("b.jpg", DATA)
    paths = [sources.top / "a.jpg", sources.top / "b.jpg"]

    async def run():
        handle = await sources.content.open(file)
        before = len(os.listdir("/proc/self/fd"))
        for turn in range(20):
            paths[turn % 2].write_bytes(DATA)  # under another stamp
            assert bytes(await handle.read(0, 10)) == DATA[:10]
            sources.maker.seen(sources.root, sources.top, paths[turn % 2].name)
        after = len(os.listdir("/proc/self/fd"))
        handle.release()
        return after - before

    assert trio.run(run) <= 2
    assert sources.content.counts.failovers == 20


def test_a_read_under_way_when_the_file_is_released_gets_its_bytes(sources):
    file = sources.file("a.jpg", DATA)
    found = []

    async def run():
        handle = await sources.content.open(file)
        handle._reader.opened.may_wait = True

        async def read(offset):
            found.append(bytes(await handle.read(offset, 1000)) == DATA[offset : offset + 1000])

        async with trio.open_nursery() as nursery:
            for offset in range(0, 20_000, 1000):
                nursery.start_soon(read, offset)
            for _ in range(2):  # in the first turn they begin, before or after this
                await trio.lowlevel.checkpoint()
            handle.release()

    trio.run(run)

    assert found == [True] * 20


def test_nothing_is_read_after_the_release(sources):
    """The number of the source's handle may be another file's by then."""
    file = sources.file("a.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        handle.release()
        with (sources.top / "a.jpg").open("rb"), pytest.raises(SourceUnavailable):
            await handle.read(0, 10)

    trio.run(run)


def test_a_failover_that_ends_after_the_release_leaves_nothing_open(sources):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)
    before = len(os.listdir("/proc/self/fd"))

    async def run():
        handle = await sources.content.open(file)
        os.truncate(sources.top / "a.jpg", 0)
        async with trio.open_nursery() as nursery:

            async def read():
                with pytest.raises(SourceUnavailable):
                    await handle.read(0, 10)

            nursery.start_soon(read)
            for _ in range(2):  # in the first turn they begin, before or after this
                await trio.lowlevel.checkpoint()
            handle.release()

    trio.run(run)

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_read_that_finds_another_source_in_place_after_the_release_is_told_so(sources):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        failed = handle._reader
        tried = {failed.opened.source: Trouble.CHANGED}
        await handle._fail_over(failed, tried)
        handle.release()
        with pytest.raises(SourceUnavailable):
            await handle._fail_over(failed, tried)

    trio.run(run)


def test_a_root_that_nobody_reads_is_not_held(sources):
    file = sources.file("a.jpg", b"a")

    def held():
        links = (Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
        return [link for link in links if link.exists() and link.samefile(sources.top)]

    async def run():
        handle = await sources.content.open(file)
        handle.release()
        assert held()
        await until_async(lambda: not held(), "the root is let go")

    trio.run(run)
