"""Threads that read files: each with a reading worker and an ExifTool of its own.

A thread takes a batch, has each file read once, then asks ExifTool about those whose content
is new, while they are still in the page cache. The threads only wait; the work is done in
the processes. What comes out is not in order.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

from indexer.metadata.exiftool import Answer, ExifToolSession
from indexer.model import Kind
from indexer.paths import join
from indexer.read.messages import ReadOutcome, ReadRequest
from indexer.read.pool import Reader, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from indexer.model import FolderId, RootId
    from indexer.scan.skip import Why
    from indexer.scan.walk import SeenFile

T = TypeVar("T")

# ExifTool's cost of a request is spread over a batch (ORIGINALS 0); small enough that the
# files are still cached when it comes to them. Otherwise arbitrary.
_BATCH = 24


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read, where it stands, and the other names of the same file."""

    root: RootId
    root_path: bytes
    folder: FolderId
    folder_path: bytes
    seen: SeenFile
    why: Why
    stable_inodes: bool
    twins: tuple[tuple[FolderId, SeenFile, Why], ...] = ()  # hard links, read with it

    @property
    def path(self) -> bytes:
        """Relative to the root."""
        return join(self.folder_path, self.seen.name)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job."""

    job: Job
    outcome: ReadOutcome
    tags: Answer | None  # None: not asked, the content was known or is no media


class Crew:
    """`size` threads with their processes; a context manager that ends them all."""

    def __init__(self, size: int, is_known: Callable[[bytes], bool], exiftool: str | None) -> None:
        self._size = size
        self._is_known = is_known
        self._readers = [Reader() for _ in range(size)]
        self._tools = [ExifToolSession(exiftool) for _ in range(size)]
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for reader in self._readers:
            reader.close()
        for tool in self._tools:
            tool.close()

    def statistics(self) -> Statistics:
        """Opens and bytes so far."""
        return sum((reader.statistics() for reader in self._readers), Statistics())

    def read_all(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Every job's outcome; an error of a thread is raised here."""
        todo: queue.Queue[list[Job] | None] = queue.Queue(2 * self._size)
        done: queue.Queue[Done | BaseException | None] = queue.Queue(64 * self._size)
        threads = [
            threading.Thread(target=self._work, args=(i, todo, done), daemon=True)
            for i in range(self._size)
        ]
        feeder = threading.Thread(target=self._feed, args=(iter(jobs), todo), daemon=True)
        for thread in (*threads, feeder):
            thread.start()
        working = len(threads)
        while working:
            item = done.get()
            if item is None:
                working -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item

    def _feed(self, jobs: Iterator[Job], todo: queue.Queue[list[Job] | None]) -> None:
        while batch := list(islice(jobs, _BATCH)):
            if not self._put(todo, batch):
                return
        for _ in range(self._size):
            self._put(todo, None)

    def _put(self, to: queue.Queue[T], item: T) -> bool:
        """Whether there was room before the end was called."""
        while not self._stop.is_set():
            try:
                to.put(item, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def _work(
        self,
        number: int,
        todo: queue.Queue[list[Job] | None],
        done: queue.Queue[Done | BaseException | None],
    ) -> None:
        try:
            while (batch := self._get(todo)) is not None:
                for item in self._batch(number, batch):
                    if not self._put(done, item):
                        return
            self._put(done, None)
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that waits
            self._put(done, exc)

    def _get(self, todo: queue.Queue[list[Job] | None]) -> list[Job] | None:
        while not self._stop.is_set():
            try:
                return todo.get(timeout=0.2)
            except queue.Empty:
                continue
        return None

    def _batch(self, number: int, batch: Iterable[Job]) -> Iterator[Done]:
        read: list[tuple[Job, ReadOutcome]] = []
        for job in batch:
            if self._stop.is_set():
                return
            request = ReadRequest(
                job.root_path, job.path, job.seen.stamp, has_stable_inodes=job.stable_inodes
            )
            read.append((job, self._readers[number].read(request)))
        asked = [i for i, (_, outcome) in enumerate(read) if self._needs_tags(outcome)]
        paths = [join(read[i][0].root_path, read[i][0].path) for i in asked]
        answers = dict(zip(asked, self._tools[number].ask(paths), strict=True)) if paths else {}
        for i, (job, outcome) in enumerate(read):
            yield Done(job, outcome, answers.get(i))

    def _needs_tags(self, outcome: ReadOutcome) -> bool:
        reading = outcome.reading
        if reading is None or reading.kind is Kind.OTHER or reading.size == 0:
            return False
        return not self._is_known(reading.blake3)
