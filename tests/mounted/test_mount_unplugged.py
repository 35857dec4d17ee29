"""A disk is pulled while a backup is made of the mount: nothing is deleted, nothing is wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Larger than what the kernel has asked for of a file when it is opened.
SIZE = 3 << 20
COUNT = 12
SOME_ERROR = 23  # exit code of rsync(1)


@pytest.fixture(autouse=True)
def rsync() -> None:
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed")


@pytest.fixture
def plugged(library) -> Iterator[Path]:
    """The library's folder is a mount of its own, which can be pulled from under its users."""
    behind = library.top.with_name("behind")
    behind.mkdir()
    how = ["mount", "--bind", behind, library.top]
    done = subprocess.run(how, check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {os.fsdecode(done.stderr).strip()}")
    try:
        yield library.top
    finally:
        while os.path.ismount(library.top):
            pull(library.top)


def pull(top: Path) -> None:
    """What is open stays open; what is asked for by name is an empty folder from now on."""
    subprocess.run(["umount", "--lazy", top], check=True)


def command(library, to: Path, *options: str) -> list[str]:
    return ["rsync", "-a", "--delete", *options, f"{library.at}/originals/", f"{to}/"]


def backup(library, to: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(library, to, *options), check=False, capture_output=True, timeout=PATIENCE_SECONDS
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fill(library, count: int = COUNT) -> dict[str, bytes]:
    """Films that are shown, each of other bytes."""
    films = {f"{number:02}.mov": os.urandom(SIZE) for number in range(count)}
    for name, data in films.items():
        library.file(name, data, f"originals/{name}")
    return films


def is_older(films: dict[str, bytes], to: Path) -> dict[str, bytes]:
    """A backup that is complete, but of older bytes: all is copied anew."""
    to.mkdir()
    older = {name: b"older" + data for name, data in films.items()}
    for name, data in older.items():
        (to / name).write_bytes(data)
    return older


def test_a_disk_that_is_pulled_in_the_middle_leaves_the_backup_whole(library, plugged, tmp_path):
    films = fill(library)
    older = is_older(films, tmp_path / "backup")
    library.mount()
    slowly = command(library, tmp_path / "backup", "--bwlimit=8m", "--whole-file")
    with subprocess.Popen(slowly, stderr=subprocess.PIPE) as copying:
        wait_until_copied(tmp_path / "backup", films, 2)

        pull(plugged)
        said = copying.communicate(timeout=PATIENCE_SECONDS)[1]

    found = contents(tmp_path / "backup")
    assert copying.returncode == SOME_ERROR, said
    assert set(found) == set(films)
    assert all(data in (films[name], older[name]) for name, data in found.items())
    assert any(found[name] == older[name] for name in films)
    assert library.log.count("plug it in") <= COUNT


def wait_until_copied(to: Path, films: dict[str, bytes], count: int) -> None:
    """Until so many files are copied and the next one is on its way."""

    def is_copied() -> bool:
        whole = [(to / name).stat().st_size == len(data) for name, data in films.items()]
        return sum(whole) >= count

    until(is_copied, "rsync copies nothing")


def test_a_disk_that_is_away_leaves_the_backup_whole(library, plugged, tmp_path):
    films = fill(library, 3)
    older = is_older(films, tmp_path / "backup")
    library.mount()
    pull(plugged)

    copied = backup(library, tmp_path / "backup")

    assert copied.returncode == SOME_ERROR
    assert copied.stderr.count(b"Input/output error") == 3
    assert contents(tmp_path / "backup") == older


def test_a_root_that_is_known_to_be_offline_leaves_the_backup_whole(library, tmp_path):
    films = fill(library, 3)
    older = is_older(films, tmp_path / "backup")
    library.mount()
    library.maker.db.execute("UPDATE root SET online = 0")
    library.top.rename(library.top.with_name("away"))

    copied = backup(library, tmp_path / "backup")

    assert copied.returncode == SOME_ERROR
    assert copied.stderr.count(b"Input/output error") == 3
    assert contents(tmp_path / "backup") == older


def test_a_backup_that_is_up_to_date_needs_no_disk(library, plugged, tmp_path):
    films = fill(library, 3)
    library.mount()
    assert backup(library, tmp_path / "backup").returncode == 0
    pull(plugged)

    copied = backup(library, tmp_path / "backup", "--itemize-changes")

    assert (copied.returncode, copied.stdout) == (0, b"")
    assert contents(tmp_path / "backup") == films


def test_a_copy_on_another_disk_completes_the_backup(library, plugged, tmp_path):
    films = fill(library, 4)
    other = tmp_path / "other disk"
    other.mkdir()
    root = library.maker.root(other, b"other")
    for name, data in films.items():
        (other / name).write_bytes(data)
        library.maker.seen(root, other, name)
    library.mount()
    with (library.at / "originals/00.mov").open("rb", buffering=0) as shown:
        head = shown.read(4096)
        pull(plugged)
        begun = head + b"".join(iter(lambda: shown.read(1 << 16), b""))

    copied = backup(library, tmp_path / "backup")

    assert begun == films["00.mov"]
    assert copied.returncode == 0
    assert contents(tmp_path / "backup") == films


def test_the_mount_point_of_a_pulled_disk_with_a_file_in_it_is_offline(library, plugged):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.maker.db.execute("UPDATE root SET device = 'uuid:ext4:pulled'")
    library.mount()
    pull(plugged)
    (plugged / "left on the mount point").touch()

    with pytest.raises(OSError) as caught:
        (library.at / "originals/a.jpg").read_bytes()

    assert caught.value.errno == errno.EIO


def test_a_disk_that_was_away_while_it_was_indexed_is_read_when_it_is_plugged_in(library):
    data = os.urandom(SIZE)
    library.file("a.mov", data, "originals/a.mov")
    away = library.top.with_name("away")
    library.top.rename(away)
    library.maker.db.execute("UPDATE root SET online = 0")
    library.mount()
    shown = library.at / "originals/a.mov"
    with pytest.raises(OSError) as caught:
        shown.read_bytes()
    before = is_online(library)
    away.rename(library.top)

    library.wait(lambda: is_readable(shown), seconds=PATIENCE_SECONDS)

    assert caught.value.errno == errno.EIO
    assert shown.read_bytes() == data
    assert (before, is_online(library)) == ([False], [True])


def is_readable(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def is_online(library) -> list[bool]:
    status = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return [root["online"] for root in status["roots"]]
