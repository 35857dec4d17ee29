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
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from indexer.read.messages import (
    LENGTH_BYTES,
    Decode,
    FailureKind,
    Phase,
    Progress,
    ReadOutcome,
    ReadRequest,
    packed,
    stated_length,
    unpacked,
)
from indexer.read.once import CHUNK_BYTES, Decoders, TornRead, read_once, sample_at
from indexer.source import open_beneath, open_root, stamp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.model import Reading, Stamp

# Decoding 400 megapixels takes 1.2 GB and a copy; libraries map 1 GB of addresses by themselves.
ADDRESS_BYTES: Final = 4 * 1024**3
# Between signs of life in a long file. One of 30 s without any then means that not one MiB
# came: a share as slow as 100 kB/s is slow and not dead.
PROGRESS_SECONDS: Final = 0.5
# The parent ends a decoder that hangs. If the parent was killed nobody would: SIGALRM does.
_ORPHAN_SECONDS: Final = 600
_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
# What a disk says that was unplugged, a share whose server went, a FUSE server that died.
_SILENT: Final = frozenset(
    (
        *(errno.ENOTCONN, errno.ESHUTDOWN, errno.ECONNABORTED, errno.ECONNRESET, errno.ETIMEDOUT),
        *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
        *(errno.ENODEV, errno.ENXIO),
    )
)


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
    with contextlib.suppress(BrokenPipeError, _ParentGone):
        while True:
            request = _next(questions)
            assert isinstance(request, ReadRequest)
            answers.write(packed(_Attempt(request, questions, answers, decoders).outcome()))


class _ParentGone(Exception):
    """Stdin was closed: nobody waits for an answer."""


class _NoRoot(Exception):
    """The folder that was walked can't be opened any more."""


def _next(questions: BinaryIO) -> object:
    head = questions.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        raise _ParentGone
    return unpacked(questions.read(stated_length(head)))


def real_decoders() -> Decoders:
    """decode.py, loaded with the first file that is to be decoded: a fifth of a second."""
    from indexer.read import decode

    return decode


@dataclass(slots=True)
class _Attempt:
    """One request on its way; the counts stay right whatever happens."""

    request: ReadRequest
    questions: BinaryIO
    answers: BinaryIO
    decoders: Decoders | None
    opened: int = 0
    bytes_read: int = 0
    sampled: int = 0  # of these, bytes of head and tail
    told: float = 0.0  # when the last sign of life was given

    def outcome(self) -> ReadOutcome:
        try:
            return self._read()
        except TornRead as torn:
            return self._failed(FailureKind.CHANGED, str(torn))
        except _NoRoot as failure:
            return self._failed(FailureKind.SILENT, f"its root cannot be opened: {failure}")
        except OSError as failure:
            return self._failed(_kind(failure), failure.strerror or str(failure))
        except MemoryError:
            return self._failed(FailureKind.UNREADABLE, "reading it takes too much memory")

    def _read(self) -> ReadOutcome:
        fd = self._open()
        try:
            found = stamp_of(os.fstat(fd), has_stable_inodes=self.request.has_stable_inodes)
            if self.request.stamp not in (None, found):
                return self._failed(FailureKind.CHANGED, "it changed after it was listed")
            if (sample := self._sample(fd, found)) in self.request.samples:
                return ReadOutcome(self.opened, self.bytes_read, stamp=found, sample=sample)
            return self._done(found, self._reading(fd))
        finally:
            signal.alarm(0)
            os.close(fd)

    def _open(self) -> int:
        try:
            root_fd = open_root(self.request.root)
        except OSError as failure:
            raise _NoRoot(failure.strerror or str(failure)) from failure
        try:
            fd = open_beneath(root_fd, self.request.path)
        finally:
            os.close(root_fd)
        self.opened = 1
        self._tell(Phase.DIGEST)
        return fd

    def _sample(self, fd: int, stamp: Stamp) -> bytes | None:
        """The sample of head and tail where one is asked for; TornRead if the file changes."""
        if not self.request.samples:
            return None
        sample, self.sampled = sample_at(fd, stamp.size)
        self._count(0)
        if stamp_of(os.fstat(fd), has_stable_inodes=self.request.has_stable_inodes) != stamp:
            raise TornRead("size or times changed while the file was read")
        return sample

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
            on_held=self._held,
            on_passed=self._passed,
            on_decode=self._wait_to_decode,
        )

    def _passed(self) -> None:
        """Whatever takes long from here on is the file's fault and not its disk's."""
        self._tell(Phase.DECODE)

    def _wait_to_decode(self, room: int) -> None:
        self._tell(Phase.DECODE, room)
        word = _next(self.questions)
        assert isinstance(word, Decode)
        signal.alarm(_ORPHAN_SECONDS)

    def _held(self, room: int) -> None:
        # What was set aside for a small file is not worth a message.
        if not room and self.request.stamp and self.request.stamp.size > CHUNK_BYTES:
            self._tell(Phase.DIGEST, room)

    def _count(self, done: int) -> None:
        self.bytes_read = self.sampled + done
        if time.monotonic() - self.told >= PROGRESS_SECONDS:
            self._tell(Phase.DIGEST)

    def _tell(self, phase: Phase, room: int | None = None) -> None:
        self.told = time.monotonic()
        self.answers.write(packed(Progress(phase, self.opened, self.bytes_read, room)))

    def _done(self, stamp: Stamp, reading: Reading) -> ReadOutcome:
        return ReadOutcome(self.opened, self.bytes_read, stamp=stamp, reading=reading)

    def _failed(self, kind: FailureKind, says: str) -> ReadOutcome:
        return ReadOutcome(self.opened, self.bytes_read, failure=kind, says=says)


def _kind(failure: OSError) -> FailureKind:
    if failure.errno in _GONE:
        return FailureKind.VANISHED
    return FailureKind.SILENT if failure.errno in _SILENT else FailureKind.UNREADABLE


if __name__ == "__main__":
    main()
