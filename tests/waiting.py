"""Wait for what another thread, task or process does: no longer than it takes, up to a deadline."""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.005


def until(
    is_so: Callable[[], bool],
    why: str | Callable[[], str] = "",
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Until something is so, or the test failed; `why` is said then."""
    end = time.monotonic() + seconds
    while not is_so():
        _check(end, why, seconds)
        time.sleep(_LOOK_SECONDS)


async def until_async(
    is_so: Callable[[], bool | Awaitable[bool]],
    why: str | Callable[[], str] = "",
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """The same while other tasks go on; what is asked may wait itself."""
    end = time.monotonic() + seconds
    while not (await answer if inspect.isawaitable(answer := is_so()) else answer):
        _check(end, why, seconds)
        await trio.sleep(_LOOK_SECONDS)


def _check(end: float, why: str | Callable[[], str], seconds: float) -> None:
    assert time.monotonic() < end, f"not so after {seconds:g} s: {why() if callable(why) else why}"
