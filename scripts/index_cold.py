"""A first index: beside its parts, beside other programs, and what it reads and holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import measured
from index_parts import PARTS, Parts, decoded, digests, exiftool, parts_of, picture, processor_ms
from index_runs import MILLION
from measured import Run, in_turns, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from index_rows import Report
    from index_runs import Amount, Runs

_HEIC_MS: Final = 60.0


class Cold:
    """Comparisons of trees that are in the page cache."""

    def __init__(self, folder: Path, amount: Amount, report: Report, runs: Runs) -> None:
        self._folder = folder
        self._amount = amount
        self._report = report
        self._runs = runs

    def first_index(self, name: str, tree: Path, rounds: int, *, has_goals: bool) -> None:
        """A first index of a tree in the page cache, against its parts and other programs."""
        files = sorted(path for path in tree.rglob("*") if path.is_file())
        sizes = sum(path.stat().st_size for path in files)
        self._peak(name, tree, len(files), sizes)
        few = self._folder / f"{tree.name}-few"
        few.mkdir()
        for path in files[: self._amount.few]:
            (few / path.name).hardlink_to(path)
        works: dict[str, Callable[[], Run | Parts]] = {
            "mediafs": lambda: self._runs.index(tree),
            "few": lambda: self._runs.index(few),
            "parts": lambda: parts_of(files),
            "exiftool -r -json": lambda: exiftool(tree),
        }
        works |= digests(files)
        found = in_turns(rounds, works)
        ours = [run.seconds for run in found["mediafs"] if isinstance(run, Run)]
        parts = [each for each in found.pop("parts") if isinstance(each, Parts)]
        self._against_parts(name, found["mediafs"], parts, has_goals=has_goals)
        fewer = [run.seconds for run in found.pop("few") if isinstance(run, Run)]
        if len(files) > self._amount.few:
            self._each_more(name, ours, fewer, parts, len(files))
        for other, runs in found.items():
            if other != "mediafs":
                took = [run.seconds for run in runs if isinstance(run, Run)]
                self._report.row(f"{name}: cold index", ours, other, took)
        self._count_reads(name, found["mediafs"], len(files), sizes)
        self._report.parts[name] = {
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
        self._report.row(what, took, f"digest + decode + ExifTool, {divided}", alone, goal=goal)
        self._report.row(what, took, f"the same + fingerprint, {divided}", all_parts)
        self._report.row(
            f"{name}: processor time of it", [run.cpu_seconds for run in ours],
            "processor time of all four parts", [each.cpu_seconds for each in parts],
        )  # fmt: skip

    def _each_more(
        self, name: str, ours: Sequence[float], fewer: Sequence[float], parts: Sequence[Parts],
        files: int,
    ) -> None:  # fmt: skip
        """What starting Python, workers and ExifTool does not touch: each file beyond the first."""
        few, cores = self._amount.few, os.cpu_count() or 1
        more = [1000 * (a - b) / (files - few) for a, b in zip(ours, fewer, strict=True)]
        alone = [1000 * each.total / files / cores for each in parts]
        self._report.row(
            f"{name}: each file beyond the first {few}, without start-up", more,
            f"digest + decode + ExifTool of a file, divided by {cores} processors", alone,
            goal=1.25, unit="ms",
        )  # fmt: skip
        start = spread([b - few * each / 1000 for b, each in zip(fewer, more, strict=True)])
        self._report.notes.append(f"{name}: start-up, which is paid once: {start} s.")

    def _count_reads(self, name: str, runs: Sequence[Run | Parts], files: int, sizes: int) -> None:
        answers = [run.answer for run in runs if isinstance(run, Run)]
        read = [a["bytes_read"] / MILLION for a in answers]
        opened = [float(a["opened"]) for a in answers]
        total = [sizes / MILLION] * len(read)
        self._report.row(f"{name}: bytes read", read, "sum of sizes", total, goal=1.01, unit="MB")
        there = [float(files)] * len(read)
        self._report.row(f"{name}: files opened", opened, "files", there, goal=1.0, unit="files")

    def _peak(self, name: str, tree: Path, files: int, sizes: int) -> None:
        """Run it once without a clock: it brings the files into the page cache, too."""
        with measured.Memory() as memory:
            self._runs.index(tree)
        self._report.notes.append(
            f"{name}: {files:,} files, {sizes / MILLION:,.0f} MB. "
            f"Peak memory of a cold index: {memory}."
        )

    def heic(self, name: str, files: Sequence[Path]) -> None:
        """The fingerprint of a HEIC in processor time, beside libheif's full decode of it."""
        contents = [path.read_bytes() for path in files]
        works: dict[str, Callable[[], list[float]]] = {
            "ours": lambda: [processor_ms(picture, content) for content in contents],
            "libheif": lambda: [processor_ms(decoded, content) for content in contents],
        }
        [work() for work in works.values()]  # imports
        found = in_turns(self._amount.rounds, works)
        ours, theirs = ([sum(each) / len(each) for each in found[of]] for of in works)
        what = f"{name}: its fingerprint, processor time of a file"
        self._report.row(what, ours, "decoded whole by libheif, no fingerprint", theirs, unit="ms")
        self._report.row(what, ours, "goal", [_HEIC_MS] * len(ours), goal=1.0, unit="ms")

    def mix(self, source: Path) -> None:
        """A person's own files, which are of all kinds: other programs only, no sum of parts."""
        files = sorted(path for path in source.rglob("*") if path.is_file())
        self._peak("--source", source, len(files), sum(path.stat().st_size for path in files))
        works = {
            "mediafs": lambda: self._runs.index(source),
            "exiftool -r -json": lambda: exiftool(source),
        }
        works |= digests(files)
        found = in_turns(self._amount.rounds, works)
        ours = [run.seconds for run in found.pop("mediafs")]
        for other, runs in found.items():
            self._report.row("--source: cold index", ours, other, [run.seconds for run in runs])
