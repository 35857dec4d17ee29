"""Which device a folder is on, and how many files it likes to be read from at once.

A disk with a head wants one reader that goes through it in order; a share answers several
questions in the time of one; a disk without moving parts does both. Linux tells which is
which; elsewhere, and where it can't be told, two readers do little harm to any of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from indexer.mounts import HOST, NETWORK, mount_of, mount_table, numbered

_SYS: Final = Path("/sys")

_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
# Disks of virtual machines call themselves rotating, whatever the host keeps them on.
_VIRTUAL: Final = ("vd", "xvd")


class DeviceKind(StrEnum):
    """What reading from it is like."""

    ROTATING = "rotating disk"
    SOLID = "solid-state disk"
    NETWORK = "network"
    UNKNOWN = "unknown"


# A disk has one head. 100 JPEGs of 12 MP from a share that takes 50 ms for each answer: 55 s by
# one reader, 33 by 2, 23 by 4, 29 by 8 (two processors, busy). Flash: as the share, arbitrary.
STREAMS: Final = {
    DeviceKind.ROTATING: 1,
    DeviceKind.SOLID: 4,
    DeviceKind.NETWORK: 4,
    DeviceKind.UNKNOWN: 2,
}


@dataclass(frozen=True, slots=True)
class Device:
    """One disk or share. Partitions of a disk are one device: they have one head."""

    name: str
    kind: DeviceKind

    @property
    def streams(self) -> int:
        """How many files are read from it at once."""
        return STREAMS[self.kind]


def device_of(
    path: bytes, number: int, *, sys: Path = _SYS, mountinfo: Path | None = None
) -> Device:
    """The device of a file below `path` whose st_dev is `number`."""
    own = f"{os.major(number)}:{os.minor(number)}"
    mounts = mount_table(mountinfo)
    mount = numbered(number, mounts) or mount_of(path, mounts)
    if mount is not None and mount.type in NETWORK | HOST:
        return Device(f"{mount.type} {os.fsdecode(mount.source)}", DeviceKind.NETWORK)
    if mount is not None and mount.type in _IN_MEMORY:
        return Device(f"{mount.type} {own}", DeviceKind.SOLID)
    # Btrfs, ZFS and overlays have numbers of their own; the mount may name the disk below.
    disk = _disk(own, sys) or (_disk(_number(mount.source), sys) if mount is not None else None)
    if disk is None:
        return Device(f"device {own}", DeviceKind.UNKNOWN)
    return Device(disk.name, _kind_of(disk))


def _kind_of(disk: Path) -> DeviceKind:
    if disk.name.startswith(_VIRTUAL):
        return DeviceKind.UNKNOWN
    try:
        rotates = (disk / "queue/rotational").read_text("ascii").strip()
    except OSError:
        return DeviceKind.UNKNOWN
    return DeviceKind.ROTATING if rotates == "1" else DeviceKind.SOLID


def _disk(number: str | None, sys: Path) -> Path | None:
    """The whole disk's folder in /sys: of a partition its disk, of LVM on one disk that disk."""
    if number is None:
        return None
    try:
        found = (sys / "dev/block" / number).resolve(strict=True)
        if (found / "partition").exists():
            found = found.parent
        below = list((found / "slaves").iterdir()) if (found / "slaves").is_dir() else []
        if len(below) == 1:
            return _disk((below[0] / "dev").read_text("ascii").strip(), sys)
    except OSError:
        return None
    return found


def _number(source: bytes) -> str | None:
    """The number of a block device by its path."""
    if not source.startswith(b"/dev/"):
        return None
    try:
        device = os.stat(source).st_rdev
    except OSError:
        return None
    return f"{os.major(device)}:{os.minor(device)}"
