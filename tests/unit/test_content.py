"""Bytes of a content: exactly those, from whichever source still has them."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import trio
from content_sources import DATA, Sources
from hypothesis import given
from hypothesis import strategies as st

from mediafs.vfs.errors import SourceChanged


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


def test_what_was_read_at_once_is_completed_from_where_it_ends(sources):
    file = sources.file("a.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        buffer = bytearray(DATA[500:1500] + bytes(4000))
        found = await handle._reader.read(500, buffer, 1000)
        handle.release()
        return bytes(found)

    assert trio.run(run) == DATA[500:5500]


def test_bytes_beyond_two_gigabytes_are_those_at_their_offset(sources):
    offset = (5 << 30) + 12_345
    path = sources.top / "film.mov"
    with path.open("wb") as file:
        file.seek(offset)
        file.write(DATA)
    row = sources.maker.row(sources.root, b"film.mov", path.stat(), b"5" * 32)

    assert sources.read(row, offset + 100, 1000) == DATA[100:1100]
    assert sources.read(row, (3 << 30) + 1, 5) == bytes(5)
    assert sources.read(row, offset + len(DATA) - 3, 1 << 20) == DATA[-3:]


def test_a_file_without_a_stable_inode_is_known_by_the_rest(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE file SET inode = NULL")

    assert sources.read(file) == b"a"


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


def test_a_copy_that_does_not_fit_is_passed_over(sources):
    file = sources.file("a.jpg", DATA)
    sources.file("b.jpg", DATA)
    sources.file("c.jpg", DATA)
    (sources.top / "a.jpg").unlink()
    (sources.top / "b.jpg").write_bytes(b"other")

    assert sources.read(file) == DATA


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


# ---------------------------------------------------------------------------- indexed again


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
        for offset in (0, 5, 100):
            with pytest.raises(SourceChanged):
                await old.read(offset, 10)
        old.release()
        new.release()

    trio.run(run)


def test_who_opens_while_the_file_is_indexed_with_other_bytes_gets_those(sources):
    file, _ = sources.file("a.jpg", b"first"), sources.file("copy.jpg", b"first")

    async def run():
        found = []

        async def read():
            handle = await sources.content.open(file)
            found.append(bytes(await handle.read(0, 10)))
            handle.release()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            sources.file("a.jpg", b"other")
        return found

    assert trio.run(run) == [b"other"]
