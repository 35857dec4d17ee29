"""Permissions as they are on disk now: of files, of folders and of all folders above them.

All but `serving_process` may wait for a disk, so the loop calls them in a thread.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path as File

from mediafs.fuse.access import BadAcl, Path, Permissions, Serving

_ACL, _DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
_MOUNTINFO = File("/proc/self/mountinfo")
_NO_ACL = frozenset({errno.ENODATA, errno.EOPNOTSUPP})

Target = bytes | int  # a path, or a handle


def serving_process() -> Serving:
    """This process."""
    return Serving(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def private_filesystems(table: File = _MOUNTINFO) -> frozenset[int]:
    """The devices of FUSE filesystems that are their user's alone, whatever their modes say."""
    found = set()
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        before, _, after = line.partition(b" - ")
        kind, _, options = after.partition(b" ")
        is_fuse = kind in {b"fuse", b"fuseblk"} or kind.startswith(b"fuse.")
        if is_fuse and b"allow_other" not in options.rpartition(b" ")[2].split(b","):
            major, _, minor = before.split(b" ")[2].partition(b":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)


def permissions(target: Target, private: frozenset[int]) -> Permissions:
    """Of one file or folder; a link in place of a folder is nobody's way. Raises OSError."""
    status = os.lstat(target) if isinstance(target, bytes) else os.fstat(target)
    if status.st_dev in private or stat.S_ISLNK(status.st_mode):
        return Permissions.closed()
    acl = _attribute(target, _ACL)
    if acl is None:
        return Permissions.of_mode(status.st_mode, status.st_uid, status.st_gid)
    try:
        return Permissions.of_acl(acl, status.st_uid, status.st_gid)
    except BadAcl:
        return Permissions.closed()


def hands_down_lists(folder: bytes) -> bool:
    """Whether files made in a folder get access control lists. Raises OSError."""
    return _attribute(folder, _DEFAULT_ACL) is not None


def _attribute(target: Target, name: str) -> bytes | None:
    try:
        # By handle there is no link to follow, and Python refuses to be told not to.
        follow = isinstance(target, int)
        return os.getxattr(target, name, follow_symlinks=follow)
    except OSError as exc:
        if exc.errno in _NO_ACL:
            return None
        raise


def path_of(fd: int, private: frozenset[int]) -> Path:
    """An open file with the folders above the place where it lies now. Raises OSError."""
    place = os.readlink(os.fsencode(f"/proc/self/fd/{fd}"))
    if not place.startswith(b"/"):
        raise FileNotFoundError(errno.ENOENT, "is no longer mounted", place)
    return Path(_above(place, private), permissions(fd, private))


def path_at(place: bytes, private: frozenset[int]) -> Path:
    """What lies at an absolute path, links in it resolved. Raises OSError."""
    real = os.path.realpath(place, strict=True)
    return Path(_above(real, private), permissions(real, private))


def _above(place: bytes, private: frozenset[int]) -> frozenset[Permissions]:
    return frozenset(permissions(folder, private) for folder in folders_above(place))


def folders_above(place: bytes) -> list[bytes]:
    """Every folder above an absolute path, / first."""
    parts = place.strip(b"/").split(b"/")[:-1]
    return [b"/" + b"/".join(parts[:count]) for count in range(len(parts) + 1)]
