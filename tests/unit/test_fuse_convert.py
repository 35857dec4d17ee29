"""From the tree's words to the kernel's."""

from __future__ import annotations

import errno
import stat

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

pyfuse3 = pytest.importorskip("pyfuse3", reason="pyfuse3 is not installed")

from indexer.catalog.rows import Attributes  # noqa: E402
from mediafs.fuse.convert import (  # noqa: E402
    Presentation,
    errno_of,
    fill,
    is_answer,
    missing_entry,
    new_entry,
    to_statvfs,
)
from mediafs.vfs import Totals, errors  # noqa: E402

PLAIN = Presentation(uid=None, gid=None, own_uid=77, own_gid=78)


def attributes(*, is_directory=False, mode=0o644, mtime_ns=1, size=10):
    return Attributes(
        2048, is_directory=is_directory, size=size, mtime_ns=mtime_ns, ctime_ns=5, mode=mode,
        uid=1000, gid=1001, blocks=8, links=3,
    )  # fmt: skip


@given(mode=st.integers(0, 0o7777), umask=st.integers(0, 0o777))
def test_no_file_is_ever_writable_or_setuid(mode, umask):
    entry = fill(new_entry(), attributes(mode=mode), Presentation(None, None, 0, 0, umask))

    assert stat.S_ISREG(entry.st_mode)
    assert stat.S_IMODE(entry.st_mode) == mode & 0o555 & ~umask


@given(mtime_ns=st.integers(-(10**18), 10**19), size=st.integers(0, 2**62))
def test_times_and_sizes_arrive_exactly(mtime_ns, size):
    entry = fill(new_entry(), attributes(mtime_ns=mtime_ns, size=size), PLAIN)

    assert entry.st_mtime_ns == entry.st_atime_ns == mtime_ns
    assert entry.st_size == size
    assert (entry.st_ino, entry.st_nlink, entry.st_blocks) == (2048, 3, 8)


def test_files_belong_to_their_owner_and_directories_to_the_process():
    file = fill(new_entry(), attributes(), PLAIN)
    folder = fill(new_entry(), attributes(is_directory=True), PLAIN)

    assert (file.st_uid, file.st_gid) == (1000, 1001)
    assert (folder.st_uid, folder.st_gid) == (77, 78)
    assert folder.st_mode == stat.S_IFDIR | 0o555


def test_a_chosen_owner_owns_everything():
    shown = Presentation(uid=5, gid=6, own_uid=77, own_gid=78)

    for is_directory in (False, True):
        entry = fill(new_entry(), attributes(is_directory=is_directory), shown)
        assert (entry.st_uid, entry.st_gid) == (5, 6)


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (errors.NoSuchEntry(), errno.ENOENT),
        (errors.NotADirectory(), errno.ENOTDIR),
        (errors.IsADirectory(), errno.EISDIR),
        (errors.NoSuchAttribute(), errno.ENODATA),
        (errors.ReadOnly(), errno.EROFS),
        (errors.SourceChanged(), errno.ESTALE),
        (errors.SourceUnavailable(), errno.EIO),
        (apsw.BusyError(), errno.EIO),
        (ZeroDivisionError(), errno.EIO),
    ],
)
def test_every_error_has_a_number(error, number):
    assert errno_of(error) == number


def test_only_answers_go_unlogged():
    assert all(is_answer(kind()) for kind in errors.VfsError.__subclasses__())
    assert not is_answer(KeyError())


@given(blocks=st.integers(0, 2**50), files=st.integers(0, 2**40))
def test_a_filesystem_is_never_empty_and_always_full(blocks, files):
    data = to_statvfs(Totals(files=files, size=blocks * 512, blocks=blocks))

    assert data.f_blocks * data.f_frsize >= max(1, blocks * 512)
    assert data.f_blocks * data.f_frsize < blocks * 512 + 4097
    assert data.f_files == max(1, files)
    assert data.f_bfree == data.f_bavail == data.f_ffree == 0


def test_a_missing_name_has_no_number():
    entry = missing_entry(1.0)

    assert (entry.st_ino, entry.entry_timeout) == (0, 1.0)
