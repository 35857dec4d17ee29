"""by-date/2019/2019-07-14/…: to look at. Every dated shot's original, its Live movie, RAW
companion and edits, by the local day of capture; no copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import Role
from mediafs.views.bundle import Bundle, Library, ViewShot

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "by-date"


def view(library: Library) -> Iterator[Bundle]:
    """One directory a day."""
    for shot in library.shots:
        if shot.day:
            yield from to_look_at(shot, f"{NAME}/{shot.dated}")


def to_look_at(shot: ViewShot, directory: str) -> Iterator[Bundle]:
    """What a person wants to see of a shot, in one directory."""
    beside = shot.once(Role.LIVE_VIDEO, Role.RAW_COMPANION)
    yield Bundle(directory, (shot.original, *beside), shot)
    for edit in shot.once(Role.EDIT):
        yield Bundle(directory, (edit,), shot)
