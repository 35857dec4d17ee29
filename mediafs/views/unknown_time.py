"""unknown-time/<reason>/…: shots without a trusted date, by the reason why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediafs.views.by_date import to_look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mediafs.views.bundle import Bundle, Library

NAME = "unknown-time"


def view(library: Library) -> Iterator[Bundle]:
    """One directory a reason."""
    for shot in library.shots:
        if shot.unknown:
            yield from to_look_at(shot, f"{NAME}/{shot.unknown}")
