"""Every tie between some subjects, each once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from indexer.decisions.words import NOTHING_SAID
from indexer.grouping.alike import by_looks
from indexer.grouping.evidence import by_bytes_and_names, once
from indexer.grouping.press import by_clock
from indexer.grouping.recordings import by_recording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.decisions.words import Words
    from indexer.grouping.evidence import Edge
    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject


def edges(subjects: Sequence[Subject], seen: Looks, words: Words = NOTHING_SAID) -> Iterator[Edge]:
    """Every edge between two of these; none to what a person said is no duplicate."""
    free = [s for s in subjects if s.fact.blake3 not in words.apart]
    return once(
        chain(
            by_bytes_and_names(free, seen),
            by_clock(free, seen),
            by_recording(free),
            by_looks(free, seen),
        )
    )
