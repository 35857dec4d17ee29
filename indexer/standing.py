"""Whether a root's own disk is here: told by its filesystem, its folder and some of its files.

Nothing is ever written into a source, so what the catalog remembers is the marker. Writes
nothing and opens no file. A root that does not answer, or is another, is offline: its files stay.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import history
from indexer.mounts import filesystem_type, mount_of, mount_table
from indexer.paths import display, join, to_str
from indexer.scan.birth import born_ns, is_honest
from indexer.scan.filesystems import device_of, names_a_disk
from indexer.scan.walk import has_stable_inodes, open_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.mounts import Mount

OUR_FILESYSTEM = "fuse.mediafs"
_PROBES = 24  # files looked for where the disk is in doubt; half of them must be there. Arbitrary
_DAY_NS = 24 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Identity:
    """What a folder is known again by: nothing is ever written into it."""

    device: str | None
    inode: int | None  # None where the filesystem renumbers
    mount: bytes | None  # the mount point that it is on
    type: str  # of its filesystem; "" where unknown
    number: int  # st_dev; folders with another are on other filesystems


def identity_of(path: bytes, mounts: Sequence[Mount] | None = None) -> Identity:
    """What is at a path now; OSError if nothing is."""
    mounts = mount_table() if mounts is None else mounts
    info = os.lstat(path)
    inode = info.st_ino & 0x7FFF_FFFF_FFFF_FFFF
    mount = mount_of(path, mounts)
    kind = mount.type if mount else filesystem_type(Path(to_str(path)))
    stable = inode if has_stable_inodes(kind) else None
    point = mount.point if mount else None
    return Identity(device_of(path, mounts), stable, point, kind, info.st_dev)


def went_away(path: bytes, before: Identity | None) -> str | None:
    """Why what was seen below a path while it was `before` proves nothing; None: it is still that.

    A folder that is taken away in the middle of a walk looks as if all in it were gone.
    """
    try:
        now = identity_of(path)
    except OSError:
        now = None
    return None if now == before else "went away while it was looked at"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a root is here, and whether it is what it was."""

    identity: Identity | None = None  # None: it is not here
    says: str | None = None  # why it is offline, one clause; None: it is online
    # Another disk or folder holds its files now: inode numbers and change times are others', and
    # what has size and time as before is compared by head and tail.
    is_replaced: bool = False
    absent: Mapping[bytes, str] = field(default_factory=dict)  # folders whose own disk is not here

    @property
    def is_online(self) -> bool:
        """Whether the root's own disk is here."""
        return self.says is None

    def hides(self, folder: bytes) -> bool:
        """Whether a folder, relative to the root, belongs on a disk that is not here."""
        return any(folder == gone or folder.startswith(gone + b"/") for gone in self.absent)


def standing(db: apsw.Connection, root: RootRow, *, accept: bool = False) -> Standing:
    """Whether the root's own disk is here. Writes nothing; looks at names, opens no file.

    Disk and folder as they were: here, also if it is empty by now. Else some of the files that
    are known must be there. What can't be told is offline: a false "gone" would empty the tree,
    and with it whatever is kept like it. `accept`: a person said that what is there is right.
    """
    mounts = mount_table()
    try:
        is_empty = is_empty_folder(root.path)
        identity = identity_of(root.path, mounts)
    except (FileNotFoundError, NotADirectoryError):
        return Standing(says=_why_missing(root, mounts))
    except OSError as exc:
        return Standing(says=f"cannot be listed ({exc.strerror})")
    differs = (root.device, root.inode) != (identity.device, identity.inode)
    is_new = root.device is None and root.inode is None  # never told, or by an older mediafs
    if not accept and not _is_surely(root, identity, is_empty=is_empty):
        probes = history.some_files(db, root.id, b"", _PROBES)
        if probes and not _fit(root.path, probes):
            return Standing(says=_why_other(root, identity, mounts, is_empty=is_empty))
    absent = {} if accept else _absent(db, root, mounts)
    return Standing(identity, is_replaced=differs and not is_new, absent=absent)


def is_empty_folder(folder: bytes) -> bool:
    """Whether nothing is in a folder; OSError where that cannot be told."""
    fd = open_folder(folder)
    try:
        with os.scandir(fd) as entries:
            return next(entries, None) is None
    finally:
        os.close(fd)


def _is_surely(root: RootRow, now: Identity, *, is_empty: bool) -> bool:
    if root.device is None or root.device != now.device or is_made_anew(root, root.path, now):
        return False
    if root.inode is None and root.mount is None:  # of an older mediafs, which kept no inode
        return not is_empty
    # A server whose disk is absent exports the empty mount point under the same name.
    return root.inode == now.inode and (names_a_disk(root.device) or not is_empty)


def is_made_anew(root: RootRow, path: bytes, now: Identity) -> bool:
    """Whether a folder was made after the root was last walked: it only has the root's number."""
    if root.walked_ns is None or now.inode is None or not is_honest(now.type):
        return False
    born = born_ns(path, now.inode)
    return born is not None and born > root.walked_ns


def resembles(db: apsw.Connection, root: RootRow, path: bytes) -> bool:
    """Whether at least half of some files of a root are below this path, in their size."""
    probes = history.some_files(db, root.id, b"", _PROBES)
    return bool(probes) and _fit(path, probes)


def _fit(path: bytes, probes: Sequence[tuple[bytes, bytes, int]]) -> bool:
    """Whether at least half of these files are below a path, in their size."""
    found = 0
    for folder, name, size in probes:
        with contextlib.suppress(OSError):
            found += os.lstat(join(path, folder, name)).st_size == size
    return 2 * found >= len(probes)


def _why_missing(root: RootRow, mounts: Sequence[Mount]) -> str:
    if _is_unmounted(root, mounts):
        return f"is on the disk at {display(root.mount or b'')}, which is not mounted"
    return "is not there"


def _is_unmounted(root: RootRow, mounts: Sequence[Mount]) -> bool:
    return root.mount is not None and root.mount not in {mount.point for mount in mounts}


def _why_other(root: RootRow, now: Identity, mounts: Sequence[Mount], *, is_empty: bool) -> str:
    what = "is empty" if is_empty else "holds other files than those that were indexed"
    if _is_unmounted(root, mounts):
        return f"{what}: the disk at {display(root.mount or b'')} is not mounted"
    if root.device != now.device and root.device is not None:
        return f"{what}: another disk stands at its place, or none"
    return f"{what}: another folder stands at its place"


def _absent(db: apsw.Connection, root: RootRow, mounts: Sequence[Mount]) -> dict[bytes, str]:
    """Folders of a root on which a disk was mounted that is not there now."""
    found = {}
    for folder, device in history.mounted_folders(db, root.id).items():
        path = join(root.path, folder)
        is_mounted = any(mount.point == path for mount in mounts)
        if is_mounted and device_of(path, mounts) == device:
            continue
        probes = history.some_files(db, root.id, folder, _PROBES)
        if probes and not _fit(root.path, probes):
            found[folder] = (
                "is on another disk than before"
                if is_mounted
                else "has its own disk, which is not mounted"
            )
    return found


def mounted_below(root: bytes) -> dict[bytes, str]:
    """Folders of a root, relative to it, that other filesystems are mounted on, and which."""
    mounts, inside = mount_table(), root.rstrip(b"/") + b"/"
    found = {}
    for mount in mounts:
        if mount.point.startswith(inside) and mount.type != OUR_FILESYSTEM:
            device = device_of(mount.point, mounts)
            found[mount.point.removeprefix(inside)] = device or f"type:{mount.type}"
    return found


def is_fresh(root: RootRow, now_ns: int) -> bool:
    """Whether an archive was walked so recently that it is left alone; not if in the future."""
    if root.freshness_days is None or root.walked_ns is None:
        return False
    return 0 <= now_ns - root.walked_ns < root.freshness_days * _DAY_NS
