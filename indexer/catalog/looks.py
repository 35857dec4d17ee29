"""Questions and changes about how pictures look: fingerprints, and which are near each other.

Thumbnails are 3 KB each, so they are fetched one by one for the few that are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from indexer.model import ContentId, Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

_HELD = 4096  # fingerprints in memory: 14 MB; arbitrary


@dataclass(frozen=True, slots=True)
class Hashed:
    """What is needed of every picture to find those that are near each other."""

    content: ContentId
    phash: bytes
    contrast: float
    is_new: bool  # not yet compared with the others
    is_recorded: bool  # its metadata name a camera and a date


@dataclass(frozen=True, slots=True)
class NearRow:
    """Two contents that look like one exposure; `a` has the smaller digest."""

    a: ContentId
    b: ContentId
    turn: int  # how a must be turned to look like b, in EXIF's numbers; 1: not at all
    bits: int
    residual: float


_HASHED = "SELECT content_id, phash, contrast, compared = 0, recorded FROM fingerprint "
_WHICH = {
    True: "WHERE recorded = 0 ORDER BY content_id",
    False: "WHERE recorded IS NOT NULL ORDER BY content_id",
}


def new(db: apsw.Connection) -> list[Hashed]:
    """Every picture that has not been compared with the others."""
    rows = db.execute(f"{_HASHED} WHERE compared = 0 AND recorded IS NOT NULL ORDER BY content_id")
    return [_hashed(row) for row in rows]


def hashed(db: apsw.Connection, *, only_unrecorded: bool = False) -> list[Hashed]:
    """Every picture with a fingerprint, or every one that lost its record."""
    return [_hashed(row) for row in db.execute(_HASHED + _WHICH[only_unrecorded])]


def _hashed(row: tuple[Any, ...]) -> Hashed:
    content, phash, contrast, is_new, recorded = row
    return Hashed(ContentId(content), phash, contrast, bool(is_new), bool(recorded))


_EQUAL = "SELECT count(*) FROM fingerprint WHERE recorded IN (0, 1) AND phash = ?"


def count_equal(db: apsw.Connection, phash: bytes) -> int:
    """How many pictures have just this hash."""
    return int(db.execute(_EQUAL, (phash,)).get)


_DIGEST = "SELECT blake3 FROM content WHERE content_id = ?"


def digest(db: apsw.Connection, content: ContentId) -> bytes:
    """A content's BLAKE3 digest."""
    return bytes(db.execute(_DIGEST, (content,)).get)


_PUT = "INSERT OR REPLACE INTO near (a, b, turn, bits, residual) VALUES (?, ?, ?, ?, ?)"
_FORGET = (
    "DELETE FROM near WHERE a IN (SELECT content_id FROM fingerprint WHERE compared = 0)"
    " OR b IN (SELECT content_id FROM fingerprint WHERE compared = 0)"
)
_COMPARED = "UPDATE fingerprint SET compared = 1 WHERE compared = 0"


def put_near(db: apsw.Connection, rows: Iterable[NearRow]) -> None:
    """Remember what comparing every new picture with all others gave."""
    db.execute(_FORGET)
    db.executemany(_PUT, ((r.a, r.b, r.turn, r.bits, r.residual) for r in rows))
    db.execute(_COMPARED)


_NEAR = "SELECT a, b, turn, bits, residual FROM near"


def near(db: apsw.Connection) -> Iterator[NearRow]:
    """Every pair that looks like one exposure."""
    for a, b, turn, bits, residual in db.execute(_NEAR):
        yield NearRow(ContentId(a), ContentId(b), turn, bits, residual)


_ONE = "SELECT phash, dhash, thumb, sharpness, contrast FROM fingerprint WHERE content_id = ?"


class Fingerprints(Mapping[ContentId, Fingerprint]):
    """Every fingerprint of a catalog, fetched when it is asked for."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._fetch = lru_cache(_HELD)(self._fetched)

    def __getitem__(self, content: ContentId) -> Fingerprint:
        found = self._fetch(content)
        if found is None:
            raise KeyError(content)
        return found

    def __iter__(self) -> Iterator[ContentId]:
        return (ContentId(i) for (i,) in self._db.execute("SELECT content_id FROM fingerprint"))

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM fingerprint").get)

    def _fetched(self, content: ContentId) -> Fingerprint | None:
        row = self._db.execute(_ONE, (content,)).fetchone()
        return None if row is None else Fingerprint(*row)
