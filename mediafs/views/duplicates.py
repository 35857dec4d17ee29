"""duplicates/<reason>/2019/2019-07-14 IMG_0001/…: the kept file and everything it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.model import Role
from mediafs.views import originals
from mediafs.views.bundle import STANDS_IN, Bundle, Library, ViewShot
from mediafs.views.names import component

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.catalog.viewed import ViewFile
    from indexer.model import FileId

NAME = "duplicates"


@dataclass(frozen=True, slots=True)
class Group:
    """A file that is kept, and those of its shot that it makes superfluous."""

    reason: str
    kept: ViewFile
    others: tuple[ViewFile, ...]


def view(library: Library, stem_of: Callable[[Bundle], str]) -> Iterator[Bundle]:
    """One directory for each shot and reason, under the stem that the shot has in originals/."""
    for shot in library.shots:
        day = f"{shot.day} " if shot.day else ""
        parent = shot.day[:4] if shot.day else "unknown-time"
        for group in groups(shot, library.raw_companion):
            stem = stem_of(originals.bundle(shot, library.raw_companion))
            directory = f"{NAME}/{group.reason}/{parent}/{component(day + stem)}"
            for file in (group.kept, *group.others):
                yield Bundle(directory, (file,), shot, by_path=True)
    for copies in originals.orphans(library):
        if len(copies) > 1:
            stem = component(stem_of(originals.orphan(copies[0])))
            yield Bundle(
                f"{NAME}/{Role.IDENTICAL}/unknown-time/{stem}", tuple(copies), by_path=True
            )


def groups(shot: ViewShot, raw_companion: str) -> list[Group]:
    """What could go without loss, by reason and by what is kept for it."""
    by_file = {member.file: member for member in shot.members}
    found: dict[tuple[str, FileId], list[ViewFile]] = {}
    for member in shot.members:
        reason = reason_of(member, shot, raw_companion)
        if reason is None or member.damage:
            continue  # a damaged member lies in quarantine and is never offered as reclaimable
        kept = member.of_file if member.of_file in by_file else shot.original.file
        if reason == Role.IDENTICAL:
            kept = next(m.file for m in shot.members if m.blake3 == member.blake3)
        found.setdefault((reason, kept), []).append(member)
    return [Group(r, by_file[kept], tuple(files)) for (r, kept), files in found.items()]


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
