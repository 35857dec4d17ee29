"""Questions a mount asks of the tree; publishing.py is what changes it.

Inode numbers are row numbers: a file's is the same in every view and after every remount,
and AUTOINCREMENT never gives one twice. Cookies are row numbers too.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexer.capture_time.moment import iso_offset
from indexer.catalog.published import TOP
from indexer.catalog.publishing import Publishing
from indexer.catalog.rows import Attributes, ChangeRow, Placed, Source, TreeEntry
from indexer.model import ContentId, FileId, Generation, RootId, Stamp, TreeDirectoryId
from indexer.paths import fold, join, to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

TREE_ROOT = TOP
# Up to here numbers are for what stands in the tree without a row; see mediafs/vfs/builtin.py.
# The low ones mean something to clients: below 17, macOS shows nothing over SMB (ksmbd#509).
LAST_BUILTIN_INODE = 2047
# Cookies 0, 1 and 2 mean something to NFS.
LAST_BUILTIN_COOKIE = 15


def inode_of_file(file: FileId) -> int:
    """Even, above 2048."""
    return 2048 + 2 * file


def inode_of_directory(directory: TreeDirectoryId) -> int:
    """Odd, above 2048."""
    return 2049 + 2 * directory


def file_of_inode(inode: int) -> FileId | None:
    """The inverse of `inode_of_file`; None for any other inode."""
    is_ours = inode > LAST_BUILTIN_INODE and inode % 2 == 0
    return FileId((inode - 2048) // 2) if is_ours else None


def directory_of_inode(inode: int) -> TreeDirectoryId | None:
    """The inverse of `inode_of_directory`; None for any other inode."""
    is_ours = inode > LAST_BUILTIN_INODE and inode % 2 == 1
    return TreeDirectoryId((inode - 2049) // 2) if is_ours else None


# ---------------------------------------------------------------------------- asked by a mount

# Inodes, cookies and what a directory has no column for are made here and not in Python, so
# that a row is a TreeEntry as it comes: 2.0 instead of 4.3 microseconds a name (91,000 names).
_LINKS = "(SELECT count(*) FROM placement q WHERE q.file_id = f.file_id)"
_FILE_COLUMNS = (
    "2048 + 2 * f.file_id, 0, f.size, f.mtime_ns, f.ctime_ns, f.mode & 4095, f.uid, f.gid,"
    f" f.blocks, {_LINKS}, f.folder_id"
)
_DIRECTORY_COLUMNS = (
    "2049 + 2 * d.tree_directory_id, 1, 0, d.mtime_ns, d.ctime_ns, 0, 0, 0, 0,"
    " 2 + d.subdirectories, NULL"
)
_ENTRY = (
    f"SELECT p.placement_id + {LAST_BUILTIN_COOKIE}, p.name,"
    " coalesce(2048 + 2 * p.file_id, 2049 + 2 * p.tree_directory_id), p.file_id IS NULL,"
    " coalesce(f.size, 0), coalesce(f.mtime_ns, d.mtime_ns), coalesce(f.ctime_ns, d.ctime_ns),"
    " coalesce(f.mode & 4095, 0), coalesce(f.uid, 0), coalesce(f.gid, 0), coalesce(f.blocks, 0),"
    f" iif(p.file_id IS NULL, 2 + d.subdirectories, {_LINKS}), f.folder_id"
    " FROM placement p LEFT JOIN file f USING (file_id)"
    " LEFT JOIN tree_directory d USING (tree_directory_id) "
)
_LISTING = f"{_ENTRY} WHERE p.parent_id = ? AND p.placement_id > ? ORDER BY p.placement_id LIMIT ?"


def listing(
    db: apsw.Connection, directory: TreeDirectoryId, after: int, limit: int
) -> list[TreeEntry]:
    """Up to `limit` names of a directory, those after the cookie `after` (0: from the start)."""
    start = max(after - LAST_BUILTIN_COOKIE, 0)
    return [_entry(row) for row in db.execute(_LISTING, (directory, start, limit))]


_BY_NAME = f"{_ENTRY} WHERE p.parent_id = ? AND p.folded = ?"


def entry(db: apsw.Connection, directory: TreeDirectoryId, name: bytes) -> TreeEntry | None:
    """The entry of this name, or the one that differs from it in spelling alone; one query.

    by-source may hold several that do, as they lie on disk: then composition may still tell
    which is meant, case may not, and nobody is given another file than the one asked for.
    """
    found = [_entry(row) for row in db.execute(_BY_NAME, (directory, fold(name)))]
    for alike in (bytes, _composed, fold):
        same = [entry for entry in found if alike(entry.name) == alike(name)]
        if same:
            return same[0] if len(same) == 1 else None
    return None


def _composed(name: bytes) -> str:
    return unicodedata.normalize("NFC", to_str(name))


def _entry(row: tuple[Any, ...]) -> TreeEntry:
    return _new(TreeEntry, (row[0], row[1], _new(Attributes, row[2:])))


# What NamedTuple._make() does, without a third of a microsecond.
_new = tuple.__new__

_FILE = f"SELECT {_FILE_COLUMNS} FROM file f WHERE f.file_id = ?"


def file_attributes(db: apsw.Connection, file: FileId) -> Attributes | None:
    """A file's attributes; links is 0 once it left the tree. None: no such file."""
    row = db.execute(_FILE, (file,)).fetchone()
    return None if row is None else Attributes(*row)


_DIRECTORY = f"SELECT {_DIRECTORY_COLUMNS} FROM tree_directory d WHERE d.tree_directory_id = ?"


def directory_attributes(db: apsw.Connection, directory: TreeDirectoryId) -> Attributes | None:
    """A directory's attributes; None: no such directory (any more)."""
    row = db.execute(_DIRECTORY, (directory,)).fetchone()
    return None if row is None else Attributes(*row)


_SOURCE = (
    "SELECT f.file_id, r.root_id, r.path, d.path, f.name, f.size, f.mtime_ns, f.ctime_ns,"
    " f.inode, f.content_id, r.online AND r.host = ?, f.state"
    " FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id) "
)


def source(db: apsw.Connection, file: FileId, host: str) -> Source | None:
    """Where the bytes of a file of the tree are."""
    row = db.execute(_SOURCE + "WHERE f.file_id = ?", (host, file)).fetchone()
    return None if row is None else _source(row)


def copies(db: apsw.Connection, content: ContentId, host: str) -> list[Source]:
    """Every present file with these bytes, online ones first."""
    text = _SOURCE + "WHERE f.content_id = ? AND f.state = 'present' ORDER BY 11 DESC, 1"
    return [_source(row) for row in db.execute(text, (host, content))]


def _source(row: Sequence[object]) -> Source:
    file, root, root_path, folder, name, size, mtime, ctime, inode, content, online, state = row
    stamp = Stamp(size, mtime, ctime, inode)  # type: ignore[arg-type]
    return Source(
        FileId(file), RootId(root), root_path, join(folder, name), stamp,  # type: ignore[arg-type]
        None if content is None else ContentId(content), bool(online), state,  # type: ignore[arg-type]
    )  # fmt: skip


_ABOUT = (
    "SELECT r.path, d.path, f.name, c.blake3, c.payload, m.shot_id, m.role, m.says, k.local,"
    " k.offset_min FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
    " LEFT JOIN content c USING (content_id) LEFT JOIN member m USING (file_id)"
    " LEFT JOIN capture k USING (shot_id) WHERE f.file_id = ?"
)


@dataclass(frozen=True, slots=True)
class About:
    """What the extended attributes of a file tell."""

    source: bytes  # absolute path
    blake3: bytes | None
    payload: bytes | None
    shot: int | None
    role: str | None
    why: str | None
    captured: str | None  # ISO, with offset where known


def about(db: apsw.Connection, file: FileId) -> About | None:
    """Source, digests, shot, role and capture time of a file."""
    row = db.execute(_ABOUT, (file,)).fetchone()
    if row is None:
        return None
    root, folder, name, blake3, payload, shot, role, says, local, offset = row
    captured = None if local is None else f"{local}{iso_offset(offset) or ''}"
    return About(join(root, folder, name), blake3, payload, shot, role, says, captured)


_TOTALS = (
    "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(blocks), 0), coalesce(sum(names), 0)"
    " FROM (SELECT file_id, count(*) AS names FROM placement WHERE file_id IS NOT NULL"
    " GROUP BY file_id) JOIN file USING (file_id)"
)


def totals(db: apsw.Connection) -> tuple[int, int, int, int]:
    """Files in the tree, each counted once: number, bytes, 512-byte blocks; and their names."""
    files, size, blocks, names = db.execute(_TOTALS).get
    return int(files), int(size), int(blocks), int(names)


_VIEW_TOTALS = (
    "SELECT d.view, count(*), coalesce(sum(f.size), 0) FROM placement p"
    " JOIN tree_directory d ON d.tree_directory_id = p.parent_id JOIN file f USING (file_id)"
    " GROUP BY d.view"
)


def view_totals(db: apsw.Connection) -> dict[str, tuple[int, int]]:
    """Names and bytes below each view that has any."""
    return {view: (names, size) for view, names, size in db.execute(_VIEW_TOTALS)}


# By row number: a range at the end of the table, however much is remembered before it.
_CHANGES_AFTER = (
    "SELECT change_id, generation_id, view, path, what, parent_id, name, old_file_id, new_file_id"
    " FROM change WHERE change_id > ? ORDER BY change_id LIMIT ?"
)


def changes_after(db: apsw.Connection, seen: int, limit: int) -> list[tuple[int, ChangeRow]]:
    """Up to `limit` changes after the one with the number `seen`, oldest first, each with its own."""
    return [
        (number, ChangeRow(Generation(generation), *rest))
        for number, generation, *rest in db.execute(_CHANGES_AFTER, (seen, limit))
    ]


_LAST_CHANGE = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0)"


def last_change(db: apsw.Connection) -> int:
    """The number of the newest change there ever was, remembered still or not; 0: none yet."""
    return int(db.execute(_LAST_CHANGE).get)


_PARENT = "SELECT parent_id FROM tree_directory WHERE tree_directory_id = ?"


def parent_of(db: apsw.Connection, directory: TreeDirectoryId) -> TreeDirectoryId | None:
    """The directory above; None for the top, and for one that is not (or no longer) there."""
    row = db.execute(_PARENT, (directory,)).fetchone()
    return None if row is None or row[0] is None else TreeDirectoryId(row[0])


_PLACES = (
    "WITH RECURSIVE up (file, path, parent) AS ("
    " SELECT file_id, name, parent_id FROM placement WHERE file_id = ?"
    " UNION ALL SELECT up.file, p.name || x'2f' || up.path, p.parent_id"
    " FROM up JOIN placement p ON p.tree_directory_id = up.parent)"
    " SELECT CAST(path AS BLOB) FROM up WHERE parent = 1 ORDER BY 1"
)


def places(db: apsw.Connection, file: FileId) -> list[bytes]:
    """Every path at which the tree shows a file."""
    return [path for (path,) in db.execute(_PLACES, (file,))]


# ---------------------------------------------------------------------------- publishing


def publish(
    db: apsw.Connection, wanted: Iterable[Placed], views: Sequence[bytes], generation: Generation
) -> None:
    """Make the whole tree show exactly `wanted`. The caller holds the transaction."""
    Publishing(db, generation).show(wanted, views)
