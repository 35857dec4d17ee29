"""Questions and changes of what is where: roots, folders, files.

Each SQL text stands beside the one function that runs it. Callers hold the transaction.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from indexer.catalog.readings import READER_VERSION
from indexer.catalog.rows import KnownFile, LostFile, RootRow
from indexer.model import (
    ContentId,
    FileId,
    FolderId,
    Generation,
    RootId,
    RootRole,
    Stamp,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from indexer.scan.walk import SeenFile

# ---------------------------------------------------------------------------- roots

_ROOTS = (
    "SELECT root_id, host, path, role, label, device, excludes, online, walked_ns, freshness_days,"
    " inode, mount, says FROM root ORDER BY root_id"
)


def roots(db: apsw.Connection) -> list[RootRow]:
    """Every root, in the order in which they were added."""
    return [
        RootRow(
            RootId(i), host, path, RootRole(role), label, device,
            tuple(json.loads(excludes)), bool(online), *rest,
        )
        for i, host, path, role, label, device, excludes, online, *rest in db.execute(_ROOTS)
    ]  # fmt: skip


_ADD_ROOT = (
    "INSERT INTO root (host, path, role, label, excludes, freshness_days, added_ns)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING root_id"
)


def add_root(
    db: apsw.Connection,
    *,
    host: str,
    path: bytes,
    role: RootRole,
    label: bytes,
    excludes: Sequence[str],
    freshness_days: int | None,
) -> RootId:
    """Remember a new root. Which disk it is on is set_identity's to say."""
    chosen = (str(role), label, json.dumps(list(excludes)), freshness_days)
    return RootId(db.execute(_ADD_ROOT, (host, path, *chosen, time.time_ns())).get)


_CHANGE_ROOT = "UPDATE root SET role = ?, excludes = ?, freshness_days = ? WHERE root_id = ?"


def change_root(
    db: apsw.Connection,
    root: RootId,
    role: RootRole,
    excludes: Sequence[str],
    freshness_days: int | None,
) -> None:
    """A person named another role or other excludes for a remembered root."""
    db.execute(_CHANGE_ROOT, (str(role), json.dumps(list(excludes)), freshness_days, root))


def set_online(db: apsw.Connection, root: RootId, says: str | None) -> None:
    """Whether the root answers: None, or one clause saying why not."""
    db.execute(
        "UPDATE root SET online = ?, says = ? WHERE root_id = ?", (int(says is None), says, root)
    )


_IDENTITY = "UPDATE root SET device = ?, inode = ?, mount = ? WHERE root_id = ?"


def set_identity(
    db: apsw.Connection,
    root: RootId,
    device: str | None,
    inode: int | None,
    mount: bytes | None,
) -> None:
    """Which disk the root is on, and which folder of it the root is."""
    db.execute(_IDENTITY, (device, inode, mount, root))


def set_root_path(db: apsw.Connection, root: RootId, path: bytes) -> None:
    """The same folder under another path: all that is known of it stays."""
    db.execute("UPDATE root SET path = ? WHERE root_id = ?", (path, root))


def set_walked(db: apsw.Connection, root: RootId) -> None:
    """A complete walk of the root ended now."""
    db.execute("UPDATE root SET walked_ns = ? WHERE root_id = ?", (time.time_ns(), root))


# ---------------------------------------------------------------------------- folders

_FOLDERS = "SELECT path, folder_id, state FROM folder WHERE root_id = ?"


def folders(db: apsw.Connection, root: RootId) -> dict[bytes, tuple[FolderId, str]]:
    """Every folder known below a root: relative path to (id, state)."""
    return {path: (FolderId(i), state) for path, i, state in db.execute(_FOLDERS, (root,))}


_PUT_FOLDER = (
    "INSERT INTO folder (root_id, path, state, says) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (root_id, path) DO UPDATE SET state = excluded.state, says = excluded.says"
    " RETURNING folder_id"
)


def put_folder(
    db: apsw.Connection, root: RootId, path: bytes, state: str, says: str | None
) -> FolderId:
    """Remember a folder and its state."""
    return FolderId(db.execute(_PUT_FOLDER, (root, path, state, says)).get)


# ---------------------------------------------------------------------------- files

_KNOWN = (
    "SELECT f.file_id, f.name, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.state, f.content_id,"
    " coalesce(c.reader, 0) FROM file f LEFT JOIN content c USING (content_id)"
    " WHERE f.folder_id = ?"
)


def known_files(db: apsw.Connection, folder: FolderId) -> dict[bytes, KnownFile]:
    """The files remembered in one folder, by name; those gone are among them."""
    return {row[1]: _known(row) for row in db.execute(_KNOWN, (folder,))}


_KNOWN_FILE = f"{_KNOWN} AND f.name = ?"


def known_file(db: apsw.Connection, folder: FolderId, name: bytes) -> KnownFile | None:
    """What is remembered under one path."""
    row = db.execute(_KNOWN_FILE, (folder, name)).fetchone()
    return None if row is None else _known(row)


def _known(row: tuple[Any, ...]) -> KnownFile:
    file, name, size, mtime, ctime, inode, state, content, reader = row
    return KnownFile(
        FileId(file), name, Stamp(size, mtime, ctime, inode), state,
        None if content is None else ContentId(content), reader < READER_VERSION,
    )  # fmt: skip


_LOST = (
    "SELECT file_id, size, mtime_ns, ctime_ns, inode, content_id, name FROM file"
    " WHERE folder_id = ? AND state <> 'gone'"
)


def files_of_lost_folder(db: apsw.Connection, folder: FolderId) -> Iterator[LostFile]:
    """What was in a folder that is no longer there."""
    for i, size, mtime, ctime, inode, content, name in db.execute(_LOST, (folder,)):
        yield LostFile(FileId(i), Stamp(size, mtime, ctime, inode), content, name)


_PUT_FILE = (
    "INSERT INTO file (folder_id, name, size, mtime_ns, ctime_ns, inode, device, mode, uid, gid,"
    " blocks, state, says, content_id, digest_carried, first_generation, changed_generation)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (folder_id, name) DO UPDATE SET size = excluded.size,"
    " mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, inode = excluded.inode,"
    " device = excluded.device, mode = excluded.mode, uid = excluded.uid, gid = excluded.gid,"
    " blocks = excluded.blocks, state = excluded.state, says = excluded.says,"
    " content_id = excluded.content_id, digest_carried = excluded.digest_carried,"
    " verified_ns = NULL, gone_ns = NULL, rotten_ns = NULL, tried_ns = NULL,"
    " changed_generation = excluded.changed_generation"
    " RETURNING file_id"
)


def put_file(
    db: apsw.Connection,
    folder: FolderId,
    seen: SeenFile,
    *,
    state: str,
    says: str | None,
    content: ContentId | None,
    generation: Generation,
    carried: bool = False,
) -> FileId:
    """Remember what is at a path now, new or changed; `carried`: only its head and tail were read."""
    stamp = seen.stamp
    row = (
        folder, seen.name, stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode, seen.device,
        seen.mode, seen.uid, seen.gid, seen.blocks, state, says, content, int(carried),
        generation, generation,
    )  # fmt: skip
    return FileId(db.execute(_PUT_FILE, row).get)


_MOVE_FILE = (
    "UPDATE file SET folder_id = ?, name = ?, ctime_ns = ?, inode = ?, device = ?, mode = ?,"
    " uid = ?, gid = ?, blocks = ?, state = iif(rotten_ns IS NULL, 'present', 'unreadable'),"
    " says = iif(rotten_ns IS NULL, NULL, says), gone_ns = NULL,"
    " changed_generation = ? WHERE file_id = ?"
)


def move_file(
    db: apsw.Connection, file: FileId, folder: FolderId, seen: SeenFile, generation: Generation
) -> None:
    """The same bytes under another, so far unknown path: row, inode and content stay."""
    row = (
        folder, seen.name, seen.stamp.ctime_ns, seen.stamp.inode, seen.device, seen.mode,
        seen.uid, seen.gid, seen.blocks, generation, file,
    )  # fmt: skip
    db.execute(_MOVE_FILE, row)


_BACK = (
    "UPDATE file SET state = iif(rotten_ns IS NULL, 'present', 'unreadable'), gone_ns = NULL"
    " WHERE file_id = ?"
)


def set_back(db: apsw.Connection, file: FileId) -> None:
    """A file that was gone stands where it was, with the same stamp."""
    db.execute(_BACK, (file,))


_GONE = (
    "UPDATE file SET state = 'gone', says = iif(rotten_ns IS NULL, NULL, says), gone_ns = ?"
    " WHERE file_id = ?"
)


def set_gone(db: apsw.Connection, files: Iterable[FileId]) -> None:
    """Files that an online root no longer has; they stay as history and leave the tree."""
    now = time.time_ns()
    db.executemany(_GONE, [(now, file) for file in files])
