"""Of what a person cannot decide about: the path, what happened, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import Catalog

from indexer.decisions import decidable
from indexer.decisions.words import Verdict
from indexer.errors import DecisionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def catalog(tmp_path) -> Iterator[Catalog]:
    made = Catalog(tmp_path)
    yield made
    made.close()


def refusal(catalog, file):
    with pytest.raises(DecisionRefused) as told:
        decidable.subject(catalog.db, file, Verdict.ORIGINAL, "here")
    return str(told.value)


def says(catalog, file, text):
    catalog.db.execute("UPDATE file SET says = ? WHERE file_id = ?", (text, file))


def test_a_file_that_is_gone_is_not_on_its_disk(catalog):
    file = catalog.put(catalog.root(), "a/IMG_1.JPG")
    catalog.lose(file)

    assert refusal(catalog, file) == (
        "/photos/a/IMG_1.JPG is not on its disk any more; decide about a file that is there."
    )


def test_a_file_that_is_left_out_names_the_pattern(catalog):
    file = catalog.put(catalog.root(), "a/IMG_1.JPG", state="excluded")
    says(catalog, file, "IMG_*")

    assert refusal(catalog, file) == (
        "/photos/a/IMG_1.JPG is left out by the pattern IMG_*; put that under `include` in the"
        " config file, run `mediafs reindex` and say it again."
    )


def test_a_file_that_could_not_be_read_says_why(catalog):
    file = catalog.put(catalog.root(), "a/IMG_1.JPG", state="unreadable")
    says(catalog, file, "Permission denied")

    assert refusal(catalog, file) == (
        "/photos/a/IMG_1.JPG was not read (Permission denied); run `mediafs reindex` once it can"
        " be, and say it again."
    )


def test_a_rotten_file_is_not_called_unreadable(catalog):
    file = catalog.put(catalog.root(), "a/IMG_1.JPG")
    catalog.db.execute("UPDATE file SET state = 'unreadable', rotten_ns = 1")
    says(catalog, file, "has other bytes than when it was indexed")

    assert refusal(catalog, file) == (
        "/photos/a/IMG_1.JPG has other bytes than when it was indexed; put a good copy in its"
        " place, run `mediafs reindex` and say it again."
    )
