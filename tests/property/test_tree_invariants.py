"""Whatever the library: what is derived and published from it breaks no invariant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from strategies import catalog_of, libraries


@given(libraries(), st.sampled_from(("beside", "duplicate")))
def test_every_invariant_holds(library, raw_companion):
    with catalog_of(library) as catalog:
        catalog.publish(raw_companion)

        assert catalog.broken() == []


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


@given(libraries())
def test_publishing_the_same_again_changes_nothing(library):
    with catalog_of(library) as catalog:
        catalog.publish()
        before = sorted(catalog.entries())
        generation = catalog.publish()

        assert sorted(catalog.entries()) == before
        changes = "SELECT path, what FROM change WHERE generation_id = ? AND what <> 'touched'"
        assert list(catalog.db.execute(changes, (generation,))) == []
