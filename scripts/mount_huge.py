"""The mount of a catalog of 1.5 million files that has no media: ready, walked, and its memory.

Nothing native stands beside it. What a walk takes is told beside the same rows by bare SQL in
one Python process, which is what this machine needs for them without a kernel and a mount.
"""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import measured
from measured import digits, run, seconds_of, verdict
from mount_peers import serving
from processes import most_memory_of, own_memory_of, processor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_READY_SECONDS: Final = 1.0
_WALK_SECONDS: Final = 15.0
_MEMORY_MIB: Final = 200.0
_VIEWS: Final = 2  # in which make_catalog shows each file
_PAGE: Final = 500
# Both processes of a mount in the background: the one that waits, and the one that serves.
_STARTS: Final = ("import mediafs.cli.mount", "import mediafs.fuse.operations, mediafs.vfs")
# Bare SQL, for a yardstick must not be what it measures.
_DIRECTORIES: Final = "SELECT tree_directory_id FROM tree_directory WHERE view = 'by-source'"
_NAMES: Final = (
    "SELECT p.placement_id, p.name, f.size, f.mtime_ns, f.mode FROM placement p"
    " LEFT JOIN file f USING (file_id) WHERE p.parent_id = ? AND p.placement_id > ?"
    " ORDER BY p.placement_id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class HugeRow:
    """One measurement of mediafs alone."""

    what: str
    values: list[float]
    unit: str
    goal: float | None = None

    def cells(self) -> list[str]:
        return [
            self.what, f"{digits(median(self.values))} {self.unit}",
            f"{digits(min(self.values))} to {digits(max(self.values))}",
            verdict(median(self.values), self.goal),
        ]  # fmt: skip


class Huge:
    """Makes the catalog, and measures it some rounds."""

    def __init__(self, folder: Path, files: int, rounds: int) -> None:
        self.rows: list[HugeRow] = []
        self.notes: list[str] = []
        self._folder = folder
        self._files = files
        self._rounds = rounds
        self._catalog = folder / "catalog.db"

    def run(self) -> None:
        """Every row."""
        self._folder.mkdir()
        names = str(_VIEWS * self._files)
        script = Path(__file__).with_name("make_catalog.py")
        made = run([sys.executable, script, names, self._catalog])
        size = self._catalog.stat().st_size / 2**20
        self.notes.append(
            f"The catalog of {self._files:,} files, each in {_VIEWS} views, took "
            f"{made.seconds:.0f} s to make and has {size:,.0f} MiB."
        )
        self._ready()
        self._walk()

    def table(self) -> str:
        """All rows."""
        return measured.table(
            ["what", "median", "least to most", "goal"], [row.cells() for row in self.rows]
        )

    def _ready(self) -> None:
        point = self._point("ready")
        answered, started = [], []
        for _ in range(2 * self._rounds):
            try:
                answered.append(seconds_of(lambda: self._mount_and_list(point)))
            finally:
                measured.unmount(point)
            started.append(sum(run([sys.executable, "-c", each]).seconds for each in _STARTS))
        self._row("`mediafs mount`, until the tree answers", answered, "s", _READY_SECONDS)
        self._row("of that, two processes of Python that import what it needs", started, "s")

    def _mount_and_list(self, point: Path) -> None:
        measured.mediafs(self._catalog, "mount", point)
        assert (point / "by-source").is_dir()

    def _walk(self) -> None:
        point = self._point("walked")
        bare: list[float] = []
        walks: dict[str, list[tuple[float, float, float]]] = {}
        memory: list[float] = []
        own: list[float] = []
        for _ in range(self._rounds):
            bare.append(seconds_of(lambda: _scan(self._catalog, self._files)))
            with serving(self._catalog, point) as pid:
                source, originals = point / "by-source", point / "originals"
                once = self._find([source], pid, self._files)
                whole = self._find([source, originals], pid, _VIEWS * self._files)
                memory.append(most_memory_of(pid) / 2**20)
                own.append(own_memory_of(pid) / 2**20)
            for what, took in (("once", once), ("whole", whole)):
                walks.setdefault(what, []).append(took)
        self._rows_of_walks(walks, bare)
        what = "most memory of the serving process, mapped files included (VmHWM)"
        self._row(what, memory, "MiB", _MEMORY_MIB)
        self._row("of it not mapped from files, after both walks (RssAnon)", own, "MiB")

    def _rows_of_walks(
        self, walks: dict[str, list[tuple[float, float, float]]], bare: list[float]
    ) -> None:
        files = self._files
        titles = {
            "once": f"walk with stat of {files:,} files, cold",
            "whole": f"walk with stat of all views, {_VIEWS * files:,} names",
        }
        for what, took in walks.items():
            goal = None if what == "whole" else _WALK_SECONDS
            self._row(titles[what], [lap[0] for lap in took], "s", goal)
            self._row("its processor time in the serving process", [lap[1] for lap in took], "s")
            self._row("its processor time in `find`", [lap[2] for lap in took], "s")
        self._row(f"the same {files:,} rows by bare SQL, {_PAGE} at a time", bare, "s")
        ratios = measured.ratio([lap[0] for lap in walks["once"]], bare)
        self.notes.append(f"The cold walk takes {ratios} times what bare SQL does.")

    def _find(self, trees: Sequence[Path], pid: int, count: int) -> tuple[float, float, float]:
        """Seconds by the clock, of the serving process, of `find`."""
        before = processor_of(pid)
        command: list[str | Path] = ["find", *trees, "-type", "f", "-printf", "%s %T@\\n"]
        found = run(command)
        names = found.output.count(b"\n")
        assert names == count, f"{names} names below {trees[0]}, {count} expected"
        return found.seconds, (processor_of(pid) - before).total, found.cpu_seconds

    def _point(self, name: str) -> Path:
        point = self._folder / name
        point.mkdir()
        return point

    def _row(self, what: str, values: list[float], unit: str, goal: float | None = None) -> None:
        self.rows.append(HugeRow(what, values, unit, goal))


def _scan(catalog: Path, files: int) -> None:
    """Every row of by-source, asked as a listing asks for them."""
    db = sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)
    try:
        count = 0
        for (directory,) in db.execute(_DIRECTORIES).fetchall():
            after = 0
            while page := db.execute(_NAMES, (directory, after, _PAGE)).fetchall():
                after = page[-1][0]
                count += sum(1 for row in page if row[2] is not None)
        assert count == files, f"{count} rows, {files} expected"
    finally:
        db.close()
