"""What the index benchmark tells: comparisons, where a file's time goes, and notes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import measured
from measured import Ratio, Spread, digits, ratio, spread

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    what: str
    ours: Spread
    against: str
    theirs: Spread
    ratio: Ratio
    goal: float | None = None
    unit: str = "s"

    def cells(self) -> list[str]:
        return [
            self.what,
            f"{digits(self.ours.median)} {self.unit}",
            self.against,
            f"{digits(self.theirs.median)} {self.unit}",
            str(self.ratio),
            measured.verdict(self.ratio.median, self.goal),
        ]


@dataclass(slots=True)
class Report:
    """All that was measured so far."""

    rows: list[Row] = field(default_factory=list)
    parts: dict[str, dict[str, float]] = field(default_factory=dict)  # library: part: ms a file
    notes: list[str] = field(default_factory=list)

    def row(
        self, what: str, ours: Sequence[float], against: str, theirs: Sequence[float],
        *, goal: float | None = None, unit: str = "s",
    ) -> None:  # fmt: skip
        """What took how long, and what ran beside it in turns."""
        times = ratio(ours, theirs)
        self.rows.append(Row(what, spread(ours), against, spread(theirs), times, goal, unit))

    def tables(self, title: str) -> dict[str, str]:
        """For a person."""
        head = ["what", "mediafs", "against", "it took", "ratio", "goal"]
        tables = {title: measured.table(head, [row.cells() for row in self.rows])}
        if self.parts:
            which = "Where a file's time goes, each part alone on one processor"
            tables[which] = _parts_table(self.parts)
        return tables

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": [asdict(row) for row in self.rows],
            "parts_ms_a_file": self.parts,
            "notes": self.notes,
        }


def _parts_table(parts: dict[str, dict[str, float]]) -> str:
    """Milliseconds a file, one processor."""
    names = list(dict.fromkeys(part for row in parts.values() for part in row))
    rows = [
        [library, *(digits(row[part]) if part in row else "" for part in names)]
        for library, row in parts.items()
    ]
    return measured.table(["ms a file", *names], rows)
