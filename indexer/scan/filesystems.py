"""By which lasting name a filesystem is known again, and how coarsely it keeps times.

st_dev changes with every boot and f_fsid of some types with it; a UUID, or what a share is
called, does not. Opens nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.mounts import HOST, NETWORK, Mount, mount_of
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable

_UUIDS: Final = Path("/dev/disk/by-uuid")

# Their f_fsid is made of the device's number (fs/*/super.c), which names no disk.
_NUMBERED: Final = frozenset(
    {"xfs", "f2fs", "vfat", "msdos", "exfat", "fuseblk", "ntfs", "hfs", "hfsplus", "hpfs",
     "iso9660", "udf", "nilfs2", "squashfs", "minix"}
)  # fmt: skip
# Told apart by what was mounted: a server and its folder. f_fsid is 0 or the session's.
_REMOTE: Final = NETWORK | HOST


def device_of(path: bytes, mounts: Iterable[Mount], uuids: Path = _UUIDS) -> str | None:
    """A lasting name of the filesystem that holds a path; None where none can be told.

    "uuid:" and "fsid:" name a disk; "source:" names a share, whatever lies behind it today.
    """
    mount = mount_of(path, mounts)
    kind = mount.type if mount else ""
    if mount is not None and (kind in _REMOTE or kind.startswith("fuse.")):
        # Programs that name nothing ("portal", "mergerfs") can't be told apart by it.
        says_where = b"/" in mount.source or b":" in mount.source or kind in _REMOTE
        return f"source:{kind}:{to_str(mount.source)}" if says_where else None
    if mount is not None and kind in _NUMBERED:
        uuid = _uuid(mount.number, uuids)
        return f"uuid:{kind}:{uuid}" if uuid else None
    try:
        number = os.statvfs(path).f_fsid
    except OSError:
        return None
    return f"fsid:{kind}:{number:x}" if number else None


def names_a_disk(device: str | None) -> bool:
    """Whether two equal ones are surely one disk."""
    return device is not None and not device.startswith("source:")


def _uuid(number: str, uuids: Path) -> str | None:
    """The UUID under which udev lists a block device; containers often list none."""
    try:
        for link in sorted(uuids.iterdir()):
            device = link.stat().st_rdev
            if f"{os.major(device)}:{os.minor(device)}" == number:
                return link.name
    except OSError:
        return None
    return None


# How coarsely a modification time is kept. fuseblk is NTFS or exFAT, by drivers that differ.
_PRECISION_NS: Final = {
    **dict.fromkeys(("vfat", "msdos", "fuseblk"), 2_000_000_000),
    **dict.fromkeys(("hfs", "hfsplus", "ext2", "ext3", "iso9660", "fuse.sshfs"), 1_000_000_000),
    **dict.fromkeys(("exfat", "fuse.exfat"), 10_000_000),
    **dict.fromkeys(("ntfs", "ntfs3", "cifs", "smb3"), 100),
}


def precision_ns(filesystem_type: str) -> int:
    """By how much a time may differ after it was copied to this type; 1 where it is kept."""
    return _PRECISION_NS.get(filesystem_type, 1)
