"""Opening below a root: what is let through and what is not."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.source import open_beneath, open_root, stamp_of


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
