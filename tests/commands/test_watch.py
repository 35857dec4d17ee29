"""`mediafs watch`: what it notices, what it leaves alone, how it ends as a service.

What takes several runs is asked of impatient_watch.py, which is the same without the waiting.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import impatient_watch
import pytest
from stubborn import Share
from waiting import PATIENCE_SECONDS

from indexer.catalog import suspects
from indexer.catalog.connection import noting

SETTLE = "0.3"
STOPS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)


class Watch:
    """A process that watches, with what it says as it says it."""

    def __init__(self, process):
        self.process = process
        self.log: list[str] = []
        self.runs: list[dict] = []
        self._threads = [
            threading.Thread(target=self._read, args=(self.process.stderr, self.log.append)),
            threading.Thread(
                target=self._read,
                args=(self.process.stdout, lambda line: self.runs.append(json.loads(line))),
            ),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream, take):
        for line in stream:
            take(line.rstrip("\n"))

    def total(self, field):
        return sum(run[field] for run in list(self.runs))

    def says(self, text):
        return any(text in line for line in list(self.log))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE_SECONDS)
        for thread in self._threads:
            thread.join()
        assert not self.says("Traceback"), self.log
        return code


@pytest.fixture
def watch(mediafs):
    """Start the command."""
    made = []

    def start(*arguments, env=None):
        how = ("watch", "--json", "--settle", SETTLE, *arguments)
        made.append(Watch(mediafs.start(*how, env=env)))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.end()


@pytest.fixture
def watch_impatiently(mediafs):
    """Start the same without the waiting."""
    made = []

    def start(settle=SETTLE):
        program = (sys.executable, impatient_watch.__file__)
        process = mediafs.start(mediafs.catalog, settle, command=program, is_named=False)
        made.append(Watch(process))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.end()


@pytest.fixture
def watching(mediafs, photos, watch_impatiently, wait):
    """One photograph, indexed and watched; the first look is over."""
    photos.jpeg("first.jpg")
    mediafs.index(photos.folder)
    made = watch_impatiently()
    wait(lambda: made.runs, "the first look")
    return made


def names(mediafs):
    return {path.rpartition("/")[2] for path in mediafs.tree() if path.startswith("by-source/")}


def test_what_comes_moves_and_goes_is_in_the_tree_by_itself(mediafs, photos, watching, wait):
    part = photos.jpeg("film.jpg.crdownload")
    photos.jpeg("2019/later/second.jpg")
    photos.jpeg(b"2019/caf\xe9/third.jpg")
    wait(lambda: watching.total("new") == 2, "two new files, and not what is being downloaded")

    (photos.folder / "first.jpg").rename(photos.folder / "2019" / "renamed.jpg")
    part.rename(photos.folder / "film.jpg")
    wait(lambda: watching.total("moved") == 1, "a file that moved")
    wait(lambda: watching.total("new") == 3, "the finished download")

    (photos.folder / "2019" / "later" / "second.jpg").unlink()
    wait(
        lambda: watching.total("gone") == 2,
        "a file that is gone, besides the download's first name",
    )

    assert names(mediafs) == {"renamed.jpg", "third.jpg", "film.jpg"}
    assert watching.total("opened") == 3
    assert watching.says("Watching ")
    assert watching.says(" gone (generation ")


def test_roots_may_come_and_disks_may_go(mediafs, photos, watching, wait, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    mediafs.index(other)
    wait(lambda: watching.says(f"Watching {other}"), "the root that was added is watched")
    shutil.copy(photos.folder / "first.jpg", other / "copy.jpg")
    wait(lambda: watching.total("new") == 1, "its news")

    away = photos.folder.with_name("away")
    photos.folder.rename(away)
    wait(lambda: watching.says("went away"), "the first root is gone")
    wait(lambda: [str(photos.folder)] in [r["offline"] for r in watching.runs], "it is offline")
    assert names(mediafs) == {"first.jpg", "copy.jpg"}

    (away / "second.jpg").write_bytes((away / "first.jpg").read_bytes() + b"second")
    away.rename(photos.folder)
    wait(lambda: watching.total("new") == 2, "what came meanwhile")

    assert names(mediafs) == {"first.jpg", "second.jpg", "copy.jpg"}


@pytest.mark.skipif(sys.platform != "linux", reason="what is watched is asked of /proc")
def test_what_is_left_out_of_a_root_may_change(mediafs, photos, watching, wait):
    photos.jpeg("drafts/second.jpg")
    wait(lambda: watching.total("new") == 1, "a file that is not left out")
    folders = watched_folders(watching)

    mediafs.index(photos.folder, "--exclude", "drafts")
    wait(lambda: watched_folders(watching) == folders - 1, "its folder is not listened to")

    mediafs.index(photos.folder, "--exclude", "nothing of that name")
    wait(lambda: watched_folders(watching) == folders, "it is again")
    photos.jpeg("drafts/third.jpg")
    wait(lambda: watching.total("new") == 2, "what came in it")


def watched_folders(watching) -> int:
    """How many folders the kernel tells it of, as often as it does."""
    count, at = 0, Path(f"/proc/{watching.process.pid}/fdinfo")
    for handle in at.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            count += handle.read_text().count("inotify wd:")
    return count


def suspect_the_first(mediafs):
    """As a mount does that met a changed file."""
    with noting(mediafs.catalog) as db:
        (file,) = db.execute("SELECT min(file_id) FROM file").fetchone()
        suspects.note(db, {file: "changed"}, time.time_ns())


def test_others_who_write_the_catalog_are_waited_for_and_heard(mediafs, photos, watching, wait):
    with mediafs.catalog.with_name("catalog.db.lock").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        photos.jpeg("second.jpg")
        wait(lambda: watching.says("is writing the catalog"), "the watcher hears of the other")
        assert watching.total("new") == 0
    wait(lambda: watching.total("new") == 1, "the file, once the other is done")
    assert len([line for line in watching.log if "is writing the catalog" in line]) == 1
    assert not watching.says("trying again later")  # that is said of what failed

    runs = len(watching.runs)
    suspect_the_first(mediafs)
    wait(lambda: len(watching.runs) > runs, "a run because of it")


def test_a_file_that_is_being_written_is_left_alone_while_others_are_read(
    mediafs, photos, watch_impatiently, wait
):
    whole = photos.jpeg("whole.jpg").read_bytes()
    stop = threading.Event()
    mediafs.index(photos.folder)

    def write_on():
        with (photos.folder / "slow.jpg").open("wb") as file:
            while not stop.is_set():
                file.write(b"\0")
                file.flush()
                stop.wait(0.05)
            file.seek(0)
            file.truncate()
            file.write(whole + b"made whole")

    writing = threading.Thread(target=write_on)
    writing.start()
    watching = watch_impatiently(settle="1")
    try:
        wait(lambda: watching.total("unsettled"), "a look at the file that is not whole")
        photos.jpeg("other.jpg")
        wait(lambda: watching.total("new") == 1, "the file that is whole")
        assert watching.total("opened") == 1
    finally:
        stop.set()
        writing.join()
    wait(lambda: watching.total("new") == 2, "the file that became whole")

    assert (watching.total("failed"), watching.total("opened")) == (0, 2)
    assert watching.says("1 perhaps still being written")


def test_a_file_left_alone_is_looked_at_again_though_nobody_touches_it(
    mediafs, photos, watch_impatiently, wait
):
    photos.jpeg("first.jpg")
    mediafs.index(photos.folder)
    photos.jpeg("second.jpg")  # before anybody listens, and too late for the first look

    watching = watch_impatiently(settle="3")

    wait(lambda: watching.total("new") == 1, "the file that is whole by now")


@pytest.mark.mounted
def test_a_share_whose_changes_nobody_tells_is_looked_at_now_and_then(
    mediafs, photos, watch, wait, tmp_path
):
    first = photos.jpeg("first.jpg")
    share = Share(photos.folder, tmp_path / "share")
    try:
        mediafs.index(share.at)
        watching = watch("--every", "0.02")
        wait(lambda: watching.runs, "the first look")
        first.write_bytes(first.read_bytes() + b"more")  # behind the share's back
        wait(lambda: watching.total("changed") == 1, "the file that changed")

        assert watching.says("it is on fuse")
        assert watching.end() == 143
    finally:
        share.close()


@pytest.mark.mounted
def test_a_share_that_comes_into_a_root_is_looked_at_now_and_then(photos, watching, wait, tmp_path):
    (tmp_path / "far").mkdir()
    share = Share(tmp_path / "far", photos.folder / "nas")
    try:
        wait(lambda: watching.says("nas in it is on fuse"), "nobody tells of all its changes")
    finally:
        share.close()
    wait(
        lambda: sum(line.startswith("Watching ") for line in watching.log) >= 2,
        "they are told again",
    )


@pytest.mark.mounted
def test_a_share_that_goes_is_offline_at_once(mediafs, photos, watch_impatiently, wait, tmp_path):
    photos.jpeg("first.jpg")
    above, away = tmp_path / "above", tmp_path / "away"
    above.mkdir()
    share = Share(photos.folder, above / "share")
    try:
        mediafs.index(share.at)
        watching = watch_impatiently()
        wait(lambda: watching.runs, "the first look")

        above.rename(away)
        wait(lambda: watching.runs[-1]["offline"] == [str(share.at)], "it is offline")
        runs = len(watching.runs)
        suspect_the_first(mediafs)
        wait(lambda: len(watching.runs) > runs, "it is looked for again")

        assert watching.says("went away")
        assert len([line for line in watching.log if "if it is right as it is now" in line]) == 1
    finally:
        if away.exists():
            away.rename(above)
        share.close()


def test_a_service_tells_systemd_and_the_journal_what_they_want(mediafs, photos, watch, tmp_path):
    photos.jpeg("first.jpg")
    mediafs.index(photos.folder)
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(address))
        listening.settimeout(PATIENCE_SECONDS)
        watching = watch(env={"NOTIFY_SOCKET": str(address), "JOURNAL_STREAM": "1:2"})
        said = listening.recv(100)

    assert said == b"READY=1"
    assert watching.end(signal.SIGINT) == 130
    assert watching.log[-1] == "Stopped."  # without a time: the journal has its own


@STOPS
def test_a_stop_ends_a_run_too_and_leaves_nobody_behind(
    mediafs, photos, watch, wait, left_over, number, code
):
    mediafs.index(photos.folder)
    watching = watch()
    wait(lambda: watching.says("Watching "), "it listens")
    film = photos.put(
        "film.mov", b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + b"\0\0\0\1mdat\0\0\1" + bytes(5)
    )
    os.truncate(film, 1 << 40)
    wait(lambda: len(left_over(mediafs.home)) > 2, "the film is being read")

    assert watching.end(number) == code
    wait(lambda: not left_over(mediafs.home), "every process has ended")


# ---------------------------------------------------------------------------- refused


def test_a_catalog_that_is_not_there_is_said_so(mediafs):
    ran = mediafs("watch", code=10)

    assert "make one with `mediafs index FOLDER`" in ran.sentence


def test_a_folder_that_is_no_root_is_refused(mediafs, photos):
    photos.jpeg("first.jpg")
    mediafs.index(photos.folder)

    ran = mediafs("watch", "/tmp", code=40)

    assert "is no remembered root" in ran.sentence
