"""Which folders are indexed: adding one, refusing what can't be one, telling who is here.

A root is remembered by host and real path. A remembered root that does not answer is
offline, never empty: its files stay.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.catalog.connection import filesystem_type
from indexer.errors import RootRefused
from indexer.model import RootRole
from indexer.paths import display, fold, to_bytes, to_str
from indexer.scan.walk import open_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import apsw

    from indexer.catalog.rows import RootRow

OUR_FILESYSTEM = "fuse.mediafs"
_LONGEST_LABEL = 200  # bytes; a name in the tree has 255, and a number may follow


def host() -> str:
    """The machine whose paths these are."""
    return socket.gethostname()


def our_mounts() -> list[bytes]:
    """Mount points of mediafs on this machine."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return []
    return [
        _unescaped(line.split()[4]) for line in lines if f" - {OUR_FILESYSTEM} ".encode() in line
    ]


def _unescaped(field: bytes) -> bytes:
    """Mountinfo writes blanks and backslashes in octal."""
    for code, char in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        field = field.replace(code, char)
    return field


def resolve(path: str) -> bytes:
    """The real path of a folder that a person named; RootRefused if it can't be a root."""
    real = to_bytes(os.path.realpath(path))
    shown = display(path)
    try:
        _is_empty(real)
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


def _is_empty(folder: bytes) -> bool:
    """Whether nothing is in a folder; OSError where that cannot be told."""
    fd = open_folder(folder)
    try:
        with os.scandir(fd) as entries:
            return next(entries, None) is None
    finally:
        os.close(fd)


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


def remember(db: apsw.Connection, catalog: Path, wanted: Wanted) -> list[RootRow]:
    """Add or change the named roots; those rows, or every root of this host if none is named."""
    here = host()
    paths = list(dict.fromkeys(resolve(path) for path in wanted.paths))
    known = {r.path: r for r in facts.roots(db) if r.host == here}
    for path in paths:
        refuse(path, catalog, {*known, *paths} - {path})
    labels = {r.label for r in facts.roots(db)}
    # In order of their paths: labels must not depend on the order on the command line.
    for path in sorted(paths):
        row = known.get(path)
        if row is None:
            label = _label(path, labels)
            labels.add(label)
            facts.add_root(
                db, host=here, path=path, role=wanted.role or RootRole.LIBRARY, label=label,
                device=device_of(path), excludes=wanted.excludes or (),
            )  # fmt: skip
        elif wanted.role or wanted.excludes is not None:
            excludes = row.excludes if wanted.excludes is None else wanted.excludes
            facts.change_root(db, row.id, wanted.role or row.role, excludes)
    chosen = set(paths)
    return [r for r in facts.roots(db) if r.host == here and (not chosen or r.path in chosen)]


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


def device_of(path: bytes) -> str | None:
    """A lasting name of the filesystem that holds a path; None where none can be told."""
    try:
        info = os.statvfs(path)
    except OSError:
        return None
    return f"fsid:{filesystem_type(Path(to_str(path)))}:{info.f_fsid:x}" if info.f_fsid else None


def is_online(db: apsw.Connection, root: RootRow) -> bool:
    """Whether the root's own disk is there; writes the answer down.

    An empty folder on another device than before is the mount point of an absent disk.
    """
    try:
        is_empty = _is_empty(root.path)
    except OSError:
        online = False
    else:
        device = device_of(root.path)
        moved = root.device is not None and device != root.device
        online = not (is_empty and root.walked_ns is not None and moved)
    facts.set_online(db, root.id, online=online, device=device_of(root.path) if online else None)
    return online
