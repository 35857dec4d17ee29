"""What stands in the tree without a source: the README, and the status of the mount."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
import trio
from tree_of_rows import inode, names, rows

from mediafs.vfs import Statistics
from mediafs.vfs.content import Counts
from mediafs.vfs.errors import IsADirectory, NoSuchAttribute, NoSuchEntry, NotADirectory
from mediafs.vfs.readme import README
from mediafs.vfs.status import as_json, as_metrics


def test_the_readme_is_read_in_parts(vfs):
    async def run():
        handle = await vfs.open(vfs.child(1, b"README.txt").attributes.inode)
        found = bytes(await handle.read(0, 100)) + bytes(await handle.read(100, 1 << 20))
        handle.release()
        return found

    assert trio.run(run) == README


def test_the_readme_has_no_extended_attributes(vfs):
    readme = vfs.child(1, b"README.txt").attributes.inode

    assert vfs.xattrs(readme) == []
    with pytest.raises(NoSuchAttribute):
        vfs.xattr(readme, b"user.mediafs.source")


def test_the_status_is_found_by_name_alone(vfs):
    folder = vfs.child(1, b".mediafs").attributes
    listed = vfs.children(folder.inode, 0, 100)

    assert b".mediafs" not in names(vfs)
    assert [entry.name for entry in listed] == [b"status.json", b"metrics"]
    assert vfs.children(folder.inode, listed[0].cookie, 100)[0].name == b"metrics"
    assert vfs.children(folder.inode, listed[1].cookie, 100) == []
    assert vfs.parent(folder.inode) == 1
    assert [vfs.child(folder.inode, entry.name.upper()).name for entry in listed] == [
        b"status.json",
        b"metrics",
    ]
    for name in (b"other", b"README.txt"):
        with pytest.raises(NoSuchEntry):
            vfs.child(folder.inode, name)


def test_a_status_file_is_no_directory(vfs):
    folder = vfs.child(1, b".mediafs").attributes.inode
    file = vfs.child(folder, b"metrics").attributes.inode

    for ask in (vfs.parent, lambda inode: vfs.children(inode, 0, 9)):
        with pytest.raises(NotADirectory):
            ask(file)
    with pytest.raises(IsADirectory):
        trio.run(vfs.open, folder)
    assert vfs.xattrs(file) == vfs.xattrs(folder) == []


@pytest.mark.parametrize("name", [b"status.json", b"metrics"])
def test_the_size_of_a_status_is_that_of_any_other_moment(maker, vfs, name):
    async def text(inode):
        handle = await vfs.open(inode)
        return bytes(await handle.read(0, 1 << 20))

    rows(maker, "originals/first.jpg")
    file = vfs.child(vfs.child(1, b".mediafs").attributes.inode, name).attributes
    rows(maker, *(f"originals/{number}.jpg" for number in range(50)))
    vfs.refresh()
    for _ in range(2000):
        names(vfs)

    later = trio.run(text, file.inode)

    assert len(later) == file.size == vfs.attributes(file.inode).size
    assert file.mode == (0o400 if name == b"status.json" else 0o444)


def test_every_count_is_told_in_both_texts(maker, vfs):
    kept = {field.name for field in dataclasses.fields(Statistics)}
    told = vfs.status()

    counters = json.loads(as_json(told))["counters"]
    families = re.findall(rb"^# TYPE mediafs_(\w+)_total counter$", as_metrics(told), re.MULTILINE)

    assert kept == {"generation", *counters}
    assert kept == {"generation", *(name.decode() for name in families)}
    assert kept >= {field.name for field in dataclasses.fields(Counts)}


def test_every_built_in_number_is_below_those_of_rows(maker, vfs):
    rows(maker, "originals/a.jpg")
    numbers = [vfs.child(1, name).attributes.inode for name in (b"README.txt", b".mediafs")]
    numbers += [entry.attributes.inode for entry in vfs.children(numbers[1], 0, 9)]

    assert 1024 < min(numbers) <= max(numbers) < 2048 < inode(vfs, "by-date")
    assert inode(vfs, "originals/a.jpg") > 2048
