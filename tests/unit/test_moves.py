"""What was lost and what was found, paired: questions that need no disk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from blake3 import blake3
from builders import reading, seen

from indexer.catalog import facts, readings
from indexer.catalog.connection import CATALOG, open_writer
from indexer.catalog.rows import LostFile
from indexer.model import Generation, RootRole, Stamp
from indexer.moves import LEAST_BYTES, Look, plan
from indexer.read.engine import Job
from indexer.scan.skip import Why
from indexer.standing import Identity, Standing

SECOND = 10**9
SIZE = LEAST_BYTES + 1


class Moved:
    """A file on an absent root, and one just found on another."""

    def __init__(self, db):
        self.db = db
        self.roots = [self._root(name) for name in ("old", "new")]

    def _root(self, name):
        root = facts.add_root(
            self.db, host="elsewhere", path=f"/nowhere/{name}".encode(), role=RootRole.LIBRARY,
            label=name.encode(), excludes=(), freshness_days=None,
        )  # fmt: skip
        facts.set_identity(self.db, root, f"fsid:ext4:{name}", 2, b"/")
        return root, facts.put_folder(self.db, root, b"", "walked", None)

    def remember(self, name, root=0, **stamp):
        file = replace(seen(name, **stamp))
        content = readings.put_content(
            self.db,
            replace(reading(name, 1), size=file.stamp.size, sample=blake3(name.encode()).digest()),
        )
        return facts.put_file(
            self.db, self.roots[root][1], file, state="present", says=None, content=content,
            generation=Generation(1),
        )  # fmt: skip

    def plan(self, *found, kind="ext4", lost=(), device="fsid:ext4:new"):
        root, folder = self.roots[1]
        row = next(r for r in facts.roots(self.db) if r.id == root)
        look = Look(row, Standing(Identity(device, 2, b"/", kind, 1)), lost=list(lost))
        look.jobs = [Job(root, row.path, folder, b"", file, Why.NEW, True) for file in found]
        return plan(self.db, [look], paranoid=False)


@pytest.fixture
def moved(tmp_path):
    (tmp_path / "catalog").mkdir()
    db = open_writer(tmp_path / "catalog/catalog.db", CATALOG)
    yield Moved(db)
    db.close()


def carried(made):
    return [len(job.carries) for job in made.jobs]


@pytest.mark.parametrize(
    ("kind", "mtime_ns", "lent"),
    [
        ("ext4", 7 * SECOND, 1),
        ("ext4", 7 * SECOND + 1, 0),
        ("vfat", 6 * SECOND, 1),  # FAT keeps even seconds
        ("vfat", 8 * SECOND, 1),
        ("vfat", 9 * SECOND, 0),
        ("ntfs3", 7 * SECOND - 99, 1),
        ("ntfs3", 7 * SECOND - 100, 0),
    ],
)
def test_a_copy_may_be_as_imprecise_as_its_filesystem(moved, kind, mtime_ns, lent):
    moved.remember("a.jpg", size=SIZE, mtime_ns=7 * SECOND)

    made = moved.plan(seen("a.jpg", size=SIZE, mtime_ns=mtime_ns), kind=kind)

    assert carried(made) == [lent]


def test_of_another_size_nothing_is_a_copy(moved):
    moved.remember("a.jpg", size=SIZE)

    assert carried(moved.plan(seen("a.jpg", size=SIZE + 1))) == [0]


def test_one_content_under_several_names_is_one_question(moved):
    for folder in (0, 1):
        moved.remember("a.jpg", root=folder, size=SIZE)

    assert carried(moved.plan(seen("a.jpg", size=SIZE, inode=99))) == [1]


def test_an_inode_of_another_disk_is_another_file(moved):
    file = moved.remember("a.jpg", size=SIZE)
    lost = LostFile(file, Stamp(SIZE, 5 * SECOND, 6 * SECOND, 7), 1, b"a.jpg")

    there = moved.plan(seen("b.jpg", size=SIZE), lost=[lost])
    elsewhere = moved.plan(seen("b.jpg", size=SIZE), lost=[lost], device="fsid:ext4:third")

    assert [old for _, old in there.moves] == [file]
    assert (elsewhere.moves, elsewhere.gone) == ([], [file])


def test_the_first_run_of_all_asks_nothing(moved):
    made = moved.plan(seen("a.jpg", size=SIZE))

    assert (carried(made), made.moves, made.gone) == ([0], (), [])
