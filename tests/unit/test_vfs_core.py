"""The tree as every protocol asks it, without any protocol."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import HOST, CatalogMaker, Status

from mediafs.vfs import VirtualFS
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.errors import IsADirectory, NoSuchAttribute, NoSuchEntry, NotADirectory
from mediafs.vfs.noise import is_noise
from mediafs.vfs.readme import README


@pytest.fixture
def maker(tmp_path):
    made = CatalogMaker(tmp_path / "catalog.db")
    made.publish()
    yield made
    made.close()


@pytest.fixture
def vfs(maker):
    made = VirtualFS(maker.path, HOST)
    yield made
    made.close()


def rows(maker, *places, size=1000):
    """A row for each place; no file behind it."""
    found = maker.db.execute("SELECT root_id FROM root").fetchone()
    root = found[0] if found else maker.root(maker.path.parent / "photos")
    for place in places:
        number = maker.db.execute("SELECT count(*) FROM file").get + 1
        status = Status(size, number * 10**9, number * 10**9, number)
        maker.place(place, maker.row(root, b"%d.jpg" % number, status, number.to_bytes(32, "big")))
    maker.publish()


def names(vfs, directory=1, page=1000):
    """Every name, asked a page at a time."""
    found, after = [], 0
    while entries := vfs.children(directory, after, page):
        found += [entry.name for entry in entries]
        after = entries[-1].cookie
    return found


def inode(vfs, path):
    here = 1
    for name in path.split("/"):
        here = vfs.child(here, name.encode()).inode
    return here


def test_the_top_holds_the_readme_and_the_views(vfs):
    assert names(vfs) == [b"README.txt", b"by-date", b"originals", b"by-source"]
    assert vfs.attributes(1).inode == 1


@given(page=st.integers(1, 8))
def test_pages_of_any_size_give_every_name_once(tmp_path_factory, page):
    maker = CatalogMaker(tmp_path_factory.mktemp("pages") / "catalog.db")
    rows(maker, *(f"originals/{number}.jpg" for number in range(20)))
    vfs = VirtualFS(maker.path, HOST)

    assert names(vfs, page=page) == [b"README.txt", b"by-date", b"originals", b"by-source"]
    assert names(vfs, inode(vfs, "originals"), page) == [b"%d.jpg" % n for n in range(20)]
    vfs.close()
    maker.close()


def test_a_listing_resumes_after_a_name_that_is_gone(maker, vfs):
    rows(maker, "originals/a.jpg", "originals/b.jpg", "originals/c.jpg")
    originals = inode(vfs, "originals")
    [first, second] = vfs.children(originals, 0, 2)
    maker.unplace("originals/b.jpg")
    maker.publish()

    assert first.name == b"a.jpg"
    assert [entry.name for entry in vfs.children(originals, second.cookie, 9)] == [b"c.jpg"]


def test_names_are_found_exactly(maker, vfs):
    rows(maker, "originals/IMG.jpg")
    originals = inode(vfs, "originals")

    assert vfs.child(originals, b"IMG.jpg").size == 1000
    with pytest.raises(NoSuchEntry):
        vfs.child(originals, b"img.jpg")


def test_noise_is_answered_without_a_query_and_counted(vfs):
    for name in (b"._IMG.jpg", b".DS_Store", b"Thumbs.db", b"DESKTOP.INI", b".Trash-1000"):
        with pytest.raises(NoSuchEntry):
            vfs.child(1, name)

    assert (vfs.statistics().lookups, vfs.statistics().noise) == (5, 5)


def test_a_noisy_name_that_is_really_there_is_found_where_it_was_listed(maker, vfs):
    rows(maker, "by-source/._odd.jpg")
    by_source = inode(vfs, "by-source")

    assert names(vfs, by_source) == [b"._odd.jpg"]
    assert vfs.child(by_source, b"._odd.jpg").size == 1000


@given(st.binary(min_size=1, max_size=20))
def test_noise_is_never_an_ordinary_photograph(name):
    assert not is_noise(b"IMG_" + name)


def test_the_parent_of_the_top_is_the_top(maker, vfs):
    rows(maker, "originals/2019/a.jpg")

    assert vfs.parent(1) == 1
    assert vfs.parent(inode(vfs, "originals")) == 1
    assert vfs.parent(inode(vfs, "originals/2019")) == inode(vfs, "originals")


def test_files_are_no_directories_and_the_reverse(maker, vfs):
    rows(maker, "originals/a.jpg")
    file = inode(vfs, "originals/a.jpg")

    with pytest.raises(NotADirectory):
        vfs.children(file, 0, 1)
    with pytest.raises(NotADirectory):
        vfs.child(file, b"a.jpg")
    with pytest.raises(IsADirectory):
        trio.run(vfs.open, 1)


@pytest.mark.parametrize("number", [2, 3, 1024, 9998, 9999])
def test_unknown_numbers_are_no_entry(vfs, number):
    with pytest.raises((NoSuchEntry, NotADirectory)):
        vfs.attributes(number)


def test_the_readme_is_read_in_parts(vfs):
    async def run():
        handle = await vfs.open(vfs.child(1, b"README.txt").inode)
        found = bytes(await handle.read(0, 100)) + bytes(await handle.read(100, 1 << 20))
        handle.release()
        return found

    assert trio.run(run) == README


def test_the_readme_has_no_extended_attributes(vfs):
    readme = vfs.child(1, b"README.txt").inode

    assert vfs.xattrs(readme) == []
    with pytest.raises(NoSuchAttribute):
        vfs.xattr(readme, b"user.mediafs.source")


def test_extended_attributes_are_those_that_are_there(maker, vfs):
    rows(maker, "originals/a.jpg")
    file = inode(vfs, "originals/a.jpg")

    assert vfs.xattrs(file) == [b"user.mediafs.source", b"user.mediafs.blake3"]
    assert vfs.xattr(file, b"user.mediafs.blake3") == (b"%064x" % 1)
    for name in (b"user.mediafs.role", b"user.mediafs.", b"security.selinux"):
        with pytest.raises(NoSuchAttribute):
            vfs.xattr(file, name)


def test_totals_count_each_file_once(maker, vfs):
    rows(maker, "originals/a.jpg", "originals/b.jpg")
    maker.place("by-date/a.jpg", 1)
    maker.publish()

    totals = trio.run(vfs.read_totals)

    assert (totals.files, totals.size, totals.blocks) == (2, 2000, 16)


# ---------------------------------------------------------------------------- refresh


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


# ---------------------------------------------------------------------------- warnings


def test_warnings_beyond_twenty_a_minute_are_counted(caplog):
    now = [0.0]
    complaints = Complaints(lambda: now[0])
    for number in range(50):
        complaints.about(b"/%d.jpg" % number, "vanished")
    now[0] = 61.0
    complaints.about(b"/last\n.jpg", "vanished")

    assert len(caplog.messages) == 22
    assert caplog.messages[20:] == [
        "30 more warnings like these were left out",
        "/last\\n.jpg vanished",
    ]
