"""Reading ahead of a slow source: the right bytes, checked when given, in bounded memory."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
import trio
from can_mount import check_can_mount
from make_catalog import HOST, CatalogMaker
from stubborn import Share
from waiting import until_async

from indexer.catalog import open_reader
from indexer.errors import FuseMissing
from mediafs.vfs import read_ahead
from mediafs.vfs.content import Content, Counts
from mediafs.vfs.errors import SourceChanged
from mediafs.vfs.read_ahead import PIECE_BYTES
from mediafs.vfs.reading import SLOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

FILM = os.urandom(6 << 20)
PART = 128 * 1024
SLOW = 2 * SLOW_SECONDS


class Slow:
    """A catalog of one film on a share, of which each read takes a while."""

    def __init__(self, folder) -> None:
        self.behind = folder / "server"
        self.behind.mkdir()
        (self.behind / "a.mov").write_bytes(FILM)
        self.share = Share(self.behind, folder / "nas")
        self.maker = CatalogMaker(folder / "catalog.db")
        root = self.maker.root(self.share.at)
        self.film = self.maker.seen(root, self.share.at, "a.mov")
        self.share.slow(SLOW)
        self.db = open_reader(folder / "catalog.db")
        self.counts = Counts()
        self.content = Content(self.db, HOST, self.counts)

    @property
    def held(self) -> int:
        """Bytes that are held because somebody may ask for them."""
        return self.content._ahead._bytes

    def close(self) -> None:
        try:
            self.db.close()
            self.maker.close()
        finally:
            self.share.close()


@pytest.fixture
def slow(tmp_path) -> Iterator[Slow]:
    try:
        check_can_mount()
    except FuseMissing as exc:
        pytest.skip(str(exc))
    made = Slow(tmp_path)
    try:
        yield made
    finally:
        made.close()


def part(offset: int, size: int = PART) -> bytes:
    return FILM[offset : offset + size]


def test_reading_in_order_is_ahead_and_the_bytes_are_those_of_the_file(slow):
    async def run():
        handle = await slow.content.open(slow.film)
        found = [bytes(await handle.read(at, PART)) for at in range(0, len(FILM) + PART, PART)]
        held = slow.held
        handle.release()
        return b"".join(found), held

    assert trio.run(run) == (FILM, 0)
    assert slow.counts.pieces > 5
    assert slow.counts.waits < 5


def test_reading_without_order_is_not_ahead(slow):
    offsets = random.Random(1).sample(range(0, len(FILM) - PART, PART), 10)

    async def run():
        handle = await slow.content.open(slow.film)
        for at in offsets:
            assert bytes(await handle.read(at, PART)) == part(at)
        handle.release()

    trio.run(run)

    assert slow.counts.pieces == 0


def test_two_requests_of_one_reader_may_come_in_any_order(slow):
    async def run():
        handle, found = await slow.content.open(slow.film), {}

        async def read(at):
            found[at] = bytes(await handle.read(at, PART))

        for at in range(0, len(FILM), 4 * PART):
            async with trio.open_nursery() as nursery:
                for each in (at + PART, at, at + 3 * PART, at + 2 * PART):
                    nursery.start_soon(read, each)
        handle.release()
        return found

    found = trio.run(run)

    assert b"".join(found[at] for at in sorted(found)) == FILM


def test_what_was_fetched_is_dropped_when_the_reader_goes_elsewhere(slow):
    async def run():
        handle = await slow.content.open(slow.film)
        for at in (0, PART):
            await handle.read(at, PART)
        before, far = slow.held, len(FILM) - PART
        assert bytes(await handle.read(far, PART)) == part(far)
        await until_async(lambda: slow.held == 0)
        handle.release()
        return before

    assert trio.run(run) > 0


def test_what_was_fetched_is_dropped_when_the_file_is_closed(slow):
    async def run():
        handle = await slow.content.open(slow.film)
        for at in (0, PART):
            await handle.read(at, PART)
        handle.release()
        await until_async(lambda: slow.held == 0)

    trio.run(run)

    assert not [link for link in handles() if link.startswith(str(slow.share.at))]


def test_what_was_fetched_is_not_given_after_the_source_changed(slow):
    async def run():
        handle = await slow.content.open(slow.film)
        for at in (0, PART):
            await handle.read(at, PART)
        reader = handle._reader
        await until_async(lambda: all(piece.ready.is_set() for piece in reader._pieces))
        with (slow.behind / "a.mov").open("r+b") as film:
            film.write(b"other")
        try:
            with pytest.raises(SourceChanged):
                await handle.read(2 * PART, PART)
        finally:
            handle.release()

    trio.run(run)


def test_memory_for_reading_ahead_is_bounded_and_shared(slow, monkeypatch):
    monkeypatch.setattr(read_ahead, "MOST_BYTES", 4 * PIECE_BYTES)
    most = 0

    async def run():
        async def read_all():
            nonlocal most
            handle = await slow.content.open(slow.film)
            for at in range(0, len(FILM), PART):
                assert bytes(await handle.read(at, PART)) == part(at)
                most = max(most, slow.held)
            handle.release()

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(read_all)
        await until_async(lambda: slow.held == 0)

    trio.run(run)

    assert 0 < most <= 4 * PIECE_BYTES


def test_a_read_that_ends_beyond_what_was_fetched_is_whole(slow, monkeypatch):
    """There is memory for one piece, and the parts do not end where pieces do."""
    monkeypatch.setattr(read_ahead, "MOST_BYTES", PIECE_BYTES)
    size = PART + 1000

    async def run():
        handle = await slow.content.open(slow.film)
        found = [bytes(await handle.read(at, size)) for at in range(0, len(FILM), size)]
        handle.release()
        return b"".join(found)

    assert trio.run(run) == FILM
    assert slow.counts.pieces > 0


def handles() -> list[str]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # the handle on the folder itself
            continue
    return found
