"""What a cache above us may hold of a file is known, whoever opens, reads and learns when.

The model of a cache: it drops what it has when it is told that a file was opened anew, some time
after that was so, and asks for a page that it does not have.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from indexer.model import ContentId, FileId
from mediafs.vfs.cached import Caches, Use

FILE = FileId(1)
Origin = tuple[FileId, ContentId]

sources = st.integers(10, 11).map(FileId)
contents = st.integers(20, 21).map(ContentId)
pages = st.integers(0, 1)


@dataclass(eq=False)
class Reader:
    use: Use
    content: ContentId
    source: FileId
    is_told: bool = False
    since: set[ContentId] = field(default_factory=set)  # with which the file was opened since


class ReadersOfOneFile(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.caches = Caches()
        self.readers: list[Reader] = []
        self.cache: dict[int, Origin] = {}

    def one_of(self, data: st.DataObject, *, is_told: bool) -> Reader:
        them = [reader for reader in self.readers if reader.is_told == is_told]
        assume(them)
        return data.draw(st.sampled_from(them))

    @rule(content=contents, source=sources)
    def opens(self, content: ContentId, source: FileId) -> None:
        for reader in self.readers:
            reader.since.add(content)
        use = self.caches.open(FILE, content, source)
        assert not use.is_as_before or set(self.cache.values()) <= {(source, content)}
        self.readers.append(Reader(use, content, source))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def the_cache_learns_of_an_open(self, data: st.DataObject) -> None:
        reader = self.one_of(data, is_told=False)
        reader.is_told = True
        if not reader.use.is_as_before:
            self.cache.clear()

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), page=pages)
    def reads(self, data: st.DataObject, page: int) -> None:
        reader = self.one_of(data, is_told=True)
        if page in self.cache:
            held = self.cache[page][1]
            assert held == reader.content or held in reader.since
        elif not reader.use.is_superseded:
            reader.use.give(reader.source)
            self.cache[page] = reader.source, reader.content

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), source=sources)
    def fails_over(self, data: st.DataObject, source: FileId) -> None:
        data.draw(st.sampled_from(self.readers)).source = source

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        reader = self.one_of(data, is_told=True)
        self.readers.remove(reader)
        self.caches.release(FILE)

    @rule(source=sources, content=contents)
    def a_source_is_rotten(self, source: FileId, content: ContentId) -> None:
        if [*self.caches.drop(lambda *origin: origin == (source, content))]:
            self.cache.clear()
        assert (source, content) not in self.cache.values()
        for reader in self.readers:
            if (reader.source, reader.content) == (source, content):
                reader.source = FileId(10 + 11 - source)


TestReadersOfOneFile = ReadersOfOneFile.TestCase


def test_a_page_for_an_older_reader_is_known_to_be_there() -> None:
    caches = Caches()
    source, old, new = FileId(10), ContentId(20), ContentId(21)
    first = caches.open(FILE, old, source)
    first.give(source)
    caches.open(FILE, new, source).give(source)
    caches.open(FILE, old, source)  # and the cache drops what it has

    first.give(source)

    assert not caches.open(FILE, new, source).is_as_before
