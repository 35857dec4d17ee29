"""Moved, copied, absent and gone: what a person reads about it, and what a dry run foretells.

How each case is decided and what it costs is tests/unit/identity/.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SECOND = 10**9


def counted(said, *names):
    found = tuple(said[name] for name in names)
    return found[0] if len(names) == 1 else found


def noise(seed):
    """A whole picture that is larger than its head and tail."""
    pixels = np.random.default_rng(seed).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    with io.BytesIO() as stream:
        Image.fromarray(pixels).save(stream, "PNG", compress_level=0)
        return stream.getvalue()


@pytest.fixture
def library(photos):
    """Three pictures in two folders, of whole seconds as from a card."""
    for number, name in enumerate(("a.png", "deep/b.png", "deep/c.png")):
        path = photos.put(name, noise(number))
        os.utime(path, ns=(SECOND, (1_500_000_000 + number) * SECOND))
    return photos.folder


def originals(mediafs):
    """Names in originals/ and the bytes behind them."""
    return {
        name: entry.blake3
        for name, entry in mediafs.tree().items()
        if name.startswith("originals/")
    }


def copy(source, target):
    """As `cp -a`: names, bytes and times, other inodes."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def test_a_library_copied_to_a_new_place_shows_the_same(mediafs, library, tmp_path):
    mediafs("index", library)
    before = originals(mediafs)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    ran = mediafs("index", tmp_path / "new")

    assert (
        "3 files were recognised by head and tail as known ones; `mediafs verify` reads" in ran.out
    )
    assert originals(mediafs) == before


def test_a_renamed_root_stays_itself(mediafs, library):
    mediafs("index", "--role", "archive", library)
    before = mediafs.tree()
    pictures = library.rename(library.with_name("pictures"))
    ran = mediafs("index", "--json", pictures)

    assert counted(ran.json, "unchanged", "moved", "new", "gone", "opened") == (3, 0, 0, 0, 0)
    assert f"{library} is {pictures} now" in ran.err
    after = mediafs.tree()
    assert {n: (e.inode, e.blake3) for n, e in after.items()} == {
        n: (e.inode, e.blake3) for n, e in before.items()
    }
    assert {e.source.split("/pictures/")[0] for e in after.values()} == {str(pictures.parent)}
    roots = mediafs("status", "--json").json["roots"]
    assert [(root["path"], root["role"]) for root in roots] == [(str(pictures), "archive")]


def test_prune_forgets_what_this_very_run_finds_gone(mediafs, library):
    mediafs("index", library)
    (library / "a.png").unlink()
    ran = mediafs("index", "--prune")

    assert "Forgot 1 file, 0 folders" in ran.out


def test_prune_keeps_what_a_person_said_and_the_names_given(mediafs, library, tmp_path):
    mediafs("index", library)
    names = set(originals(mediafs))
    mediafs("decide", library / "a.png", "--original")
    copy(library, tmp_path / "aside")
    (library / "a.png").unlink()
    mediafs("index", "--prune")
    copy(tmp_path / "aside", library)
    mediafs("index")

    assert set(originals(mediafs)) == names
    assert "a.png" in mediafs("decide", "--list").out


def test_an_absent_root_is_forgotten_when_it_is_named_with_force(mediafs, library):
    mediafs("index", library)
    library.rename(library.with_name("never-again"))
    said = mediafs("reindex", "--prune", "--force", "--json", library).json

    assert said["pruned"] == {"files": 3, "folders": 0, "contents": 3, "roots": 1}
    assert mediafs.tree() == {}
    assert mediafs("status", "--json").json["roots"] == []


def test_an_archive_looked_at_lately_is_left_alone(mediafs, library):
    mediafs("index", "--role", "archive", library)
    (library / "new.png").write_bytes(noise(5))
    ran = mediafs("reindex", "--json")

    assert counted(ran.json, "fresh", "seen", "new") == (1, 0, 0)
    assert str(library) in ran.err
    assert "1 archive was looked at lately" in mediafs("index").out
    assert counted(mediafs.index("--force"), "fresh", "new") == (0, 1)


@pytest.mark.parametrize("how", ["index", "reindex"])
def test_an_archive_that_is_named_is_looked_at(mediafs, library, how):
    mediafs("index", "--role", "archive", library)
    (library / "deep/new.png").write_bytes(noise(5))
    path = library if how == "index" else library / "deep"

    assert counted(mediafs(how, "--json", path).json, "fresh", "new") == (0, 1)


def fates(ran):
    """What a dry run says, by the first word of its lines."""
    found = {}
    for line in ran.out.splitlines()[:-1]:
        what, rest = line.split(maxsplit=1)
        found.setdefault(what, []).append(rest)
    return {what: sorted(rest) for what, rest in found.items()}


def test_a_dry_run_tells_what_the_run_then_does(mediafs, library, make_photos, tmp_path):
    other, kept = make_photos("other"), make_photos("kept")
    for number in range(3):
        other.put(f"lost/{number}.png", noise(20 + number))
    other.put("stays.jpg", b"\xff\xd8\xff\xe0 no picture")
    kept.jpeg("archived.jpg")
    mediafs("index", library, other.folder, code=None)
    mediafs("index", "--role", "archive", kept.folder)
    copy(other.folder / "lost", tmp_path / "aside")
    (library / "deep").rename(other.folder / "deep")
    shutil.rmtree(other.folder / "lost")
    (library / "restored").mkdir()
    shutil.copy2(tmp_path / "aside/1.png", library / "restored")
    (library / "a.png").write_bytes(noise(30))
    (library / "new.png").write_bytes(noise(31))
    (library / ".DS_Store").write_bytes(b"junk")
    before = Path(mediafs.catalog).read_bytes()
    told, lost = fates(mediafs("index", "--dry-run")), other.folder / "lost"

    assert Path(mediafs.catalog).read_bytes() == before
    assert told == {
        "changed": [f"{library}/a.png"],
        "new": [f"{library}/new.png"],
        "moved": [
            f"{other.folder}/deep/{n}.png  (from {library}/deep/{n}.png)" for n in ("b", "c")
        ],
        "carried": [
            f"{library}/restored/1.png  (from {lost}/1.png, if head and tail agree; else new)"
        ],
        "gone": [f"{lost}/{n}.png" for n in range(3)],
        "excluded": [f"{library}/.DS_Store  (by .DS_Store)"],
        "fresh": [f"{kept.folder}  (an archive that was looked at recently)"],
    }
    said = mediafs.index(code=None)
    assert counted(said, "changed", "new", "carried") == (1, 2, 1)
    assert counted(said, "moved", "gone", "fresh") == (2, 3, 1)
    assert said["opened"] == 3


def test_a_dry_run_knows_a_renamed_and_an_absent_root(mediafs, library, make_photos):
    other = make_photos("other")
    other.jpeg("a.jpg")
    mediafs("index", library, other.folder)
    pictures = library.rename(library.with_name("pictures"))
    other.folder.rename(other.folder.with_name("unplugged"))

    assert fates(mediafs("index", "--dry-run", pictures)) == {
        "renamed": [f"{pictures}  (from {library})"]
    }
    assert fates(mediafs("index", "--dry-run")) == {
        "offline": [f"{other.folder}  (is not there)", f"{library}  (is not there)"]
    }


def test_status_says_which_disk_is_absent_and_where(mediafs, library, disk):
    usb = disk()
    usb.mount(library / "usb").joinpath("d.png").write_bytes(noise(5))
    mediafs("index", library)
    usb.unmount()
    mediafs("index")
    part = mediafs("status").out
    told = mediafs("doctor", "--json").json["absent"]
    library.rename(library.with_name("unplugged"))
    mediafs("index")

    assert told == [{"path": f"{library}/usb", "says": "has its own disk, which is not mounted"}]
    assert f"{library} is not there" in mediafs("doctor").out
    assert f"{library}/usb  OFFLINE: has its own disk, which is not mounted" in part
    assert f"{library}  (library, 4 files)  OFFLINE: is not there" in mediafs("status").out
    root = mediafs("status", "--json").json["roots"][0]
    assert counted(root, "online", "says") == (False, "is not there")
