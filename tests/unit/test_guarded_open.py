"""A file that becomes another inode while it is asked who may read it."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyfuse3", reason="pyfuse3 is not installed")

import pyfuse3
import trio
from make_catalog import HOST, CatalogMaker

from mediafs.fuse.access_disk import serving_process
from mediafs.fuse.access_live import Guard
from mediafs.fuse.access_operations import GuardedOperations
from mediafs.fuse.convert import Presentation
from mediafs.vfs import VirtualFS

STRANGER = SimpleNamespace(uid=65534, gid=65534, pid=0)


@pytest.fixture
def top():
    """A folder that everybody may read."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        yield Path(made)


def test_it_is_not_opened_by_who_could_not_read_it(top, tmp_path):
    """The kernel knows the inode that was asked about as dead by then."""
    maker = CatalogMaker(tmp_path / "catalog.db")
    root = maker.root(top)

    def publish(data: bytes) -> None:
        (top / "a.jpg").write_bytes(data)
        maker.place("originals/a.jpg", maker.seen(root, top, "a.jpg"))
        maker.publish()

    publish(b"a")
    vfs = VirtualFS(tmp_path / "catalog.db", HOST)
    operations = GuardedOperations(
        vfs, Presentation(None, None, os.getuid(), os.getgid()), Guard(serving_process())
    )
    folder = vfs.child(1, b"originals").attributes.inode
    number = vfs.child(folder, b"a.jpg").attributes.inode
    said = []

    async def open_it() -> None:
        try:
            info = await operations.open(number, os.O_RDONLY, STRANGER)
        except pyfuse3.FUSEError as exc:
            said.append(exc.errno)
        else:
            said.append(0)
            await operations.release(info.fh)

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(open_it)
            while not vfs._content.caches.sizes:
                await trio.lowlevel.checkpoint()
            # Nothing of it lets the loop go on with what the thread found out.
            publish(b"longer")
            assert vfs.child(folder, b"a.jpg").attributes.size == 6
        vfs.refresh()
        await open_it()

    trio.run(run)
    vfs.close()
    maker.close()

    assert said == [errno.ESTALE, 0]
    assert not operations._files
