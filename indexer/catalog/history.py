"""Questions and changes about what was known before: files elsewhere, mounted parts, prune.

What a file just found may be is asked for many at once; deciding which it is, is moves.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from indexer.catalog.readings import READER_VERSION
from indexer.catalog.rows import Elsewhere
from indexer.model import ContentId, FileId, FolderId, RootId, Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw

    from indexer.model import Generation
    from indexer.scan.walk import SeenFile

_AT_ONCE = 5000  # questions in one statement; arbitrary

# ---------------------------------------------------------------------------- files elsewhere


def is_empty(db: apsw.Connection) -> bool:
    """Whether no file was ever seen."""
    return db.execute("SELECT 1 FROM file LIMIT 1").fetchone() is None


_ELSEWHERE = (
    "SELECT f.file_id, d.root_id, f.folder_id, d.path, f.name, f.size, f.mtime_ns, f.ctime_ns,"
    " f.inode, f.state = 'gone', f.content_id, {sample}"
    " FROM json_each(?) j CROSS JOIN file f ON {fits} JOIN folder d USING (folder_id) {join}"
    " WHERE f.content_id IS NOT NULL AND f.state IN ('present', 'gone')"
    # What verify doubts teaches nothing about another file.
    " AND f.rotten_ns IS NULL AND f.tried_ns IS NULL{and_whole}"
)
_BY_INODE = _ELSEWHERE.format(sample="NULL", fits="f.inode = j.value", join="", and_whole="")
_BY_SIZE = _ELSEWHERE.format(
    sample="c.sample",
    fits="f.size = j.value ->> 0 AND f.mtime_ns BETWEEN j.value ->> 1 AND j.value ->> 2",
    join="JOIN content c USING (content_id)",
    and_whole=f" AND c.damage IS NULL AND c.sample IS NOT NULL AND c.reader >= {READER_VERSION}",
)


def files_with_inodes(db: apsw.Connection, inodes: Iterable[int]) -> Iterator[Elsewhere]:
    """Every file whose bytes are known, present or gone, that had one of these inode numbers."""
    return _elsewhere(db, _BY_INODE, inodes)


def files_with_sizes(
    db: apsw.Connection, wanted: Iterable[tuple[int, int, int]]
) -> Iterator[Elsewhere]:
    """Whole files, present or gone, of a size and with a time from, up to."""
    return _elsewhere(db, _BY_SIZE, wanted)


def _elsewhere(db: apsw.Connection, sql: str, asked: Iterable[object]) -> Iterator[Elsewhere]:
    for batch in _batches(asked):
        for (
            file, root, folder, path, name, size, mtime, ctime, inode, gone, content, sample,
        ) in db.execute(sql, (batch,)):  # fmt: skip
            yield Elsewhere(
                FileId(file), RootId(root), FolderId(folder), path, name,
                Stamp(size, mtime, ctime, inode), bool(gone), ContentId(content), sample,
            )  # fmt: skip


# Two contents with one head, tail and size: a copy that went bad in the middle, or a film
# whose middle was written later. Such a sample recognises neither.
_SHARED_SAMPLES = (
    "SELECT c.sample FROM json_each(?) j CROSS JOIN file f ON f.size = j.value"
    " JOIN content c USING (content_id) WHERE c.sample IS NOT NULL"
    " GROUP BY c.sample HAVING count(DISTINCT c.content_id) > 1"
)


def shared_samples(db: apsw.Connection, sizes: Iterable[int]) -> set[bytes]:
    """Samples that more than one known content of these sizes has."""
    return {
        sample for batch in _batches(sizes) for (sample,) in db.execute(_SHARED_SAMPLES, (batch,))
    }


def _batches(asked: Iterable[object]) -> Iterator[str]:
    waiting = iter(asked)
    while batch := list(islice(waiting, _AT_ONCE)):
        yield json.dumps(batch)


_TAKE_OVER = (
    "UPDATE file SET folder_id = ?, name = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?,"
    " device = ?, mode = ?, uid = ?, gid = ?, blocks = ?, state = 'present', says = NULL,"
    " gone_ns = NULL, digest_carried = 1, verified_ns = NULL, changed_generation = ?"
    " WHERE file_id = ? AND content_id = ? AND state = 'gone' AND rotten_ns IS NULL"
    " RETURNING file_id"
)


def take_over(
    db: apsw.Connection,
    old: tuple[FileId, ContentId],
    folder: FolderId,
    seen: SeenFile,
    generation: Generation,
) -> bool:
    """A file that is gone goes on, under its number, as one at an unknown path that is its copy.

    False if it no longer is gone, or another's: it went on somewhere else.
    """
    stamp = seen.stamp
    row = (
        folder, seen.name, stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode, seen.device,
        seen.mode, seen.uid, seen.gid, seen.blocks, generation, *old,
    )  # fmt: skip
    return db.execute(_TAKE_OVER, row).fetchone() is not None


# ---------------------------------------------------------------------------- is this that root?

# Spread over the root, the same ones each time; asked only where the disk is not surely known.
_PROBES = (
    "SELECT d.path, f.name, f.size FROM (SELECT folder_id, path FROM folder WHERE root_id = ?1"
    " AND (?2 = x'' OR path = ?2 OR substr(path, 1, length(?2) + 1) = CAST(?2 || x'2f' AS BLOB))"
    " AND EXISTS (SELECT 1 FROM file WHERE file.folder_id = folder.folder_id"
    " AND file.state = 'present') ORDER BY folder_id * 2654435761 % 4294967296 LIMIT ?3) d"
    " JOIN file f USING (folder_id) WHERE f.state = 'present'"
    " ORDER BY f.file_id * 2654435761 % 4294967296 LIMIT ?3"
)


def some_files(
    db: apsw.Connection, root: RootId, below: bytes, count: int
) -> list[tuple[bytes, bytes, int]]:
    """Folder, name and size of a few present files of a root, or of a folder in it."""
    return [(path, name, size) for path, name, size in db.execute(_PROBES, (root, below, count))]


def mounted_folders(db: apsw.Connection, root: RootId) -> dict[bytes, str]:
    """Folders of a root on which another filesystem was mounted, and which."""
    return dict(
        db.execute(
            "SELECT path, device FROM folder WHERE root_id = ? AND device IS NOT NULL", (root,)
        )
    )


def set_mounted(db: apsw.Connection, root: RootId, path: bytes, device: str | None) -> None:
    """Which filesystem is mounted on this very folder; None: none is."""
    db.execute(
        "UPDATE folder SET device = ?, says = NULL WHERE root_id = ? AND path = ?",
        (device, root, path),
    )


def set_absent(db: apsw.Connection, root: RootId, path: bytes, says: str) -> None:
    """A folder whose own disk is not there: why, in one clause."""
    db.execute(
        "UPDATE folder SET says = ? WHERE root_id = ? AND path = ? AND device IS NOT NULL",
        (says, root, path),
    )


_ABSENT = (
    "SELECT path, says FROM folder WHERE root_id = ? AND device IS NOT NULL AND says IS NOT NULL"
    " AND state = 'walked' ORDER BY path"
)


def absent_folders(db: apsw.Connection, root: RootId) -> list[tuple[bytes, str]]:
    """Folders of a root whose own disk is not there, with the reason."""
    return [(path, says) for path, says in db.execute(_ABSENT, (root,))]


_COUNT = (
    "SELECT count(*) FROM file f JOIN folder d USING (folder_id)"
    " WHERE d.root_id = ?1 AND f.state <> 'gone'"
    " AND (?2 = x'' OR d.path = ?2 OR substr(d.path, 1, length(?2) + 1) = CAST(?2 || x'2f' AS BLOB))"
)


def count_files(db: apsw.Connection, root: RootId, below: bytes = b"") -> int:
    """Files of a root, or of a folder in it, that are not gone."""
    return int(db.execute(_COUNT, (root, below)).get)


def files_of_root(db: apsw.Connection, root: RootId) -> list[FileId]:
    """Files of a root that are not gone."""
    sql = (
        "SELECT file_id FROM file JOIN folder USING (folder_id)"
        " WHERE root_id = ? AND file.state <> 'gone'"
    )
    return [FileId(file) for (file,) in db.execute(sql, (root,))]


# ---------------------------------------------------------------------------- prune


@dataclass(slots=True)
class Pruned:
    """What was forgotten."""

    files: int = 0
    folders: int = 0
    contents: int = 0
    roots: int = 0


_BELOW = (
    "(?2 = x'' OR d.path = ?2 OR substr(d.path, 1, length(?2) + 1) = CAST(?2 || x'2f' AS BLOB))"
)
_PRUNE_FILES = (
    "DELETE FROM file WHERE state = 'gone' AND folder_id IN"
    f" (SELECT folder_id FROM folder d WHERE d.root_id = ?1 AND {_BELOW})"
)
_PRUNE_FOLDERS = (
    f"DELETE FROM folder AS d WHERE d.root_id = ?1 AND {_BELOW} AND d.state = 'gone'"
    " AND NOT EXISTS (SELECT 1 FROM file f WHERE f.folder_id = d.folder_id)"
)
_PRUNE_CONTENTS = (
    "DELETE FROM content WHERE content_id NOT IN"
    " (SELECT content_id FROM file WHERE content_id IS NOT NULL)"
)


def prune(db: apsw.Connection, parts: Iterable[tuple[RootId, bytes]]) -> Pruned:
    """Forget what is gone from these parts of roots, and what no file has any more.

    To be called once the shots no longer name those files. What a person said and which names
    were given is in another database, and stays.
    """
    done = Pruned()
    for part in parts:
        done.files += _deleted(db, _PRUNE_FILES, part)
        done.folders += _deleted(db, _PRUNE_FOLDERS, part)
    done.contents = _deleted(db, _PRUNE_CONTENTS, ())
    return done


def forget_root(db: apsw.Connection, root: RootId) -> bool:
    """Forget a root and its folders, if it has no file any more, not even one that is gone."""
    has_files = "SELECT 1 FROM file JOIN folder USING (folder_id) WHERE root_id = ? LIMIT 1"
    if db.execute(has_files, (root,)).fetchone() is not None:
        return False
    db.execute("DELETE FROM failure WHERE root_id = ?", (root,))
    db.execute("DELETE FROM folder WHERE root_id = ?", (root,))
    db.execute("DELETE FROM root WHERE root_id = ?", (root,))
    return True


def _deleted(db: apsw.Connection, sql: str, bindings: tuple[object, ...]) -> int:
    db.execute(sql, bindings)
    return db.changes()
