"""Names of the tree as every protocol asks for them: listed, looked up, spelled otherwise."""

from __future__ import annotations

import contextlib
import os

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from make_catalog import HOST, CatalogMaker
from tree_of_rows import counting, inode, names, rows

from mediafs.vfs import VirtualFS
from mediafs.vfs.errors import IsADirectory, NoSuchEntry, NotADirectory
from mediafs.vfs.noise import is_noise


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


# ---------------------------------------------------------------------------- spellings


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


# ---------------------------------------------------------------------------- noise


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
