"""edits/2019/2019-07-14/…: what a person made of a shot, beside nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.model import Role
from mediafs.views.bundle import Bundle, Library

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "edits"


def view(library: Library) -> Iterator[Bundle]:
    """Every edit once, by the day of its shot."""
    for shot in library.shots:
        for edit in shot.once(Role.EDIT):
            yield Bundle(f"{NAME}/{shot.dated}", (edit,), shot)
