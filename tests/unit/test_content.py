"""Bytes of a content: exactly those, from whichever source still has them."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import HOST, CatalogMaker

from indexer.catalog import open_reader
from mediafs.vfs.content import Content, Counts
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable

DATA = os.urandom(300_000)


class Sources:
    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.maker = CatalogMaker(folder / "catalog.db")
        self.root = self.maker.root(self.top)
        self.db = open_reader(folder / "catalog.db")
        self.content = Content(self.db, HOST, Counts())

    def file(self, name, data):
        (self.top / name).write_bytes(data)
        return self.maker.seen(self.root, self.top, name)

    def read(self, file, offset=0, size=1 << 20, meanwhile=lambda: None):
        """Open, let something happen, read a part."""

        async def run():
            handle = await self.content.open(file)
            try:
                meanwhile()
                return bytes(await handle.read(offset, size))
            finally:
                handle.release()

        return trio.run(run)

    def close(self):
        self.db.close()
        self.maker.close()


@pytest.fixture
def sources(tmp_path):
    made = Sources(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def constant():
    """One file for many reads."""
    with TemporaryDirectory() as folder:
        made = Sources(Path(folder))
        yield made, made.file("a.jpg", DATA)
        made.close()


@given(offset=st.integers(0, len(DATA) + 10), size=st.integers(0, len(DATA) + 10))
def test_a_read_is_the_slice_of_the_file(constant, offset, size):
    sources, file = constant

    assert sources.read(file, offset, size) == DATA[offset : offset + size]


@given(
    offset=st.integers(0, len(DATA)),
    size=st.integers(1, len(DATA)),
    cut=st.integers(0, len(DATA) - 1),
)
def test_a_read_of_a_source_that_is_cut_short_is_still_the_slice(offset, size, cut):
    with TemporaryDirectory() as folder:
        sources = Sources(Path(folder))
        file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)
        path = sources.top / "a.jpg"

        found = sources.read(file, offset, size, meanwhile=lambda: os.truncate(path, cut))

        assert found == DATA[offset : offset + size]
        sources.close()


def test_cached_bytes_are_read_without_a_thread(sources):
    sources.read(sources.file("a.jpg", DATA))

    assert (sources.content.counts.reads, sources.content.counts.waits) == (1, 0)


def test_many_reads_at_once_fail_over_once(sources):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        os.truncate(sources.top / "a.jpg", 0)
        found = {}

        async def read(offset):
            found[offset] = bytes(await handle.read(offset, 1000))

        async with trio.open_nursery() as nursery:
            for offset in range(0, 100_000, 1000):
                nursery.start_soon(read, offset)
        handle.release()
        return found

    found = trio.run(run)

    assert all(data == DATA[offset : offset + 1000] for offset, data in found.items())
    assert sources.content.counts.failovers == 1


def test_a_copy_that_does_not_fit_is_passed_over(sources):
    file = sources.file("a.jpg", DATA)
    sources.file("b.jpg", DATA)
    sources.file("c.jpg", DATA)
    (sources.top / "a.jpg").unlink()
    (sources.top / "b.jpg").write_bytes(b"other")

    assert sources.read(file) == DATA


def test_a_source_indexed_again_under_a_new_stamp_goes_on(sources):
    file = sources.file("a.jpg", DATA)

    def touch():
        os.utime(sources.top / "a.jpg", ns=(0, 0))
        sources.maker.seen(sources.root, sources.top, "a.jpg")

    assert sources.read(file, meanwhile=touch) == DATA


def test_a_file_indexed_again_with_other_bytes_is_never_mixed(sources):
    file = sources.file("a.jpg", b"first")

    with pytest.raises(SourceChanged):
        sources.read(file, meanwhile=lambda: sources.file("a.jpg", b"other"))


def test_an_older_handle_stops_when_the_file_is_opened_with_other_bytes(sources):
    file = sources.file("a.jpg", b"first")
    sources.file("copy.jpg", b"first")

    async def run():
        old = await sources.content.open(file)
        sources.file("a.jpg", b"other")
        new = await sources.content.open(file)
        assert bytes(await new.read(0, 10)) == b"other"
        assert not new.is_as_before
        with pytest.raises(SourceChanged):
            await old.read(0, 10)
        old.release()
        new.release()

    trio.run(run)


def test_only_a_file_opened_before_with_these_bytes_is_as_before(sources):
    file = sources.file("a.jpg", b"a")

    async def run():
        opened = [await sources.content.open(file) for _ in range(2)]
        for handle in opened:
            handle.release()
        return [handle.is_as_before for handle in opened]

    assert trio.run(run) == [False, True]


def test_a_source_on_another_machine_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE root SET host = 'elsewhere'")

    with pytest.raises(SourceUnavailable):
        sources.read(file)


def test_a_file_that_was_never_read_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE file SET state = 'unreadable', content_id = NULL")

    with pytest.raises(SourceUnavailable):
        sources.read(file)


def test_an_unknown_file_is_no_entry(sources):
    with pytest.raises(NoSuchEntry):
        sources.read(77)


def test_a_fifo_in_place_of_a_source_is_a_change(sources):
    file = sources.file("a.jpg", b"a")
    (sources.top / "a.jpg").unlink()
    os.mkfifo(sources.top / "a.jpg")

    with pytest.raises(SourceChanged):
        sources.read(file)


def test_a_file_without_a_stable_inode_is_known_by_the_rest(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE file SET inode = NULL")

    assert sources.read(file) == b"a"


def test_every_handle_is_closed(sources):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)
    before = len(os.listdir("/proc/self/fd"))

    sources.read(file, meanwhile=lambda: os.truncate(sources.top / "a.jpg", 0))

    assert len(os.listdir("/proc/self/fd")) == before


def test_one_warning_names_the_file_and_what_to_do(sources, caplog):
    file = sources.file("a.jpg", b"a")
    sources.file("other.jpg", b"b")
    (sources.top / "a.jpg").unlink()
    for _ in range(3):
        with pytest.raises(SourceChanged):
            sources.read(file)

    [said] = caplog.messages
    assert said == f"{sources.top}/a.jpg is no longer there; run `mediafs reindex`"
