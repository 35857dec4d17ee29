"""Questions about what generations changed in the tree, for `mediafs log`, and why they did.

Rows of `change` are publishing.py's, reasons the views'. Here two rows that are one story (a file
that left one name for another, an original that a better one followed) are told as one entry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.catalog.rows import Entry, Logged, NewReason, Reason, Standing
from indexer.model import FileId, Generation, Role, ShotId
from indexer.paths import join

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import apsw

# ---------------------------------------------------------------------------- what is asked for


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the tree that is asked about; by default all of it."""

    views: tuple[str, ...] | None = None
    below: bytes = b""  # a path in the tree, or the beginning of its last name

    @property
    def bindings(self) -> dict[str, object]:
        """For the questions that say `_IN_PART`."""
        views = None if self.views is None else json.dumps(self.views)
        return {"views": views, "from": self.below, "to": _beyond(self.below)}


def _beyond(prefix: bytes) -> bytes:
    """The first path after all that begin so."""
    kept = prefix.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\xff" * 5000  # PATH_MAX is 4096


EVERYTHING = Part()

_IN_PART = (
    "(:views IS NULL OR view IN (SELECT value FROM json_each(:views)))"
    " AND (:from = x'' OR (path >= :from AND path < :to))"
)  # fmt: skip

_GENERATIONS = (
    "SELECT generation_id, committed_ns, command FROM generation g"
    " WHERE generation_id > :after AND committed_ns >= :since AND EXISTS (SELECT 1 FROM change"
    f" WHERE generation_id = g.generation_id AND {_IN_PART}"
    # What only was touched is no news where its bytes are the same.
    " AND (what <> 'touched' OR EXISTS (SELECT 1 FROM reason WHERE change_id = change.change_id)"
    " OR :all)) ORDER BY generation_id DESC LIMIT :limit"
)


def generations(
    db: apsw.Connection,
    part: Part = EVERYTHING,
    *,
    after: int = 0,
    since_ns: int = 0,
    limit: int | None = None,
    with_touched: bool = True,
) -> list[Logged]:
    """The newest generations, up to `limit`, that changed something; the oldest first.

    Without `with_touched`, those in which files only got other attributes do not count.
    """
    asked = {"after": after, "since": since_ns, "limit": -1 if limit is None else limit}
    rows = db.execute(_GENERATIONS, asked | part.bindings | {"all": with_touched})
    return [Logged(Generation(i), when, command) for i, when, command in rows][::-1]


_THINNED = (
    "SELECT max(generation_id) FROM generation"
    " WHERE generation_id < (SELECT coalesce(min(generation_id), 1 << 62) FROM change)"
    " AND generation_id > ? AND committed_ns >= ?"
)


def last_thinned(db: apsw.Connection, after: int = 0, since_ns: int = 0) -> Generation | None:
    """The newest of these generations whose changes are no longer told; None: all are.

    The first always changed something, for it makes the views.
    """
    number = db.execute(_THINNED, (after, since_ns)).get
    return None if number is None else Generation(number)


# ---------------------------------------------------------------------------- what changed

# A generation's rows stand together: a range of the table is read in half the time that finding
# them one by one through the index takes. Both ends are single look-ups in it.
_OF_GENERATION = (
    "change_id BETWEEN (SELECT min(change_id) FROM change WHERE generation_id = :generation)"
    " AND (SELECT max(change_id) FROM change WHERE generation_id = :generation)"
    f" AND +generation_id = :generation AND {_IN_PART}"
)
_TOTALS = (
    "SELECT view, what, path, name, count(*) FROM change"
    f" WHERE {_OF_GENERATION} AND coalesce(old_file_id, new_file_id) IS NOT NULL"
    " GROUP BY view, what, parent_id"
)


@dataclass(frozen=True, slots=True)
class Total:
    """How many names of files changed in one way in one directory; nothing is paired."""

    view: str
    what: str  # as in `change`
    directory: bytes
    count: int


def totals(db: apsw.Connection, generation: Generation, part: Part = EVERYTHING) -> Iterator[Total]:
    """What a generation changed, counted."""
    asked = part.bindings | {"generation": generation}
    for view, what, path, name, count in db.execute(_TOTALS, asked):
        yield Total(view, what, path[: -len(name) - 1], count)


_ROWS = (
    "SELECT change_id, view, path, what, old_file_id, new_file_id, cause, says, heir_file_id,"
    f" shot_id, rule FROM change LEFT JOIN reason USING (change_id) WHERE {_OF_GENERATION}"
)
_LEFT = f"{_ROWS} AND what = 'removed' AND old_file_id IS NOT NULL ORDER BY path"
_CAME = f"{_ROWS} AND what = 'added' AND new_file_id IS NOT NULL"
_IN_ORDER = f"{_ROWS} ORDER BY path"


def entries(
    db: apsw.Connection, generation: Generation, part: Part = EVERYTHING
) -> Iterator[Entry]:
    """Every change of a generation, by path, each once.

    Memory grows with the names that went, not with those that came.
    """
    asked = part.bindings | {"generation": generation}
    pairs = _Pairs(_row(generation, row) for row in db.execute(_LEFT, asked))
    if pairs.left:
        came = (row for row in db.execute(_CAME, asked) if pairs.concern(row[1], row[5]))
        pairs.match(sorted((_row(generation, row) for row in came), key=lambda e: e.path))
    for row in db.execute(_IN_ORDER, asked):
        number = row[0]
        if number not in pairs.followed:
            yield pairs.merged.get(number) or _row(generation, row)


def _row(generation: Generation, row: Iterable[object]) -> Entry:
    number, view, path, what, old, new, cause, says, heir, shot, rule = row
    why = None if cause is None else Reason(cause, says, heir, shot, rule)  # type: ignore[arg-type]
    return Entry(number, generation, view, what, path, None, old, new, why)  # type: ignore[arg-type]


class _Pairs:
    """Names that went, and those that came in their stead."""

    def __init__(self, left: Iterable[Entry]) -> None:
        self.left: dict[tuple[str, FileId], list[Entry]] = {}
        self.heirs: dict[tuple[str, FileId], list[Entry]] = {}
        self.merged: dict[int, Entry] = {}  # by the row of the name that came
        self.followed: set[int] = set()  # rows of names that went, told with another one
        for entry in left:
            assert entry.old_file is not None
            self.left.setdefault((entry.view, entry.old_file), []).append(entry)
            if entry.why is not None and entry.why.heir is not None:
                self.heirs.setdefault((entry.view, entry.why.heir), []).append(entry)

    def concern(self, view: str, file: FileId) -> bool:
        """Whether a name that came to a file may stand for one that went."""
        return (view, file) in self.left or (view, file) in self.heirs

    def match(self, came: Sequence[Entry]) -> None:
        """Find for each name that came the one it stands for: its own file's before another's."""
        for known, what in ((self.left, "moved"), (self.heirs, "replaced")):
            for row in came:
                if row.number not in self.merged:
                    self._pair(row, known, what)

    def _pair(self, row: Entry, known: dict[tuple[str, FileId], list[Entry]], what: str) -> None:
        assert row.new_file is not None
        for went in known.get((row.view, row.new_file), ()):
            if went.number not in self.followed:
                self.followed.add(went.number)
                self.merged[row.number] = row.after(went, what)
                return


# ---------------------------------------------------------------------------- why, when published

_STANDINGS = (
    "SELECT f.file_id, f.state, f.says, c.blake3, c.damage, c.damage_says, m.shot_id, m.role,"
    " m.says, s.why, k.local, k.unknown, k.why, f.name"
    " FROM file f LEFT JOIN content c USING (content_id)"
    " LEFT JOIN member m USING (file_id) LEFT JOIN shot s USING (shot_id)"
    " LEFT JOIN capture k USING (shot_id) WHERE f.file_id IN (SELECT value FROM json_each(?))"
)


def standings(db: apsw.Connection, files: Iterable[FileId]) -> dict[FileId, Standing]:
    """What these files are and were decided to be."""
    found = {}
    for file, state, says, digest, damage, broken, shot, role, *rest in db.execute(
        _STANDINGS, (json.dumps(sorted(files)),)
    ):
        number, known = None if shot is None else ShotId(shot), None if role is None else Role(role)
        found[FileId(file)] = Standing(
            FileId(file), state, says, digest, damage, broken, number, known, *rest
        )
    return found


_VOTES = (
    "SELECT v.shot_id, f.content_id, v.rule, v.points FROM vote v JOIN file f USING (file_id)"
    " WHERE v.shot_id IN (SELECT value FROM json_each(?))"
)
_CONTENTS = "SELECT file_id, content_id FROM file WHERE file_id IN (SELECT value FROM json_each(?))"


def rules(
    db: apsw.Connection, asked: Collection[tuple[ShotId, FileId, FileId]]
) -> dict[tuple[ShotId, FileId, FileId], str]:
    """(shot, winner, loser) to the rule whose vote told the most between the two, if one did."""
    shots, files = {s for s, _, _ in asked}, {f for _, *two in asked for f in two}
    contents = dict(db.execute(_CONTENTS, (json.dumps(sorted(files)),)))
    cast: dict[tuple[int, int], set[tuple[str, float]]] = {}
    for shot, content, rule, points in db.execute(_VOTES, (json.dumps(sorted(shots)),)):
        cast.setdefault((shot, content), set()).add((rule, points))
    found = {}
    for one in asked:
        shot, winner, loser = one
        theirs = [cast.get((shot, contents[file]), set()) for file in (winner, loser)]
        # As infer._reason: the strongest word for the winner, else against the other.
        told = [vote for vote in theirs[0] - theirs[1] if vote[1] > 0]
        told = told or [vote for vote in theirs[1] - theirs[0] if vote[1] < 0]
        if told:
            found[one] = max(told, key=lambda vote: (abs(vote[1]), vote[0]))[0]
    return found


_PUT_REASON = (
    "INSERT INTO reason (change_id, cause, says, heir_file_id, shot_id, rule)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


def put_reasons(db: apsw.Connection, reasons: Iterable[NewReason]) -> None:
    """Write down why names went. The caller holds the transaction."""
    db.executemany(
        _PUT_REASON,
        ((n, why.cause, why.says, why.heir, why.shot, why.rule) for n, why in reasons),
    )


_SOURCE = (
    "SELECT r.path, d.path, f.name FROM file f JOIN folder d USING (folder_id)"
    " JOIN root r USING (root_id) WHERE f.file_id = ?"
)


def source_path(db: apsw.Connection, file: FileId) -> bytes | None:
    """Where a file lies, or last lay; None: it was forgotten."""
    row = db.execute(_SOURCE, (file,)).fetchone()
    return None if row is None else join(*row)
