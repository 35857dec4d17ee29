"""The tree as every protocol asks it, without any protocol."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re

import apsw
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import HOST, CatalogMaker, Status

from mediafs.vfs import PRIVATE_XATTRS, Statistics, VirtualFS
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.content import Counts
from mediafs.vfs.errors import IsADirectory, NoSuchAttribute, NoSuchEntry, NotADirectory
from mediafs.vfs.noise import is_noise
from mediafs.vfs.readme import README
from mediafs.vfs.status import as_json, as_metrics


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
        here = vfs.child(here, name.encode()).attributes.inode
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


SPELLINGS = [
    ("IMG.jpg", "img.JPG"),
    ("Caf\u00e9 \u00c5.jpg", "Cafe\u0301 A\u030a.jpg"),
    ("Caf\u00e9 \u00c5.jpg", "CAFE\u0301 a\u030a.JPG"),
    ("Stra\u00dfe.jpg", "STRASSE.JPG"),
    ("\u0130stanbul.jpg", "I\u0307STANBUL.JPG"),
]


@pytest.mark.parametrize(("name", "spelling"), SPELLINGS)
def test_a_name_is_found_by_another_spelling(maker, vfs, name, spelling):
    rows(maker, f"originals/{name}")
    originals = inode(vfs, "originals")

    exact, other = (vfs.child(originals, text.encode()) for text in (name, spelling))

    assert exact == other
    assert other.name == name.encode()


def test_the_exact_name_goes_before_another_spelling(maker, vfs):
    rows(maker, "by-source/a.jpg", "by-source/A.jpg", "by-source/A.JPG")
    by_source = inode(vfs, "by-source")

    for name in (b"a.jpg", b"A.jpg", b"A.JPG"):
        assert vfs.child(by_source, name).name == name


def test_a_spelling_of_two_names_is_neither_of_them(maker, vfs):
    rows(maker, "by-source/\u00e9.jpg", "by-source/\u00c9.jpg", "by-source/\u00c9.JPG")
    by_source = inode(vfs, "by-source")

    composed_only = vfs.child(by_source, "E\u0301.jpg".encode())

    assert composed_only.name == "\u00c9.jpg".encode()
    with pytest.raises(NoSuchEntry):
        vfs.child(by_source, "e\u0301.JPG".encode())


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"\xff\xfe", b"\xed\xa0\x80.JPG", b"\xc3"])
def test_names_of_any_bytes_are_found(maker, vfs, name):
    rows(maker, f"by-source/{os.fsdecode(name)}")
    by_source = inode(vfs, "by-source")

    assert vfs.child(by_source, name).name == name
    assert vfs.child(by_source, name.replace(b"jpg", b"JPG")).name == name
    with pytest.raises(NoSuchEntry):
        vfs.child(by_source, name + b"\xe9")


@pytest.mark.parametrize("name", [b"b.jpg", b"A.JPG", b"a.jpg", b"\xe9"])
def test_a_lookup_asks_one_query_whatever_it_finds(maker, vfs, name):
    rows(maker, "originals/a.jpg")
    originals = inode(vfs, "originals")

    with counting(vfs) as asked, contextlib.suppress(NoSuchEntry):
        vfs.child(originals, name)

    assert len(asked) == 1


@contextlib.contextmanager
def counting(vfs):
    """The queries that are asked meanwhile."""
    asked = []
    vfs._db.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
    yield asked
    vfs._db.trace_v2(0)


def test_noise_is_answered_without_a_query_and_counted(vfs):
    for name in (b"._IMG.jpg", b".DS_Store", b"Thumbs.db", b"DESKTOP.INI", b".Trash-1000"):
        with pytest.raises(NoSuchEntry):
            vfs.child(1, name)

    assert (vfs.statistics().lookups, vfs.statistics().noise) == (5, 5)


def test_a_noisy_name_that_is_really_there_is_found_where_it_was_listed(maker, vfs):
    rows(maker, "by-source/._odd.jpg")
    by_source = inode(vfs, "by-source")

    assert names(vfs, by_source) == [b"._odd.jpg"]
    assert vfs.child(by_source, b"._odd.jpg").attributes.size == 1000


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


def test_attributes_know_the_folder_of_the_source(maker, vfs):
    rows(maker, "originals/2019/a.jpg")
    folder = maker.db.execute("SELECT folder_id FROM file").get
    year = inode(vfs, "originals/2019")
    [listed] = vfs.children(year, 0, 9)

    assert listed.attributes == vfs.attributes(listed.attributes.inode)
    assert listed.attributes.folder == folder
    assert vfs.attributes(year).folder is vfs.attributes(1).folder is None
    assert vfs.child(1, b"originals").attributes == vfs.attributes(inode(vfs, "originals"))


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
