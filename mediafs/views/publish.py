"""Make the tree from the shots: run every view, give names, hand the rows to the catalog."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from indexer.catalog import shots, tree, viewed
from indexer.catalog.publishing import Publishing
from indexer.catalog.rows import Placed
from indexer.decisions import store as decisions
from indexer.model import FileId, Role
from indexer.paths import to_bytes
from indexer.sweeping import unswept
from mediafs.views import (
    by_date,
    by_device,
    by_source,
    copies,
    duplicates,
    edits,
    originals,
    quarantine,
    unknown_time,
)
from mediafs.views.bundle import (
    Bundle,
    Library,
    ViewShot,
    holder,
    seen_first,
    source_name,
)
from mediafs.views.namer import Claim, Namer
from mediafs.views.names import fold_name, legal, split
from mediafs.views.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import apsw

    from indexer.catalog.rows import Changed
    from indexer.catalog.viewed import ViewFile
    from indexer.model import Generation, ShotId

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
    changed: Changed | None = None,
) -> None:
    """Write the tree of this generation. The caller holds the catalog's transaction.

    `changed` is all that changed since the generation before, None: anything may have.

    Names are written down before the tree that shows them: a name that is given and not
    shown costs nothing, a name that is shown and not written down could be given twice.
    """
    copies.recall(catalog, decided, None if changed is None else changed.files)
    if changed is None:
        with unswept():
            library = load(catalog, raw_companion)
            publishing = Publishing(catalog, generation)
            namer = Namer(decisions.given_names(decided), None, _shown(publishing))
            _show(catalog, decided, library, publishing, namer)
    else:
        library, files = load_changed(catalog, raw_companion, changed)
        publishing = Publishing(catalog, generation, files)
        namer = Namer((), decisions.GivenNames(decided), _shown(publishing), files)
        _show(catalog, decided, library, publishing, namer)


def _show(
    catalog: apsw.Connection,
    decided: apsw.Connection,
    library: Library,
    publishing: Publishing,
    namer: Namer,
) -> None:
    wanted = list(placements(library, namer))
    if kept := list(lost(catalog, library)):
        taken = {(placed.directory, placed.name) for placed in wanted}
        wanted += [placed for placed in kept if (placed.directory, placed.name) not in taken]
    copies.note(catalog, decided, library)
    with decided:
        decisions.give_names(decided, namer.new)
    publishing.show(wanted, [to_bytes(view) for view in VIEWS])
    if publishing.left:
        tell(catalog, library, publishing.left, wanted, namer.digest_of)


def _shown(publishing: Publishing) -> Callable[[str, str], FileId | None]:
    return lambda directory, name: publishing.shown(to_bytes(directory), to_bytes(name))


def load(catalog: apsw.Connection, raw_companion: str) -> Library:
    """Shots with their members, and the files of no shot."""
    times = {shot.id: (shot.local, shot.unknown) for shot in shots.all_shots(catalog)}
    return _library(viewed.files(catalog), times, viewed.devices(catalog), raw_companion)


def load_changed(
    catalog: apsw.Connection, raw_companion: str, changed: Changed
) -> tuple[Library, set[FileId]]:
    """What changed and what follows from it as `load` tells it, and all files concerned.

    What else is shown in another way: a shot of which a file changed, and loose files that are
    equal to one that changed, for one of them stands for all, and what rotted keeps its names
    until there is a sound copy.
    """
    numbers = changed.shots | viewed.shots_of(catalog, changed.files)
    members = viewed.members_of(catalog, numbers)
    files = changed.files | members | viewed.equal_loose_files(catalog, changed.files)
    times, devices = viewed.times_of(catalog, numbers), viewed.devices_of(catalog, numbers)
    found = list(viewed.files_among(catalog, files))
    assert all(f.file in changed.files for f in found if f.shot in changed.shots)
    return _library(found, times, devices, raw_companion), set(files)


def _library(
    files: Iterable[ViewFile],
    times: Mapping[ShotId, tuple[str | None, str | None]],
    devices: Mapping[ShotId, tuple[str | None, str | None]],
    raw_companion: str,
) -> Library:
    loose: list[ViewFile] = []
    grouped: list[ViewShot] = []
    stood: list[ViewFile] = []
    for number, group in groupby(files, key=lambda f: f.shot):
        if number is None:
            loose.extend(group)
            continue
        local, unknown = times[number]
        device = by_device.device_name(*devices.get(number, (None, None)))
        day = local[:10] if local else None
        told = list(group)
        shown = seen_first(told)
        stood.extend(copies.standing(told, shown))
        grouped.append(ViewShot(number, shown, day, unknown, device))
    # By digest: which of two clashing names is "the later one" must not depend on the scan.
    grouped.sort(key=lambda shot: shot.original.blake3 or b"")
    loose.sort(key=lambda file: (file.blake3 or b"", file.root, file.folder, file.name))
    return Library(grouped, loose, raw_companion, stood)


def placements(library: Library, namer: Namer) -> Iterator[Placed]:
    """Every name of the tree."""
    library = replace(library, shots=list(_one_spelling(library.shots, namer)))
    for bundle in originals.view(library):  # sidecars stand nowhere else
        _expect(bundle, namer)
    for view in _BY_SHOT:
        for bundle in view(library):
            yield from named(bundle, namer)

    for bundle in duplicates.view(library, lambda bundle: stem_of(bundle, namer)):
        yield from named(bundle, namer)
    for bundle in quarantine.view(library):
        yield from named(bundle, namer)
    yield from by_source.placed(library)


def lost(catalog: apsw.Connection, library: Library) -> Iterator[Placed]:
    """What rotted in its only copy keeps its names in originals/, where opening it gives EIO.

    Without them `rsync --delete` would take the last good copy away, the one in the backup.
    """
    rotten = {f.file for f in library.loose if quarantine.why(f) == quarantine.ROTTEN}
    for file in sorted(rotten - viewed.with_sound_copy(catalog, rotten)):
        for path in tree.places(catalog, file):
            directory, _, name = path.rpartition(b"/")
            if path.startswith(to_bytes(f"{originals.NAME}/")):
                yield Placed(directory, name, file)


def _one_spelling(found: Iterable[ViewShot], namer: Namer) -> Iterator[ViewShot]:
    """Each device under the spelling that was shown first: makers write their names in any case."""
    for shot in found:
        claim = Claim(f"device:{fold_name(legal(shot.device))}", FileId(0))
        yield replace(shot, device=namer.name(by_device.NAME, shot.device, "", claim))


def _expect(bundle: Bundle, namer: Namer) -> None:
    """Announce the files that may be equal to one of another shot."""
    for file in bundle.files:
        if _is_shared(file):
            namer.expect(bundle.directory, _claim(file), _owners(bundle, file))


def _is_shared(file: ViewFile) -> bool:
    """Whether other shots, or none, may have a file with these bytes: media are of one shot."""
    return file.role is Role.SIDECAR or file.role is None


def _claim(file: ViewFile) -> Claim:
    return Claim(holder(file, by_path=False), file.file, is_shared=_is_shared(file))


def _owners(bundle: Bundle, file: ViewFile) -> frozenset[str] | None:
    return bundle.owners if file.role is Role.SIDECAR else None


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
        name = namer.name(bundle.directory, stem, suffix, _claim(file), _owners(bundle, file))
        yield Placed(directory, to_bytes(name), file.file)
        if file is lead:
            stem = name.removesuffix(suffix)


def stem_of(bundle: Bundle, namer: Namer) -> str:
    """The stem that a bundle has, or now gets, in its directory."""
    lead = bundle.files[0]
    wanted, _ = split(source_name(lead), lead.extension)
    endings = (suffix for _, suffix in suffixes(bundle.files))
    return namer.stem(bundle.directory, wanted, endings, _claim(lead), bundle)


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
