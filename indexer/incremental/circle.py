"""Which contents must be decided anew because of what is new: a circle that is drawn until it holds.

Whatever ties two contents, they share a key (grouping/keys.py) or are near each other. So the
circle starts with what changed and all that meets it, and grows along ties until none leads out.
What lies outside can't be told from what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.catalog import affected, looks, remembered
from indexer.grouping.edges import edges
from indexer.grouping.keys import keys_of, tie_of
from indexer.grouping.looks import Looks, Near
from indexer.grouping.tie import LARGEST, SETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw

    from indexer.decisions.words import Words
    from indexer.grouping.evidence import Edge
    from indexer.grouping.subject import Subject
    from indexer.library import Library
    from indexer.model import ContentId

_ENDLESS = 1 << 62


class Circle:
    """The contents to decide anew, with all that they may be tied to."""

    def __init__(
        self, db: apsw.Connection, library: Library, words: Words, changed: Iterable[ContentId]
    ) -> None:
        self._db = db
        self._library = library
        self._words = words
        self._fingerprints = looks.Fingerprints(db)
        self._keys: dict[ContentId, frozenset[int]] = {}
        self._meeting: dict[int, list[ContentId]] = {}
        self._pairs: dict[tuple[ContentId, ContentId], Near] = {}
        self.inside: set[ContentId] = set()
        changed = set(changed)
        # A block that is over its limit with and without these ties nothing either way.
        self._slack = len(changed) + len(words.apart)
        self.grow(changed | self._met(changed))

    def grow(self, more: Iterable[ContentId]) -> None:
        """Draw these in, and all that are tied to them."""
        front = set(more) - self.inside
        while front:
            self.inside |= front
            tied = affected.contents_of_shots(self._db, affected.shots_of_contents(self._db, front))
            tied |= {
                c for key in self._keys_of(front) if tie_of(key) in SETS for c in self._who(key)
            }
            for edge in self._edges(front):
                tied |= {edge.a.content, edge.b.content}
            front = tied - self.inside

    def subjects(self) -> list[Subject]:
        """Those inside."""
        return self._library.subjects(self.inside)

    def edges(self) -> list[Edge]:
        """Every tie between two inside."""
        return list(self._edges(self.inside))

    @property
    def looks(self) -> Looks:
        """How all look that were met."""
        return Looks(self._fingerprints, tuple(self._pairs.values()))

    def _met(self, changed: set[ContentId]) -> set[ContentId]:
        """Whoever shares a key with what changed, as it was and as it is; keys are brought up to date.

        Not by their ties alone: in a block of one second or one identifier, who comes or goes may
        tie and untie others.
        """
        before = remembered.keys_of(self._db, changed)
        now = {s.content: keys_of(s) for s in self._library.subjects(changed)}
        remembered.put_keys(self._db, {c: now.get(c, frozenset()) for c in changed})
        self._keys |= {c: now.get(c, frozenset()) for c in changed}
        keys = frozenset().union(*before.values(), *now.values())
        met = {c for key in keys if self._may_tie(key) for c in self._who(key)}
        for a, b, *_ in remembered.near(self._db, changed):
            met |= {a, b}
        return met

    def _may_tie(self, key: int) -> bool:
        return len(self._who(key)) <= self._largest(key)

    def _largest(self, key: int) -> int:
        largest = LARGEST.get(tie_of(key))
        return _ENDLESS if largest is None else largest + self._slack

    def _who(self, key: int) -> list[ContentId]:
        """All that share a key, or one more than could be tied by it."""
        if key not in self._meeting:
            self._meeting[key] = remembered.meeting(self._db, key, self._largest(key) + 1)
        return self._meeting[key]

    def _keys_of(self, contents: Iterable[ContentId]) -> set[int]:
        wanted = set(contents)
        self._keys |= remembered.keys_of(self._db, wanted - self._keys.keys())
        return {key for content in wanted for key in self._keys.get(content, ())}

    def _edges(self, inner: set[ContentId]) -> Iterator[Edge]:
        """Every tie of which one end is among these; blocks are taken whole, as ties depend on it."""
        met = set(inner)
        for key in self._keys_of(inner):
            met.update(self._who(key))
        for a, b, turn, residual in remembered.near(self._db, inner):
            self._pairs[a, b] = Near(a, b, turn, residual)
            met |= {a, b}
        subjects = self._library.subjects(met)
        for edge in edges(subjects, self.looks, self._words):
            if edge.a.content in inner or edge.b.content in inner:
                yield edge
