"""A source that fails in the middle of a read leaves nothing of its bytes in what is given."""

from __future__ import annotations

import os

import pytest
import trio
from can_mount import check_can_mount
from content_sources import DATA
from stubborn import Share

from indexer.errors import FuseMissing
from mediafs.vfs import content


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


def test_what_is_found_rotten_while_it_is_read_is_not_given(sources, tmp_path, monkeypatch):
    try:
        check_can_mount()
    except FuseMissing as exc:
        pytest.skip(str(exc))
    monkeypatch.setattr(content, "_LOOK_SECONDS", 0.0)
    behind = tmp_path / "server"
    behind.mkdir()
    (behind / "a.jpg").write_bytes(DATA)
    share = Share(behind, tmp_path / "nas")
    found = []

    async def run() -> None:
        root = sources.maker.root(share.at, b"nas")
        file = sources.maker.seen(root, share.at, "a.jpg")
        sources.file("b.jpg", DATA)
        handle = await sources.content.open(file)
        share.hold("a.jpg")
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                found.append(bytes(await handle.read(0, 1000)))

            nursery.start_soon(read)
            await trio.to_thread.run_sync(share.wait_for, 1)
            sources.rot(file)
            share.answer()
        handle.release()

    try:
        trio.run(run)
    finally:
        share.close()

    assert found == [DATA[:1000]]
    assert sources.content.counts.failovers == 1


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
