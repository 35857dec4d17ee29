"""A mount while it lasts: requests are answered, the catalog is followed, signals end it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyfuse3
import trio

from indexer.errors import MountRefused
from indexer.paths import display
from mediafs.fuse.attach import detach
from mediafs.fuse.control import set_numbers
from mediafs.fuse.loop import answer_kernel
from mediafs.fuse.mounted import is_mounted
from mediafs.fuse.notify import follow, write_suspects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractContextManager

    from mediafs.fuse.access_refresh import Others
    from mediafs.vfs import VirtualFS

log = logging.getLogger(__name__)

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Who told us to stop waits so long for requests that wait for a disk. Arbitrary: shorter than
# what systemd and `mediafs umount` give.
_GRACE_SECONDS: Final = 3.0
# Each request that waits for a disk holds a task; a dead NAS must not hold all of them.
_MOST_TASKS: Final = 1000
# The kernel's 128 KiB leave a request's fixed cost larger than copying its bytes: 1.3 GB/s,
# 3.3 GB/s with this; 2 and 4 MiB were no faster (a cached source, two cores).
_READ_AHEAD_KB: Final = 1024
# What the kernel asks in the background: it reads ahead, and tells which files were closed. With
# its twelve, 48 programs that open, read and close had 10,000 files open after ten seconds;
# with these, no more than 64.
_IN_BACKGROUND: Final = 64


async def until_the_end(
    vfs: VirtualFS,
    mount: AbstractContextManager[None],
    mountpoint: Path,
    ready: Callable[[], None],
    others: Others | None,
) -> str:
    """Mount, serve, call `ready` once the tree answers, unmount, and return why it ended."""
    following = trio.CancelScope()
    # A signal that comes at any moment while it is mounted finds somebody who unmounts.
    with trio.open_signal_receiver(*_STOPPING) as signals, mount:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_answer_kernel, nursery.cancel_scope)
            nursery.start_soon(_stop_on_signal, signals, following, mountpoint)
            with following:
                # From outside, as whom a thread counts: until the tree answers.
                await trio.to_thread.run_sync(_widen, mountpoint, abandon_on_cancel=True)
                if others is not None:
                    nursery.start_soon(others.follow, vfs)
                    await others.wait_first()
                ready()
                async with trio.open_nursery() as followers:
                    followers.start_soon(follow, vfs)
                    followers.start_soon(write_suspects, vfs)
            pyfuse3.terminate()
        if following.cancel_called:
            return "stopped and unmounted"
        if is_mounted(mountpoint):
            return (
                "the kernel ended the connection; mounting again cleans what is left of the mount"
            )
        return "unmounted"


async def _answer_kernel(everything: trio.CancelScope) -> None:
    await answer_kernel(_MOST_TASKS)
    everything.cancel()


async def _stop_on_signal(
    signals: AsyncIterator[int], following: trio.CancelScope, mountpoint: Path
) -> None:
    async for number in signals:
        log.info("told to stop by %s", signal.Signals(number).name)
        # First the thread that tells the kernel what to forget: it may wait for an answer.
        following.cancel()
        await trio.sleep(_GRACE_SECONDS)
        _abandon(mountpoint)


def _abandon(mountpoint: Path) -> None:
    """End although requests wait for a disk that does not answer: no thread can be called off."""
    log.warning("stopped and unmounted; requests that still waited for a disk were given up")
    detach(mountpoint)
    logging.shutdown()
    os._exit(0)


def _widen(mountpoint: Path) -> None:
    """Have the kernel ask for more at once, where it lets us."""
    try:
        device = mountpoint.stat().st_dev
    except OSError as exc:
        raise MountRefused(
            f"{display(mountpoint)} was not mounted: its tree does not answer ({exc.strerror})."
        ) from exc
    names = ("max_background", "congestion_threshold")
    set_numbers(os.minor(device), dict.fromkeys(names, _IN_BACKGROUND))
    path = Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    # Root's alone; for others the first read of a cached source is half as fast.
    with contextlib.suppress(OSError):
        path.write_text(str(_READ_AHEAD_KB), encoding="ascii")
