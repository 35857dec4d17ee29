"""Questions and changes of the derived part: shots, members, evidence, votes, clues, times.

A shot is never changed: it is taken away and put anew. Which ones are,
affected.py helps to tell; what the views ask is viewed.py.
"""

from __future__ import annotations

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
