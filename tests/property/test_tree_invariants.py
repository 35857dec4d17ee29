"""Whatever the library: what is derived and published from it breaks no invariant."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from builders import Catalog
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Library, libraries

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def catalog_of(library: Library) -> Iterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        made = Catalog(Path(folder))
        try:
            fill(made, library)
            yield made
        finally:
            made.close()


def fill(catalog: Catalog, library: Library) -> None:
    with catalog.db:
        roots = [catalog.root(f"root{i}", role) for i, role in enumerate(library.roles)]
        for seen in library.files:
            read, tags = library.reading(seen)
            catalog.put(roots[seen.root], seen.path, read, tags, state=seen.state)


@settings(max_examples=150)
@given(libraries(), st.sampled_from(("beside", "duplicate")))
def test_every_invariant_holds(library, raw_companion):
    with catalog_of(library) as catalog:
        catalog.publish(raw_companion)

        assert catalog.broken() == []


@settings(max_examples=60)
@given(libraries(), st.data())
def test_every_invariant_holds_when_files_come_and_go(library, data):
    with catalog_of(library) as catalog:
        catalog.publish()
        files = sorted(set(catalog.files().values()))
        if files:
            lost = data.draw(st.sets(st.sampled_from(files)), label="lost")
            with catalog.db:
                catalog.lose(*lost)
        catalog.publish()

        assert catalog.broken() == []


@settings(max_examples=60)
@given(libraries())
def test_publishing_the_same_again_changes_nothing(library):
    with catalog_of(library) as catalog:
        catalog.publish()
        before = sorted(catalog.entries())
        generation = catalog.publish()

        assert sorted(catalog.entries()) == before
        changes = "SELECT path, what FROM change WHERE generation_id = ? AND what <> 'touched'"
        assert list(catalog.db.execute(changes, (generation,))) == []
