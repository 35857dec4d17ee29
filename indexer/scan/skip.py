"""Decide which files must be read again.

Pure: given what the walk saw and what the catalog remembers of one folder, say why.
Opening files is read/; writing the outcome is pipeline.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.catalog.rows import LostFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from indexer.catalog.rows import KnownFile
    from indexer.model import FileId, Stamp
    from indexer.scan.walk import SeenFile


class Why(StrEnum):
    """Why a file is read."""

    NEW = "new"  # no file was ever seen at this path
    CHANGED = "changed"
    RETRY = "retry"  # it could not be read last time
    OUTDATED = "outdated"  # an older mediafs read it and knew less


@dataclass(slots=True)
class FolderDiff:
    """One folder, against what is remembered of it."""

    unchanged: int = 0
    back: list[FileId] = field(default_factory=list)  # was gone, same stamp again
    exclude: list[SeenFile] = field(default_factory=list)  # excluded now, or with a new stamp
    to_read: list[tuple[SeenFile, Why]] = field(default_factory=list)
    lost: list[LostFile] = field(default_factory=list)  # remembered, not seen


def compare(seen: Iterable[SeenFile], known: Mapping[bytes, KnownFile]) -> FolderDiff:
    """Sort a folder's files by what has to be done about them."""
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
        if why is not None:
            diff.to_read.append((file, why))
        elif before is not None and before.state == "gone":
            diff.back.append(before.id)
        else:
            diff.unchanged += 1
    diff.lost = [
        LostFile(k.id, k.stamp, k.content)
        for k in known.values()
        if k.name not in names and k.state != "gone"
    ]
    return diff


def verdict(seen: SeenFile, known: KnownFile | None) -> Why | None:
    """Why this file must be read; None: its stamp says that the bytes are known."""
    if known is None:
        return Why.NEW
    if known.stamp != seen.stamp or known.state == "excluded":
        return Why.CHANGED
    if known.content is None:
        return Why.RETRY
    return Why.OUTDATED if known.is_outdated else None


def pair_moves(
    lost: Iterable[LostFile], new: Iterable[tuple[int, SeenFile]]
) -> dict[int, LostFile]:
    """Which lost file each new one (by its number) is: same inode, size and mtime.

    ctime is left out: a rename changes it on most filesystems. Only unambiguous pairs count,
    and none where inode numbers mean nothing.
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


_MoveKey = tuple[int, int, int]


def _move_key(stamp: Stamp) -> _MoveKey | None:
    return None if stamp.inode is None else (stamp.inode, stamp.size, stamp.mtime_ns)
