"""Every way to change something is answered with EROFS."""

from __future__ import annotations

import errno
import os
import stat

import pytest

CHANGES = {
    "write": lambda at: os.open(at / "a.jpg", os.O_WRONLY),
    "read and write": lambda at: os.open(at / "a.jpg", os.O_RDWR),
    "append": lambda at: os.open(at / "a.jpg", os.O_WRONLY | os.O_APPEND),
    "truncate at open": lambda at: os.open(at / "a.jpg", os.O_RDONLY | os.O_TRUNC),
    "create": lambda at: os.open(at / "new.jpg", os.O_CREAT | os.O_WRONLY),
    "truncate": lambda at: os.truncate(at / "a.jpg", 0),
    "mkdir": lambda at: os.mkdir(at / "new"),
    "rmdir": lambda at: os.rmdir(at / "sub"),
    "unlink": lambda at: os.unlink(at / "a.jpg"),
    "rename": lambda at: os.rename(at / "a.jpg", at / "b.jpg"),
    "replace": lambda at: os.replace(at / "a.jpg", at / "sub/a.jpg"),
    "symlink": lambda at: os.symlink("a.jpg", at / "link"),
    "link": lambda at: os.link(at / "a.jpg", at / "link"),
    "mknod": lambda at: os.mknod(at / "fifo", stat.S_IFIFO | 0o600),
    "chmod": lambda at: os.chmod(at / "a.jpg", 0o777),
    "chown": lambda at: os.chown(at / "a.jpg", 1, 1),
    "utime": lambda at: os.utime(at / "a.jpg", (1, 1)),
    "setxattr": lambda at: os.setxattr(at / "a.jpg", "user.mediafs.role", b"x"),
    "setxattr, new": lambda at: os.setxattr(at / "a.jpg", "user.new", b"x", os.XATTR_CREATE),
    "removexattr": lambda at: os.removexattr(at / "a.jpg", "user.mediafs.source"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_refused(library, change):
    library.file("a.jpg", b"a", "originals/a.jpg", "originals/sub/a.jpg")
    library.mount()

    with pytest.raises(OSError) as caught:
        CHANGES[change](library.at / "originals")

    assert caught.value.errno == errno.EROFS
    assert (library.top / "a.jpg").read_bytes() == b"a"


def test_nothing_is_writable_and_all_is_readable(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()

    assert not os.access(library.at / "originals/a.jpg", os.W_OK)
    assert not os.access(library.at, os.W_OK)
    assert os.access(library.at / "originals/a.jpg", os.R_OK)


def test_fsync_is_harmless(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()
    with (library.at / "originals/a.jpg").open("rb") as file:
        os.fsync(file.fileno())
    folder = os.open(library.at, os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
