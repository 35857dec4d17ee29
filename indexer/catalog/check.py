"""Named invariants of the catalog: for `mediafs check`, and the oracle after every test.

Each is a sentence that must hold, and a question whose every row is a counterexample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexer.catalog.listings import digest, entry
from indexer.model import Stamp
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from indexer.catalog.listings import Entry

# || makes text of what it joins, whatever the bytes.
_PATH = "CAST(r.path || x'2f' || iif(d.path = x'', x'', d.path || x'2f') || f.name AS BLOB)"
_FILE = "FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
_SHOWN_IN = (
    "SELECT p.file_id FROM placement p JOIN tree_directory t ON t.tree_directory_id = p.parent_id"
    " WHERE p.file_id IS NOT NULL AND t.view IN ({})"
)


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold, and the question whose rows (one column, shown) contradict it."""

    name: str
    says: str
    counterexamples: str


INVARIANTS = (
    Invariant(
        "integrity",
        "SQLite finds the file whole.",
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ),
    Invariant(
        "references",
        "Every row that is referred to exists.",
        "SELECT \"table\" || ' row ' || rowid || ' refers to ' || parent"
        " FROM pragma_foreign_key_check",
    ),
    Invariant(
        "conservation",
        "Every file seen is in originals, edits, duplicates or quarantine, or is excluded or no"
        " medium at all; nothing is skipped silently.",
        f"SELECT {_PATH} {_FILE} LEFT JOIN content c USING (content_id)"
        " WHERE f.state IN ('present', 'unreadable')"
        " AND NOT (f.state = 'present' AND c.kind = 'other' AND c.damage IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM pending) AND f.file_id NOT IN ("
        + _SHOWN_IN.format("'originals', 'edits', 'duplicates', 'quarantine'")
        + ")",
    ),
    Invariant(
        "true-tree",
        "by-source shows every file that is not excluded, and no other.",
        f"SELECT {_PATH} {_FILE} WHERE NOT EXISTS (SELECT 1 FROM pending)"
        " AND (f.state IN ('present', 'unreadable')) <> (f.file_id IN ("
        + _SHOWN_IN.format("'by-source'")
        + "))",
    ),
    Invariant(
        "true-listings",
        "A folder's listing is of the files that are known in it, so that a walk may trust it.",
        "SELECT r.path || x'2f' || d.path FROM folder d JOIN root r USING (root_id)"
        " WHERE d.listing IS NOT NULL AND (d.listing, d.listed_excluded) IS NOT"
        " (SELECT listing_of(f.name, f.size, f.mtime_ns, f.ctime_ns, f.inode),"
        " coalesce(sum(f.state = 'excluded'), 0) FROM file f"
        " WHERE f.folder_id = d.folder_id AND f.state <> 'gone')",
    ),
    Invariant(
        "one-original",
        "Every shot has exactly one original, and it is the first of its members.",
        "SELECT s.shot_id FROM shot s LEFT JOIN member m ON m.shot_id = s.shot_id AND m.rank = 0"
        " WHERE m.role IS NOT 'original'",
    ),
    Invariant(
        "captured",
        "Every shot has a capture time or a reason why not.",
        "SELECT shot_id FROM shot WHERE shot_id NOT IN (SELECT shot_id FROM capture)",
    ),
    Invariant(
        "explained",
        "A capture time that is shown follows from a clue that is marked as used.",
        "SELECT shot_id FROM capture c WHERE local IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM clue WHERE clue.shot_id = c.shot_id AND used)",
    ),
    Invariant(
        "grouped-for-a-reason",
        "Every member but a sidecar is tied to its shot by evidence.",
        "SELECT m.shot_id || ': file ' || m.file_id FROM member m WHERE m.role <> 'sidecar'"
        " AND (SELECT count(*) FROM member n WHERE n.shot_id = m.shot_id AND n.role <> 'sidecar') > 1"
        " AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.shot_id = m.shot_id"
        " AND m.file_id IN (e.a, e.b))",
    ),
    Invariant(
        "no-damaged-original",
        "A damaged file is the original only where no whole one is in its shot.",
        "SELECT m.shot_id FROM member m JOIN file f USING (file_id) JOIN content c USING (content_id)"
        " WHERE m.role = 'original' AND c.damage IS NOT NULL AND EXISTS (SELECT 1 FROM member n"
        " JOIN file g ON g.file_id = n.file_id JOIN content k ON k.content_id = g.content_id"
        " WHERE n.shot_id = m.shot_id AND k.damage IS NULL"
        " AND n.role IN ('reencoded', 'resized', 'same-payload'))",
    ),
    Invariant(
        "unique-names",
        "No two names of a directory are the same to a system without case; by-source has the"
        " disk's own.",
        "SELECT p.name FROM placement p JOIN tree_directory t ON t.tree_directory_id = p.parent_id"
        " WHERE t.view <> 'by-source' GROUP BY p.parent_id, p.folded HAVING count(*) > 1",
    ),
    Invariant(
        "one-tree",
        "Every directory but the root stands under exactly one name in the parent it names.",
        "SELECT t.tree_directory_id FROM tree_directory t LEFT JOIN placement p"
        " ON p.tree_directory_id = t.tree_directory_id"
        " WHERE t.tree_directory_id <> 1 AND p.parent_id IS NOT t.parent_id",
    ),
    Invariant(
        "counted-directories",
        "Each directory knows how many directories it holds: st_nlink is true.",
        "SELECT t.tree_directory_id FROM tree_directory t WHERE t.subdirectories <>"
        " (SELECT count(*) FROM tree_directory c WHERE c.parent_id = t.tree_directory_id)",
    ),
    Invariant(
        "nothing-gone-is-shown",
        "A file that is gone has left the tree.",
        "SELECT p.name FROM placement p JOIN file f USING (file_id)"
        " WHERE f.state IN ('gone', 'excluded') AND NOT EXISTS (SELECT 1 FROM pending)",
    ),
    Invariant(
        "rotten-apart",
        "A rotten file keeps the digest it should have, is never called present, and stands in no"
        " shot while a sound file has its bytes.",
        f"SELECT {_PATH} {_FILE} WHERE f.rotten_ns IS NOT NULL AND (f.content_id IS NULL"
        " OR f.state NOT IN ('unreadable', 'gone') OR (NOT EXISTS (SELECT 1 FROM pending)"
        " AND f.file_id IN (SELECT file_id FROM member) AND EXISTS (SELECT 1 FROM file g"
        " WHERE g.content_id = f.content_id AND g.state = 'present')))",
    ),
    Invariant(
        "unreadable-for-a-reason",
        "An unreadable file has no digest, unless it rotted.",
        f"SELECT {_PATH} {_FILE} WHERE f.state = 'unreadable' AND f.content_id IS NOT NULL"
        " AND f.rotten_ns IS NULL",
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant and what contradicts it."""

    invariant: Invariant
    counterexamples: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing contradicts it."""
        return not self.counterexamples


_SHOWN = 20  # counterexamples of one invariant


def check(db: apsw.Connection) -> Iterator[Finding]:
    """Every invariant, in order, with its first counterexamples."""
    db.create_aggregate_function("listing_of", _Listing, 5)
    for invariant in INVARIANTS:
        rows = db.execute(f"{invariant.counterexamples} LIMIT {_SHOWN}")
        yield Finding(invariant, tuple(_text(row[0]) for row in rows))


class _Listing:
    """SQL's way to a folder's digest."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def step(self, *row: Any) -> None:
        self._entries.append(entry(to_str(row[0]), Stamp(*row[1:])))

    def final(self) -> bytes:
        return digest(self._entries)


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
