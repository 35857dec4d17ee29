"""A mount point taken and left: by one process at a time, and as it was found if nobody saw a tree.

After a crash the mount point is left broken, never empty. An empty directory would tell a
running `rsync --delete` that every photograph is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyfuse3

from indexer.errors import MountRefused
from indexer.paths import display
from mediafs.fuse.mounted import is_mounted
from mediafs.fuse.states import log_path, remove_state, write_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mediafs.fuse.mount import MountOptions

log = logging.getLogger(__name__)


@contextmanager
def attached(
    operations: pyfuse3.Operations, options: MountOptions, has_answered: Callable[[], bool]
) -> Iterator[None]:
    """Mounted while it lasts; raises MountRefused.

    After an error nothing is left if the tree had not answered yet, else a broken mount.
    """
    with alone(options.mountpoint):
        _mount(operations, options)
    try:
        write_state(options.mountpoint, options.catalog)
    except OSError as exc:
        log.warning("`mediafs status` will not know who serves this mount: %s", exc)
    try:
        yield
    except BaseException:
        if not has_answered():
            detach(options.mountpoint)
        # Else it is left: a broken mount has a crashed process, and that is what others find.
        raise
    detach(options.mountpoint)


def detach(mountpoint: Path) -> None:
    """Not mounted any more, and nobody is told that it is."""
    pyfuse3.close(unmount=True)
    with contextlib.suppress(OSError):
        remove_state(mountpoint, os.getpid())


@contextmanager
def alone(mountpoint: Path) -> Iterator[None]:
    """While it lasts nobody else mounts there; two started at once would lie on top of each other."""
    folder_fd = -1
    try:
        # Where there are no locks, as on some network disks, it is mounted without.
        with contextlib.suppress(OSError):
            folder_fd = os.open(mountpoint, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(folder_fd, fcntl.LOCK_EX)
        if is_mounted(mountpoint):
            shown = display(mountpoint)
            raise MountRefused(
                f"{shown} is mounted already, just now by another process; `mediafs umount "
                f"{shown}` comes first."
            )
        yield
    finally:
        if folder_fd >= 0:
            os.close(folder_fd)


def _mount(operations: pyfuse3.Operations, options: MountOptions) -> None:
    wanted = {"fsname=mediafs", "subtype=mediafs", "ro", "nosuid", "nodev", "noatime"}
    if options.allow_other:
        # Others see what the modes let them see; a private mount is its owner's alone.
        wanted |= {"allow_other", "default_permissions"}
    try:
        pyfuse3.init(operations, os.fspath(options.mountpoint), wanted)
    except RuntimeError as exc:
        raise MountRefused(
            f"{display(options.mountpoint)} cannot be mounted ({exc}); the line above or the log "
            f"{display(log_path(options.mountpoint))} says why."
        ) from exc
