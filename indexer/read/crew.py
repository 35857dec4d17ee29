"""The engine of this machine: threads that wait for processes which read, decode and ask.

A thread takes a turn (schedule.py), has its worker read and decode the file (pool.py), and hands
the outcome to ExifTool (tagging.py) where its content is new. What comes out is not in order.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from indexer.metadata.exiftool import ExifToolSession
from indexer.model import Kind
from indexer.read.devices import Device, device_of
from indexer.read.engine import Done, Job, Terms
from indexer.read.limits import DEFAULT_LIMITS
from indexer.read.machine import memory_to_use, processors
from indexer.read.messages import FailureKind, ReadOutcome, ReadRequest
from indexer.read.pool import SECONDS, Reader, Statistics
from indexer.read.process import CalledOff
from indexer.read.schedule import Capacity, Schedule
from indexer.read.tagging import PATIENCE_SECONDS, Tagging
from indexer.read.threads import wait_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from indexer.model import RootId
    from indexer.progress import Underway

__all__ = ["Crew", "Done", "Job"]

# How often who watches is told, and how soon a thread is noticed that ought to be started.
_WATCH_SECONDS: Final = 0.2
_FAREWELL_SECONDS: Final = 1.0
# Outcomes that may wait for the writer, for each decoder. Arbitrary.
_UNWRITTEN: Final = 64


class Crew:
    """Reads files with processes of its own; a context manager that ends them all."""

    def __init__(
        self,
        terms: Terms,
        is_known: Callable[[bytes], bool],
        *,
        seconds: float = SECONDS,
        patience: float = PATIENCE_SECONDS,
        devices: Callable[[bytes, int], Device] = device_of,
    ) -> None:
        self._jobs = terms.jobs or processors()
        memory = terms.memory or memory_to_use()
        self._capacity = Capacity(self._jobs, memory, terms.readers, DEFAULT_LIMITS.whole_bytes)
        self._is_known = is_known
        self._seconds = seconds
        self._patience = patience
        self._devices = devices
        self._known_devices: dict[int, Device] = {}
        self._readers: list[Reader] = []
        self._tools = [ExifToolSession(terms.exiftool) for _ in range(self._jobs)]
        self._lost: set[RootId] = set()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._done: queue.Queue[Done | BaseException] = queue.Queue(_UNWRITTEN * self._jobs)
        self._left = 0  # jobs that have not come out yet
        self._unread = 0  # jobs that ExifTool may still be asked about
        self._counting = threading.Lock()
        self._schedule: Schedule | None = None
        self._tagging: Tagging | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._schedule is not None:
            self._schedule.stop()
        if self._tagging is not None:
            self._tagging.stop()
        for reader in self._readers:
            reader.call_off()
        for tool in self._tools:
            tool.call_off()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        has_ended = self._tagging is None or self._tagging.join(_FAREWELL_SECONDS)
        if (
            wait_ended(self._threads, deadline - time.monotonic()) and has_ended
        ):  # otherwise their processes are theirs, and go when we do
            for reader in self._readers:
                reader.close()
            for tool in self._tools:
                tool.close()

    def statistics(self) -> Statistics:
        """Opens and bytes so far."""
        return sum((reader.statistics() for reader in self._readers), Statistics())

    def requests(self) -> int:
        """How often an ExifTool was asked, for however many files at once."""
        return sum(tool.requests for tool in self._tools)

    def read_all(
        self, jobs: Iterable[Job], watch: Callable[[Sequence[Underway]], None] | None = None
    ) -> Iterator[Done]:
        """One Done for each job; an error of a thread is raised here."""
        wanted = list(jobs)
        todo = [job for job in wanted if job.root not in self._lost]
        yield from (_given_up(job) for job in wanted if job.root in self._lost)
        if not todo:
            return
        schedule = Schedule(todo, self._capacity, self._device, self._lost)
        self._tagging = Tagging(
            self._tools, self._give, self._give, self._lost, self._lose, self._patience
        )
        self._schedule, self._threads = schedule, []
        self._left = self._unread = len(todo)
        for _ in range(min(self._jobs, len(todo))):
            self._start(schedule)
        watched = time.monotonic()
        while self._left:
            yield from self._next(_WATCH_SECONDS)
            if len(self._threads) < schedule.most_workers and schedule.wants_a_worker():
                self._start(schedule)
            if watch is not None and time.monotonic() - watched >= _WATCH_SECONDS:
                watch(schedule.underway())
                watched = time.monotonic()
        self._tagging.join(_FAREWELL_SECONDS)

    def wind_up(self, seconds: float) -> Iterator[Done]:
        """Read no more: what is done already, and what ExifTool can still tell in that time."""
        if self._schedule is None or self._tagging is None:
            return
        self._schedule.stop()
        for reader in self._readers:
            reader.call_off()
        self._tagging.flush()
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._tagging.join(0) and self._done.empty():
                return
            with contextlib.suppress(queue.Empty):
                item = self._done.get(timeout=min(left, _WATCH_SECONDS / 4))
                if isinstance(item, BaseException):
                    return  # the run is over anyway
                yield item

    # ------------------------------------------------------------------ threads

    def _start(self, schedule: Schedule) -> None:
        number = len(self._threads)
        if number == len(self._readers):
            self._readers.append(Reader())
        thread = threading.Thread(
            target=self._work, args=(self._readers[number], schedule), daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _next(self, seconds: float) -> Iterator[Done]:
        try:
            item = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        if isinstance(item, BaseException):
            raise item
        self._left -= 1
        yield item

    def _give(self, item: Done | BaseException) -> None:
        self._put(self._done, item)

    def _put(self, to: queue.Queue[Done | BaseException], item: Done | BaseException) -> bool:
        """Whether there was room before the end was called."""
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                to.put(item, timeout=_WATCH_SECONDS)
                return True
        return False

    def _work(self, reader: Reader, schedule: Schedule) -> None:
        try:
            while (turn := schedule.take()) is not None:
                outcome = reader.read(_request(turn.job), self._seconds, turn)
                given_up = turn.end(outcome.failure)
                self._hand_on(turn.job, outcome)
                for job in given_up:
                    self._finish(_given_up(job))
        except CalledOff:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that waits
            self._give(exc)

    def _hand_on(self, job: Job, outcome: ReadOutcome) -> None:
        assert self._tagging is not None
        if self._needs_tags(outcome):
            self._tagging.put(job, outcome)
            self._count_read()
        else:
            self._finish(Done(job, outcome, None))

    def _finish(self, done: Done) -> None:
        self._give(done)
        self._count_read()

    def _count_read(self) -> None:
        """ExifTool need not wait for a full batch once the last file is read."""
        assert self._tagging is not None
        with self._counting:
            self._unread -= 1
            is_last = not self._unread
        if is_last:
            self._tagging.flush()

    def _lose(self, root: RootId) -> None:
        assert self._schedule is not None
        for job in self._schedule.lose(root):
            self._finish(_given_up(job))

    # ------------------------------------------------------------------ questions

    def _device(self, job: Job) -> Device:
        number = job.seen.device
        if number not in self._known_devices:
            path = job.root_path + b"/" + job.path
            self._known_devices[number] = self._devices(path, number)
        return self._known_devices[number]

    def _needs_tags(self, outcome: ReadOutcome) -> bool:
        reading = outcome.reading
        if reading is None or reading.kind is Kind.OTHER or reading.size == 0:
            return False
        return not self._is_known(reading.blake3)


def _request(job: Job) -> ReadRequest:
    return ReadRequest(
        job.root_path, job.path, job.seen.stamp, has_stable_inodes=job.stable_inodes,
        samples=tuple(carry.sample for carry in job.carries),
    )  # fmt: skip


def _given_up(job: Job) -> Done:
    says = "its root does not answer"
    return Done(job, ReadOutcome(0, 0, failure=FailureKind.GIVEN_UP, says=says), None)
