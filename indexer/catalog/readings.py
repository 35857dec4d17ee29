"""What the bytes of files hold: contents, how they look, their tags; and files with all that.

Each SQL text stands beside the one function that runs it. Callers hold the transaction.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from indexer.catalog.rows import FactRow
from indexer.model import (
    ContentId,
    Damage,
    FileId,
    Fingerprint,
    FolderId,
    Kind,
    Reading,
    RootRole,
    Tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw

READER_VERSION = 2  # content.reader; raise it when reading learns something new

_HAS_TAGS = "SELECT 1 FROM content JOIN tags USING (content_id) WHERE blake3 = ? AND reader >= ?"


def has_tags(db: apsw.Connection, blake3: bytes) -> bool:
    """Whether ExifTool's answer about this content is known."""
    return db.execute(_HAS_TAGS, (blake3, READER_VERSION)).fetchone() is not None


_CONTENT = (
    "payload, sample, mime, kind, extension, width_px, height_px, orientation, duration_ms, codec,"
    " frame_rate, damage, damage_says, reader, pixels, tail, profile"
)
_EXCLUDED = ", ".join(f"excluded.{column}" for column in _CONTENT.split(", "))
# What is known already is left alone, so that a copy of known bytes is no news.
_PUT_CONTENT = (
    f"INSERT INTO content (blake3, size, {_CONTENT})"
    f" VALUES ({', '.join('?' * (2 + len(_CONTENT.split(', '))))})"
    f" ON CONFLICT (blake3) DO UPDATE SET ({_CONTENT}) = ({_EXCLUDED})"
    f" WHERE ({_CONTENT}) IS NOT ({_EXCLUDED})"
)
_CONTENT_ID = "SELECT content_id FROM content WHERE blake3 = ?"
_FINGERPRINT = "phash, dhash, thumb, sharpness, contrast"
_LOOK = f"SELECT {_FINGERPRINT} FROM fingerprint WHERE content_id = ?"
_PUT_FINGERPRINT = (
    f"INSERT OR REPLACE INTO fingerprint (content_id, {_FINGERPRINT}, recorded)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_RECORDED = "SELECT recorded FROM fingerprint WHERE content_id = ?"
_DROP_FINGERPRINT = "DELETE FROM fingerprint WHERE content_id = ?"


def put_content(db: apsw.Connection, reading: Reading) -> ContentId:
    """Remember what one read of these bytes gave."""
    picture, film = reading.picture, reading.film
    row = (
        reading.blake3, reading.size, reading.payload, reading.sample, reading.mime,
        str(reading.kind), reading.extension,
        picture and picture.width, picture and picture.height, picture and picture.orientation,
        film and film.duration_ms, film and film.codec, film and film.frame_rate,
        None if reading.damage is None else str(reading.damage),
        None if reading.damage is None else reading.damage_says,
        READER_VERSION, picture and picture.pixels, reading.tail,
        picture and picture.profile,
    )  # fmt: skip
    db.execute(_PUT_CONTENT, row)
    content = ContentId(db.execute(_CONTENT_ID, (reading.blake3,)).get)
    _put_look(db, content, picture.fingerprint if picture else None, reading.kind)
    return content


def _put_look(
    db: apsw.Connection, content: ContentId, look: Fingerprint | None, kind: Kind
) -> None:
    if look is None:
        db.execute(_DROP_FINGERPRINT, (content,))
        return
    columns = (look.phash, look.dhash, look.thumb, look.sharpness, look.contrast)
    if db.execute(_LOOK, (content,)).fetchone() == columns:
        return
    is_still = kind in (Kind.PICTURE, Kind.RAW)
    recorded = (db.execute(_RECORDED, (content,)).get or 0) if is_still else None
    db.execute(_PUT_FINGERPRINT, (content, *columns, recorded))


_PUT_TAGS = "INSERT OR REPLACE INTO tags VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


def put_tags(db: apsw.Connection, content: ContentId, tags: Tags) -> None:
    """Remember ExifTool's answer about a content."""
    texts = (
        tags.make, tags.model, tags.serial, tags.lens, tags.software, tags.content_identifier,
        tags.burst_uuid, tags.image_unique_id, tags.document_id, tags.derived_from,
    )  # fmt: skip
    numbers = (tags.exif_width, tags.exif_height, tags.latitude, tags.longitude)
    note, warning = int(tags.has_maker_note), _utf8(tags.warning)
    db.execute(_PUT_TAGS, (content, *map(_utf8, texts), *numbers, note, warning, _json(tags.all)))
    db.execute(_SET_RECORDED, (int(_names_camera_and_date(tags)), content))


_SET_RECORDED = "UPDATE fingerprint SET recorded = ? WHERE content_id = ? AND recorded IS NOT NULL"
_YEAR = re.compile(r"[12]\d{3}", re.ASCII)


def _names_camera_and_date(tags: Tags) -> bool:
    date = tags.all.get("ExifIFD:DateTimeOriginal", "")
    return (tags.make or tags.model) is not None and _YEAR.match(date) is not None


def _utf8(text: str | None) -> str | None:
    """SQLite's text has no place for the surrogates that stand for undecodable bytes."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def _json(everything: dict[str, str]) -> str:
    # ASCII only: values may carry lone surrogates, which SQLite's text cannot.
    return json.dumps(everything, ensure_ascii=True, separators=(",", ":"))


_TAGS = (
    "SELECT content_id, make, model, serial, lens, software, content_identifier, burst_uuid,"
    " image_unique_id, document_id, derived_from, exif_width_px, exif_height_px, latitude,"
    " longitude, has_maker_note, warning, everything FROM tags"
)


def all_tags(db: apsw.Connection) -> dict[ContentId, Tags]:
    """Every content's tags."""
    return dict(map(_tags, db.execute(_TAGS)))


def tags_of(db: apsw.Connection, contents: Iterable[ContentId]) -> dict[ContentId, Tags]:
    """The tags of these contents."""
    rows = db.execute(f"{_TAGS} WHERE content_id IN ({_GIVEN})", (_list(contents),))
    return dict(map(_tags, rows))


def _tags(row: tuple[Any, ...]) -> tuple[ContentId, Tags]:
    content, *typed, note, warning, rest = row
    columns = (*typed, bool(note), warning, json.loads(rest))
    return ContentId(content), Tags(*columns)


# ---------------------------------------------------------------------------- for derive

_FACTS = (
    "SELECT f.file_id, r.root_id, r.path, r.role, d.folder_id, d.path, f.name, f.size, f.mtime_ns,"
    " f.first_generation, c.content_id, c.blake3, c.payload, c.mime, c.kind, c.extension,"
    " c.width_px, c.height_px, c.orientation, c.duration_ms, c.codec, c.damage, c.pixels, c.tail,"
    " c.profile"
    " FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
    " JOIN content c USING (content_id) WHERE f.state = 'present'"
)


def present_files(db: apsw.Connection) -> Iterator[FactRow]:
    """Every file whose bytes are known, online or not."""
    return _fact_rows(db.execute(_FACTS))


def files_of_contents(db: apsw.Connection, contents: Iterable[ContentId]) -> Iterator[FactRow]:
    """Every present file with these bytes."""
    return _fact_rows(db.execute(f"{_FACTS} AND f.content_id IN ({_GIVEN})", (_list(contents),)))


def files_of_folders(db: apsw.Connection, folders: Iterable[FolderId]) -> Iterator[FactRow]:
    """Every present file in these folders."""
    return _fact_rows(db.execute(f"{_FACTS} AND f.folder_id IN ({_GIVEN})", (_list(folders),)))


def files_by_id(db: apsw.Connection, files: Iterable[FileId]) -> Iterator[FactRow]:
    """These files, those of them that are present."""
    return _fact_rows(db.execute(f"{_FACTS} AND f.file_id IN ({_GIVEN})", (_list(files),)))


_GIVEN = "SELECT value FROM json_each(?)"


def _list(numbers: Iterable[int]) -> str:
    return json.dumps(list(numbers), separators=(",", ":"))


def _fact_rows(rows: Iterable[tuple[Any, ...]]) -> Iterator[FactRow]:
    for row in rows:
        role, kind = RootRole(row[3]), Kind(row[14])
        damage = None if row[21] is None else Damage(row[21])
        columns = (*row[:3], role, *row[4:14], kind, *row[15:21], damage, *row[22:])
        yield FactRow(*columns)


_DIGEST_READ = (
    "SELECT blake3 FROM file JOIN content USING (content_id)"
    " WHERE folder_id = ? AND name = ? AND digest_carried = 0"
)


def digest_read(db: apsw.Connection, folder: FolderId, name: bytes) -> bytes | None:
    """The digest that reading a file gave; None: it was never read, or not in full."""
    row = db.execute(_DIGEST_READ, (folder, name)).fetchone()
    return None if row is None else bytes(row[0])


def contents_of_files(db: apsw.Connection, files: Iterable[FileId]) -> set[ContentId]:
    """The contents of these files."""
    text = f"SELECT content_id FROM file WHERE file_id IN ({_GIVEN}) AND content_id IS NOT NULL"
    return {ContentId(i) for (i,) in db.execute(text, (_list(files),))}


def contents_of(db: apsw.Connection, digests: Iterable[bytes]) -> set[ContentId]:
    """The contents with these BLAKE3 digests, those of them that are known."""
    found = (db.execute(_CONTENT_ID, (digest,)).fetchone() for digest in digests)
    return {ContentId(row[0]) for row in found if row}
