"""When each root is to be looked at next.

Pure: knows no clock and no disk, every method is told the time, in seconds of whatever clock.
Where changes come from is inotify.py and catalog.py; running the indexer is reindexing.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Changes that never pause are looked at all the same, after so many times the quiet that was
# asked for: a copy of three hours need not keep its first files waiting.
_LONGEST_WAIT = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How long what may take, in seconds."""

    settle: float  # quiet before something that changed is read
    every: float  # between two looks at a root whose changes nobody tells
    sweep: float  # between two looks at everything, whoever tells of changes
    # A run rests for so many times its own length, up to a minute: a walk through two million
    # files takes ten seconds, and during a long copy there is always something new. Arbitrary.
    rest: float = 3.0
    longest_rest: float = 60.0
    # Until a run that could not be is tried again, then twice as long, up to so long. Arbitrary.
    busy: tuple[float, float] = (5.0, 60.0)
    failed: tuple[float, float] = (10.0, 3600.0)


class End(Enum):
    """How a run ended."""

    DONE = auto()
    UNSETTLED = auto()  # some files may still be being written
    BUSY = auto()  # another program writes the catalog
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class _Root:
    """What is known of one root; times are None where nothing happened."""

    every: float  # inf: it tells of its changes
    first: float | None = None  # change since the last run began
    last: float | None = None
    asked: float | None = None  # a look without waiting for quiet
    again: float | None = None  # when files that were left alone should be whole
    looked: float | None = None  # the beginning of the last look
    rest: float = -inf
    failures: int = 0

    def due(self, pace: Pace) -> float:
        """When it is to be looked at."""
        times = [time for time in (self.asked, self.again) if time is not None]
        if self.first is not None and self.last is not None:
            times.append(min(self.last + pace.settle, self.first + _LONGEST_WAIT * pace.settle))
        if self.looked is not None:
            times.append(self.looked + self.every)
        return max(min(times, default=inf), self.rest)

    @property
    def has_news(self) -> bool:
        """Whether something in it waits to be looked at."""
        return self.first is not None or self.asked is not None or self.again is not None


@dataclass(slots=True)
class Agenda:
    """The roots that are followed, and when each is due."""

    pace: Pace
    _roots: dict[bytes, _Root] = field(default_factory=dict)
    _swept: float = -inf

    @property
    def roots(self) -> list[bytes]:
        """Those that are followed."""
        return list(self._roots)

    def follow(self, root: bytes, *, tells: bool) -> None:
        """Look at this root from now on; `tells`: somebody calls `changed`."""
        every = inf if tells else self.pace.every
        self._roots[root] = replace(self._roots.get(root, _Root(every)), every=every)

    def leave(self, root: bytes) -> None:
        """No longer look at it."""
        self._roots.pop(root, None)

    def changed(self, root: bytes, now: float) -> None:
        """Something below it was written, moved or deleted."""
        if known := self._roots.get(root):
            first = now if known.first is None else known.first
            self._roots[root] = replace(known, first=first, last=now)

    def asked(self, root: bytes, now: float) -> None:
        """It is to be looked at without waiting: its disk is back, or a mount met a wrong file."""
        if known := self._roots.get(root):
            self._roots[root] = replace(known, asked=now if known.asked is None else known.asked)

    def has_news(self, root: bytes) -> bool:
        """Whether something in it waits to be looked at; else it is only its time."""
        return root in self._roots and self._roots[root].has_news

    def next(self) -> float:
        """When something is due; inf: only news can tell."""
        dues = [known.due(self.pace) for known in self._roots.values()]
        return min([*dues, self._next_sweep()]) if dues else inf

    def due(self, now: float) -> frozenset[bytes]:
        """What one run is to look at now: nothing, or what is due and all else that has news.

        Together, so that what moved from one root to another is seen in both.
        """
        if self._roots and now >= self._next_sweep():
            return frozenset(self._roots)
        if all(known.due(self.pace) > now for known in self._roots.values()):
            return frozenset()
        return frozenset(
            path
            for path, known in self._roots.items()
            if known.due(self.pace) <= now or (known.has_news and known.rest <= now)
        )

    def _next_sweep(self) -> float:
        resting = max((known.rest for known in self._roots.values()), default=-inf)
        return max(self._swept + self.pace.sweep, resting) if self._swept > -inf else inf

    def began(self, roots: Collection[bytes], now: float) -> None:
        """A run begins: what changes from here on is news again."""
        for path in self._roots.keys() & set(roots):
            self._roots[path] = replace(
                self._roots[path], first=None, last=None, asked=None, again=None, looked=now
            )
        if self._swept == -inf or self._roots.keys() <= set(roots):
            self._swept = now

    def ended(self, roots: Iterable[bytes], now: float, how: End) -> None:
        """The run that began last is over."""
        for path in self._roots.keys() & set(roots):
            self._roots[path] = self._after(self._roots[path], now, how)

    def _after(self, known: _Root, now: float, how: End) -> _Root:
        took = now - (known.looked if known.looked is not None else now)
        rest = now + min(self.pace.rest * took, self.pace.longest_rest)
        match how:
            case End.DONE:
                return replace(known, rest=rest, failures=0)
            case End.UNSETTLED:
                again = now + self.pace.settle
                return replace(known, again=again, rest=rest, failures=0)
            case End.BUSY:
                return self._later(known, now, *self.pace.busy)
            case End.FAILED:
                return self._later(known, now, *self.pace.failed)

    def _later(self, known: _Root, now: float, first: float, longest: float) -> _Root:
        wait = min(first * 2**known.failures, longest)
        return replace(known, asked=now, rest=now + wait, failures=known.failures + 1)
