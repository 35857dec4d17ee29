"""Mount a catalog's tree, in this process or in the background.

After a crash the mount point is left broken, never empty. An empty directory would tell a
running `rsync --delete` that every photograph is gone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import resource
import select
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from indexer import errors
from indexer.errors import MountRefused
from indexer.paths import display
from mediafs.fuse.checks import check_allow_other, check_fuse, check_mountpoint
from mediafs.fuse.mounted import Mount, mounts, unmount
from mediafs.fuse.states import log_path, remove_state, write_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import trio

    from mediafs.fuse.convert import Presentation
    from mediafs.vfs import VirtualFS

__all__ = ["Mount", "MountOptions", "mount_in_background", "mounts", "serve", "unmount"]

log = logging.getLogger(__name__)

_READY_SECONDS = 30.0  # a tree answers within one; arbitrary
_OLD_LOG_BYTES = 1 << 20  # a longer log is set aside at the next start; arbitrary
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Each request that waits for a disk holds a task; a dead NAS must not hold all of them.
_MOST_TASKS = 1000
# The kernel's 128 KiB leave a request's fixed cost larger than copying its bytes: 1.3 GB/s,
# 3.3 GB/s with this; 2 and 4 MiB were no faster (a cached source, two cores).
_READ_AHEAD_KB = 1024
_OBJECTS_UNTIL_COLLECTED = 50_000


@dataclass(frozen=True, slots=True)
class MountOptions:
    """What to mount where, and who sees it."""

    catalog: Path
    mountpoint: Path
    host: str  # whose roots are read; those of another machine count as unplugged
    foreground: bool = False
    allow_other: bool = False
    uid: int | None = None  # None: each source's owner
    gid: int | None = None
    umask: int = 0


def serve(options: MountOptions, ready: Callable[[], None] | None = None) -> None:
    """Mount, call `ready` once the tree answers, and serve until unmounted or told to stop.

    SIGINT, SIGTERM and SIGHUP unmount. Raises FuseMissing, MountRefused and the Catalog…
    errors before anything is mounted; any later error leaves the mount point broken.
    """
    check_fuse()
    if options.allow_other:
        check_allow_other()
    where = check_mountpoint(options.mountpoint, options.catalog, options.host)
    options = replace(options, mountpoint=where, catalog=options.catalog.resolve())
    _serve(options, ready or (lambda: None))


def _serve(options: MountOptions, ready: Callable[[], None]) -> None:
    import pyfuse3
    import trio

    from mediafs.fuse.operations import Operations
    from mediafs.vfs import VirtualFS

    _raise_open_files()
    vfs = VirtualFS(options.catalog, options.host)
    _mount(Operations(vfs, _presentation(options)), options)
    write_state(options.mountpoint, options.catalog)
    # What exists by now stays until the end: the collector need not look at it again, nor
    # after every seven hundred names of a listing (a tenth of a walk's time).
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)
    trio.run(_run, vfs, options.mountpoint, ready)
    pyfuse3.close(unmount=True)
    remove_state(options.mountpoint)
    vfs.close()


def _presentation(options: MountOptions) -> Presentation:
    from mediafs.fuse.convert import Presentation

    return Presentation(options.uid, options.gid, os.getuid(), os.getgid(), options.umask)


def _mount(operations: object, options: MountOptions) -> None:
    import pyfuse3

    wanted = {"fsname=mediafs", "subtype=mediafs", "ro", "nosuid", "nodev", "noatime"}
    if options.allow_other:
        # Others see what the modes let them see; a private mount is its owner's alone.
        wanted |= {"allow_other", "default_permissions"}
    try:
        pyfuse3.init(operations, os.fspath(options.mountpoint), wanted)  # type: ignore[arg-type]
    except RuntimeError as exc:
        raise MountRefused(
            f"{display(options.mountpoint)} cannot be mounted ({exc}); the line above or the log "
            f"{display(log_path(options.mountpoint))} says why."
        ) from exc


def _raise_open_files() -> None:
    """Every open file of the mount is one of ours: as many as the system lets us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# ---------------------------------------------------------------------------- the loop


async def _run(vfs: VirtualFS, mountpoint: Path, ready: Callable[[], None]) -> None:
    import trio

    from mediafs.fuse.notify import follow

    following = trio.CancelScope()
    with trio.open_signal_receiver(*_STOPPING) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_answer_kernel, nursery.cancel_scope)
            nursery.start_soon(_stop_on_signal, signals, following)
            await _wait_answering(mountpoint)
            ready()
            with following:
                await follow(vfs)
            _terminate()


async def _answer_kernel(everything: trio.CancelScope) -> None:
    import pyfuse3

    await pyfuse3.main(max_tasks=_MOST_TASKS)
    everything.cancel()


async def _stop_on_signal(signals: AsyncIterator[int], following: trio.CancelScope) -> None:
    async for _ in signals:
        # First the thread that tells the kernel what to forget: it may wait for an answer.
        following.cancel()


def _terminate() -> None:
    import pyfuse3

    pyfuse3.terminate()


async def _wait_answering(mountpoint: Path) -> None:
    """Until the tree answers somebody from outside, as whom this thread counts."""
    import trio

    await trio.to_thread.run_sync(_read_ahead_more, mountpoint, abandon_on_cancel=True)


def _read_ahead_more(mountpoint: Path) -> None:
    device = mountpoint.stat().st_dev
    path = Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    # Root's alone; for others the first read of a cached source is half as fast.
    with contextlib.suppress(OSError):
        path.write_text(str(_READ_AHEAD_KB), encoding="ascii")


# ---------------------------------------------------------------------------- in the background


def mount_in_background(options: MountOptions) -> int:
    """Serve from a process of its own; returns its number once the tree answers.

    A fresh interpreter rather than a fork of this one: threads and locks do not survive a
    fork. Raises what `serve` raises, as if it had happened here.
    """
    mountpoint = Path(os.path.abspath(options.mountpoint))  # may be a dead mount
    options = replace(options, mountpoint=mountpoint, catalog=options.catalog.absolute())
    reading, writing = os.pipe()
    try:
        _start(options, writing)
        os.close(writing)
        writing = -1
        return _heard(_wait_answer(reading), mountpoint)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _start(options: MountOptions, pipe: int) -> None:
    """Start the daemon's launcher, which forks and ends at once: nobody is left to be reaped."""
    command = [sys.executable, "-m", "mediafs.fuse.daemon", str(pipe), to_json(options)]
    package_parent = Path(__file__).parents[2]
    with _opened_log(options.mountpoint) as said:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[pipe],
            cwd=package_parent, start_new_session=True, check=False,
        )  # fmt: skip


def _opened_log(mountpoint: Path) -> BinaryIO:
    path = log_path(mountpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _OLD_LOG_BYTES:
        path.replace(path.with_suffix(".log.old"))
    return path.open("ab")


def to_json(options: MountOptions) -> str:
    """For the daemon's command line; undecodable bytes of paths survive."""
    return json.dumps(asdict(options), default=os.fspath)


def from_json(text: str) -> MountOptions:
    """The inverse of `to_json`."""
    values = json.loads(text)
    catalog, mountpoint = Path(values.pop("catalog")), Path(values.pop("mountpoint"))
    return MountOptions(catalog, mountpoint, **values)


def _wait_answer(pipe: int) -> bytes:
    """What the daemon says: one line of JSON, or nothing when it ended or was too slow."""
    answer = b""
    while not answer.endswith(b"\n") and select.select([pipe], [], [], _READY_SECONDS)[0]:
        part = os.read(pipe, 65536)
        if not part:
            break
        answer += part
    return answer


def _heard(answer: bytes, mountpoint: Path) -> int:
    if not answer:
        raise MountRefused(
            f"{display(mountpoint)} was not mounted: the process that should serve it ended or did "
            f"not answer; its log is {display(log_path(mountpoint))}."
        )
    heard = json.loads(answer)
    if "error" in heard:
        raise getattr(errors, heard["error"])(heard["says"])
    return int(heard["pid"])
