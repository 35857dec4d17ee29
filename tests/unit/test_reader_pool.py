"""Worker processes: their answers, their deaths, and exact counts."""

from __future__ import annotations

import io
import logging
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

from indexer.model import Damage, Kind
from indexer.read.messages import (
    LENGTH_BYTES,
    BadMessage,
    Decode,
    FailureKind,
    Phase,
    Progress,
    ReadOutcome,
    ReadRequest,
    packed,
    unpacked,
)
from indexer.read.pool import WORKER, Reader
from indexer.read.process import WorkerProcess
from indexer.source import stamp_of

PACKAGES = Path(__file__).parents[2]


def open_handles():
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def jpeg(seed=1):
    rng = np.random.default_rng(seed)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def library(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def request(library, name, **options):
    return ReadRequest(os.fsencode(library), os.fsencode(name), **options)


def worker_with(tmp_path, body, before=""):
    """The real worker with a decoder that does this instead."""
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, signal, sys, threading
            from indexer.read.worker import confine, serve

            class Decoders:
                def decode_picture(self, data, sniffed, limits):
                    {body}
                decode_film = decode_picture

            {before}
            confine()
            serve(Decoders())
            """
        )
    )
    return (sys.executable, "-P", "-B", str(script))


SEGFAULT = "os.kill(os.getpid(), signal.SIGSEGV)"
HANG = "threading.Event().wait()"


def test_a_picture_is_read_in_another_process(library):
    data = jpeg()
    (library / "a.jpg").write_bytes(data)

    with Reader() as reader:
        outcome = reader.read(request(library, "a.jpg"))

    assert outcome.reading.blake3 == blake3(data).digest()
    assert outcome.reading.kind is Kind.PICTURE
    assert outcome.reading.picture.width == 64
    assert outcome.stamp == stamp_of((library / "a.jpg").stat())
    assert (outcome.opened, outcome.bytes_read) == (1, len(data))


def test_one_worker_reads_many_files_and_counts_exactly(library):
    for number in range(5):
        (library / f"{number}.jpg").write_bytes(jpeg(number))
    total = sum(path.stat().st_size for path in library.iterdir())

    with Reader() as reader:
        for number in range(5):
            reader.read(request(library, f"{number}.jpg"))
        counts = reader.statistics()

    assert (counts.opened, counts.bytes_read, counts.started) == (5, total, 1)
    assert (counts.crashed, counts.timed_out) == (0, 0)


def test_a_missing_file_has_vanished(library):
    with Reader() as reader:
        outcome = reader.read(request(library, "gone/a.jpg"))

    assert (outcome.failure, outcome.reading) == (FailureKind.VANISHED, None)
    assert (outcome.opened, outcome.bytes_read) == (0, 0)


def test_a_root_that_cannot_be_opened_is_silent_and_tells_nothing_about_its_files(library):
    with Reader() as reader:
        outcome = reader.read(request(library / "unplugged", "a.jpg"))

    assert (outcome.failure, outcome.opened) == (FailureKind.SILENT, 0)
    assert "No such file" in outcome.says


def test_a_link_is_unreadable(library):
    (library / "a.jpg").symlink_to("/etc/passwd")

    with Reader() as reader:
        outcome = reader.read(request(library, "a.jpg"))

    assert outcome.failure is FailureKind.UNREADABLE
    assert outcome.says


def test_a_file_that_is_not_the_one_listed_has_changed(library):
    (library / "a.jpg").write_bytes(jpeg())
    listed = stamp_of((library / "a.jpg").stat())
    os.utime(library / "a.jpg", ns=(0, 5))

    with Reader() as reader:
        outcome = reader.read(request(library, "a.jpg", stamp=listed))

    assert (outcome.failure, outcome.opened) == (FailureKind.CHANGED, 1)
    assert outcome.bytes_read == 0


def test_a_file_that_is_the_one_listed_is_read(library):
    (library / "a.jpg").write_bytes(jpeg())
    status = (library / "a.jpg").stat()
    listed = stamp_of(status, has_stable_inodes=False)

    with Reader() as reader:
        outcome = reader.read(request(library, "a.jpg", stamp=listed, has_stable_inodes=False))

    assert outcome.stamp == listed


def test_a_file_that_changes_while_it_is_read_is_said_to(library, tmp_path):
    path = library / "a.jpg"
    path.write_bytes(jpeg())
    command = worker_with(tmp_path, f"os.utime({str(path)!r}, ns=(0, 5))")

    with Reader(command=command) as reader:
        assert reader.read(request(library, "a.jpg")).failure is FailureKind.CHANGED


def test_a_crash_costs_one_file_its_picture_and_nothing_else(library, tmp_path):
    data = jpeg()
    (library / "a.jpg").write_bytes(data)
    (library / "b.txt").write_bytes(b"words\n")

    with Reader(command=worker_with(tmp_path, SEGFAULT)) as reader:
        crashed = reader.read(request(library, "a.jpg"))
        other = reader.read(request(library, "b.txt"))
        counts = reader.statistics()

    assert crashed.reading.blake3 == blake3(data).digest()
    assert crashed.reading.damage is Damage.UNDECODABLE
    assert crashed.reading.damage_says == "the decoder crashed (signal 11, SIGSEGV)"
    assert (crashed.opened, crashed.bytes_read) == (2, 2 * len(data))
    assert other.reading.damage is None
    assert (counts.started, counts.crashed, counts.opened) == (2, 1, 3)


def test_a_decoder_that_hangs_is_ended_in_time(library, tmp_path):
    (library / "a.jpg").write_bytes(jpeg())

    with Reader(command=worker_with(tmp_path, HANG)) as reader:
        # Enough for a cold worker to start; the first message counts too.
        outcome = reader.read(request(library, "a.jpg"), seconds=3)
        counts = reader.statistics()

    assert outcome.reading.damage is Damage.UNDECODABLE
    assert outcome.reading.damage_says == "decoding took over 3 s"
    assert (counts.timed_out, counts.crashed, counts.started) == (1, 0, 2)


def test_a_decoder_that_wants_too_much_memory_fails_alone(library, tmp_path):
    (library / "a.jpg").write_bytes(jpeg())
    (library / "b.txt").write_bytes(b"words\n")

    with Reader(command=worker_with(tmp_path, "bytearray(8 * 1024**3)")) as reader:
        outcome = reader.read(request(library, "a.jpg"))
        other = reader.read(request(library, "b.txt"))
        started = reader.statistics().started

    assert (outcome.failure, outcome.says) == (None, None)
    assert outcome.reading.damage is Damage.UNDECODABLE
    assert other.reading is not None
    assert started == 1


def test_a_worker_can_write_no_file(library, tmp_path):
    (library / "a.jpg").write_bytes(jpeg())
    target = tmp_path / "written"
    command = worker_with(tmp_path, f"f = open({str(target)!r}, 'wb', 0); f.write(b'x')")

    with Reader(command=command) as reader:
        outcome = reader.read(request(library, "a.jpg"))

    assert outcome.reading is None or outcome.reading.damage is not None
    assert target.read_bytes() == b""


def test_a_chatty_decoder_neither_blocks_nor_breaks_the_messages(library, tmp_path, capfd):
    (library / "a.jpg").write_bytes(jpeg())
    chatter = "[os.write(n, b'x' * 4096) for n in (1, 2)]; [print('warning', file=sys.stderr)]"

    with Reader(command=worker_with(tmp_path, chatter)) as reader:
        outcome = reader.read(request(library, "a.jpg"))

    assert outcome.reading.damage is None
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_dies_at_once_is_a_failure_and_no_loop(library):
    (library / "a.jpg").write_bytes(jpeg())

    with Reader(command=(sys.executable, "-c", "raise SystemExit(3)")) as reader:
        outcome = reader.read(request(library, "a.jpg"))

    assert outcome.failure is FailureKind.CRASHED
    assert "exit code 3" in outcome.says


def test_a_worker_that_answers_nonsense_is_ended(library):
    (library / "a.jpg").write_bytes(jpeg())
    nonsense = "import sys; sys.stdout.buffer.write(b'\\xff' * 100); sys.stdout.flush(); input()"

    with Reader(command=(sys.executable, "-c", nonsense)) as reader:
        assert reader.read(request(library, "a.jpg")).failure is FailureKind.CRASHED


def test_a_message_of_foreign_types_is_refused():
    with pytest.raises(BadMessage, match="system"):
        unpacked(pickle.dumps(os.system))


def test_a_message_comes_out_as_it_went_in():
    message = Progress(Phase.DECODE, 1, 5)

    assert unpacked(packed(message)[4:]) == message


def test_ctrl_c_does_not_reach_a_worker(library):
    (library / "a.jpg").write_bytes(jpeg())
    process = WorkerProcess(WORKER)
    process.send(request(library, "a.jpg"))
    assert isinstance(process.receive(30), Progress)  # it is up

    os.kill(process.pid, signal.SIGINT)
    while process.receive(30).room is None:
        pass
    process.send(Decode())

    assert process.receive(30).reading is not None
    assert os.getpgid(process.pid) != os.getpgid(0)
    process.close()


def test_a_worker_leaves_when_its_parent_does(library):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}

    ended = subprocess.run(
        WORKER, input=b"", capture_output=True, env=environment, timeout=30, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_a_closed_reader_leaves_no_process_and_no_handle(library):
    (library / "a.jpg").write_bytes(jpeg())
    before = open_handles()

    with Reader() as reader:
        reader.read(request(library, "a.jpg"))
        pid = reader._process.pid

    assert not Path(f"/proc/{pid}").exists()
    assert open_handles() == before


def test_a_crash_is_logged_once_with_path_and_cause(library, tmp_path, caplog):
    (library / "a\n.jpg").write_bytes(jpeg())

    with caplog.at_level(logging.INFO), Reader(command=worker_with(tmp_path, SEGFAULT)) as r:
        r.read(request(library, "a\n.jpg"))

    assert [record.getMessage() for record in caplog.records] == [
        "a\\n.jpg: the decoder crashed (signal 11, SIGSEGV)"
    ]


def test_a_message_names_no_function_to_call_but_our_own_types() -> None:
    """Early Pythons 3.11 pickle an enum's member as a call of getattr, which is refused."""
    outcome = ReadOutcome(1, 2, failure=FailureKind.VANISHED, says="gone")

    body = packed(outcome)[LENGTH_BYTES:]

    assert b"getattr" not in body
    assert unpacked(body) == outcome
