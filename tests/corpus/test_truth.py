"""What may not get worse about media that nobody here made.

What is counted, and how, is scripts/score_corpus.py. Run with -rP to see its table. A floor
below is what was reached when it was written: raise it with every improvement, lower it never.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from score_corpus import Score, scored

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = (
    "apple-photos/Test-Cloud-10.15.6.photoslibrary/originals/5/51F2BEF7-431A-4D31-8AC1-3284A57826AE"
)
LIVE_PAIRS = (
    (f"{LIBRARY}.jpeg", f"{LIBRARY}_3.mov"),
    ("cameras/iPhone XR/IMG_3589.HEIC", "cameras/iPhone XR/IMG_3589.mov"),
    ("live/lychee/train.jpg", "live/lychee/train.mov"),
)


@pytest.fixture(scope="session")
def score(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Score:
    """The corpus indexed by the command that people run, beside its truth."""
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        pytest.skip("there is no ExifTool")
    return scored(corpus.parent, tmp_path_factory.mktemp("truth"))


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


@pytest.mark.parametrize(
    "kind",
    [
        "wrong join",
        "wrong original",
        "Live half not found",
        "wrong day",
        "wrong offset",
        "time invented",
    ],
)
def test_there_is_no_error_of_this_kind(score, kind):
    assert score.errors[kind] == []


@pytest.mark.parametrize(
    ("what", "floor"),
    [
        ("pair_recall", 221),
        ("complete", 32),
        ("accepted", 89),
        ("right_originals", 89),
        ("days", 139),
        ("times", 139),
        ("offsets", 74),
        ("bursts", 2),
    ],
)
def test_what_was_reached_is_kept(score, what, floor):
    assert score.figures[what].right >= floor
