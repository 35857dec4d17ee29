#!/usr/bin/env python3
"""What the kernel's requests cost, one kind at a time, on one core.

    scripts/bench_loop.py [--json] [--names N] [--clients N] [--rounds N] [--folder DIR]

The server has one core to itself and the clients have another, so that there is always a request
waiting. Beside mediafs stand a filesystem of the same binding that answers constants, which is
what is left when all of ours is taken away, and bindfs over the same files. What is told is
processor time of the server for each request, from which follows how many it answers a second;
what else runs on the machine disturbs that least.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import constant_mount
import measured
from blake3 import blake3
from constant_mount import BYTES, DIGITS
from make_catalog import HOST, CatalogMaker
from measured import Spread, digits, spread

from mediafs.fuse.mount import MountOptions, mount_in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TOOLS: Final = {"bindfs": ("bindfs", "--version")}
_FOLDER: Final = "by-source/photos"
_FEW_SECONDS: Final = 10.0  # for a mount to answer; it takes a tenth of one
_SERVER_CPU, _CLIENT_CPU = {0}, {1}
_AT_FDCWD, _AT_STATX_FORCE_SYNC, _STATX_BASIC_STATS = -100, 0x2000, 0x7FF


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    names: int = 6_000  # in as many directories as there are clients
    clients: int = 4
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one kind of request took of one subject in one round."""

    cpu_us: float  # of the server, for each
    per_second: float  # as the clients saw it


# --- what the clients do: the names are one client's share, what comes back is how often ------


def _look_up(folder: Path, names: Sequence[str]) -> int:
    for name in names:
        os.stat(folder / name)
    return len(names)


def _look_up_missing(folder: Path, names: Sequence[str]) -> int:
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.stat(folder / f"{name}{constant_mount.MISSING.decode()}")
    return len(names)


def _get_attributes(folder: Path, names: Sequence[str]) -> int:
    """statx() with a flag that makes the kernel ask although it knows."""
    statx, answer = ctypes.CDLL(None).statx, ctypes.create_string_buffer(256)
    for name in names:
        path = os.fsencode(folder / name)
        assert statx(_AT_FDCWD, path, _AT_STATX_FORCE_SYNC, _STATX_BASIC_STATS, answer) == 0
    return len(names)


def _list(folder: Path, names: Sequence[str]) -> int:
    own = (folder / names[0]).parent
    return sum(1 for _ in range(4) for _ in os.scandir(own))


def _open(folder: Path, names: Sequence[str]) -> int:
    for name in names:
        os.close(os.open(folder / name, os.O_RDONLY))
    return len(names)


def _read(folder: Path, names: Sequence[str]) -> int:
    """Past the kernel's page cache, from a source that is in it."""
    buffer = mmap.mmap(-1, BYTES)
    fd = os.open(folder / names[0], os.O_RDONLY | os.O_DIRECT)
    for _ in names:
        assert os.preadv(fd, [buffer], 0) == BYTES
    os.close(fd)
    return len(names)


def _open_and_read(folder: Path, names: Sequence[str]) -> int:
    for name in names:
        fd = os.open(folder / name, os.O_RDONLY)
        assert len(os.read(fd, 2 * BYTES)) == BYTES
        os.close(fd)
    return len(names)


WORKS: Final = {
    "lookup": _look_up,
    "lookup of a missing name": _look_up_missing,
    "getattr": _get_attributes,
    "a name of a listing": _list,
    "open and release": _open,
    "read of 4 KiB in memory": _read,
    "open, read and release, first": _open_and_read,
    "open, read and release, again": _open_and_read,
}


# --- who answers ------------------------------------------------------------------------------


class Subjects:
    """The files, and who shows them."""

    def __init__(self, folder: Path, amount: Amount) -> None:
        # The kernel asks for one name of a directory at a time (libfuse 3.14 does not say that
        # it may ask for more), so each client has a directory of its own.
        self.shares = [
            [f"{share}/{number:0{DIGITS}}" for number in range(amount.names // amount.clients)]
            for share in range(amount.clients)
        ]
        self._sources, self._point = folder / "sources", folder / "mount"
        self._catalog = folder / "catalog.db"
        self._point.mkdir()
        self._make()
        self.all: dict[str, Callable[[], int]] = {
            "binding": partial(
                self._started, sys.executable, constant_mount.__file__, self._point,
                str(len(self.shares[0])),
            ),
            "mediafs": self._mediafs,
        }  # fmt: skip
        if shutil.which("bindfs"):
            command = ("bindfs", "-f", "-r", self._sources, self._point)
            self.all["bindfs"] = partial(self._started, *command)

    def _make(self) -> None:
        maker = CatalogMaker(self._catalog)
        root, below = maker.root(self._sources), self._sources / _FOLDER
        with maker.db:
            for number, name in enumerate(name for share in self.shares for name in share):
                data = number.to_bytes(8, "big") * (BYTES // 8)
                (below / name).parent.mkdir(parents=True, exist_ok=True)
                (below / name).write_bytes(data)
                status, relative = (below / name).stat(), f"{_FOLDER}/{name}"
                file = maker.row(root, relative.encode(), status, blake3(data).digest())
                maker.place(relative, file)
        maker.publish()
        maker.close()

    def _mediafs(self) -> int:
        return mount_in_background(MountOptions(self._catalog, self._point, HOST))

    def _started(self, *command: str | Path) -> int:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _FEW_SECONDS
        while not os.path.ismount(self._point):
            if time.monotonic() > deadline or child.poll() is not None:
                raise RuntimeError(f"{command[0]} did not mount")
            time.sleep(0.01)
        return child.pid

    @contextlib.contextmanager
    def mounted(self, subject: str) -> Iterator[tuple[int, Path]]:
        """The serving process, on its own core, and the directory; unmounted at the end."""
        os.sched_setaffinity(0, _SERVER_CPU)
        try:
            pid = self.all[subject]()
            os.sched_setaffinity(0, _CLIENT_CPU)
            yield pid, self._point / _FOLDER
        finally:
            if os.path.ismount(self._point):
                subprocess.run(["fusermount3", "-u", self._point], check=True)


def _cpu_seconds(pid: int) -> float:
    """Of all threads of a process; the number is clock_getcpuclockid()'s."""
    return time.clock_gettime((~pid << 3) | 2)


def _measure(
    work: Callable[[Path, Sequence[str]], int], where: Path, pid: int,
    shares: Sequence[Sequence[str]],
) -> Cost:  # fmt: skip
    before, begun = _cpu_seconds(pid), time.perf_counter()
    children = [_forked(partial(work, where, names)) for names in shares]
    done = sum(_ended(*child) for child in children)
    seconds, cpu = time.perf_counter() - begun, _cpu_seconds(pid) - before
    return Cost(cpu / done * 1e6, done / seconds)


def _forked(work: Callable[[], int]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, b"%d" % work())
        except (OSError, AssertionError):
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    return pid, reading


def _ended(pid: int, reading: int) -> int:
    said = os.read(reading, 32)
    os.close(reading)
    os.waitpid(pid, 0)
    if not said:
        raise RuntimeError("a client failed; the lines above say why")
    return int(said)


def measure(folder: Path, amount: Amount) -> dict[str, dict[str, list[Cost]]]:
    """Costs of each kind of request for each subject, round by round."""
    subjects = Subjects(folder, amount)
    found: dict[str, dict[str, list[Cost]]] = {w: {s: [] for s in subjects.all} for w in WORKS}
    for _ in range(amount.rounds):
        for subject in subjects.all:
            with subjects.mounted(subject) as (pid, where):
                for name, work in WORKS.items():
                    cost = _measure(work, where, pid, subjects.shares)
                    found[name][subject].append(cost)
    return found


# --- what is told -----------------------------------------------------------------------------


def _cells(what: str, costs: dict[str, list[Cost]]) -> list[str]:
    cpu = {subject: _cpu(rounds).median for subject, rounds in costs.items()}
    times = [
        "" if subject == "mediafs" else digits(cpu["mediafs"] / cpu[subject]) for subject in cpu
    ]
    return [
        what,
        *(f"{digits(us)} µs" for us in cpu.values()),
        f"{1e6 / cpu['mediafs']:,.0f}",
        f"{spread([cost.per_second for cost in costs['mediafs']]).median:,.0f}",
        *filter(None, times),
    ]


def _cpu(rounds: Sequence[Cost]) -> Spread:
    return spread([cost.cpu_us for cost in rounds])


def main() -> int:
    usual = Amount()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--names", type=int, default=usual.names, help="in all directories together"
    )
    parser.add_argument("--clients", type=int, default=usual.clients, help="asking at once")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--folder", type=Path, help="where to make the files")
    arguments = parser.parse_args()
    amount = Amount(arguments.names, arguments.clients, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-loop-", dir=arguments.folder) as name:
        measured.keep_apart(Path(name))
        facts = measured.machine(Path(name), TOOLS)
        tell(measure(Path(name), amount), facts, amount, as_json=arguments.json)
    return 0


def tell(
    found: dict[str, dict[str, list[Cost]]], facts: dict[str, str], amount: Amount, *,
    as_json: bool,
) -> None:  # fmt: skip
    """Print what was measured."""
    if as_json:
        costed = [
            {"what": what, "cpu_us": {s: asdict(_cpu(c)) for s, c in costs.items()},
             "per_second": {s: spread([x.per_second for x in c]).median for s, c in costs.items()}}
            for what, costs in found.items()
        ]  # fmt: skip
        print(json.dumps({"schema": 1, "machine": facts, "amount": asdict(amount), "rows": costed}))
        return
    subjects = list(next(iter(found.values())))
    head = [
        "each", *subjects, "mediafs: a core answers a second", "clients saw a second",
        *(f"mediafs / {s}" for s in subjects if s != "mediafs"),
    ]  # fmt: skip
    title = f"Processor time of the server, median of {amount.rounds} rounds in turns."
    rows = [_cells(what, costs) for what, costs in found.items()]
    notes = measured.lacking(list(TOOLS))
    print(measured.told(facts, {title: measured.table(head, rows)}, notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
