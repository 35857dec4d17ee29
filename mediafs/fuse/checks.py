"""Whether a catalog can be mounted somewhere: refused with a sentence before anything happens."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts, open_reader
from indexer.errors import FuseMissing, MountRefused
from indexer.paths import display, to_str
from mediafs.fuse.mounted import clean_stale, find, resolved

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEVICE = Path("/dev/fuse")
_CONFIG = Path("/etc/fuse.conf")


def check_fuse() -> None:
    """Raise FuseMissing unless this machine and this installation can mount."""
    if importlib.util.find_spec("pyfuse3") is None:
        raise FuseMissing(
            "pyfuse3 is not installed, so nothing can be mounted; get it with "
            "`pip install 'mediafs[fuse]'` (it is compiled: on Debian and Ubuntu first "
            "`apt install libfuse3-dev fuse3 pkg-config gcc python3-dev`)."
        )
    if not _DEVICE.exists():
        raise FuseMissing(
            "This machine has no /dev/fuse; load it with `modprobe fuse`, or start the container "
            "with `--device /dev/fuse --cap-add SYS_ADMIN`."
        )
    if os.geteuid() != 0 and shutil.which("fusermount3") is None:
        raise FuseMissing(
            "fusermount3 is missing, without which only root can mount; get it with "
            "`apt install fuse3` or `dnf install fuse3`."
        )
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        raise FuseMissing(
            "/dev/fuse may not be opened by this user; ask for membership in the group that "
            "`ls -l /dev/fuse` shows."
        )


def check_allow_other() -> None:
    """Raise MountRefused when only root may let others in."""
    if os.geteuid() == 0:
        return
    try:
        config = _CONFIG.read_text("utf-8", "replace")
    except OSError:
        config = ""
    if not lets_users_allow_others(config):
        raise MountRefused(
            f"-o allow_other is not allowed on this machine; put a line `user_allow_other` into "
            f"{_CONFIG}, or mount as root."
        )


def lets_users_allow_others(config: str) -> bool:
    """What /etc/fuse.conf says, read as fusermount3 does: a word of its own line, `#` ends it."""
    return any(line.partition("#")[0].strip() == "user_allow_other" for line in config.split("\n"))


def check_mountpoint(mountpoint: Path, catalog: Path, host: str) -> Path:
    """The mount point as the kernel will name it; a stale mount of ours is cleaned first.

    Raises MountRefused, or the Catalog… errors.
    """
    roots = _roots(catalog, host)
    _clean_or_refuse(mountpoint)
    shown = display(mountpoint)
    if not mountpoint.exists():
        raise MountRefused(f"{shown} does not exist; make it with `mkdir {shown}`.")
    if not mountpoint.is_dir():
        raise MountRefused(f"{shown} is not a folder; name an empty one.")
    if os.path.ismount(mountpoint):
        raise MountRefused(f"Something else is mounted at {shown} already; name another folder.")
    _refuse_nesting(mountpoint.resolve(), catalog.resolve(), roots)
    _refuse_content(mountpoint)
    return mountpoint.resolve()


def _roots(catalog: Path, host: str) -> list[Path]:
    db = open_reader(catalog)
    try:
        return [Path(to_str(root.path)) for root in facts.roots(db) if root.host == host]
    finally:
        db.close()


def _clean_or_refuse(mountpoint: Path) -> None:
    mount = find(mountpoint)
    if mount is None:
        return
    if not mount.is_stale:
        shown = display(mountpoint)
        raise MountRefused(f"{shown} is mounted already; `mediafs umount {shown}` comes first.")
    clean_stale(mount.mountpoint)


def _refuse_nesting(mountpoint: Path, catalog: Path, roots: Sequence[Path]) -> None:
    shown = display(mountpoint)
    if catalog.is_relative_to(mountpoint):
        raise MountRefused(f"{shown} holds the catalog, which a mount would hide; name another.")
    for root in roots:
        if root.is_relative_to(mountpoint):
            raise MountRefused(
                f"{shown} holds {display(root)}, which is indexed and which a mount would hide; "
                "name another folder."
            )
        if mountpoint.is_relative_to(root):
            raise MountRefused(
                f"{shown} is inside {display(root)}, which is indexed, so the mount would index "
                "itself; name a folder outside."
            )


def _refuse_content(mountpoint: Path) -> None:
    try:
        is_empty = not any(mountpoint.iterdir())
    except OSError as exc:
        raise MountRefused(f"{display(mountpoint)} cannot be read: {exc.strerror}.") from exc
    if not is_empty:
        raise MountRefused(
            f"{display(mountpoint)} is not empty, and a mount would hide what is in it; "
            "name an empty folder."
        )


__all__ = ["check_allow_other", "check_fuse", "check_mountpoint", "resolved"]
