"""See what is on the disk: folders, files and their stamps. Opens no file.

Of a folder that holds just what it is known to hold, only the number of its files is told:
making an object of each takes three times as long as seeing them.

Links are not followed, excluded folders not entered. Folders are opened with O_NOATIME
where that is allowed, so that looking leaves no trace.
What changed against the catalog is skip.py; reading is read/.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.catalog.listings import digest
from indexer.model import Stamp
from indexer.paths import join, to_bytes, to_str

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from indexer.scan.exclude import Excludes

# These number their inodes anew with every mount (musefs #757).
_RENUMBERING = frozenset({"vfat", "msdos", "exfat", "fuse.exfat", "fuseblk"})
# SQLite's integers are signed; some network filesystems use all 64 bits.
_SIGNED = 0x7FFF_FFFF_FFFF_FFFF
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
# Linux's; elsewhere looking into a folder may touch its access time.
_NO_ATIME = getattr(os, "O_NOATIME", 0)


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A regular file as lstat() shows it."""

    name: bytes
    stamp: Stamp
    device: int
    mode: int
    uid: int
    gid: int
    blocks: int
    links: int
    excluded_by: str | None = None  # the pattern that keeps it out


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a folder that can't be indexed, with one clause saying why."""

    name: bytes
    cause: str  # failure.cause in the catalog
    says: str


@dataclass(frozen=True, slots=True)
class SeenFolder:
    """One folder: what it holds, or why it was not entered."""

    path: bytes  # relative to the root; b"" is the root
    state: str = "walked"  # folder.state in the catalog
    says: str | None = None
    files: tuple[SeenFile, ...] = ()  # excluded ones among them; () if it is settled
    problems: tuple[Problem, ...] = ()
    links: int = 0  # symbolic links, not followed
    count: int = 0  # regular files, excluded ones among them
    digest: bytes = b""  # of those files, see catalog/listings.py
    is_settled: bool = False  # the digest is the one that was expected


@dataclass(slots=True)
class _Listing:
    """What one folder's entries sort into."""

    files: list[tuple[str, os.stat_result]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    folders: list[bytes] = field(default_factory=list)
    links: int = 0


def has_stable_inodes(filesystem_type: str) -> bool:
    """Whether inode numbers on this type of filesystem outlast a mount."""
    return filesystem_type not in _RENUMBERING


def walk(
    root: bytes,
    excludes: Excludes,
    *,
    start: bytes = b"",
    stable_inodes: bool = True,
    never_enter: Collection[bytes] = (),
    settled: Mapping[bytes, bytes] = MappingProxyType({}),
) -> Iterator[SeenFolder]:
    """Every folder below `root`/`start`, parents first, each listed completely and once.

    `never_enter` are absolute paths that would lead back to us: mounts of mediafs. `settled` are
    digests of folders in which nothing is to be done while they hold the same.
    A folder that can't be listed comes with state "unreadable"; the walk goes on.
    """
    todo = [start]
    while todo:
        path = todo.pop()
        absolute = join(root, path)
        if absolute in never_enter:
            yield SeenFolder(path, "excluded", "a mount of mediafs")
            continue
        if path and (by := excludes.of_folder(to_str(absolute))):
            yield SeenFolder(path, "excluded", by)
            continue
        try:
            listing = _list(absolute)
        except OSError as exc:
            state = "gone" if isinstance(exc, FileNotFoundError) else "unreadable"
            yield SeenFolder(path, state, exc.strerror or type(exc).__name__)
            continue
        folders = sorted(listing.folders, reverse=True)
        yield _told(path, listing, excludes, settled.get(path), stable_inodes=stable_inodes)
        del listing  # a big folder's need not stay while the next one is read
        todo.extend(join(path, name) for name in folders)


def _told(
    path: bytes, listing: _Listing, excludes: Excludes, expected: bytes | None, *,
    stable_inodes: bool,
) -> SeenFolder:  # fmt: skip
    now = _digest(listing.files, stable_inodes=stable_inodes)
    # What can't be indexed is told by every run.
    problems = tuple(
        p for p in listing.problems if p.cause != "special" or not excludes.of_file(to_str(p.name))
    )
    is_settled = now == expected and not problems
    files = () if is_settled else tuple(
        _seen(to_bytes(name), info, excludes.of_file(name), stable_inodes=stable_inodes)
        for name, info in listing.files
    )  # fmt: skip
    return SeenFolder(
        path, files=files, problems=problems, links=listing.links, count=len(listing.files),
        digest=now, is_settled=is_settled,
    )  # fmt: skip


def _digest(files: list[tuple[str, os.stat_result]], *, stable_inodes: bool) -> bytes:
    if stable_inodes:
        return digest(
            [(n, i.st_size, i.st_mtime_ns, i.st_ctime_ns, i.st_ino & _SIGNED) for n, i in files]
        )
    return digest([(n, i.st_size, i.st_mtime_ns, i.st_ctime_ns, None) for n, i in files])


def open_folder(path: bytes) -> int:
    """A handle on a folder, without a trace in its atime where that is allowed."""
    try:
        return os.open(path, _FOLDER | _NO_ATIME)
    except PermissionError:  # only its owner may ask for O_NOATIME
        return os.open(path, _FOLDER)


def _list(path: bytes) -> _Listing:
    listing = _Listing()
    fd = open_folder(path)
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                _sort_in(entry, listing)
    finally:
        os.close(fd)
    return listing


def _sort_in(entry: os.DirEntry[str], listing: _Listing) -> None:
    name = entry.name
    if entry.is_symlink():
        listing.links += 1
    elif entry.is_dir(follow_symlinks=False):
        listing.folders.append(to_bytes(name))
    else:
        try:
            info = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return  # deleted while we looked
        except OSError as exc:
            says = f"stat failed: {exc.strerror}"
            listing.problems.append(Problem(to_bytes(name), "unreadable", says))
            return
        if stat.S_ISREG(info.st_mode):
            listing.files.append((name, info))
        else:
            problem = Problem(to_bytes(name), "special", _special(info.st_mode))
            listing.problems.append(problem)


def look_again(path: bytes, seen: SeenFile, *, stable_inodes: bool) -> SeenFile:
    """The same file as it is now; OSError if it is gone."""
    return _seen(seen.name, os.lstat(path), None, stable_inodes=stable_inodes)


def _seen(
    name: bytes, info: os.stat_result, excluded_by: str | None, *, stable_inodes: bool
) -> SeenFile:
    stamp = Stamp(
        info.st_size,
        info.st_mtime_ns,
        info.st_ctime_ns,
        (info.st_ino & _SIGNED) if stable_inodes else None,
    )
    return SeenFile(
        name, stamp, info.st_dev & _SIGNED, info.st_mode, info.st_uid, info.st_gid,
        info.st_blocks, info.st_nlink, excluded_by,
    )  # fmt: skip


def _special(mode: int) -> str:
    what = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFBLK: "a block device",
        stat.S_IFCHR: "a character device",
    }.get(stat.S_IFMT(mode), "no regular file")
    return f"is {what}, not a file; it was not opened"
