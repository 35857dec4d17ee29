"""Read files again, several at once from each disk, and compare their digests.

A lane is one disk with its files in their order and as many readers as suit it; the threads
only wait for the reading workers. A file is read from the disk and not from memory, and once
more where it does not agree, to tell a bad disk from a bad cable.
"""

from __future__ import annotations

import errno
import os
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from indexer.read.messages import FailureKind, ReadRequest
from indexer.read.pool import Reader, Statistics
from indexer.read.process import CalledOff
from indexer.read.threads import wait_ended
from indexer.source import open_beneath, open_root
from indexer.verify.finding import Finding, What

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.catalog.verify import Stored
    from indexer.verify.finding import Counts, Job

# Linux's schedulers take a process's priority at the disk from this as well.
NICENESS: Final = 10
_FAREWELL_SECONDS: Final = 1.0
_IDLE_SECONDS: Final = 1.0  # how long the caller waits before it is asked to do other things
# A path that is a link or a folder now holds other things than were indexed.
_REPLACED: Final = frozenset({errno.ELOOP, errno.EINVAL, errno.EISDIR})
_VANISHED: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ESTALE})
_FAILURES: Final = {
    FailureKind.VANISHED: What.VANISHED,
    FailureKind.CHANGED: What.CHANGED,
    FailureKind.SILENT: What.SILENT,
    FailureKind.GIVEN_UP: What.SILENT,
}


class Lane:
    """One disk: whose turn it is, and the readers that take them."""

    def __init__(self, jobs: Iterator[Job], streams: int, done: queue.SimpleQueue[_Done]) -> None:
        self._jobs = jobs
        self._todo: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done = done
        self.under_way = 0
        self.readers = [Reader(niceness=NICENESS) for _ in range(streams)]
        self._threads = [
            threading.Thread(target=self._work, args=(reader,), daemon=True)
            for reader in self.readers
        ]
        for thread in self._threads:
            thread.start()

    def fill(self) -> None:
        """Give each reader a file, and one ahead."""
        while self.under_way < 2 * len(self.readers):
            job = next(self._jobs, None)
            if job is None:
                return
            self.under_way += 1
            self._todo.put(job)

    def call_off(self) -> None:
        """Have every reader leave the file it is at."""
        for reader in self.readers:
            reader.call_off()
            self._todo.put(None)

    def wait(self) -> None:
        """Until the readers ended, which one inside a dead share may not."""
        wait_ended(self._threads, _FAREWELL_SECONDS)

    def _work(self, reader: Reader) -> None:
        try:
            while (job := self._todo.get()) is not None:
                self._done.put((self, compared(reader, job)))
        except CalledOff:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that waits
            self._done.put((self, exc))
        finally:
            reader.close()


_Done = tuple[Lane, Finding | BaseException]


class Lanes:
    """Every disk at once; a context manager that ends all reading within a moment."""

    def __init__(self, disks: Sequence[tuple[Iterator[Job], int]], counts: Counts) -> None:
        self._counts = counts
        self._done: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        self._lanes = [Lane(jobs, streams, self._done) for jobs, streams in disks]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._count()
        for lane in self._lanes:
            lane.call_off()
        for lane in self._lanes:
            lane.wait()

    def findings(self) -> Iterator[Finding | None]:
        """Every job's finding as it comes, and None when a second went by without one."""
        while True:
            for lane in self._lanes:
                lane.fill()
            if not any(lane.under_way for lane in self._lanes):
                return
            try:
                lane, finding = self._done.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                yield None
                continue
            self._count()
            lane.under_way -= 1
            if isinstance(finding, BaseException):
                raise finding
            yield finding

    def _readers(self) -> Iterator[Reader]:
        return (reader for lane in self._lanes for reader in lane.readers)

    def _count(self) -> None:
        done = sum((reader.statistics() for reader in self._readers()), Statistics())
        self._counts.opened, self._counts.bytes_read = done.opened, done.bytes_read


def compared(reader: Reader, job: Job) -> Finding:
    """Read a file again, and where it does not agree once more."""
    first = _read(reader, job.file)
    if isinstance(first, _Failed):
        return Finding(job, first.what, first.says)
    if first == job.file.blake3:
        return Finding(job, What.AGREES)
    second = _read(reader, job.file)
    if isinstance(second, _Failed):
        return Finding(job, second.what, second.says)
    if second == job.file.blake3:
        return Finding(job, What.UNSTEADY)
    return Finding(job, What.ROTTEN, is_steady=first == second)


@dataclass(frozen=True, slots=True)
class _Failed:
    what: What
    says: str


def _read(reader: Reader, file: Stored) -> bytes | _Failed:
    """The digest of what the disk, not the memory, holds now."""
    failed = _leave_the_page_cache(file)
    if failed is not None:
        return failed
    request = ReadRequest(
        file.root_path, file.path, file.stamp, decode=False,
        has_stable_inodes=file.stamp.inode is not None,
    )  # fmt: skip
    outcome = reader.read(request)
    if outcome.reading is not None:
        return outcome.reading.blake3
    kind = outcome.failure or FailureKind.UNREADABLE
    return _Failed(_FAILURES.get(kind, What.UNREADABLE), outcome.says or "reading failed")


def _leave_the_page_cache(file: Stored) -> _Failed | None:
    """Have the kernel forget the file's bytes: a digest of the memory says nothing of the disk."""
    if not hasattr(os, "posix_fadvise"):
        return None
    try:
        root_fd = open_root(file.root_path)
    except OSError as exc:
        return _Failed(What.SILENT, exc.strerror or str(exc))
    try:
        fd = open_beneath(root_fd, file.path)
    except OSError as exc:
        return _Failed(_what(exc), exc.strerror or str(exc))
    finally:
        os.close(root_fd)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
    return None


def _what(exc: OSError) -> What:
    if exc.errno in _REPLACED:
        return What.CHANGED
    return What.VANISHED if exc.errno in _VANISHED else What.UNREADABLE
