#!/usr/bin/env python3
"""What indexing costs, as ratios to what ran beside it.

    scripts/bench_index.py [--quick] [--json] [--source DIR] [--heics DIR] [--files N] [--rounds N]
                           [--folder DIR]
    scripts/bench_index.py --huge DIR        # 1.5 million files; made in DIR if they are not there
    scripts/bench_index.py --workers-sweep

Makes its files in a temporary folder and takes them away again; DIR is only read. How to
measure is measured.py, the files are bench_files.py, what came out once docs/benchmarks.md.
"""

from __future__ import annotations

import contextlib
import gc
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

import bench_workers
import measured
import pillow_heif
from bench_files import Photographs, facts_only, known_catalog, linked_files, small_files
from blake3 import blake3
from measured import Ratio, Run, Spread, digits, in_turns, mediafs, mounted, ratio, run, spread
from PIL import Image

from indexer.catalog import facts
from indexer.catalog.connection import open_reader
from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.sniff import sniff
from indexer.perceptual.image_hash import fingerprint
from indexer.read.decode import decode_picture
from indexer.read.limits import DEFAULT_LIMITS

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
_HUGE: Final = 1_500_000
_LEAST_RATE: Final = 150_000  # files a second, of so many that are unchanged
_HEIC_MS: Final = 60.0
_HEIC_PIXELS: Final = 8_000_000  # of --heics, those below are no phone's whole picture
_LIVE_WITHIN: Final = 20.0  # seconds until a mount that shows nothing new is called broken


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    jpegs: int = 300
    few: int = 50  # of them, to tell what starting costs
    heics: int = 12
    libraries: tuple[int, ...] = (5_000, 20_000)  # besides `files`, for derive alone
    files: int = 91_000
    new: int = 50
    rounds: int = 3
    rounds_of_small: int = 5


QUICK: Final = Amount(24, 8, 2, (500,), 2_000, 10, rounds=1, rounds_of_small=2)


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
        few = self.folder / f"{tree.name}-few"
        few.mkdir()
        for path in files[: self.amount.few]:
            (few / path.name).hardlink_to(path)
        works: dict[str, Callable[[], Run | Parts]] = {
            "mediafs": lambda: self.index(tree),
            "few": lambda: self.index(few),
            "parts": lambda: parts_of(files),
            "exiftool -r -json": lambda: _exiftool(tree),
        }
        works |= {tool: _digests(tool, files) for tool in ("b3sum", "sha256sum") if _is_here(tool)}
        found = in_turns(rounds, works)
        ours = [run.seconds for run in found["mediafs"] if isinstance(run, Run)]
        parts = [each for each in found.pop("parts") if isinstance(each, Parts)]
        self._against_parts(name, found["mediafs"], parts, has_goals=has_goals)
        fewer = [run.seconds for run in found.pop("few") if isinstance(run, Run)]
        if len(files) > self.amount.few:
            self._each_more(name, ours, fewer, parts, len(files))
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

    def _each_more(
        self, name: str, ours: Sequence[float], fewer: Sequence[float], parts: Sequence[Parts],
        files: int,
    ) -> None:  # fmt: skip
        """What starting Python, workers and ExifTool does not touch: each file beyond the first."""
        few, cores = self.amount.few, os.cpu_count() or 1
        more = [1000 * (a - b) / (files - few) for a, b in zip(ours, fewer, strict=True)]
        alone = [1000 * each.total / files / cores for each in parts]
        self._row(
            f"{name}: each file beyond the first {few}, without start-up", more,
            f"digest + decode + ExifTool of a file, divided by {cores} processors", alone,
            goal=1.25, unit="ms",
        )  # fmt: skip
        start = spread([b - few * each / 1000 for b, each in zip(fewer, more, strict=True)])
        self.notes.append(f"{name}: start-up, which is paid once: {start} s.")

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

    # ------------------------------------------------------------------ HEIC

    def heic(self, name: str, files: Sequence[Path]) -> None:
        """The fingerprint of a HEIC in processor time, beside libheif's full decode of it."""
        contents = [path.read_bytes() for path in files]
        works: dict[str, Callable[[], list[float]]] = {
            "ours": lambda: [_processor_ms(_picture, content) for content in contents],
            "libheif": lambda: [_processor_ms(_decoded, content) for content in contents],
        }
        [work() for work in works.values()]  # imports
        found = in_turns(self.amount.rounds, works)
        ours, theirs = ([sum(each) / len(each) for each in found[of]] for of in works)
        what = f"{name}: its fingerprint, processor time of a file"
        self._row(what, ours, "decoded whole by libheif, no fingerprint", theirs, unit="ms")
        self._row(what, ours, "goal", [_HEIC_MS] * len(ours), goal=1.0, unit="ms")

    # ------------------------------------------------------------------ again

    def again(self) -> None:
        """An index of many files that has nothing, or little, to do."""
        for count in self.amount.libraries:
            shutil.rmtree(self._known(count)[0].parent)
        tree, catalog = self._known(self.amount.files)
        self._nothing_new(tree, catalog, self.amount.files + self.amount.new)
        self._some_new(tree, catalog)
        self._live(tree, catalog)

    def _known(self, count: int) -> tuple[Path, Path]:
        """A library and its catalog; derive and publish of all, then of a few more, in rows."""
        tree, new = self.folder / f"library-{count}" / "many", self.amount.new
        small_files(tree, count)
        catalog = self._catalog()
        known = known_catalog(tree, catalog)
        small_files(tree / "few more", new, seed=2)
        gc.collect()
        gc.freeze()  # what the first left behind: a run of its own has nothing to look through
        more = known_catalog(tree, catalog)
        took = {"look": known.look, "write": known.write, "derive": known.derive}
        took["publish"] = known.publish
        self.parts[f"{count:,} small JPEG"] = {p: 1000 * s / count for p, s in took.items()}
        for step, few, every in (
            ("derive", more.derive, known.derive),
            ("publish", more.publish, known.publish),
        ):
            what = f"{step} after {new} new among {count:,}"
            self._row(what, [few], f"{step} of everything", [every])
        return tree, catalog

    def _nothing_new(self, tree: Path, catalog: Path, count: int) -> int:
        """Rows of a run that finds nothing to do; its peak memory in bytes."""

        def reindex() -> Run:
            done = mediafs(catalog, "reindex", "--json", "--quiet")
            assert done.answer["opened"] == 0, "a file was opened that had not changed"
            assert done.answer["unchanged"] == count, "it did not see all files"
            return done

        with measured.Memory() as memory:
            reindex()
        works = {
            "ours": reindex,
            "find": lambda: run(["find", tree, "-printf", "%s %T@\\n"]),
            "start": lambda: mediafs(catalog, "--version"),
        }
        found = in_turns(self.amount.rounds_of_small, works)
        ours, theirs, start = ([run.seconds for run in found[name]] for name in works)
        what = f"reindex of {count:,} unchanged files"
        self._row(what, ours, "find -printf '%s %T@'", theirs, goal=5.0)
        inside = [a - b for a, b in zip(ours, start, strict=True)]
        self._row(f"{what}, without starting Python", inside, "find -printf '%s %T@'", theirs)
        used = [run.cpu_seconds for run in found["ours"]]
        self._row(
            f"{what}, processor time", used,
            "processor time of find", [run.cpu_seconds for run in found["find"]],
        )  # fmt: skip
        if count >= _MILLION:
            at_least = [count / _LEAST_RATE] * len(ours)
            self._row(what, ours, f"{_LEAST_RATE:,} files/s", at_least, goal=1.0)
        self.notes.append(
            f"{count:,} unchanged files: {count / spread(ours).median:,.0f} files/s, "
            f"{count / spread(inside).median:,.0f} after the {spread(start).median:.2f} s that "
            f"Python takes to start; 0 opened. Peak memory: {memory}."
        )
        return memory.largest_bytes

    def _some_new(self, tree: Path, catalog: Path) -> None:
        new, ours, alone = self.amount.new, [], []
        for number in range(self.amount.rounds):
            folder = tree / f"new {number}"
            self._photographs.jpegs(folder, new)
            alone.append(self.index(folder).seconds)
            ours.append(self._reindex(catalog).seconds)
        what = f"reindex after {new} new JPEG of 12 MP among {self.amount.files:,}"
        self._row(what, ours, f"first index of those {new} alone", alone)
        more = [a - b for a, b in zip(ours, alone, strict=True)]
        self._row(f"{what}: beyond those alone", more, "goal", [1.0] * len(more), goal=1.0)
        self._photographs.jpegs(tree / "and more", new)
        with measured.Memory() as memory:
            self._reindex(catalog)
        self.notes.append(f"{what}: peak memory: {memory}.")

    def _live(self, tree: Path, catalog: Path) -> None:
        """How long after the end of a reindex its files are in a mount that was there before."""
        point = self.folder / "mount"
        point.mkdir()
        later: list[float] = []
        with mounted(catalog, point):
            inside = point / "by-source" / tree.name
            for number in range(self.amount.rounds):
                folder = f"live {number}"
                self._photographs.jpegs(tree / folder, self.amount.new)
                # Who looked before has it in the kernel's cache that there is no such folder.
                assert not (inside / folder).exists()
                assert os.listdir(inside)
                self._reindex(catalog)
                later.append(_seconds_until_there(inside / folder, self.amount.new))
        what = f"until a mount shows {self.amount.new} new files, after the end of reindex"
        self._row(what, later, "goal", [1.0] * len(later), goal=1.0)

    def _reindex(self, catalog: Path) -> Run:
        done = mediafs(catalog, "reindex", "--json", "--quiet")
        assert done.answer["opened"] == self.amount.new, "it did not read just what is new"
        return done

    # ------------------------------------------------------------------ huge

    def huge(self, folder: Path) -> None:
        """A run over more than a million files that finds nothing; what memory grows by."""
        tree, catalog = _huge_library(folder, _HUGE)
        less = self.folder / "less"
        small_files(less, self.amount.files)
        facts_only(less, self._catalog_of_less())
        little = self._nothing_new(less, self._catalog_of_less(), self.amount.files)
        count = mediafs(catalog, "reindex", "--json", "--quiet").answer["seen"]
        much = self._nothing_new(tree, catalog, count)
        a_million = (much - little) / 2**20 / ((count - self.amount.files) / _MILLION)
        self.notes.append(f"Memory of a run without news: {a_million:.0f} MiB per million files.")

    def _catalog_of_less(self) -> Path:
        return self.folder / "catalog-of-less" / "catalog.db"

    # ------------------------------------------------------------------ all

    def run(self, source: Path | None, phones: Path | None) -> None:
        """Every comparison."""
        jpegs, heics = self.folder / "jpegs", self.folder / "heics"
        self._photographs.jpegs(jpegs, self.amount.jpegs)
        self._photographs.heics(heics, self.amount.heics)
        self.cold("12 MP JPEG", jpegs, self.amount.rounds, has_goals=True)
        self.cold("12 MP HEIC", heics, self.amount.rounds, has_goals=False)
        self.heic("12 MP HEIC of a program", sorted(heics.iterdir())[:3])
        if phones is not None:
            self.heic(f"HEIC in {phones.name}", _big_heics(phones))
        if source is not None:
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


def _picture(content: bytes) -> object:
    return decode_picture(content, sniff(content, b"IMG_0001.HEIC"), DEFAULT_LIMITS)


def _processor_ms(work: Callable[[bytes], object], content: bytes) -> float:
    begun = time.process_time()
    work(content)
    return 1000 * (time.process_time() - begun)


def _big_heics(folder: Path) -> list[Path]:
    """A folder's HEICs of a phone's size, that libheif opens."""
    pillow_heif.register_heif_opener()
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".heic":
            with contextlib.suppress(OSError, ValueError), Image.open(path) as image:
                if image.width * image.height >= _HEIC_PIXELS:
                    found.append(path)
    return found


def _seconds_until_there(folder: Path, count: int) -> float:
    """From now until so many names are in a folder."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < _LIVE_WITHIN:
        with contextlib.suppress(OSError):
            if len(os.listdir(folder)) == count:
                return time.perf_counter() - begun
        time.sleep(0.005)
    raise RuntimeError(f"{folder} does not show {count} files after {_LIVE_WITHIN:.0f} s")


def _huge_library(folder: Path, count: int) -> tuple[Path, Path]:
    """Its tree and catalog; made only where they are not."""
    catalog = folder / "catalog.db"
    if not catalog.exists():
        linked_files(folder / "tree", count)
        facts_only(folder / "tree", catalog)
    with contextlib.closing(open_reader(catalog)) as db:
        return Path(os.fsdecode(facts.roots(db)[0].path)), catalog


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
        bench = Bench(folder, amount)
        bench.notes += measured.lacking(list(TOOLS))
        if arguments.huge:
            bench.huge(arguments.huge)
        else:
            bench.run(arguments.source, arguments.heics)
        # Before the files go: taking away a hundred thousand takes a while.
        tell(bench, about, as_json=arguments.json)
    return 0


def tell(bench: Bench, about: dict[str, str], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        rows = [asdict(row) for row in bench.rows]
        answer = {"schema": 1, "machine": about, "amount": asdict(bench.amount), "rows": rows}
        print(
            json.dumps(answer | {"parts_ms_a_file": bench.parts, "notes": bench.notes}), flush=True
        )
        return
    head = ["what", "mediafs", "against", "it took", "ratio", "goal"]
    amount = bench.amount
    title = (
        f"{amount.rounds} rounds in turns, {amount.rounds_of_small} of what is unchanged, one of"
        f" derive and publish. {measured.READ_AS}"
    )
    tables = {title: measured.table(head, [row.cells() for row in bench.rows])}
    if bench.parts:
        which = "Where a file's time goes, each part alone on one processor"
        tables[which] = parts_table(bench.parts)
    print(measured.told(about, tables, bench.notes), flush=True)


if __name__ == "__main__":
    sys.exit(main())
