"""What derive remembers, so that the next one looks only at what is new.

`news` is written by triggers (schema.sql) and says what changed; ties, attachments, habits and
neighbours say what else has to be looked at because of it. All of it follows from the facts: it
may be thrown away, and is then made anew by a derive of everything.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from indexer.model import ContentId, FileId, FolderId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import apsw


def _list(numbers: Iterable[int]) -> str:
    """For `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(numbers), separators=(",", ":"))


# ---------------------------------------------------------------------------- news


@dataclass(frozen=True, slots=True)
class News:
    """What changed since shots were last derived."""

    contents: frozenset[ContentId]
    files: frozenset[FileId]
    folders: frozenset[FolderId]


def news(db: apsw.Connection) -> News:
    """Everything that changed."""
    return News(
        frozenset(ContentId(i) for (i,) in db.execute("SELECT content_id FROM news_content")),
        frozenset(FileId(i) for (i,) in db.execute("SELECT file_id FROM news_file")),
        frozenset(FolderId(i) for (i,) in db.execute("SELECT folder_id FROM news_folder")),
    )


def count(db: apsw.Connection) -> int:
    """About how many contents are remembered: the highest number. 0: nothing is."""
    return int(db.execute("SELECT coalesce(max(content_id), 0) FROM tied").get)


def forget_news(db: apsw.Connection) -> None:
    """All of it has been looked at."""
    for table in ("news_content", "news_file", "news_folder"):
        db.execute(f"DELETE FROM {table}")


def forget_everything(db: apsw.Connection) -> None:
    """Before a derive of everything."""
    for table in ("tie", "tied", "attachment", "habit", "neighbour"):
        db.execute(f"DELETE FROM {table}")


# ---------------------------------------------------------------------------- ties


def keys_of(db: apsw.Connection, contents: Iterable[ContentId]) -> dict[ContentId, frozenset[int]]:
    """The keys under which contents were last known to meet others."""
    text = "SELECT content_id, keys FROM tied WHERE content_id IN (SELECT value FROM json_each(?))"
    rows = db.execute(text, (_list(contents),))
    return {ContentId(i): frozenset(array("q", keys)) for i, keys in rows}


_MEET = "SELECT content_id FROM tie WHERE key = ? LIMIT ?"


def meeting(db: apsw.Connection, key: int, most: int) -> list[ContentId]:
    """Contents that have a key, `most` of them at the most."""
    return [ContentId(i) for (i,) in db.execute(_MEET, (key, most))]


def put_keys(db: apsw.Connection, keys: Mapping[ContentId, frozenset[int]]) -> None:
    """The keys of contents from now on; those with none are forgotten."""
    for content, known in keys_of(db, keys).items():
        lost = [(key, content) for key in known - keys[content]]
        db.executemany("DELETE FROM tie WHERE key = ? AND content_id = ?", lost)
    # In the order of the table: a million rows in any order would touch every page again and again.
    pairs = sorted((key, content) for content, own in keys.items() for key in own)
    db.executemany("INSERT OR IGNORE INTO tie (key, content_id) VALUES (?, ?)", pairs)
    db.executemany(
        "INSERT OR REPLACE INTO tied (content_id, keys) VALUES (?, ?)",
        ((content, array("q", sorted(own)).tobytes()) for content, own in keys.items() if own),
    )
    db.executemany(
        "DELETE FROM tied WHERE content_id = ?", ((c,) for c, own in keys.items() if not own)
    )


_NEAR = (
    "SELECT a, b, turn, residual FROM near WHERE a IN (SELECT value FROM json_each(?1))"
    " UNION SELECT a, b, turn, residual FROM near WHERE b IN (SELECT value FROM json_each(?1))"
)


def near(
    db: apsw.Connection, contents: Collection[ContentId]
) -> list[tuple[ContentId, ContentId, int, float]]:
    """(a, b, turn, residual) of every pair that looks alike and of which one is among these."""
    rows = db.execute(_NEAR, (_list(contents),))
    return [(ContentId(a), ContentId(b), turn, residual) for a, b, turn, residual in rows]


# ---------------------------------------------------------------------------- attachments


_ATTACHED = (
    "SELECT file_id, sidecar FROM attachment WHERE file_id IN (SELECT value FROM json_each(?))"
)
_SPEAKING = "SELECT sidecar FROM attachment WHERE sidecar IN (SELECT value FROM json_each(?))"
_OF_FOLDERS = (
    "SELECT sidecar, file_id FROM attachment WHERE folder_id IN (SELECT value FROM json_each(?))"
)


def sidecars_of(db: apsw.Connection, files: Iterable[FileId]) -> list[tuple[FileId, FileId]]:
    """(media file, sidecar that speaks about it)."""
    rows = db.execute(_ATTACHED, (_list(files),))
    return [(FileId(file), FileId(sidecar)) for file, sidecar in rows]


def speaking(db: apsw.Connection, files: Iterable[FileId]) -> set[FileId]:
    """Which of these files speak about another."""
    return {FileId(i) for (i,) in db.execute(_SPEAKING, (_list(files),))}


def attached_in(db: apsw.Connection, folders: Iterable[FolderId]) -> set[tuple[FileId, FileId]]:
    """(sidecar, media file) of every attachment in these folders."""
    return {(FileId(s), FileId(f)) for s, f in db.execute(_OF_FOLDERS, (_list(folders),))}


def put_attachments(
    db: apsw.Connection,
    folders: Iterable[FolderId],
    pairs: Iterable[tuple[FileId, FileId, FolderId]],
) -> None:
    """(sidecar, media file, folder) of these folders from now on."""
    db.execute(
        "DELETE FROM attachment WHERE folder_id IN (SELECT value FROM json_each(?))",
        (_list(folders),),
    )
    # A sidecar that was moved here from a folder that is not looked at again until now.
    text = "INSERT OR REPLACE INTO attachment (sidecar, file_id, folder_id) VALUES (?, ?, ?)"
    db.executemany(text, pairs)


# ---------------------------------------------------------------------------- habits


@dataclass(frozen=True, slots=True)
class HabitRow:
    """What one content told of its camera when it was last looked at."""

    content: ContentId
    camera: str
    clock: datetime | None
    stems: frozenset[str]
    format: str | None
    table: str | None
    size: tuple[int, int] | None
    is_joined: bool  # other contents are in its shot, so that habits may decide about it
    mode: str | None  # what its camera wrote around that day, as it was told then


_HABIT = "SELECT content_id, camera, clock, stems, format, tables, long_px, short_px, joined, mode FROM habit "


def _habit(row: tuple[object, ...]) -> HabitRow:
    content, camera, clock, stems, written, table, long, short, joined, mode = row
    return HabitRow(
        ContentId(content),  # type: ignore[arg-type]
        camera,  # type: ignore[arg-type]
        None if clock is None else datetime.fromisoformat(clock),  # type: ignore[arg-type]
        frozenset(json.loads(stems)),  # type: ignore[arg-type]
        written,  # type: ignore[arg-type]
        table,  # type: ignore[arg-type]
        None if long is None else (long, short),  # type: ignore[arg-type]
        bool(joined),
        mode,  # type: ignore[arg-type]
    )


def habits_of(db: apsw.Connection, contents: Iterable[ContentId]) -> list[HabitRow]:
    """What these contents told."""
    text = _HABIT + "WHERE content_id IN (SELECT value FROM json_each(?))"
    return [_habit(row) for row in db.execute(text, (_list(contents),))]


def habits_of_day(db: apsw.Connection, camera: str, day: date) -> list[HabitRow]:
    """What the files of one camera and day told."""
    text = _HABIT + "WHERE camera = ? AND day = ?"
    return [_habit(row) for row in db.execute(text, (camera, day.toordinal()))]


_JOINED = "SELECT content_id FROM habit WHERE camera = ? AND joined = 1"


def joined_of_camera(db: apsw.Connection, camera: str) -> set[ContentId]:
    """The contents of one camera of whose shots others are members too."""
    return {ContentId(i) for (i,) in db.execute(_JOINED, (camera,))}


_TABLES = (
    "SELECT tables, count(*) FROM habit WHERE camera = ? AND tables IS NOT NULL GROUP BY tables"
)
_SIZES = (
    "SELECT long_px, short_px, count(*) FROM habit WHERE camera = ? AND long_px IS NOT NULL"
    " GROUP BY long_px, short_px"
)


def tables_of(db: apsw.Connection, camera: str) -> Counter[str]:
    """How many files of a camera are compressed with which tables."""
    return Counter(dict(db.execute(_TABLES, (camera,))))


def sizes_of(db: apsw.Connection, camera: str) -> Counter[tuple[int, int]]:
    """How many files of a camera have which size."""
    return Counter({(long, short): count for long, short, count in db.execute(_SIZES, (camera,))})


def put_habits(db: apsw.Connection, gone: Iterable[ContentId], rows: Iterable[HabitRow]) -> None:
    """What contents tell from now on; those of `gone` without a row tell nothing."""
    db.executemany("DELETE FROM habit WHERE content_id = ?", ((i,) for i in gone))
    db.executemany(
        "INSERT OR REPLACE INTO habit (content_id, camera, day, clock, stems, format, tables,"
        " long_px, short_px, joined, mode) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                r.content, r.camera, r.clock and r.clock.toordinal(), r.clock and r.clock.isoformat(),
                json.dumps(sorted(r.stems)), r.format, r.table, r.size and r.size[0],
                r.size and r.size[1], int(r.is_joined), r.mode,
            )
            for r in rows
        ),
    )  # fmt: skip


# ---------------------------------------------------------------------------- neighbours


class Place(NamedTuple):
    """A shot on a line of neighbours; a line's number comes from what its shots have in common."""

    line: int
    at: int  # a second, or a counter
    file: FileId  # of its original
    told: int | None  # a digest of what the shot tells there; None: it asks


def places_of(db: apsw.Connection, originals: Iterable[FileId]) -> set[Place]:
    """Where the shots of these originals stand."""
    text = (
        "SELECT line, at, file_id, told FROM neighbour"
        " WHERE file_id IN (SELECT value FROM json_each(?))"
    )
    rows = db.execute(text, (_list(originals),))
    return {Place(line, at, FileId(file), told) for line, at, file, told in rows}


def put_places(db: apsw.Connection, gone: Iterable[FileId], places: Iterable[Place]) -> None:
    """Where shots stand from now on."""
    db.executemany("DELETE FROM neighbour WHERE file_id = ?", ((i,) for i in gone))
    db.executemany(
        "INSERT OR REPLACE INTO neighbour (line, at, file_id, told) VALUES (?, ?, ?, ?)",
        ((p.line, p.at, p.file, p.told) for p in sorted(places, key=_in_order)),
    )


def _in_order(place: Place) -> tuple[int, int, int]:
    return place.line, place.at, place.file


_BELOW = "SELECT max(at) FROM neighbour WHERE line = ? AND told IS NOT NULL AND at <= ?"
_ABOVE = "SELECT min(at) FROM neighbour WHERE line = ? AND told IS NOT NULL AND at >= ?"


def nearest(
    db: apsw.Connection, line: int, below: int, above: int
) -> tuple[int | None, int | None]:
    """The last place up to `below`, and the first from `above`, where a shot tells something."""
    return db.execute(_BELOW, (line, below)).get, db.execute(_ABOVE, (line, above)).get


_TELLING = (
    "SELECT file_id FROM neighbour WHERE line = ? AND at BETWEEN ? AND ? AND told IS NOT NULL"
)
_ASKING = "SELECT file_id FROM neighbour WHERE line = ? AND at BETWEEN ? AND ? AND told IS NULL"


def telling(db: apsw.Connection, line: int, first: int, last: int) -> set[FileId]:
    """The originals of shots that tell something between two places, both included."""
    return {FileId(i) for (i,) in db.execute(_TELLING, (line, first, last))}


def asking(db: apsw.Connection, line: int, first: int, last: int) -> set[FileId]:
    """The originals of shots that ask between two places, both included."""
    return {FileId(i) for (i,) in db.execute(_ASKING, (line, first, last))}
