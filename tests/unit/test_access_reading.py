"""What the catalog and the disks say of who may read what."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from make_catalog import HOST, CatalogMaker

from indexer.catalog import source_folders, tree
from mediafs.fuse.access import Permissions, Serving
from mediafs.fuse.access_disk import private_filesystems
from mediafs.fuse.access_reading import ask, put_root, read_root
from mediafs.fuse.access_table import AccessTable, Owners
from mediafs.fuse.access_warning import closed_files

if TYPE_CHECKING:
    from pathlib import Path

OWNERS = Owners(Serving(0, frozenset({0})))
CLOSED = Permissions.closed()


class Library:
    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.catalog = folder / "catalog.db"
        self.maker = CatalogMaker(self.catalog)
        self.root = self.maker.root(self.top)

    def file(self, relative: str, mode: int = 0o644) -> None:
        path = self.top / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(relative.encode())
        path.chmod(mode)
        file = self.maker.seen(self.root, self.top, relative)
        self.maker.place(f"originals/{path.name}", file)
        self.maker.place(f"by-source/photos/{relative}", file)

    def found(self) -> dict[bytes, Permissions]:
        """What can be seen of the root, by path."""
        self.maker.publish()
        asked = ask(self.catalog, HOST)
        found = read_root(asked.roots[self.root], asked.private)
        return {path: folder.own for path, folder in found.items()}


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    made.maker.close()


def test_each_folder_is_as_the_disk_has_it_also_those_without_files(library):
    library.file("a/b/c.jpg")
    (library.top / "a").chmod(0o750)

    found = library.found()

    assert found.keys() == {b"", b"a", b"a/b"}
    assert found[b"a"] == Permissions.of_mode(0o750, os.getuid(), (library.top / "a").stat().st_gid)


def test_a_folder_is_below_every_folder_on_the_way_to_it(library):
    library.file("a/b/c.jpg")
    for relative, mode in (("a", 0o711), ("a/b", 0o755)):
        (library.top / relative).chmod(mode)
    library.maker.publish()
    asked = ask(library.catalog, HOST)

    found = read_root(asked.roots[library.root], asked.private)

    assert {found[b""].own, found[b"a"].own} | found[b"a"].above == found[b"a/b"].above


def test_a_folder_swapped_for_a_link_is_closed(library, tmp_path):
    library.file("a/b/c.jpg")
    (library.top / "a").rename(tmp_path / "a")
    (library.top / "a").symlink_to(tmp_path / "a")

    assert library.found()[b"a"] == CLOSED


def test_a_root_that_is_here_again_is_known(library):
    library.file("a/b/c.jpg")
    library.maker.db.execute("UPDATE root SET online = 0")

    assert library.found().keys() == {b"", b"a", b"a/b"}


@pytest.mark.parametrize(
    "change", ["online = 0, path = x'2f6e6f'", "host = 'elsewhere'", "path = x'2f6e6f'"]
)
def test_nothing_is_known_of_a_root_that_is_not_there(library, change):
    library.file("a/b/c.jpg")
    library.maker.db.execute(f"UPDATE root SET {change}")

    assert library.found() == {}


def test_directories_of_a_view_have_their_paths_in_it(library):
    library.file("a/b/c.jpg")
    library.file("d.jpg")
    library.maker.publish()
    db = library.maker.db

    found = dict(source_folders.directories_below(db, b"by-source"))

    assert sorted(found.values()) == [b"photos", b"photos/a", b"photos/a/b"]
    for directory, path in found.items():
        outer = tree.parent_of(db, directory)
        assert tree.entry(db, outer, path.rpartition(b"/")[2]).attributes.is_directory


def test_what_is_put_into_a_table_again_changes_nothing(library):
    library.file("a/b/c.jpg")
    library.maker.publish()
    table = AccessTable(OWNERS)
    asked = ask(library.catalog, HOST)
    wanted = asked.roots[library.root]

    assert not put_root(table, wanted, read_root(wanted, asked.private))
    assert not put_root(table, wanted, read_root(wanted, asked.private))
    (library.top / "a").chmod(0o700)
    assert put_root(table, wanted, read_root(wanted, asked.private))
    assert not put_root(table, wanted, {})


def test_files_are_counted_that_only_a_folder_keeps_from_others(library):
    for name in ("closed/a.jpg", "closed/b.jpg", "closed/too/c.jpg"):
        library.file(name)
    library.file("closed/own.jpg", mode=0o600)
    (library.top / "closed").chmod(0o700)
    library.maker.publish()

    closed = closed_files(library.catalog, HOST, OWNERS)

    assert closed.files == 3
    assert closed.example == os.fsencode(library.top / "closed")
    assert "3 files lie below folders closed to others" in str(closed)
    assert "\n" not in str(closed)


def test_a_fuse_filesystem_is_its_users_alone_unless_it_says_otherwise(tmp_path):
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "36 22 0:39 / /mnt/nas\\040x rw - fuse.sshfs nas: rw,user_id=1000,group_id=1000\n"
        "37 22 0:40 / /mnt/pool rw - fuse.mergerfs a:b rw,user_id=0,group_id=0,allow_other\n"
        "38 22 8:17 / /mnt/stick rw - fuseblk /dev/sdb1 rw,user_id=0,allow_other,blksize=4096\n"
        "39 22 0:41 / /sys/fs/fuse/connections rw - fusectl fusectl rw\n"
    )

    assert private_filesystems(table) == {os.makedev(0, 39)}
    assert private_filesystems(tmp_path / "none") == frozenset()
