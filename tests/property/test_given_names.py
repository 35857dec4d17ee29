"""A name once given stays, whatever arrives later and in whatever order."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from builders import Catalog
from hypothesis import given
from hypothesis import strategies as st
from strategies import catalog_of, libraries, put

from indexer.catalog import tree
from indexer.decisions import store
from indexer.decisions.store import GivenName
from indexer.model import Kind
from mediafs.views.names import fold_name

_NAMED = (b"by-date/", b"originals/", b"edits/")


def named(catalog: Catalog) -> dict[tuple[bytes, bytes], bytes]:
    """Directory and bytes to the name under which they are shown there, in views that name.

    Media alone: equal sidecars are many files, each named after its own shot.
    """
    contents = "SELECT file_id, blake3 FROM file JOIN content USING (content_id) WHERE kind <> ?"
    digests = dict(catalog.db.execute(contents, (Kind.SIDECAR,)))
    return {
        (path.rpartition(b"/")[0], digests[file]): path.rpartition(b"/")[2]
        for path, file in catalog.files().items()
        if path.startswith(_NAMED) and file in digests
    }


@given(libraries(), st.data())
def test_names_stay_when_files_arrive(library, data):
    arriving = data.draw(st.permutations(library.files), label="in order of arrival")
    first = data.draw(st.integers(0, len(arriving)), label="here at first")
    with catalog_of(replace(library, files=())) as catalog:
        put(catalog, library, arriving[:first])
        catalog.publish()
        before = named(catalog)
        put(catalog, library, arriving[first:])
        catalog.publish()
        after = named(catalog)

        assert catalog.broken() == []
    # What moved to another day or became a copy is shown elsewhere; nothing is renamed in place.
    assert {key: after[key] for key in before.keys() & after.keys()} == {
        key: before[key] for key in before.keys() & after.keys()
    }


@given(libraries(), st.data())
def test_names_come_back_with_their_files(library, data):
    with catalog_of(library) as catalog:
        catalog.publish()
        before = named(catalog)
        files = sorted(set(catalog.files().values()))
        lost = data.draw(st.sets(st.sampled_from(files)), label="lost") if files else set()
        with catalog.db:
            catalog.lose(*lost)
        catalog.publish()
        put(catalog, library, library.files)
        catalog.publish()

        assert named(catalog) == before


@given(libraries())
def test_a_rebuilt_catalog_gives_the_same_names(library):
    with catalog_of(library) as catalog, catalog_of(library) as rebuilt:
        catalog.publish()
        rebuilt.publish()

        assert named(rebuilt) == named(catalog)


@given(libraries(), st.randoms(use_true_random=False))
def test_a_fresh_catalog_shows_the_same_whatever_the_order_of_the_scan(library, random):
    times = {seen: random.randrange(10**9) for seen in library.files}
    trees = []
    for _ in range(2):
        with catalog_of(replace(library, files=())) as catalog:
            for seen in random.sample(library.files, len(library.files)):
                put(catalog, library, [seen], mtime_ns=times[seen])
            catalog.publish()
            text = "SELECT file_id, blake3 FROM file LEFT JOIN content USING (content_id)"
            digests = dict(catalog.db.execute(text))
            trees.append(
                {
                    path: (entry.attributes.mtime_ns, digests.get(file_of(entry)))
                    for path, entry in catalog.entries()
                }
            )

    assert trees[0] == trees[1]


def file_of(entry):
    return tree.file_of_inode(entry.attributes.inode)


_TEXTS = st.sampled_from(("a", "a.b", "a/", "a0", "b", "A", "a-", "", "ä", "a\U0010ffff"))
_SUFFIXES = st.sampled_from(("", ".jpg", ".a", ".JPG.json", ".b"))


@st.composite
def given_names(draw: st.DrawFn) -> GivenName:
    stem, suffix = draw(_TEXTS), draw(_SUFFIXES)
    folded = fold_name(stem + suffix)
    holder = draw(st.sampled_from(("1", "2", "1:3")))
    return GivenName(draw(st.sampled_from("de")), stem + suffix, folded, fold_name(stem), holder)


@given(st.lists(given_names(), unique_by=lambda n: (n.directory, n.folded)))
def test_names_asked_for_one_by_one_are_those_that_were_given(names):
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        store.give_names(catalog.decided, names)
        asked = store.GivenNames(catalog.decided)

        for n in names:
            assert asked.called(n.directory, n.folded) == n
            same = {o for o in names if (o.directory, o.holder) == (n.directory, n.holder)}
            assert set(asked.held_by(n.directory, n.holder)) == same
            below = {o for o in names if (o.directory, o.stem) == (n.directory, n.stem)}
            assert sorted(asked.under(n.directory, n.stem)) == sorted(below)
        assert asked.called("d", "no such name") is None
        catalog.close()
