"""Questions of a derive about the shots that stand: which of them what is new affects.

Writing shots, and what people ask about them, is shots.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import ContentId, FileId, FolderId, ShotId

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

_GIVEN = "SELECT value FROM json_each(?)"


def shots_of_contents(db: apsw.Connection, contents: Iterable[ContentId]) -> set[ShotId]:
    """The shots of which some file with these bytes is a member."""
    text = (
        "SELECT DISTINCT shot_id FROM file JOIN member USING (file_id)"
        f" WHERE content_id IN ({_GIVEN})"
    )
    return {ShotId(i) for (i,) in db.execute(text, (json.dumps(list(contents)),))}


def files_of_shots(db: apsw.Connection, numbers: Iterable[ShotId]) -> dict[FileId, ContentId]:
    """Every member of these shots with its content; sidecars are among them."""
    text = (
        "SELECT file_id, content_id FROM member JOIN file USING (file_id)"
        f" WHERE shot_id IN ({_GIVEN})"
    )
    rows = db.execute(text, (json.dumps(list(numbers)),))
    return {FileId(file): ContentId(content) for file, content in rows}


def contents_of_shots(db: apsw.Connection, numbers: Iterable[ShotId]) -> set[ContentId]:
    """The contents of these shots' members, sidecars left out."""
    text = (
        "SELECT DISTINCT content_id FROM member JOIN file USING (file_id)"
        f" WHERE role <> 'sidecar' AND shot_id IN ({_GIVEN})"
    )
    return {ContentId(i) for (i,) in db.execute(text, (json.dumps(list(numbers)),))}


def contents_in_future(db: apsw.Connection) -> set[ContentId]:
    """The contents of shots that seem to be of the future, which may have come by now."""
    text = "SELECT shot_id FROM capture WHERE unknown = 'future'"
    return contents_of_shots(db, (ShotId(i) for (i,) in db.execute(text)))


_ORIGINALS = f"SELECT file_id FROM member WHERE role = 'original' AND shot_id IN ({_GIVEN})"


def originals_of(db: apsw.Connection, numbers: Iterable[ShotId]) -> set[FileId]:
    """The originals of these shots."""
    return {FileId(i) for (i,) in db.execute(_ORIGINALS, (json.dumps(list(numbers)),))}


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """A shot as those beside it see it."""

    make: str | None
    model: str | None
    serial: str | None
    local: str | None
    offset_min: int | None
    files: tuple[tuple[FolderId, bytes], ...]  # folder and name of each, the original's first


_NEIGHBOUR = (
    "SELECT t.make, t.model, t.serial, k.local, k.offset_min FROM member m JOIN capture k"
    " USING (shot_id) JOIN file f USING (file_id) LEFT JOIN tags t USING (content_id)"
    " WHERE m.file_id = ?"
)
_FILES = (
    "SELECT folder_id, name FROM member JOIN file USING (file_id) WHERE role <> 'sidecar'"
    " AND shot_id = (SELECT shot_id FROM member WHERE file_id = ?) ORDER BY rank"
)


def neighbour(db: apsw.Connection, original: FileId) -> NeighbourRow:
    """The shot of an original, as far as its neighbours matter."""
    make, model, serial, local, offset = next(db.execute(_NEIGHBOUR, (original,)))
    files = tuple((FolderId(folder), name) for folder, name in db.execute(_FILES, (original,)))
    return NeighbourRow(make, model, serial, local, offset, files)
