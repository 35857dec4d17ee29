"""Hostile files before the real worker and the real ExifTool: answered, in time, in little memory.

MEDIAFS_FUZZ=100 tries a hundred times as many spoiled files.
"""

from __future__ import annotations

import os
import random
import shutil

import pytest
from blake3 import blake3
from fuzz.hostile import SOUND, TRAPS, sound, spoiled, text_bomb, trap, without_a_size

from indexer.catalog import readings
from indexer.catalog.connection import open_writer
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json
from indexer.model import Damage
from indexer.read.messages import ReadRequest
from indexer.read.pool import Reader

TIMES = int(os.environ.get("MEDIAFS_FUZZ", "1"))
SEED = int(os.environ.get("MEDIAFS_FUZZ_SEED", "1"))

# What the libraries take and one decoded picture of these sizes; a trap that works takes more.
MOST_BYTES = 512 << 20
MOST_BYTES_OF_EXIFTOOL = 256 << 20


def peak(pid):
    """The most memory that a process ever held."""
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        [line] = [line for line in lines if line.startswith("VmHWM:")]
    return int(line.split()[1]) << 10


class Bench:
    """A folder, a worker that reads what is put there, and a catalog that takes what it says."""

    def __init__(self, folder):
        self.folder = folder
        self.reader = Reader()
        self.db = open_writer(folder / "catalog.db")
        self.db.execute("BEGIN")

    def read(self, data, name):
        (self.folder / name).write_bytes(data)
        outcome = self.reader.read(ReadRequest(os.fsencode(self.folder), os.fsencode(name)))
        assert outcome.reading is not None, outcome.says
        assert outcome.reading.blake3 == blake3(data).digest()
        readings.put_content(self.db, outcome.reading)
        return outcome.reading

    def close(self):
        self.reader.close()
        self.db.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_read_in_time_and_in_little_memory(bench, name):
    before = bench.reader.statistics()
    bench.read(trap(name), name)
    after = bench.reader.statistics()

    assert (after.crashed, after.timed_out) == (before.crashed, before.timed_out)
    assert peak(bench.reader._process.pid) < MOST_BYTES


# The film's own stream says how large it is, and that is true.
HUGE = [name for name in TRAPS if name.startswith("huge.") and name != "huge.mov"]


@pytest.mark.parametrize("name", HUGE)
def test_a_picture_that_claims_to_be_huge_is_named(bench, name):
    assert bench.read(trap(name), name).damage is not None


def test_a_picture_without_a_size_is_named(bench):
    reading = bench.read(without_a_size(), "a.heic")

    assert reading.damage is Damage.UNDECODABLE
    assert reading.picture is None


@pytest.mark.parametrize("name", SOUND)
def test_spoiled_files_are_read_and_a_sound_one_after_them_as_ever(bench, name):
    expected = bench.read(sound(name), name)
    assert expected.damage is None
    for number in range(6 * TIMES):
        bench.read(spoiled(sound(name), random.Random(f"{SEED} {name} {number}")), name)

    assert bench.read(sound(name), name) == expected
    assert peak(bench.reader._process.pid) < MOST_BYTES


def test_what_has_no_end_is_truncated(bench):
    for name in ("a.jpg", "a.heic", "a.png", "a.webp", "a.mov", "a.mp4"):
        data = sound(name)

        assert bench.read(data[: len(data) * 2 // 3], name).damage in {
            Damage.TRUNCATED, Damage.UNDECODABLE,
        }, name  # fmt: skip


# ---------------------------------------------------------------------------- ExifTool


@pytest.fixture(scope="module")
def exiftool():
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        pytest.skip("there is no ExifTool")
    with ExifToolSession() as session:
        yield session


def test_exiftool_answers_about_every_trap_in_little_memory(exiftool, tmp_path):
    paths = []
    for name in TRAPS:
        (tmp_path / name).write_bytes(trap(name))
        paths.append(os.fsencode(tmp_path / name))
    answers = exiftool.ask(paths)

    assert len(answers) == len(paths)
    assert exiftool.restarts == 0
    for answer in answers:
        assert (answer.raw is None) != (answer.failure is None)
        tags_from_json(answer.raw or {})
    assert peak(exiftool._tool._process.pid) < MOST_BYTES_OF_EXIFTOOL


def test_a_comment_without_end_costs_exiftool_one_file(exiftool, tmp_path):
    (tmp_path / "bomb.png").write_bytes(text_bomb(512))
    (tmp_path / "sound.jpg").write_bytes(sound("a.jpg"))
    paths = [os.fsencode(tmp_path / name) for name in ("bomb.png", "sound.jpg")]
    bomb, after = exiftool.ask(paths)

    assert bomb.failure is not None
    assert after.failure is None
    assert peak(exiftool._tool._process.pid) < 1 << 30
