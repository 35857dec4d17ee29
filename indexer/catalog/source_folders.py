"""Questions about the folders of the sources and who owns what is in them.

Asked by a mount that lets other users in; it shows nobody what its folders keep closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from indexer.catalog.published import TOP
from indexer.model import FolderId, RootId, TreeDirectoryId

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw


class SourceFolder(NamedTuple):
    """A folder that holds files, or did."""

    id: FolderId
    root: RootId
    path: bytes  # relative to the root


_FOLDERS = "SELECT folder_id, root_id, path FROM folder WHERE state <> 'excluded'"


def folders(db: apsw.Connection) -> Iterator[SourceFolder]:
    """Every folder whose files the tree may show."""
    for folder, root, path in db.execute(_FOLDERS):
        yield SourceFolder(FolderId(folder), RootId(root), path)


_DIRECTORIES = (
    "WITH RECURSIVE below (directory, path) AS ("
    " SELECT tree_directory_id, x'' FROM placement"
    f" WHERE parent_id = {TOP} AND name = ? AND tree_directory_id IS NOT NULL"
    " UNION ALL SELECT p.tree_directory_id, CAST(below.path || x'2f' || p.name AS BLOB)"
    " FROM below JOIN tree_directory d ON d.parent_id = below.directory"
    " JOIN placement p USING (tree_directory_id))"
    " SELECT directory, substr(path, 2) FROM below WHERE path <> x''"
)


def directories_below(db: apsw.Connection, view: bytes) -> Iterator[tuple[TreeDirectoryId, bytes]]:
    """The directories of a view with their paths in it."""
    for directory, path in db.execute(_DIRECTORIES, (view,)):
        yield TreeDirectoryId(directory), path


class Alike(NamedTuple):
    """Files of one folder whose permissions are the same."""

    folder: FolderId
    mode: int
    uid: int
    gid: int
    files: int


# The plus keeps it from following an index, row by row, through the whole file.
_ALIKE = (
    "SELECT folder_id, mode & 511, uid, gid, count(*) FROM file WHERE state <> 'excluded'"
    " AND state <> 'gone' GROUP BY +folder_id, 2, 3, 4"
)


def alike(db: apsw.Connection) -> Iterator[Alike]:
    """All files of the catalog, counted by folder and permissions."""
    for row in db.execute(_ALIKE):
        yield Alike(*row)


def owners(db: apsw.Connection) -> list[int]:
    """Every uid that owns a file."""
    return [uid for (uid,) in db.execute("SELECT DISTINCT uid FROM file")]
