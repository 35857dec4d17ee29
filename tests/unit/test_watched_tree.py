"""What the kernel tells of a tree: later folders, names that are no UTF-8, overflow, limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE_SECONDS

from indexer.mounts import Mount
from indexer.scan.exclude import compile_excludes
from mediafs.watch.place import place_of, silent

if sys.platform != "linux":
    pytest.skip("inotify is Linux's", allow_module_level=True)

from mediafs.watch import inotify
from mediafs.watch.inotify import LimitReached, News, WatchedTree


@pytest.fixture
def top(tmp_path):
    (tmp_path / "top" / "2019" / "07").mkdir(parents=True)
    return tmp_path / "top"


@pytest.fixture
def watched(top):
    tree = WatchedTree(os.fsencode(top), compile_excludes())
    yield tree
    tree.close()


def heard(tree):
    """The news after what was just done: the kernel has queued it before a call returns."""
    return tree.take()


def test_a_file_that_was_written_is_heard_of(watched, top):
    (top / "2019" / "07" / "a.jpg").write_bytes(b"x")

    assert heard(watched) is News.CHANGED
    assert heard(watched) is News.NOTHING


def test_reading_and_listing_are_no_news(watched, top):
    (top / "2019" / "a.jpg").write_bytes(b"x")
    watched.take()
    (top / "2019" / "a.jpg").read_bytes()
    list(top.rglob("*"))

    assert heard(watched) is News.NOTHING


@pytest.mark.parametrize(
    "change",
    [
        lambda top: (top / "a.jpg").unlink(),
        lambda top: (top / "a.jpg").rename(top / "b.jpg"),
        lambda top: (top / "a.jpg").rename(top.parent / "out.jpg"),
        lambda top: (top / "a.jpg").chmod(0o600),
        lambda top: os.utime(top / "a.jpg", (1, 1)),
    ],
    ids=["deleted", "renamed", "moved out", "chmod", "touched"],
)
def test_every_change_of_a_stamp_is_news(top, change):
    (top / "a.jpg").write_bytes(b"x")
    tree = WatchedTree(os.fsencode(top), compile_excludes())
    try:
        change(top)

        assert heard(tree) is News.CHANGED
    finally:
        tree.close()


def test_folders_that_come_later_are_watched_however_they_come(watched, top):
    (top / "made" / "x" / "y").mkdir(parents=True)
    shutil.copytree(top / "2019", top.parent / "elsewhere")
    (top.parent / "elsewhere").rename(top / "moved in")
    (top / "2019").rename(top / "renamed")
    watched.take()

    for folder in ("made/x/y", "moved in/07", "renamed/07"):
        (top / folder / "late.jpg").write_bytes(b"x")
        assert heard(watched) is News.CHANGED, folder


def test_a_folder_that_left_is_not_heard_of_any_more(watched, top):
    (top / "2019").rename(top.parent / "gone")
    assert heard(watched) is News.CHANGED
    assert len(watched) == 1

    (top.parent / "gone" / "07" / "a.jpg").write_bytes(b"x")

    assert heard(watched) is News.NOTHING


def test_a_folder_whose_name_begins_like_that_of_one_that_left_is_heard_of(top):
    (top / "2019 trip").mkdir()
    tree = WatchedTree(os.fsencode(top), compile_excludes())
    try:
        (top / "2019").rename(top.parent / "gone")
        tree.take()
        (top / "2019 trip" / "a.jpg").write_bytes(b"x")

        assert heard(tree) is News.CHANGED
    finally:
        tree.close()


def test_a_folder_that_is_not_to_be_entered_is_not_heard_of(top):
    ours, later = top / "mount", top / "later"
    (ours / "by-date").mkdir(parents=True)
    never = [os.fsencode(ours), os.fsencode(later)]
    tree = WatchedTree(os.fsencode(top), compile_excludes(), never)
    try:
        (ours / "a.jpg").write_bytes(b"x")
        (ours / "by-date" / "a.jpg").write_bytes(b"x")
        (later / "deep").mkdir(parents=True)

        assert heard(tree) is News.NOTHING
        assert len(tree) == 3  # the top, 2019 and 07
    finally:
        tree.close()


def test_names_that_are_no_utf8_are_names(watched, top):
    os.mkdir(os.fsencode(top) + b"/caf\xe9")
    assert heard(watched) is News.CHANGED

    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9/\xff.jpg")).write_bytes(b"x")

    assert heard(watched) is News.CHANGED


def test_what_is_excluded_is_not_heard_of(watched, top):
    for name in ("film.mov.part", "IMG_1.JPG.crdownload", ".DS_Store"):
        (top / name).write_bytes(b"x")
    (top / "@eaDir").mkdir()
    (top / "@eaDir" / "thumb.jpg").write_bytes(b"x")
    assert heard(watched) is News.NOTHING

    (top / "IMG_1.JPG.crdownload").rename(top / "IMG_1.JPG")

    assert heard(watched) is News.CHANGED


def test_events_that_the_kernel_dropped_are_said_to_be_lost(watched, top):
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text("ascii"))
    if queue > 100_000:
        pytest.skip(f"the kernel's queue holds {queue} events here")
    files = [os.fsencode(top / name) for name in ("a.jpg", "b.jpg")]
    for file in files:
        os.close(os.open(file, os.O_CREAT))
    for number in range(queue + 10):  # in turns: what is told twice in a row is one event
        os.utime(files[number % 2])

    assert heard(watched) is News.LOST


def test_a_root_that_goes_is_lost(watched, top):
    shutil.rmtree(top)

    assert heard(watched) is News.LOST


def test_a_root_that_is_moved_is_lost(watched, top):
    top.rename(top.parent / "elsewhere")

    assert heard(watched) is News.LOST


def test_a_root_that_is_unmounted_is_lost(disk, tmp_path):
    card = disk()
    tree = WatchedTree(os.fsencode(card.mount(tmp_path / "card")), compile_excludes())
    try:
        card.unmount()

        assert heard(tree) is News.LOST
    finally:
        tree.close()


def test_that_the_root_itself_is_open_to_others_is_news(watched, top):
    top.chmod(0o700)

    assert heard(watched) is News.CHANGED


def test_a_root_that_is_not_there_cannot_be_watched(tmp_path):
    with pytest.raises(FileNotFoundError):
        WatchedTree(os.fsencode(tmp_path / "nothing"), compile_excludes())


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root, unshare")
def test_where_the_kernel_allows_no_more_the_setting_is_named(top):
    """In a user namespace, which has a limit of its own; fs.inotify.* is the whole machine's."""
    program = (
        "import os, sys\n"
        "from indexer.scan.exclude import compile_excludes\n"
        "from mediafs.watch.inotify import LimitReached, WatchedTree\n"
        "try:\n"
        "    open('/proc/sys/user/max_inotify_watches', 'w').write('2')\n"
        "except OSError as exc:\n"
        "    sys.exit(f'unshare: no limit of its own: {exc}')\n"
        "try:\n"
        "    WatchedTree(os.fsencode(sys.argv[1]), compile_excludes())\n"
        "except LimitReached as exc:\n"
        "    print(exc)\n"
    )
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", program, top],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    if "unshare: " in ran.stderr:
        pytest.skip(f"no namespace with a limit of its own here: {ran.stderr.strip()}")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "the limit fs.inotify.max_user_watches=" in ran.stdout
    assert "`sudo sysctl fs.inotify.max_user_watches=" in ran.stdout


def test_too_many_watchers_of_one_user_are_a_limit_too():
    limit = inotify._limit(OSError(24, "Too many open files"))

    assert isinstance(limit, LimitReached)
    assert "fs.inotify.max_user_instances" in str(limit)


async def _wait(tree):
    await tree.wait_events()


def test_waiting_ends_with_the_first_event(watched, top):
    trio = pytest.importorskip("trio")

    async def both():
        with trio.fail_after(PATIENCE_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_wait, watched)
                await trio.to_thread.run_sync((top / "a.jpg").write_bytes, b"x")

    trio.run(both)

    assert heard(watched) is News.CHANGED


# ---------------------------------------------------------------------------- places

ROOT = Mount(b"/", "ext4", b"/dev/sda1", "8:1")


@pytest.mark.parametrize(
    ("mounts", "why"),
    [
        ([ROOT], None),
        ([ROOT, Mount(b"/photos", "fuseblk", b"/dev/sdb1", "8:17")], None),
        ([ROOT, Mount(b"/photos", "nfs4", b"nas:/x", "0:50")], "it is on nfs4"),
        ([ROOT, Mount(b"/photos", "fuse.mergerfs", b"a:b", "0:51")], "it is on fuse.mergerfs"),
        ([ROOT, Mount(b"/photos", "fuse", b"portal", "0:51")], "it is on fuse"),
        ([ROOT, Mount(b"/photos", "virtiofs", b"host", "0:51")], "it is on virtiofs"),
        ([ROOT, Mount(b"/photos/nas", "cifs", b"//n/x", "0:52")], "/photos/nas in it is on cifs"),
        ([ROOT, Mount(b"/photosynthesis", "nfs", b"nas:/y", "0:53")], None),
        ([ROOT, Mount(b"/photos/m", "fuse.mediafs", b"mediafs", "0:54")], None),
    ],
)
def test_where_others_may_change_files_the_kernel_is_not_believed(mounts, why):
    assert silent(b"/photos", mounts) == why


def test_a_place_is_another_when_another_folder_stands_there(top):
    before = place_of(os.fsencode(top))
    top.rename(top.parent / "kept")
    assert place_of(os.fsencode(top)) is None
    top.mkdir()

    assert before is not None
    assert place_of(os.fsencode(top)) != before


def test_watching_many_folders_lists_each_of_them_once(tmp_path, monkeypatch):
    """As a walk does; what else a folder costs is one system call."""
    top, listed, scandir = tmp_path / "many", [], os.scandir
    for year in range(20):
        for day in range(50):
            (top / f"{year}" / f"{day}").mkdir(parents=True)

    def counted(fd):
        listed.append(os.fstat(fd).st_ino)
        return scandir(fd)

    monkeypatch.setattr(os, "scandir", counted)
    tree = WatchedTree(os.fsencode(top), compile_excludes())
    monkeypatch.undo()
    tree.close()

    assert len(tree) == 1 + 20 + 20 * 50
    assert len(listed) == len(set(listed)) == len(tree)
