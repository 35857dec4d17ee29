"""The engine: each file once, two stages, slow and dead shares, ExifTool on batches, an early end."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from can_mount import check_can_mount
from PIL import Image
from stubborn import Share

from indexer.catalog import facts
from indexer.catalog.connection import open_writer
from indexer.errors import ExifToolMissing, FuseMissing
from indexer.intake import Intake
from indexer.metadata.exiftool import Answer, ExifToolSession
from indexer.model import RootRole
from indexer.progress import Silent
from indexer.read import decode
from indexer.read.crew import Crew
from indexer.read.devices import Device, DeviceKind
from indexer.read.engine import Done, Engine, Job, Terms
from indexer.read.limits import DEFAULT_LIMITS
from indexer.read.messages import FailureKind, ReadOutcome, ReadRequest
from indexer.read.once import read_once
from indexer.read.pool import Reader, Statistics
from indexer.read.process import CalledOff
from indexer.read.schedule import SILENT_IN_A_ROW
from indexer.read.tagging import BATCH, Tagging
from indexer.run import Options, Run
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import Why
from indexer.scan.walk import walk

MB = 1024 * 1024
NETWORK = Device("share", DeviceKind.NETWORK)

pytestmark = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="ExifTool is not installed"
)


@pytest.fixture
def folder(tmp_path):
    """A folder of that many files of a few bytes, or of pictures."""
    names = itertools.count()

    def make(count=0, *, pictures=0):
        path = tmp_path / f"folder {next(names)}"
        path.mkdir()
        for number in range(count):
            (path / f"{number:03}.txt").write_text(f"{path} {number}\n")
        for number in range(pictures):
            (path / f"{number:03}.jpg").write_bytes(jpeg(number))
        return path

    return make


@pytest.fixture
def share(tmp_path):
    """Show a folder as a share that can be told to stand still."""
    made = []

    def mount(source):
        try:
            check_can_mount()
        except FuseMissing as exc:
            pytest.skip(str(exc))
        made.append(Share(source, tmp_path / f"share {len(made)}"))
        return made[-1]

    try:
        yield mount
    finally:
        for each in made:
            each.close()


def jpeg(seed):
    noise = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def jobs_of(path, root=1):
    found = walk(os.fsencode(path), compile_excludes(()))
    return [
        Job(root, os.fsencode(path), 1, folder.path, seen, Why.NEW, True)
        for folder in found
        for seen in folder.files
    ]


def crew(known=(), *, jobs=2, patience=3600.0, seconds=30.0, **options):
    return Crew(
        Terms(jobs=jobs, **options), lambda digest: digest in known,
        patience=patience, seconds=seconds,
    )  # fmt: skip


def name_of(done):
    return done.job.seen.name.decode()


def failures(done):
    return {name_of(each): each.outcome.failure for each in done}


# --- once ---


def test_each_file_is_opened_once_and_read_once(folder):
    path = folder(5, pictures=30)
    total = sum(file.stat().st_size for file in path.iterdir())

    with crew() as made:
        done = list(made.read_all(jobs_of(path)))
        counts = made.statistics()

    assert sorted(map(name_of, done)) == sorted(file.name for file in path.iterdir())
    assert (counts.opened, counts.bytes_read) == (35, total)
    assert (counts.crashed, counts.timed_out, counts.abandoned) == (0, 0, 0)


@pytest.mark.parametrize("jobs", [1, 3])
def test_exiftool_is_asked_once_a_batch_however_many_workers_there_are(folder, jobs):
    with crew(jobs=jobs) as made:
        done = list(made.read_all(jobs_of(folder(pictures=2 * BATCH + 1))))

    assert made.requests() == 3
    assert all(each.tags.raw["File:FileType"] == "JPEG" for each in done)


def test_exiftool_is_not_asked_about_what_is_known_or_no_medium(folder):
    path = folder(3, pictures=2)
    with crew() as made:
        known = {each.outcome.reading.blake3 for each in made.read_all(jobs_of(path))}
    with crew(known) as made:
        done = list(made.read_all(jobs_of(path)))

    assert made.requests() == 0
    assert [each.tags for each in done] == [None] * 5


def test_a_batch_that_stays_small_is_asked_all_the_same(folder, share):
    """One file is not read before the other's tags have come."""
    source = folder(pictures=2)
    held = share(source)
    held.hold("001.jpg")
    with crew(patience=0.0) as made:
        results = made.read_all(jobs_of(held.at))
        first = next(results)
        held.answer()
        rest = list(results)

    assert name_of(first) == "000.jpg"
    assert [name_of(each) for each in rest] == ["001.jpg"]


def test_no_job_starts_no_process():
    with crew() as made:
        assert list(made.read_all([])) == []

    assert made.statistics() == Statistics()


def test_no_more_workers_are_started_than_there_are_files(folder):
    with crew(jobs=8) as made:
        list(made.read_all(jobs_of(folder(1))))

    assert made.statistics().started == 1


def test_a_missing_exiftool_ends_the_run_before_it_begins():
    with pytest.raises(ExifToolMissing):
        crew(exiftool="/nowhere/exiftool")


def test_nothing_is_left_of_a_crew(folder):
    threads = threading.active_count()
    with crew() as made:
        list(made.read_all(jobs_of(folder(pictures=3))))
        pids = [reader._process.pid for reader in made._readers]

    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert threading.active_count() == threads


# --- several devices ---


def test_a_share_is_asked_for_several_files_at_once(folder, share):
    held = share(folder(12))
    for number in range(12):
        held.hold(f"{number:03}.txt")
    waited_for = []
    with crew(jobs=4) as made:
        results = made.read_all(jobs_of(held.at))
        reading = threading.Thread(target=lambda: waited_for.extend(results), daemon=True)
        reading.start()
        at_once = held.wait_for(NETWORK.streams)
        held.answer()
        reading.join(30)

    assert len(set(at_once)) == NETWORK.streams
    assert len(waited_for) == 12


def test_a_share_that_stands_still_does_not_keep_a_disk_waiting(folder, share):
    """Not one file of the share is read before all of the disk's are."""
    held = share(folder(6))
    for number in range(6):
        held.hold(f"{number:03}.txt")
    with crew() as made:
        results = made.read_all([*jobs_of(held.at, root=1), *jobs_of(folder(40), root=2)])
        first = [next(results).job.root for _ in range(40)]
        held.answer()
        rest = [each.job.root for each in results]

    assert first == [2] * 40
    assert rest == [1] * 6


def test_what_is_underway_is_told_while_nothing_comes(folder, share):
    held = share(folder(1))
    held.hold("000.txt")
    told = []

    def watch(files):
        told.extend(files)
        held.answer()

    with crew() as made:
        list(made.read_all(jobs_of(held.at), watch))

    assert {file.path for file in told} == {os.fsencode(held.at / "000.txt")}


# --- shares that die ---


def test_a_file_that_never_comes_is_given_up_and_the_rest_goes_on(folder, share):
    held = share(folder(8))
    held.hold("003.txt")
    with crew(seconds=5) as made:
        done = failures(made.read_all(jobs_of(held.at)))
        counts = made.statistics()

    assert done.pop("003.txt") is FailureKind.SILENT
    assert set(done.values()) == {None}
    assert (counts.timed_out, counts.abandoned) == (1, 1)


def test_a_share_that_is_dead_is_given_up_after_a_few_files(folder, share):
    held = share(folder(30))
    for number in range(30):
        held.hold(f"{number:03}.txt")
    alive = folder(5)
    with crew(seconds=5, readers=SILENT_IN_A_ROW) as made:
        done = list(made.read_all([*jobs_of(held.at, root=1), *jobs_of(alive, root=2)]))
        again = failures(made.read_all(jobs_of(held.at, root=1)))

    dead = [each.outcome.failure for each in done if each.job.root == 1]
    silent = dead.count(FailureKind.SILENT)
    assert SILENT_IN_A_ROW <= silent < 2 * SILENT_IN_A_ROW  # others had been begun meanwhile
    assert dead.count(FailureKind.GIVEN_UP) == 30 - silent
    assert {each.outcome.failure for each in done if each.job.root == 2} == {None}
    assert set(again.values()) == {FailureKind.GIVEN_UP}


def test_a_root_that_is_gone_is_given_up(folder):
    path = folder(20)
    jobs = jobs_of(path)
    shutil.rmtree(path)
    with crew(readers=1) as made:
        done = list(failures(made.read_all(jobs)).values())

    assert done.count(FailureKind.SILENT) == SILENT_IN_A_ROW
    assert done.count(FailureKind.GIVEN_UP) == 20 - SILENT_IN_A_ROW
    assert made.statistics().opened == 0


def test_a_share_that_dies_under_exiftool_leaves_files_to_be_read_again(folder, share):
    """The workers are through when it dies; without tags nothing is known for good."""
    held = share(folder(pictures=SILENT_IN_A_ROW + 2))
    alive = folder(pictures=2)
    jobs = [*jobs_of(held.at, root=1), *jobs_of(alive, root=2)]
    for job in jobs:
        held.hold(job.seen.name.decode())
    told, lost = [], set()
    session = ExifToolSession(seconds_per_file=1.5)
    tagging = Tagging([session], told.append, told.append, lost, lost.add)

    for job in jobs:
        tagging.put(job, ReadOutcome(1, 1, job.seen.stamp))
    tagging.flush()
    ended = tagging.join(60)
    session.close()

    assert ended
    assert lost == {1}
    assert {each.outcome.failure for each in told if each.job.root == 1} == {FailureKind.GIVEN_UP}
    assert [each.tags.raw is not None for each in told if each.job.root == 2] == [True] * 2


# --- memory ---


def test_a_long_film_is_streamed_and_never_held(tmp_path):
    film = tmp_path / "film.mov"
    film.write_bytes(
        b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + b"\0\0\0\1mdat" + (2**40).to_bytes(8, "big")
    )
    os.truncate(film, 512 * MB)
    [job] = jobs_of(tmp_path)

    with crew() as made:
        [done] = made.read_all([job])
        [reader] = made._readers
        status = Path(f"/proc/{reader._process.pid}/status").read_text("ascii")

    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
    assert done.outcome.bytes_read == 512 * MB
    assert peak < 256 * MB


def test_with_little_memory_large_pictures_wait_and_none_fails(folder):
    path = folder()
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 255, (700, 700, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path / f"{number}.png")

    with crew(jobs=4, memory=MB) as made:
        done = list(made.read_all(jobs_of(path)))

    assert {each.outcome.reading.damage for each in done} == {None}


# --- an early end ---


def test_what_was_read_is_still_told_after_a_stop(folder):
    with crew() as made:
        results = made.read_all(jobs_of(folder(2000, pictures=5)))
        first = [next(results) for _ in range(3)]
        results.close()
        kept = list(made.wind_up(5.0))
        counts = made.statistics()

    assert len(first) + len(kept) < 2005
    assert all(each.outcome.reading is not None for each in kept)
    assert len({name_of(each) for each in (*first, *kept)}) == len(first) + len(kept)
    assert len(first) + len(kept) <= counts.opened


def test_a_stop_does_not_wait_for_a_share_that_is_dead(folder, share):
    """It never answers in this test, not even when the readers are killed."""
    held = share(folder(4))
    for number in range(4):
        held.hold(f"{number:03}.txt")

    def interrupt(_):
        held.wait_for(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), crew() as made:
        list(made.read_all(jobs_of(held.at), interrupt))

    assert made.statistics().bytes_read == 0


# --- another engine ---


class InProcess:
    """Reads in this very process, from behind, and asks nobody about tags."""

    def __init__(self, terms, is_known):
        self.terms = terms
        self._read = Statistics()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def statistics(self):
        return self._read

    def wind_up(self, seconds):
        return iter(())

    def read_all(self, jobs, watch=None):
        for job in reversed(list(jobs)):
            fd = os.open(job.root_path + b"/" + job.path, os.O_RDONLY)
            try:
                reading = read_once(fd, job.seen.name, DEFAULT_LIMITS, decoders=decode)
            finally:
                os.close(fd)
            self._read += Statistics(opened=1, bytes_read=reading.size)
            outcome = ReadOutcome(1, reading.size, job.seen.stamp, reading)
            yield Done(job, outcome, Answer({"File:FileType": "JPEG"}, None))


def known_after(tmp_path, hire, path):
    """What the catalog knows when this engine has read."""
    db = open_writer(tmp_path / f"{hire.__name__}.db")
    try:
        run = Run(db, tmp_path / f"{hire.__name__}.db", Options(jobs=1), Silent())
        root = facts.add_root(
            db, host="here", path=os.fsencode(path), role=RootRole.LIBRARY, label=b"photos",
            excludes=(), freshness_days=None,
        )  # fmt: skip
        number = facts.put_folder(db, root, b"", "walked", None)
        jobs = [
            Job(root, os.fsencode(path), number, b"", seen, Why.NEW, True)
            for folder in walk(os.fsencode(path), compile_excludes(()))
            for seen in folder.files
        ]
        Intake(run, hire).read(jobs, lambda: None)
        rows = facts.known_files(db, number)
        return run.counts, {name: (row.stamp, row.state) for name, row in rows.items()}
    finally:
        db.close()


def test_nothing_above_the_engine_knows_how_files_are_read(tmp_path, folder):
    path = folder(2, pictures=4)

    other, by_other = known_after(tmp_path, InProcess, path)
    own, by_own = known_after(tmp_path, Crew, path)

    assert by_other == by_own
    assert (other.opened, other.bytes_read, other.new) == (own.opened, own.bytes_read, own.new)
    assert own.new == 6


def test_the_crew_is_an_engine():
    with crew() as made:
        engine: Engine = made

        assert list(engine.read_all([])) == []
        assert list(engine.wind_up(0.0)) == []


def test_ctrl_c_while_a_thread_begins_ends_the_crew_as_at_any_other_moment(folder, monkeypatch):
    started = []

    def interrupted(thread):
        started.append(thread)
        raise KeyboardInterrupt  # as start() does when the signal comes while it waits

    jobs = jobs_of(folder(3))
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), crew() as engine:
        list(engine.read_all(jobs))

    assert len(started) == 1


def test_a_reader_that_is_called_off_starts_nothing_more(folder):
    [job] = jobs_of(folder(1))
    reader = Reader()
    reader.call_off()

    with pytest.raises(CalledOff):
        reader.read(ReadRequest(job.root_path, job.path))

    assert reader.statistics().started == 0
