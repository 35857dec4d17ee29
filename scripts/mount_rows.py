"""What the mount benchmark tells: each thing that was done, for each filesystem, and the goals."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from measured import Ratio, digits, ratio, spread, verdict
from mount_peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mount_works import Lap

_LEAST_RATE: Final = 20_000  # stat-like requests a second, of one processor


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so many times what another takes."""

    times: float
    than: str


FASTER: Final = tuple(Goal(1.0, name) for name in PEERS)


@dataclass(slots=True)
class Row:
    """One thing to do, and what it took each filesystem."""

    what: str
    goals: tuple[Goal, ...]
    took: dict[str, list[Lap]] = field(default_factory=dict)

    def seconds(self, name: str) -> list[float]:
        """By the clock, each round."""
        return [lap.seconds for lap in self.took[name]]

    def processor(self, name: str) -> list[float]:
        """Of all processors on either side, each round."""
        return [lap.client.total + lap.server.total for lap in self.took[name]]

    def ratio_to(self, other: str) -> Ratio:
        """What mediafs takes as a multiple of another, by the clock."""
        return ratio(self.seconds("mediafs"), self.seconds(other))

    def processor_to(self, other: str) -> Ratio:
        """The same in processor time."""
        return ratio(self.processor("mediafs"), self.processor(other))

    def missed(self) -> list[str]:
        """With whom the goals are not reached, of those that could be compared."""
        there = [goal for goal in self.goals if goal.than in self.took]
        return [goal.than for goal in there if self.ratio_to(goal.than).median > goal.times]

    def cells(self, names: Sequence[str]) -> list[str]:
        """By the clock."""
        took = {name: f"{digits(spread(self.seconds(name)).median)} s" for name in self.took}
        ratios = {name: str(self.ratio_to(name)) for name in self.took if name != "mediafs"}
        own = [f"≤ {goal.times:g} {goal.than}" for goal in self.goals if goal not in FASTER]
        says = f"not reached: {', '.join(self.missed())}" if self.missed() else "reached"
        others = [name for name in names if name != "mediafs"]
        goals = f"{', '.join(['≤ 1 of the three', *own])}: {says}"
        return [self.what, *_in_order(names, took), *_in_order(others, ratios), goals]

    def processor_cells(self, names: Sequence[str]) -> list[str]:
        """In processor time."""
        took = {name: _sides(laps) for name, laps in self.took.items()}
        ratios = {name: self.processor_to(name) for name in self.took if name != "mediafs"}
        short = {name: f"{digits(r.median)} ({digits(r.best)})" for name, r in ratios.items()}
        others = [name for name in names if name != "mediafs"]
        return [self.what, *_in_order(names, took), *_in_order(others, short)]

    def as_json(self) -> dict[str, object]:
        others = [name for name in self.took if name != "mediafs"]
        return {
            "what": self.what,
            "unit": "s",
            "took": {name: asdict(spread(self.seconds(name))) for name in self.took},
            "processor": {name: asdict(spread(self.processor(name))) for name in self.took},
            "mediafs_to": {name: asdict(self.ratio_to(name)) for name in others},
            "mediafs_processor_to": {name: asdict(self.processor_to(name)) for name in others},
            "goals": [asdict(goal) for goal in self.goals],
            "is_reached": not self.missed(),
        }


def _in_order(names: Sequence[str], cells: Mapping[str, str]) -> list[str]:
    return [cells.get(name, "-") for name in names]


def _sides(laps: Sequence[Lap]) -> str:
    """`0.31 + 0.20 + 0.10`; of the disk itself there is one side."""
    client = median(lap.client.total for lap in laps)
    user = median(lap.server.user for lap in laps)
    kernel = median(lap.server.kernel for lap in laps)
    return f"{client:.2f} + {user:.2f} + {kernel:.2f}" if user + kernel else f"{client:.2f}"


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests that a serving process answers in a second of one processor."""

    name: str
    of_processor: list[float]
    by_the_clock: list[float]  # with the client's share, and whatever else was at work

    def cells(self) -> list[str]:
        """Only ours has a goal."""
        rate = median(self.of_processor)
        said = verdict(1 / rate, 1 / _LEAST_RATE if self.name == "mediafs" else None)
        return [
            self.name, f"{rate:,.0f}",
            f"{min(self.of_processor):,.0f} to {max(self.of_processor):,.0f}",
            f"{median(self.by_the_clock):,.0f}",
            said and f"≥ {_LEAST_RATE:,}:{said.partition(':')[2]}",
        ]  # fmt: skip


def rates(row: Row, requests: int) -> list[Rate]:
    """How many of its requests each serving process answers; the disk itself has none."""
    return [
        Rate(
            name,
            [requests / lap.server.total for lap in laps],
            [requests / lap.seconds for lap in laps],
        )
        for name, laps in row.took.items()
        if all(lap.server.total for lap in laps)
    ]
