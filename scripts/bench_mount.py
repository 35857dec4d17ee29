#!/usr/bin/env python3
"""What reading through the mount costs, as ratios to the same files without it and to others.

    scripts/bench_mount.py [--quick] [--json] [--files N] [--large N] [--huge N] [--rounds N]
                           [--rounds-of-rsync N] [--folder DIR] [--memory DIR] [--peers NAME…]

The same tree is walked and read on the disk itself and through mediafs, bindfs, mergerfs and
`rclone mount`. What is done is mount_works.py, how each is mounted mount_peers.py, what is told
mount_rows.py, the catalog of 1.5 million files mount_huge.py, how to measure measured.py; what
came out docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
from measured import in_turns, spread
from mount_huge import Huge
from mount_peers import PEERS, Filesystems, may_read_ahead
from mount_rows import FASTER, Goal, Rate, Row, rates
from mount_works import QUICK, READERS, Amount, Lap, Laps, Works, make_files
from processes import Calibration, calibrate, touch_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mount_peers import Served

TOOLS: Final = {name: (name, "--version") for name in (*PEERS, "rsync", "find")}
_READ_AHEAD_KB: Final = 1024  # what mediafs asks the kernel for
_SIDES: Final = "Processor seconds: client + serving process in user mode + in the kernel"


class Bench:
    """One run of all comparisons in one folder."""

    def __init__(
        self, folder: Path, amount: Amount, peers: Sequence[str], memory: Path | None
    ) -> None:
        self.amount = amount
        self.rows: list[Row] = []
        self.rates: list[Rate] = []
        self.notes: list[str] = []
        self.huge = Huge(folder / "huge", amount.huge, amount.rounds_of_rsync)
        self._folder = folder
        self._memory = memory
        self._catalog = folder / "catalog" / "catalog.db"
        self._filesystems = Filesystems(folder, self._catalog, peers)
        self._loops: list[Calibration] = []
        self._works = Works(amount)

    def run(self) -> None:
        """Make the files and every comparison."""
        self._catalog.parent.mkdir()
        make_files(self._filesystems.sources, self._catalog, self.amount)
        amount, works = self.amount, self._works
        again = "the same again"
        self._compare(
            works.walk, (f"walk with stat of {amount.files:,} files, cold", again),
            ((*FASTER, Goal(3.0, "native")), FASTER),
        )  # fmt: skip
        self._compare(works.stat, (f"stat of {amount.small:,} names, cold",), (FASTER,))
        self.rates = rates(self.rows[-1], amount.small)
        megabytes = f"{amount.big_bytes // 10**6:,} MB in order, first"
        self._compare(
            works.read, (f"read {megabytes}", again), (FASTER, (*FASTER, Goal(1.1, "native")))
        )
        self._compare_with_equal_read_ahead(works, megabytes)
        self._compare(
            works.read_at_random,
            (f"{amount.random_reads:,} reads of 64 KiB by {READERS} readers",), (FASTER,),
        )  # fmt: skip
        self._compare(
            works.open_small, (f"open, read, close {amount.small:,} small files, cold", again),
            (FASTER, FASTER),
        )  # fmt: skip
        self._compare_rsyncs(works)
        self.huge.run()
        self._note_all()

    def _compare(
        self, work: Callable[[Served, Laps], None], titles: Sequence[str],
        goals: Sequence[tuple[Goal, ...]], *, rounds: int | None = None,
        read_ahead_kb: int | None = None, but: str = "",
    ) -> None:  # fmt: skip
        """Do something with each filesystem in a fresh mount, in turns; a row for each lap."""

        def once(name: str) -> list[Lap]:
            if work == self._works.read:
                touch_memory(self.amount.big_bytes)
            with self._filesystems.fresh(name, read_ahead_kb) as served:
                laps = Laps(served.pid)
                try:
                    work(served, laps)
                except (OSError, RuntimeError) as exc:
                    self._failed(f"{titles[0]}: {name} failed: {exc}", is_fatal=name not in PEERS)
                    return []
            return laps.taken

        once("native")  # brings the sources into the page cache
        self._loops.append(calibrate())
        names = [name for name in self._filesystems.names if name != but]
        found = in_turns(rounds or self.amount.rounds, {n: partial(once, n) for n in names})
        for i, (title, wanted) in enumerate(zip(titles, goals, strict=True)):
            took = {name: [laps[i] for laps in runs] for name, runs in found.items() if all(runs)}
            self.rows.append(Row(title, wanted, took))

    def _failed(self, says: str, *, is_fatal: bool) -> None:
        """Another filesystem may break under a load; then it has no row, and the run goes on."""
        if is_fatal:
            raise RuntimeError(says)
        self.notes.append(says)

    def _compare_with_equal_read_ahead(self, works: Works, megabytes: str) -> None:
        """The read-ahead that mediafs asks for, given to all but rclone, which is told its own."""
        if not may_read_ahead():
            self.notes.append("Only root may give every mount the same read-ahead: not run.")
            return
        title = f"with {_READ_AHEAD_KB} KiB of read-ahead for all: {megabytes}"
        self._compare(
            works.read, (title, "the same again"), (FASTER, FASTER), but="rclone",
            read_ahead_kb=_READ_AHEAD_KB,
        )  # fmt: skip

    def _compare_rsyncs(self, works: Works) -> None:
        """originals/ of mediafs and the same files as they lie: to an empty folder, and again."""
        targets = {"the disk": self._folder / "copy"}
        if self._memory is not None:
            targets["memory"] = self._memory / f"{self._folder.name}-copy"
        for where, target in targets.items():
            what = f"rsync -a of {self.amount.large:,} originals of 3 MB to {where}"
            self._compare(
                partial(works.rsync, target=target),
                (f"{what}, first", "the same again: nothing to do"),
                ((*FASTER, Goal(1.3, "native")), FASTER), rounds=self.amount.rounds_of_rsync,
            )  # fmt: skip

    def _note_all(self) -> None:
        loops = [loop.seconds for loop in self._loops]
        used = [loop.cpu_seconds for loop in self._loops]
        load = os.getloadavg()[0]
        self.notes += [f"{n}: `{' '.join(p.flags)}`: {p.why}." for n, p in PEERS.items()]
        self.notes += self.huge.notes
        self.notes.append(
            f"A fixed loop of Python took {spread(loops)} s between the comparisons, of which "
            f"{spread(used)} s on a processor; load after: {load:.1f}."
        )

    def tables(self) -> dict[str, str]:
        """Everything, to be printed."""
        names = self._filesystems.names
        amount = self.amount
        rounds = f"{amount.rounds} rounds in turns, {amount.rounds_of_rsync} of rsync and of the"
        others = [name for name in names if name != "mediafs"]
        return {
            f"{rounds} huge catalog. {measured.READ_AS}": measured.table(
                ["what", *names, *(f"mediafs / {name}" for name in others), "goal"],
                [row.cells(names) for row in self.rows],
            ),
            f"{_SIDES}. Ratios of the sums: median (best round to best round).": measured.table(
                ["what", *names, *(f"mediafs / {name}" for name in others)],
                [row.processor_cells(names) for row in self.rows],
            ),
            "Lookups that one processor of the serving process answers in a second": measured.table(
                ["served by", "median", "least to most", "by the clock", "goal"],
                [rate.cells() for rate in self.rates],
            ),
            f"A catalog of {amount.huge:,} files without media": self.huge.table(),
        }


def main() -> int:
    parser = measured.parser(__doc__, "less of everything: a minute")
    parser.add_argument("--rounds-of-rsync", type=int, help="the same for rsync and --huge")
    parser.add_argument("--large", type=int, help="how many files of 3 MB to rsync")
    parser.add_argument("--huge", type=int, help="how many files in the catalog without media")
    parser.add_argument(
        "--peers", nargs="*", choices=PEERS, default=list(PEERS), help="with which to compare"
    )
    parser.add_argument("--memory", type=Path, help="a folder in memory to rsync to as well")
    arguments = parser.parse_args()
    amount = QUICK if arguments.quick else Amount()
    chosen = {
        name: getattr(arguments, name)
        for name in ("files", "large", "huge", "rounds", "rounds_of_rsync")
        if getattr(arguments, name)
    }
    amount = replace(amount, **chosen)
    amount = replace(amount, small=min(amount.small, amount.files))
    with tempfile.TemporaryDirectory(prefix="bench-mount-", dir=arguments.folder) as name:
        folder = Path(name)
        measured.keep_apart(folder)
        facts = measured.machine(folder, TOOLS)
        bench = Bench(folder, amount, arguments.peers, arguments.memory)
        bench.notes += measured.lacking([*arguments.peers, "rsync", "find"])
        bench.run()
        # Before the files go: taking away a hundred thousand takes a while.
        tell(bench, facts, as_json=arguments.json)
    return 0


def tell(bench: Bench, facts: dict[str, str], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        answer = {
            "schema": 1, "machine": facts, "amount": asdict(bench.amount),
            "rows": [row.as_json() for row in bench.rows],
            "rates": [asdict(rate) for rate in bench.rates],
            "huge": [asdict(row) for row in bench.huge.rows], "notes": bench.notes,
        }  # fmt: skip
        print(json.dumps(answer), flush=True)
        return
    print(measured.told(facts, bench.tables(), bench.notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
