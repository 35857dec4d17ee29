"""The long-lived ExifTool process: started, waited for, ended; its silences and its death.

The protocol is pyexiftool's. Two things are ours, because pyexiftool 0.5.6 cannot do them:
starting ExifTool with an environment and out of Ctrl-C's reach, and noticing that it died.
"""

from __future__ import annotations

import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import exiftool.exiftool as pyexiftool
from exiftool.exceptions import ExifToolVersionError

from indexer.errors import ExifToolMissing
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VARIABLE: Final = "MEDIAFS_EXIFTOOL"
OLDEST: Final = (12, 15)  # the first to report its status through -echo4, which pyexiftool needs

_GET_IT: Final = (
    "Install it (apt install libimage-exiftool-perl), or unpack the Perl distribution from "
    f"exiftool.org and set {VARIABLE} to its exiftool script."
)

# ExifTool's own CPU time on 214 files of all kinds, best of 12: plain 6.7 ms per file,
# -fast 6.6 (and it stops at the end of the picture, losing Samsung's trailer with its
# TimeStamp: not used), -fast2 4.9 (loses the maker notes: not used), -e 4.3 (no Composite:
# those are computed from tags we have). Leaving out ICC profiles and System, which is what
# stat() told already, makes the output a quarter smaller at no cost.
_ARGUMENTS: Final = (
    *("-j", "-G1", "-a", "-s", "-n", "-e"),
    *("-api", "LargeFileSupport=1"),
    *("--ICC_Profile:all", "--System:all"),
    # Computed only when asked for by name, from tables that are read anyway: no measurable time.
    # Naming anything prints tags in the order of the file instead of sorted by group, which is
    # how it shows whether JFIF or Exif stands first; the values of 214 files stayed the same.
    *("-all", "-JPEGDigest", "-JPEGQualityEstimate"),
)
# UTC, because ExifTool turns the Unix times of some maker notes into the process's zone.
# PERL_UNICODE would turn the bytes of names and values into characters.
_ENVIRONMENT: Final = {"TZ": "UTC", "LC_ALL": "C", "PERL_UNICODE": "0"}
# Its -config file: photographs are opened for reading alone, and leave no access time behind.
# It also keeps a config file of the user's out. Costs nothing that can be measured.
_READ_ONLY: Final = Path(__file__).with_name("read_only.pl")
# 40 MB is what it takes for photographs. Compressed text in a PNG of 500 kB made it hold 2 GB.
_ADDRESS_BYTES: Final = 1024**3
_SECONDS_TO_START: Final = 20.0  # 0.2 s on a quiet machine; arbitrary

_TAIL: Final = 64  # longer than any sentinel with its newline

# A killed process is gone at once, unless it stands inside a disk or share that has died.
_FAREWELL_SECONDS: Final = 0.5
_NOTICE_SECONDS: Final = 0.1  # how soon a wait notices that it was called off


class CalledOff(Exception):
    """Another thread called `call_off`."""


class Ended(Exception):
    """ExifTool closed its output; what it had said before."""

    def __init__(self, output: bytes) -> None:
        super().__init__(output)
        self.output = output


class Late(Ended):
    """ExifTool said nothing for as long as it was given."""


class _Wait(threading.local):
    """How long this thread waits for ExifTool's next word, and who may call that off."""

    seconds = _SECONDS_TO_START
    called_off = threading.Event()


_wait: Final = _Wait()


@contextmanager
def waiting(seconds: float, called_off: threading.Event) -> Iterator[None]:
    """Inside, each read may take so long; pyexiftool has no way to hand that down."""
    _wait.seconds, _wait.called_off = seconds, called_off
    try:
        yield
    finally:
        del _wait.seconds, _wait.called_off


def _read_until(fd: int, ending: bytes, _block_size: int) -> bytes:
    """Read until the output ends with the sentinel; raises Ended when ExifTool is gone.

    The limit is on each silence, and ExifTool speaks after each file: a long batch from a slow
    share is not a hang. It is not killed by a timer, because killing does not close the pipe of
    a process that stands inside a dead share.
    """
    got = bytearray()
    while not got[-_TAIL:].rstrip().endswith(ending):
        if not _has_more(fd):
            raise Late(bytes(got))
        chunk = os.read(fd, 65536)
        if not chunk:
            raise Ended(bytes(got))
        got += chunk
    return bytes(got)


def _has_more(fd: int) -> bool:
    """Wait for more; False when it took too long."""
    deadline = time.monotonic() + _wait.seconds
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while not poll.poll(1000 * max(0.0, min(_NOTICE_SECONDS, deadline - time.monotonic()))):
        if _wait.called_off.is_set():
            raise CalledOff
        if time.monotonic() >= deadline:
            return False
    return True


# pyexiftool 0.5.6 appends b"" for ever, at full speed, once ExifTool has died.
pyexiftool._read_fd_endswith = _read_until  # noqa: SLF001


class Tool(pyexiftool.ExifTool):  # type: ignore[misc]  # untyped
    """pyexiftool's process, started in our way and ended without ceremony."""

    def run(self) -> None:
        """Start ExifTool in its own process group, where a terminal's Ctrl-C doesn't reach it.

        pyexiftool's own run() forks Python code (unsafe beside threads) to have ExifTool killed
        when we are, and -stay_open polls a closed pipe for ever. A socket is told more: closed
        by our death while a byte lies unread in it, it gives ExifTool ECONNRESET, and it quits.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.send(b"\0")
            self._process = subprocess.Popen(
                [self.executable, *self._command()],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | _ENVIRONMENT,
                process_group=0,
            )
            if sys.platform == "linux":
                resource.prlimit(self._process.pid, resource.RLIMIT_AS, (_ADDRESS_BYTES,) * 2)
            self._process.stdin = ours.makefile("wb")

    @property
    def running(self) -> bool:
        """Started and not ended by us; pyexiftool's would warn of a death we handle ourselves."""
        return self._process is not None

    def _command(self) -> list[str]:
        listening = ["-config", self.config_file, "-stay_open", "True", "-@", "-"]
        return [*listening, "-common_args", *self.common_args]

    def read_version(self) -> None:
        """Ask for the version, which also proves that this is an ExifTool."""
        self.found_version = str(self.execute("-ver")).strip()

    def request(self, names: Sequence[bytes]) -> tuple[bytes, bytes]:
        """Send one command per name; its output and its complaints."""
        parameters: list[bytes] = []
        for number, name in enumerate(names[:-1]):
            parameters += [name, b"-echo4", b"{said%d}" % number, b"-execute%d" % number]
        output = self.execute(*parameters, names[-1], raw_bytes=True)
        return output, self.last_stderr

    def end(self) -> None:
        """Kill, reap and close; it only reads, so there is nothing to say goodbye for."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        try:
            self.exit_status = process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            _abandoned.append(process)
        _close_pipes(process)
        self._flag_running_false()


# Killed, and still there: kept, because they can be waited for once their disk answers.
_abandoned: list[subprocess.Popen[bytes]] = []


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):  # an unsent request in the buffer of a dead process
            if pipe is not None:
                pipe.close()


def find(executable: str | None) -> str:
    """The script as a path: argument, MEDIAFS_EXIFTOOL, PATH."""
    wanted = executable or os.environ.get(VARIABLE) or "exiftool"
    # pyexiftool would prefer a file called "exiftool" in the current folder to the one on PATH.
    found = shutil.which(wanted)
    if found is None:
        raise ExifToolMissing(
            f"ExifTool was not found, or cannot be run, as {display(wanted)}. {_GET_IT}"
        )
    return os.path.abspath(found)


def start(executable: str) -> Tool:
    """A running ExifTool that is new enough, or ExifToolMissing."""
    tool = Tool(
        executable, common_args=list(_ARGUMENTS), config_file=str(_READ_ONLY), encoding="utf-8"
    )
    try:
        tool.run()
        with waiting(_SECONDS_TO_START, threading.Event()):
            tool.read_version()
    except (Ended, OSError, ValueError, ExifToolVersionError) as exc:
        tool.end()
        raise ExifToolMissing(
            f"{display(executable)} does not run or is no ExifTool we can use. {_GET_IT}"
        ) from exc
    except BaseException:
        tool.end()
        raise
    _check_version(tool, executable)
    return tool


def _check_version(tool: Tool, executable: str) -> None:
    found = re.match(r"(\d+)\.(\d+)", tool.found_version)
    if found and (int(found[1]), int(found[2])) >= OLDEST:
        return
    tool.end()
    oldest = ".".join(map(str, OLDEST))
    says = display(tool.found_version[:20])
    raise ExifToolMissing(
        f"{display(executable)} is version {says!r}; mediafs needs {oldest}. {_GET_IT}"
    )
