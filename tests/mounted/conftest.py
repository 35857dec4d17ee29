"""A small library, its catalog and a real mount of it in another process.

The catalog is made of rows, not by the indexer. Every mount a test starts is taken away by its
own path, also after a failure.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from can_mount import check_can_mount
from make_catalog import HOST, CatalogMaker
from waiting import until

from indexer.errors import FuseMissing, NotMounted
from mediafs.fuse.mount import MountOptions, mount_in_background, mounts, unmount
from mediafs.fuse.mounted import find
from mediafs.fuse.states import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.model import FileId

DEADLINE_SECONDS = 10.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    try:
        check_can_mount()
        missing = None
    except FuseMissing as exc:
        missing = pytest.mark.skip(reason=str(exc))
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.mounted)
            if missing:
                item.add_marker(missing)


class Library:
    """Source files in `top`, shown at `at`."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.at = folder / "mount"
        self.catalog = folder / "catalog.db"
        self.top.mkdir()
        self.at.mkdir()
        self.maker = CatalogMaker(self.catalog)
        self.root = self.maker.root(self.top)

    def options(self, **changes: object) -> MountOptions:
        return MountOptions(self.catalog, self.at, HOST, **changes)

    def file(self, relative: str, data: bytes, *places: str) -> FileId:
        """Write a source, index it, and show it at these paths from the next publish on."""
        path = self.top / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        file = self.maker.seen(self.root, self.top, relative)
        for place in places:
            self.maker.place(place, file)
        return file

    def publish(self) -> None:
        self.maker.publish()

    def mount(self, **changes: object) -> int:
        """Publish what was placed and mount it; the number of the serving process."""
        self.publish()
        return mount_in_background(self.options(**changes))

    def unmount(self) -> None:
        unmount(self.at)

    @property
    def log(self) -> str:
        return log_path(self.at).read_text("utf-8")

    def is_mounted(self) -> bool:
        return any(mount.mountpoint == self.at for mount in mounts())

    def wait(self, is_so: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
        """Until something is so, or the test failed; the log is said then."""
        until(is_so, lambda: f"the log says:\n{self.log}", seconds)

    def kill(self, pid: int, how: signal.Signals = signal.SIGKILL) -> None:
        """Signal the serving process and wait until it ended."""
        fd = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(fd, how)
            self.wait(lambda: self.has_ended(pid))
        finally:
            os.close(fd)

    def has_ended(self, pid: int) -> bool:
        """Whether a process ended, even if nobody has asked for its exit code yet."""
        try:
            status = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return True
        return status.rpartition(b")")[2].split()[0] == b"Z"

    def close(self) -> None:
        self.maker.close()
        mount = find(self.at)
        if mount is not None and mount.pid is not None:
            with contextlib.suppress(NotMounted):
                unmount(self.at)
        elif mount is not None:
            unmount(self.at)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = Library(tmp_path)
    try:
        yield made
    finally:
        made.close()
