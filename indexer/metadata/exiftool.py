"""The long-lived ExifTool process: start it, ask it about files, survive its hangs and deaths.

Leaves what the answers mean to tags.py, and which files to ask about to the pipeline.

The protocol is pyexiftool's. Three things are ours, because pyexiftool 0.5.6 cannot do them:
starting ExifTool with an environment and out of Ctrl-C's reach, noticing that it died, and
framing: every file is a command of its own (`-execute7` answers `{ready7}`) inside one request,
so an answer belongs to its question by number, and a request that broke off in the middle
keeps every answer it had. On 214 files of all kinds that cost nothing measurable.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import exiftool.exiftool as pyexiftool
from exiftool.exceptions import ExifToolVersionError

from indexer.errors import ExifToolMissing
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

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

# A request must fit into what the kernel holds for us (a socket, 208 KiB by default) and its
# complaints into a pipe (64 KiB), or both sides wait for each other. Otherwise arbitrary.
_REQUEST_BYTES: Final = 16 * 1024
_FRAMING_BYTES: Final = 40  # "-echo4", "{said123}", "-execute123" and their newlines

_TAME_SUFFIX: Final = re.compile(rb"\.[A-Za-z0-9]{1,8}\Z")
_TAIL: Final = 64  # longer than any sentinel with its newline


# A killed process is gone at once, unless it stands inside a disk or share that has died.
_FAREWELL_SECONDS: Final = 0.5
_NOTICE_SECONDS: Final = 0.1  # how soon a wait notices that it was called off


@dataclass(frozen=True, slots=True)
class Answer:
    """What ExifTool said about one file: its JSON object, or why there is none."""

    raw: dict[str, object] | None
    failure: str | None
    is_late: bool = False  # it never said anything: the file is bad, or its disk has gone


class CalledOff(Exception):
    """Another thread called `call_off`."""


class ExifToolSession:
    """One ExifTool process; `with ExifToolSession() as session: session.ask(paths)`.

    One session belongs to one thread at a time; `call_off` alone may be called by another.
    `ask` blocks, at worst about twice `seconds_per_file` for each file that makes ExifTool hang.
    Raises ExifToolMissing when ExifTool cannot be started, or started again.
    """

    def __init__(self, executable: str | None = None, *, seconds_per_file: float = 20.0) -> None:
        self.requests = 0  # batches sent, retries included
        self.restarts = 0
        self._executable = _find(executable)
        self._seconds = seconds_per_file
        self._tool: _Tool | None = None
        self._called_off = threading.Event()

    def __enter__(self) -> Self:
        self._tool = _start(self._executable)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the process now rather than with the first question; harmless when it runs."""
        self._running_tool()

    def close(self) -> None:
        """End the process; harmless when it has ended already."""
        tool, self._tool = self._tool, None
        if tool is not None:
            tool.end()

    def call_off(self) -> None:
        """From another thread: whoever asks, now or later, gets CalledOff within a moment."""
        self._called_off.set()

    def ask(self, files: Sequence[bytes]) -> list[Answer]:
        """One answer per path, in order; any path, and none can be read as an option.

        A file that hangs or kills ExifTool gets a failure, all others their answer: after a
        mishap the first file without an answer is asked again alone, and only then blamed.
        """
        return list(self.answers(files))

    def answers(self, files: Sequence[bytes], *, are_plain: bool = False) -> Iterator[Answer]:
        """As `ask`, each as soon as its batch is through; who has heard enough may stop.

        `are_plain`: they were just read, as the regular files they are. Then this process does
        not look at them itself, which a share that has died meanwhile would never let it finish.
        """
        answered = 0
        alone = False
        while answered < len(files):
            batch = _first_batch(files[answered:], alone=alone)
            refusals = [None if are_plain else _refusal(path) for path in batch]
            got, mishap = self._request(batch, refusals)
            if mishap and alone and not got:
                got = [mishap]
                # Where one hung, its neighbours on a dead share would hang a whole batch again.
                mishap = mishap if mishap.is_late else None
            answered += len(got)
            alone = mishap is not None
            yield from got

    def _request(
        self, batch: Sequence[bytes], refusals: Sequence[str | None]
    ) -> tuple[list[Answer], Answer | None]:
        """Answers up to where ExifTool broke off, and what happened there."""
        wanted = [path for path, refusal in zip(batch, refusals, strict=True) if refusal is None]
        found: list[Answer] = []
        mishap = None
        if wanted:
            with _tame_names(wanted) as names:
                found, mishap = self._exchange(names)
        return _merged(refusals, found), mishap

    def _exchange(self, names: Sequence[bytes]) -> tuple[list[Answer], Answer | None]:
        tool = self._running_tool()
        self.requests += 1
        try:
            with _waiting(self._seconds, self._called_off):
                output, complaints = tool.request(names)
        except (_Ended, OSError, ValueError, ExifToolVersionError) as exc:
            self.close()
            output = exc.output if isinstance(exc, _Ended) else b""
            return _answers(output, None, len(names)), _mishap(tool, exc, self._seconds)
        except BaseException:
            # Ctrl-C: the answers still to come must not be taken for those of the next request.
            self.close()
            raise
        return _answers(output, complaints, len(names)), None

    def _running_tool(self) -> _Tool:
        if self._called_off.is_set():
            raise CalledOff
        if self._tool is None:
            self._tool = _start(self._executable)
            self.restarts += 1
        return self._tool


def version(executable: str | None = None) -> str:
    """The version of the ExifTool that a session would use; raises ExifToolMissing."""
    tool = _start(_find(executable))
    tool.end()
    return tool.found_version


def _find(executable: str | None) -> str:
    """The script as a path: argument, MEDIAFS_EXIFTOOL, PATH."""
    wanted = executable or os.environ.get(VARIABLE) or "exiftool"
    # pyexiftool would prefer a file called "exiftool" in the current folder to the one on PATH.
    found = shutil.which(wanted)
    if found is None:
        raise ExifToolMissing(
            f"ExifTool was not found, or cannot be run, as {display(wanted)}. {_GET_IT}"
        )
    return os.path.abspath(found)


def _start(executable: str) -> _Tool:
    """A running ExifTool that is new enough, or ExifToolMissing."""
    tool = _Tool(
        executable, common_args=list(_ARGUMENTS), config_file=str(_READ_ONLY), encoding="utf-8"
    )
    try:
        tool.run()
        with _waiting(_SECONDS_TO_START, threading.Event()):
            tool.read_version()
    except (_Ended, OSError, ValueError, ExifToolVersionError) as exc:
        tool.end()
        raise ExifToolMissing(
            f"{display(executable)} does not run or is no ExifTool we can use. {_GET_IT}"
        ) from exc
    except BaseException:
        tool.end()
        raise
    _check_version(tool, executable)
    return tool


def _check_version(tool: _Tool, executable: str) -> None:
    found = re.match(r"(\d+)\.(\d+)", tool.found_version)
    if found and (int(found[1]), int(found[2])) >= OLDEST:
        return
    tool.end()
    oldest = ".".join(map(str, OLDEST))
    says = display(tool.found_version[:20])
    raise ExifToolMissing(
        f"{display(executable)} is version {says!r}; mediafs needs {oldest}. {_GET_IT}"
    )


# --- the process -------------------------------------------------------------------------


class _Ended(Exception):
    """ExifTool closed its output; what it had said before."""

    def __init__(self, output: bytes) -> None:
        super().__init__(output)
        self.output = output


class _Late(_Ended):
    """ExifTool said nothing for as long as it was given."""


class _Wait(threading.local):
    """How long this thread waits for ExifTool's next word, and who may call that off."""

    seconds = _SECONDS_TO_START
    called_off = threading.Event()


_wait: Final = _Wait()


@contextmanager
def _waiting(seconds: float, called_off: threading.Event) -> Iterator[None]:
    """Inside, each read may take so long; pyexiftool has no way to hand that down."""
    _wait.seconds, _wait.called_off = seconds, called_off
    try:
        yield
    finally:
        del _wait.seconds, _wait.called_off


def _read_until(fd: int, ending: bytes, _block_size: int) -> bytes:
    """Read until the output ends with the sentinel; raises _Ended when ExifTool is gone.

    The limit is on each silence, and ExifTool speaks after each file: a long batch from a slow
    share is not a hang. It is not killed by a timer, because killing does not close the pipe of
    a process that stands inside a dead share.
    """
    got = bytearray()
    while not got[-_TAIL:].rstrip().endswith(ending):
        if not _has_more(fd):
            raise _Late(bytes(got))
        chunk = os.read(fd, 65536)
        if not chunk:
            raise _Ended(bytes(got))
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


class _Tool(pyexiftool.ExifTool):  # type: ignore[misc]  # untyped
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


def _mishap(tool: _Tool, failure: Exception, seconds: float) -> Answer:
    if isinstance(failure, _Late):
        return Answer(None, f"ExifTool did not answer within {seconds:g} s", is_late=True)
    return Answer(None, f"ExifTool died (exit status {tool.exit_status})")


# --- questions ---------------------------------------------------------------------------


def _first_batch(files: Sequence[bytes], *, alone: bool) -> Sequence[bytes]:
    """As many paths as fit into one request, at least one."""
    count, room = 1, _REQUEST_BYTES - len(files[0])
    while not alone and count < len(files):
        room -= len(files[count]) + _FRAMING_BYTES
        if room < 0:
            break
        count += 1
    return files[:count]


def _refusal(path: bytes) -> str | None:
    """Why this path is not asked about: a folder would be listed, a FIFO waited for."""
    try:
        mode = os.stat(path or b".").st_mode
    except (OSError, ValueError) as exc:
        return f"cannot be read: {getattr(exc, 'strerror', None) or exc}"
    return None if stat.S_ISREG(mode) else "is not a regular file"


@contextmanager
def _tame_names(paths: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The paths as lines that ExifTool's argument reader takes for one file name each.

    Starting with "/" or "./" they are no option, no comment, and lose no leading blank. Only a
    newline, or a carriage return at the end, cannot be written: #[CSTR] could, but in 12.57
    puts a backslash before "$" and "@". Such a file is asked through a link that keeps its
    extension, which /proc/<pid>/fd/<n> would lose.
    """
    if not any(_is_wild(path) for path in paths):
        yield [_anchored(path) for path in paths]
        return
    with tempfile.TemporaryDirectory(prefix="mediafs-") as folder:
        yield [
            _link(os.fsencode(folder), number, path) if _is_wild(path) else _anchored(path)
            for number, path in enumerate(paths)
        ]


def _is_wild(path: bytes) -> bool:
    return b"\n" in path or path.endswith(b"\r")


def _anchored(path: bytes) -> bytes:
    return path if path.startswith(b"/") else b"./" + path


def _link(folder: bytes, number: int, path: bytes) -> bytes:
    suffix = _TAME_SUFFIX.search(path)
    link = b"%s/%d%s" % (folder, number, suffix[0] if suffix else b"")
    os.symlink(os.path.abspath(path), link)
    return link


# --- answers -----------------------------------------------------------------------------


def _merged(refusals: Iterable[str | None], found: Sequence[Answer]) -> list[Answer]:
    """Refusals and answers in the order of the questions, up to the first unanswered one."""
    merged: list[Answer] = []
    rest = iter(found)
    for refusal in refusals:
        answer = next(rest, None) if refusal is None else Answer(None, refusal)
        if answer is None:
            break
        merged.append(answer)
    return merged


def _answers(output: bytes, complaints: bytes | None, asked: int) -> list[Answer]:
    """One answer per finished command; `complaints` is None when ExifTool broke off."""
    said = _frames(complaints or b"", b"{said%d}\n", asked)
    frames = _frames(output, b"{ready%d}\n", asked)
    if complaints is None:
        frames = frames[:-1]  # begun, not finished
    return [
        _answer(frame, said[number] if number < len(said) else b"")
        for number, frame in enumerate(frames)
    ]


def _frames(text: bytes, sentinel: bytes, count: int) -> list[bytes]:
    """What stands before each numbered sentinel, and the rest; values hold no raw newline."""
    frames: list[bytes] = []
    for number in range(count):
        frame, found, text = text.partition(sentinel % number)
        frames.append(frame)
        if not found:
            break
    return frames


def _answer(frame: bytes, complaint: bytes) -> Answer:
    try:
        objects = parse(frame) if frame.strip() else []
    except ValueError as exc:
        return Answer(None, f"ExifTool's answer is no JSON: {exc}")
    if len(objects) != 1:
        return Answer(None, _why_skipped(complaint))
    if objects[0].get("ExifTool:Error") == "Error opening file":
        return Answer(None, "ExifTool could not open the file")
    return Answer(objects[0], None)


def _why_skipped(complaint: bytes) -> str:
    lines = complaint.decode("utf-8", "surrogateescape").strip().splitlines()
    return f"ExifTool gave no answer ({display(lines[0])})" if lines else "ExifTool gave no answer"


def parse(text: bytes) -> list[dict[str, object]]:
    """The objects of one `exiftool -j` output; raises ValueError.

    Numbers keep their text (an ImageUniqueID of 12e5 is not 1200000), bytes that are no UTF-8
    become surrogates, and of equal keys the first counts: ExifTool prints the better one first.
    """
    try:
        objects = json.loads(
            text.decode("utf-8", "surrogateescape"),
            parse_int=str,
            parse_float=str,
            object_pairs_hook=_first_wins,
            strict=False,
        )
    except RecursionError as deep:
        raise ValueError("lists within lists without end") from deep
    if isinstance(objects, list) and all(isinstance(one, dict) for one in objects):
        return objects
    raise ValueError("not a list of objects")


def _first_wins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        found.setdefault(key, value)  # and the order stays: it is that of the file
    return found
