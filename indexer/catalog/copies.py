"""Questions and changes about equal copies: which one stood for all in a catalog before this one.

A file that did has 0 as the generation that saw it first: before all that are its equals.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from indexer.catalog.rows import Stood
from indexer.model import FileId

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

_AMONG = "IN (SELECT value FROM json_each(?))"
_DIGESTS = (
    "SELECT DISTINCT blake3 FROM file JOIN content USING (content_id)"
    f" WHERE file_id {_AMONG}"
)  # fmt: skip


def digests_of(db: apsw.Connection, files: Iterable[FileId]) -> list[bytes]:
    """What these files hold."""
    return [digest for (digest,) in db.execute(_DIGESTS, (json.dumps(sorted(files)),))]


_STAMPS = (
    "SELECT DISTINCT blake3, mtime_ns, mode, uid, gid FROM file JOIN content USING (content_id)"
    f" WHERE file_id {_AMONG}"
)


def stamps(db: apsw.Connection, files: Iterable[FileId]) -> list[Stood]:
    """What a backup sees of these files."""
    return [Stood._make(row) for row in db.execute(_STAMPS, (json.dumps(sorted(files)),))]


_FITTING = (
    "SELECT file_id, state, first_generation FROM content JOIN file USING (content_id)"
    " WHERE (blake3, mtime_ns, mode, uid, gid) = (?, ?, ?, ?, ?)"
)
_FIRST = "UPDATE file SET first_generation = 0 WHERE file_id = ?"


def recall(db: apsw.Connection, stood: Iterable[Stood]) -> list[Stood]:
    """Let the files that stood for their equals come before them; those that are known to be gone.

    The caller holds the transaction.
    """
    gone = []
    for one in stood:
        found = list(db.execute(_FITTING, one))
        here = {FileId(file): first for file, state, first in found if state != "gone"}
        if found and not here:
            gone.append(one)
        # Of several that look the same to a backup, what was seen first in this catalog too.
        first = min(here.values(), default=0)
        if first > 0:
            db.executemany(_FIRST, [(file,) for file, when in here.items() if when == first])
    return gone
