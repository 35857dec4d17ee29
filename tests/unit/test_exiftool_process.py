"""Which ExifTool is run, in which environment, and that it ends with us and is replaced."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fake_exiftool import failures, needs_exiftool

from indexer.errors import ExifToolMissing
from indexer.metadata import exiftool
from indexer.metadata.exiftool import ExifToolSession

CHECKOUT = Path(__file__).parents[2]


@needs_exiftool
def test_version_is_the_one_exiftool_prints():
    printed = subprocess.run(["exiftool", "-ver"], capture_output=True, text=True, check=True)

    assert exiftool.version() == printed.stdout.strip()


def test_the_variable_names_the_executable(fake_exiftool, monkeypatch):
    monkeypatch.setenv("MEDIAFS_EXIFTOOL", fake_exiftool(version="12.99"))

    assert exiftool.version() == "12.99"


def test_the_argument_beats_the_variable(fake_exiftool, monkeypatch):
    monkeypatch.setenv("MEDIAFS_EXIFTOOL", "/nowhere")

    assert exiftool.version(fake_exiftool(version="13.01")) == "13.01"


def test_a_missing_exiftool_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExifToolMissing, match="apt install libimage-exiftool-perl"):
        ExifToolSession()


def test_a_file_called_exiftool_in_this_folder_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "exiftool").write_text("#!/bin/sh\ntouch was-run\n")
    (tmp_path / "exiftool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExifToolMissing):
        ExifToolSession()


@pytest.mark.parametrize("version", ["12.10", "9.46", "nonsense", ""])
def test_an_old_exiftool_is_refused(fake_exiftool, version):
    with pytest.raises(ExifToolMissing, match=r"12\.15"):
        exiftool.version(fake_exiftool(version=version))


@pytest.mark.parametrize("other", ["true", "false", "cat"])
def test_another_program_is_no_exiftool(other):
    with pytest.raises(ExifToolMissing):
        exiftool.version(other)


@needs_exiftool
def test_the_users_environment_changes_nothing(touched, tmp_path, monkeypatch):
    (tmp_path / ".ExifTool_config").write_text("die 'configured';")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PERL_UNICODE", "SDA")
    monkeypatch.setenv("TZ", "America/New_York")
    with ExifToolSession() as session:
        assert failures(session.ask(touched(b"\xff.jpg", b"\xc3\xbc.jpg"))) == [None, None]


# ---------------------------------------------------------------------------- its end


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


@needs_exiftool
def test_the_real_exiftool_killed_between_requests_is_started_again(touched):
    with ExifToolSession() as session:
        session.ask(touched(b"a"))
        os.kill(children_of(os.getpid())[-1], signal.SIGKILL)

        assert failures(session.ask(touched(b"b", b"c"))) == [None, None]
        assert session.restarts == 1


@needs_exiftool
def test_the_real_exiftool_standing_still_is_replaced(touched):
    with ExifToolSession(seconds_per_file=1.0) as session:
        os.kill(children_of(os.getpid())[-1], signal.SIGSTOP)

        assert failures(session.ask(touched(b"a", b"b"))) == [None, None]
        assert session.restarts == 1


def test_closing_ends_the_process_and_its_threads(fake_exiftool, touched):
    before, threads = children_of(os.getpid()), threading.active_count()
    with ExifToolSession(fake_exiftool()) as session:
        session.ask(touched(b"a"))

    assert children_of(os.getpid()) == before
    assert threading.active_count() == threads


CHILD = """
import sys
from indexer.metadata.exiftool import ExifToolSession
with ExifToolSession(sys.argv[1]) as session:
    print("ready", flush=True)
    {then}
"""


def started(then, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(then=then), *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ends(pidfd):
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(10_000))


@needs_exiftool
def test_exiftool_does_not_outlive_us():
    with started("sys.stdin.read()", shutil.which("exiftool")) as child:
        child.stdout.readline()
        [tool] = children_of(child.pid)
        pidfd = os.pidfd_open(tool)
        child.kill()

        assert ends(pidfd)
        os.close(pidfd)


@needs_exiftool
def test_a_terminals_interrupt_reaches_us_first():
    with started("sys.stdin.read()", shutil.which("exiftool")) as child:
        child.stdout.readline()
        [tool] = children_of(child.pid)

        assert os.getpgid(tool) != os.getpgid(child.pid)
        child.stdin.close()


def test_an_interrupt_in_the_middle_ends_exiftool(fake_exiftool, touched, tmp_path):
    os.mkfifo(tmp_path / "told")
    script = fake_exiftool(on_hang=f"open({str(tmp_path / 'told')!r}, 'w').write(str(os.getpid()))")
    [path] = touched(b"hang")
    with started(f"session.ask([{path!r}])", script) as child:
        tool = int((tmp_path / "told").read_text(encoding="ascii"))
        pidfd = os.pidfd_open(tool)
        os.killpg(child.pid, signal.SIGINT)

        assert ends(pidfd)
        assert b"KeyboardInterrupt" in child.stderr.read()
        os.close(pidfd)
