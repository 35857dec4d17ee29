"""The filesystems that are compared, each over the same files: how it is mounted, and why so.

Each gets the settings that make it fastest here among those under which it still shows within
a second that a file changed, as mediafs does; longer caches of names would be faster, and wrong.
Each is mounted anew for every measurement and taken away by its own mount point and number.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
from processes import wait_ended

from mediafs.fuse.states import read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_READ_AHEAD: Final = Path("/sys/class/bdi")
_FEW_SECONDS: Final = 60.0  # for a new mount to answer, or for one to end; both need far less


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that shows a folder somewhere else."""

    flags: tuple[str, ...]  # SOURCES and POINT stand for the two folders
    why: str

    def command(self, sources: Path, point: Path) -> list[str]:
        """Stays in the foreground."""
        folders = {"SOURCES": os.fspath(sources), "POINT": os.fspath(point)}
        return [folders.get(flag, flag) for flag in self.flags]


PEERS: Final = {
    "bindfs": Peer(
        ("bindfs", "-f", "-r", "--multithreaded", "-o", "auto_cache", "SOURCES", "POINT"),
        "several threads, since nobody writes; pages are kept while size and mtime stay",
    ),
    "mergerfs": Peer(
        ("mergerfs", "-f", "-o", "ro,cache.files=auto-full,cache.readdir=true", "SOURCES", "POINT"),
        "pages are kept while size and mtime stay, directories while theirs do",
    ),
    "rclone": Peer(
        (
            "rclone", "mount", "SOURCES", "POINT", "--read-only", "--config", "/dev/null",
            "--max-read-ahead", "1Mi", "--buffer-size", "0", "--no-checksum", "--vfs-read-wait", "0",
        ),
        "as much read-ahead as mediafs asks for; no second buffer, no digest and no waiting for"
        " an earlier read, which are for distant files",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Served:
    """The files as one filesystem shows them."""

    tree: Path  # as sources/
    originals: Path  # as sources/large/
    pid: int | None  # who serves them; None: the kernel itself


class Filesystems:
    """The ways to look at one folder."""

    def __init__(self, folder: Path, catalog: Path, peers: Sequence[str]) -> None:
        self.sources = folder / "sources"
        self._folder = folder
        self._catalog = catalog
        self.names = ["native", "mediafs", *(name for name in peers if shutil.which(name))]

    @contextlib.contextmanager
    def fresh(self, name: str, read_ahead_kb: int | None = None) -> Iterator[Served]:
        """A new mount; away at the end, whatever happens."""
        if name == "native":
            yield Served(self.sources, self.sources / "large", None)
            return
        point = self._folder / f"mount-{name}"
        point.mkdir(exist_ok=True)
        with self._mediafs(point) if name == "mediafs" else self._peer(name, point) as served:
            if read_ahead_kb is not None:
                _read_ahead(point, read_ahead_kb)
            yield served

    @contextlib.contextmanager
    def _mediafs(self, point: Path) -> Iterator[Served]:
        with serving(self._catalog, point) as pid:
            tree = point / "by-source" / self.sources.name
            yield Served(tree, point / "originals", pid)

    @contextlib.contextmanager
    def _peer(self, name: str, point: Path) -> Iterator[Served]:
        with open(self._folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                PEERS[name].command(self.sources, point),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            _wait_mounted(process, point)
            yield Served(point, point / "large", process.pid)
        finally:
            measured.unmount(point)
            if not wait_ended(process.pid, _FEW_SECONDS):
                process.kill()
            process.wait()


@contextlib.contextmanager
def serving(catalog: Path, point: Path) -> Iterator[int]:
    """A catalog mounted on a folder, which is there; the number of the process behind it."""
    pid = None
    try:
        measured.mediafs(catalog, "mount", point)
        state = read_state(point)
        assert state is not None, f"nobody told who serves {point}"
        pid = state.pid
        yield pid
    finally:
        measured.unmount(point)
        assert pid is None or wait_ended(pid, _FEW_SECONDS), f"{pid} has not ended"


def may_read_ahead() -> bool:
    """Whether we may tell the kernel how far to read ahead in a mount."""
    return os.access(_READ_AHEAD, os.W_OK)


def _read_ahead(point: Path, kilobytes: int) -> None:
    device = point.stat().st_dev
    file = _READ_AHEAD / f"{os.major(device)}:{os.minor(device)}" / "read_ahead_kb"
    file.write_text(str(kilobytes))


def _wait_mounted(process: subprocess.Popen[bytes], point: Path) -> None:
    deadline = time.monotonic() + _FEW_SECONDS
    while not os.path.ismount(point):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not mount on {point}")
        time.sleep(0.01)
