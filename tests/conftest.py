"""What every test may rely on: patience for generated cases, and words about what is off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from can_mount import check_can_mount
from hypothesis import HealthCheck, settings

from indexer.errors import FuseMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def pytest_configure() -> None:
    # Who ends a run with SIGTERM, as timeout(1) does, leaves no mount and no server behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Name what is off, so that a green run is not taken for more than it is."""
    return [f"off: {what}" for what in _missing()]


def _missing() -> list[str]:
    found = []
    try:
        check_can_mount()
    except FuseMissing as exc:
        found.append(f"mounted tests, {exc}")
    if not shutil.which(os.environ.get("MEDIAFS_EXIFTOOL", "exiftool")):
        found.append("tests with the real ExifTool, there is none")
    if not CORPUS.is_dir():
        found.append(f"tests with real media, there is no {CORPUS}")
    return found


class Disk:
    """An ext4 filesystem in a file, mounted here or there."""

    def __init__(self, image: Path) -> None:
        self.image = image
        self.at: Path | None = None
        with image.open("wb") as file:
            file.truncate(8 * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)

    def mount(self, at: Path) -> Path:
        at.mkdir(exist_ok=True)
        how = ["mount", "-o", "loop,noatime", self.image, at]
        done = subprocess.run(how, check=False, capture_output=True)
        if done.returncode:
            pytest.skip(f"no image can be mounted here: {os.fsdecode(done.stderr).strip()}")
        self.at = at
        return at

    def unmount(self) -> None:
        if self.at is not None:
            subprocess.run(["umount", self.at], check=True)
            self.at = None


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[], Disk]]:
    """Makes disks, which need root; they are unmounted at the end, the inner ones first."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4 to make a disk")
    made: list[Disk] = []

    def make() -> Disk:
        made.append(Disk(tmp_path / f"disk-{len(made)}.img"))
        return made[-1]

    try:
        yield make
    finally:
        for one in sorted(made, key=lambda d: -len(str(d.at))):
            one.unmount()


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Media that nobody here made, beside the checkout."""
    if not CORPUS.is_dir():
        pytest.skip(f"there is no corpus at {CORPUS}")
    return CORPUS
