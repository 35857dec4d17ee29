"""The truth table's library: made and indexed once, however many rows and workers ask."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from truth import library

if TYPE_CHECKING:
    from pathlib import Path

_COST = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> library.Said:
    """What mediafs says about the library of all rows that were collected."""
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        pytest.skip("there is no ExifTool")
    base = tmp_path_factory.getbasetemp()
    # The workers of one run share the folder above; each collects all modules, so all rows.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(shared / "truth-table.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home = shared / "truth-table"
        told = library.remembered(home)
        if told is None:
            told, cost = _made(home)
            request.config.stash[_COST] = cost
    return told


def _made(home: Path) -> tuple[library.Said, str]:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    started = time.perf_counter()
    files = library.make(home / "library")
    made = time.perf_counter()
    told = library.index(home)
    indexed = time.perf_counter()
    shutil.rmtree(home / "library")  # what is said of it is all that is asked from here on
    return told, (
        f"truth table: {files} files made in {made - started:.1f} s, "
        f"indexed in {indexed - made:.1f} s, {len(told.shots)} shots"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What the library cost."""
    if _COST in config.stash:
        terminalreporter.write_line(config.stash[_COST])
