"""What a run would do: for each file that is not unchanged, the reason. Writes and opens nothing."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.catalog.connection import filesystem_type, open_reader
from indexer.paths import join, to_str
from indexer.roots import our_mounts, refuse, resolve
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import compare
from indexer.scan.walk import has_stable_inodes, walk
from indexer.survey import starts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.roots import Wanted
    from indexer.run import Options


def preview(catalog: Path, wanted: Wanted, options: Options) -> Iterator[tuple[bytes, str]]:
    """(absolute path, what a run would do with it) for all that is not unchanged.

    Writes nothing, opens no file, and needs no catalog. Raises RootRefused as a run would.
    """
    db = open_reader(catalog) if catalog.exists() else None
    try:
        remembered = facts.roots(db) if db else []
        named = [resolve(path) for path in wanted.paths]
        known = {root.path: root for root in remembered}
        for path in named:
            refuse(path, catalog, {*known, *named} - {path})
        for path in named or known:
            row = known.get(path)
            remembered_excludes = row.excludes if row else ()
            extra = remembered_excludes if wanted.excludes is None else wanted.excludes
            yield from _preview_root(db, path, row, (*options.excludes, *extra), options)
    finally:
        if db:
            db.close()


def _preview_root(
    db: apsw.Connection | None,
    path: bytes,
    root: RootRow | None,
    patterns: tuple[str, ...],
    options: Options,
) -> Iterator[tuple[bytes, str]]:
    excludes = compile_excludes(patterns, options.includes)
    folders = facts.folders(db, root.id) if db and root else {}
    stable = has_stable_inodes(filesystem_type(Path(to_str(path))))
    looked_at = (
        walk(path, excludes, start=start, stable_inodes=stable, never_enter=our_mounts())
        for start in starts(path, options.only)
    )
    for folder in chain.from_iterable(looked_at):
        number = folders.get(folder.path, (None,))[0]
        before = facts.known_files(db, number) if db and number is not None else {}
        diff = compare(folder.files, before)
        names = {known.id: name for name, known in before.items()}
        for seen, why in diff.to_read:
            yield join(path, folder.path, seen.name), str(why)
        for seen in diff.exclude:
            yield join(path, folder.path, seen.name), "excluded"
        for lost in diff.lost:
            yield join(path, folder.path, names[lost.id]), "missing"
