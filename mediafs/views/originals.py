"""originals/…: to back up. One original a shot with its Live movie, RAW companion and
sidecars; undated ones in unknown-time/, so that originals/ alone is a complete backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import Kind, Role
from mediafs.views.bundle import Bundle, Library, ViewShot, bundle_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "originals"


def view(library: Library) -> Iterator[Bundle]:
    """Every shot once, and sidecars whose picture is not here."""
    for shot in library.shots:
        yield bundle(shot, library.raw_companion)
    orphans = {f.blake3: f for f in library.loose if f.kind == Kind.SIDECAR and not f.damage}
    for orphan in orphans.values():
        yield Bundle(f"{NAME}/unknown-time", (orphan,))


def bundle(shot: ViewShot, raw_companion: str) -> Bundle:
    """A shot as it stands in originals/."""
    roles = [Role.LIVE_VIDEO, Role.SIDECAR]
    if raw_companion == "beside":
        roles.insert(1, Role.RAW_COMPANION)
    beside = (file for role in roles for file in shot.once(role))
    return bundle_of(shot, f"{NAME}/{shot.dated}", beside)
