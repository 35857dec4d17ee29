"""A source that fails in the middle of a read leaves nothing of its bytes in what is given."""

from __future__ import annotations

import os

import pytest
from content_sources import DATA


@pytest.mark.parametrize("left", [len(DATA), 500], ids=["as long", "shorter"])
def test_a_read_that_fails_over_is_of_the_copy_from_its_first_byte(sources, left):
    file, _ = sources.file("a.jpg", DATA), sources.file("b.jpg", DATA)

    def write_over() -> None:
        with (sources.top / "a.jpg").open("r+b") as source:
            source.write(bytes(len(DATA)))
            source.truncate(left)

    found = sources.read(file, 0, 1000, meanwhile=write_over)

    assert found == DATA[:1000]
    assert sources.content.counts.failovers == 1


def test_a_read_that_fails_over_from_a_copy_is_of_the_next_from_its_first_byte(sources):
    file = sources.file("a.jpg", DATA)
    for name in ("b.jpg", "c.jpg"):
        sources.file(name, DATA)
    os.truncate(sources.top / "a.jpg", 0)

    def write_over() -> None:
        with (sources.top / "b.jpg").open("r+b") as source:
            source.write(bytes(len(DATA)))

    found = sources.read(file, 0, 1000, meanwhile=write_over)

    assert found == DATA[:1000]
