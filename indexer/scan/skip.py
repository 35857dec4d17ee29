"""Decide which files must be read again.

Pure: given what the walk saw and what the catalog remembers of one folder, say why.
Opening files is read/; writing the outcome is survey.py and intake.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.catalog.listings import Listing, digest, entry
from indexer.catalog.rows import LostFile
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.catalog.rows import KnownFile
    from indexer.model import FileId, Stamp
    from indexer.scan.exclude import Excludes
    from indexer.scan.walk import SeenFile


class Why(StrEnum):
    """Why a file is read."""

    NEW = "new"  # no file was ever seen at this path
    CHANGED = "changed"
    RETRY = "retry"  # it could not be read last time
    OUTDATED = "outdated"  # an older mediafs read it and knew less
    SUSPECT = "suspect"  # a mount could not read it, though its stamp is as before


@dataclass(slots=True)
class FolderDiff:
    """One folder, against what is remembered of it."""

    unchanged: int = 0
    back: list[FileId] = field(default_factory=list)  # was gone, same stamp again
    exclude: list[SeenFile] = field(default_factory=list)  # excluded now, or with a new stamp
    to_read: list[tuple[SeenFile, Why]] = field(default_factory=list)
    lost: list[LostFile] = field(default_factory=list)  # remembered, not seen


def compare(
    seen: Iterable[SeenFile], known: Mapping[bytes, KnownFile], *, is_replaced: bool = False
) -> FolderDiff:
    """Sort a folder's files by what has to be done about them.

    `is_replaced`: another disk stands at the root's place. Without inodes a copy's stamp may be
    its source's, so equal ones prove nothing there.
    """
    diff = FolderDiff()
    names = set()
    for file in seen:
        names.add(file.name)
        before = known.get(file.name)
        if file.excluded_by is not None:
            if before is None or before.state != "excluded" or before.stamp != file.stamp:
                diff.exclude.append(file)
            continue
        why = verdict(file, before)
        if why is None and is_replaced and file.stamp.inode is None:
            why = Why.CHANGED
        if why is not None:
            diff.to_read.append((file, why))
        elif before is not None and before.state == "gone":
            diff.back.append(before.id)
        else:
            diff.unchanged += 1
    diff.lost = [
        LostFile(k.id, k.stamp, k.content, k.name)
        for k in known.values()
        if k.name not in names and k.state != "gone"
    ]
    return diff


def verdict(seen: SeenFile, known: KnownFile | None) -> Why | None:
    """Why this file must be read; None: its stamp says that the bytes are known."""
    return Why.NEW if known is None else _reason(seen.stamp, known)


def _reason(stamp: Stamp, known: KnownFile) -> Why | None:
    if known.stamp != stamp or known.state == "excluded":
        return Why.CHANGED
    if known.content is None:
        return Why.RETRY
    if known.state == "unreadable":
        return None  # rotten: only verify looks whether it is as it should be again
    return Why.OUTDATED if known.is_outdated else None


def listing_of(known: Iterable[KnownFile], excludes: Excludes, *, before_ns: int) -> Listing | None:
    """What a folder holds while nothing is to be done in it; None: something is.

    Of files with this digest, `compare` under the same excludes says that each is unchanged, or
    excluded as before. A file whose ctime is `before_ns` or later keeps its folder from that.
    """
    entries, excluded = [], 0
    for file in known:
        if file.state == "gone":
            continue
        name = to_str(file.name)
        if excludes.of_file(name):
            if file.state != "excluded":
                return None
            excluded += 1
        elif _reason(file.stamp, file) is not None:
            return None
        if file.stamp.ctime_ns >= before_ns:
            return None
        entries.append(entry(name, file.stamp))
    return Listing(digest(entries), excluded)


def pair_moves(
    lost: Iterable[LostFile], new: Iterable[tuple[int, SeenFile]]
) -> dict[int, LostFile]:
    """Which lost file each new one (by its number) is: same inode, size and mtime.

    ctime is left out: a rename changes it on most filesystems. Only unambiguous pairs count,
    and none where inode numbers mean nothing. Whether the number was given again meanwhile is
    `is_same_inode`.
    """
    before: dict[_MoveKey, list[LostFile]] = {}
    for old in lost:
        if old.content is not None and (key := _move_key(old.stamp)):
            before.setdefault(key, []).append(old)
    after: dict[_MoveKey, list[int]] = {}
    for number, file in new:
        if key := _move_key(file.stamp):
            after.setdefault(key, []).append(number)
    return {
        numbers[0]: before[key][0]
        for key, numbers in after.items()
        if len(numbers) == 1 and len(before.get(key, ())) == 1
    }


def is_same_inode(old: LostFile, seen: SeenFile, born_ns: int | None) -> bool:
    """Whether an inode with number, size and mtime of a lost file is the lost file.

    Deleting one frame of a burst and copying the next from the card can give it the number, and
    cards keep whole, even seconds; uncompressed raw files are all of one size. `born_ns`, where a
    filesystem tells it truly, decides: what was made after the lost file was last seen is another.
    Else the change time, the name, or a modification time finer than seconds must speak for it.
    """
    if old.stamp == seen.stamp:
        return True
    if born_ns is not None:
        return born_ns <= old.stamp.ctime_ns
    return old.name == seen.name or seen.stamp.mtime_ns % _SECOND_NS != 0


_SECOND_NS = 10**9
_MoveKey = tuple[int, int, int]


def _move_key(stamp: Stamp) -> _MoveKey | None:
    return None if stamp.inode is None else (stamp.inode, stamp.size, stamp.mtime_ns)
