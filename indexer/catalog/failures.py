"""What could not be read: written down by runs and verifications, forgotten when it is met no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.paths import join

if TYPE_CHECKING:
    import apsw

    from indexer.model import Generation, RootId

_PUT_FAILURE = (
    "INSERT INTO failure (root_id, path, cause, says, generation_id) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (root_id, path) DO UPDATE SET cause = excluded.cause, says = excluded.says,"
    " generation_id = excluded.generation_id"
)


def put(
    db: apsw.Connection,
    root: RootId,
    path: bytes,
    *,
    cause: str,
    says: str,
    generation: Generation,
) -> None:
    """Remember what could not be read, and why."""
    db.execute(_PUT_FAILURE, (root, path, cause, says, generation))


_OLD_FAILURES = (
    "DELETE FROM failure WHERE root_id = ? AND generation_id < ? AND cause <> 'exiftool'"
)


def forget_old(db: apsw.Connection, root: RootId, generation: Generation) -> None:
    """After a complete walk: what this run did not meet again is no failure any more."""
    db.execute(_OLD_FAILURES, (root, generation))


_FAILED = (
    "SELECT path FROM failure WHERE root_id = ? AND generation_id = ? AND cause = 'unreadable'"
)


def paths_of(db: apsw.Connection, root: RootId, generation: Generation) -> set[bytes]:
    """What the run of a generation could not read, relative to the root."""
    return {bytes(path) for (path,) in db.execute(_FAILED, (root, generation))}


_UNREAD = (
    "SELECT r.path, f.path, x'' FROM failure f JOIN root r USING (root_id)"
    " WHERE cause IN ('unreadable', 'changing', 'folder')"
    " UNION ALL SELECT r.path, d.path, f.name FROM suspect"
    " JOIN file f USING (file_id) JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
)


def unread_paths(db: apsw.Connection) -> set[bytes]:
    """Files and folders that could not be read when they were last asked for, absolute."""
    return {join(*parts) for parts in db.execute(_UNREAD)}
