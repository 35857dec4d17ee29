"""How right we are about media that nobody here made: a table, and what may not get worse.

TRUTH.tsv beside the corpus says what is true of each file; TRUTH.md says how to read it. Run
with -rP to see the table. A floor below is what was reached when it was written: raise it with
every improvement, lower it never.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARY = (
    "apple-photos/Test-Cloud-10.15.6.photoslibrary/originals/5/51F2BEF7-431A-4D31-8AC1-3284A57826AE"
)
LIVE_PAIRS = (
    (f"{LIBRARY}.jpeg", f"{LIBRARY}_3.mov"),
    ("cameras/iPhone XR/IMG_3589.HEIC", "cameras/iPhone XR/IMG_3589.mov"),
    ("live/lychee/train.jpg", "live/lychee/train.mov"),
)


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

    def shots_of(self, lines: list[Truth]) -> set[int]:
        """The shots that these files are said to be in; 0 for files in none."""
        return {self.said[t.path]["shot"] if t.path in self.said else 0 for t in lines}

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
    def wrong_joins(self) -> list[str]:
        """Files of several true shots in one, said in words."""
        return [
            " + ".join(sorted(shot["files"]))
            for shot in self.shots
            if len({self.truth[member].group for member in shot["files"]}) > 1
        ]

    @cached_property
    def bursts(self) -> list[str]:
        """True bursts and brackets whose frames carry one id that no other shot carries."""
        frames = defaultdict(set)
        for line in self.truth.values():
            if line.burst:
                frames[line.burst].add(line.group)
        ids = {
            burst: {self.said[t.path]["burst"] for g in groups for t in self.groups[g]}
            for burst, groups in frames.items()
        }
        return [burst for burst, said in ids.items() if len(said) == 1 and said != {None}]

    @cached_property
    def accepted(self) -> list[str]:
        """Groups that are shown by a file that may stand for them."""
        return [group for group, lines in self.groups.items() if self._is_accepted(lines)]

    def _is_accepted(self, lines: list[Truth]) -> bool:
        originals = {shot["path"] for shot in self.shots}
        return any(t.accept_original == "yes" and t.path in originals for t in lines)

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

    def table(self) -> str:
        """The figures, and every error by name."""
        several = len(self.complete) + len(self.apart)
        rows = [
            ("groups complete", len(self.complete), several),
            ("wrong joins", len(self.wrong_joins), 0),
            (
                "bursts and brackets",
                len(self.bursts),
                len({t.burst for t in self.truth.values()} - {""}),
            ),
            ("groups with an accepted original", len(self.accepted), len(self.groups)),
            ("wrong originals", len(self.wrong_originals), 0),
            ("days right (files)", len(self.right_days), len(self.dated)),
            ("days wrong (files)", len(self.wrong_days), 0),
            ("wall clocks right (files)", len(self.right_times), len(self.dated)),
            ("offsets right (files)", len(self.right_offsets), len(self.zoned)),
            ("offsets wrong (files)", len(self.wrong_offsets), 0),
            (
                "unknown kept unknown (files)",
                len(self.undated) - len(self.inventions),
                len(self.undated),
            ),
        ]
        lines = [f"{what:36} {is_so:4} of {of:4}" for what, is_so, of in rows]
        for what, names in (
            ("apart", self.apart),
            ("wrong join", self.wrong_joins),
            ("no accepted original", sorted(set(self.groups) - set(self.accepted))),
            ("wrong original", self.wrong_originals),
            ("wrong day", self.wrong_days),
            ("wrong offset", self.wrong_offsets),
            ("invention", self.inventions),
        ):
            lines += [f"{what}: {name}" for name in names]
        return "\n".join(lines)


@pytest.fixture(scope="session")
def score(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Score:
    """The corpus indexed by the command that people run, beside its truth."""
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        pytest.skip("there is no ExifTool")
    folder = tmp_path_factory.mktemp("truth")
    command = [sys.executable, "-m", "mediafs", "--catalog", str(folder / "catalog.db")]
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
    indexed = subprocess.run(
        [*command, "index", str(corpus)],
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert indexed.returncode == 2, indexed.stderr
    told = subprocess.run(
        [*command, "shots", "--json"], env=surroundings, capture_output=True, text=True, check=True
    )
    with open(corpus.parent / "TRUTH.tsv", encoding="utf-8") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        truth = {line["path"]: Truth(**{k: v or "" for k, v in line.items()}) for line in lines}
    made = Score(truth, [json.loads(line) for line in told.stdout.splitlines()])
    for shot in made.shots:
        shot["path"] = os.path.relpath(shot["original"], corpus)
        shot["files"] = {os.path.relpath(m["path"], corpus): m for m in shot["members"]}
        made.said.update(dict.fromkeys(shot["files"], shot))
    return made


def test_the_figures_are_these(score):
    print(score.table())

    assert set(score.said) <= set(score.truth)


def test_equal_bytes_are_one_shot(score):
    shots_of = defaultdict(set)
    for shot in score.shots:
        for member in shot["members"]:
            # Equal sidecars speak about their own pictures, wherever these are.
            if member["role"] != "sidecar":
                shots_of[member["blake3"]].add(shot["shot"])

    assert [digest for digest, shots in shots_of.items() if len(shots) > 1] == []


@pytest.mark.parametrize(("still", "film"), LIVE_PAIRS)
def test_a_live_photo_is_found_by_its_identifier(score, still, film):
    files = score.said[still]["files"]

    assert files[film]["role"] == "live-video"


def test_nothing_is_joined_that_is_not_one_shot(score):
    assert score.wrong_joins == []


def test_no_time_is_invented(score):
    assert score.inventions == []


def test_no_file_that_is_right_gives_way_to_one_that_is_not(score):
    assert score.wrong_originals == []


def test_no_file_is_under_a_wrong_day(score):
    assert score.wrong_days == []


def test_no_file_has_a_wrong_zone(score):
    assert score.wrong_offsets == []


@pytest.mark.parametrize(
    ("what", "floor"),
    [
        ("complete", 27),
        ("accepted", 89),
        ("right_days", 136),
        ("right_times", 136),
        ("right_offsets", 72),
        ("bursts", 1),
    ],
)
def test_what_was_reached_is_kept(score, what, floor):
    assert len(getattr(score, what)) >= floor
