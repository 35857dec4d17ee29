"""quarantine/<reason>/…: files that can't be trusted: damaged, empty, unreadable, rotten,
or of another type than their name says. The last are whole, and stand in originals/ as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.metadata.file_types import promised
from mediafs.views.bundle import Bundle, Library, source_name
from mediafs.views.names import is_true

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.catalog.viewed import ViewFile

NAME = "quarantine"
ROTTEN = "rotten"


def view(library: Library) -> Iterator[Bundle]:
    """One directory a reason."""
    for file in library.files():
        reason = why(file)
        if reason:
            yield Bundle(f"{NAME}/{reason}", (file,), by_path=True)


def why(file: ViewFile) -> str | None:
    """The reason that keeps a file apart, if any."""
    if file.state == "unreadable":
        # What was never read has no digest; what verify found rotten keeps the one it should have.
        return "unreadable" if file.blake3 is None else ROTTEN
    if file.damage:
        return file.damage
    _, dot, given = source_name(file).rpartition(".")
    lies = dot and file.extension and promised(given) and not is_true(given, file.extension)
    return "wrong-extension" if lies else None
