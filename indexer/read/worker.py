"""The reading process: told one file after the other, it reads each once and answers.

Started by pool.py as `python -m indexer.read.worker`; speaks messages.py on stdin and stdout.
It is the process that may die of a photograph: limits on memory, no core file, no writing.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import resource
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from indexer.read.messages import (
    LENGTH_BYTES,
    FailureKind,
    Phase,
    Progress,
    ReadOutcome,
    ReadRequest,
    packed,
    stated_length,
    unpacked,
)
from indexer.read.once import Decoders, TornRead, read_once
from indexer.source import open_beneath, open_root, stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.model import Reading, Stamp

# Decoding 400 megapixels takes 1.2 GB and a copy; libraries map 1 GB of addresses by themselves.
ADDRESS_BYTES: Final = 4 * 1024**3
PROGRESS_BYTES: Final = 64 * 1024 * 1024  # half a second of a slow disk
# The parent ends a decoder that hangs. If the parent was killed nobody would: SIGALRM does.
_ORPHAN_SECONDS: Final = 600
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})


def main(arguments: Sequence[str] | None = None) -> None:
    """Set the limits, then serve until stdin is closed."""
    parser = argparse.ArgumentParser(prog="indexer.read.worker", description=__doc__)
    parser.add_argument("--nice", type=int, default=0, help="how much to step back for others")
    options = parser.parse_args(arguments)
    confine(options.nice)
    serve(None)


def confine(niceness: int = 0) -> None:
    """Give up what a reader does not need: memory without end, core files, writing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it closes our stdin
    os.nice(niceness)
    for limit, value in (
        (resource.RLIMIT_AS, ADDRESS_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def serve(decoders: Decoders | None) -> None:
    """Answer requests until stdin ends; None decodes with decode.py."""
    # Our pipe is kept apart: what a library prints to stdout must not break a message.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    with contextlib.suppress(BrokenPipeError):  # the parent has gone
        while request := _next_request(questions):
            answers.write(packed(_Attempt(request, answers, decoders).outcome()))


def _next_request(questions: BinaryIO) -> ReadRequest | None:
    head = questions.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    request = unpacked(questions.read(stated_length(head)))
    assert isinstance(request, ReadRequest)
    return request


def real_decoders() -> Decoders:
    """decode.py, loaded with the first file that is to be decoded: a fifth of a second."""
    from indexer.read import decode

    return decode


@dataclass(slots=True)
class _Attempt:
    """One request on its way; the counts stay right whatever happens."""

    request: ReadRequest
    answers: BinaryIO
    decoders: Decoders | None
    opened: int = 0
    bytes_read: int = 0

    def outcome(self) -> ReadOutcome:
        try:
            return self._read()
        except TornRead as torn:
            return self._failed(FailureKind.CHANGED, str(torn))
        except OSError as failure:
            gone = failure.errno in _GONE
            kind = FailureKind.VANISHED if gone else FailureKind.UNREADABLE
            return self._failed(kind, failure.strerror or str(failure))
        except MemoryError:
            return self._failed(FailureKind.UNREADABLE, "reading it takes too much memory")

    def _read(self) -> ReadOutcome:
        fd = self._open()
        try:
            found = stamp_of(os.fstat(fd), has_stable_inodes=self.request.has_stable_inodes)
            if self.request.stamp not in (None, found):
                return self._failed(FailureKind.CHANGED, "it changed after it was listed")
            return self._done(found, self._reading(fd))
        finally:
            signal.alarm(0)
            os.close(fd)

    def _open(self) -> int:
        root_fd = open_root(self.request.root)
        try:
            fd = open_beneath(root_fd, self.request.path)
        finally:
            os.close(root_fd)
        self.opened = 1
        self._tell(Phase.DIGEST)
        return fd

    def _reading(self, fd: int) -> Reading:
        decoders = self.decoders
        if self.request.decode and decoders is None:
            decoders = real_decoders()
        return read_once(
            fd,
            self.request.path.rpartition(b"/")[2],
            self.request.limits,
            decoders=decoders if self.request.decode else None,
            on_bytes=self._count,
            on_decode=self._decoding,
        )

    def _decoding(self) -> None:
        signal.alarm(_ORPHAN_SECONDS)
        self._tell(Phase.DECODE)

    def _count(self, done: int) -> None:
        told = self.bytes_read // PROGRESS_BYTES
        self.bytes_read = done
        if done // PROGRESS_BYTES > told:
            self._tell(Phase.DIGEST)

    def _tell(self, phase: Phase) -> None:
        self.answers.write(packed(Progress(phase, self.opened, self.bytes_read)))

    def _done(self, stamp: Stamp, reading: Reading) -> ReadOutcome:
        return ReadOutcome(self.opened, self.bytes_read, stamp=stamp, reading=reading)

    def _failed(self, kind: FailureKind, says: str) -> ReadOutcome:
        return ReadOutcome(self.opened, self.bytes_read, failure=kind, says=says)


if __name__ == "__main__":
    main()
