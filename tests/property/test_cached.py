"""What a cache above us may hold of each file is known, whoever opens, reads and learns when.

The model of a cache: it drops what it has of a file when it is told that it was opened anew, some
time after that was so, and asks for a page that it does not have. A file that was renewed is
another one to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from indexer.model import ContentId, FileId
from mediafs.vfs.cached import Caches, Use

Origin = tuple[FileId, ContentId]

files = st.integers(1, 3).map(FileId)
sources = st.integers(1, 4).map(FileId)  # those files themselves, and a copy that is not shown
contents = st.integers(20, 21).map(ContentId)
pages = st.integers(0, 1)


@dataclass(eq=False)
class Reader:
    file: FileId
    generation: int
    use: Use
    content: ContentId
    source: FileId
    is_told: bool = False


class Readers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.caches = Caches(remembered=1)
        self.readers: list[Reader] = []
        self.cache: defaultdict[FileId, dict[int, Origin]] = defaultdict(dict)
        self.generations: defaultdict[FileId, int] = defaultdict(int)

    def one_of(self, data: st.DataObject, *, is_told: bool) -> Reader:
        them = [reader for reader in self.readers if reader.is_told == is_told]
        assume(them)
        return data.draw(st.sampled_from(them))

    def is_old(self, reader: Reader) -> bool:
        return reader.generation != self.generations[reader.file]

    def renew(self, file: FileId) -> None:
        self.caches.renew(file)
        self.generations[file] += 1
        self.cache[file].clear()

    @rule(file=files, content=contents, source=sources)
    def opens(self, file: FileId, content: ContentId, source: FileId) -> None:
        use = self.caches.open(file, content, source)
        if self.caches.is_mixed(file):
            self.caches.release(file)
            self.renew(file)
            use = self.caches.open(file, content, source)
        assert not self.caches.is_mixed(file)
        assert not use.is_as_before or set(self.cache[file].values()) <= {(source, content)}
        self.readers.append(Reader(file, self.generations[file], use, content, source))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def a_file_is_renewed(self, data: st.DataObject) -> None:
        self.renew(data.draw(st.sampled_from(self.readers)).file)

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def the_cache_learns_of_an_open(self, data: st.DataObject) -> None:
        reader = self.one_of(data, is_told=False)
        reader.is_told = True
        if not reader.use.is_as_before and not self.is_old(reader):
            self.cache[reader.file].clear()

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), page=pages)
    def reads(self, data: st.DataObject, page: int) -> None:
        reader = self.one_of(data, is_told=True)
        cache = self.cache[reader.file]
        if self.is_old(reader):
            assert reader.use.is_superseded
        elif page in cache:
            assert cache[page][1] == reader.content
        else:
            assert not reader.use.is_superseded
            reader.use.give(reader.source)
            cache[page] = reader.source, reader.content

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), source=sources)
    def fails_over(self, data: st.DataObject, source: FileId) -> None:
        data.draw(st.sampled_from(self.readers)).source = source

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        # Also one of whom the cache never learnt: an open may be refused after all.
        reader = data.draw(st.sampled_from(self.readers))
        self.readers.remove(reader)
        self.caches.release(reader.file)

    @rule(source=sources, content=contents, is_known=st.booleans())
    def a_source_is_rotten(self, source: FileId, content: ContentId, *, is_known: bool) -> None:
        changed = {source} if is_known else None
        for file in self.caches.drop(lambda *origin: origin == (source, content), changed):
            self.cache[file].clear()
        assert all((source, content) not in cache.values() for cache in self.cache.values())
        for reader in self.readers:
            if (reader.source, reader.content) == (source, content):
                reader.source = FileId(source % 4 + 1)

    @invariant()
    def what_came_from_elsewhere_is_known(self) -> None:
        held = {**self.caches._open, **self.caches._idle}
        known = self.caches._elsewhere._files
        assert {(source, file) for source, found in known.items() for file in found} == {
            (source, file)
            for file, cached in held.items()
            for source, _ in cached.origins
            if source != file
        }
        assert self.caches.sizes.keys() <= self.caches._open.keys()


TestReaders = Readers.TestCase


def test_a_page_for_an_older_reader_is_known_to_be_there() -> None:
    """Where the cache cannot tell a renewed file from the one before."""
    caches = Caches()
    file, source, old, new = FileId(1), FileId(10), ContentId(20), ContentId(21)
    first = caches.open(file, old, source)
    first.give(source)
    caches.open(file, new, source).give(source)
    caches.open(file, old, source)  # and the cache drops what it has

    first.give(source)

    assert not caches.open(file, new, source).is_as_before
