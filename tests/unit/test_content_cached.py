"""What a cache may keep of a content that it has: only what is surely the same."""

from __future__ import annotations

import trio
from content_sources import DATA

from indexer.catalog import tree
from mediafs.vfs.refresh import Forget


def test_only_a_file_read_before_with_these_bytes_is_as_before(sources):
    file = sources.file("a.jpg", b"a")

    assert [sources.is_as_before(file), sources.is_as_before(file)] == [False, True]


def test_a_file_opened_but_not_read_is_not_as_before(sources):
    """Whoever opened it may not have been told yet, and a cache holds what it had until then."""
    file = sources.file("a.jpg", b"first")
    sources.is_as_before(file)
    sources.file("a.jpg", b"other")

    async def run():
        untold = await sources.content.open(file)
        later = await sources.content.open(file)
        found = untold.is_as_before, later.is_as_before
        untold.release()
        later.release()
        return found

    assert trio.run(run) == (False, False)


def test_a_file_that_was_read_from_a_copy_meanwhile_is_not_as_before(sources):
    """The copy may have been rotten."""
    file, _ = sources.file("a.jpg", b"a"), sources.file("b.jpg", b"a")
    assert sources.read(file) == b"a"

    async def run():
        handle = await sources.content.open(file)
        await handle.read(0, 10)
        (sources.top / "a.jpg").write_bytes(b"other")
        await handle.read(0, 10)
        handle.release()
        sources.file("a.jpg", b"a")
        handle = await sources.content.open(file)
        handle.release()
        return handle.is_as_before

    assert trio.run(run) is False


def test_bytes_of_another_source_than_before_are_not_as_before(sources):
    file = sources.file("a.jpg", b"a")
    sources.file("b.jpg", b"a")

    before = [sources.is_as_before(file), sources.is_as_before(file)]
    sources.rot(file)

    after = [sources.is_as_before(file), sources.is_as_before(file)]
    assert before == after == [False, True]


def test_a_cache_forgets_the_bytes_of_what_rotted_and_of_what_was_read_from_it(sources):
    own, copy, sound = (sources.file(name, DATA) for name in ("a.jpg", "b.jpg", "c.jpg"))
    other = sources.file("d.jpg", b"other")
    (sources.top / "b.jpg").unlink()
    for file in (own, copy, sound, other):
        sources.is_as_before(file)
    sources.rot(own)
    forget = Forget(attributes={tree.inode_of_file(file): None for file in (own, other)})

    sources.content.forget_disproved(forget)

    assert list(forget.bytes) == [tree.inode_of_file(own), tree.inode_of_file(copy)]
    assert not sources.is_as_before(own)
    assert sources.is_as_before(sound)


def test_where_it_is_not_known_what_changed_a_cache_forgets_what_has_other_bytes_by_now(sources):
    other, same = sources.file("a.jpg", b"first"), sources.file("b.jpg", b"b")
    for file in (other, same):
        sources.read(file)
    sources.file("a.jpg", b"other")
    forget = Forget(is_all=True)

    sources.content.forget_disproved(forget)

    assert list(forget.bytes) == [tree.inode_of_file(other)]
