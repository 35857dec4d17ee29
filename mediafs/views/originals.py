"""originals/…: to back up. One original a shot with its Live movie, RAW companion and
sidecars; undated ones in unknown-time/, so that originals/ alone is a complete backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import Kind, Role
from mediafs.views.bundle import Bundle, Library, ViewShot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.catalog.viewed import ViewFile

NAME = "originals"


def view(library: Library) -> Iterator[Bundle]:
    """Every shot once, and sidecars whose picture is not here."""
    for shot in library.shots:
        yield bundle(shot, library.raw_companion)
    for copies in orphans(library):
        yield orphan(copies[0])


def orphans(library: Library) -> list[list[ViewFile]]:
    """Sidecars whose picture is not here, equal ones together, what was seen first at the front."""
    found: dict[bytes | None, list[ViewFile]] = {}
    for file in library.loose:
        if file.kind == Kind.SIDECAR and not file.damage:
            found.setdefault(file.blake3, []).append(file)
    return [sorted(copies, key=lambda file: file.first_generation) for copies in found.values()]


def orphan(file: ViewFile) -> Bundle:
    """A sidecar without a picture as it stands in originals/."""
    return Bundle(f"{NAME}/unknown-time", (file,))


def bundle(shot: ViewShot, raw_companion: str) -> Bundle:
    """A shot as it stands in originals/."""
    roles = [Role.LIVE_VIDEO, Role.SIDECAR]
    if raw_companion == "beside":
        roles.insert(1, Role.RAW_COMPANION)
    beside = (file for role in roles for file in shot.once(role))
    return Bundle(f"{NAME}/{shot.dated}", (shot.original, *beside), shot)
