"""A number from before is refused, and never means another file, from the very moment of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from make_catalog import HOST, CatalogMaker

from mediafs.vfs import VirtualFS
from mediafs.vfs.numbers import Outdated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Tree:
    """Photographs, and the tree of a catalog of them."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.catalog = folder / "catalog.db"
        self.maker = CatalogMaker(self.catalog)
        self.root = self.maker.root(self.top)
        self.publish("a.jpg", b"a")
        self.vfs = VirtualFS(self.catalog, HOST)

    def publish(self, name: str, data: bytes) -> None:
        (self.top / name).write_bytes(data)
        file = self.maker.seen(self.root, self.top, name)
        self.maker.place(f"originals/{name}", file)
        self.maker.publish()

    def replace(self) -> None:
        """Another catalog, where a.jpg's number is b.jpg's."""
        self.maker.close()
        for path in self.catalog.parent.glob("catalog.db*"):
            path.rename(path.with_name(f"was-{path.name}"))
        self.maker = CatalogMaker(self.catalog)
        self.root = self.maker.root(self.top)
        self.publish("b.jpg", b"b")

    def number(self, *path: bytes) -> int:
        number = 1
        for name in path:
            number = self.vfs.child(number, name).attributes.inode
        return number

    def read(self, number: int) -> bytes:
        async def run() -> bytes:
            handle = await self.vfs.open(number)
            try:
                return bytes(await handle.read(0, 100))
            finally:
                handle.release()

        return trio.run(run)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Tree]:
    made = Tree(tmp_path)
    yield made
    made.vfs.close()
    made.maker.close()


def test_until_it_is_noticed_the_catalog_that_was_is_read(shown):
    """It is held open: what stands in its place by now is another file of the disk."""
    folder, file = shown.number(b"originals"), shown.number(b"originals", b"a.jpg")

    shown.replace()

    assert shown.read(file) == b"a"
    assert [entry.name for entry in shown.vfs.children(folder, 0, 10)] == [b"a.jpg"]
    assert shown.vfs.child(folder, b"a.jpg").attributes.inode == file


def test_once_it_is_noticed_every_number_from_before_is_refused(shown):
    folder, file = shown.number(b"originals"), shown.number(b"originals", b"a.jpg")
    shown.replace()

    assert (1, b"originals") in shown.vfs.refresh().names

    for ask in (
        lambda: shown.read(file),
        lambda: shown.vfs.attributes(file),
        lambda: shown.vfs.xattrs(file),
        lambda: shown.vfs.attributes(folder),
        lambda: shown.vfs.children(folder, 0, 10),
        lambda: shown.vfs.child(folder, b"b.jpg"),
        lambda: shown.vfs.parent(folder),
    ):
        with pytest.raises(Outdated):
            ask()


def test_the_new_numbers_are_told_wherever_numbers_are(shown):
    shown.number(b"originals", b"a.jpg")
    shown.replace()
    shown.vfs.refresh()

    folder, file = shown.number(b"originals"), shown.number(b"originals", b"b.jpg")
    shown.publish("b.jpg", b"other")
    forget = shown.vfs.refresh()

    assert shown.read(file) == b"other"
    assert [entry.attributes.inode for entry in shown.vfs.children(folder, 0, 10)] == [file]
    assert shown.vfs.attributes(file).inode == file
    assert shown.vfs.parent(folder) == 1
    assert shown.vfs.xattr(file, b"user.mediafs.source").endswith(b"b.jpg")
    assert {1, folder, file} <= forget.files() | {1}
    assert all(number == 1 or number > 1 << 40 for number in forget.files())


def test_what_has_no_row_has_the_same_number_in_every_catalog(shown):
    readme = shown.number(b"README.txt")
    shown.replace()
    shown.vfs.refresh()

    assert shown.number(b"README.txt") == readme
    assert shown.read(readme)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_other_bytes_of_a_file_that_is_read_are_another_inode_of_its_number(shown, is_replaced):
    name = "a.jpg"
    if is_replaced:
        shown.replace()
        shown.vfs.refresh()
        name = "b.jpg"
    number = shown.number(b"originals", name.encode())

    async def run() -> None:
        first = await shown.vfs.open(number)
        shown.publish(name, b"A")
        with pytest.raises(Outdated):
            await shown.vfs.open(number)
        with pytest.raises(Outdated):  # until its name was looked up
            shown.vfs.attributes(number)
        assert shown.number(b"originals", name.encode()) == number
        assert shown.vfs.numbers.generations == {number: 1}
        second = await shown.vfs.open(number)
        assert bytes(await second.read(0, 10)) == b"A"
        first.release()
        second.release()

    trio.run(run)


def test_an_inode_that_became_another_while_it_was_opened_is_not_opened(shown):
    """The cache knows it as dead by then, and who opened it by its path could not read it."""
    number = shown.number(b"originals", b"a.jpg")
    opened = []

    async def open_by_path() -> None:
        """As Linux does: what a path leads to is looked up again, once."""
        known = shown.vfs.numbers.generations.get(number, 0)
        try:
            handle = await shown.vfs.open(number)
        except Outdated:
            shown.number(b"originals", b"a.jpg")
            known = shown.vfs.numbers.generations.get(number, 0)
            handle = await shown.vfs.open(number)
        opened.append((known, bytes(await handle.read(0, 10))))
        handle.release()

    async def run() -> None:
        first = await shown.vfs.open(number)
        shown.publish("a.jpg", b"A")
        shown.publish("copy.jpg", b"A")
        (shown.top / "a.jpg").unlink()  # so that opening takes a thread
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(open_by_path)
        first.release()

    trio.run(run)

    assert opened == [(1, b"A")] * 4


def renewed(shown) -> int:
    """The number of a file that became another inode, which nobody looked up yet."""
    number = shown.number(b"originals", b"a.jpg")

    async def run() -> None:
        first = await shown.vfs.open(number)
        shown.publish("a.jpg", b"A")
        with pytest.raises(Outdated):
            await shown.vfs.open(number)
        first.release()

    trio.run(run)
    return number


def test_only_who_looked_it_up_knows_another_inode_until_the_answer_arrived(shown):
    """As long as a thread waits to go on, what others ask may be about the one that was."""
    number, numbers = renewed(shown), shown.vfs.numbers
    folder = shown.number(b"originals")
    shown.vfs.child(folder, b"a.jpg", 1)

    for _ in range(2):
        with pytest.raises(Outdated):
            numbers.admit(number, 2)
    shown.vfs.child(folder, b"a.jpg", 2)

    assert numbers.admit(number, 2) == 1
    assert numbers.admit(number, 3) == 1


def test_that_an_answer_arrived_is_supposed_after_a_while(shown, monkeypatch):
    """In an NFS server the thread that looked it up may ask nothing more."""
    monkeypatch.setattr("mediafs.vfs.numbers._ARRIVES_SECONDS", 0.0)
    number, folder = renewed(shown), shown.number(b"originals")
    with pytest.raises(Outdated):
        shown.vfs.numbers.admit(number, 2)

    shown.vfs.child(folder, b"a.jpg", 1)

    assert shown.vfs.numbers.admit(number, 2) == 1


def test_each_time_it_is_an_inode_that_it_never_was(shown):
    number = shown.number(b"originals", b"a.jpg")

    async def run() -> None:
        handles = [await shown.vfs.open(number)]
        for generation, data in ((1, b"A"), (2, b"B")):
            shown.publish("a.jpg", data)
            with pytest.raises(Outdated):
                await shown.vfs.open(number)
            assert shown.number(b"originals", b"a.jpg") == number
            assert shown.vfs.numbers.generations == {number: generation}
            handles.append(await shown.vfs.open(number))
        for handle in handles:
            handle.release()

    trio.run(run)


def test_so_is_another_size_before_anybody_opens_it(shown):
    number, folder = shown.number(b"originals", b"a.jpg"), shown.number(b"originals")

    async def run() -> None:
        first = await shown.vfs.open(number)
        shown.publish("a.jpg", b"longer")
        shown.vfs.children(folder, 0, 10)
        assert shown.vfs.numbers.generations == {number: 1}
        with pytest.raises(Outdated):
            shown.vfs.attributes(number)
        assert shown.vfs.child(folder, b"a.jpg").attributes.size == 6
        assert shown.vfs.attributes(number).size == 6
        first.release()

    trio.run(run)


def test_a_file_that_nobody_reads_stays_the_inode_it_was(shown):
    number = shown.number(b"originals", b"a.jpg")
    assert shown.read(number) == b"a"

    shown.publish("a.jpg", b"longer")

    assert shown.vfs.attributes(number).size == 6
    assert shown.read(number) == b"longer"
    assert shown.vfs.numbers.generations == {}
