"""What every test may rely on: patience for generated cases, and words about what is off."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from indexer.errors import FuseMissing
from mediafs.fuse.checks import check_fuse

# Resolved, as mediafs remembers its roots: what lies beside the checkout may be a link.
CORPUS = (Path(__file__).parents[2] / "shared" / "corpus" / "media").resolve()

# A case may wait for a disk; only what it says counts, not how long it took. More cases than
# these for a long night: MEDIAFS_EXAMPLES=10000.
settings.register_profile(
    "patient",
    deadline=None,
    max_examples=int(os.environ.get("MEDIAFS_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("patient"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "patient")


def pytest_report_header() -> list[str]:
    """Name what is off, so that a green run is not taken for more than it is."""
    return [f"off: {what}" for what in _missing()]


def _missing() -> list[str]:
    found = []
    try:
        check_fuse()
    except FuseMissing as exc:
        found.append(f"mounted tests, {exc}")
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        found.append("tests with the real ExifTool, there is none")
    if not CORPUS.is_dir():
        found.append(f"tests with real media, there is no {CORPUS}")
    return found


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Media that nobody here made, beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip(f"there is no corpus at {CORPUS}")
    return CORPUS
