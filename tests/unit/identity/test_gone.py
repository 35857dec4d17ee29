"""What is gone is remembered until `--prune` forgets it."""

from __future__ import annotations

import shutil


def test_only_prune_forgets_what_is_gone(index, library):
    index(library)
    shutil.rmtree(library / "deep")
    index()
    assert index.rows("SELECT gone_ns > 0 FROM file WHERE state = 'gone'") == [(1,), (1,)]
    said = index(prune=True)

    assert said["pruned"] == {"files": 2, "folders": 1, "contents": 2, "roots": 0}
    assert index.states() == {"present": 1}
    assert index.rows("SELECT count(*) FROM content") == [(1,)]


def test_prune_of_a_part_forgets_there_alone(index, library):
    index(library)
    (library / "a.txt").unlink()
    (library / "deep/b.txt").unlink()
    index()
    said = index(only=[library / "deep"], prune=True)

    assert said["pruned"]["files"] == 1
    assert index.states() == {"present": 1, "gone": 1}


def test_prune_keeps_a_content_that_another_file_has(index, library):
    shutil.copy(library / "a.txt", library / "deep")
    index(library)
    (library / "a.txt").unlink()

    assert index(prune=True)["pruned"] == {"files": 1, "folders": 0, "contents": 0, "roots": 0}


def test_prune_of_an_absent_disk_forgets_nothing(index, library):
    index(library)
    (library / "a.txt").unlink()
    index()
    library.rename(library.with_name("unplugged"))
    index(prune=True)
    index(only=[library], prune=True)

    assert index.states() == {"present": 2, "gone": 1}
    assert len(index.roots()) == 1


def test_prune_forgets_a_root_that_moved_away_file_by_file(index, library):
    index(library)
    index.write("UPDATE root SET inode = NULL, mount = NULL")
    index(library.rename(library.with_name("renamed")))
    said = index(prune=True)

    assert said["pruned"] == {"files": 0, "folders": 0, "contents": 0, "roots": 1}
    assert index.states() == {"present": 3}
