"""duplicates/<reason>/2019/2019-07-14 IMG_0001/…: the kept file and everything it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import Role
from mediafs.views.bundle import STANDS_IN, Bundle, Library, ViewShot, digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.catalog.shots import ViewFile

NAME = "duplicates"


def view(library: Library, stem_of: Callable[[ViewShot], str]) -> Iterator[Bundle]:
    """One directory for each shot and reason; `stem_of` is the stem it has in originals/."""
    for shot in library.shots:
        for reason, files in groups(shot, library.raw_companion).items():
            day = f"{shot.day} " if shot.day else ""
            parent = shot.day[:4] if shot.day else "unknown-time"
            directory = f"{NAME}/{reason}/{parent}/{day}{stem_of(shot)}"
            for file in files:
                yield Bundle(directory, (file,), digests(shot), by_path=True)


def groups(shot: ViewShot, raw_companion: str) -> dict[str, list[ViewFile]]:
    """Reason to files: those that stand in for something, each after what it stands in for."""
    by_file = {member.file: member for member in shot.members}
    found: dict[str, list[ViewFile]] = {}
    for member in shot.members:
        reason = reason_of(member, shot, raw_companion)
        if reason is None or member.damage:
            continue  # a damaged member lies in quarantine and is never offered as reclaimable
        files = found.setdefault(reason, [])
        kept = by_file.get(member.of_file or shot.original.file, shot.original)
        if kept not in files:
            files.append(kept)
        files.append(member)
    return found


def reason_of(member: ViewFile, shot: ViewShot, raw_companion: str) -> str | None:
    """Why a member is a duplicate; None where it is shown for itself."""
    role = member.role
    if role in STANDS_IN:
        return str(role)
    if role is Role.RAW_COMPANION and raw_companion == "duplicate":
        return str(role)
    if role in (Role.EDIT, Role.SIDECAR, Role.LIVE_VIDEO, Role.RAW_COMPANION):
        first = next(m for m in shot.members if m.role is role and m.blake3 == member.blake3)
        return None if first is member else str(Role.IDENTICAL)
    return None
