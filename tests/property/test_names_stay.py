"""What was shown stays under its name, with its inode and bytes, whatever arrives; or the log says
that it does not, and why. Every change is in the log, and nothing else is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from strategies import Library, catalog_of, libraries, put

from indexer.catalog import changes, generations, tree
from indexer.derive import derive
from indexer.model import Generation, Role
from indexer.paths import to_str
from mediafs.views.bundle import STANDS_IN, dated
from mediafs.views.by_device import month
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builders import Catalog
    from strategies import Seen

    from indexer.catalog.rows import Entry, Standing
    from indexer.model import FileId

_BY_DAY = ("originals", "by-date", "edits")


# ------------------------------------------------------------------ libraries with copies in them


@st.composite
def with_copies(draw: st.DrawFn) -> Library:
    """A library of which some folders were copied, under names that are better or worse."""
    library = draw(libraries(most_files=8))
    folders = sorted({(seen.root, seen.folder) for seen in library.files})
    chosen = draw(st.lists(st.sampled_from(folders), unique=True, max_size=2)) if folders else []
    copies: dict[tuple[int, str], Seen] = {}
    for root, folder in chosen:
        to, prefix = draw(st.integers(0, 1)), draw(st.sampled_from(("", "copy of ", "IMG_")))
        for seen in library.files:
            if (seen.root, seen.folder) == (root, folder):
                name = (prefix + seen.name)[-255:]  # what a disk takes
                copy = replace(seen, root=to, folder="again", name=name)
                copies[to, copy.path] = copy
    taken = {(seen.root, seen.path) for seen in library.files}
    return replace(
        library, files=(*library.files, *(copies[at] for at in copies if at not in taken))
    )


# ------------------------------------------------------------------ what is shown, what is told


@dataclass(frozen=True)
class Shown:
    """What stands at a path; directories have neither file nor bytes."""

    inode: int
    file: FileId | None
    blake3: bytes | None


def shown(catalog: Catalog) -> dict[bytes, Shown]:
    text = "SELECT file_id, blake3 FROM file LEFT JOIN content USING (content_id)"
    digests = dict(catalog.db.execute(text))
    found = {}
    for path, entry in catalog.entries():
        inode = entry.attributes.inode
        file = tree.file_of_inode(inode)
        found[path] = Shown(inode, file, file and digests[file])
    return found


def grow(catalog: Catalog, *, of_everything: bool) -> Generation:
    """Derive and publish."""
    with catalog.db:
        number = catalog.coming
        changed = derive(catalog.db, spoken=None if of_everything else ())
        publish(catalog.db, catalog.decided, number, "beside", changed)
        generations.commit(
            catalog.db, number, command="index", version="0", raw_companion="beside", summary="{}"
        )
    return number


def standings(catalog: Catalog) -> dict[FileId, Standing]:
    files = catalog.db.execute("SELECT file_id FROM file")
    return changes.standings(catalog.db, (file for (file,) in files))


def excuses(path: bytes, was: Standing, now: Standing, originals: dict) -> set[str]:
    """The reasons that there truly are for a name to change although its file is there."""
    view, *folders, _ = to_str(path).split("/")
    day = now.local[:10] if now.local else None
    is_moved = (
        (view in _BY_DAY and "/".join(folders) != dated(day))
        or (view == "by-date" and day is None)
        or (view == "unknown-time" and folders != [now.unknown])
        or (view == "by-device" and folders[1] != month(day))
    )
    found = {"retimed"} if is_moved else set()
    gave_way = (*STANDS_IN, Role.EDIT) if view == "originals" else STANDS_IN
    if now.role in gave_way and originals[now.shot].blake3 != now.blake3:
        found.add("better-original")
    if (was.role, was.shot) != (now.role, now.shot):
        found |= {"other-role", "renamed"}
    if view == "by-device":
        found.add("other-device")
    if view == "duplicates":  # whose folders are called after the shot's original
        found |= {"retimed", "renamed", "other-role"}
    return found


@given(with_copies(), st.data())
def test_what_was_shown_stays_or_the_log_says_why(library, data):
    arriving = data.draw(st.permutations(library.files), label="in order of arrival")
    first = data.draw(st.integers(0, len(arriving)), label="here at first")
    of_everything = data.draw(st.booleans(), label="derived and published all anew")
    with catalog_of(replace(library, files=())) as catalog:
        put(catalog, library, arriving[:first])
        grow(catalog, of_everything=True)
        before, then = shown(catalog), standings(catalog)
        put(catalog, library, arriving[first:])
        generation = grow(catalog, of_everything=of_everything)
        after, now = shown(catalog), standings(catalog)
        told = {
            entry.before or entry.path: entry.why
            for entry in changes.entries(catalog.db, generation)
            if entry.old_file is not None
        }

        assert catalog.broken() == []
    originals = {s.shot: s for s in now.values() if s.role is Role.ORIGINAL}
    for path, was in before.items():
        if was.file is None or after.get(path) == was:
            assert path not in told
        else:
            why, file = told[path], was.file
            assert why is not None
            assert why.says
            assert why.cause in excuses(path, then[file], now[file], originals), (path, why)


@given(with_copies(), st.data())
def test_the_original_that_took_a_shot_is_named_with_its_reason(library, data):
    arriving = data.draw(st.permutations(library.files), label="in order of arrival")
    first = data.draw(st.integers(0, len(arriving)), label="here at first")
    with catalog_of(replace(library, files=())) as catalog:
        put(catalog, library, arriving[:first])
        grow(catalog, of_everything=True)
        put(catalog, library, arriving[first:])
        generation = grow(catalog, of_everything=False)
        now, places = standings(catalog), shown(catalog)
        told = list(changes.entries(catalog.db, generation))

    for entry in told:
        if entry.why is not None and entry.why.cause == "better-original":
            heir = now[entry.why.heir]
            assert heir.shot == entry.why.shot == now[entry.old_file].shot
            assert heir.role is Role.ORIGINAL
            assert heir.shot_why in entry.why.says
            if entry.what == "replaced":
                assert places[entry.path].file == entry.new_file == heir.file


# ------------------------------------------------------------------ the log is the difference


def difference(before: dict[bytes, Shown], after: dict[bytes, Shown]) -> set[tuple[object, ...]]:
    """(path, what stood there, what stands there) wherever that is not the same file."""
    found = set()
    for path in before.keys() | after.keys():
        one, other = before.get(path), after.get(path)
        if one is None or other is None or one.file != other.file:
            found |= {(path, "went", one.file)} if one else set()
            found |= {(path, "came", other.file)} if other else set()
    return found


def undone(entries: Iterable[Entry]) -> set[tuple[object, ...]]:
    """The same, out of the log."""
    found: list[tuple[object, ...]] = []
    for entry in entries:
        if entry.what == "touched":
            continue
        if entry.what in ("removed", "moved", "replaced"):
            found.append((entry.before or entry.path, "went", entry.old_file))
        if entry.what in ("added", "moved", "replaced"):
            found.append((entry.path, "came", entry.new_file))
    assert len(set(found)) == len(found)
    return set(found)


@given(with_copies(), st.data())
def test_the_log_is_what_changed_and_nothing_else(library, data):
    with catalog_of(replace(library, files=())) as catalog:
        before: dict[bytes, Shown] = {}
        for _ in range(4):
            some = data.draw(st.lists(st.sampled_from(library.files or (None,)), max_size=5))
            put(catalog, library, [seen for seen in some if seen])
            known = sorted(standings(catalog))
            lost = data.draw(st.sets(st.sampled_from(known), max_size=2)) if known else ()
            with catalog.db:
                catalog.lose(*lost)
            generation = grow(catalog, of_everything=data.draw(st.booleans()))
            after = shown(catalog)
            told = list(changes.entries(catalog.db, generation))

            assert undone(told) == difference(before, after)
            assert [e.path for e in told] == sorted(e.path for e in told)
            # Whatever a person had in a backup is not taken away without a word.
            assert all(e.why for e in told if e.old_file and e.what != "touched")
            before = after
