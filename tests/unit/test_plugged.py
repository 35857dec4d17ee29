"""Roots that were away when the catalog was written, and are here now."""

from __future__ import annotations

import json

import pytest
import trio
from make_catalog import HOST
from waiting import until_async

from mediafs.vfs import VirtualFS
from mediafs.vfs import plugged as plugged_module
from mediafs.vfs.errors import SourceChanged, SourceUnavailable


class Disk:
    """A root with one file, which was away when it was last looked for."""

    def __init__(self, sources):
        self.top, self.maker, self.content = sources.top, sources.maker, sources.content
        self.away = self.top.with_name("away")
        self.file = sources.file("a.jpg", b"a")
        self.maker.publish()
        self.maker.db.execute("UPDATE root SET online = 0")
        self._sources = sources

    async def read(self):
        return await self._sources.read_async(self.file)

    def unplug(self):
        self.top.rename(self.away)

    def plug_in(self):
        self.away.rename(self.top)


@pytest.fixture
def disk(sources):
    return Disk(sources)


@pytest.fixture
def forgetful(monkeypatch):
    monkeypatch.setattr(plugged_module, "_SECONDS", 0.2)


def test_a_root_that_is_here_again_is_read(disk, caplog):
    assert trio.run(disk.read) == b"a"
    assert "plug it in" not in caplog.text


def test_a_root_that_is_away_is_unavailable(disk, caplog):
    disk.unplug()

    with pytest.raises(SourceUnavailable):
        trio.run(disk.read)

    assert "plug it in" in caplog.text


def test_a_root_is_asked_for_once_in_a_while_however_much_is_opened(disk):
    disk.unplug()

    async def run():
        async def fail():
            with pytest.raises(SourceUnavailable):
                await disk.read()

        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(fail)
        for _ in range(50):
            await fail()

    trio.run(run)

    assert disk.content.plugged.questions == 1


@pytest.mark.usefixtures("forgetful")
def test_a_disk_that_is_plugged_in_is_noticed(disk):
    disk.unplug()

    async def run():
        with pytest.raises(SourceUnavailable):
            await disk.read()
        disk.plug_in()
        await until_async(is_read)

    async def is_read():
        try:
            return await disk.read() == b"a"
        except SourceUnavailable:
            return False

    trio.run(run)


def test_a_disk_that_was_here_and_is_pulled_is_unavailable(disk):
    async def run():
        assert await disk.read() == b"a"
        disk.unplug()
        await until_async(is_other)

    async def is_other():
        """As long as the root's folder is held open, it is read."""
        assert await disk.read() == b"a"

    with pytest.raises(SourceUnavailable):
        trio.run(run)


def test_other_bytes_on_a_disk_that_came_back_are_never_given(disk):
    (disk.top / "a.jpg").write_bytes(b"b")

    with pytest.raises(SourceChanged):
        trio.run(disk.read)

    assert disk.content.counts.open_waits == 1


def test_another_disk_at_the_same_place_is_not_the_root(disk):
    disk.unplug()
    disk.top.mkdir()
    (disk.top / "other.jpg").touch()

    with pytest.raises(SourceUnavailable):
        trio.run(disk.read)


def test_a_root_of_another_host_is_not_asked_for(disk):
    disk.maker.db.execute("UPDATE root SET host = 'elsewhere'")

    with pytest.raises(SourceUnavailable):
        trio.run(disk.read)

    assert disk.content.plugged.questions == 0


def test_for_a_file_that_is_gone_no_disk_is_asked_for(disk):
    disk.maker.db.execute("UPDATE file SET state = 'gone', gone_ns = 1")
    disk.unplug()

    with pytest.raises(SourceChanged):
        trio.run(disk.read)

    assert disk.content.plugged.questions == 0


def test_a_copy_that_is_surely_here_is_taken_without_asking(disk, tmp_path):
    near = tmp_path / "near"
    near.mkdir()
    (near / "copy.jpg").write_bytes(b"a")
    disk.maker.seen(disk.maker.root(near, b"near"), near, "copy.jpg")

    assert trio.run(disk.read) == b"a"
    assert disk.content.plugged.questions == 0


def test_a_copy_on_a_root_that_is_here_again_is_taken(disk, tmp_path):
    near = tmp_path / "near"
    near.mkdir()
    (near / "a.jpg").write_bytes(b"a")
    disk.file = disk.maker.seen(disk.maker.root(near, b"near"), near, "a.jpg")
    (near / "a.jpg").unlink()

    assert trio.run(disk.read) == b"a"


@pytest.mark.parametrize("is_away", [False, True])
def test_the_status_says_whether_it_is_here(disk, is_away):
    if is_away:
        disk.unplug()
    vfs = VirtualFS(disk.maker.path, HOST)

    async def read():
        inode = vfs.child(vfs.child(1, b".mediafs").attributes.inode, b"status.json")
        handle = await vfs.open(inode.attributes.inode)
        return json.loads(bytes(await handle.read(0, handle.size)))

    assert [root["online"] for root in trio.run(read)["roots"]] == [not is_away]
    vfs.close()
