"""Disks that fill up, go away, close their doors or tell wrong times: nothing known is lost.

Nothing becomes "gone" that is only out of sight, and a run that cannot go on says so in one
sentence, leaves a good catalog, and goes on when the disk is well again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest
from stubborn import Share

from indexer.catalog import open_reader
from indexer.catalog.connection import open_writer
from indexer.catalog.digest import digests


def whole(catalog):
    db = open_reader(catalog)
    try:
        return digests(db)
    finally:
        db.close()


def running(program: str) -> tuple[str, ...]:
    """mediafs in a process that does something to itself first."""
    return (sys.executable, "-c", program)


def limited(size: int) -> tuple[str, ...]:
    """mediafs in a process whose files may not grow beyond this: a full disk without one."""
    return running(f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from mediafs.cli import main
main()
""")


def stopping(where: str, what: str) -> tuple[str, ...]:
    """mediafs in a process that stops itself once its progress says this, to be continued."""
    return running(f"""
import os, signal
from mediafs.cli import main, progress
say = progress.Quiet.{where}
done = []
def step(self, *told):
    say(self, *told)
    if not done and ({what}):
        done.append(told)
        os.kill(os.getpid(), signal.SIGSTOP)
progress.Quiet.{where} = step
main()
""")


READING = stopping("phase", "told[0].startswith('Reading')")


@pytest.fixture
def halted(wait):
    """A run that stands still where it would read; it goes on when the block ends."""

    @contextlib.contextmanager
    def start(mediafs, *arguments, command=READING):
        process = mediafs.start(*arguments, "-q", command=command)
        try:
            wait(lambda: has_ended_or_stopped(process), "the run stands still")
            assert process.poll() is None, process.communicate()
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)

    return start


def has_ended_or_stopped(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] in {"T", "Z"}


# ---------------------------------------------------------------------------- full


@pytest.mark.parametrize("room", [64 << 10, 512 << 10])
def test_a_catalog_that_may_not_grow_stops_the_run_and_goes_on_with_room(mediafs, photos, room):
    photos.many(150)
    state = photos.state()
    ran = mediafs("index", "-q", photos.folder, code=16, command=limited(room))

    assert str(mediafs.catalog.parent) in ran.sentence
    assert photos.state() == state
    if mediafs.catalog.exists():
        mediafs("check")
    assert mediafs.index(photos.folder)["seen"] == 150
    other = mediafs.home / "other" / "catalog.db"
    mediafs("index", photos.folder, catalog=other)
    assert whole(mediafs.catalog) == whole(other)


def test_a_reindex_without_room_leaves_the_last_tree(mediafs, photos):
    photos.many(20)
    mediafs("index", photos.folder)
    before = whole(mediafs.catalog)
    make_more(photos)
    size = mediafs.catalog.stat().st_size
    ran = mediafs("reindex", "-q", code=16, command=limited(size))

    assert "make room" in ran.sentence or "disk" in ran.sentence
    assert whole(mediafs.catalog)["tree"] == before["tree"]
    mediafs("check")
    assert mediafs.index()["seen"] == 140


def test_a_full_disk_is_not_called_a_damaged_catalog(mediafs, photos, small_disk):
    photos.many(1)
    disk = small_disk("24M")
    catalog = disk / "catalog.db"
    mediafs("index", photos.folder, catalog=catalog)
    with contextlib.suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))

    said = mediafs("status", catalog=catalog, code=16).sentence

    assert "is full; make room" in said
    (disk / "rest").unlink()
    mediafs("check", catalog=catalog)


def make_more(photos):
    for number in range(120):
        photos.jpeg(f"more/{number}.jpg", f"2019-07-{1 + number % 30:02} 16:{number % 60:02}:11.48")


# ---------------------------------------------------------------------------- closed


def test_a_folder_and_a_file_that_close_in_the_middle_cost_only_themselves(plain, photos, halted):
    photos.many(30)
    closed, file = photos.jpeg("closed/b.jpg").parent, photos.jpeg("file.jpg")
    with halted(plain, "index", "--json", photos.folder) as process:
        closed.chmod(0)
        file.chmod(0)
    ran = plain.finish(process)

    assert ran.code == 2
    assert {line.partition(" ")[0] for line in ran.err.splitlines()} == {
        str(closed / "b.jpg"), str(file),
    }  # fmt: skip
    assert ran.json["new"] == 30
    closed.chmod(0o700)
    file.chmod(0o600)
    said = plain.index()
    assert (said["failed"], said["gone"], said["seen"]) == (0, 0, 32)


def test_a_known_folder_that_closes_in_the_middle_keeps_its_files(plain, photos, halted):
    closed = photos.jpeg("closed/b.jpg").parent
    plain("index", photos.folder)
    before = plain.tree()
    photos.many(30)
    with halted(plain, "reindex", "--json") as process:
        closed.chmod(0)
    ran = plain.finish(process)

    assert ran.json["gone"] == 0
    assert before.items() <= plain.tree().items()


def test_a_known_file_that_closes_keeps_its_place_until_it_opens_again(plain, photos):
    file = photos.jpeg("a.jpg")
    photos.jpeg("b.jpg", "2020-01-01 10:00:00")
    plain("index", photos.folder)
    before = plain.tree()
    file.chmod(0)

    for _ in range(2):  # it is tried by every run, and told by each
        ran = plain("reindex", "-q", code=2)
        assert [line.partition(" ")[0] for line in ran.err.splitlines()] == [str(file)]
        assert plain.tree() == before
    assert str(file) in plain("status").out

    file.chmod(0o644)
    assert plain("reindex", "--json").json["failed"] == 0
    assert plain.tree() == before
    assert str(file) not in plain("status").out


def test_a_kept_file_that_cannot_be_read_makes_no_copy_superfluous(plain, photos):
    shutil.copy2(photos.jpeg("a.jpg"), photos.folder / "b.jpg")
    plain("index", photos.folder)
    [group] = plain("dupes", "--format", "json").json["groups"]
    assert group["reclaimable"] > 0

    os.chmod(group["keep"], 0)
    plain("reindex", "-q", code=2)

    [group] = plain("dupes", "--format", "json").json["groups"]
    assert group["reclaimable"] == 0


@pytest.mark.mounted
@pytest.mark.parametrize("cause", ["written to", "newer reader"])
def test_a_known_file_that_cannot_be_read_again_is_not_taken_from_a_backup(
    mediafs, photos, tmp_path, cause
):
    if shutil.which("rsync") is None:
        pytest.skip("rsync is not installed")
    good = photos.jpeg("a.jpg").read_bytes()
    photos.jpeg("b.jpg", "2020-01-01 10:00:00")
    share = Share(photos.folder, tmp_path / "share")
    try:
        mediafs("index", share.at)
        before = mediafs.tree()
        at, backup = mediafs.mount(tmp_path / "at"), tmp_path / "backup"
        assert rsync(at, backup).returncode == 0
        if cause == "written to":
            (photos.folder / "a.jpg").write_bytes(b"half of it")
        else:
            outdate(mediafs.catalog)
        share.fail("a.jpg")

        ran = mediafs("reindex", "--json", "-q", code=2)

        assert ran.json["failed"] == 1
        assert ran.err.startswith(str(share.at / "a.jpg"))
        assert mediafs.tree() == before
        shown = at / next(path for path in before if path.startswith("originals/2019/"))
        # The kernel may still have what it read before, which is right.
        assert bytes_or_error(shown) in (good, errno.EIO, errno.ESTALE)
        rsync(at, backup, "--ignore-times")
        assert (backup / shown.relative_to(at / "originals")).read_bytes() == good
        mediafs("umount", at)
    finally:
        share.close()


def bytes_or_error(path):
    try:
        return path.read_bytes()
    except OSError as exc:
        return exc.errno


def rsync(at, backup, *options):
    return subprocess.run(
        ["rsync", "-a", "--delete", *options, f"{at}/originals/", f"{backup}/"],
        check=False, capture_output=True, timeout=60,
    )  # fmt: skip


def outdate(catalog):
    """All that is known was read by an older mediafs."""
    db = open_writer(catalog)
    db.execute("UPDATE content SET reader = 0")
    db.close()


# ---------------------------------------------------------------------------- away


def test_a_root_that_is_renamed_away_in_the_middle_loses_nothing(mediafs, photos, halted):
    photos.jpeg("known.jpg")
    mediafs("index", photos.folder)
    before = mediafs.tree()
    photos.many(60)
    away = photos.folder.with_name("away")
    with halted(mediafs, "reindex", "--json") as process:
        photos.folder.rename(away)
    ran = mediafs.finish(process)

    assert ran.code in (0, 2)
    assert ran.json["gone"] == 0
    assert before.items() <= mediafs.tree().items()
    away.rename(photos.folder)
    said = mediafs.index()
    assert (said["gone"], said["failed"], said["seen"]) == (0, 0, 61)


@pytest.mark.parametrize("leaves_a_folder", [True, False], ids=["empty mount point", "nothing"])
def test_a_root_that_goes_away_while_it_is_walked_loses_nothing(
    mediafs, photos, leaves_a_folder, halted
):
    for number in range(6):
        photos.jpeg(f"{number}/deep/a.jpg", f"2019-07-14 16:02:{number:02}.48")
    mediafs("index", photos.folder)
    before = mediafs.tree()
    away = photos.folder.with_name("away")
    with halted(mediafs, "reindex", "--json", command=stopping("advance", "True")) as process:
        photos.folder.rename(away)
        if leaves_a_folder:
            photos.folder.mkdir()
    ran = mediafs.finish(process)

    assert ran.code in (0, 2)
    assert ran.json["gone"] == 0
    assert mediafs.tree() == before


def test_a_disk_that_is_unmounted_while_it_is_read_loses_nothing(
    mediafs, photos, make_photos, halted
):
    disk = make_photos("disk")
    disk.jpeg("known.jpg")
    mounted(disk.folder, photos.folder)
    try:
        mediafs("index", photos.folder)
        before = mediafs.tree()
        disk.many(60)
        with halted(mediafs, "reindex", "--json") as process:
            unmount(photos.folder)
        ran = mediafs.finish(process)
        assert ran.code in (0, 2)
        assert ran.json["gone"] == 0
        assert before.items() <= mediafs.tree().items()
        mounted(disk.folder, photos.folder)

        said = mediafs.index()
        assert (said["gone"], said["failed"], said["seen"]) == (0, 0, 61)
    finally:
        unmount(photos.folder)


def mounted(disk, at):
    made = subprocess.run(["mount", "--bind", disk, at], check=False, capture_output=True)
    if made.returncode:
        pytest.skip(f"nothing can be mounted here: {os.fsdecode(made.stderr).strip()}")


def unmount(at):
    """Even while it is in use, as a disk that is pulled out."""
    while (
        subprocess.run(["umount", "--lazy", at], check=False, capture_output=True).returncode == 0
    ):
        pass


# ---------------------------------------------------------------------------- replaced


def test_garbage_in_place_of_the_catalog_while_it_is_written_is_named(mediafs, photos, halted):
    photos.many(60)
    mediafs.leaves_no_good_catalog()
    with halted(mediafs, "index", photos.folder) as process:
        garbage = mediafs.catalog.with_name("garbage")
        garbage.write_bytes(b"no catalog at all " * 4096)
        garbage.rename(mediafs.catalog)
    ran = mediafs.finish(process)

    # The run had the old file open; who comes later meets the garbage, and a name for it.
    assert ran.code in (0, 11, 16), ran.err
    refused = mediafs("status", code=None)
    assert refused.code in (11, 16)
    assert str(mediafs.catalog) in refused.sentence


# ---------------------------------------------------------------------------- wrong times


def test_a_clock_that_was_set_back_changes_nothing(mediafs, photos):
    """The catalog is dated in the future, as if it had been written before the clock was set."""
    photos.many(20)
    mediafs("index", photos.folder)
    later = time.time_ns() + 10**9 * 86_400 * 4000
    db = open_writer(mediafs.catalog)
    db.execute("UPDATE root SET walked_ns = ?, added_ns = ?", (later, later))
    db.execute("UPDATE generation SET committed_ns = ?", (later,))
    db.close()
    before = whole(mediafs.catalog)

    said = mediafs.index()
    assert (said["unchanged"], said["opened"], said["gone"]) == (20, 0, 0)
    photos.jpeg("new.jpg")
    assert mediafs.index()["new"] == 1
    assert whole(mediafs.catalog)["file"] != before["file"]


@pytest.mark.parametrize(
    "seconds", [-62_135_596_801, -1, 0, 2**31, 2**33, 253_402_300_800], ids=str
)
def test_times_that_cannot_be_right_are_kept_as_they_are(mediafs, photos, seconds):
    path = photos.jpeg("a.jpg")
    try:
        os.utime(path, ns=(seconds * 10**9 + 1,) * 2)
    except (OverflowError, OSError):
        pytest.skip("this filesystem has no such times")
    if path.stat().st_mtime_ns != seconds * 10**9 + 1:
        pytest.skip("this filesystem has no such times")
    mediafs("index", photos.folder)

    assert mediafs.index()["unchanged"] == 1
    assert len(mediafs.shots()) == 1


def test_the_limit_is_ours_alone():
    """What the tests above set in children must not have come into this process."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
