"""Measure for the benchmarks: children with what they used, rounds side by side, medians, tables.

What is measured is bench_index.py and bench_mount.py; on which files, bench_files.py. What one
process used is processes.py.

Machines are noisy, so nothing is a number alone: what is compared runs in turns, the ratio is
taken within each round, and what is told is the median of the rounds with the least and the
most, and beside them the ratio of the best rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from indexer.mounts import filesystem_type

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

T = TypeVar("T")

# What a ratio in a table is.
READ_AS = "Ratios: median of the rounds (least to most; best round to best round)."

MEDIAFS = Path(sys.executable).with_name("mediafs")
# 2: done, but some files could not be read. The generated ones can, a person's own perhaps not.
_DONE = frozenset({0, 2})
_SAMPLE_SECONDS = 0.05
_SAID_AT_MOST = 500  # characters of a failed command's last words
_PACKAGES = ("apsw", "blake3", "pillow", "pillow-heif", "numpy", "pyfuse3", "trio")


# --- numbers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spread:
    """Several measurements of one thing."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        """`1.23 (1.20 to 1.31)`."""
        return f"{digits(self.median)} ({digits(self.least)} to {digits(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    """Median, least and most."""
    return Spread(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours as a multiple of theirs, each round with its own baseline."""

    median: float
    least: float
    most: float
    best: float  # our best round to their best: what is left when others disturb least

    def __str__(self) -> str:
        """`1.23 (1.20 to 1.31; 1.22)`."""
        return (
            f"{digits(self.median)} ({digits(self.least)} to {digits(self.most)};"
            f" {digits(self.best)})"
        )


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Ours as a multiple of theirs."""
    rounds = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Ratio(median(rounds), min(rounds), max(rounds), min(ours) / min(theirs))


def digits(value: float) -> str:
    """As many as mean something."""
    for above, places in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(value) >= above:
            return f"{value:,.{places}f}"
    return f"{value:.4f}"


# --- children ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One child that ended, with all that it started."""

    seconds: float
    cpu_seconds: float  # of all its processes, in user and kernel mode
    output: bytes

    @property
    def answer(self) -> dict[str, Any]:
        """The JSON object on its last line."""
        return dict(json.loads(self.output.splitlines()[-1]))


def run(command: Sequence[str | Path], done: Collection[int] = _DONE) -> Run:
    """Run a command to its end, what it prints kept in a file. RuntimeError if it fails."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        begun = time.perf_counter()
        # Not waited for by Popen: wait4() tells what this child used, and no other.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=complained)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in done:
            complained.seek(0)
            says = complained.read().decode("utf-8", "replace").strip()[-_SAID_AT_MOST:]
            raise RuntimeError(f"{' '.join(map(str, command))} gave {child.returncode}: {says}")
        said.seek(0)
        return Run(seconds, used.ru_utime + used.ru_stime, said.read())


def mediafs(catalog: Path, *arguments: str | Path) -> Run:
    """Run a mediafs command with this catalog."""
    return run([MEDIAFS, "--catalog", catalog, *arguments])


@contextlib.contextmanager
def mounted(catalog: Path, point: Path) -> Iterator[None]:
    """A catalog mounted on a folder, which is there; unmounted at the end, whatever happens."""
    try:
        mediafs(catalog, "mount", point)
        yield
    finally:
        unmount(point)


def unmount(point: Path) -> None:
    """Take away whatever is mounted there, if anything is."""
    if os.path.ismount(point) or _is_broken(point):
        done = subprocess.run(["fusermount3", "-u", point], check=False, capture_output=True)
        if done.returncode:  # something still stands in it
            subprocess.run(["fusermount3", "-uz", point], check=True)


def _is_broken(point: Path) -> bool:
    """Whether the process behind a mount is gone; ismount() then says that there is none."""
    try:
        os.lstat(point)
    except OSError as exc:
        return exc.errno == errno.ENOTCONN
    return False


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(rounds: int, works: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
    """Each work once a round, every second round in the opposite order."""
    found: dict[str, list[T]] = {name: [] for name in works}
    for number in range(rounds):
        names = list(works)
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(works[name]())
    return found


class Memory:
    """The most memory that all descendants of this process had at one time, and the largest had.

    Pages that several share are counted once (PSS). It looks every 50 ms, so what lives for
    less may be missed, and looking takes time: not for runs that are timed. What wait4() tells
    is of no use here: it counts what a child was before its exec(), a fork of this process.
    """

    def __init__(self) -> None:
        self.together_bytes = 0
        self.largest_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_SAMPLE_SECONDS):
            sizes = [pss_of(pid) for pid in _descendants(os.getpid())]
            self.together_bytes = max(self.together_bytes, sum(sizes))
            self.largest_bytes = max([self.largest_bytes, *sizes])

    def __str__(self) -> str:
        largest, together = (b / 2**20 for b in (self.largest_bytes, self.together_bytes))
        return f"{largest:,.0f} MiB in its largest process, {together:,.0f} MiB in all together"


def _descendants(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if _program(int(child)) != _program(os.getpid()):  # else a fork, before its exec()
                    yield int(child)
                yield from _descendants(int(child))


def _program(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def pss_of(pid: int) -> int:
    """Memory of one process, shared pages divided by those who share them; 0 if it is gone."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0


# --- the surroundings -------------------------------------------------------------------------


def keep_apart(folder: Path) -> None:
    """Nobody's settings but the defaults, nobody's state but this folder's; end by Ctrl-C's way.

    SIGTERM raises, so that what was mounted is unmounted.
    """
    for name in [n for n in os.environ if n.startswith("MEDIAFS_") and n != "MEDIAFS_EXIFTOOL"]:
        del os.environ[name]
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        os.environ[f"XDG_{name}_HOME"] = os.fspath(folder / name.lower())

    def end(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)


def machine(folder: Path, tools: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What ran this, and the versions of what it was compared with."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    load = os.getloadavg()[0]
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processors": f"{os.cpu_count()}, {platform.machine()}",
        "memory": f"{memory / 2**30:.0f} GiB",
        "load before": f"{load:.1f} (others at work)" if load > 1 else f"{load:.1f}",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "filesystem": filesystem_type(folder),
        "python": platform.python_version(),
    }
    facts |= {package: version(package) for package in _PACKAGES if _is_installed(package)}
    return facts | {name: _version(command) for name, command in tools.items()}


def _is_installed(package: str) -> bool:
    with contextlib.suppress(ImportError):
        return bool(version(package))
    return False


def _version(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    words = (done.stdout or done.stderr).split("\n", 1)[0].split()
    return next((w.lstrip("v") for w in words if w.lstrip("v")[:1].isdigit()), "unknown version")


def lacking(names: Sequence[str]) -> list[str]:
    """A sentence for each program that would be compared with, were it here."""
    return [f"{n} is not installed: not run." for n in names if shutil.which(n) is None]


def parser(doc: str | None, smaller: str) -> argparse.ArgumentParser:
    """The options of every benchmark."""
    made = argparse.ArgumentParser(description=(doc or "").split("\n", 1)[0])
    made.add_argument("--quick", action="store_true", help=smaller)
    made.add_argument("--json", action="store_true", help="print JSON")
    made.add_argument("--files", type=int, help="how many small files")
    made.add_argument("--rounds", type=int, help="how often each is run")
    made.add_argument("--folder", type=Path, help="where to make the files")
    return made


# --- what is told -----------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns in line; Markdown as well."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    ruled = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (head, ruled, *rows)
    )


def verdict(value: float, goal: float | None) -> str:
    """What a table says about a goal; less is better."""
    if goal is None:
        return ""
    return f"≤ {goal:g}: {'reached' if value <= goal else 'not reached'}"


def told(facts: Mapping[str, str], tables: Mapping[str, str], notes: Sequence[str]) -> str:
    """The whole answer for a person."""
    parts = [", ".join(f"{name} {value}" for name, value in facts.items())]
    parts += [f"{title}\n\n{text}" for title, text in tables.items()]
    return "\n\n".join([*parts, *notes])
