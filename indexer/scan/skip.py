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
    from indexer.model import FileId
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
    by_key: dict[tuple[int, int, int], list[LostFile]] = {}
    for old in lost:
        if old.stamp.inode is not None and old.content is not None:
            by_key.setdefault((old.stamp.inode, old.stamp.size, old.stamp.mtime_ns), []).append(old)
    pairs: dict[int, LostFile] = {}
    for number, file in new:
        key = (file.stamp.inode or -1, file.stamp.size, file.stamp.mtime_ns)
        candidates = by_key.get(key, [])
        if len(candidates) == 1:
            pairs[number] = candidates.pop()
    return pairs
