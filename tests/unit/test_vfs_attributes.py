"""What is told of a name in the tree: attributes, extended attributes, totals."""

from __future__ import annotations

import pytest
import trio
from make_catalog import Status
from tree_of_rows import counting, inode, rows

from mediafs.vfs import PRIVATE_XATTRS
from mediafs.vfs.errors import NoSuchAttribute, NoSuchEntry, NotADirectory


@pytest.mark.parametrize("number", [2, 3, 1024, 9998, 9999])
def test_unknown_numbers_are_no_entry(vfs, number):
    with pytest.raises((NoSuchEntry, NotADirectory)):
        vfs.attributes(number)


def test_attributes_know_the_folder_of_the_source(maker, vfs):
    rows(maker, "originals/2019/a.jpg")
    folder = maker.db.execute("SELECT folder_id FROM file").get
    year = inode(vfs, "originals/2019")
    [listed] = vfs.children(year, 0, 9)

    assert listed.attributes == vfs.attributes(listed.attributes.inode)
    assert listed.attributes.folder == folder
    assert vfs.attributes(year).folder is vfs.attributes(1).folder is None
    assert vfs.child(1, b"originals").attributes == vfs.attributes(inode(vfs, "originals"))


def test_extended_attributes_are_those_that_are_there(maker, vfs):
    rows(maker, "originals/a.jpg")
    file = inode(vfs, "originals/a.jpg")

    assert vfs.xattrs(file) == [b"user.mediafs.source", b"user.mediafs.blake3"]
    assert vfs.xattr(file, b"user.mediafs.blake3") == (b"%064x" % 1)
    for name in (b"user.mediafs.role", b"user.mediafs.", b"security.selinux"):
        with pytest.raises(NoSuchAttribute):
            vfs.xattr(file, name)


def test_extended_attributes_asked_one_after_the_other_are_one_query(maker, vfs):
    rows(maker, "originals/a.jpg", "originals/b.jpg")
    files = [inode(vfs, f"originals/{name}.jpg") for name in "ab"]

    with counting(vfs) as asked:
        told = [vfs.xattr(file, name) for file in files for name in vfs.xattrs(file)]

    assert len(asked) == 2
    assert len(set(told)) == 4


def test_extended_attributes_are_news_after_a_refresh(maker, vfs):
    rows(maker, "originals/a.jpg")
    vfs.refresh()
    file = inode(vfs, "originals/a.jpg")
    before = vfs.xattr(file, b"user.mediafs.blake3")
    root = maker.db.execute("SELECT root_id FROM root").get
    maker.row(root, b"1.jpg", Status(5, 5, 5, 1), bytes(32))
    maker.publish()
    vfs.refresh()

    assert vfs.xattr(file, b"user.mediafs.blake3") == b"0" * 64 != before


def test_extended_attributes_that_tell_paths_are_known(maker, vfs):
    rows(maker, "originals/a.jpg")
    photos = str(maker.path.parent).encode()
    file = inode(vfs, "originals/a.jpg")

    telling = {name for name in vfs.xattrs(file) if photos in vfs.xattr(file, name)}

    assert telling <= PRIVATE_XATTRS == {b"user.mediafs.source", b"user.mediafs.why"}


def test_totals_count_each_file_once(maker, vfs):
    rows(maker, "originals/a.jpg", "originals/b.jpg")
    maker.place("by-date/a.jpg", 1)
    maker.publish()

    totals = trio.run(vfs.read_totals)

    assert (totals.files, totals.size, totals.blocks) == (2, 2000, 16)


def test_totals_are_those_of_the_newest_generation(maker, vfs):
    rows(maker, "originals/a.jpg")
    before = trio.run(vfs.read_totals)
    rows(maker, "originals/b.jpg")

    vfs.refresh()

    assert (before.files, trio.run(vfs.read_totals).files) == (1, 2)
