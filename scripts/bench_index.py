#!/usr/bin/env python3
"""What indexing costs, as ratios to what ran beside it.

    scripts/bench_index.py [--quick] [--json] [--source DIR] [--files N] [--rounds N] [--folder DIR]

Makes its files in a temporary folder and takes them away again; DIR is only read. How to
measure is measured.py, the files are bench_files.py, what came out once docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
import pillow_heif
from bench_files import Photographs, known_catalog, small_files
from blake3 import blake3
from measured import Ratio, Run, Spread, digits, in_turns, mediafs, ratio, run, spread
from PIL import Image

from indexer.metadata.exiftool import ExifToolSession
from indexer.perceptual.image_hash import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOOLS: Final = {
    "exiftool": ("exiftool", "-ver"),
    "b3sum": ("b3sum", "--version"),
    "sha256sum": ("sha256sum", "--version"),
    "find": ("find", "--version"),
}
PARTS: Final = ("digest", "decode", "fingerprint", "ExifTool")
DRAFT: Final = (500, 375)  # an eighth of twelve megapixels, what the indexer decodes a JPEG at
_BATCH: Final = 24  # files in one question to ExifTool, as the indexer asks
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    jpegs: int = 300
    heics: int = 12
    files: int = 91_000
    new: int = 50
    rounds: int = 5
    rounds_of_heics: int = 3
    rounds_of_new: int = 3


QUICK: Final = Amount(24, 2, 5_000, 10, rounds=3, rounds_of_heics=2, rounds_of_new=2)


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


@dataclass(frozen=True, slots=True)
class Parts:
    """What each part takes for all files, one after the other on one processor."""

    seconds: dict[str, float]
    cpu_seconds: float

    @property
    def total(self) -> float:
        """What DESIGN.md compares with: digest, decoding at reduced scale, ExifTool."""
        return sum(self.seconds[part] for part in PARTS if part != "fingerprint")


class Bench:
    """One run of all comparisons in one folder."""

    def __init__(self, folder: Path, amount: Amount) -> None:
        self.folder = folder
        self.amount = amount
        self.rows: list[Row] = []
        self.parts: dict[str, dict[str, float]] = {}  # library: part: ms a file
        self.notes: list[str] = []
        self._photographs = Photographs()
        self._catalogs = 0

    # ------------------------------------------------------------------ cold

    def cold(self, name: str, tree: Path, rounds: int, *, has_goals: bool) -> None:
        """A first index of a tree in the page cache, against its parts and other programs."""
        files = sorted(path for path in tree.rglob("*") if path.is_file())
        sizes = sum(path.stat().st_size for path in files)
        self._peak(name, tree, len(files), sizes)
        works: dict[str, Callable[[], Run | Parts]] = {
            "mediafs": lambda: self.index(tree),
            "parts": lambda: parts_of(files),
            "exiftool -r -json": lambda: _exiftool(tree),
        }
        works |= {tool: _digests(tool, files) for tool in ("b3sum", "sha256sum") if _is_here(tool)}
        found = in_turns(rounds, works)
        ours = [run.seconds for run in found["mediafs"] if isinstance(run, Run)]
        parts = [each for each in found.pop("parts") if isinstance(each, Parts)]
        self._against_parts(name, found["mediafs"], parts, has_goals=has_goals)
        for other, runs in found.items():
            if other != "mediafs":
                took = [run.seconds for run in runs if isinstance(run, Run)]
                self._row(f"{name}: cold index", ours, other, took)
        self._count_reads(name, found["mediafs"], len(files), sizes)
        self.parts[name] = {
            part: 1000 * spread([p.seconds[part] for p in parts]).median / len(files)
            for part in PARTS
        }

    def _against_parts(
        self, name: str, runs: Sequence[Run | Parts], parts: Sequence[Parts], *, has_goals: bool
    ) -> None:
        ours = [run for run in runs if isinstance(run, Run)]
        cores = os.cpu_count() or 1
        alone = [each.total / cores for each in parts]
        all_parts = [sum(each.seconds.values()) / cores for each in parts]
        goal = 1.25 if has_goals else None
        what, divided = f"{name}: cold index", f"divided by {cores} processors"
        took = [run.seconds for run in ours]
        self._row(what, took, f"digest + decode + ExifTool, {divided}", alone, goal=goal)
        self._row(what, took, f"the same + fingerprint, {divided}", all_parts)
        self._row(
            f"{name}: processor time of it", [run.cpu_seconds for run in ours],
            "processor time of all four parts", [each.cpu_seconds for each in parts],
        )  # fmt: skip

    def _count_reads(self, name: str, runs: Sequence[Run | Parts], files: int, sizes: int) -> None:
        answers = [run.answer for run in runs if isinstance(run, Run)]
        read = [a["bytes_read"] / _MILLION for a in answers]
        opened = [float(a["opened"]) for a in answers]
        total = [sizes / _MILLION] * len(read)
        self._row(f"{name}: bytes read", read, "sum of sizes", total, goal=1.01, unit="MB")
        there = [float(files)] * len(read)
        self._row(f"{name}: files opened", opened, "files", there, goal=1.0, unit="files")

    def _peak(self, name: str, tree: Path, files: int, sizes: int) -> None:
        """Run it once without a clock: it brings the files into the page cache, too."""
        with measured.Memory() as memory:
            self.index(tree)
        self.notes.append(
            f"{name}: {files:,} files, {sizes / _MILLION:,.0f} MB. "
            f"Peak memory of a cold index: {memory}."
        )

    def index(self, tree: Path) -> Run:
        """A first index of a tree, with a new catalog."""
        catalog = self._catalog()
        try:
            return mediafs(catalog, "index", tree, "--json", "--quiet")
        finally:
            shutil.rmtree(catalog.parent, ignore_errors=True)

    def _catalog(self) -> Path:
        self._catalogs += 1
        return self.folder / f"catalog-{self._catalogs}" / "catalog.db"

    # ------------------------------------------------------------------ again

    def again(self) -> None:
        """An index of many files that has nothing, or little, to do."""
        tree, count = self.folder / "many", self.amount.files
        small_files(tree, count)
        catalog = self._catalog()
        known = known_catalog(tree, catalog)
        self.parts[f"{count:,} small JPEG"] = {
            "look": 1000 * known.look / count,
            "write": 1000 * known.write / count,
            "derive": 1000 * known.derive / count,
        }
        self.notes.append(
            f"The catalog of {count:,} files was written by the indexer's own code in "
            f"{known.look + known.write + known.derive:.0f} s; decoding and ExifTool, which would "
            "take minutes for files of 2 KB, were left out for all but one."
        )
        self._nothing_new(tree, catalog, count)
        self._some_new(tree, catalog, count)

    def _nothing_new(self, tree: Path, catalog: Path, count: int) -> None:
        def reindex() -> Run:
            done = mediafs(catalog, "reindex", "--json", "--quiet")
            assert done.answer["opened"] == 0, "a file was opened that had not changed"
            assert done.answer["unchanged"] == count, "it did not see all files"
            return done

        works = {"ours": reindex, "find": lambda: run(["find", tree, "-printf", "%s %T@\\n"])}
        with measured.Memory() as memory:
            reindex()
        found = in_turns(self.amount.rounds, works)
        ours, theirs = ([run.seconds for run in found[name]] for name in works)
        what = f"reindex of {count:,} unchanged files"
        self._row(what, ours, "find -printf '%s %T@'", theirs, goal=5.0)
        start = [mediafs(catalog, "--version").seconds for _ in ours]
        inside = [a - b for a, b in zip(ours, start, strict=True)]
        self._row(f"{what}, without starting Python", inside, "find -printf '%s %T@'", theirs)
        self.notes.append(
            f"An unchanged library: {count / spread(inside).median:,.0f} files/s after "
            f"{spread(start).median:.2f} s to start Python. Peak memory: {memory}."
        )

    def _some_new(self, tree: Path, catalog: Path, count: int) -> None:
        new, ours, alone = self.amount.new, [], []
        for number in range(self.amount.rounds_of_new):
            folder = tree / f"new {number}"
            self._photographs.jpegs(folder, new)
            alone.append(self.index(folder).seconds)
            done = mediafs(catalog, "reindex", "--json", "--quiet")
            assert done.answer["opened"] == new, "it did not read just what is new"
            ours.append(done.seconds)
        what = f"reindex after {new} new JPEG of 12 MP among {count:,}"
        self._row(what, ours, f"first index of those {new} alone", alone)
        self._photographs.jpegs(tree / "and more", new)
        with measured.Memory() as memory:
            mediafs(catalog, "reindex", "--quiet")
        more = spread([a - b for a, b in zip(ours, alone, strict=True)])
        reached = "reached" if more.median <= 1 else "not reached"
        self.notes.append(
            f"{what}: {more} s more than alone (goal ≤ 1 s: {reached}). Peak memory: {memory}."
        )

    # ------------------------------------------------------------------ all

    def run(self, source: Path | None) -> None:
        """Every comparison."""
        jpegs, heics = self.folder / "jpegs", self.folder / "heics"
        self._photographs.jpegs(jpegs, self.amount.jpegs)
        self._photographs.heics(heics, self.amount.heics)
        self.cold("12 MP JPEG", jpegs, self.amount.rounds, has_goals=True)
        self.cold("12 MP HEIC", heics, self.amount.rounds_of_heics, has_goals=False)
        if source is None:
            self.notes.append("No --source was named: a person's own mix of files was not run.")
        else:
            self._mix(source)
        self.again()

    def _mix(self, source: Path) -> None:
        """A person's own files, which are of all kinds: other programs only, no sum of parts."""
        files = sorted(path for path in source.rglob("*") if path.is_file())
        self._peak("--source", source, len(files), sum(path.stat().st_size for path in files))
        works = {
            "mediafs": lambda: self.index(source),
            "exiftool -r -json": lambda: _exiftool(source),
        }
        works |= {tool: _digests(tool, files) for tool in ("b3sum", "sha256sum") if _is_here(tool)}
        found = in_turns(self.amount.rounds, works)
        ours = [run.seconds for run in found.pop("mediafs")]
        for other, runs in found.items():
            self._row("--source: cold index", ours, other, [run.seconds for run in runs])

    def _row(
        self, what: str, ours: Sequence[float], against: str, theirs: Sequence[float],
        *, goal: float | None = None, unit: str = "s",
    ) -> None:  # fmt: skip
        times = ratio(ours, theirs)
        self.rows.append(Row(what, spread(ours), against, spread(theirs), times, goal, unit))


# --- the parts --------------------------------------------------------------------------------


def parts_of(files: Sequence[Path]) -> Parts:
    """Each part for every file, without anything around it."""
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1
    took, begun_cpu = dict.fromkeys(PARTS, 0.0), sum(os.times()[:4])
    for path in files:
        marks = [time.perf_counter()]
        content = path.read_bytes()
        blake3(content).digest()
        marks.append(time.perf_counter())
        image = _decoded(content)
        marks.append(time.perf_counter())
        fingerprint(image)
        marks.append(time.perf_counter())
        for part, since, until in zip(PARTS[:3], marks, marks[1:], strict=False):
            took[part] += until - since
    took["ExifTool"] = measured.seconds_of(lambda: _ask(files))
    return Parts(took, sum(os.times()[:4]) - begun_cpu)


def _decoded(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.draft("RGB", DRAFT)
    image.load()
    return image


def _ask(files: Sequence[Path]) -> None:
    """One process, as the indexer asks it: in batches, and with its choice of tags."""
    with ExifToolSession() as tool:
        for start in range(0, len(files), _BATCH):
            answers = tool.ask([os.fsencode(path) for path in files[start : start + _BATCH]])
            assert all(answer.raw for answer in answers), "ExifTool failed"


def _exiftool(tree: Path) -> Run:
    """Over a whole tree, as a person would; 1 is its word for files that it cannot read."""
    return run(["exiftool", "-r", "-json", "-q", tree], done={0, 1})


def _is_here(tool: str) -> bool:
    return shutil.which(tool) is not None


def _digests(tool: str, files: Sequence[Path]) -> Callable[[], Run]:
    return lambda: run([tool, "--", *files])


# --- what is told -----------------------------------------------------------------------------


def parts_table(parts: dict[str, dict[str, float]]) -> str:
    """Milliseconds a file, one processor."""
    names = list(dict.fromkeys(part for row in parts.values() for part in row))
    rows = [
        [library, *(digits(row[part]) if part in row else "" for part in names)]
        for library, row in parts.items()
    ]
    return measured.table(["ms a file", *names], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="less of everything: a minute")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--source", type=Path, help="also index this folder")
    parser.add_argument("--files", type=int, help="how many small files")
    parser.add_argument("--rounds", type=int, help="how often each is run")
    parser.add_argument("--folder", type=Path, help="where to make the files")
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
        facts = measured.machine(folder, TOOLS)
        bench = Bench(folder, amount)
        bench.notes += measured.lacking(list(TOOLS))
        bench.run(arguments.source)
        # Before the files go: taking away a hundred thousand takes a while.
        tell(bench, facts, as_json=arguments.json)
    return 0


def tell(bench: Bench, facts: dict[str, str], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        rows = [asdict(row) for row in bench.rows]
        answer = {"schema": 1, "machine": facts, "amount": asdict(bench.amount), "rows": rows}
        print(
            json.dumps(answer | {"parts_ms_a_file": bench.parts, "notes": bench.notes}), flush=True
        )
        return
    head = ["what", "mediafs", "against", "it took", "ratio", "goal"]
    amount = bench.amount
    title = (
        f"{amount.rounds} rounds in turns, {amount.rounds_of_heics} of HEIC and"
        f" {amount.rounds_of_new} with new files. {measured.READ_AS}"
    )
    tables = {
        title: measured.table(head, [row.cells() for row in bench.rows]),
        "Where a file's time goes, each part alone on one processor": parts_table(bench.parts),
    }
    print(measured.told(facts, tables, bench.notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
