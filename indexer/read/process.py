"""One worker process and its three pipes: start, ask, wait with a limit, end.

Knows nothing of photographs; what is asked and what an end means is pool.py.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.read.messages import LENGTH_BYTES, BadMessage, packed, stated_length, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

_PIPE_BYTES: Final = 65536
# A process that was killed inside a dead network share cannot be waited for. Others end at once.
_FAREWELL_SECONDS: Final = 0.5
# How soon a wait notices that it was called off. A worker inside a dead share keeps its end of
# the pipe open even when it was killed, so nothing else would tell.
_NOTICE_SECONDS: Final = 0.1
# A pool that uses every processor with workers gains nothing from threads inside libraries,
# and each of OpenBLAS's takes 32 MB of the worker's addresses.
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Killed, and still there: kept, because they can be waited for once their disk answers.
_abandoned: list[subprocess.Popen[bytes]] = []


class SilentError(Exception):
    """The worker said nothing for as long as it was given."""


class GoneError(Exception):
    """The worker ended, or spoke no message of ours."""


class CalledOff(Exception):
    """Another thread called `call_off`."""


class WorkerProcess:
    """A running worker. After SilentError or GoneError only `kill` makes sense.

    One thread uses it; `call_off` alone may be called by another.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._stderr, theirs = os.pipe()
        try:
            # Nobody waits for stderr: what does not fit into the pipe is lost, not waited for.
            os.set_blocking(theirs, False)
            os.set_blocking(self._stderr, False)
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=theirs,
                bufsize=0,
                env=_environment(),
                process_group=0,  # Ctrl-C in the terminal is for the parent alone
            )
        except BaseException:
            os.close(self._stderr)
            raise
        finally:
            os.close(theirs)
        self._received = bytearray()
        self._called_off = threading.Event()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_abandoned(self) -> bool:
        """Killed, and yet it has not ended: it stands inside a dead disk or share."""
        return self._process in _abandoned

    def send(self, message: object) -> None:
        """Ask; a request is far smaller than the pipe, so this does not block."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(packed(message))
        except BrokenPipeError:
            raise GoneError from None

    def receive(self, seconds: float) -> object:
        """The next message; SilentError after that many seconds without a whole one."""
        deadline = time.monotonic() + seconds
        try:
            length = stated_length(self._take(LENGTH_BYTES, deadline))
            return unpacked(self._take(length, deadline))
        except BadMessage as failure:
            raise GoneError from failure

    def call_off(self) -> None:
        """Kill it, from whatever thread: who waits for it gets CalledOff."""
        self._called_off.set()
        self._process.kill()

    def kill(self) -> str:
        """End it now, by its own pid, and tell how it had ended before that, if it had.

        It only reads, so there is nothing to say goodbye for.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its pipe closes a moment before the process can be waited for.
            self._process.wait(0.0 if self._process.poll() is not None else 0.05)
        code = self._process.poll()
        self.close()
        return "killed" if code is None else _ending(code)

    def close(self) -> None:
        """End it now and let go of its pipes."""
        self._process.kill()
        try:
            self._process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            log.debug("worker %d does not end; its disk may have gone", self.pid)
            _abandoned.append(self._process)
        self._drain()
        os.close(self._stderr)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _take(self, length: int, deadline: float) -> bytes:
        while len(self._received) < length:
            self._fill(deadline)
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    def _fill(self, deadline: float) -> None:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        while not poll.poll(1000 * max(0.0, min(_NOTICE_SECONDS, deadline - time.monotonic()))):
            if self._called_off.is_set():
                raise CalledOff
            if time.monotonic() >= deadline:
                raise SilentError
        chunk = os.read(fd, _PIPE_BYTES)
        if not chunk:
            raise CalledOff if self._called_off.is_set() else GoneError
        self._received += chunk
        self._drain()

    def _drain(self) -> None:
        """Take away what libraries printed; nobody asked for it, a developer may."""
        with contextlib.suppress(BlockingIOError):
            if said := os.read(self._stderr, _PIPE_BYTES):
                log.debug("worker %d printed %r", self.pid, said[-1000:])


def _environment() -> dict[str, str]:
    """Ours, with the packages we ourselves came from: a worker must find the same code."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths)}


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {-code}, {signal.Signals(-code).name}"
    return f"signal {-code}"
