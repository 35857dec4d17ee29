"""What is done with each filesystem of the mount benchmark, and the files it is done with.

A work takes a fresh mount and gives a lap for each of its rows: seconds, and what processors
did in them, the client's side and the serving process told apart.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from blake3 import blake3
from make_catalog import CatalogMaker
from make_library import bulk
from measured import run
from processes import Processor, own_processor, processor_of

from indexer.roots import host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mount_peers import Served

T = TypeVar("T")

READERS: Final = 16
_CHUNK: Final = 1 << 20
_RANDOM: Final = 64 << 10
_LARGE_BYTES: Final = 3_000_000
_DISTINCT: Final = 1_000  # of the large files; more are hard links to these, to fit in memory
_A_DAY: Final = 25  # large files in a folder
_FIRST_DAY: Final = datetime(2016, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    files: int = 91_000  # to walk
    small: int = 10_000  # of them, to ask for one by one, and to open, read and close
    big_bytes: int = 2_000_000_000
    random_reads: int = 10_000
    large: int = 1_000  # for rsync, of 3 MB each
    huge: int = 1_500_000  # files of a catalog that has no media
    rounds: int = 5
    rounds_of_rsync: int = 3


QUICK: Final = Amount(5_000, 1_000, 200_000_000, 1_500, 60, 20_000, 2, 1)


@dataclass(frozen=True, slots=True)
class Lap:
    """What something took."""

    seconds: float
    client: Processor  # who asks, this process and its children
    server: Processor  # the process behind the mount


class Laps:
    """Measures works, one after the other, against one mount."""

    def __init__(self, server: int | None) -> None:
        self._server = server
        self.taken: list[Lap] = []

    def time(self, work: Callable[[], T]) -> T:
        """Do it, and remember what it took."""
        client, server, begun = own_processor(), self._processor(), time.perf_counter()
        answer = work()
        seconds = time.perf_counter() - begun
        self.taken.append(Lap(seconds, own_processor() - client, self._processor() - server))
        return answer

    def _processor(self) -> Processor:
        return Processor() if self._server is None else processor_of(self._server)


# --- the files --------------------------------------------------------------------------------


def make_files(sources: Path, catalog: Path, amount: Amount) -> None:
    """many/ of 2 KB, one big file, large/ of 3 MB; and a catalog that shows them all.

    The catalog's rows are written by hand: what a mount asks is the same, and nothing has to be
    decoded. Each file stands in two views, as with a library in which nothing is a copy.
    """
    bulk(sources / "many", amount.files)
    pool = random.Random(7).randbytes(_LARGE_BYTES + 64 * _DISTINCT)
    (sources / "big").mkdir()
    with open(sources / "big" / "big.bin", "wb") as file:
        file.writelines(pool for _ in range(amount.big_bytes // len(pool) + 1))
        file.truncate(amount.big_bytes)
    shown = {os.fspath(path): f"large/{path}" for path in _large(sources / "large", pool, amount)}
    maker = CatalogMaker(catalog)
    with maker.db:
        root = maker.root(sources, os.fsencode(sources.name), host())
        kept: dict[int, bytes] = {}  # inode: digest
        shown |= {f"others/{path}": path for path in _below(sources, "many", "big")}
        for place, path in shown.items():
            status = (sources / path).stat()
            if status.st_ino not in kept:
                kept[status.st_ino] = blake3().update_mmap(sources / path).digest()
            row = maker.row(root, os.fsencode(path), status, kept[status.st_ino])
            maker.place_many(
                (where, row) for where in (f"by-source/{sources.name}/{path}", _view(place))
            )
    maker.publish()
    maker.close()
    os.sync()  # written pages go to the disk now and not while something is measured


def _view(place: str) -> str:
    """originals/ holds just the large files, as they lie in large/."""
    return f"by-date/{place}" if place.startswith("others/") else f"originals/{place}"


def _large(folder: Path, pool: bytes, amount: Amount) -> Iterator[Path]:
    """Make them, in folders of days; as paths in there."""
    made: list[Path] = []
    for number in range(amount.large):
        taken = _FIRST_DAY + timedelta(days=number // _A_DAY, seconds=number % _A_DAY)
        path = Path(taken.strftime("%Y/%Y-%m-%d")) / f"IMG_{number:05}.JPG"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if number < _DISTINCT:
            (folder / path).write_bytes(pool[64 * number :][:_LARGE_BYTES])
            os.utime(folder / path, (taken.timestamp(),) * 2)
        else:
            (folder / path).hardlink_to(folder / made[number % _DISTINCT])
        made.append(path)
        yield path


def _below(sources: Path, *folders: str) -> Iterator[str]:
    for folder in folders:
        for path, _, names in os.walk(sources / folder):
            yield from (os.path.relpath(f"{path}/{name}", sources) for name in sorted(names))


# --- what is done -----------------------------------------------------------------------------


class Works:
    """Each is for one or two rows."""

    def __init__(self, amount: Amount) -> None:
        self._amount = amount

    def walk(self, served: Served, laps: Laps) -> None:
        """Every name with its attributes, and again."""
        command: list[str | Path] = [
            "find",
            served.tree / "many",
            "-type",
            "f",
            "-printf",
            "%s %T@\\n",
        ]
        first, second = (laps.time(lambda: run(command)).output for _ in range(2))
        count = len(first.splitlines())
        assert count == self._amount.files, f"{count} files below {served.tree}"
        assert sorted(first.splitlines()) == sorted(second.splitlines())

    def stat(self, served: Served, laps: Laps) -> None:
        """A lookup for each name, and nothing else: listings are not asked for."""
        names = _names(served.tree / "many", self._amount.small)
        laps.time(lambda: _stat_each(names))

    def read(self, served: Served, laps: Laps) -> None:
        """The big file from end to end, and again."""
        path = served.tree / "big" / "big.bin"
        for _ in range(2):
            total = laps.time(lambda: _read(path))
            assert total == self._amount.big_bytes, f"{total} bytes came out of {path}"

    def read_at_random(self, served: Served, laps: Laps) -> None:
        """Pieces of the big file, each once, by several readers at once."""
        blocks = range(self._amount.big_bytes // _RANDOM)
        chosen = random.Random(7).sample(blocks, min(self._amount.random_reads, len(blocks)))
        parts = [chosen[i::READERS] for i in range(READERS)]
        fd = os.open(served.tree / "big" / "big.bin", os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
            with ThreadPoolExecutor(READERS) as readers:
                laps.time(lambda: list(readers.map(lambda part: _blocks(fd, part), parts)))
        finally:
            os.close(fd)

    def open_small(self, served: Served, laps: Laps) -> None:
        """Open, read, close, and again."""
        names = _names(served.tree / "many", self._amount.small)
        paths = [f"{folder}/{name}" for folder, inside in names.items() for name in inside]
        for _ in range(2):
            laps.time(lambda: _read_each(paths))

    def rsync(self, served: Served, laps: Laps, target: Path) -> None:
        """The large files into an empty folder, and again."""
        command = ["rsync", "-a", "--itemize-changes", f"{served.originals}/", f"{target}/"]
        try:
            first, second = (laps.time(lambda: run(command)).output for _ in range(2))
        finally:
            shutil.rmtree(target)
            os.sync()
        copied = sum(1 for line in first.splitlines() if line.startswith(b">f"))
        assert copied == self._amount.large, f"{copied} files copied from {served.originals}"
        assert not second, "the second rsync found something to do"


def _names(folder: Path, count: int) -> dict[str, list[str]]:
    """The first so many files of many/, told without looking."""
    names: dict[str, list[str]] = {}
    for number in range(count):
        inside = names.setdefault(f"{folder}/{number // 1000:04}", [])
        inside.append(f"IMG_{number % 10_000:04}.JPG")
    return names


def _stat_each(names: Mapping[str, Sequence[str]]) -> None:
    for folder, inside in names.items():
        fd = os.open(folder, os.O_RDONLY)
        for name in inside:
            os.stat(name, dir_fd=fd)
        os.close(fd)


def _read(path: Path) -> int:
    buffer, total = bytearray(_CHUNK), 0
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            total += count
    return total


def _blocks(fd: int, numbers: Sequence[int]) -> None:
    for number in numbers:
        assert len(os.pread(fd, _RANDOM, number * _RANDOM)) == _RANDOM


def _read_each(paths: Sequence[str]) -> None:
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        assert os.read(fd, _CHUNK)
        os.close(fd)
