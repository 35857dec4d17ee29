"""The parent's side of reading: workers that may crash or hang, and a run that does not.

A Reader is one worker process and serves one thread at a time; crew.py has several. What a worker
does with a file is worker.py, its pipes are process.py, when it may begin is schedule.py.
A file that kills its worker, or keeps it too long in decoding, is asked again without: its digest
is known, its damage has a sentence.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol, Self

from indexer.model import Damage
from indexer.paths import display
from indexer.read.messages import (
    Decode,
    FailureKind,
    Phase,
    Progress,
    ReadOutcome,
    ReadRequest,
)
from indexer.read.process import CalledOff, GoneError, SilentError, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

# Far above every picture within the pixel limit; a disk silent for so long has gone.
SECONDS: Final = 30.0
# -P: a module lying in the current folder is not ours. -B: a reader writes nothing.
WORKER: Final = (sys.executable, "-P", "-B", "-m", "indexer.read.worker")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Exact counts since the start."""

    opened: int = 0  # source files, second attempts included
    bytes_read: int = 0  # by sequential passes
    started: int = 0  # worker processes
    crashed: int = 0
    timed_out: int = 0
    abandoned: int = 0  # of those: killed, but held by a disk or share that does not answer

    def __add__(self, other: Statistics) -> Statistics:
        return Statistics(
            opened=self.opened + other.opened,
            bytes_read=self.bytes_read + other.bytes_read,
            started=self.started + other.started,
            crashed=self.crashed + other.crashed,
            timed_out=self.timed_out + other.timed_out,
            abandoned=self.abandoned + other.abandoned,
        )


class _Died(Exception):
    """The worker is gone in the middle of a file; how far it was, and why."""

    def __init__(self, says: str, last: Progress, *, is_hang: bool) -> None:
        super().__init__(says)
        self.last = last
        self.is_hang = is_hang


class Gate(Protocol):
    """What hears how far a file is, and may make it wait."""

    def heard(self, progress: Progress) -> None:
        """A sign of life from the worker."""

    def wait_to_decode(self, room: int) -> None:
        """Return when decoding, which takes that much memory, may begin; or raise CalledOff."""


class _Open:
    """Nobody waits."""

    def heard(self, progress: Progress) -> None:
        pass

    def wait_to_decode(self, room: int) -> None:
        pass


_OPEN: Final = _Open()


class Reader:
    """One worker process, started when it is first needed and again after each death.

    One thread uses it; `call_off` alone may be called by another.
    """

    def __init__(self, *, command: Sequence[str] = WORKER, niceness: int = 0) -> None:
        self._command = (*command, "--nice", str(niceness)) if niceness else tuple(command)
        self._process: WorkerProcess | None = None
        self._is_called_off = False
        self._statistics = Statistics()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def statistics(self) -> Statistics:
        return self._statistics

    def read(
        self, request: ReadRequest, seconds: float = SECONDS, gate: Gate = _OPEN
    ) -> ReadOutcome:
        """Read one file; whatever the file does, there is an outcome.

        `seconds` limits decoding and, while hashing, the time until the next MiB has gone by.
        So a film of 60 GB may take its time and a dead disk may not. Raises CalledOff, and
        nothing else, when the reader is called off.
        """
        try:
            outcome = self._attempt(request, seconds, gate)
        except _Died as death:
            log.info("%s: %s", display(request.path), death)
            outcome = self._without_decoding(request, seconds, death)
        self._statistics += Statistics(opened=outcome.opened, bytes_read=outcome.bytes_read)
        return outcome

    def call_off(self) -> None:
        """End what it does now, and all it would do later; whatever thread asks for it."""
        self._is_called_off = True
        if (process := self._process) is not None:
            process.call_off()

    def close(self) -> None:
        """End the worker. The next `read` would start another."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _without_decoding(self, request: ReadRequest, seconds: float, death: _Died) -> ReadOutcome:
        if death.is_hang and death.last.phase is Phase.DIGEST:
            # The disk stands still and would again.
            return _counting(ReadOutcome(0, 0, None, None, FailureKind.SILENT, str(death)), death)
        try:
            outcome = self._attempt(replace(request, decode=False), seconds, _OPEN)
        except _Died as second:
            kind = FailureKind.SILENT if second.is_hang else FailureKind.CRASHED
            failed = ReadOutcome(0, 0, None, None, kind, str(second))
            return _counting(_counting(failed, second), death)
        return _counting(_marked(outcome, str(death)), death)

    def _attempt(self, request: ReadRequest, seconds: float, gate: Gate) -> ReadOutcome:
        """Ask once; _Died if the worker does not live to answer."""
        process = self._running()
        last = Progress(Phase.DIGEST, 0, 0)
        try:
            process.send(request)
            while isinstance(message := process.receive(seconds), Progress):
                last = message
                gate.heard(last)
                if last.phase is Phase.DECODE and last.room is not None:
                    gate.wait_to_decode(last.room)
                    process.send(Decode())
        except SilentError:
            self._end(timed_out=1)
            raise _Died(_overdue(last.phase, seconds), last, is_hang=True) from None
        except GoneError:
            ending = self._end(crashed=1)
            raise _Died(f"the decoder crashed ({ending})", last, is_hang=False) from None
        assert isinstance(message, ReadOutcome)
        return message

    def _running(self) -> WorkerProcess:
        if self._process is None and not self._is_called_off:
            self._process = WorkerProcess(self._command)
            self._statistics += Statistics(started=1)
        if self._process is None or self._is_called_off:
            raise CalledOff
        return self._process

    def _end(self, *, crashed: int = 0, timed_out: int = 0) -> str:
        assert self._process is not None
        process, self._process = self._process, None
        ending = process.kill()
        self._statistics += Statistics(
            crashed=crashed, timed_out=timed_out, abandoned=int(process.is_abandoned)
        )
        return ending


def _marked(outcome: ReadOutcome, says: str) -> ReadOutcome:
    """The digest that the second attempt gave, with what the first one died of."""
    if outcome.reading is None:
        return outcome
    reading = replace(outcome.reading, damage=Damage.UNDECODABLE, damage_says=says)
    return replace(outcome, reading=reading)


def _counting(outcome: ReadOutcome, death: _Died) -> ReadOutcome:
    """The outcome with what the dead worker had opened and read added to its counts."""
    return replace(
        outcome,
        opened=outcome.opened + death.last.opened,
        bytes_read=outcome.bytes_read + death.last.bytes_read,
    )


def _overdue(phase: Phase, seconds: float) -> str:
    if phase is Phase.DECODE:
        return f"decoding took over {seconds:g} s"
    return f"no bytes came for {seconds:g} s"
