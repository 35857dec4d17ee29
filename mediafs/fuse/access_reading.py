"""What the catalog and the disks say about the folders of all sources. May take long: in threads."""

from __future__ import annotations

import contextlib
import os
import pwd
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.catalog import facts, open_reader, source_folders, tree
from indexer.paths import join
from indexer.standing import standing
from mediafs.fuse.access_disk import (
    folders_above,
    hands_down_lists,
    permissions,
    private_filesystems,
)
from mediafs.fuse.access_table import Folder
from mediafs.views import by_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.model import FolderId, RootId
    from mediafs.fuse.access import Permissions
    from mediafs.fuse.access_table import AccessTable


@dataclass(slots=True)
class Wanted:
    """What the catalog has of one root."""

    path: bytes
    is_reachable: bool  # of this machine, and plugged in when last seen
    folders: list[tuple[FolderId, bytes]] = field(default_factory=list)
    directories: list[tuple[int, bytes]] = field(default_factory=list)  # inodes of by-source

    def paths(self) -> set[bytes]:
        """Every folder that somebody asks about, relative to the root."""
        return {path for _, path in (*self.folders, *self.directories)}


@dataclass(slots=True)
class Asked:
    """What the catalog and the user database say, before any source is looked at."""

    roots: dict[RootId, Wanted]
    groups: dict[int, frozenset[int]]  # of every owner
    private: frozenset[int]


def ask(catalog: Path, host: str) -> Asked:
    """Ask the catalog. Raises apsw.Error and the Catalog… errors."""
    db = open_reader(catalog)
    try:
        rows = facts.roots(db)
        roots = {
            r.id: Wanted(r.path, is_reachable=r.host == host and (r.online or _is_back(db, r)))
            for r in rows
        }
        labelled = {r.label: roots[r.id] for r in rows}
        for folder, root, path in source_folders.folders(db):
            roots[root].folders.append((folder, path))
        for directory, path in source_folders.directories_below(db, by_source.NAME.encode()):
            label, _, below = path.partition(b"/")
            if label in labelled:
                inode = tree.inode_of_directory(directory)
                labelled[label].directories.append((inode, below))
        return Asked(roots, _groups_of(source_folders.owners(db)), private_filesystems())
    finally:
        db.close()


def _is_back(db: apsw.Connection, root: RootRow) -> bool:
    """Whether a disk is here again that was away when the catalog was last written."""
    return standing(db, root).is_online


def _groups_of(uids: Iterable[int]) -> dict[int, frozenset[int]]:
    found = {}
    for uid in uids:
        with contextlib.suppress(KeyError, OSError):
            user = pwd.getpwuid(uid)
            found[uid] = frozenset(os.getgrouplist(user.pw_name, user.pw_gid))
    return found


def read_root(wanted: Wanted, private: frozenset[int]) -> dict[bytes, Folder]:
    """The folders of a root that can be seen now, by their paths in it."""
    if not wanted.is_reachable:
        return {}
    known: dict[bytes, Folder | None] = {}
    found = {}
    with contextlib.suppress(OSError):
        real = os.path.realpath(wanted.path, strict=True)
        above = frozenset(permissions(folder, private) for folder in folders_above(real))
        known[b""] = _folder(real, above, private)
        for path in wanted.paths():
            folder = _known(path, real, known, private)
            if folder is not None:
                found[path] = folder
    return found


def _known(
    path: bytes, root: bytes, known: dict[bytes, Folder | None], private: frozenset[int]
) -> Folder | None:
    if path not in known:
        outer = _known(path.rpartition(b"/")[0], root, known, private)
        found = None
        if outer is not None:
            with contextlib.suppress(OSError):
                found = _folder(join(root, path), outer.above | {outer.own}, private)
        known[path] = found
    return known[path]


def _folder(path: bytes, above: frozenset[Permissions], private: frozenset[int]) -> Folder:
    return Folder(above, permissions(path, private), hands_down_lists=hands_down_lists(path))


def put_root(
    table: AccessTable,
    wanted: Wanted,
    found: dict[bytes, Folder],
    number: Callable[[int], int] = lambda inode: inode,
) -> bool:
    """Put what was found of a root into the table; whether anything is shown otherwise now.

    `number` is by what the kernel knows an inode.
    """
    changed = [table.put(folder, found.get(path)) for folder, path in wanted.folders]
    changed += [
        table.put_directory(number(inode), join(wanted.path, path), found.get(path))
        for inode, path in wanted.directories
    ]
    return any(changed)
