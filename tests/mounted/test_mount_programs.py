"""Programs that people use on a mount find nothing strange."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shown(library) -> Path:
    for number in range(30):
        library.file(
            f"{number}.jpg",
            os.urandom(number * 5000),
            f"originals/2019/{number}.jpg",
            f"by-date/2019/{number}.jpg",
        )
    library.mount()
    return library.at / "originals"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_a_second_rsync_copies_nothing(shown, tmp_path):
    run("rsync", "-a", f"{shown}/", tmp_path / "backup")

    assert run("rsync", "-a", "--itemize-changes", f"{shown}/", tmp_path / "backup") == ""
    run("rsync", "-a", "--checksum", "--delete", f"{shown}/", tmp_path / "backup")


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_a_second_rsync_after_a_remount_copies_nothing(library, shown, tmp_path):
    run("rsync", "-a", f"{shown}/", tmp_path / "backup")
    library.unmount()
    library.mount()

    assert run("rsync", "-a", "--itemize-changes", f"{shown}/", tmp_path / "backup") == ""


def test_cp_copies_the_tree(shown, tmp_path):
    run("cp", "-a", shown, tmp_path / "copy")

    assert run("diff", "-r", shown, tmp_path / "copy") == ""


def test_tar_reads_the_tree(shown, tmp_path):
    run("tar", "-C", shown, "-cf", tmp_path / "all.tar", ".")

    run("tar", "-C", shown, "--compare", "-f", tmp_path / "all.tar")


def test_find_sees_every_file_once(shown):
    assert len(run("find", shown, "-type", "f", "-size", "+0").split()) == 29


def test_ls_lists_recursively(shown):
    assert run("ls", "-lR", shown).count("-r--r--r--") == 30


def test_du_counts_every_file_once(library, shown):
    said = int(run("du", "-s", "--block-size=512", library.at / "by-date", shown).split()[0])

    # README.txt is not below; the second view's names are the same inodes.
    assert said == sum(path.stat().st_blocks for path in library.top.iterdir())
