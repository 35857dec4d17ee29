"""The order in which a disk shows its files decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import NOW, Catalog
from hypothesis import given
from hypothesis import strategies as st
from strategies import Library, catalog_of, libraries

from indexer.capture_time.clues import clues_of
from indexer.catalog import readings
from indexer.derive import derived
from indexer.grouping.components import join
from indexer.grouping.edges import edges
from indexer.grouping.looks import UNSEEN
from indexer.grouping.subject import Subject, subjects_of
from indexer.model import Tags

if TYPE_CHECKING:
    from indexer.grouping.evidence import Edge


@given(libraries(), st.randoms(use_true_random=False))
def test_shots_do_not_depend_on_the_order_of_facts(library, random):
    with catalog_of(library) as catalog:
        rows, tags = list(readings.present_files(catalog.db)), readings.all_tags(catalog.db)
    before = list(derived(rows, tags, NOW))
    random.shuffle(rows)

    assert list(derived(rows, tags, NOW)) == before


def by_path(catalog: Catalog) -> dict[bytes, bytes]:
    """The tree as path to source, which no row number enters."""
    lies_at = {
        file: path for path, file in catalog.files().items() if path.startswith(b"by-source/")
    }
    return {path: lies_at[file] for path, file in catalog.files().items()}


@given(libraries(), st.randoms(use_true_random=False))
def test_the_tree_does_not_depend_on_the_order_of_the_scan(library, random):
    files = list(library.files)
    random.shuffle(files)
    with catalog_of(library) as catalog:
        catalog.publish()
        before = by_path(catalog)
    with catalog_of(Library(tuple(files), library.contents, library.roles)) as catalog:
        catalog.publish()
        after = by_path(catalog)

    assert after == before


@given(libraries())
def test_groups_do_not_depend_on_the_order_of_edges(library):
    with catalog_of(library) as catalog:
        rows, tags = list(readings.present_files(catalog.db)), readings.all_tags(catalog.db)
    clues = {
        row.content: tuple(clues_of(row.file, tags.get(row.content, Tags()), "", NOW))
        for row in rows
    }
    subjects = [s for s in subjects_of(rows, tags, clues, Tags()) if s.is_worth_a_shot]
    pairs = list(edges(subjects, UNSEEN))

    assert groups(subjects, pairs[::-1]) == groups(subjects, pairs)


def groups(subjects: list[Subject], pairs: list[Edge]) -> set[frozenset[int]]:
    return {frozenset(s.content for s in group.subjects) for group in join(subjects, pairs)}
