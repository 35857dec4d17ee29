#!/usr/bin/env python3
"""How many files to decode at once: a first index with 1, 2, 4 and 8, the way the default was chosen.

    scripts/bench_workers.py [--json] [--files N] [--rounds N] [--readers N] [--folder DIR]

Also `scripts/bench_index.py --workers-sweep`. The photographs are bench_files.py's, how to measure
is measured.py's; what came out once stands in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
from bench_files import Photographs
from measured import Ratio, Run, Spread, digits, in_turns, mediafs, ratio, spread

from indexer.read.machine import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS: Final = (1, 2, 4, 8)
HEAD: Final = ("files decoded at once", "seconds", "to one for each processor", "processor time")


@dataclass(frozen=True, slots=True)
class Row:
    """A first index with so many decoders."""

    workers: int
    seconds: Spread
    to_default: Ratio
    cpu_seconds: Spread

    def cells(self) -> list[str]:
        default = " (the default here)" if self.workers == processors() else ""
        return [
            f"{self.workers}{default}",
            str(self.seconds),
            str(self.to_default),
            f"{digits(self.cpu_seconds.median)} s",
        ]


def sweep(tree: Path, folder: Path, rounds: int, readers: int = 0) -> list[Row]:
    """Index `tree`, which is in the page cache after the first, with each number in turns."""
    counts = sorted({*WORKERS, processors()})
    works = {str(count): _index(tree, folder, count, readers) for count in counts}
    works[str(processors())]()  # brings the files into the page cache
    found = in_turns(rounds, works)
    default = [run.seconds for run in found[str(processors())]]
    return [_row(count, found[str(count)], default) for count in counts]


def _index(tree: Path, folder: Path, jobs: int, readers: int) -> Callable[[], Run]:
    how = ("--readers", str(readers)) if readers else ()

    def work() -> Run:
        catalog = folder / "sweep" / "catalog.db"
        try:
            return mediafs(catalog, "index", tree, "--jobs", str(jobs), *how, "--json", "--quiet")
        finally:
            shutil.rmtree(catalog.parent, ignore_errors=True)

    return work


def _row(count: int, runs: Sequence[Run], default: Sequence[float]) -> Row:
    seconds = [run.seconds for run in runs]
    used = spread([run.cpu_seconds for run in runs])
    return Row(count, spread(seconds), ratio(seconds, default), used)


def tell(rows: Sequence[Row], folder: Path, *, as_json: bool) -> None:
    """Print what was measured."""
    facts = measured.machine(folder, {"exiftool": ("exiftool", "-ver")})
    if as_json:
        answer = {"schema": 1, "machine": facts, "workers": [asdict(row) for row in rows]}
        print(json.dumps(answer), flush=True)
        return
    table = measured.table(HEAD, [row.cells() for row in rows])
    title = f"A first index by the number of files decoded at once. {measured.READ_AS}"
    print(measured.told(facts, {title: table}, []), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--files", type=int, default=300, help="how many photographs")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run")
    parser.add_argument("--readers", type=int, default=0, help="files read at once")
    parser.add_argument("--folder", type=Path, help="where to make the files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-workers-", dir=arguments.folder) as name:
        folder = Path(name)
        measured.keep_apart(folder)
        Photographs().jpegs(folder / "jpegs", arguments.files)
        rows = sweep(folder / "jpegs", folder, arguments.rounds, arguments.readers)
        tell(rows, folder, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
