"""Write down why names of the tree changed: gathers what reasons.py judges by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.catalog import changes
from indexer.catalog.rows import NewReason
from indexer.paths import to_str
from mediafs.views.reasons import Now, because

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import apsw

    from indexer.catalog.rows import Left, Placed, Standing
    from indexer.model import FileId
    from mediafs.views.bundle import Library

    # Directory and name to the digest that a name was given to.
    DigestOf = Callable[[str, str], str | None]


def tell(
    catalog: apsw.Connection,
    library: Library,
    lefts: Sequence[Left],
    wanted: Iterable[Placed],
    digest_of: DigestOf,
) -> None:
    """Give each changed name its reason. The caller holds the transaction."""
    now = _now(catalog, library, lefts, wanted, digest_of)
    told = ((left.change, because(left, now)) for left in lefts)
    changes.put_reasons(catalog, (NewReason(n, why) for n, why in told if why is not None))


def _now(
    catalog: apsw.Connection,
    library: Library,
    lefts: Sequence[Left],
    wanted: Iterable[Placed],
    digest_of: DigestOf,
) -> Now:
    """What tells why names changed."""
    files = {file for left in lefts for file in (left.old_file, left.new_file) if file is not None}
    found = changes.standings(catalog, files)
    numbers = {file.shot for file in found.values()}
    shown = {shot.id: shot.original.file for shot in library.shots if shot.id in numbers}
    found |= changes.standings(catalog, set(shown.values()) - files)
    views: dict[FileId, frozenset[str]] = {}
    for placed in wanted:
        if placed.file in files:
            view = to_str(placed.directory.split(b"/", 1)[0])
            views[placed.file] = views.get(placed.file, frozenset()) | {view}
    rewritten = {left.old_file for left in lefts if _is_of_other_bytes(left, found, digest_of)}
    asked = {
        (file.shot, shown[file.shot], file.file)
        for file in found.values()
        if file.shot in shown and file.file != shown[file.shot]
    }
    rules = changes.rules(catalog, asked)
    return Now(found, shown, views, frozenset(rewritten), lambda *one: rules.get(one))


def _is_of_other_bytes(left: Left, files: Mapping[FileId, Standing], digest_of: DigestOf) -> bool:
    """Whether the name belongs to other bytes than those of the file that it showed."""
    directory, _, name = left.path.rpartition(b"/")
    given = digest_of(to_str(directory), to_str(name))
    digest = files[left.old_file].blake3
    return given is not None and digest is not None and given != digest.hex()
