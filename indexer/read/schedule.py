"""Which file is read next, and when what was read may be decoded: two stages, each with limits.

Reading is limited for each device: one stream in order of the inodes from a disk with a head,
several from a share or a flash disk. Decoding is limited to `jobs` files. A file passes through
both in one worker, which holds its bytes in between: handing them from process to process would
cost more than hashing them. So there are more workers than decoders, and all that is scheduled
is who may begin; a device that is slow keeps its own streams waiting and nobody else's.

Memory has two halves, so that nobody waits for room while holding what another waits for: whole
files take from the first when they begin to be read, decoders from the second. A file that is
larger than a half goes alone.

Knows no processes; threads (crew.py) ask, wait here, and say when they are done.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from indexer.paths import join
from indexer.progress import Underway
from indexer.read.devices import Device, DeviceKind
from indexer.read.messages import FailureKind, Phase, Progress
from indexer.read.process import CalledOff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from indexer.model import RootId
    from indexer.read.engine import Job

# One unreadable file is a bad file; three in a row, each given half a minute, a dead share.
SILENT_IN_A_ROW: Final = 3
# What a worker takes to be of use, 0.3 s of a processor for its imports (measured on 12 MP JPEG):
# another is started when that much was lost for want of one.
WORTH_A_WORKER_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Capacity:
    """The limits of the two stages."""

    decoders: int  # files decoded at once
    memory: int  # bytes, for both halves
    streams: int = 0  # files read at once from each device; 0: what the device likes
    whole_bytes: int = 256 * 1024 * 1024  # larger files are never held, whatever they are


@dataclass(slots=True)
class _Lane:
    """The files of one device, in the order they are to be read, and its free streams."""

    free: int
    jobs: deque[Job] = field(default_factory=deque)


class Turn:
    """One file on its way through both stages. Its Gate."""

    def __init__(self, schedule: Schedule, job: Job, lane: _Lane, held: int) -> None:
        self.job = job
        self.held = held
        self.room = 0
        self.has_started = False  # the worker has said something
        self.bytes_read = 0
        self.begun = time.monotonic()
        self.lane: _Lane | None = lane  # None: its stream is free again
        self.is_decoding = False
        self._schedule = schedule

    def heard(self, progress: Progress) -> None:
        """A sign of life from the worker."""
        self._schedule.heard(self, progress)

    def wait_to_decode(self, room: int) -> None:
        """Return when it may be decoded; CalledOff when it may not be any more."""
        self._schedule.wait_to_decode(self, room)

    def end(self, failure: FailureKind | None = None) -> list[Job]:
        """Give back all it has. The jobs that are given up because this one failed."""
        return self._schedule.end(self, failure)


class Schedule:
    """Hands out turns to as many threads as ask."""

    def __init__(
        self,
        jobs: Iterable[Job],
        capacity: Capacity,
        device_of: Callable[[Job], Device],
        lost: set[RootId] | None = None,
    ) -> None:
        self._capacity = capacity
        self._half = capacity.memory // 2
        # Read ahead so much that a decoder which comes free finds something to do.
        self._ahead = max(1, capacity.decoders // 2)
        self._lost = set() if lost is None else lost
        self._silent: dict[RootId, int] = {}
        self._changed = threading.Condition()
        self._is_stopped = False
        self._lanes = deque(_lanes(jobs, device_of, capacity.streams))
        self.most_workers = capacity.decoders + sum(lane.free for lane in self._lanes)
        self._turns: dict[int, Turn] = {}
        self._queue: deque[Turn] = deque()  # read, and waiting to be decoded
        self._decoding = self._held = self._room = self._idle = 0
        self._wanting = 0.0
        self._looked = time.monotonic()

    # ------------------------------------------------------------------ for the threads

    def take(self) -> Turn | None:
        """The next file, when it may be read; None when there is none left."""
        with self._changed:
            self._idle += 1
            try:
                while not self._is_stopped and any(lane.jobs for lane in self._lanes):
                    if (turn := self.begin()) is not None:
                        return turn
                    self._changed.wait()
                return None
            finally:
                self._idle -= 1

    def begin(self) -> Turn | None:
        """The next file if it may be read now."""
        with self._changed:
            return self._begin()

    def heard(self, turn: Turn, progress: Progress) -> None:
        with self._changed:
            turn.has_started = True
            turn.bytes_read = progress.bytes_read
            if progress.phase is Phase.DECODE:
                self._free_stream(turn)
            elif progress.room is not None:
                self._held += progress.room - turn.held
                turn.held = progress.room
                self._changed.notify_all()

    def wait_to_decode(self, turn: Turn, room: int) -> None:
        with self._changed:
            self._free_stream(turn)
            self._queue.append(turn)
            self._changed.notify_all()
            # In order: a large picture waits for room, and nobody overtakes it for ever.
            while self._queue[0] is not turn or not self._may_decode(room):
                if self._is_stopped:
                    raise CalledOff
                self._changed.wait()
            self._queue.popleft()
            turn.is_decoding, turn.room = True, room
            self._decoding += 1
            self._room += room
            self._changed.notify_all()

    def end(self, turn: Turn, failure: FailureKind | None) -> list[Job]:
        with self._changed:
            self._free_stream(turn)
            del self._turns[id(turn)]
            self._decoding -= turn.is_decoding
            self._room -= turn.room
            self._held -= turn.held
            self._changed.notify_all()
            return self._judge(turn.job.root, failure)

    # ------------------------------------------------------------------ for who watches

    def stop(self) -> None:
        """Hand out nothing more; who waits is called off."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def wants_a_worker(self) -> bool:
        """Whether decoders stood still, for want of somebody who reads, long enough to matter."""
        with self._changed:
            now = time.monotonic()
            passed, self._looked = now - self._looked, now
            # Who has said nothing is starting, and will soon be of use.
            busy = self._decoding + sum(not turn.has_started for turn in self._turns.values())
            if self._idle or busy >= self._capacity.decoders or self._next_lane() is None:
                return False
            self._wanting += passed
            if self._wanting < WORTH_A_WORKER_SECONDS:
                return False
            self._wanting = 0.0
            return True

    def underway(self) -> Sequence[Underway]:
        """What is being read or decoded, the oldest first."""
        with self._changed:
            now = time.monotonic()
            return [
                Underway(join(turn.job.root_path, turn.job.path), now - turn.begun, turn.bytes_read)
                for turn in self._turns.values()
            ]

    def lose(self, root: RootId) -> list[Job]:
        """Nothing more is read from this root; the jobs that were waiting for it."""
        with self._changed:
            return self._lose(root)

    # ------------------------------------------------------------------ inside the lock

    def _begin(self) -> Turn | None:
        lane = self._next_lane()
        if lane is None:
            return None
        job = lane.jobs.popleft()
        turn = Turn(self, job, lane, self._hold(job))
        lane.free -= 1
        self._held += turn.held
        self._turns[id(turn)] = turn
        # The next turn is another device's, if another has one.
        self._lanes.remove(lane)
        self._lanes.append(lane)
        return turn

    def _next_lane(self) -> _Lane | None:
        if len(self._queue) >= self._ahead:
            return None  # decoders have enough to do
        lane = next((lane for lane in self._lanes if lane.free and lane.jobs), None)
        if lane is not None and self._held and self._held + self._hold(lane.jobs[0]) > self._half:
            return None  # nobody overtakes it, or it would wait for ever
        return lane

    def _hold(self, job: Job) -> int:
        """What a file may come to hold; the worker says if it does not."""
        size = job.seen.stamp.size
        return size if size <= self._capacity.whole_bytes else 0

    def _may_decode(self, room: int) -> bool:
        if not self._decoding:
            return True
        fits = self._room + room <= self._half
        return fits and self._decoding < self._capacity.decoders

    def _free_stream(self, turn: Turn) -> None:
        if turn.lane is not None:
            turn.lane.free += 1
            turn.lane = None
            self._changed.notify_all()

    def _judge(self, root: RootId, failure: FailureKind | None) -> list[Job]:
        if failure is not FailureKind.SILENT:
            self._silent[root] = 0
            return []
        self._silent[root] = self._silent.get(root, 0) + 1
        return self._lose(root) if self._silent[root] >= SILENT_IN_A_ROW else []

    def _lose(self, root: RootId) -> list[Job]:
        self._lost.add(root)
        dropped: list[Job] = []
        for lane in self._lanes:
            dropped += [job for job in lane.jobs if job.root == root]
            lane.jobs = deque(job for job in lane.jobs if job.root != root)
        self._changed.notify_all()
        return dropped


def _lanes(jobs: Iterable[Job], device_of: Callable[[Job], Device], streams: int) -> list[_Lane]:
    """The jobs by device: in the order they were found, or as they lie on a disk with a head."""
    found: dict[Device, list[Job]] = {}
    for job in jobs:
        found.setdefault(device_of(job), []).append(job)
    for device, waiting in found.items():
        if device.kind is DeviceKind.ROTATING:
            waiting.sort(key=lambda job: job.seen.stamp.inode or 0)
    return [_Lane(streams or device.streams, deque(jobs)) for device, jobs in found.items()]
