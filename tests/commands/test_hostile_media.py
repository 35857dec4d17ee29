"""A run over hostile files: it ends, names each bad one once, and the good beside them are right.

MEDIAFS_FUZZ=100 makes a hundred such runs, each over other files.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections import Counter

import pytest
from fuzz.hostile import SOUND, TRAPS, sound, spoiled, trap

from indexer.catalog import open_reader

TIMES = int(os.environ.get("MEDIAFS_FUZZ", "1"))
SEED = int(os.environ.get("MEDIAFS_FUZZ_SEED", "1"))
EACH = 5  # spoiled files of each format in one run
MOST_BYTES = 1 << 30  # of one process


def put_good(photos):
    for number in range(8):
        photos.jpeg(f"good/{number}.jpg", f"2019-07-14 16:02:{number:02}.48")
    for name in SOUND:
        photos.put(f"good/sound-{name}", sound(name))


_SAID = (
    "SELECT f.name, c.mime, c.kind, c.payload, c.pixels, c.width_px, c.duration_ms, c.damage, t.make,"
    " t.everything, p.phash FROM file f JOIN folder d USING (folder_id) JOIN content c"
    " USING (content_id) LEFT JOIN tags t USING (content_id) LEFT JOIN fingerprint p"
    " USING (content_id) WHERE d.path = x'676f6f64' ORDER BY f.name"
)


def said_of_good(catalog):
    """Facts and capture times of the good files."""
    db = open_reader(catalog)
    try:
        return db.execute(_SAID).fetchall()
    finally:
        db.close()


def dates_of_good(mediafs, catalog=None):
    return {
        shot["original"]: shot["captured"]["local"]
        for shot in mediafs.shots(catalog)
        if "/good/" in shot["original"] and "sound-" not in shot["original"]
    }


def finished(mediafs, process, left_over):
    """How the run ended, and the most memory that any of its processes held."""
    most, is_over = [0], threading.Event()

    def watch():
        while not is_over.wait(0.2):
            most[0] = max(most[0], *map(peak, left_over(mediafs.home)), 0)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        return mediafs.finish(process), most[0]
    finally:
        is_over.set()
        watching.join()


def peak(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as lines:
            return max(
                (int(line.split()[1]) << 10 for line in lines if line[:6] == "VmHWM:"), default=0
            )
    except OSError:  # it has ended
        return 0


def index_hostile(mediafs, photos, left_over):
    """One run over what is there; all that must hold of it."""
    alone, state = mediafs.home / "alone" / "catalog.db", photos.state()
    mediafs("index", "-q", photos.folder / "good", catalog=alone)
    ran, most = finished(mediafs, mediafs.start("index", "-q", "--json", photos.folder), left_over)

    assert ran.code == 2, ran.err
    named = Counter(line.split(" ", 1)[0] for line in ran.err.splitlines())
    assert set(named.values()) == {1}, named.most_common(3)
    assert not [path for path in named if "/good/" in path]
    assert ran.json["failed"] == len(named)
    assert ran.json["seen"] == len(photos.files())
    assert photos.state() == state
    good = open_good(alone)
    assert [row for row in said_of_good(mediafs.catalog) if row in good] == good
    assert dates_of_good(mediafs) == dates_of_good(mediafs, alone)
    assert most < MOST_BYTES
    return named


def open_good(alone):
    db = open_reader(alone)
    try:
        return db.execute(_SAID.replace("x'676f6f64'", "x''")).fetchall()
    finally:
        db.close()


def test_traps_cost_themselves_alone(mediafs, photos, left_over):
    put_good(photos)
    for name in TRAPS:
        photos.put(f"traps/{name}", trap(name))
    named = index_hostile(mediafs, photos, left_over)

    huge = {str(photos.folder / "traps" / name) for name in TRAPS if name.startswith("huge.")}
    assert huge - named.keys() <= {str(photos.folder / "traps/huge.mov")}
    assert mediafs.index()["opened"] == 0


@pytest.mark.parametrize("number", range(TIMES))
def test_spoiled_files_cost_themselves_alone(mediafs, photos, left_over, number):
    put_good(photos)
    for name in SOUND:
        for more in range(EACH):
            rng = random.Random(f"{SEED} run {number} {name} {more}")
            photos.put(f"spoiled/{more}-{name}", spoiled(sound(name), rng))
    index_hostile(mediafs, photos, left_over)


def test_the_damaged_files_of_others_cost_themselves_alone(mediafs, photos, left_over, corpus):
    put_good(photos)
    for path in sorted((corpus / "corrupt").rglob("*.*")):
        name = f"{path.parent.name}-{path.name}".replace(" ", "_")
        shutil.copyfile(path, photos.put(f"corrupt/{name}", b""))
    named = index_hostile(mediafs, photos, left_over)

    # Some of them are only hostile to one program or another, and whole to us.
    assert len(named) >= 8
