"""The same shots, whatever the order, the number of workers and the number of runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# A few of each kind: copies, Live Photos, exports, bursts, sidecars, edits, and damaged files.
PARTS = (
    "heic-and-jpg", "live", "names", "hdr", "same-shot-formats", "near-duplicates",
    "google-takeout", "corrupt/rabbit",
)  # fmt: skip


@pytest.fixture(scope="module")
def library(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some real files in folders of their own."""
    made = tmp_path_factory.mktemp("same")
    for part in PARTS:
        if (corpus / part).is_dir():
            shutil.copytree(corpus / part, made / "library" / part)
    return made / "library"


def told(mediafs, catalog: Path, *arguments) -> str:
    for run in arguments:
        mediafs("index", *run, "--quiet", catalog=catalog, code=None)
    return mediafs("shots", "--json", catalog=catalog).out


def test_the_number_of_workers_decides_nothing(mediafs, library, tmp_path):
    one = told(mediafs, tmp_path / "one" / "catalog.db", [library, "--jobs", "1"])
    four = told(mediafs, tmp_path / "four" / "catalog.db", [library, "--jobs", "4"])

    assert one == four
    assert one


def test_folder_by_folder_and_at_once_are_the_same(mediafs, library, tmp_path):
    elsewhere = library.parent / "later"
    parts = sorted(path.name for path in library.iterdir())
    at_once = told(mediafs, tmp_path / "once" / "catalog.db", [library])
    elsewhere.mkdir()
    for part in parts:
        (library / part).rename(elsewhere / part)
    catalog = tmp_path / "grown" / "catalog.db"
    for part in reversed(parts):
        (elsewhere / part).rename(library / part)
        grown = told(mediafs, catalog, [library])

    assert grown == at_once
