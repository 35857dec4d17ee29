"""Whatever is done to a mount in whatever order, it answers as a dictionary of the tree would.

The kernel counts how often it was told of an inode and forgets it with a FORGET. A filesystem
whose numbers stand for objects in memory must count along; here a number is a row of the
catalog, valid whether or not the kernel knows it. These tests make the kernel forget, at random
and on purpose, and compare what comes after with what was before.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mount_model import Model, make_kernel_forget, may_drop_caches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mounted.conftest import Library

STEPS = 1500  # of each random walk; arbitrary
needs_forgetting = pytest.mark.skipif(
    not may_drop_caches(), reason="only root may make the kernel forget its caches"
)


def asked(library: Library, what: str) -> int:
    """How often the mount was asked for something so far."""
    told = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return int(told["counters"][what])


def walk(model: Model, steps: int) -> None:
    """Do one thing after another; the rare ones change everything."""
    deeds: dict[Callable[[], None], float] = {
        model.stat: 20, model.stat_missing: 5, model.read: 20, model.open: 10,
        model.read_held: 20, model.close: 9, model.list: 5, model.xattr: 8, model.forget: 0.3,
        model.publish: 0.5,
    }  # fmt: skip
    for deed in model.chance.choices(list(deeds), list(deeds.values()), k=steps):
        model.done[deed.__name__] = model.done.get(deed.__name__, 0) + 1
        deed()
    model.publish()
    for path in model.tree:
        assert model.is_as_known(path)


@contextlib.contextmanager
def modelled(library: Library, seed: int) -> Iterator[Model]:
    """A mounted tree and its model."""
    model = Model(library, random.Random(seed))
    for _ in range(30):
        model.place(model.new_source())
    library.mount()
    try:
        yield model
    finally:
        model.release_all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_mount_answers_as_the_model_does(library, seed):
    with modelled(library, seed) as model:
        walk(model, STEPS)

        assert model.done["publish"] >= 1
        assert len(model.inodes) == len(set(model.inodes.values()))
    assert "failed" not in library.log


# --- lookup counts and forgets ----------------------------------------------------------------


@needs_forgetting
def test_what_the_kernel_forgot_is_the_same_when_it_asks_again(library):
    places = [f"by-date/2019/{number}.jpg" for number in range(300)]
    for place in places:
        library.file(Path(place).name, place.encode(), place)
    library.mount()
    shown = {place: (library.at / place).stat() for place in places}
    before = asked(library, "lookups")

    make_kernel_forget()
    again = {place: (library.at / place).stat() for place in places}

    assert asked(library, "lookups") - before >= len(places), "the kernel had not forgotten"
    assert again == shown


@needs_forgetting
def test_what_is_open_outlives_its_names_and_the_kernels_memory(library):
    library.file("a.jpg", b"a" * 10_000, "by-date/2019/a.jpg")
    library.file("b.jpg", b"b", "by-date/2019/b.jpg")
    library.mount()
    file = os.open(library.at / "by-date/2019/a.jpg", os.O_RDONLY)
    folder = os.open(library.at / "by-date/2019", os.O_RDONLY)
    try:
        library.maker.unplace("by-date/2019/a.jpg")
        library.publish()
        library.wait(lambda: not (library.at / "by-date/2019/a.jpg").exists())
        make_kernel_forget()

        assert os.pread(file, 20_000, 0) == b"a" * 10_000
        assert os.listdir(folder) == ["b.jpg"]
        assert os.stat("b.jpg", dir_fd=folder).st_size == 1
    finally:
        os.close(file)
        os.close(folder)


@needs_forgetting
def test_a_handle_kept_by_a_server_finds_its_file_after_everything_was_forgotten(library):
    """As NFS servers keep them: a number alone, of an inode that the kernel knows no more."""
    place = library.at / "by-date/2019/a.jpg"
    library.file("a.jpg", b"kept", "by-date/2019/a.jpg")
    library.mount()
    handle = _handle_of(place)
    make_kernel_forget()

    mount = os.open(library.at, os.O_RDONLY)
    try:
        fd = _opened_by_handle(mount, handle)
    finally:
        os.close(mount)

    try:
        assert os.read(fd, 10) == b"kept"
        assert os.fstat(fd).st_ino == place.stat().st_ino
    finally:
        os.close(fd)


_LIBC = ctypes.CDLL(None, use_errno=True)
_AT_FDCWD = -100
_MOST_HANDLE_BYTES = 128


def _handle_of(path: Path) -> ctypes.Array[ctypes.c_char]:
    handle = ctypes.create_string_buffer(8 + _MOST_HANDLE_BYTES)
    ctypes.c_uint.from_buffer(handle).value = _MOST_HANDLE_BYTES
    mount_id = ctypes.c_int()
    if _LIBC.name_to_handle_at(
        _AT_FDCWD, os.fsencode(path), handle, ctypes.byref(mount_id), 0
    ):  # fmt: skip
        raise OSError(ctypes.get_errno(), "name_to_handle_at")
    return handle


def _opened_by_handle(mount: int, handle: ctypes.Array[ctypes.c_char]) -> int:
    fd = int(_LIBC.open_by_handle_at(mount, handle, os.O_RDONLY))
    if fd < 0:
        number = ctypes.get_errno()
        if number == errno.EPERM:
            pytest.skip("this user may not open files by handle")
        raise OSError(number, os.strerror(number))
    return fd
