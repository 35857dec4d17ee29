"""Questions and changes of the derived part: shots, members, evidence, votes, clues, times.

A shot is never changed: it is taken away and put anew. Which ones are, affected.py helps to tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexer.catalog.rows import MemberRow
from indexer.model import FileId, Role, ShotId
from indexer.paths import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

# ---------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class NewMember:
    """A file's place in a shot that is about to be written."""

    file: FileId
    role: Role
    of_file: FileId | None
    says: str
    is_offered: bool = True  # False: never called reclaimable


@dataclass(frozen=True, slots=True)
class NewShot:
    """One shot with everything that explains it; rows are in the order of their tables."""

    confidence: str
    original_missing: bool
    burst: str | None
    why: str
    members: tuple[NewMember, ...]  # the original first
    evidence: tuple[tuple[FileId, FileId, str, str], ...]  # a, b, kind, says
    votes: tuple[tuple[FileId, str, float, str], ...]  # file, rule, points, says
    clues: tuple[tuple[FileId, str, str, str | None, int | None, int, str], ...]
    capture: tuple[str | None, int | None, str, str, str, str | None, str | None, str | None]


_TABLES = ("member", "evidence", "vote", "clue", "capture", "shot")
_DIGEST = "SELECT blake3 FROM file JOIN content USING (content_id) WHERE file_id = ?"
_ID_BITS = 40  # of the original's digest; few enough to be read aloud


def remove_all(db: apsw.Connection) -> None:
    """Forget every shot, before all are written anew."""
    for table in _TABLES:
        db.execute(f"DELETE FROM {table}")


def remove(db: apsw.Connection, numbers: Iterable[ShotId]) -> None:
    """Forget these shots."""
    ids = [(number,) for number in numbers]
    for table in _TABLES:
        db.executemany(f"DELETE FROM {table} WHERE shot_id = ?", ids)


_IS_TAKEN = "SELECT count(*) FROM shot WHERE shot_id = ?"


def put(db: apsw.Connection, shot: NewShot) -> ShotId:
    """Write a new shot.

    Its id follows from its original's bytes, so that it is the same in whatever order and in
    however many runs the files came.
    """
    digest = bytes(db.execute(_DIGEST, (shot.members[0].file,)).get)
    number = int.from_bytes(digest) >> (len(digest) * 8 - _ID_BITS)
    while not number or db.execute(_IS_TAKEN, (number,)).get:
        number += 1
    _put(db, ShotId(number), shot)
    return ShotId(number)


_PUT_SHOT = (
    "INSERT INTO shot (shot_id, confidence, original_missing, burst, why) VALUES (?, ?, ?, ?, ?)"
)
_PUT_MEMBER = (
    "INSERT INTO member (shot_id, file_id, role, rank, of_file, says, offered)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


def _put(db: apsw.Connection, i: ShotId, shot: NewShot) -> None:
    row = (i, shot.confidence, int(shot.original_missing), shot.burst, shot.why)
    db.execute(_PUT_SHOT, row)
    db.executemany(
        _PUT_MEMBER,
        [
            (i, m.file, str(m.role), rank, m.of_file, m.says, int(m.is_offered))
            for rank, m in enumerate(shot.members)
        ],
    )
    db.executemany("INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", [(i, *e) for e in shot.evidence])
    db.executemany("INSERT INTO vote VALUES (?, ?, ?, ?, ?)", [(i, *v) for v in shot.votes])
    db.executemany(
        "INSERT INTO clue (shot_id, file_id, source, value, local, offset_min, used, says)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(i, *c) for c in shot.clues],
    )
    db.execute("INSERT INTO capture VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (i, *shot.capture))


# ---------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class ShotRow:
    """A shot and its capture time."""

    id: ShotId
    confidence: str
    original_missing: bool
    why: str
    local: str | None
    offset_min: int | None
    source: str
    time_confidence: str
    time_why: str
    unknown: str | None
    suggestion: str | None
    burst: str | None


_SHOTS = (
    "SELECT s.shot_id, s.confidence, s.original_missing, s.why, c.local, c.offset_min, c.source,"
    " c.confidence, c.why, c.unknown, c.suggestion, s.burst FROM shot s JOIN capture c USING (shot_id)"
)


def all_shots(db: apsw.Connection) -> Iterator[ShotRow]:
    """Every shot, by id."""
    for row in db.execute(_SHOTS + " ORDER BY s.shot_id"):
        yield _shot(row)


def shot(db: apsw.Connection, number: ShotId) -> ShotRow | None:
    """One shot."""
    row = db.execute(_SHOTS + " WHERE s.shot_id = ?", (number,)).fetchone()
    return None if row is None else _shot(row)


def _shot(row: Sequence[Any]) -> ShotRow:
    columns = (*row[:2], bool(row[2]), *row[3:])
    return ShotRow(*columns)


def shots_of_burst(db: apsw.Connection, burst: str) -> list[ShotId]:
    """The shots of one burst, bracket or recording."""
    rows = db.execute("SELECT shot_id FROM shot WHERE burst = ? ORDER BY shot_id", (burst,))
    return [ShotId(number) for (number,) in rows]


def suggestion_why(db: apsw.Connection, number: ShotId) -> str | None:
    """Why a time was suggested for a shot; None where none was."""
    text = "SELECT suggestion_why FROM capture WHERE shot_id = ?"
    says: str | None = db.execute(text, (number,)).get
    return says


_MEMBERS = (
    "SELECT m.shot_id, m.file_id, m.role, r.path, d.path, f.name, c.blake3, f.size, m.says,"
    " m.offered FROM member m JOIN file f USING (file_id) JOIN folder d USING (folder_id)"
    " JOIN root r USING (root_id) JOIN content c USING (content_id)"
)


def members(db: apsw.Connection, number: ShotId) -> list[MemberRow]:
    """Files of one shot, original first."""
    rows = db.execute(_MEMBERS + " WHERE m.shot_id = ? ORDER BY m.rank", (number,))
    return [_member(row) for row in rows]


def members_of_all(db: apsw.Connection) -> Iterator[MemberRow]:
    """Files of every shot, by shot, original first."""
    for row in db.execute(_MEMBERS + " ORDER BY m.shot_id, m.rank"):
        yield _member(row)


def _member(row: Sequence[Any]) -> MemberRow:
    number, file, role, root, folder, name, digest, size, says, offered = row
    path = join(root, folder, name)
    return MemberRow(
        ShotId(number), FileId(file), Role(role), path, digest, size, says, bool(offered)
    )


def shot_of(db: apsw.Connection, file: FileId) -> ShotId | None:
    """The shot a file belongs to."""
    row = db.execute("SELECT shot_id FROM member WHERE file_id = ?", (file,)).fetchone()
    return None if row is None else ShotId(row[0])


_PATHS = (
    "SELECT f.file_id, r.path, d.path, f.name FROM file f JOIN folder d USING (folder_id)"
    " JOIN root r USING (root_id) WHERE f.file_id IN (SELECT file_id FROM member WHERE shot_id = ?)"
)


def paths_of_shot(db: apsw.Connection, number: ShotId) -> dict[FileId, bytes]:
    """Absolute source paths of a shot's files."""
    return {
        FileId(file): join(root, folder, name)
        for file, root, folder, name in db.execute(_PATHS, (number,))
    }


def votes(db: apsw.Connection, number: ShotId) -> list[tuple[FileId, str, float, str]]:
    """(file, rule, points, says) of a shot, strongest first for each file."""
    text = (
        "SELECT file_id, rule, points, says FROM vote WHERE shot_id = ?"
        " ORDER BY file_id, abs(points) DESC, rule"
    )
    return [
        (FileId(f), rule, points, says) for f, rule, points, says in db.execute(text, (number,))
    ]


def evidence(db: apsw.Connection, number: ShotId) -> list[tuple[FileId, FileId, str, str]]:
    """(a, b, kind, says) of a shot."""
    text = "SELECT a, b, kind, says FROM evidence WHERE shot_id = ? ORDER BY kind, a, b"
    return [(FileId(a), FileId(b), kind, says) for a, b, kind, says in db.execute(text, (number,))]


def clues(db: apsw.Connection, number: ShotId) -> list[tuple[FileId, str, str, str, bool]]:
    """(file, source, value, says, used) of a shot, the used one first."""
    text = (
        "SELECT file_id, source, value, says, used FROM clue WHERE shot_id = ?"
        " ORDER BY used DESC, clue_id"
    )
    return [
        (FileId(f), source, value, says, bool(used))
        for f, source, value, says, used in db.execute(text, (number,))
    ]


# ---------------------------------------------------------------------------- for the views


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


def view_files(db: apsw.Connection) -> Iterator[ViewFile]:
    """Every file the tree can show: shots together, original first; excluded ones not."""
    return _view_files(db, _VIEW_FILES)


_DEVICES = (
    "SELECT m.shot_id, t.make, t.model FROM member m JOIN file f USING (file_id)"
    " JOIN tags t USING (content_id) WHERE m.role = 'original'"
)


def devices(db: apsw.Connection) -> dict[ShotId, tuple[str | None, str | None]]:
    """Make and model of each shot's original."""
    return {ShotId(i): (make, model) for i, make, model in db.execute(_DEVICES)}


# ------------------------------------------------------------------ of what changed

_AMONG = "IN (SELECT value FROM json_each(?))"
_VIEW_FILES_AMONG = _VIEW_FILES.replace(" ORDER BY", f" AND f.file_id {_AMONG} ORDER BY")


def view_files_among(db: apsw.Connection, files: Iterable[FileId]) -> Iterator[ViewFile]:
    """`view_files` of these files."""
    return _view_files(db, _VIEW_FILES_AMONG, json.dumps(sorted(files)))


def _view_files(db: apsw.Connection, text: str, *bindings: str) -> Iterator[ViewFile]:
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
