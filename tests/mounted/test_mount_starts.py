"""A mount that does not come to be: one sentence with the true cause, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer.errors import MediafsError, MountRefused
from mediafs.fuse.attach import alone
from mediafs.fuse.mount import mount_in_background, mounts, to_json
from mediafs.fuse.states import read_state

if TYPE_CHECKING:
    from collections.abc import Iterator


def waiting_at(mountpoint: Path) -> list[int]:
    """The processes that wait for their turn to mount there."""
    inode = mountpoint.stat().st_ino
    lines = [line.split() for line in Path("/proc/locks").read_text("ascii").splitlines()]
    return [
        int(fields[5])
        for fields in lines
        if fields[1:3] == ["->", "FLOCK"] and fields[6].endswith(f":{inode}")
    ]


class Asking:
    """Mounts asked for at the same time, each in a thread, and what each was told."""

    def __init__(self, library, count: int = 1) -> None:
        self.answers: list[int | MediafsError] = []
        self._options = library.options()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        try:
            self.answers.append(mount_in_background(self._options))
        except MediafsError as exc:
            self.answers.append(exc)

    def end(self) -> list[int | MediafsError]:
        for thread in self._threads:
            thread.join()
        return self.answers


@contextmanager
def held_up(library, count: int = 1) -> Iterator[tuple[Asking, list[int]]]:
    """Mounts that are all but made: who asked for them, and their processes."""
    library.publish()
    with alone(library.at):
        asking = Asking(library, count)
        library.wait(lambda: len(waiting_at(library.at)) == count, 30)
        yield asking, waiting_at(library.at)


def assert_nothing_is_left(library) -> None:
    assert not library.is_mounted()
    assert os.listdir(library.at) == []
    assert read_state(library.at) is None


# ---------------------------------------------------------------------------- two at once


def test_of_two_started_at_once_one_mounts_and_one_is_refused(library):
    with held_up(library, 2) as (asking, _):
        pass
    refused, pid = sorted(asking.end(), key=lambda answer: isinstance(answer, int))

    assert isinstance(refused, MountRefused)
    assert "is mounted already" in str(refused)
    [mount] = [mount for mount in mounts() if mount.mountpoint == library.at]
    assert mount.pid == pid
    library.unmount()
    assert_nothing_is_left(library)


# ---------------------------------------------------------------------------- ended before it began


@pytest.mark.parametrize(
    ("how", "why"),
    [(signal.SIGKILL, "ended (without a word"), (signal.SIGTERM, "was told to stop")],
)
def test_a_process_that_is_ended_before_the_tree_answers_leaves_nothing(library, how, why):
    with held_up(library) as (asking, [pid]):
        os.kill(pid, how)
        if how == signal.SIGKILL:
            library.wait(lambda: library.has_ended(pid))
    [refused] = asking.end()

    assert isinstance(refused, MountRefused)
    assert why in str(refused)
    library.wait(lambda: library.has_ended(pid))
    assert_nothing_is_left(library)


def test_when_nobody_waits_for_it_any_more_nothing_stays_mounted(library):
    library.publish()
    reading, writing = os.pipe()
    os.close(reading)
    # It has no folder for its log and keeps stderr, which ends with it.
    done = subprocess.run(
        [sys.executable, "-m", "mediafs.fuse.daemon", str(writing), to_json(library.options())],
        check=True, pass_fds=[writing], capture_output=True, timeout=60,
    )  # fmt: skip
    os.close(writing)

    assert b"ERROR Who asked for the mount went away" in done.stderr
    assert_nothing_is_left(library)


# ---------------------------------------------------------------------------- the cause is named


@pytest.mark.parametrize(
    "module", ["trio", "apsw"]
)  # imported after the daemon's log opens, before
def test_what_ends_the_process_is_in_the_sentence(library, tmp_path, monkeypatch, module):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{module}.py").write_text("raise RuntimeError('it is broken')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))

    with pytest.raises(MountRefused, match="RuntimeError: it is broken"):
        library.mount()

    assert "Traceback" in library.log
    assert_nothing_is_left(library)


def test_a_catalog_whose_first_index_has_not_ended_is_refused(library):
    with pytest.raises(MountRefused, match="has no tree yet"):
        mount_in_background(library.options())

    assert_nothing_is_left(library)
