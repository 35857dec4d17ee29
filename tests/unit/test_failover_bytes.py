"""A source that fails in the middle of a read leaves nothing of its bytes in what is given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import trio
from can_mount import check_can_mount
from content_sources import DATA
from stubborn import Share
from waiting import PATIENCE_SECONDS

from indexer.errors import FuseMissing
from mediafs.vfs import content
from mediafs.vfs.errors import SourceUnavailable
from mediafs.vfs.sources import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize("left", [len(DATA), 500], ids=["as long", "shorter"])
def test_a_read_that_fails_over_is_of_the_copy_from_its_first_byte(sources, left):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)

    def write_over() -> None:
        with (sources.top / "a.jpg").open("r+b") as source:
            source.write(bytes(len(DATA)))
            source.truncate(left)

    found = sources.read(file, 0, 1000, meanwhile=write_over)

    assert found == DATA[:1000]
    assert sources.content.counts.failovers == 1


def test_a_read_that_fails_over_from_a_copy_is_of_the_next_from_its_first_byte(sources):
    file = sources.file("a.jpg", DATA)
    for name in ("b.jpg", "c.jpg"):
        sources.file(name, DATA)
    os.truncate(sources.top / "a.jpg", 0)

    def write_over() -> None:
        with (sources.top / "b.jpg").open("r+b") as source:
            source.write(bytes(len(DATA)))

    found = sources.read(file, 0, 1000, meanwhile=write_over)

    assert found == DATA[:1000]


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Share]:
    """A share with the same bytes under two names, neither indexed yet."""
    try:
        check_can_mount()
    except FuseMissing as exc:
        pytest.skip(str(exc))
    behind = tmp_path / "server"
    behind.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (behind / name).write_bytes(DATA)
    share = Share(behind, tmp_path / "nas")
    try:
        yield share
    finally:
        share.close()


def test_what_is_found_rotten_while_it_is_read_is_not_given(sources, nas, monkeypatch):
    monkeypatch.setattr(content, "_LOOK_SECONDS", 0.0)
    found = []

    async def run() -> None:
        file = sources.maker.seen(sources.maker.root(nas.at, b"nas"), nas.at, "a.jpg")
        sources.file("b.jpg", DATA)
        handle = await sources.content.open(file)
        nas.hold("a.jpg")
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                found.append(bytes(await handle.read(0, 1000)))

            nursery.start_soon(read)
            await trio.to_thread.run_sync(nas.wait_for, 1)
            sources.rot(file)
            nas.answer()
        handle.release()

    trio.run(run)

    assert found == [DATA[:1000]]
    assert sources.content.counts.failovers == 1


def test_bytes_are_of_the_source_they_came_from_though_another_took_its_place(sources, nas):
    """Of that one a cache must forget them when it turns out to be rotten."""
    file = sources.maker.seen(sources.maker.root(nas.at, b"nas"), nas.at, "a.jpg")
    sources.file("b.jpg", DATA)

    async def run() -> None:
        handle = await sources.content.open(file)
        reader = handle._reader
        nas.hold("a.jpg")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handle.read, 0, 1000)
            await trio.to_thread.run_sync(nas.wait_for, 1)
            await handle._fail_over(reader, {reader.opened.source: Trouble.UNREADABLE})
            nas.answer()
        handle.release()

    trio.run(run)

    assert sources.content.caches.drop(lambda source, _: source == file, {file}) == [file]


def test_a_source_that_ends_early_under_its_stamp_is_not_given(sources, nas):
    file = sources.maker.seen(sources.maker.root(nas.at, b"nas"), nas.at, "a.jpg")
    sources.file("b.jpg", DATA)

    assert sources.read(file, 0, 1000, meanwhile=lambda: nas.cut("a.jpg")) == DATA[:1000]


def test_sources_that_open_and_cannot_be_read_are_tried_once_each(sources, nas):
    root = sources.maker.root(nas.at, b"nas")
    file, copy = (sources.maker.seen(root, nas.at, name) for name in ("a.jpg", "b.jpg"))
    for name in ("a.jpg", "b.jpg"):
        nas.fail(name)
    before, _ = nas.reads()

    async def run() -> None:
        with trio.fail_after(PATIENCE_SECONDS), pytest.raises(SourceUnavailable):
            await sources.read_async(file, 0, 1000)

    trio.run(run)

    assert nas.reads()[0] - before == 2
    assert sources.suspects == [(file, "unreadable"), (copy, "unreadable")]


def test_a_disk_that_is_pulled_while_it_is_read_is_no_suspect(sources, nas, caplog):
    file = sources.maker.seen(sources.maker.root(nas.at, b"nas"), nas.at, "a.jpg")

    def pull() -> None:
        nas.fail("a.jpg")
        sources.maker.db.execute("UPDATE root SET device = 'uuid:ext4:the one that was there'")

    with pytest.raises(SourceUnavailable):
        sources.read(file, meanwhile=pull)

    assert not sources.suspects
    assert "plug it in" in caplog.text


def test_what_was_found_rotten_is_not_opened_at_once_either(sources):
    """Its stamp fits, and its root's folder is open already: its state alone speaks against it."""
    file, other = sources.file("a.jpg", DATA), sources.file("c.jpg", DATA[:1000])
    sources.file("b.jpg", DATA)
    sources.rot(file)

    async def run() -> None:
        first = await sources.content.open(other)
        handle = await sources.content.open(file)
        assert os.readlink(f"/proc/self/fd/{handle.fileno()}").endswith("b.jpg")
        handle.release()
        first.release()

    trio.run(run)
