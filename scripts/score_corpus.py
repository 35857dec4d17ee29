#!/usr/bin/env python3
"""How right mediafs is about media that nobody here made: the labelled corpus, figure by figure.

    scripts/score_corpus.py [--corpus DIR] [--json]

DIR holds media/, TRUTH.tsv, which says what is true of each file, and TRUTH.md, which says how to
read it. The corpus is indexed by the command that people run; every error is named. What may not
get worse is tests/corpus/test_truth.py. A pair is two files of one shot: what is labelled
optional counts neither way with its own group or alone, and as an error with another.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import measured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
_DONE: Final = (0, 2)  # 2: some files are broken, as they are here


@dataclass(frozen=True, slots=True)
class Truth:
    """One line of TRUTH.tsv."""

    path: str
    group: str
    role: str
    accept_original: str
    must_group: str
    local: str
    offset: str
    time_source: str
    burst: str
    note: str


@dataclass(frozen=True, slots=True)
class Figure:
    """So many of so many; errors are of none."""

    what: str
    right: int
    of: int

    def __str__(self) -> str:
        return f"{self.right / self.of:.3f}" if self.of else ""


@dataclass(frozen=True)  # no slots: cached_property
class Score:
    """What is true beside what was said."""

    truth: dict[str, Truth]
    shots: list[dict[str, Any]]
    said: dict[str, dict[str, Any]] = field(default_factory=dict)  # path to its shot

    @cached_property
    def groups(self) -> dict[str, list[Truth]]:
        """The shots that are true, by their names; files of no shot are not in any."""
        found = defaultdict(list)
        for line in self.truth.values():
            if line.role != "none":
                found[line.group].append(line)
        return found

    def shots_of(self, lines: Iterable[Truth]) -> set[int]:
        """The shots that these files are said to be in; 0 for files in none."""
        return {self.said[t.path]["shot"] if t.path in self.said else 0 for t in lines}

    # Together

    @cached_property
    def must_pairs(self) -> set[tuple[str, str]]:
        """Pairs of files that belong together."""
        return {
            pair
            for _, must in self._several()
            for pair in combinations(sorted(t.path for t in must), 2)
        }

    @cached_property
    def said_pairs(self) -> set[tuple[str, str]]:
        """Pairs of files that are said to."""
        return {pair for shot in self.shots for pair in combinations(sorted(shot["files"]), 2)}

    @cached_property
    def right_pairs(self) -> set[tuple[str, str]]:
        """Pairs that are said to and do."""
        return self.must_pairs & self.said_pairs

    @cached_property
    def wrong_pairs(self) -> set[tuple[str, str]]:
        """Pairs of two shots that are said to be one."""
        return {(a, b) for a, b in self.said_pairs if self.truth[a].group != self.truth[b].group}

    @cached_property
    def complete(self) -> list[str]:
        """Groups of several files of which all that must be together are."""
        return [g for g, must in self._several() if len(self.shots_of(must)) == 1]

    @cached_property
    def apart(self) -> list[str]:
        """Groups that are not complete."""
        return sorted({group for group, _ in self._several()} - set(self.complete))

    def _several(self) -> Iterator[tuple[str, list[Truth]]]:
        for group, lines in self.groups.items():
            must = [line for line in lines if line.must_group == "yes"]
            if len(must) > 1:
                yield group, must

    @cached_property
    def lost(self) -> list[str]:
        """Files that are not where most of their group is, with the group."""
        found = []
        for group, must in self._several():
            shots = [self.said[t.path]["shot"] if t.path in self.said else 0 for t in must]
            most = max(set(shots), key=lambda shot: (shots.count(shot), shot))
            found += [f"{group}: {t.path}" for t, s in zip(must, shots, strict=True) if s != most]
        return found

    @cached_property
    def wrong_joins(self) -> list[str]:
        """Files of several true shots in one, said in words."""
        return [
            " + ".join(sorted(shot["files"]))
            for shot in self.shots
            if len({self.truth[member].group for member in shot["files"]}) > 1
        ]

    @cached_property
    def halves(self) -> list[Truth]:
        """Films that are the moving half of a Live Photo."""
        return [t for t in self.truth.values() if (t.role, t.must_group) == ("live-video", "yes")]

    @cached_property
    def found_halves(self) -> list[Truth]:
        """Those that are with their stills, and called so."""
        return [t for t in self.halves if self._is_found(t)]

    def _is_found(self, half: Truth) -> bool:
        shot = self.said.get(half.path)
        stills = [t for t in self.groups[half.group] if t.role == "original"]
        return (
            shot is not None
            and shot["files"][half.path]["role"] == "live-video"
            and all(still.path in shot["files"] for still in stills)
        )

    @cached_property
    def lost_halves(self) -> list[str]:
        """Those that are not."""
        return [t.path for t in self.halves if t not in self.found_halves]

    @cached_property
    def frames(self) -> dict[str, set[str]]:
        """True bursts and brackets, and the groups that are their frames."""
        found = defaultdict(set)
        for line in self.truth.values():
            if line.burst:
                found[line.burst].add(line.group)
        return found

    @cached_property
    def bursts(self) -> list[str]:
        """Bursts and brackets whose frames carry one id that no other shot carries."""
        ids = {
            burst: {self.said[t.path]["burst"] for g in groups for t in self.groups[g]}
            for burst, groups in self.frames.items()
        }
        return [burst for burst, said in ids.items() if len(said) == 1 and said != {None}]

    # Originals

    @cached_property
    def accepted(self) -> list[str]:
        """Groups that are shown by a file that may stand for them."""
        return [group for group, lines in self.groups.items() if self._is_accepted(lines)]

    def _is_accepted(self, lines: list[Truth]) -> bool:
        originals = {shot["path"] for shot in self.shots}
        return any(t.accept_original == "yes" and t.path in originals for t in lines)

    @cached_property
    def right_originals(self) -> list[str]:
        """Groups that are complete and shown by a file that may stand for them."""
        apart, wrong = set(self.apart), {self.truth[path].group for path in self.wrong_originals}
        return [group for group in self.accepted if group not in apart | wrong]

    @cached_property
    def wrong_originals(self) -> list[str]:
        """Shots shown by a file that may not stand for them though one that may is there."""
        return [
            shot["path"]
            for shot in self.shots
            if self.truth[shot["path"]].accept_original != "yes"
            and any(
                self.truth[m].accept_original == "yes"
                and self.truth[m].group == self.truth[shot["path"]].group
                for m in shot["files"]
            )
        ]

    # Times

    @cached_property
    def dated(self) -> list[Truth]:
        """Files whose time is known to those who know the truth."""
        return [line for line in self.truth.values() if line.local not in ("any", "unknown")]

    def captured(self, line: Truth, what: str) -> str:
        """What is said of a file's time; "" where nothing is."""
        return (self.said[line.path]["captured"][what] or "") if line.path in self.said else ""

    @cached_property
    def right_days(self) -> list[Truth]:
        """Files under the day on which they were taken."""
        return [t for t in self.dated if self.captured(t, "local")[:10] == t.local[:10]]

    @cached_property
    def wrong_days(self) -> list[str]:
        """Files under another day; those under none are not among them."""
        return [
            f"{t.path}: {said}, not {t.local}"
            for t in self.dated
            if (said := self.captured(t, "local")) and said[:10] != t.local[:10]
        ]

    @cached_property
    def right_times(self) -> list[Truth]:
        """Files whose wall clock is right to the digits that are true."""
        return [t for t in self.dated if self.captured(t, "local").startswith(t.local)]

    @cached_property
    def not_right_times(self) -> list[str]:
        """Files whose wall clock is another, or none."""
        return [
            f"{t.path}: {self.captured(t, 'local') or 'nothing'}, not {t.local}"
            for t in self.dated
            if not self.captured(t, "local").startswith(t.local)
        ]

    @cached_property
    def zoned(self) -> list[Truth]:
        """Files whose zone is known to those who know the truth."""
        return [line for line in self.truth.values() if line.offset != "-"]

    @cached_property
    def right_offsets(self) -> list[Truth]:
        """Files with the right zone."""
        return [t for t in self.zoned if self.captured(t, "offset") == t.offset]

    @cached_property
    def wrong_offsets(self) -> list[str]:
        """Files with a zone that is not theirs."""
        return [
            f"{t.path}: {said}, not {t.offset}"
            for t in self.zoned
            if (said := self.captured(t, "offset")) and said != t.offset
        ]

    @cached_property
    def no_offsets(self) -> list[str]:
        """Files without the zone that they have."""
        return [f"{t.path}: {t.offset}" for t in self.zoned if not self.captured(t, "offset")]

    @cached_property
    def undated(self) -> list[Truth]:
        """Files of shots whose time nobody knows."""
        return [t for t in self.truth.values() if t.local == "unknown" and t.path in self.said]

    @cached_property
    def inventions(self) -> list[str]:
        """Times said of them all the same, with their source."""
        return [
            f"{t.path}: {said} by {self.captured(t, 'source')}"
            for t in self.undated
            if (said := self.captured(t, "local"))
        ]

    # What is told

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """Everything that is counted, by the name under which it is in the JSON."""
        right, joined = len(self.right_pairs), len(self.right_pairs) + len(self.wrong_pairs)
        kept = len(self.undated) - len(self.inventions)
        dated, zoned, groups = len(self.dated), len(self.zoned), len(self.groups)
        several = len(self.complete) + len(self.apart)
        return {
            "pair_precision": Figure("pairs joined that are one shot", right, joined),
            "pair_recall": Figure("pairs of one shot that are joined", right, len(self.must_pairs)),
            "complete": Figure("groups of several files complete", len(self.complete), several),
            "accepted": Figure("groups shown by an accepted file", len(self.accepted), groups),
            "right_originals": Figure("the same, and complete", len(self.right_originals), groups),
            "live_halves": Figure("Live halves found", len(self.found_halves), len(self.halves)),
            "bursts": Figure("bursts and brackets tied", len(self.bursts), len(self.frames)),
            "days": Figure("days right (files)", len(self.right_days), dated),
            "times": Figure("wall clocks right (files)", len(self.right_times), dated),
            "offsets": Figure("offsets right (files)", len(self.right_offsets), zoned),
            "unknown": Figure("times unknown and not invented (files)", kept, len(self.undated)),
        }

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        """Every error by name, by what it is."""
        return {
            "wrong join": self.wrong_joins,
            "not with its group": self.lost,
            "no accepted original": sorted(set(self.groups) - set(self.accepted)),
            "wrong original": self.wrong_originals,
            "Live half not found": self.lost_halves,
            "burst not tied": sorted(set(self.frames) - set(self.bursts)),
            "wrong day": self.wrong_days,
            "wall clock not right": self.not_right_times,
            "wrong offset": self.wrong_offsets,
            "no offset": self.no_offsets,
            "time invented": self.inventions,
        }

    def table(self) -> str:
        """The figures, and every error by name."""
        rows = [[f.what, f"{f.right} of {f.of}", str(f)] for f in self.figures.values()]
        errors = [f"{what}: {name}" for what, names in self.errors.items() for name in names]
        return "\n".join([measured.table(["what", "right", "share"], rows), "", *errors])


def scored(corpus: Path, folder: Path) -> Score:
    """Index the corpus with the real command, its catalog in `folder`, and compare."""
    # Resolved, as mediafs remembers its roots: what lies beside a checkout may be a link.
    media = (corpus / "media").resolve()
    with open(corpus / "TRUTH.tsv", encoding="utf-8") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        truth = {line["path"]: Truth(**{k: v or "" for k, v in line.items()}) for line in lines}
    _mediafs(folder, "index", os.fspath(media))
    told = _mediafs(folder, "shots", "--json")
    made = Score(truth, [json.loads(line) for line in told.splitlines()])
    for shot in made.shots:
        shot["path"] = os.path.relpath(shot["original"], media)
        shot["files"] = {os.path.relpath(m["path"], media): m for m in shot["members"]}
        made.said.update(dict.fromkeys(shot["files"], shot))
    return made


def _mediafs(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mediafs", "--catalog", folder / "catalog.db", *arguments],
        # Nobody's settings but the defaults.
        env={**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in _DONE:
        raise RuntimeError(f"mediafs {arguments[0]} gave {done.returncode}: {done.stderr}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="with TRUTH.tsv and media/")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if not (arguments.corpus / "TRUTH.tsv").is_file():
        parser.error(f"there is no TRUTH.tsv in {arguments.corpus}")
    with tempfile.TemporaryDirectory(prefix="score-corpus-") as name:
        score = scored(arguments.corpus, Path(name))
    if arguments.json:
        shares = {
            key: {"right": f.right, "of": f.of, "share": f.right / f.of if f.of else None}
            for key, f in score.figures.items()
        }
        print(json.dumps({"schema": 1, "figures": shares, "errors": score.errors}))
    else:
        print(score.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
