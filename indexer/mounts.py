"""The table of mounts: what is mounted where, and of which type. Opens nothing else."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE: Path = Path("/proc/self/mountinfo")
_FEWEST_FIELDS: Final = 5  # up to the mount point, proc(5)

# Another machine's folders, by the types of mount(8).
NETWORK: Final = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p", "afs", "ceph", "glusterfs"),
        *("lustre", "beegfs", "davfs"),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs", "fuse.davfs2"),
        *("fuse.smbnetfs", "fuse.curlftpfs", "fuse.gvfsd-fuse", "fuse.goofys", "fuse.gcsfuse"),
    )
)
# Folders that a virtual machine is lent by its host.
HOST: Final = frozenset({"virtiofs", "vboxsf"})


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the table."""

    point: bytes
    type: str
    source: bytes  # a device, "server:/folder", or whatever was said to mount(8)
    number: str  # st_dev as "major:minor"


def mount_table(table: Path | None = None) -> list[Mount]:
    """All mounts that this process sees, the later ones over the earlier; [] off Linux."""
    try:
        lines = (table or TABLE).read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, _, after = line.partition(b" - ")
        left, right = before.split(b" "), after.split(b" ")
        if len(left) >= _FEWEST_FIELDS and len(right) > 1:
            kind, source = to_str(right[0]), _unescaped(right[1])
            found.append(Mount(_unescaped(left[4]), kind, source, left[2].decode("ascii")))
    return found


def _unescaped(field: bytes) -> bytes:
    """The kernel writes space, tab, newline and backslash as three octal digits."""
    return re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), field)


def mount_of(path: bytes, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that holds a real path: the innermost, of those on one point the last."""
    found: Mount | None = None
    for mount in mounts:
        around = mount.point == path or path.startswith(mount.point.rstrip(b"/") + b"/")
        if around and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def numbered(device: int, mounts: Iterable[Mount]) -> Mount | None:
    """The last mount of the filesystem whose st_dev this is."""
    number = f"{os.major(device)}:{os.minor(device)}"
    return next((mount for mount in reversed(list(mounts)) if mount.number == number), None)


def filesystem_type(folder: Path) -> str:
    """The type of the filesystem that holds `folder`, as mount calls it; "" where unknown."""
    try:
        mount = numbered(folder.stat().st_dev, mount_table())
    except OSError:
        return ""
    return "" if mount is None else mount.type
