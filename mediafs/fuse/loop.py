"""The binding's loop, which takes the next request at once when it is there already.

pyfuse3 goes through the scheduler for every request: it hands a lock to the next task, which
asks epoll. That is two rounds of trio and three system calls where one, poll(), tells the same.
Nothing of the library is changed: it looks its scheduler up by the name `trio` in itself, which
`pyfuse3.asyncio` replaces as well, and here two words of it are others.

Why it is right:
- Who takes a request has looked for it just before, and between the look and the read no other
  task runs. So no task reads a request that another took, which would stop the loop.
- After `_AT_ONCE` requests the scheduler has its turn, however many there are.
"""

from __future__ import annotations

import select
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pyfuse3
import trio

if TYPE_CHECKING:
    from types import TracebackType

# Others wait for 3 ms, at 50 microseconds each. Arbitrary.
_AT_ONCE = 64


async def answer_kernel(most_tasks: int) -> None:
    """Answer requests until unmounted or terminated; pyfuse3.init() comes before."""
    pyfuse3.trio = _scheduler()  # type: ignore[attr-defined]
    try:
        await pyfuse3.main(max_tasks=most_tasks)
    finally:
        pyfuse3.trio = trio  # type: ignore[attr-defined]


def _scheduler() -> SimpleNamespace:
    """What the binding uses of trio, its waiting for a request by way of a Turn."""
    turn = Turn()
    lowlevel = SimpleNamespace(
        current_task=trio.lowlevel.current_task,
        current_trio_token=trio.lowlevel.current_trio_token,
        notify_closing=trio.lowlevel.notify_closing,
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
        self._at_once = 0  # taken since the scheduler had its turn

    async def __aenter__(self) -> None:
        """The turn of whoever finds a request, else that of the one who waits for the next."""
        if self._at_once < _AT_ONCE and self._poll is not None and self._poll.poll(0):
            self._at_once += 1
            self._is_there = True
            return
        await self._lock.acquire()
        self._holder = trio.lowlevel.current_task()

    async def wait_readable(self, fd: int) -> None:
        """Until there is a request."""
        if self._is_there:
            self._is_there = False
            return
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(fd, select.POLLIN)
        await trio.lowlevel.wait_readable(fd)
        # Another task may have taken it before this one woke up.
        while not self._poll.poll(0):
            await trio.lowlevel.wait_readable(fd)
        self._at_once = 0

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._is_there = False
        if self._holder is trio.lowlevel.current_task():
            self._holder = None
            self._lock.release()
