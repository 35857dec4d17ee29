"""Questions that people ask: counts for `status`, a file by its path, paths by what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import FileId, RootId
from indexer.paths import join

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

_COUNTS = """
SELECT count(*) FILTER (WHERE f.state <> 'gone'),
       count(*) FILTER (WHERE f.state = 'present' AND c.damage IS NULL
                        AND c.kind IN ('picture', 'raw', 'video', 'audio')),
       count(*) FILTER (WHERE f.state = 'present' AND c.damage IS NULL AND c.kind = 'sidecar'),
       count(*) FILTER (WHERE f.state = 'unreadable'
                        OR (f.state = 'present' AND c.damage IS NOT NULL)),
       count(*) FILTER (WHERE f.state = 'excluded'),
       count(*) FILTER (WHERE f.state = 'present' AND c.damage IS NULL AND c.kind = 'other'),
       count(*) FILTER (WHERE f.state = 'gone')
FROM file f LEFT JOIN content c USING (content_id)
"""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files by what they are; `seen` is the sum of the five after it."""

    seen: int
    media: int
    sidecar: int
    quarantined: int
    excluded: int
    other: int
    gone: int


def file_counts(db: apsw.Connection) -> FileCounts:
    """Every file in exactly one column."""
    return FileCounts(*(db.execute(_COUNTS).fetchone() or (0,) * 7))


_ROOT_FILES = (
    "SELECT d.root_id, count(*) FROM file f JOIN folder d USING (folder_id)"
    " WHERE f.state <> 'gone' GROUP BY d.root_id"
)


def files_by_root(db: apsw.Connection) -> dict[RootId, int]:
    """Files that each root has."""
    return {RootId(root): count for root, count in db.execute(_ROOT_FILES)}


_NUMBERS = (
    "SELECT (SELECT count(*) FROM content), (SELECT count(*) FROM shot),"
    " (SELECT count(*) FROM capture WHERE unknown IS NOT NULL)"
)


def numbers(db: apsw.Connection) -> tuple[int, int, int]:
    """Contents, shots, and shots of unknown time."""
    contents, shots, unknown = db.execute(_NUMBERS).fetchone() or (0, 0, 0)
    return int(contents), int(shots), int(unknown)


_EXCLUDED_FOLDERS = (
    "SELECT r.path, d.path, d.says FROM folder d JOIN root r USING (root_id)"
    " WHERE d.state = 'excluded' ORDER BY 1, 2"
)


def excluded_folders(db: apsw.Connection) -> Iterator[tuple[bytes, str]]:
    """Folders that were not entered, and the pattern that says so."""
    for root, path, says in db.execute(_EXCLUDED_FOLDERS):
        yield join(root, path), says


_FAILURES = "SELECT r.path, x.path, x.says FROM failure x JOIN root r USING (root_id) ORDER BY 1, 2"


def failures(db: apsw.Connection) -> Iterator[tuple[bytes, str]]:
    """What could not be read, and why."""
    for root, path, says in db.execute(_FAILURES):
        yield join(root, path), says


_BY_PATH = (
    "SELECT f.file_id FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
    " WHERE r.host = ? AND r.path = ? AND d.path = ? AND f.name = ?"
)


def file_at(db: apsw.Connection, host: str, path: bytes) -> FileId | None:
    """The file at an absolute source path."""
    for (root,) in db.execute("SELECT path FROM root WHERE host = ?", (host,)):
        prefix = root.rstrip(b"/") + b"/"
        if path.startswith(prefix):
            folder, _, name = path.removeprefix(prefix).rpartition(b"/")
            row = db.execute(_BY_PATH, (host, root, folder, name)).fetchone()
            if row is not None:
                return FileId(row[0])
    return None


_BY_CONTENT = (
    "SELECT r.path, d.path, f.name FROM file f JOIN folder d USING (folder_id)"
    " JOIN root r USING (root_id) JOIN content c USING (content_id)"
    " WHERE c.blake3 = ? AND f.state = 'present' ORDER BY f.file_id"
)


def paths_of(db: apsw.Connection, blake3: bytes) -> list[bytes]:
    """Absolute source paths of every present file with these bytes."""
    return [join(*row) for row in db.execute(_BY_CONTENT, (blake3,))]


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file by itself, for `explain`."""

    path: bytes
    state: str
    says: str | None
    kind: str | None
    mime: str | None
    damage: str | None
    damage_says: str | None
    blake3: bytes | None
    size: int


_FILE = (
    "SELECT r.path, d.path, f.name, f.state, f.says, c.kind, c.mime, c.damage, c.damage_says,"
    " c.blake3, f.size FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
    " LEFT JOIN content c USING (content_id) WHERE f.file_id = ?"
)


def file(db: apsw.Connection, number: FileId) -> FileRow | None:
    """What is known of one file."""
    row = db.execute(_FILE, (number,)).fetchone()
    return None if row is None else FileRow(join(*row[:3]), *row[3:])
