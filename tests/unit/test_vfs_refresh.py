"""A new generation in the tree: what changed is named, and what stayed is not."""

from __future__ import annotations

from make_catalog import CatalogMaker, Status
from tree_of_rows import inode, names, rows


def test_nothing_new_is_no_refresh(vfs):
    assert vfs.refresh() is None


def test_a_refresh_names_what_changed_and_the_directories_above(maker, vfs):
    rows(maker, "originals/2019/a.jpg", "originals/2019/b.jpg")
    vfs.refresh()
    originals, year = inode(vfs, "originals"), inode(vfs, "originals/2019")
    gone, epoch = inode(vfs, "originals/2019/a.jpg"), vfs.epoch
    maker.unplace("originals/2019/a.jpg")
    maker.publish()

    forget = vfs.refresh()

    assert list(forget.names) == [(year, b"a.jpg")]
    assert set(forget.attributes) == {gone, year, originals, 1}
    assert not forget.bytes
    assert vfs.epoch == epoch + 1


def test_a_refresh_forgets_the_bytes_of_a_changed_file(maker, vfs):
    rows(maker, "originals/a.jpg")
    vfs.refresh()
    root = maker.db.execute("SELECT root_id FROM root").get
    maker.row(root, b"1.jpg", Status(5, 5, 5, 1), bytes(32))
    maker.publish()

    forget = vfs.refresh()

    assert list(forget.bytes) == [inode(vfs, "originals/a.jpg")]
    assert not forget.names


def test_a_refresh_forgets_how_many_names_a_file_has(maker, vfs):
    rows(maker, "originals/a.jpg")
    vfs.refresh()
    maker.place("by-date/a.jpg", 1)
    maker.publish()

    forget = vfs.refresh()

    assert list(forget.names) == [(inode(vfs, "by-date"), b"a.jpg")]
    assert inode(vfs, "originals/a.jpg") in forget.attributes


def test_facts_ahead_of_the_tree_are_known(maker, vfs):
    vfs.refresh()
    assert not vfs.may_be_ahead()

    maker.db.execute("INSERT INTO pending VALUES (1, 0)")
    assert vfs.may_be_ahead()
    assert vfs.refresh() is None
    assert vfs.may_be_ahead()

    maker.publish()
    vfs.refresh()
    assert not vfs.may_be_ahead()


def test_a_catalog_without_a_tree_does_not_replace_one(maker, vfs, tmp_path):
    rows(maker, "originals/a.jpg")
    for path in tmp_path.glob("catalog.db*"):
        path.rename(tmp_path / path.name.replace("catalog", "away"))
    other = CatalogMaker(tmp_path / "catalog.db")
    vfs.refresh()
    assert names(vfs, inode(vfs, "originals")) == [b"a.jpg"]

    other.publish()
    forget = vfs.refresh()

    assert (1, b"originals") in forget.names
    assert names(vfs, inode(vfs, "originals")) == []
    assert vfs.incarnation == 1
    other.close()


def test_with_another_catalog_the_names_at_the_top_of_both_are_forgotten(maker, vfs, tmp_path):
    maker.publish([b"before"])
    vfs.refresh()
    for path in tmp_path.glob("catalog.db*"):
        path.rename(tmp_path / path.name.replace("catalog", "away"))
    other = CatalogMaker(tmp_path / "catalog.db")
    other.publish([b"after"])

    forget = vfs.refresh()

    assert forget.is_all
    assert {(1, b"before"), (1, b"after")} <= forget.names.keys()
    other.close()
