"""Make the tree from the shots: run every view, give names, hand the rows to the catalog."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from indexer.catalog import shots, tree
from indexer.catalog.rows import Placed
from indexer.decisions import store as decisions
from indexer.model import FileId, Role
from indexer.paths import to_bytes
from mediafs.views import (
    by_date,
    by_device,
    by_source,
    duplicates,
    edits,
    originals,
    quarantine,
    unknown_time,
)
from mediafs.views.bundle import Bundle, Library, ViewShot, holder, seen_first, source_name
from mediafs.views.names import Claim, Namer, fold_name, legal, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw

    from indexer.catalog.shots import ViewFile
    from indexer.model import Generation

# In the order in which a person should meet them.
VIEWS = (
    by_date.NAME,
    originals.NAME,
    duplicates.NAME,
    unknown_time.NAME,
    edits.NAME,
    by_device.NAME,
    by_source.NAME,
    quarantine.NAME,
)
_BY_SHOT = (by_date.view, originals.view, unknown_time.view, edits.view, by_device.view)


def publish(
    catalog: apsw.Connection,
    decided: apsw.Connection,
    generation: Generation,
    raw_companion: str = "beside",
) -> None:
    """Write the tree of this generation. The caller holds the catalog's transaction.

    Names are written down before the tree that shows them: a name that is given and not
    shown costs nothing, a name that is shown and not written down could be given twice.
    """
    namer = Namer(decisions.given_names(decided))
    library = load(catalog, raw_companion)
    wanted = list(placements(library, namer))
    with decided:
        decisions.give_names(decided, namer.new)
    tree.publish(catalog, wanted, [to_bytes(view) for view in VIEWS], generation)


def load(catalog: apsw.Connection, raw_companion: str) -> Library:
    """Shots with their members, and the files of no shot."""
    times = {shot.id: shot for shot in shots.all_shots(catalog)}
    devices = shots.devices(catalog)
    loose: list[ViewFile] = []
    grouped: list[ViewShot] = []
    for number, group in groupby(shots.view_files(catalog), key=lambda f: f.shot):
        if number is None:
            loose.extend(group)
            continue
        row = times[number]
        day = row.local[:10] if row.local else None
        device = by_device.device_name(*devices.get(number, (None, None)))
        grouped.append(ViewShot(number, seen_first(group), day, row.unknown, device))
    # By digest: which of two clashing names is "the later one" must not depend on the scan.
    grouped.sort(key=lambda shot: shot.original.blake3 or b"")
    loose.sort(key=lambda file: (file.blake3 or b"", file.root, file.folder, file.name))
    return Library(grouped, loose, raw_companion)


def placements(library: Library, namer: Namer) -> Iterator[Placed]:
    """Every name of the tree."""
    library = replace(library, shots=list(_one_spelling(library.shots, namer)))
    for view in _BY_SHOT:
        for bundle in view(library):
            yield from named(bundle, namer)

    for bundle in duplicates.view(library, lambda bundle: stem_of(bundle, namer)):
        yield from named(bundle, namer)
    for bundle in quarantine.view(library):
        yield from named(bundle, namer)
    yield from by_source.placed(library)


def _one_spelling(found: Iterable[ViewShot], namer: Namer) -> Iterator[ViewShot]:
    """Each device under the spelling that was shown first: makers write their names in any case."""
    for shot in found:
        claim = Claim(f"device:{fold_name(legal(shot.device))}", FileId(0))
        yield replace(shot, device=namer.name(by_device.NAME, shot.device, "", claim))


def named(bundle: Bundle, namer: Namer) -> Iterator[Placed]:
    """The bundle's files with their names."""
    directory = to_bytes(bundle.directory)
    if bundle.by_path:
        for file in bundle.files:
            stem, suffix = split(source_name(file), file.extension)
            claim = Claim(holder(file, by_path=True), file.file)
            name = namer.name(bundle.directory, stem, suffix, claim)
            yield Placed(directory, to_bytes(name), file.file)
        return
    stem = stem_of(bundle, namer)
    lead = bundle.files[0]
    for file, suffix in suffixes(bundle.files):
        claim = Claim(holder(file, by_path=False), file.file)
        owners = bundle.owners if file.role is Role.SIDECAR else None
        name = namer.name(bundle.directory, stem, suffix, claim, owners)
        yield Placed(directory, to_bytes(name), file.file)
        if file is lead:
            stem = name.removesuffix(suffix)


def stem_of(bundle: Bundle, namer: Namer) -> str:
    """The stem that a bundle has, or now gets, in its directory."""
    lead = bundle.files[0]
    claim = Claim(holder(lead, by_path=False), lead.file)
    wanted, _ = split(source_name(lead), lead.extension)
    endings = [suffix for _, suffix in suffixes(bundle.files)]
    return namer.stem(bundle.directory, wanted, endings, claim, bundle)


def suffixes(files: Iterable[ViewFile]) -> Iterator[tuple[ViewFile, str]]:
    """Each file with what follows the stem; a sidecar keeps the form of its name."""
    lead_suffix = ""
    for file in files:
        stem, suffix = split(source_name(file), file.extension)
        if not lead_suffix:
            lead_suffix = suffix
        if file.role is Role.SIDECAR and _names_an_extension(stem):
            suffix = lead_suffix + suffix
        yield file, suffix


def _names_an_extension(stem: str) -> bool:
    """Whether IMG_1.JPG.xmp or IMG_1.JPG.json rather than IMG_1.xmp."""
    return "." in stem and len(stem.rpartition(".")[2]) in (2, 3, 4)
