"""`kill -9` at any moment: nothing is lost, nothing stays behind, and the next run ends the same.

A run is killed by a random number (its seed is fixed): at a database write, of which half arrives,
at a step of its progress, or after a part of the time that a run takes. MEDIAFS_KILLS=100 kills
that many runs; a few are enough for every day.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import make_library
import numpy as np
import pytest
from PIL import Image

from indexer.catalog import open_reader
from indexer.catalog.check import check
from indexer.catalog.connection import DECISIONS
from indexer.catalog.digest import digests
from indexer.decisions.store import given_names
from indexer.errors import DONE_WITH_FAILURES, CatalogTooOld

KILLS = int(os.environ.get("MEDIAFS_KILLS", "5"))
SEED = int(os.environ.get("MEDIAFS_KILLS_SEED", "1"))

# The commands that are killed. More of the first, whose life is longest.
COMMANDS = ("index", "reindex", "decide", "migrate", "index")
WAYS = ("write", "progress", "time")
WELL = (0, DONE_WITH_FAILURES)  # a damaged file counts in the run that reads it

# mediafs in a process that kills itself at the n-th write to a database or the n-th step of its
# progress, or, with n = 0, tells how many of each there were.
MORTAL = (sys.executable, "-c", """
import json, os, signal, sys
import apsw
from mediafs.cli import progress, run

way, last, told = sys.argv[1], int(sys.argv[2]), sys.argv[3]
counts = {"write": 0, "progress": 0}

def is_last(what):
    counts[what] += 1
    return what == way and counts[what] == last

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class File(apsw.VFSFile):
    def __init__(self, name, flags):
        super().__init__("unix", name, flags)

    def xLock(self, level):
        try:
            super().xLock(level)
        except apsw.IOError:  # a reader tries to lock all as it closes; SQLite minds no refusal
            raise apsw.BusyError from None

    def xWrite(self, data, offset):
        if is_last("write"):
            super().xWrite(bytes(data)[: len(data) // 2], offset)
            die()
        super().xWrite(data, offset)

class Disk(apsw.VFS):
    def __init__(self):
        super().__init__("mortal", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return File(name, flags)

def step(self, *how):
    if is_last("progress"):
        die()

disk = Disk()
progress.Quiet.phase = progress.Quiet.advance = step
code = run(sys.argv[4:])
with open(told, "w") as file:
    json.dump(counts, file)
sys.exit(code)
""")  # fmt: skip


@dataclass(frozen=True)
class Life:
    """A command from its beginning to its end, which none of its deaths may change."""

    before: Path | None  # the folder of the catalog it begins with; None: none
    arguments: tuple[str | Path, ...]
    seconds: float
    steps: dict[str, int]  # how often each thing happens at which it can be killed
    end: dict[str, str]  # the catalog's digests
    names: frozenset[tuple[str, ...]]


# ---------------------------------------------------------------------------- lives


@pytest.fixture(scope="session")
def lives(indexed, tmp_path_factory):
    """Each command's uninterrupted life, on one library."""
    folder = tmp_path_factory.mktemp("lives")
    (folder / "home").mkdir()
    mediafs = type(indexed.mediafs)(folder / "home")
    library = folder / "library"
    make_library.make(library, files=90, size=(160, 120))
    enlarge(library)
    old, new, last = (folder / name for name in ("old", "new", "last"))
    old.mkdir()
    bring_back(old / "catalog.db")
    lived(mediafs, folder / "made", None, "index", library)
    shutil.copytree(folder / "made", new)
    change(library)
    found = {
        "index": lived(mediafs, folder / "index", None, "index", library),
        "reindex": lived(mediafs, folder / "reindex", new, "reindex"),
        "migrate": lived(mediafs, folder / "migrate", old, "index", library),
    }
    shutil.copytree(folder / "reindex", last)
    export = library / "Downloads/IMG_0001.JPG"
    found["decide"] = lived(mediafs, folder / "decide", last, "decide", export, "--original")
    yield found
    mediafs.close()


def lived(mediafs, folder, before, *arguments):
    """One whole life in this folder."""
    catalog = born(folder, before)
    told = folder.with_suffix(".json")
    begun = time.monotonic()
    ran = mediafs(
        *arguments, *silence(arguments), catalog=catalog, code=None,
        command=(*MORTAL, "none", "0", str(told)),
    )  # fmt: skip
    seconds = time.monotonic() - begun
    assert ran.code in WELL, ran.err
    steps = json.loads(told.read_text())
    return Life(before, arguments, seconds, steps, whole(catalog), names(catalog))


def silence(arguments):
    """`decide` has no progress to leave out."""
    return () if arguments[0] == "decide" else ("-q",)


def born(folder, before):
    """A catalog as it was before; the path of the new copy."""
    if before is None:
        folder.mkdir()
    else:
        shutil.copytree(before, folder)
    return folder / "catalog.db"


def enlarge(library):
    """A few files that take a moment: to read, to decode, to compare."""
    noise = np.random.default_rng(SEED)
    (library / "Large").mkdir()
    for number in range(3):
        small = noise.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize((2400, 1800), Image.Resampling.BICUBIC)
        picture.save(library / f"Large/IMG_{number}.jpg", quality=95)
    (library / "Large/film.mov").write_bytes(noise.bytes(24 << 20))


def change(library):
    """What happens to a library between two runs: moves, losses, other bytes, new files."""
    (library / "Camera").rename(library / "Canon")
    shutil.rmtree(library / "Names")
    (library / "Galaxy/20210623_145059.mp4").unlink()
    shutil.copy(library / "Bulk/0000/IMG_0001.JPG", library / "Pictures/holiday.webp")
    (library / "Bulk/0000/IMG_0000.JPG").rename(library / "Downloads/moved.jpg")
    make_library.bulk(library / "Later", 20, seed=7)


def bring_back(catalog):
    """A catalog of version 1, as that version left it."""
    dump = Path(__file__).parents[1] / "old" / "catalog-1.sql"
    db = sqlite3.connect(catalog)
    db.execute("PRAGMA journal_mode=WAL").fetchall()
    db.executescript(dump.read_text("utf-8"))
    db.close()


# ---------------------------------------------------------------------------- ends


def whole(catalog):
    """The catalog's digests; every invariant must hold."""
    db = open_reader(catalog)
    try:
        assert [f.invariant.name for f in check(db) if not f.holds] == []
        return digests(db)
    finally:
        db.close()


def names(catalog):
    """Every name that was given out, and to whom."""
    db = open_reader(catalog.with_name("decisions.db"), DECISIONS)
    try:
        return frozenset((n.directory, n.name, n.holder) for n in given_names(db))
    finally:
        db.close()


def read(catalog):
    """How many files' bytes are known; 0 where there is no catalog yet."""
    if not catalog.exists():
        return 0
    db = open_reader(catalog)
    try:
        return db.execute("SELECT count(*) FROM file WHERE content_id IS NOT NULL").get
    finally:
        db.close()


def killed(mediafs, life, catalog, way, part, left_over, wait):
    """Run and kill, at this part of its life; whether it died before its end."""
    last = max(1, round(part * life.steps.get(way, 0)))
    how = {} if way == "time" else {"command": (*MORTAL, way, str(last), os.devnull)}
    process = mediafs.start(*life.arguments, *silence(life.arguments), catalog=catalog, **how)
    try:
        process.wait(part * life.seconds if way == "time" else None)
    except subprocess.TimeoutExpired:
        process.kill()
    ran = mediafs.finish(process)
    # Orphans are given the time that an ExifTool of theirs may take to start.
    wait(lambda: not left_over(mediafs.home), "workers and ExifTools have ended by themselves")
    assert ran.code in (-signal.SIGKILL, *WELL), ran.err
    return ran.code == -signal.SIGKILL


# ---------------------------------------------------------------------------- what must hold


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_run_leaves_a_good_catalog_and_ends_the_same(
    mediafs, lives, tmp_path, left_over, wait, number
):
    rng = random.Random(f"{SEED} {number}")
    life = lives[COMMANDS[number % len(COMMANDS)]]
    way = rng.choice(WAYS)
    catalog = born(tmp_path / "killed", life.before)
    part = rng.random()
    print(f"{life.arguments[0]} killed at {part:.3f} of its {way}")
    for _ in range(rng.choice((1, 1, 2, 3))):
        killed(mediafs, life, catalog, way, part, left_over, wait)
        if catalog.exists():
            checked = mediafs("check", catalog=catalog, code=None)
            is_old_still = life is lives["migrate"] and checked.code == CatalogTooOld.exit_code
            assert checked.code == 0 or is_old_still, checked.err
    ran = mediafs(*life.arguments, *silence(life.arguments), catalog=catalog, code=None)

    assert ran.code in WELL, ran.err
    assert whole(catalog) == life.end
    assert names(catalog) == life.names
    assert mediafs("reindex", "--json", catalog=catalog).json["opened"] == 0
    assert whole(catalog) == life.end


def test_a_run_that_is_always_killed_early_ends_at_last(mediafs, lives, tmp_path, left_over, wait):
    life, catalog = lives["index"], born(tmp_path / "killed", None)
    looked = 45  # steps before the first file is read: folders, and a phase for each stage
    known = [0]
    while killed(
        mediafs, life, catalog, "progress", (looked + 25) / life.steps["progress"], left_over, wait
    ):
        known.append(read(catalog))
        assert known[-1] > known[-2], known

    assert len(known) > 2
    assert whole(catalog) == life.end


# What follows from the files that are there; what was there before may differ in its history.
DERIVED = ("shot", "member", "evidence", "vote", "clue", "capture")


def test_what_a_killed_run_left_does_not_mislead_the_next_after_a_change(
    mediafs, make_photos, tmp_path, left_over, wait
):
    rng = random.Random(SEED)
    for number in range(max(2, KILLS // 10)):
        photos = make_photos(f"photos-{number}")
        photos.many(40)
        for second, name in enumerate(("a.jpg", "old/b.jpg", "old/deep/c.jpg", "lost.jpg")):
            photos.jpeg(name, f"2019-07-14 16:02:1{second}.48")
        photos.put("copy.jpg", photos.jpeg("d.jpg").read_bytes())
        life = lived(mediafs, tmp_path / f"whole-{number}", None, "index", photos.folder)
        catalog = born(tmp_path / f"killed-{number}", None)
        assert killed(mediafs, life, catalog, "write", 0.98 * rng.random(), left_over, wait)
        (photos.folder / "old").rename(photos.folder / "new")
        (photos.folder / "lost.jpg").unlink()
        photos.jpeg("a.jpg", "2020-02-02 02:02:02")
        photos.jpeg("late.jpg", "2019-07-14 16:02:12.00")
        mediafs("index", "-q", photos.folder, catalog=catalog)
        fresh = lived(mediafs, tmp_path / f"fresh-{number}", None, "index", photos.folder)

        found = whole(catalog)
        assert {part: found[part] for part in DERIVED} == {
            part: fresh.end[part] for part in DERIVED
        }


def test_a_run_that_is_killed_at_once_leaves_no_half_catalog(mediafs, lives, tmp_path):
    life = lives["index"]
    for write in (1, 2, 3, 5, 9, 30):
        catalog = born(tmp_path / str(write), None)
        mediafs(
            *life.arguments, catalog=catalog, code=-signal.SIGKILL,
            command=(*MORTAL, "write", str(write), os.devnull),
        )  # fmt: skip
        said = mediafs("status", catalog=catalog, code=None)

        assert said.code in (0, 10), said.err


def test_a_word_is_kept_or_was_never_said(mediafs, lives, tmp_path):
    life = lives["decide"]
    before = whole(life.before / "catalog.db")
    for number, part in enumerate((0.01, 0.5, 0.99)):
        catalog = born(tmp_path / str(number), life.before)
        write = str(max(1, round(part * life.steps["write"])))
        mediafs(
            *life.arguments, catalog=catalog, code=-signal.SIGKILL,
            command=(*MORTAL, "write", write, os.devnull),
        )  # fmt: skip
        said = mediafs("decide", "--list", catalog=catalog).out
        mediafs("reindex", "-q", catalog=catalog, code=None)

        assert whole(catalog) == (life.end if "Downloads/IMG_0001.JPG" in said else before)
