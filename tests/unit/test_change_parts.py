"""The part of the tree whose changes are asked for: all paths that begin so, and no other."""

from __future__ import annotations

import pytest

from indexer.catalog.changes import Part


@pytest.mark.parametrize(
    ("below", "beyond"),
    [(b"originals/2019", b"originals/201:"), (b"a\xff", b"b"), (b"a/\xff\xff", b"a0")],
)
def test_a_part_ends_before_the_first_path_that_begins_otherwise(below, beyond):
    assert Part(below=below).bindings["to"] == beyond


def test_a_part_of_the_last_byte_alone_has_no_end():
    end = Part(below=b"\xff").bindings["to"]

    assert isinstance(end, bytes)
    assert end > b"\xff" * 4096
