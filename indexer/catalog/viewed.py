"""Questions of the views: files with their shots, times and devices; all, or of what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import FileId, Role, ShotId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A file as the views need it; members carry their shot, others None."""

    file: FileId
    root: bytes  # the root's label
    folder: bytes
    name: bytes
    size: int
    blake3: bytes | None
    kind: str | None
    extension: str
    damage: str | None
    state: str
    shot: ShotId | None
    role: Role | None
    of_file: FileId | None
    is_offered: bool = True  # False: never called reclaimable
    first_generation: int = 0  # the run that saw it first


_VIEW_FILES = (
    "SELECT f.file_id, r.label, d.path, f.name, f.size, c.blake3, c.kind, coalesce(c.extension, ''),"
    " c.damage, f.state, m.shot_id, m.role, m.of_file, m.offered IS NOT 0,"
    " f.first_generation"
    " FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
    " LEFT JOIN content c USING (content_id) LEFT JOIN member m USING (file_id)"
    " WHERE f.state IN ('present', 'unreadable') ORDER BY m.shot_id, m.rank, f.file_id"
)


def files(db: apsw.Connection) -> Iterator[ViewFile]:
    """Every file the tree can show: shots together, original first; excluded ones not."""
    return _files(db, _VIEW_FILES)


_DEVICES = (
    "SELECT m.shot_id, t.make, t.model FROM member m JOIN file f USING (file_id)"
    " JOIN tags t USING (content_id) WHERE m.role = 'original'"
)


def devices(db: apsw.Connection) -> dict[ShotId, tuple[str | None, str | None]]:
    """Make and model of each shot's original."""
    return {ShotId(i): (make, model) for i, make, model in db.execute(_DEVICES)}


_AMONG = "IN (SELECT value FROM json_each(?))"
_VIEW_FILES_AMONG = _VIEW_FILES.replace(" ORDER BY", f" AND f.file_id {_AMONG} ORDER BY")


def files_among(db: apsw.Connection, files: Iterable[FileId]) -> Iterator[ViewFile]:
    """`files` of these files."""
    return _files(db, _VIEW_FILES_AMONG, json.dumps(sorted(files)))


def _files(db: apsw.Connection, text: str, *bindings: str) -> Iterator[ViewFile]:
    for *columns, role, of_file, offered, first in db.execute(text, bindings):
        values = (*columns, None if role is None else Role(role), of_file, bool(offered), first)
        yield ViewFile(*values)


_TIMES_OF = f"SELECT shot_id, local, unknown FROM capture WHERE shot_id {_AMONG}"


def times_of(
    db: apsw.Connection, numbers: Iterable[ShotId]
) -> dict[ShotId, tuple[str | None, str | None]]:
    """Local time of each of these shots, or the reason why there is none."""
    rows = db.execute(_TIMES_OF, (json.dumps(sorted(numbers)),))
    return {ShotId(i): (local, unknown) for i, local, unknown in rows}


def devices_of(
    db: apsw.Connection, numbers: Iterable[ShotId]
) -> dict[ShotId, tuple[str | None, str | None]]:
    """Make and model of the original of each of these shots."""
    rows = db.execute(f"{_DEVICES} AND m.shot_id {_AMONG}", (json.dumps(sorted(numbers)),))
    return {ShotId(i): (make, model) for i, make, model in rows}


_SHOTS_OF = f"SELECT DISTINCT shot_id FROM member WHERE file_id {_AMONG}"


def shots_of(db: apsw.Connection, files: Iterable[FileId]) -> set[ShotId]:
    """The shots that these files are members of."""
    return {ShotId(i) for (i,) in db.execute(_SHOTS_OF, (json.dumps(sorted(files)),))}


_MEMBERS_OF = f"SELECT file_id FROM member WHERE shot_id {_AMONG}"


def members_of(db: apsw.Connection, numbers: Iterable[ShotId]) -> set[FileId]:
    """Every member of these shots, those that are not shown included."""
    return {FileId(i) for (i,) in db.execute(_MEMBERS_OF, (json.dumps(sorted(numbers)),))}


# Of equal sidecars without a picture one is shown for all. Which ones a file is among follows
# from its bytes, which ones it was among before its bytes changed from where it is shown still.
# What rotted keeps its names until there is a sound file with its bytes.
_EQUAL_LOOSE = (
    "WITH asked (file_id) AS MATERIALIZED (SELECT value FROM json_each(?))"
    " SELECT g.file_id FROM file g LEFT JOIN member m USING (file_id)"
    " JOIN content c USING (content_id) WHERE m.shot_id IS NULL"
    " AND (c.kind = 'sidecar' OR g.state = 'unreadable')"
    " AND g.content_id IN (SELECT content_id FROM asked JOIN file USING (file_id))"
    " UNION SELECT q.file_id FROM placement q LEFT JOIN member m USING (file_id)"
    " WHERE q.file_id IS NOT NULL AND m.shot_id IS NULL AND q.parent_id IN ("
    " SELECT p.parent_id FROM asked JOIN placement p USING (file_id)"
    " JOIN tree_directory d ON d.tree_directory_id = p.parent_id WHERE d.view = 'duplicates')"
)


def equal_loose_files(db: apsw.Connection, files: Iterable[FileId]) -> set[FileId]:
    """Files of no shot that are equal to one of these, or were, and are shown for it or with it."""
    rows = db.execute(_EQUAL_LOOSE, (json.dumps(sorted(files)),))
    return {FileId(file) for (file,) in rows}


_WITH_SOUND_COPY = (
    f"SELECT f.file_id FROM file f WHERE f.file_id {_AMONG} AND EXISTS"
    " (SELECT 1 FROM file g WHERE g.content_id = f.content_id AND g.state = 'present')"
)


def with_sound_copy(db: apsw.Connection, files: Iterable[FileId]) -> set[FileId]:
    """Those of these files whose bytes some present file has."""
    rows = db.execute(_WITH_SOUND_COPY, (json.dumps(sorted(files)),))
    return {FileId(file) for (file,) in rows}
