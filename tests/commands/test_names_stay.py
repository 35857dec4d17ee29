"""A name once given stays with its content; a fresh catalog gives the same names again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def two(make_photos):
    """Two cameras' folders whose names clash with each other's, and one shot in both."""
    a, b = make_photos("first"), make_photos("second")
    for number in range(4):
        shot = a.jpeg(f"DCIM/IMG_000{number}.jpg", f"2019-07-14 16:02:1{number}.48")
        b.put(f"card/IMG_000{number}.jpg", shot.read_bytes())
        b.put(f"DCIM/IMG_000{number}.jpg", shot.read_bytes())  # where it lies in the other root
        b.jpeg(f"DCIM/100/IMG_000{number}.jpg", f"2019-07-14 17:02:1{number}.48")
        b.jpeg(f"DCIM/101/img_000{number}.JPG", f"2019-07-14 18:02:1{number}.48")
    a.heic("live/IMG_1.HEIC")
    a.movie("live/IMG_1.MOV")
    b.heic("live/IMG_2.HEIC")
    b.put("live/IMG_1.AAE", b"<plist/>")
    return a, b


def names_and_bytes(tree):
    """The tree without inodes, which a fresh catalog gives anew."""
    return {path: (entry.source, entry.blake3) for path, entry in tree.items()}


def digests(tree):
    """Of identical copies either may be shown: the first that was seen."""
    return {path: entry.blake3 for path, entry in tree.items()}


def test_what_arrives_later_changes_no_path_inode_or_byte(mediafs, two):
    a, b = two
    mediafs("index", a.folder)
    before = mediafs.tree()
    mediafs("index", b.folder)
    after = mediafs.tree()

    assert before
    assert {path: after.get(path) for path in before} == before
    assert len(after) > len(before)


def test_the_same_holds_for_what_arrives_in_the_same_folder(mediafs, photos):
    photos.jpeg("z/IMG_0001.jpg", "2019-07-14 16:02:12.48")
    mediafs("index", photos.folder)
    before = mediafs.tree()
    photos.jpeg("a/IMG_0001.jpg", "2019-07-14 16:02:11.48")
    photos.put("a/copy.jpg", (photos.folder / "z/IMG_0001.jpg").read_bytes())
    mediafs("index")
    after = mediafs.tree()

    assert {path: after.get(path) for path in before} == before


def test_a_catalog_made_anew_beside_its_decisions_gives_the_same_paths(mediafs, two):
    a, b = two
    mediafs("index", b.folder)
    mediafs("index", a.folder)
    before = mediafs.tree()
    for path in mediafs.catalog.parent.glob("catalog.db*"):
        path.unlink()
    mediafs("index", a.folder, b.folder)

    assert digests(mediafs.tree()) == digests(before)


def test_fresh_catalogs_give_the_same_names_whatever_the_order_of_the_roots(mediafs, two):
    a, b = two
    orders = [(a, b), (b, a)]
    trees = []
    for number, order in enumerate(orders):
        catalog = mediafs.home / str(number) / "catalog.db"
        mediafs("index", *(photos.folder for photos in order), catalog=catalog)
        trees.append(digests(mediafs.tree(catalog)))

    assert trees[0] == trees[1]


def test_fresh_catalogs_give_the_same_names_whatever_the_number_of_jobs(mediafs, indexed):
    trees = []
    for jobs in ("1", "3"):
        catalog = mediafs.home / jobs / "catalog.db"
        mediafs("index", "--jobs", jobs, indexed.library.root, catalog=catalog, code=2)
        trees.append(names_and_bytes(mediafs.tree(catalog)))

    assert trees[0] == trees[1] == names_and_bytes(indexed.mediafs.tree())


def test_indexing_again_changes_no_path_and_no_inode(mediafs, two):
    for photos in two:
        mediafs("index", photos.folder)
    before = mediafs.tree()
    mediafs("index", "--raw-companion", "duplicate")
    mediafs("index")

    assert mediafs.tree() == before


def test_a_file_that_is_renamed_keeps_its_inode_and_its_name_in_originals(mediafs, photos):
    path = photos.jpeg("IMG_0001.jpg")
    mediafs("index", photos.folder)
    before = {p: e for p, e in mediafs.tree().items() if not p.startswith("by-source/")}
    path.rename(photos.folder / "other.jpg")
    mediafs("index")
    after = {p: e for p, e in mediafs.tree().items() if not p.startswith("by-source/")}

    assert digests(after) == digests(before)
    assert {e.inode for e in after.values()} == {e.inode for e in before.values()}


def test_a_file_that_goes_and_comes_back_has_its_old_names(mediafs, photos):
    path = photos.jpeg("a/IMG_0001.jpg")
    photos.jpeg("b/IMG_0001.jpg", "2019-07-14 17:02:11.48")
    mediafs("index", photos.folder)
    before = mediafs.tree()
    data, times = path.read_bytes(), path.stat()
    path.unlink()
    mediafs("index")
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    mediafs("index")

    assert names_and_bytes(mediafs.tree()) == names_and_bytes(before)


def test_an_original_that_is_deleted_hands_its_names_to_its_copy(mediafs, photos):
    original = photos.jpeg("a/IMG_0001.jpg")
    photos.put("b/copy.jpg", original.read_bytes())
    mediafs("index", photos.folder)
    before = originals(mediafs)
    original.unlink()
    mediafs("index")

    assert originals(mediafs) == before


def originals(mediafs):
    return {p: e.blake3 for p, e in mediafs.tree().items() if p.startswith("originals/")}


@pytest.mark.mounted
def test_names_inodes_and_bytes_are_the_same_in_the_next_mount(mediafs, two, tmp_path):
    a, b = two
    mediafs("index", a.folder)
    at = mediafs.mount(tmp_path / "at")
    before = shown(at)
    mediafs("umount", at)
    mediafs("index", b.folder)
    mediafs("mount", at)
    after = shown(at)

    assert {path: after.get(path) for path in before} == before
    assert len(after) > len(before)


def shown(at: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(at)): (path.stat().st_ino, path.read_bytes())
        for path in at.rglob("*")
        if path.is_file() and path.name != "README.txt"
    }
