"""Files that a mount could not serve as they were indexed: the next run looks at each of them.

A mount notes them, a run forgets what it has looked at. Nothing is derived from a suspicion, and
no file is another because of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import FileId

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import apsw

    from indexer.model import RootId

# The file is there with the stamp it had, and yet its bytes could not be had: only reading
# tells more. Of all others the stamp does.
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Suspect:
    """One file that is to be looked at."""

    file: FileId
    noticed_ns: int
    why: str  # 'changed', 'vanished', 'unreadable'


# A file may have been forgotten since; one that is suspected again is to be looked at again.
_NOTE = (
    "INSERT INTO suspect (file_id, noticed_ns, why) SELECT file_id, ?2, ?3 FROM file"
    " WHERE file_id = ?1"
    " ON CONFLICT DO UPDATE SET noticed_ns = excluded.noticed_ns, why = excluded.why"
)


def note(db: apsw.Connection, files: Mapping[FileId, str], noticed_ns: int) -> None:
    """Have the next run look at these files, for a reason each."""
    db.executemany(_NOTE, [(file, noticed_ns, why) for file, why in files.items()])


_BELOW = (
    "SELECT d.path, s.file_id, s.noticed_ns, s.why FROM suspect s JOIN file f USING (file_id)"
    " JOIN folder d USING (folder_id) WHERE d.root_id = ?"
)


def below(db: apsw.Connection, root: RootId) -> dict[bytes, dict[FileId, Suspect]]:
    """Suspects of a root, by the relative path of their folder."""
    found: dict[bytes, dict[FileId, Suspect]] = defaultdict(dict)
    for folder, file, noticed_ns, why in db.execute(_BELOW, (root,)):
        found[folder][FileId(file)] = Suspect(FileId(file), noticed_ns, why)
    return dict(found)


_FORGET = "DELETE FROM suspect WHERE file_id = ? AND noticed_ns = ?"


def forget(db: apsw.Connection, looked_at: Iterable[Suspect]) -> None:
    """They were looked at; what was noticed of one meanwhile stays."""
    db.executemany(_FORGET, [(suspect.file, suspect.noticed_ns) for suspect in looked_at])


def count(db: apsw.Connection) -> int:
    """How many files the next run is to look at."""
    return int(db.execute("SELECT count(*) FROM suspect").get)
