#!/usr/bin/env python3
"""What indexing costs, as ratios to what ran beside it.

    scripts/bench_index.py [--quick] [--json] [--source DIR] [--heics DIR] [--files N] [--rounds N]
                           [--folder DIR]
    scripts/bench_index.py --huge DIR        # 1.5 million files; made in DIR if they are not there
    scripts/bench_index.py --workers-sweep

Makes its files in a temporary folder and takes them away again; DIR is only read. A first index
is index_cold.py, one that has little to do index_again.py, what they are compared with
index_parts.py, what is told index_rows.py. How to measure is measured.py, the files are
bench_files.py, what came out once docs/benchmarks.md.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import bench_workers
import measured
from bench_files import Photographs
from index_again import Again
from index_cold import Cold
from index_parts import TOOLS, big_heics
from index_rows import Report
from index_runs import QUICK, Amount, Runs


class Bench:
    """One run of all comparisons in one folder."""

    def __init__(self, folder: Path, amount: Amount, report: Report) -> None:
        self._folder = folder
        self._amount = amount
        self._photographs = Photographs()
        runs = Runs(folder)
        self._cold = Cold(folder, amount, report, runs)
        self.again = Again(folder, amount, report, self._photographs, runs)

    def run(self, source: Path | None, phones: Path | None) -> None:
        """Every comparison."""
        jpegs, heics = self._folder / "jpegs", self._folder / "heics"
        self._photographs.jpegs(jpegs, self._amount.jpegs)
        self._photographs.heics(heics, self._amount.heics)
        self._cold.first_index("12 MP JPEG", jpegs, self._amount.rounds, has_goals=True)
        self._cold.first_index("12 MP HEIC", heics, self._amount.rounds, has_goals=False)
        self._cold.heic("12 MP HEIC of a program", sorted(heics.iterdir())[:3])
        if phones is not None:
            self._cold.heic(f"HEIC in {phones.name}", big_heics(phones))
        if source is not None:
            self._cold.mix(source)
        self.again.run()


def main() -> int:
    parser = measured.parser(__doc__, "less of everything: a minute")
    parser.add_argument("--source", type=Path, help="also index this folder")
    parser.add_argument("--heics", type=Path, help="also decode the HEICs in this folder")
    parser.add_argument(
        "--huge", type=Path, help="only this: 1.5 million unchanged files, kept in this folder"
    )
    parser.add_argument(
        "--workers-sweep", action="store_true", help="only this: 1, 2, 4 and 8 files at once"
    )
    arguments = parser.parse_args()
    amount = QUICK if arguments.quick else Amount()
    amount = Amount(
        **asdict(amount)
        | ({"files": arguments.files} if arguments.files else {})
        | ({"rounds": arguments.rounds} if arguments.rounds else {})
    )
    with tempfile.TemporaryDirectory(prefix="bench-index-", dir=arguments.folder) as name:
        folder = Path(name)
        measured.keep_apart(folder)
        if arguments.workers_sweep:
            Photographs().jpegs(folder / "jpegs", amount.jpegs)
            rows = bench_workers.sweep(folder / "jpegs", folder, amount.rounds)
            bench_workers.tell(rows, folder, as_json=arguments.json)
            return 0
        about = measured.machine(folder, TOOLS)
        report = Report(notes=measured.lacking(list(TOOLS)))
        bench = Bench(folder, amount, report)
        if arguments.huge:
            bench.again.huge(arguments.huge)
        else:
            bench.run(arguments.source, arguments.heics)
        # Before the files go: taking away a hundred thousand takes a while.
        tell(report, amount, about, as_json=arguments.json)
    return 0


def tell(report: Report, amount: Amount, about: dict[str, str], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        answer = {"schema": 1, "machine": about, "amount": asdict(amount)} | report.as_json()
        print(json.dumps(answer), flush=True)
        return
    title = (
        f"{amount.rounds} rounds in turns, {amount.rounds_of_small} of what is unchanged, one of"
        f" derive and publish. {measured.READ_AS}"
    )
    print(measured.told(about, report.tables(title), report.notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
