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

from indexer import source
from indexer.catalog import open_reader, tree
from indexer.mounts import mount_table
from indexer.scan.filesystems import device_of
from mediafs.vfs.content import Content, Counts
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable
from mediafs.vfs.refresh import Forget

DATA = os.urandom(300_000)
PATIENCE = 1000  # looks, a hundredth of a second apart


class Sources:
    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.maker = CatalogMaker(folder / "catalog.db")
        self.root = self.maker.root(self.top)
        self.db = open_reader(folder / "catalog.db")
        self.suspects = []
        self.content = Content(self.db, HOST, Counts(), lambda *what: self.suspects.append(what))

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

    def is_as_before(self, file):
        """Open and read; whether a cache could keep what it had."""

        async def run():
            handle = await self.content.open(file)
            try:
                await handle.read(0, 10)
                return handle.is_as_before
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
        for offset in (0, 5, 100):
            with pytest.raises(SourceChanged):
                await old.read(offset, 10)
        old.release()
        new.release()

    trio.run(run)


def test_only_a_file_read_before_with_these_bytes_is_as_before(sources):
    file = sources.file("a.jpg", b"a")

    assert [sources.is_as_before(file), sources.is_as_before(file)] == [False, True]


def test_a_file_opened_but_not_read_is_not_as_before(sources):
    """Whoever opened it may not have been told yet, and a cache holds what it had until then."""
    file = sources.file("a.jpg", b"first")
    sources.is_as_before(file)
    sources.file("a.jpg", b"other")

    async def run():
        untold = await sources.content.open(file)
        later = await sources.content.open(file)
        found = untold.is_as_before, later.is_as_before
        untold.release()
        later.release()
        return found

    assert trio.run(run) == (False, False)


def test_a_file_that_was_read_from_a_copy_meanwhile_is_not_as_before(sources):
    """The copy may have been rotten."""
    file, _ = sources.file("a.jpg", b"a"), sources.file("b.jpg", b"a")
    assert sources.read(file) == b"a"

    async def run():
        handle = await sources.content.open(file)
        await handle.read(0, 10)
        (sources.top / "a.jpg").write_bytes(b"other")
        await handle.read(0, 10)
        handle.release()
        sources.file("a.jpg", b"a")
        handle = await sources.content.open(file)
        handle.release()
        return handle.is_as_before

    assert trio.run(run) is False


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


def test_one_warning_names_the_file_and_what_to_do(sources, caplog):
    file = sources.file("a.jpg", b"a")
    sources.file("other.jpg", b"b")
    (sources.top / "a.jpg").unlink()
    for _ in range(3):
        with pytest.raises(SourceChanged):
            sources.read(file)

    [said] = caplog.messages
    assert said == f"{sources.top}/a.jpg is no longer there; run `mediafs reindex`"


# ---------------------------------------------------------------------------- how it was opened


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


def test_another_folder_in_place_of_the_root_is_noticed(sources, tmp_path):
    file = sources.file("a.jpg", b"a")

    async def run():
        handle = await sources.content.open(file)
        handle.release()
        sources.top.rename(tmp_path / "aside")
        sources.top.mkdir()
        (sources.top / "other.jpg").touch()
        for _ in range(PATIENCE):
            handle = await sources.content.open(file)
            assert bytes(await handle.read(0, 10)) == b"a"
            handle.release()
            await trio.sleep(0.01)

    with pytest.raises(SourceChanged):
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
        for _ in range(PATIENCE):
            if not held():
                return
            await trio.sleep(0.01)
        pytest.fail("the root is still held")

    trio.run(run)


# ---------------------------------------------------------------------------- what the catalog learns


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_handle_does_not_read_on_what_was_found_rotten(sources, is_copied):
    file = sources.file("a.jpg", DATA)
    if is_copied:
        sources.file("b.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        assert bytes(await handle.read(0, 10)) == DATA[:10]
        sources.maker.db.execute(
            "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (file,)
        )
        counts, errors = sources.content.counts, 0
        with trio.fail_after(10):
            while counts.failovers + counts.refusals < 3 - 2 * is_copied:
                await trio.lowlevel.checkpoint()
                try:
                    assert bytes(await handle.read(0, 10)) == DATA[:10]
                except SourceUnavailable:
                    errors += 1
        handle.release()
        return errors

    assert trio.run(run) == (0 if is_copied else 3)


def test_a_handle_does_not_read_on_what_never_had_the_digest(sources):
    """A digest that was taken over by head and tail, and verify found that it was another's."""
    file = sources.file("a.jpg", DATA)

    async def run():
        handle = await sources.content.open(file)
        await handle.read(0, 10)
        sources.maker.db.execute("UPDATE file SET state = 'unreadable', content_id = NULL")
        try:
            for _ in range(PATIENCE):
                await handle.read(0, 10)
                await trio.sleep(0.01)
        finally:
            handle.release()

    with pytest.raises(SourceChanged):
        trio.run(run)


def test_a_cache_forgets_the_bytes_of_what_rotted_and_of_what_was_read_from_it(sources):
    own, copy, sound = (sources.file(name, DATA) for name in ("a.jpg", "b.jpg", "c.jpg"))
    other = sources.file("d.jpg", b"other")
    (sources.top / "b.jpg").unlink()
    for file in (own, copy, sound, other):
        sources.is_as_before(file)
    sources.maker.db.execute(
        "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (own,)
    )
    forget = Forget(attributes={tree.inode_of_file(file): None for file in (own, other)})

    sources.content.forget_disproved(forget)

    assert list(forget.bytes) == [tree.inode_of_file(own), tree.inode_of_file(copy)]
    assert not sources.is_as_before(own)
    assert sources.is_as_before(sound)


def test_what_was_found_rotten_is_not_opened(sources, caplog):
    file = sources.file("a.jpg", DATA)
    sources.maker.db.execute("UPDATE file SET state = 'unreadable', rotten_ns = 1")

    with pytest.raises(SourceUnavailable):
        sources.read(file)

    assert "as verify found" in caplog.text


def test_bytes_of_another_source_than_before_are_not_as_before(sources):
    file = sources.file("a.jpg", b"a")
    sources.file("b.jpg", b"a")

    before = [sources.is_as_before(file), sources.is_as_before(file)]
    sources.maker.db.execute(
        "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (file,)
    )

    after = [sources.is_as_before(file), sources.is_as_before(file)]
    assert before == after == [False, True]


def test_each_trouble_is_passed_on_once_in_a_generation(sources):
    changed, vanished = sources.file("a.jpg", b"a"), sources.file("b.jpg", b"b")
    (sources.top / "a.jpg").write_bytes(b"other")
    (sources.top / "b.jpg").unlink()

    for _ in range(3):
        for file in (changed, vanished):
            with pytest.raises(SourceChanged):
                sources.read(file)
    before = list(sources.suspects)
    sources.maker.publish()
    with pytest.raises(SourceChanged):
        sources.read(changed)

    assert before == [(changed, "changed"), (vanished, "vanished")]
    assert sources.suspects[2:] == [(changed, "changed")]


def test_an_unplugged_disk_is_no_suspect(sources):
    file = sources.file("a.jpg", b"a")
    sources.top.rename(sources.top.with_name("unplugged"))

    with pytest.raises(SourceUnavailable):
        sources.read(file)

    assert not sources.suspects


# ---------------------------------------------------------------------------- disks inside a root


def test_a_file_below_an_absent_disk_is_unavailable(sources):
    (sources.top / "usb").mkdir()
    file = sources.file("usb/a.jpg", b"a")
    near = sources.file("near.jpg", b"b")
    sources.maker.db.execute(
        "UPDATE folder SET device = 'uuid:ext4:another' WHERE path = CAST('usb' AS BLOB)"
    )
    (sources.top / "usb/a.jpg").unlink()
    (sources.top / "near.jpg").unlink()

    with pytest.raises(SourceUnavailable):
        sources.read(file)
    with pytest.raises(SourceChanged):
        sources.read(near)


def test_a_file_that_vanished_from_a_disk_that_is_there_is_stale(sources):
    (sources.top / "usb").mkdir()
    file = sources.file("usb/a.jpg", b"a")
    device = device_of(os.fsencode(sources.top / "usb"), mount_table())
    sources.maker.db.execute(
        "UPDATE folder SET device = ? WHERE path = CAST('usb' AS BLOB)", (device,)
    )
    (sources.top / "usb/a.jpg").unlink()
    (sources.top / "usb/other.jpg").touch()

    with pytest.raises(SourceChanged):
        sources.read(file)


def test_a_root_on_another_disk_than_before_is_unavailable(sources):
    file = sources.file("a.jpg", b"a")
    sources.maker.db.execute("UPDATE root SET device = 'uuid:ext4:another'")
    (sources.top / "a.jpg").rename(sources.top / "what another disk holds.jpg")

    with pytest.raises(SourceUnavailable):
        sources.read(file)
