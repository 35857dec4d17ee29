"""`mediafs verify` finds what rotted, names the good copy, and never lets a rotten file pass.

Rot is real where a disk can be mounted: a byte is changed below the filesystem, so that the file's
stamp stays what it was. Elsewhere the file is changed and the catalog told the stamp it has now.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HUGE = 1 << 40  # a sparse file that nobody reads to its end


class Stamps:
    """The catalog as a disk that rots would leave it: other bytes, the stamp of before."""

    def __init__(self, catalog: Path) -> None:
        self._catalog = catalog

    def execute(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(self._catalog, timeout=30)
        try:
            with db:
                return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def believe(self, path: Path) -> None:
        """Let the catalog know the file's stamp of now, and nothing else."""
        found = path.stat()
        stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        self.execute(
            "UPDATE file SET size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? WHERE name = ?",
            *stamp, os.fsencode(path.name),
        )  # fmt: skip

    def rot(self, path: Path) -> None:
        """Change one byte of a file under its stamp."""
        before = path.stat()
        flip(path)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.believe(path)

    def of(self, name: str) -> dict[str, Any]:
        columns = "state, rotten_ns, tried_ns, verified_ns, digest_carried, content_id, says"
        [row] = self.execute(f"SELECT {columns} FROM file WHERE name = ?", name.encode())
        return dict(zip(columns.split(", "), row, strict=True))

    def verified(self) -> set[str]:
        rows = self.execute("SELECT name FROM file WHERE verified_ns IS NOT NULL")
        return {os.fsdecode(name) for (name,) in rows}


def flip(path: Path) -> None:
    """Change one byte in the middle of a file, in place."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0xFF]))


@pytest.fixture
def stamps(mediafs) -> Stamps:
    return Stamps(mediafs.catalog)


@pytest.fixture
def real_disk(tmp_path) -> Iterator[tuple[Path, Callable[[bytes], None]]]:
    """A mounted ext4, and what changes a byte of it behind its back; needs root."""
    image, at = tmp_path / "disk.img", tmp_path / "disk"
    at.mkdir()
    with image.open("wb") as file:
        file.truncate(16 << 20)
    for command in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, at]):
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not here")
        made = subprocess.run(command, check=False, capture_output=True)
        if made.returncode:
            pytest.skip(f"no disk can be made here: {os.fsdecode(made.stderr).strip()}")

    def rot(data: bytes) -> None:
        os.sync()
        found = image.read_bytes().find(data[:4096])
        assert found > 0
        with image.open("r+b") as disk:
            disk.seek(found + min(len(data), 4096) // 2)
            disk.write(b"\0\xff\0\xff")
            os.fsync(disk.fileno())

    try:
        yield at, rot
    finally:
        subprocess.run(["umount", at], check=True)


def verify(mediafs, *arguments: object, code: int = 0) -> dict[str, Any]:
    return mediafs("verify", "--json", *arguments, code=code).json


# ---------------------------------------------------------------------------- what agrees


def test_what_agrees_is_noted_and_nothing_is_touched(mediafs, photos, stamps):
    photos.jpeg("a.jpg")
    photos.jpeg("b.jpg")
    mediafs.index(photos.folder)
    before = photos.state()

    ran = mediafs("verify")

    assert "2 files agree" in ran.out
    assert stamps.verified() == {"a.jpg", "b.jpg"}
    assert photos.state() == before
    assert mediafs("status", "--json").json["generation"] == 1


def test_a_path_outside_of_every_root_is_refused(mediafs, photos, tmp_path):
    photos.jpeg("a.jpg")
    mediafs.index(photos.folder)

    assert str(tmp_path) in mediafs("verify", tmp_path, code=40).sentence


@pytest.mark.parametrize(
    "wrong", [("--max-duration", "30"), ("--older-than", "a month"), ("--max-bytes", "many")]
)
def test_a_bound_that_could_mean_anything_is_refused(mediafs, wrong):
    assert wrong[1] in mediafs("verify", *wrong, code=3).sentence


def test_a_catalog_that_is_not_there_is_not_made(mediafs):
    mediafs("verify", code=10)

    assert not mediafs.catalog.exists()


# ---------------------------------------------------------------------------- rot


def test_real_rot_is_found_behind_the_page_cache_and_the_copy_named(
    mediafs, photos, real_disk, stamps
):
    disk, rot = real_disk
    copy = photos.jpeg("copy.jpg")
    rotten = disk / "IMG_0001.jpg"
    shutil.copy2(copy, rotten)
    mediafs.index(disk, photos.folder)
    data = rotten.read_bytes()
    before = rotten.stat()
    rot(data)
    assert rotten.read_bytes() == data  # the kernel still has the good bytes

    ran = mediafs("verify", "--json", code=2)

    assert rotten.read_bytes() != data
    after = rotten.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    assert f"a good copy is {copy}" in ran.err
    [bad] = ran.json["bad"]
    assert (bad["path"], bad["what"], bad["good_copy"]) == (str(rotten), "rotten", str(copy))
    assert stamps.of("IMG_0001.jpg")["state"] == "unreadable"
    assert stamps.of("copy.jpg")["verified_ns"]


def test_a_rotten_file_leaves_its_shot_and_stands_in_quarantine(mediafs, photos, stamps):
    rotten = photos.jpeg("IMG_0001.jpg")
    copy = photos.put("IMG_0001 copy.jpg", rotten.read_bytes())
    mediafs.index(photos.folder)
    [shot] = mediafs.shots()
    assert shot["original"] == str(rotten)
    stamps.rot(rotten)

    told = verify(mediafs, code=2)

    [shot] = mediafs.shots()
    assert [member["path"] for member in shot["members"]] == [str(copy)]
    tree = mediafs.tree()
    assert {entry.source for path, entry in tree.items() if path.startswith("originals/")} == {
        str(copy)
    }
    assert [entry.source for path, entry in tree.items() if path.startswith("quarantine/")] == [
        str(rotten)
    ]
    assert any(path.startswith("quarantine/rotten/") for path in tree)
    assert (told["rotten"], told["known_rotten"], told["generation"]) == (1, 1, 2)
    assert mediafs("dupes", "--format", "json").json["groups"] == []


def test_a_rotten_file_stays_so_under_any_name_until_it_is_restored(mediafs, photos, stamps):
    good = photos.jpeg("a.jpg").read_bytes()
    mediafs.index(photos.folder)
    stamps.rot(photos.folder / "a.jpg")
    mediafs("verify", code=2)
    moved = (photos.folder / "a.jpg").rename(photos.folder / "b.jpg")

    told = mediafs.index()
    again = verify(mediafs, code=2)

    assert (told["moved"], told["opened"]) == (1, 0)
    assert again["bad"][0]["path"] == str(moved)
    assert again["generation"] == told["generation"]  # found once more, and nothing new follows
    moved.write_bytes(good)
    assert mediafs("reindex", "--json").json["opened"] == 1
    assert (stamps.of("b.jpg")["state"], stamps.of("b.jpg")["rotten_ns"]) == ("present", None)
    assert [shot["original"] for shot in mediafs.shots()] == [str(moved)]


# ---------------------------------------------------------------------------- what is no rot


def test_what_cannot_be_read_is_named_and_stays_due(plain, photos):
    hidden = photos.jpeg("hidden/a.jpg")
    photos.jpeg("b.jpg")
    plain.index(photos.folder)
    hidden.parent.chmod(0)

    ran = plain("verify", "--json", code=2)

    assert (ran.json["agreed"], ran.json["unreadable"]) == (1, 1)
    assert f"{hidden} could not be read (Permission denied)" in ran.err
    [failure] = plain("status", "--json").json["failures"]
    assert failure["path"] == str(hidden)
    hidden.parent.chmod(0o700)
    assert verify(plain)["agreed"] == 2
    assert plain("status", "--json").json["failures"] == []


# ---------------------------------------------------------------------------- carried digests


def carry(stamps: Stamps, name: str, of: str) -> None:
    """As if head and tail had agreed: the digest of one file taken over for another."""
    stamps.execute(
        "UPDATE file SET digest_carried = 1,"
        " content_id = (SELECT content_id FROM file WHERE name = ?) WHERE name = ?",
        of.encode(), name.encode(),
    )  # fmt: skip


def test_a_carried_digest_that_was_a_wrong_guess_is_read_anew(mediafs, photos, stamps):
    one, other = photos.jpeg("a.jpg"), photos.jpeg("b.jpg", "2020-01-02 03:04:05")
    mediafs.index(photos.folder)
    carry(stamps, "b.jpg", of="a.jpg")

    ran = mediafs("verify", "--json", code=2)

    assert ran.json["carried_wrong"] == 1
    assert ran.json["rotten"] == 0
    assert f"{other} was taken for a copy of a known file" in ran.err
    assert f"a good copy of the known file is {one}" in ran.err
    assert mediafs.index()["opened"] == 1
    assert stamps.of("b.jpg")["content_id"] != stamps.of("a.jpg")["content_id"]
    assert len(mediafs.shots()) == 2
    assert verify(mediafs)["agreed"] == 2


# ---------------------------------------------------------------------------- stopped


@pytest.fixture
def endless(mediafs, photos, stamps, wait) -> Callable[[], subprocess.Popen[str]]:
    """A verification that noted five files and is at one that it will not get through."""
    for number in range(5):
        photos.jpeg(f"{number}.jpg")
    huge = photos.put("huge.bin", b"0")
    mediafs.index(photos.folder)
    os.truncate(huge, HUGE)
    stamps.believe(huge)
    stamps.execute(
        "UPDATE file SET verified_ns = 1 WHERE name = ?", b"huge.bin"
    )  # its turn is last

    def begin() -> subprocess.Popen[str]:
        process = mediafs.start("verify", "--jobs", "1")
        wait(lambda: len(stamps.verified()) == 6, "five files are verified")
        return process

    return begin


def test_a_verification_that_is_killed_goes_on_where_it_was(
    mediafs, photos, stamps, endless, left_over, wait
):
    process = endless()
    assert mediafs("reindex", "--json").json["seen"] == 6  # which is not held up
    process.kill()
    process.wait()
    wait(lambda: not left_over(mediafs.home), "its reader ended")
    os.truncate(photos.folder / "huge.bin", 1)
    stamps.believe(photos.folder / "huge.bin")

    told = verify(mediafs)

    assert told["opened"] <= 3  # the file that was under way, with other bytes than it had
    assert told["agreed"] + told["rotten"] == 1


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_soon_and_what_was_done_is_said(mediafs, endless, how, code):
    process = endless()
    begun = time.monotonic()

    process.send_signal(how)
    ran = mediafs.finish(process)

    assert ran.code == code
    assert "5 files agree" in ran.err
    assert "go on" in ran.err
    assert time.monotonic() - begun < 10  # not to the end of the file


# ---------------------------------------------------------------------------- in a mount


@pytest.mark.mounted
def test_a_mount_gives_a_copys_bytes_for_a_rotten_file_or_none(
    mediafs, photos, stamps, tmp_path, wait
):
    rotten = photos.jpeg("IMG_0001.jpg")
    good = rotten.read_bytes()
    photos.put("IMG_0001 copy.jpg", good)
    alone = photos.jpeg("IMG_0002.jpg", "2020-01-02 03:04:05")
    mediafs.index(photos.folder)
    at = mediafs.mount(tmp_path / "at")
    stamps.rot(rotten)
    stamps.rot(alone)
    shown = at / "by-source/photos/IMG_0001.jpg"
    assert shown.read_bytes() != good  # nobody knows yet, and the kernel keeps it

    verify(mediafs, code=2)

    wait((at / "quarantine/rotten/IMG_0001.jpg").exists, "the rotten file shows in quarantine")
    wait(lambda: shown.read_bytes() == good, "the kernel forgot the rotten bytes")
    # What is lost is an error of rsync's, and not a file.
    subprocess.run(["rsync", "-a", f"{at}/originals/", tmp_path / "backup"], check=False)
    [saved] = [path for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert saved.read_bytes() == good
    with pytest.raises(OSError, match="Input/output error"):
        (at / "by-source/photos/IMG_0002.jpg").read_bytes()


@pytest.mark.mounted
def test_a_backup_keeps_its_good_copy_of_what_rotted_in_its_only_copy(
    mediafs, photos, stamps, tmp_path, wait
):
    rotten = photos.jpeg("IMG_0001.jpg")
    good = rotten.read_bytes()
    mediafs.index(photos.folder)
    at, backup = mediafs.mount(tmp_path / "at"), tmp_path / "backup"
    rsync = ("rsync", "-a", "--delete", f"{at}/originals/", backup)
    subprocess.run(rsync, check=True)
    stamps.rot(rotten)
    verify(mediafs, code=2)
    wait((at / "quarantine/rotten/IMG_0001.jpg").exists, "the rotten file shows in quarantine")

    subprocess.run(rsync, check=True)

    [saved] = [path for path in backup.rglob("*") if path.is_file()]
    assert saved.read_bytes() == good
    assert mediafs.shots() == []
