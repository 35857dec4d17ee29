"""by-source/<root>/…: the tree as it lies on disk, with its true names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.catalog.rows import Placed
from indexer.paths import join

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mediafs.views.bundle import Library

NAME = "by-source"


def placed(library: Library) -> Iterator[Placed]:
    """Every file where it lies; names are the disk's own and need no giving."""
    for file in library.files():
        yield Placed(join(NAME.encode(), file.root, file.folder), file.name, file.file)
