"""Which folders are indexed: adding one, refusing what can't be one, and renaming it.

A root is remembered by host and real path; one that was renamed stays itself. Whether its disk
is there is standing.py.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.catalog import facts, generations
from indexer.errors import RootRefused
from indexer.model import RootRole
from indexer.mounts import mount_table
from indexer.paths import display, fold, to_bytes
from indexer.scan.filesystems import names_a_disk
from indexer.standing import (
    OUR_FILESYSTEM,
    identity_of,
    is_empty_folder,
    is_made_anew,
    resembles,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.standing import Identity

ARCHIVE_DAYS = 120  # an archive walked less long ago is left alone; arbitrary
_LONGEST_LABEL = 200  # bytes; a name in the tree has 255, and a number may follow


def host() -> str:
    """The machine whose paths these are."""
    return socket.gethostname()


def our_mounts() -> list[bytes]:
    """Mount points of mediafs on this machine."""
    return [mount.point for mount in mount_table() if mount.type == OUR_FILESYSTEM]


def resolve(path: str) -> bytes:
    """The real path of a folder that a person named; RootRefused if it can't be a root."""
    real = to_bytes(os.path.realpath(path))
    shown = display(path)
    try:
        is_empty_folder(real)
    except FileNotFoundError as exc:
        raise RootRefused(
            f"{shown} does not exist; check the spelling, or plug the disk in."
        ) from exc
    except NotADirectoryError as exc:
        raise RootRefused(f"{shown} is a file; name the folder that holds it.") from exc
    except OSError as exc:
        raise RootRefused(
            f"{shown} cannot be listed ({exc.strerror}); check its permissions."
        ) from exc
    return real


def refuse(path: bytes, catalog: Path, others: Iterable[bytes]) -> None:
    """Raise RootRefused where indexing `path` would index ourselves or a file twice."""
    shown = display(path)
    for mount in our_mounts():
        if path == mount or is_inside(path, mount):
            raise RootRefused(
                f"{shown} is inside the mediafs mount {display(mount)}; index the sources instead."
            )
    home = to_bytes(os.path.realpath(catalog.parent))
    if home == path or is_inside(home, path):
        raise RootRefused(
            f"{shown} holds the catalog {display(catalog)}; keep it elsewhere with --catalog, so "
            "that nothing is written beside your photographs."
        )
    for other in others:
        if is_inside(path, other):
            raise RootRefused(
                f"{shown} is inside the root {display(other)}, which is indexed already; "
                f"`mediafs reindex {shown}` looks at this part alone."
            )
        if is_inside(other, path):
            raise RootRefused(
                f"{shown} holds the root {display(other)}, whose files would be counted twice; "
                "use another catalog for the larger folder."
            )


def is_inside(path: bytes, parent: bytes) -> bool:
    """Whether `path` lies truly below `parent`."""
    return path != parent and path.startswith(parent.rstrip(b"/") + b"/")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person said about roots on the command line."""

    paths: Sequence[str]
    role: RootRole | None = None  # None: as remembered, library for new ones
    excludes: Sequence[str] | None = None


def remember(
    db: apsw.Connection, catalog: Path, wanted: Wanted, tell: Callable[[str], None] = lambda _: None
) -> list[RootRow]:
    """Add or change the named roots; those rows, or every root of this host if none is named.

    A root that was renamed, or whose disk is mounted elsewhere, stays the root that it was:
    `tell` hears of it.
    """
    here = host()
    paths = list(dict.fromkeys(resolve(path) for path in wanted.paths))
    for path, root in renamed(db, paths).items():
        facts.set_root_path(db, root.id, path)
        generations.set_pending(db)
        tell(f"{display(root.path)} is {display(path)} now; nothing in it is read again.")
    known = {r.path: r for r in facts.roots(db) if r.host == here}
    for path in paths:
        refuse(path, catalog, {*known, *paths} - {path})
    labels = {r.label for r in facts.roots(db)}
    # In order of their paths: labels must not depend on the order on the command line.
    for path in sorted(paths):
        row = known.get(path)
        role = wanted.role or (row.role if row else RootRole.LIBRARY)
        fresh_for = ARCHIVE_DAYS if role is RootRole.ARCHIVE else None
        if row is None:
            label = _label(path, labels)
            labels.add(label)
            number = facts.add_root(
                db, host=here, path=path, role=role, label=label, excludes=wanted.excludes or (),
                freshness_days=fresh_for,
            )  # fmt: skip
            identity = identity_of(path)
            facts.set_identity(db, number, identity.device, identity.inode, identity.mount)
        elif wanted.role or wanted.excludes is not None:
            excludes = row.excludes if wanted.excludes is None else wanted.excludes
            if role is row.role:
                fresh_for = row.freshness_days
            facts.change_root(db, row.id, role, excludes, fresh_for)
    chosen = set(paths)
    return [r for r in facts.roots(db) if r.host == here and (not chosen or r.path in chosen)]


def renamed(db: apsw.Connection, paths: Iterable[bytes]) -> dict[bytes, RootRow]:
    """Which of these new paths is a remembered root that no longer stands where it stood.

    The same folder of the same disk, and files where they were in it: numbers of folders are
    given again, too.
    """
    here = host()
    mine = [root for root in facts.roots(db) if root.host == here]
    known = {root.path for root in mine}
    found: dict[bytes, RootRow] = {}
    for path in paths:
        if path in known:
            continue
        now = identity_of(path)
        if not names_a_disk(now.device):
            continue
        same = [r for r in mine if (r.device, r.inode) == (now.device, now.inode)]
        left = [r for r in same if r not in found.values() and not _stands(r, now)]
        fitting = [r for r in left if not is_made_anew(r, path, now) and resembles(db, r, path)]
        if len(fitting) == 1:
            found[path] = fitting[0]
    return found


def _stands(root: RootRow, identity: Identity) -> bool:
    """Whether the folder is still at its old path: then the new one is a second way to it."""
    try:
        there = identity_of(root.path)
    except OSError:
        return False
    return (there.device, there.inode) == (identity.device, identity.inode)


def _label(path: bytes, taken: Collection[bytes]) -> bytes:
    """The root's name in by-source/: its folder's, with its parents' where that is taken."""
    parts = [p for p in path.split(b"/") if p] or [b"root"]
    folded = {fold(label) for label in taken}
    for count in range(1, len(parts) + 1):
        label = b"-".join(parts[-count:])[-_LONGEST_LABEL:]
        if fold(label) not in folded:
            return label
    number = 2
    while fold(label + b"-%d" % number) in folded:
        number += 1
    return label + b"-%d" % number
