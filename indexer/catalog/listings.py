"""What a folder held when nothing was left to do about it, as one digest.

A walk that finds the same digest need not ask about the folder's files. Triggers (schema.sql)
take a digest away with the first change of a file's row; skip.listing_of says when there is one.
"""

from __future__ import annotations

import json
import marshal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from indexer.catalog.readings import READER_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import apsw

    from indexer.model import FolderId, RootId, Stamp

# Raise it when the same names and stamps lead to something else to do.
_RULES_VERSION = 1

# A file in a folder: its name (surrogateescape, as os.scandir() gives it), then its stamp. Mode
# and owner are no part of a stamp, so they are none of this: ctime tells of them.
Entry = tuple[str, int, int, int, int | None]


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder's regular files, all together."""

    digest: bytes
    excluded: int  # how many of them are kept out by a pattern


def entry(name: str, stamp: Stamp) -> Entry:
    """What stands for a file in its folder's digest."""
    return (name, stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode)


def digest(entries: Iterable[Entry]) -> bytes:
    """32 bytes over a folder's files, in whatever order the disk gives them."""
    # marshal: half the time of repr(). Its version 2 knows no references, so that equal values
    # are equal bytes; a Python that writes others costs one comparison file by file.
    return blake3(marshal.dumps(sorted(entries), 2)).digest()


def rules(patterns: Sequence[str], *, stable_inodes: bool) -> bytes:
    """A digest of what decides about a file besides its name and stamp."""
    said = [_RULES_VERSION, READER_VERSION, stable_inodes, list(patterns)]
    return blake3(json.dumps(said).encode("ascii")).digest()


_UNDER = "SELECT listed_under FROM root WHERE root_id = ?"
_SET_UNDER = "UPDATE root SET listed_under = ? WHERE root_id = ?"
_FORGET = "UPDATE folder SET listing = NULL WHERE root_id = ? AND listing IS NOT NULL"
_LISTINGS = (
    "SELECT path, listing, listed_excluded FROM folder"
    " WHERE root_id = ? AND listing IS NOT NULL"
)  # fmt: skip


def kept(db: apsw.Connection, root: RootId, under: bytes) -> dict[bytes, Listing]:
    """The listings below a root that follow these rules, by relative path."""
    if db.execute(_UNDER, (root,)).get != under:
        return {}
    return {path: Listing(listing, n) for path, listing, n in db.execute(_LISTINGS, (root,))}


def follow(db: apsw.Connection, root: RootId, under: bytes) -> None:
    """From here on the root's listings follow these rules; those that followed others are gone."""
    if db.execute(_UNDER, (root,)).get != under:
        db.execute(_FORGET, (root,))
        db.execute(_SET_UNDER, (under, root))


_KEEP = "UPDATE folder SET listing = ?, listed_excluded = ? WHERE folder_id = ?"


def keep(db: apsw.Connection, folder: FolderId, listing: Listing) -> None:
    """Remember that nothing is to be done while the folder holds this."""
    db.execute(_KEEP, (listing.digest, listing.excluded, folder))
