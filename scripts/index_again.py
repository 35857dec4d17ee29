"""An index of many files that has nothing, or little, to do."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import measured
from bench_files import facts_only, known_catalog, linked_files, small_files
from index_runs import MILLION
from measured import Run, in_turns, mediafs, mounted, run, spread

from indexer.catalog import facts
from indexer.catalog.connection import open_reader

if TYPE_CHECKING:
    from bench_files import Photographs
    from index_rows import Report
    from index_runs import Amount, Runs

_HUGE: Final = 1_500_000
_LEAST_RATE: Final = 150_000  # files a second, of so many that are unchanged
_LIVE_WITHIN: Final = 20.0  # seconds until a mount that shows nothing new is called broken


class Again:
    """Libraries that are known, looked at again."""

    def __init__(
        self, folder: Path, amount: Amount, report: Report, photographs: Photographs, runs: Runs
    ) -> None:
        self._folder = folder
        self._amount = amount
        self._report = report
        self._photographs = photographs
        self._runs = runs

    def run(self) -> None:
        """An index of many files that has nothing, or little, to do."""
        for count in self._amount.libraries:
            shutil.rmtree(self._known(count)[0].parent)
        tree, catalog = self._known(self._amount.files)
        self._nothing_new(tree, catalog, self._amount.files + self._amount.new)
        self._some_new(tree, catalog)
        self._live(tree, catalog)

    def _known(self, count: int) -> tuple[Path, Path]:
        """A library and its catalog; derive and publish of all, then of a few more, in rows."""
        tree, new = self._folder / f"library-{count}" / "many", self._amount.new
        small_files(tree, count)
        catalog = self._runs.catalog()
        known = known_catalog(tree, catalog)
        small_files(tree / "few more", new, seed=2)
        gc.collect()
        gc.freeze()  # what the first left behind: a run of its own has nothing to look through
        more = known_catalog(tree, catalog)
        took = {"look": known.look, "write": known.write, "derive": known.derive}
        took["publish"] = known.publish
        self._report.parts[f"{count:,} small JPEG"] = {p: 1000 * s / count for p, s in took.items()}
        for step, few, every in (
            ("derive", more.derive, known.derive),
            ("publish", more.publish, known.publish),
        ):
            what = f"{step} after {new} new among {count:,}"
            self._report.row(what, [few], f"{step} of everything", [every])
        return tree, catalog

    def _nothing_new(self, tree: Path, catalog: Path, count: int) -> int:
        """Rows of a run that finds nothing to do; its peak memory in bytes."""

        def reindex() -> Run:
            done = self._runs.reindex(catalog, 0)
            assert done.answer["unchanged"] == count, "it did not see all files"
            return done

        with measured.Memory() as memory:
            reindex()
        works = {
            "ours": reindex,
            "find": lambda: run(["find", tree, "-printf", "%s %T@\\n"]),
            "start": lambda: mediafs(catalog, "--version"),
        }
        found = in_turns(self._amount.rounds_of_small, works)
        ours, theirs, start = ([run.seconds for run in found[name]] for name in works)
        what = f"reindex of {count:,} unchanged files"
        self._report.row(what, ours, "find -printf '%s %T@'", theirs, goal=5.0)
        inside = [a - b for a, b in zip(ours, start, strict=True)]
        self._report.row(
            f"{what}, without starting Python", inside, "find -printf '%s %T@'", theirs
        )
        used = [run.cpu_seconds for run in found["ours"]]
        self._report.row(
            f"{what}, processor time", used,
            "processor time of find", [run.cpu_seconds for run in found["find"]],
        )  # fmt: skip
        if count >= MILLION:
            at_least = [count / _LEAST_RATE] * len(ours)
            self._report.row(what, ours, f"{_LEAST_RATE:,} files/s", at_least, goal=1.0)
        self._report.notes.append(
            f"{count:,} unchanged files: {count / spread(ours).median:,.0f} files/s, "
            f"{count / spread(inside).median:,.0f} after the {spread(start).median:.2f} s that "
            f"Python takes to start; 0 opened. Peak memory: {memory}."
        )
        return memory.largest_bytes

    def _some_new(self, tree: Path, catalog: Path) -> None:
        new, ours, alone = self._amount.new, [], []
        for number in range(self._amount.rounds):
            folder = tree / f"new {number}"
            self._photographs.jpegs(folder, new)
            alone.append(self._runs.index(folder).seconds)
            ours.append(self._runs.reindex(catalog, new).seconds)
        what = f"reindex after {new} new JPEG of 12 MP among {self._amount.files:,}"
        self._report.row(what, ours, f"first index of those {new} alone", alone)
        more = [a - b for a, b in zip(ours, alone, strict=True)]
        self._report.row(f"{what}: beyond those alone", more, "goal", [1.0] * len(more), goal=1.0)
        self._photographs.jpegs(tree / "and more", new)
        with measured.Memory() as memory:
            self._runs.reindex(catalog, new)
        self._report.notes.append(f"{what}: peak memory: {memory}.")

    def _live(self, tree: Path, catalog: Path) -> None:
        """How long after the end of a reindex its files are in a mount that was there before."""
        point = self._folder / "mount"
        point.mkdir()
        later, new = list[float](), self._amount.new
        with mounted(catalog, point):
            inside = point / "by-source" / tree.name
            for number in range(self._amount.rounds):
                folder = f"live {number}"
                self._photographs.jpegs(tree / folder, self._amount.new)
                # Who looked before has it in the kernel's cache that there is no such folder.
                assert not (inside / folder).exists()
                assert os.listdir(inside)
                self._runs.reindex(catalog, new)
                later.append(_seconds_until_there(inside / folder, self._amount.new))
        what = f"until a mount shows {self._amount.new} new files, after the end of reindex"
        self._report.row(what, later, "goal", [1.0] * len(later), goal=1.0)

    def huge(self, folder: Path) -> None:
        """A run over more than a million files that finds nothing; what memory grows by."""
        tree, catalog = _huge_library(folder, _HUGE)
        less = self._folder / "less"
        small_files(less, self._amount.files)
        facts_only(less, self._catalog_of_less())
        little = self._nothing_new(less, self._catalog_of_less(), self._amount.files)
        count = mediafs(catalog, "reindex", "--json", "--quiet").answer["seen"]
        much = self._nothing_new(tree, catalog, count)
        a_million = (much - little) / 2**20 / ((count - self._amount.files) / MILLION)
        self._report.notes.append(
            f"Memory of a run without news: {a_million:.0f} MiB per million files."
        )

    def _catalog_of_less(self) -> Path:
        return self._folder / "catalog-of-less" / "catalog.db"


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
