"""What news affects, derived alone, is what a derive of everything gives: to the last row."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builders import NOW, Catalog, camera, reading
from hypothesis import given
from hypothesis import strategies as st
from oracle import come_and_go
from strategies import catalog_of, libraries

from indexer.catalog import facts
from indexer.derive import derive
from indexer.grouping import alike, bursts, evidence, press, recordings
from indexer.grouping.edges import edges
from indexer.grouping.keys import keys_of, tie_of
from indexer.grouping.looks import UNSEEN
from indexer.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.grouping.evidence import Edge
    from indexer.grouping.subject import Subject

MAKERS = (evidence, press, recordings, alike, bursts)


@given(libraries(), st.randoms(use_true_random=False))
def test_files_that_come_and_go(library, random):
    with catalog_of(library) as catalog:
        come_and_go(catalog, random, steps=4)


def tied(library) -> tuple[list[Subject], list[Edge]]:
    with catalog_of(library) as catalog:
        subjects = Library(catalog.db, NOW).everything()
        return subjects, list(edges(subjects, UNSEEN))


@given(libraries())
def test_whatever_is_tied_shares_a_key(library):
    _, found = tied(library)

    assert all(keys_of(edge.a) & keys_of(edge.b) for edge in found)


@given(libraries())
def test_a_key_tells_what_it_is_of(library):
    subjects, _ = tied(library)

    for subject in subjects:
        own = [key for part in MAKERS for key in part.keys(subject)]
        assert {tie_of(key) for key in keys_of(subject)} == {kind for kind, _ in own}


# --- counted work -----------------------------------------------------------------------------


def statements(catalog: Catalog, work: Callable[[], object]) -> int:
    """How many statements a piece of work sends to the catalog."""
    count = 0

    def counted(*_: object) -> bool:
        nonlocal count
        count += 1
        return True

    catalog.db.exec_trace = counted
    try:
        work()
    finally:
        catalog.db.exec_trace = None
    return count


def holiday(catalog: Catalog, presses: range) -> None:
    """A still and its smaller copy of each press of one camera, a minute apart."""
    [root] = [known.id for known in facts.roots(catalog.db)] or [catalog.root()]
    for number in presses:
        time = f"2019:07:{number // 600 + 1:02} {number // 60 % 10 + 8:02}:{number % 60:02}:11"
        name = f"DCIM/IMG_{number:04}"
        catalog.put(root, f"{name}.JPG", reading(number=2 * number), camera(time))
        catalog.put(root, f"{name}-small.JPG", reading(number=2 * number + 1), camera(time))


def test_one_new_picture_costs_the_same_among_few_and_among_many(tmp_path):
    sent = []
    for presses in (100, 800):
        folder = tmp_path / str(presses)
        folder.mkdir()
        catalog = Catalog(folder)
        with catalog.db:
            holiday(catalog, range(1, presses))
            derive(catalog.db, now=NOW)
            holiday(catalog, range(presses, presses + 1))
            sent.append(statements(catalog, partial(derive, catalog.db, spoken=(), now=NOW)))
        catalog.close()

    assert sent[0] == sent[1]
