#!/usr/bin/env python3
"""What reading through the mount costs, as ratios to the same files without it and to others.

    scripts/bench_mount.py [--quick] [--json] [--files N] [--rounds N] [--folder DIR]

The same trees are walked and read on the disk itself and through mediafs (by-source/), bindfs
and mergerfs, each mounted read-only with its ordinary options and anew for each measurement.
How to measure is measured.py, the files are bench_files.py, what came out docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
from bench_files import Photographs, known_catalog, small_files
from measured import Ratio, digits, in_turns, ratio, run, seconds_of, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TOOLS: Final = {
    "bindfs": ("bindfs", "--version"),
    "mergerfs": ("mergerfs", "--version"),
    "rclone": ("rclone", "--version"),
    "rsync": ("rsync", "--version"),
    "find": ("find", "--version"),
}
_CHUNK: Final = 1 << 20
_RANDOM: Final = 64 << 10
_READERS: Final = 16
_FEW_SECONDS: Final = 10.0  # for a new mount to show what it has; they need a tenth of one


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    files: int = 91_000  # to walk
    small: int = 10_000  # of them, to open, read and close
    big_bytes: int = 1_000_000_000
    random_reads: int = 6_000
    photographs: int = 100
    rounds: int = 5


QUICK: Final = Amount(5_000, 1_000, 200_000_000, 1_500, 20, 3)


@dataclass(frozen=True, slots=True)
class Goal:
    """At most so many times what another takes."""

    times: float
    than: str


@dataclass(slots=True)
class Row:
    """One thing to do, and how long each took for it."""

    what: str
    unit: str
    took: dict[str, list[float]] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()

    def ratio_to(self, other: str) -> Ratio | None:
        """What mediafs takes as a multiple of another."""
        theirs = self.took.get(other)
        return ratio(self.took["mediafs"], theirs) if theirs else None

    def is_reached(self) -> bool | None:
        """Whether every goal is; None without any, or where one could not be compared."""
        ratios = [(goal, self.ratio_to(goal.than)) for goal in self.goals]
        if not ratios or any(times is None for _, times in ratios):
            return None
        return all(times is not None and times.median <= goal.times for goal, times in ratios)

    def as_json(self) -> dict[str, object]:
        took = {name: asdict(spread(values)) for name, values in self.took.items()}
        times = {name: self.ratio_to(name) for name in self.took if name != "mediafs"}
        return {
            "what": self.what,
            "unit": self.unit,
            "took": took,
            "mediafs_to": {name: asdict(value) for name, value in times.items() if value},
            "goals": [asdict(goal) for goal in self.goals],
            "is_reached": self.is_reached(),
        }


FASTER: Final = (Goal(1.0, "bindfs"), Goal(1.0, "mergerfs"))


# --- mounts -----------------------------------------------------------------------------------


class Trees:
    """The files, and the ways to look at them."""

    def __init__(self, folder: Path, catalog: Path) -> None:
        self.sources = folder / "sources"
        self._catalog = catalog
        self._folder = folder
        self.ready: list[float] = []  # seconds that `mediafs mount` took
        self._commands = {
            "bindfs": ("bindfs", "-r", self.sources),
            "mergerfs": ("mergerfs", "-o", "ro", self.sources),
        }
        installed = [name for name in self._commands if shutil.which(name)]
        self.names = ["native", "mediafs", *installed]

    @contextlib.contextmanager
    def fresh(self, name: str) -> Iterator[Path]:
        """Where the sources are to be seen; unmounted at the end, whatever happens."""
        if name == "native":
            yield self.sources
            return
        point = self._folder / f"mount-{name}"
        point.mkdir(exist_ok=True)
        try:
            self._mount(name, point)
            yield point / "by-source" if name == "mediafs" else point
        finally:
            _unmount(point)

    def _mount(self, name: str, point: Path) -> None:
        if name == "mediafs":
            command = [measured.MEDIAFS, "--catalog", self._catalog, "mount", point]
            self.ready.append(run(command).seconds)
        else:
            run([*self._commands[name], point])
        deadline = time.monotonic() + _FEW_SECONDS
        while not os.path.ismount(point):
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not mount on {point}")
            time.sleep(0.01)


def _unmount(point: Path) -> None:
    if os.path.ismount(point):
        done = subprocess.run(["fusermount3", "-u", point], check=False, capture_output=True)
        if done.returncode:  # something still stands in it
            subprocess.run(["fusermount3", "-uz", point], check=True)


# --- what is done -----------------------------------------------------------------------------


class Bench:
    """One run of all comparisons in one folder."""

    def __init__(self, folder: Path, amount: Amount) -> None:
        self.amount = amount
        self.rows: list[Row] = []
        self.notes: list[str] = []
        self._folder = folder
        self._catalog = folder / "catalog" / "catalog.db"
        self._trees = Trees(folder, self._catalog)
        self._copies = 0

    def run(self) -> None:
        """Make the files and every comparison."""
        self._make()
        amount = self.amount
        self._pairs(
            (f"walk with stat of {amount.files:,} files, cold", "the same again"),
            self._walks, goals=((*FASTER, Goal(3.0, "native")), ()),
        )  # fmt: skip
        self._pairs(
            (f"read {amount.big_bytes // 10**6:,} MB in order, first", "the same again"),
            self._reads, goals=(FASTER, (Goal(1.1, "native"),)),
        )  # fmt: skip
        self._pairs(
            (f"{amount.random_reads:,} reads of 64 KiB by {_READERS} readers", ""), self._random
        )
        self._pairs(
            (f"open, read, close {amount.small:,} small files, cold", "the same again"),
            self._small,
        )
        self._rsyncs()
        self.notes.append(
            f"`mediafs mount` returned, ready, after {spread(self._trees.ready)} s, starting "
            "Python included."
        )

    def _make(self) -> None:
        """Photographs and the big file are indexed in earnest, the small ones are not."""
        sources = self._trees.sources
        Photographs().jpegs(sources / "photographs", self.amount.photographs)
        with open(sources / "photographs" / "big.bin", "wb") as file:
            file.writelines(
                random.randbytes(_CHUNK) for _ in range(self.amount.big_bytes // _CHUNK + 1)
            )
            file.truncate(self.amount.big_bytes)
        measured.mediafs(self._catalog, "index", sources / "photographs", "--quiet")
        small_files(sources / "many", self.amount.files)
        known_catalog(sources / "many", self._catalog)
        # Written pages go to the disk now and not while something is measured.
        os.sync()
        self.notes.append(
            f"{self.amount.photographs} photographs of 12 MP and the file to read in order were "
            f"indexed by `mediafs index`; the rows of {self.amount.files:,} files of 2 KB were "
            "written by the indexer's own code without decoding them, which would take minutes."
        )

    def _pairs(
        self, titles: tuple[str, str], work: Callable[[Path], tuple[float, ...]],
        goals: tuple[tuple[Goal, ...], tuple[Goal, ...]] = ((), ()),
    ) -> None:  # fmt: skip
        """Do something with each tree in a fresh mount, once or twice."""

        def once(name: str) -> tuple[float, ...]:
            with self._trees.fresh(name) as tree:
                return work(tree)

        with self._trees.fresh("native") as tree:
            work(tree)  # brings the sources into the page cache
        works = {name: lambda name=name: once(name) for name in self._trees.names}
        found = in_turns(self.amount.rounds, works)
        for i, title in enumerate(titles):
            if title:
                took = {name: [run[i] for run in runs] for name, runs in found.items()}
                self.rows.append(Row(title, "s", took, goals[i]))

    def _walks(self, tree: Path) -> tuple[float, float]:
        command = ["find", tree / "many", "-type", "f", "-printf", "%s %T@\\n"]
        first, second = run(command), run(command)
        count = len(first.output.splitlines())
        assert count == self.amount.files, f"{count} files below {tree}"
        assert sorted(first.output) == sorted(second.output)
        return first.seconds, second.seconds

    def _reads(self, tree: Path) -> tuple[float, float]:
        big = tree / "photographs" / "big.bin"
        return seconds_of(lambda: self._read(big)), seconds_of(lambda: self._read(big))

    def _read(self, path: Path) -> None:
        buffer, total = bytearray(_CHUNK), 0
        with open(path, "rb", buffering=0) as file:
            while count := file.readinto(buffer):
                total += count
        assert total == self.amount.big_bytes, f"{total} bytes came out of {path}"

    def _random(self, tree: Path) -> tuple[float]:
        blocks = range(self.amount.big_bytes // _RANDOM)
        chosen = random.Random(7).sample(blocks, min(self.amount.random_reads, len(blocks)))
        fd = os.open(tree / "photographs" / "big.bin", os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
            with ThreadPoolExecutor(_READERS) as readers:
                parts = [chosen[i::_READERS] for i in range(_READERS)]
                return (seconds_of(lambda: list(readers.map(lambda p: _blocks(fd, p), parts))),)
        finally:
            os.close(fd)

    def _small(self, tree: Path) -> tuple[float, float]:
        names = [f"{n // 1000:04}/IMG_{n % 10_000:04}.JPG" for n in range(self.amount.small)]
        paths = [os.fspath(tree / "many" / name) for name in names]
        return seconds_of(lambda: _read_each(paths)), seconds_of(lambda: _read_each(paths))

    # ------------------------------------------------------------------ rsync

    def _rsyncs(self) -> None:
        """originals/ of mediafs and the same files as they lie: to an empty folder, and again."""
        (self._trees.sources / "photographs" / "big.bin").unlink()
        measured.mediafs(self._catalog, "reindex", "--quiet")

        def of_originals() -> tuple[float, float]:
            with self._trees.fresh("mediafs") as tree:
                return self._rsync(tree.parent / "originals")

        works = {"native": lambda: self._rsync(self._sources), "mediafs": of_originals}
        with self._only_photographs():
            found = in_turns(self.amount.rounds, works)
        megabytes = sum(p.stat().st_size for p in self._sources.iterdir()) // 10**6
        what = f"rsync -a of {self.amount.photographs} originals, {megabytes:,} MB"
        for i, (title, goals) in enumerate(
            ((f"{what}, first", (Goal(1.3, "native"),)), ("the same again: nothing to do", ()))
        ):
            took = {name: [run[i] for run in runs] for name, runs in found.items()}
            self.rows.append(Row(title, "s", took, goals))

    @property
    def _sources(self) -> Path:
        return self._trees.sources / "photographs"

    @contextlib.contextmanager
    def _only_photographs(self) -> Iterator[None]:
        """A catalog of nothing else, so that originals/ holds just what the sources hold."""
        trees = self._trees
        catalog = self._folder / "photographs" / "catalog.db"
        measured.mediafs(catalog, "index", self._sources, "--quiet")
        self._trees = Trees(self._folder, catalog)
        try:
            yield
        finally:
            self._trees = trees

    def _rsync(self, source: Path) -> tuple[float, float]:
        self._copies += 1
        target = self._folder / f"copy-{self._copies}"
        command = ["rsync", "-a", "--itemize-changes", f"{source}/", f"{target}/"]
        try:
            first, second = run(command), run(command)
            copied = sum(1 for line in first.output.splitlines() if line.startswith(b">f"))
            assert copied == self.amount.photographs, f"{copied} files copied from {source}"
            assert not second.output, "the second rsync found something to do"
            return first.seconds, second.seconds
        finally:
            shutil.rmtree(target)
            os.sync()


def _blocks(fd: int, numbers: Sequence[int]) -> None:
    for number in numbers:
        assert len(os.pread(fd, _RANDOM, number * _RANDOM)) == _RANDOM


def _read_each(paths: Sequence[str]) -> None:
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        assert os.read(fd, _CHUNK)
        os.close(fd)


# --- what is told -----------------------------------------------------------------------------


def cells(row: Row, names: Sequence[str]) -> list[str]:
    """A row of the table."""
    took = [f"{digits(spread(row.took[n]).median)} s" if n in row.took else "" for n in names]
    ratios = [row.ratio_to(name) for name in names if name != "mediafs"]
    return [row.what, *took, *("" if r is None else str(r) for r in ratios), _goals(row)]


def _goals(row: Row) -> str:
    said = ", ".join(f"≤ {goal.times:g} {goal.than}" for goal in row.goals)
    match row.is_reached():
        case None:
            return said
        case reached:
            return f"{said}: {'reached' if reached else 'not reached'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="less of everything: a minute")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--files", type=int, help="how many files to walk")
    parser.add_argument("--rounds", type=int, help="how often each is run")
    parser.add_argument("--folder", type=Path, help="where to make the files")
    arguments = parser.parse_args()
    amount = QUICK if arguments.quick else Amount()
    files = arguments.files or amount.files
    amount = replace(
        amount,
        files=files,
        small=min(amount.small, files),
        rounds=arguments.rounds or amount.rounds,
    )
    with tempfile.TemporaryDirectory(prefix="bench-mount-", dir=arguments.folder) as name:
        folder = Path(name)
        measured.keep_apart(folder)
        facts = measured.machine(folder, TOOLS)
        bench = Bench(folder, amount)
        bench.notes += measured.lacking(list(TOOLS))
        bench.run()
        # Before the files go: taking away a hundred thousand takes a while.
        tell(bench, facts, as_json=arguments.json)
    return 0


def tell(bench: Bench, facts: dict[str, str], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        rows = [row.as_json() for row in bench.rows]
        answer = {"schema": 1, "machine": facts, "amount": asdict(bench.amount), "rows": rows}
        print(json.dumps(answer | {"notes": bench.notes}), flush=True)
        return
    names = list(bench.rows[0].took)
    head = ["what", *names, *(f"mediafs / {n}" for n in names if n != "mediafs"), "goal"]
    rows = [cells(row, names) for row in bench.rows]
    title = f"{bench.amount.rounds} rounds in turns. {measured.READ_AS}"
    tables = {title: measured.table(head, rows)}
    print(measured.told(facts, tables, bench.notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
