"""What a person said about contents: say it, take it back, list it, and what is in force.

A content has one word in force at most, and so has a shot's original: a new word supersedes what
stands against it, by ending it at the very moment at which it is said itself. Taking a word back
puts that in force again. Moments never repeat, whatever the clock does, so they order all words
and tell an end by another word from one by a person. Callers hold the transaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import apsw


class Verdict(StrEnum):
    """What a person may say of a content."""

    ORIGINAL = "original"  # it is its shot's original
    NOT_A_DUPLICATE = "not-a-duplicate"  # it is a shot of its own
    IGNORE = "ignore"  # never the original while another is there, never offered as reclaimable


@dataclass(frozen=True, slots=True)
class Words:
    """Every word in force, as BLAKE3 digests; no digest stands in two of the sets."""

    originals: tuple[bytes, ...] = ()  # the newest word first: it decides where shots have joined
    apart: frozenset[bytes] = frozenset()  # not-a-duplicate
    ignored: frozenset[bytes] = frozenset()


NOTHING_SAID = Words()


class Standing(StrEnum):
    """What became of a word."""

    IN_FORCE = "in-force"
    SUPERSEDED = "superseded"  # another word stands in its place
    UNDONE = "undone"  # a person took it back


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a person, as it is listed."""

    blake3: bytes
    verdict: Verdict
    said_ns: int
    standing: Standing
    ended_ns: int | None  # None: in force


_IN_FORCE = "SELECT verdict, blake3 FROM decision WHERE undone_ns IS NULL ORDER BY said_ns DESC"


def words(db: apsw.Connection) -> Words:
    """What is in force."""
    said: dict[str, list[bytes]] = {verdict: [] for verdict in Verdict}
    for verdict, blake3 in db.execute(_IN_FORCE):
        said[verdict].append(blake3)
    return Words(
        tuple(said[Verdict.ORIGINAL]),
        frozenset(said[Verdict.NOT_A_DUPLICATE]),
        frozenset(said[Verdict.IGNORE]),
    )


_ALL = "SELECT blake3, verdict, said_ns, undone_ns FROM decision ORDER BY said_ns"


def all_words(db: apsw.Connection) -> Iterator[Word]:
    """Every word ever said, the oldest first."""
    rows: list[tuple[Any, ...]] = db.execute(_ALL).fetchall()
    moments = {said for _, _, said, _ in rows}
    for blake3, verdict, said, ended in rows:
        standing = Standing.SUPERSEDED if ended in moments else Standing.UNDONE
        if ended is None:
            standing = Standing.IN_FORCE
        yield Word(blake3, Verdict(verdict), said, standing, ended)


_NEWEST = "SELECT coalesce(max(max(said_ns, coalesce(undone_ns, 0))), 0) FROM decision"


def newest_ns(db: apsw.Connection) -> int:
    """When a word was last said or taken back; 0 if never. It grows with every change."""
    return int(db.execute(_NEWEST).get)


_SINCE = "SELECT DISTINCT blake3 FROM decision WHERE said_ns > ?1 OR undone_ns > ?1"


def since(db: apsw.Connection, moment_ns: int) -> set[bytes]:
    """The digests about which a word was said or taken back after a moment."""
    return {digest for (digest,) in db.execute(_SINCE, (moment_ns,))}


def _now_ns(db: apsw.Connection) -> int:
    return max(time.time_ns(), newest_ns(db) + 1)


_OWN = "SELECT verdict FROM decision WHERE blake3 = ? AND undone_ns IS NULL"


def word_on(db: apsw.Connection, blake3: bytes) -> Verdict | None:
    """The word in force on a content."""
    row = db.execute(_OWN, (blake3,)).fetchone()
    return None if row is None else Verdict(row[0])


_END = "UPDATE decision SET undone_ns = ? WHERE undone_ns IS NULL AND blake3 = ?"
_END_ORIGINAL = f"{_END} AND verdict = 'original'"
_SAY = "INSERT INTO decision (blake3, verdict, said_ns) VALUES (?, ?, ?)"


def say(
    db: apsw.Connection, blake3: bytes, verdict: Verdict, others: Collection[bytes] = ()
) -> bool:
    """Put a word in force; False where it stands already.

    `others` are the other contents of its shot: a new original supersedes an older one there.
    """
    if word_on(db, blake3) is verdict:
        return False
    now = _now_ns(db)
    db.execute(_END, (now, blake3))
    if verdict is Verdict.ORIGINAL:
        db.executemany(_END_ORIGINAL, [(now, other) for other in others])
    db.execute(_SAY, (blake3, str(verdict), now))
    return True


_UNDO = (
    "UPDATE decision SET undone_ns = ? WHERE blake3 = ? AND undone_ns IS NULL"
    " RETURNING verdict, said_ns"
)
# A content that a person has spoken about since keeps its newer word.
_RESTORE = (
    "UPDATE decision SET undone_ns = NULL WHERE undone_ns = ? AND NOT EXISTS"
    " (SELECT 1 FROM decision n WHERE n.blake3 = decision.blake3 AND n.undone_ns IS NULL)"
)


def undo(db: apsw.Connection, blake3: bytes) -> Verdict | None:
    """Take back the word in force on a content; what it superseded is in force again.

    The word that was taken back; None where there is none in force.
    """
    row = db.execute(_UNDO, (_now_ns(db), blake3)).fetchone()
    if row is None:
        return None
    db.execute(_RESTORE, (row[1],))
    return Verdict(row[0])
