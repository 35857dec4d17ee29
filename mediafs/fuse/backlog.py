"""Files that were closed, and of which the kernel has not told yet.

It tells in the background, behind whatever is asked in the foreground, and only so many at a
time (max_background; 12 where it cannot be raised). 48 programs that opened, read and closed
small files left a thousand more handles open with each second, until there were no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from collections.abc import Sized

# Every so many open files the kernel gets the time to tell what was closed. Far below what a
# process may have open anywhere (1,024 where nothing can be raised).
_MANY: Final = 500
# As long as none is told in so many turns of the loop, all are in use. Turns and not a time: on
# a busy machine the loop itself may have had none. Arbitrary.
_SILENT_TURNS: Final = 10
_TURN_SECONDS: Final = 0.001


class Backlog:
    """The open files of one mount."""

    def __init__(self, files: Sized) -> None:
        self._files = files
        self._limit = _MANY
        self._told = 0
        self._is_being_told: trio.Event | None = None  # while nobody may open one more

    def released(self) -> None:
        """The kernel told of a closed file."""
        self._told += 1

    async def let_go(self) -> None:
        """Before one more is opened: wait while closed ones are being told, if there are many."""
        if self._is_being_told is not None:
            await self._is_being_told.wait()
        elif len(self._files) >= self._limit:
            self._is_being_told = trio.Event()
            try:
                await self._hear()
            finally:
                self._limit = len(self._files) + _MANY
                self._is_being_told.set()
                self._is_being_told = None

    async def _hear(self) -> None:
        silent = 0
        while len(self._files) > _MANY // 2 and silent < _SILENT_TURNS:
            told = self._told
            await trio.sleep(_TURN_SECONDS)
            silent = silent + 1 if told == self._told else 0
