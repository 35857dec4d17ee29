"""ExifTools, asked about files that were just read, while those are still in the page cache.

Outcomes gather here from all workers and go to whichever ExifTool is free, a batch at a time.
One answers for several decoders (2 ms of its time for a JPEG of 12 MP, 34 ms of theirs), so
another is started only where batches pile up. What ExifTool says is exiftool.py.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from indexer.metadata.exiftool import CalledOff, ExifToolSession
from indexer.paths import join
from indexer.read.engine import Done
from indexer.read.messages import FailureKind, ReadOutcome
from indexer.read.schedule import SILENT_IN_A_ROW
from indexer.read.threads import wait_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexer.metadata.exiftool import Answer
    from indexer.model import RootId
    from indexer.read.engine import Job

# 192 JPEGs of 12 MP: 2.9 ms each asked one by one, 2.4 by 4, 2.2 by 8, 2.0 by 24 and by 96.
# Few enough to be cached still when ExifTool comes to them.
BATCH: Final = 24
# A batch that is not full is asked after this: what is read is worth nothing until it is written.
PATIENCE_SECONDS: Final = 10.0
# Batches that may wait for each ExifTool before another is started. Arbitrary.
_BACKLOG: Final = 2


class _Asked(NamedTuple):
    """A file that was read and wants tags."""

    job: Job
    outcome: ReadOutcome
    since: float

    @property
    def path(self) -> bytes:
        return join(self.job.root_path, self.job.path)


class Tagging:
    """Up to `most` ExifTools. `answered` is called by their threads, `failed` when one is lost.

    `lost` holds the roots that are given up; a root that makes ExifTool wait for several files
    in a row is handed to `lose`.
    """

    def __init__(
        self,
        sessions: Sequence[ExifToolSession],
        answered: Callable[[Done], None],
        failed: Callable[[BaseException], None],
        lost: set[RootId],
        lose: Callable[[RootId], None],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._free = list(sessions)
        self._answered, self._failed = answered, failed
        self._lost, self._lose = lost, lose
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[_Asked] = deque()
        self._is_flushing = self._is_stopped = False
        self._threads: list[threading.Thread] = []
        self._silent: dict[RootId, int] = {}

    def put(self, job: Job, outcome: ReadOutcome) -> None:
        """Have this file asked about; waits where ExifTool is far behind."""
        with self._changed:
            if self._is_behind() and self._free:
                self._start()
            while self._is_behind() and not self._free and not self._is_stopped:
                self._changed.wait()
            self._waiting.append(_Asked(job, outcome, time.monotonic()))
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing more will be put: ask about what there is."""
        with self._changed:
            self._is_flushing = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Ask about nothing more."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def join(self, seconds: float) -> bool:
        """Whether all threads have ended in that time."""
        return wait_ended(self._threads, seconds)

    def _is_behind(self) -> bool:
        return len(self._waiting) >= _BACKLOG * BATCH * len(self._threads)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, args=(self._free.pop(0),), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, session: ExifToolSession) -> None:
        try:
            session.start()
            while batch := self._batch():
                self._ask(session, batch)
        except CalledOff:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that waits
            self._failed(exc)

    def _batch(self) -> list[_Asked]:
        """The next files to ask about; none when all is done."""
        with self._changed:
            while not self._is_stopped:
                if len(self._waiting) >= BATCH or (self._waiting and self._is_due()):
                    count = min(BATCH, len(self._waiting))
                    batch = [self._waiting.popleft() for _ in range(count)]
                    self._changed.notify_all()
                    return batch
                if self._is_flushing:
                    return []
                left = self._waiting and self._waiting[0].since + self._patience - time.monotonic()
                self._changed.wait(left or None)
            return []

    def _is_due(self) -> bool:
        return self._is_flushing or time.monotonic() >= self._waiting[0].since + self._patience

    def _ask(self, session: ExifToolSession, batch: Sequence[_Asked]) -> None:
        """Each file's answer; a root that is lost meanwhile costs no more waiting."""
        rest, silent = deque(batch), dict.fromkeys((a.job.root for a in batch), 0)
        suspects: list[tuple[_Asked, Answer]] = []
        while rest := self._without_lost(rest):
            for answer in session.answers([asked.path for asked in rest], are_plain=True):
                asked = rest.popleft()
                root = asked.job.root
                if not answer.is_late:
                    silent[root] = 0
                    self._answered(Done(asked.job, asked.outcome, answer))
                    continue
                silent[root] += 1
                suspects.append((asked, answer))
                if silent[root] >= SILENT_IN_A_ROW:
                    self._lose(root)
                    break
        for asked, answer in suspects:
            if asked.job.root in self._lost:
                self._answered(_unknown(asked))
            else:
                self._answered(Done(asked.job, asked.outcome, answer))

    def _without_lost(self, rest: deque[_Asked]) -> deque[_Asked]:
        """Those worth asking about; of the others nothing is kept, so that they are read again."""
        for asked in rest:
            if asked.job.root in self._lost:
                self._answered(_unknown(asked))
        return deque(asked for asked in rest if asked.job.root not in self._lost)


def _unknown(asked: _Asked) -> Done:
    """A file that was read, whose tags nobody will ever tell: as if it had not been tried."""
    outcome = replace(asked.outcome, reading=None, failure=FailureKind.GIVEN_UP)
    return Done(asked.job, outcome, None)
