"""Opening below a root: what is let through and what is not."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from indexer import source
from indexer.source import has_stamp, open_beneath, open_known, open_root, stamp_of

DEADLINE_SECONDS = 30.0


@pytest.fixture(params=["one call", "one name at a time"], autouse=True)
def way(request, monkeypatch):
    """All of this is true with openat2 and without."""
    if request.param != "one call":
        monkeypatch.setattr(source, "_HAS_OPENAT2", False)
        monkeypatch.setattr(source, "_HAS_CACHED_LOOKUP", False)
    elif not source._HAS_OPENAT2:
        pytest.skip("this kernel has no openat2, or a sandbox refuses it")
    return request.param


def open_handles():
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@contextmanager
def root(tmp_path):
    fd = open_root(os.fsencode(tmp_path))
    try:
        yield fd
    finally:
        os.close(fd)


def opened(tmp_path, relative):
    with root(tmp_path) as root_fd:
        return open_beneath(root_fd, relative)


def refusal(tmp_path, relative):
    with pytest.raises(OSError) as caught:
        opened(tmp_path, relative)
    return caught.value.errno


def test_a_file_in_a_folder_is_opened_for_reading_only(tmp_path):
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019" / "a.jpg").write_bytes(b"pixels")

    fd = opened(tmp_path, b"2019/a.jpg")

    assert os.read(fd, 100) == b"pixels"
    with pytest.raises(OSError):
        os.write(fd, b"x")
    os.close(fd)


def test_a_name_of_any_bytes_is_opened(tmp_path):
    name = b"caf\xe9\n.jpg"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
        pass

    os.close(opened(tmp_path, name))


def test_a_handle_is_not_inherited_by_programs_we_start(tmp_path):
    (tmp_path / "a.jpg").touch()

    fd = opened(tmp_path, b"a.jpg")

    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_link_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "real.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("real.jpg")

    assert refusal(tmp_path, b"link.jpg") == errno.ELOOP


def test_a_link_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "link").symlink_to("real")

    assert refusal(tmp_path, b"link/a.jpg") in (errno.ENOTDIR, errno.ELOOP)


@pytest.mark.parametrize(
    "relative", [b"../a.jpg", b"x/../a.jpg", b"/a.jpg", b"x//a.jpg", b"./a.jpg", b"", b"a\0.jpg"]
)
def test_a_path_that_is_not_plain_is_refused(tmp_path, relative):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "x").mkdir()

    assert refusal(tmp_path, relative) == errno.EINVAL


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")

    assert refusal(tmp_path, b"a.jpg") == errno.EINVAL


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.jpg").mkdir()

    assert refusal(tmp_path, b"a.jpg") == errno.EINVAL


def test_a_missing_file_says_so(tmp_path):
    assert refusal(tmp_path, b"gone.jpg") == errno.ENOENT


def test_no_handle_is_left_open_after_refusals(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    before = open_handles()

    for relative in (b"fifo", b"gone/a.jpg", b"..", b"gone"):
        refusal(tmp_path, relative)

    assert open_handles() == before


def test_no_handle_of_the_folders_on_the_way_is_left_open(tmp_path):
    (tmp_path / "2019" / "05").mkdir(parents=True)
    (tmp_path / "2019" / "05" / "a.jpg").touch()
    before = open_handles()

    os.close(opened(tmp_path, b"2019/05/a.jpg"))
    refusal(tmp_path, b"2019/05/gone/a.jpg")

    assert open_handles() == before


def test_reading_leaves_the_access_time_alone(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"pixels")
    os.utime(tmp_path / "a.jpg", ns=(1, 10**18))

    fd = opened(tmp_path, b"a.jpg")
    os.read(fd, 10)
    os.close(fd)

    assert (tmp_path / "a.jpg").stat().st_atime_ns == 1


def test_a_stamp_holds_the_inode_only_where_inodes_last(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"pixels")
    status = (tmp_path / "a.jpg").stat()

    assert stamp_of(status).inode == status.st_ino
    assert stamp_of(status, has_stable_inodes=False).inode is None
    assert stamp_of(status).size == 6
    assert stamp_of(status).mtime_ns == status.st_mtime_ns
    assert stamp_of(status).ctime_ns == status.st_ctime_ns


def test_a_stamp_is_had_only_while_nothing_of_it_changed(tmp_path):
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"pixels")
    status = photo.stat()
    stamp = stamp_of(status)

    assert has_stamp(status, stamp)
    assert has_stamp(status, replace(stamp, inode=None))
    for name in ("size", "mtime_ns", "ctime_ns", "inode"):
        assert not has_stamp(status, replace(stamp, **{name: getattr(stamp, name) + 1}))


# ---------------------------------------------------------------------------- swapped meanwhile


def test_a_folder_that_is_swapped_for_a_link_never_leads_out(tmp_path):
    inside, outside = tmp_path / "root" / "2019", tmp_path / "outside"
    for folder, data in ((inside, b"mine"), (outside, b"secret")):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(data)
    aside, link, is_over = inside.with_name("aside"), inside.with_name("link"), threading.Event()
    link.symlink_to(outside)

    def swap():
        while not is_over.is_set():
            inside.rename(aside)
            link.rename(inside)
            inside.rename(link)
            aside.rename(inside)

    swapping, seen = threading.Thread(target=swap), Counter()
    swapping.start()
    try:
        with root(tmp_path / "root") as root_fd:
            end = time.monotonic() + DEADLINE_SECONDS
            # A busy machine may let one of the two run alone for long.
            while seen.total() < 2000 or not {b"mine", None} <= seen.keys():
                assert time.monotonic() < end, seen
                try:
                    fd = open_known(root_fd, b"2019/a.jpg") or open_beneath(root_fd, b"2019/a.jpg")
                except OSError:
                    seen[None] += 1
                    continue
                seen[os.read(fd, 10)] += 1
                os.close(fd)
    finally:
        is_over.set()
        swapping.join()

    assert seen.keys() == {b"mine", None}


# ---------------------------------------------------------------------------- without waiting


def known(tmp_path, relative):
    with root(tmp_path) as root_fd:
        return open_known(root_fd, relative)


def test_what_the_kernel_knows_is_opened_at_once(tmp_path, way):
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019" / "a.jpg").write_bytes(b"pixels")

    fd = known(tmp_path, b"2019/a.jpg")

    if way != "one call" or not source._HAS_CACHED_LOOKUP:
        assert fd is None
        return
    assert os.read(fd, 10) == b"pixels"
    os.close(fd)


def test_what_is_no_plain_file_is_not_opened_at_once(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "link.jpg").symlink_to("real/a.jpg")
    os.symlink("/etc/passwd", tmp_path / "out.jpg")

    for relative in (b"link/a.jpg", b"link.jpg", b"out.jpg", b"gone.jpg", b"gone/a.jpg"):
        assert known(tmp_path, relative) is None


def test_another_filesystem_below_the_root_is_not_opened_at_once():
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == Path("/").stat().st_dev:
        pytest.skip("no folder in memory to write to")
    with NamedTemporaryFile(dir=memory) as file:
        path = os.fsencode(file.name)
        os.close(opened(Path("/"), path[1:]))  # so it is not for want of knowing the way

        assert known(Path("/"), path[1:]) is None
