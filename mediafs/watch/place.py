"""Where a root is, as watching it goes: whether it is there, and whether its changes are told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.mounts import HOST, NETWORK, mount_of, mount_table
from indexer.paths import display
from indexer.standing import OUR_FILESYSTEM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.mounts import Mount


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is there; another one means that its disk came or went."""

    device: int
    inode: int
    silent: str | None  # why changes are not told by the kernel, one clause; None: they are


def place_of(root: bytes, mounts: Sequence[Mount] | None = None) -> Place | None:
    """What is at a root's path now; None: nothing. May wait as long as a dead share lets it."""
    try:
        info = os.lstat(root)
    except OSError:
        return None
    return Place(
        info.st_dev, info.st_ino, silent(root, mount_table() if mounts is None else mounts)
    )


def silent(root: bytes, mounts: Sequence[Mount]) -> str | None:
    """Why inotify cannot tell of all that changes below a root; None: it can.

    It tells what is done through this kernel, and a share is changed by others. Of FUSE nobody
    knows what is behind it.
    """
    own = mount_of(root, mounts)
    if own is not None and _is_shared(own.type):
        return f"it is on {own.type}"
    inside = root.rstrip(b"/") + b"/"
    for mount in mounts:
        if (
            mount.point.startswith(inside)
            and mount.type != OUR_FILESYSTEM
            and _is_shared(mount.type)
        ):
            return f"{display(mount.point)} in it is on {mount.type}"
    return None


def _is_shared(kind: str) -> bool:
    return kind in NETWORK or kind in HOST or kind == "fuse" or kind.startswith("fuse.")
