"""Which of equal copies stands for all, remembered beyond the catalog.

The tree shows the copy that was seen first (bundle.seen_first), so that what arrives later moves
nothing. A catalog that is made anew sees all at once; it is told here which one stood before, or
a backup would be told that files it has are as old as other copies of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.catalog import copies
from indexer.decisions import store
from mediafs.views import originals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from indexer.catalog.viewed import ViewFile
    from indexer.model import FileId
    from mediafs.views.bundle import Library


def recall(
    catalog: apsw.Connection, decided: apsw.Connection, files: Iterable[FileId] | None
) -> None:
    """Let what stood before stand again; `files` may have changed, None: any may.

    The caller holds the catalog's transaction.
    """
    if files is None:
        stood = store.stood(decided)
    else:
        stood = store.stood_among(decided, copies.digests_of(catalog, files))
    gone = copies.recall(catalog, stood)
    with decided:
        store.forget_stood(decided, gone)


def note(catalog: apsw.Connection, decided: apsw.Connection, library: Library) -> None:
    """Write down what stands where facts alone would have chosen another copy."""
    chosen = {file.file for file in (*library.stood, *_orphans(library))}
    with decided:
        store.put_stood(decided, copies.stamps(catalog, chosen))


def standing(told: Sequence[ViewFile], shown: Sequence[ViewFile]) -> Iterator[ViewFile]:
    """Of a shot's members as facts order them, and as they are shown: those that came forward."""
    for by_facts, member in zip(told, shown, strict=True):
        if member.first_generation < by_facts.first_generation:
            yield member


def _orphans(library: Library) -> Iterator[ViewFile]:
    for equal in originals.orphans(library):
        if equal[0].first_generation < min(equal, key=_place).first_generation:
            yield equal[0]


def _place(file: ViewFile) -> tuple[bytes, ...]:
    return file.root, file.folder, file.name
