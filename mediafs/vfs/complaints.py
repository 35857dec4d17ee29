"""Warnings while serving: each names its file, but a broken disk must not fill the log."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

# One walk over missing files once wrote 200,000 lines (musefs). Both numbers are arbitrary.
_LINES = 20
_PERIOD_SECONDS = 60.0


class Complaints:
    """Up to 20 lines a minute, each path once; the next says how often, and what was left out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._said: dict[tuple[bytes, str], int] = {}  # how often since it was said
        self._dropped = 0

    def about(self, path: bytes, says: str) -> None:
        """Warn about a path, or count the warning."""
        self._turn_page()
        if (path, says) in self._said:
            self._said[path, says] += 1
        elif len(self._said) >= _LINES:
            self._dropped += 1
        else:
            self._said[path, says] = 0
            log.warning("%s %s", display(path), says)

    def _turn_page(self) -> None:
        if self._clock() - self._since < _PERIOD_SECONDS:
            return
        for (path, says), times in self._said.items():
            if times:
                log.warning("%s %s (%d more times)", display(path), says, times)
        if self._dropped:
            log.warning("%d more warnings like these were left out", self._dropped)
        self._since, self._dropped = self._clock(), 0
        self._said.clear()
