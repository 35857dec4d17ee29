"""Questions a mount asks of the tree; publishing.py is what changes it.

Inode numbers are row numbers: a file's is the same in every view and after every remount,
and AUTOINCREMENT never gives one twice. Cookies are row numbers too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.capture_time.moment import iso_offset
from indexer.catalog.publishing import TOP, Publishing
from indexer.catalog.rows import Attributes, ChangeRow, Placed, Source, TreeEntry
from indexer.model import ContentId, FileId, Generation, RootId, Stamp, TreeDirectoryId
from indexer.paths import fold, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

TREE_ROOT = TOP
README_INODE = 1025
# Cookies 0, 1 and 2 mean something to NFS; 3 is the README's.
README_COOKIE = 3


def inode_of_file(file: FileId) -> int:
    """Even, above 1024."""
    return 1024 + 2 * file


def inode_of_directory(directory: TreeDirectoryId) -> int:
    """Odd, above 1025."""
    return 1025 + 2 * directory


def file_of_inode(inode: int) -> FileId | None:
    """The inverse of `inode_of_file`; None for any other inode."""
    return FileId((inode - 1024) // 2) if inode > README_INODE and inode % 2 == 0 else None


def directory_of_inode(inode: int) -> TreeDirectoryId | None:
    """The inverse of `inode_of_directory`; None for any other inode."""
    is_ours = inode > README_INODE and inode % 2 == 1
    return TreeDirectoryId((inode - 1025) // 2) if is_ours else None


# ---------------------------------------------------------------------------- asked by a mount

_ENTRY_COLUMNS = (
    "SELECT p.placement_id, p.name, p.file_id, p.tree_directory_id,"
    " f.size, f.mtime_ns, f.ctime_ns, f.mode, f.uid, f.gid, f.blocks,"
    " (SELECT count(*) FROM placement q WHERE q.file_id = p.file_id),"
    " d.mtime_ns, d.ctime_ns, d.subdirectories"
    " FROM placement p LEFT JOIN file f USING (file_id)"
    " LEFT JOIN tree_directory d USING (tree_directory_id) "
)
_LISTING = _ENTRY_COLUMNS + (
    "WHERE p.parent_id = ? AND p.placement_id > ? ORDER BY p.placement_id LIMIT ?"
)


def listing(
    db: apsw.Connection, directory: TreeDirectoryId, after: int, limit: int
) -> list[TreeEntry]:
    """Up to `limit` names of a directory, those after the cookie `after` (0: from the start)."""
    start = max(after - README_COOKIE, 0)
    return [_entry(row) for row in db.execute(_LISTING, (directory, start, limit))]


_BY_NAME = _ENTRY_COLUMNS + "WHERE p.parent_id = ? AND p.folded = ? AND p.name = ?"


def entry(db: apsw.Connection, directory: TreeDirectoryId, name: bytes) -> TreeEntry | None:
    """The entry of exactly this name."""
    row = db.execute(_BY_NAME, (directory, fold(name), name)).fetchone()
    return None if row is None else _entry(row)


def _entry(row: Sequence[object]) -> TreeEntry:
    placement, name, file, directory, *columns = row
    if file is not None:
        attributes = _file_attributes(FileId(file), columns[:8])  # type: ignore[arg-type]
    else:
        attributes = _directory_attributes(TreeDirectoryId(directory), columns[8:])  # type: ignore[arg-type]
    return TreeEntry(placement + README_COOKIE, name, attributes)  # type: ignore[operator,arg-type]


def _file_attributes(file: FileId, columns: Sequence[int]) -> Attributes:
    size, mtime, ctime, mode, uid, gid, blocks, links = columns
    return Attributes(
        inode_of_file(file), is_directory=False, size=size, mtime_ns=mtime, ctime_ns=ctime,
        mode=mode & 0o7777, uid=uid, gid=gid, blocks=blocks, links=links,
    )  # fmt: skip


def _directory_attributes(directory: TreeDirectoryId, columns: Sequence[int]) -> Attributes:
    mtime, ctime, subdirectories = columns
    return Attributes(
        inode_of_directory(directory), is_directory=True, size=0, mtime_ns=mtime, ctime_ns=ctime,
        mode=0, uid=0, gid=0, blocks=0, links=2 + subdirectories,
    )  # fmt: skip


_FILE = (
    "SELECT f.size, f.mtime_ns, f.ctime_ns, f.mode, f.uid, f.gid, f.blocks,"
    " (SELECT count(*) FROM placement q WHERE q.file_id = f.file_id)"
    " FROM file f WHERE f.file_id = ?"
)


def file_attributes(db: apsw.Connection, file: FileId) -> Attributes | None:
    """A file's attributes; links is 0 once it left the tree. None: no such file."""
    row = db.execute(_FILE, (file,)).fetchone()
    return None if row is None else _file_attributes(file, row)


_DIRECTORY = (
    "SELECT mtime_ns, ctime_ns, subdirectories FROM tree_directory WHERE tree_directory_id = ?"
)


def directory_attributes(db: apsw.Connection, directory: TreeDirectoryId) -> Attributes | None:
    """A directory's attributes; None: no such directory (any more)."""
    row = db.execute(_DIRECTORY, (directory,)).fetchone()
    return None if row is None else _directory_attributes(directory, row)


_SOURCE = (
    "SELECT f.file_id, r.root_id, r.path, d.path, f.name, f.size, f.mtime_ns, f.ctime_ns,"
    " f.inode, f.content_id, r.online AND f.state = 'present' AND r.host = ?"
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
    file, root, root_path, folder, name, size, mtime, ctime, inode, content, online = row
    stamp = Stamp(size, mtime, ctime, inode)  # type: ignore[arg-type]
    return Source(
        FileId(file), RootId(root), root_path, join(folder, name), stamp,  # type: ignore[arg-type]
        None if content is None else ContentId(content), bool(online),  # type: ignore[arg-type]
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
    "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(blocks), 0) FROM file"
    " WHERE file_id IN (SELECT file_id FROM placement WHERE file_id IS NOT NULL)"
)


def totals(db: apsw.Connection) -> tuple[int, int, int]:
    """Files in the tree, each counted once: number, bytes, 512-byte blocks."""
    files, size, blocks = db.execute(_TOTALS).fetchone() or (0, 0, 0)
    return int(files), int(size), int(blocks)


_VIEW_TOTALS = (
    "SELECT d.view, count(*), coalesce(sum(f.size), 0) FROM placement p"
    " JOIN tree_directory d ON d.tree_directory_id = p.parent_id JOIN file f USING (file_id)"
    " GROUP BY d.view"
)


def view_totals(db: apsw.Connection) -> dict[str, tuple[int, int]]:
    """Names and bytes below each view that has any."""
    return {view: (names, size) for view, names, size in db.execute(_VIEW_TOTALS)}


_CHANGES = (
    "SELECT generation_id, view, path, what, parent_id, name, old_file_id, new_file_id"
    " FROM change WHERE generation_id > ? ORDER BY change_id"
)


def changes_since(db: apsw.Connection, seen: Generation) -> Iterator[ChangeRow]:
    """What the generations after `seen` changed, oldest first."""
    for generation, view, path, what, parent, name, old, new in db.execute(_CHANGES, (seen,)):
        yield ChangeRow(Generation(generation), view, path, what, parent, name, old, new)


_OLDEST_CHANGE = "SELECT coalesce(min(generation_id), 0) FROM change"


def oldest_change(db: apsw.Connection) -> int:
    """The oldest generation whose changes are still told; 0: none is."""
    return int(db.execute(_OLDEST_CHANGE).get)


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
