"""The binding's loop, which takes the next request at once when it is there already.

pyfuse3 goes through the scheduler for every request: it hands a lock to the next task, which
asks epoll. That is two rounds of trio and three system calls where one, poll(), tells the same.
A program that waits for each answer asks again a few microseconds later, which is less than it
takes to fall asleep and be woken: so the loop looks for a moment longer before it does.
Nothing of the library is changed: it looks its scheduler up by the name `trio` in itself, which
`pyfuse3.asyncio` replaces as well, and here three words of it are others.

Why it is right:
- Who takes a request has looked for it just before, and between the look and the read no other
  task runs. So no task reads a request that another took, which would stop the loop.
- After `_AT_ONCE` requests the scheduler has its turn, however many there are, and after
  `_AT_ONCE_SECONDS`, unless there are some.
- The loop waits by itself only while no request waits for anything else, as for a disk.
"""

from __future__ import annotations

import os
import select
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pyfuse3
import trio

if TYPE_CHECKING:
    from types import TracebackType

# Others wait for 3 ms, at 50 microseconds each, or for as long while requests are waited for.
# Arbitrary.
_AT_ONCE = 64
_AT_ONCE_SECONDS = 0.003
# Looked for the next request before falling asleep, and slept before the scheduler is asked.
# A client that waits for each answer gets one in 35 microseconds instead of 54 (attributes), and a
# small file opened, read and closed in 109 instead of 134; with one processor, it would wait for us.
_LOOK_SECONDS = 50e-6 if (os.cpu_count() or 1) > 1 else 0.0
_SLEEP_MS = 1


async def answer_kernel(most_tasks: int) -> None:
    """Answer requests until unmounted or terminated; pyfuse3.init() comes before."""
    pyfuse3.trio = _scheduler()  # type: ignore[attr-defined]
    try:
        # As few as many: a task lives as long as the mount, which a Turn relies on.
        await pyfuse3.main(min_tasks=most_tasks, max_tasks=most_tasks)
    finally:
        pyfuse3.trio = trio  # type: ignore[attr-defined]


def _scheduler() -> SimpleNamespace:
    """What the binding uses of trio, its waiting for a request by way of a Turn."""
    turn = Turn()
    lowlevel = SimpleNamespace(
        current_task=trio.lowlevel.current_task,
        current_trio_token=trio.lowlevel.current_trio_token,
        notify_closing=turn.notify_closing,
        wait_readable=turn.wait_readable,
    )
    return SimpleNamespace(
        Lock=lambda: turn,
        ClosedResourceError=trio.ClosedResourceError,
        open_nursery=trio.open_nursery,
        lowlevel=lowlevel,
    )


class Turn:
    """Whose turn it is to read the next request: a lock, and the waiting done under it."""

    def __init__(self) -> None:
        self._lock = trio.Lock()
        self._holder: trio.lowlevel.Task | None = None
        self._poll: select.poll | None = None  # from the first wait on, which names the handle
        self._is_there = False  # seen, and read before anything else runs
        self._is_closing = False
        self._at_once = 0  # taken since the scheduler had its turn,
        self._since = 0.0  # which was then
        self._answering: set[trio.lowlevel.Task] = set()

    async def __aenter__(self) -> None:
        """The turn of whoever finds a request, else that of the one who waits for the next."""
        self._answering.discard(trio.lowlevel.current_task())
        if self._at_once < _AT_ONCE and self._poll is not None and self._comes(self._poll):
            self._at_once += 1
            self._is_there = True
            return
        await self._lock.acquire()
        self._holder = trio.lowlevel.current_task()

    def _comes(self, poll: select.poll) -> bool:
        """Whether a request is there, or comes so soon that asking the scheduler takes longer."""
        if poll.poll(0):
            return True
        now = time.monotonic()
        if self._answering or now - self._since > _AT_ONCE_SECONDS:
            return False
        until = now + _LOOK_SECONDS
        while time.monotonic() < until:
            os.sched_yield()  # the client may have to run here
            if poll.poll(0):
                return True
        return bool(poll.poll(_SLEEP_MS))

    async def wait_readable(self, fd: int) -> None:
        """Until there is a request. Raises ClosedResourceError after `notify_closing`."""
        if self._is_there:
            self._is_there = False
            return
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(fd, select.POLLIN)
        await trio.lowlevel.wait_readable(fd)
        # Another task may have taken it before this one woke up, and whoever ends the loop does
        # not wake up again who is awake.
        while not self._poll.poll(0):
            if self._is_closing:
                raise trio.ClosedResourceError
            await trio.lowlevel.wait_readable(fd)
        self._at_once, self._since = 0, time.monotonic()

    def notify_closing(self, fd: int) -> None:
        """Wake up who waits: no request is taken any more."""
        self._is_closing = True
        trio.lowlevel.notify_closing(fd)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._is_there = False
        self._answering.add(task := trio.lowlevel.current_task())
        if self._holder is task:
            self._holder = None
            self._lock.release()
