"""Questions and changes of verification: which files are due, what came of reading them again.

Every change names the content and the stamp under which a file was read; where the catalog
knows others by now, another run was faster and nothing is written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.catalog import failures, generations
from indexer.errors import CatalogBusy, CatalogUnwritable
from indexer.model import ContentId, FileId, RootId, Stamp
from indexer.paths import display, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import apsw

# ---------------------------------------------------------------------------- who is due


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it should be found: where, under which stamp, with which digest."""

    file: FileId
    root: RootId
    root_path: bytes
    path: bytes  # relative to the root
    stamp: Stamp
    device: int
    content: ContentId
    blake3: bytes
    is_carried: bool  # its digest was taken over from another path
    is_rotten: bool
    was_doubted: bool  # the last verification did not agree

    @property
    def absolute(self) -> bytes:
        """Its source path."""
        return join(self.root_path, self.path)


@dataclass(frozen=True, slots=True)
class Due:
    """One file that is to be read, before it is its turn."""

    file: FileId
    root: RootId
    path: bytes  # relative to the root
    size: int


# Within one age in the order of inodes, which is about the order on the disk.
_DUE = (
    "SELECT f.file_id, d.root_id, d.path, f.name, f.size FROM file f JOIN folder d USING (folder_id)"
    " WHERE f.content_id IS NOT NULL AND f.state IN ('present', 'unreadable')"
    " AND (?1 IS NULL OR coalesce(f.verified_ns, 0) < ?1)"
    " ORDER BY f.digest_carried DESC, max(coalesce(f.verified_ns, 0), coalesce(f.tried_ns, 0)),"
    " d.root_id, f.inode, f.file_id"
)


def due(db: apsw.Connection, before_ns: int | None) -> Iterator[Due]:
    """Files not verified since `before_ns` (None: all), longest unverified first.

    Carried digests come before all others. A file that did not agree last time has its turn
    by the time of that attempt, but is due until it agrees.
    """
    for file, root, folder, name, size in db.execute(_DUE, (before_ns,)):
        yield Due(FileId(file), RootId(root), join(folder, name), size)


_STORED = (
    "SELECT f.file_id, d.root_id, r.path, d.path, f.name, f.size, f.mtime_ns, f.ctime_ns, f.inode,"
    " f.device, f.content_id, c.blake3, f.digest_carried, f.rotten_ns IS NOT NULL,"
    " f.tried_ns IS NOT NULL FROM file f JOIN folder d USING (folder_id)"
    " JOIN root r USING (root_id) JOIN content c USING (content_id) "
)
_ONE = _STORED + "WHERE f.file_id = ? AND f.state IN ('present', 'unreadable')"


def stored(db: apsw.Connection, file: FileId) -> Stored | None:
    """What is known of a file now; None: it is gone, excluded, or to be read anew."""
    row = db.execute(_ONE, (file,)).fetchone()
    return None if row is None else _stored(row)


_LINKS = _STORED + (
    "WHERE f.inode = ? AND f.device = ? AND f.content_id = ? AND f.mtime_ns = ? AND f.ctime_ns = ?"
    " AND f.file_id <> ? AND f.state IN ('present', 'unreadable')"
)


def links(db: apsw.Connection, file: Stored) -> list[Stored]:
    """Files that are likely other names of this one: ask the disk whether they are."""
    stamp = file.stamp
    if stamp.inode is None:
        return []
    key = (stamp.inode, file.device, file.content, stamp.mtime_ns, stamp.ctime_ns, file.file)
    return [_stored(row) for row in db.execute(_LINKS, key)]


_COPIES = _STORED + (
    "WHERE f.content_id = ? AND f.file_id <> ? AND f.state = 'present' AND r.host = ?"
    " ORDER BY r.online DESC, f.digest_carried, f.verified_ns DESC, f.file_id"
)


def copies(db: apsw.Connection, file: Stored, host: str) -> list[Stored]:
    """Other present files that should have the same bytes; those worth asking first, first."""
    return [_stored(row) for row in db.execute(_COPIES, (file.content, file.file, host))]


def _stored(row: tuple[object, ...]) -> Stored:
    file, root, root_path, folder, name, *stamp, device, content, blake3, carried, rotten, tried = (
        row
    )
    return Stored(
        FileId(file), RootId(root), root_path, join(folder, name), Stamp(*stamp), device,  # type: ignore[arg-type]
        ContentId(content), blake3, bool(carried), bool(rotten), bool(tried),  # type: ignore[arg-type]
    )  # fmt: skip


_BEGUN = "SELECT begun_ns FROM verification"


def begun_ns(db: apsw.Connection) -> int | None:
    """When the verification of all files began that is still under way; None: none is."""
    row = db.execute(_BEGUN).fetchone()
    return None if row is None else int(row[0])


# ---------------------------------------------------------------------------- what came of it

_BEGIN = "INSERT OR IGNORE INTO verification VALUES (1, ?)"


def begin(db: apsw.Connection, at_ns: int) -> None:
    """A verification of all files is under way."""
    db.execute(_BEGIN, (at_ns,))


def end(db: apsw.Connection) -> None:
    """All files had their turn; the next verification begins anew."""
    db.execute("DELETE FROM verification")


_AS_READ = (
    " WHERE file_id = ? AND content_id = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?"
    " AND state IN ('present', 'unreadable')"
)
_AGREES = "UPDATE file SET verified_ns = ?, tried_ns = NULL, digest_carried = 0" + _AS_READ
_SOUND = (
    "UPDATE file SET state = 'present', says = NULL, rotten_ns = NULL, changed_generation = ?"
    + _AS_READ
    + " AND rotten_ns IS NOT NULL"
)
_NO_FAILURE = "DELETE FROM failure WHERE root_id = ? AND path = ? AND cause = 'unreadable'"


def agree(db: apsw.Connection, file: Stored, at_ns: int) -> None:
    """The bytes are those of the digest; a file that was rotten is sound again."""
    key = _key(file)
    if file.is_rotten:
        db.execute(_SOUND, (_coming(db), *key))
        if db.changes():
            generations.set_pending(db)
    if file.was_doubted:
        db.execute(_NO_FAILURE, (file.root, file.path))
    db.execute(_AGREES, (at_ns, *key))


_DOUBT = "UPDATE file SET tried_ns = ?" + _AS_READ


def doubt(db: apsw.Connection, file: Stored, at_ns: int) -> None:
    """It could not be read, or was read differently twice: nothing is known to be lost."""
    db.execute(_DOUBT, (at_ns, *_key(file)))


def fail(db: apsw.Connection, file: Stored, at_ns: int, says: str) -> None:
    """It could not be read: `status` tells of it until it is read well."""
    doubt(db, file, at_ns)
    failures.put(
        db, file.root, file.path, cause="unreadable", says=says, generation=generations.newest(db)
    )


_ROT = (
    "UPDATE file SET rotten_ns = ?, tried_ns = ?, state = 'unreadable', says = ?,"
    " changed_generation = ?" + _AS_READ + " AND rotten_ns IS NULL"
)


def rot(db: apsw.Connection, file: Stored, at_ns: int, says: str) -> None:
    """Other bytes under the same stamp: the file leaves its shot and is served by its copies.

    Its names in the tree count as touched, so that a mount forgets bytes that it gave before.
    """
    doubt(db, file, at_ns)
    db.execute(_ROT, (at_ns, at_ns, says, _coming(db), *_key(file)))
    if db.changes():
        generations.set_pending(db)


_MISTAKE = (
    "UPDATE file SET state = 'unreadable', says = ?, content_id = NULL, digest_carried = 0,"
    " verified_ns = NULL, tried_ns = NULL, changed_generation = ?" + _AS_READ
)


def mistake(db: apsw.Connection, file: Stored, says: str) -> None:
    """A carried digest was not this file's: it has no content until the next run reads it."""
    db.execute(_MISTAKE, (says, _coming(db), *_key(file)))
    if db.changes():
        generations.set_pending(db)


def _key(file: Stored) -> tuple[int, int, int, int, int]:
    stamp = file.stamp
    return (file.file, file.content, stamp.size, stamp.mtime_ns, stamp.ctime_ns)


def _coming(db: apsw.Connection) -> int:
    return generations.newest(db) + 1


# ---------------------------------------------------------------------------- for `status`

_CONFIRMED = (
    "SELECT count(*) FILTER (WHERE digest_carried = 1), count(*) FILTER (WHERE verified_ns IS NULL),"
    " min(verified_ns), count(*) FILTER (WHERE rotten_ns IS NOT NULL), count(*)"
    " FROM file WHERE content_id IS NOT NULL AND state IN ('present', 'unreadable')"
)
_ROTTEN = _STORED + "WHERE f.rotten_ns IS NOT NULL AND f.state = 'unreadable' ORDER BY 3, 4, 5"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How far the catalog's digests are confirmed."""

    carried: int  # digests taken over from another path and not confirmed yet
    never: int  # files not read again since they were indexed, those among them
    oldest_ns: int | None  # the longest-standing verification; None: there is none
    rotten: int
    files: int


def confirmed(db: apsw.Connection) -> Confirmed:
    """Counts over all files that verification reads."""
    return Confirmed(*(db.execute(_CONFIRMED).fetchone() or (0, 0, None, 0, 0)))


def rotten(db: apsw.Connection) -> Iterator[bytes]:
    """The source path of every rotten file."""
    return (_stored(row).absolute for row in db.execute(_ROTTEN))


# ---------------------------------------------------------------------------- one at a time


@contextlib.contextmanager
def alone(catalog: Path) -> Iterator[None]:
    """While one verification reads, no other does; indexing is not held up.

    A lock beside the catalog, of its own, because the writer's is held for moments only.
    """
    path = catalog.with_name(f"{catalog.name}.verify.lock")
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise CatalogUnwritable(
            f"{display(path)} cannot be written: {exc.strerror}; check the permissions of its folder."
        ) from exc
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise CatalogBusy(
                f"Another `mediafs verify` (process {holder}) is reading the files of "
                f"{display(catalog)}; wait for it or stop it."
            ) from exc
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(fd)
