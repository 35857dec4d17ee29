"""Sources swapped for something else while the mount runs: nothing outside the root is served.

What waits outside is a hard link to the very file that was indexed, so that its stamp fits: only
the way there can be what is refused.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"the photograph"
REFUSED = {errno.ESTALE, errno.EIO}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the root."""
    made = tmp_path / "outside"
    made.mkdir()
    return made


def linked(library, outside: Path) -> Path:
    """A photograph in a folder of the root, of which there is a link outside; where it is shown."""
    inside = library.top / "sub/a.jpg"
    inside.parent.mkdir()
    inside.write_bytes(DATA)
    (outside / "a.jpg").hardlink_to(inside)
    library.file_seen("sub/a.jpg", "originals/a.jpg")
    return library.at / "originals/a.jpg"


def refused(photo: Path) -> bool:
    with pytest.raises(OSError) as caught:
        photo.read_bytes()
    return caught.value.errno in REFUSED


@pytest.fixture
def library(library):
    def file_seen(relative: str, *places: str) -> None:
        file = library.maker.seen(library.root, library.top, relative)
        for place in places:
            library.maker.place(place, file)

    library.file_seen = file_seen
    return library


def test_a_folder_swapped_for_a_link(library, outside):
    photo = linked(library, outside)
    library.mount()
    assert photo.read_bytes() == DATA

    (library.top / "sub").rename(library.top / "was")
    (library.top / "sub").symlink_to(outside)

    assert refused(photo)


def test_a_folder_swapped_for_a_link_before_it_was_ever_opened(library, outside):
    photo = linked(library, outside)
    (library.top / "sub").rename(library.top / "was")
    (library.top / "sub").symlink_to("../outside")
    library.mount()

    assert refused(photo)


def test_a_file_swapped_for_a_link(library, outside):
    photo = linked(library, outside)
    library.mount()
    assert photo.read_bytes() == DATA

    (library.top / "sub/a.jpg").unlink()
    (library.top / "sub/a.jpg").symlink_to(outside / "a.jpg")

    assert refused(photo)


def test_a_link_swapped_in_and_out_all_the_time(library, outside):
    photo = linked(library, outside)
    (outside / "a.jpg").unlink()
    (outside / "a.jpg").write_bytes(b"not for you!!!")
    library.mount()
    given, link = set(), library.top / "link"

    for _ in range(100):
        link.symlink_to(outside)
        (library.top / "sub").rename(library.top / "was")
        link.rename(library.top / "sub")
        given.add(read_or_number(photo))
        (library.top / "sub").unlink()
        (library.top / "was").rename(library.top / "sub")
        given.add(read_or_number(photo))

    assert given <= {DATA, *REFUSED}
    assert given & REFUSED


def read_or_number(photo: Path) -> bytes | int:
    try:
        return photo.read_bytes()
    except OSError as exc:
        return exc.errno


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_the_root_swapped_for_another(library, outside, kind):
    photo = linked(library, outside)
    library.mount()
    assert photo.read_bytes() == DATA
    indexed = (library.top / "sub/a.jpg").stat()
    other = outside / "sub"
    other.mkdir()
    (other / "a.jpg").write_bytes(b"not for you!!!")
    os.utime(other / "a.jpg", ns=(indexed.st_mtime_ns, indexed.st_mtime_ns))

    library.top.rename(library.top.with_name("was"))
    if kind == "link":
        library.top.symlink_to(outside)
    else:
        outside.rename(library.top)

    # For a moment it may still be the root that was.
    library.wait(lambda: read_or_number(photo) != DATA)
    assert read_or_number(photo) in REFUSED


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "folder"])
def test_a_file_swapped_for_what_is_none(library, outside, kind):
    photo = linked(library, outside)
    library.mount()
    assert photo.read_bytes() == DATA
    source = library.top / "sub/a.jpg"

    source.unlink()
    if kind == "fifo":
        os.mkfifo(source)
    elif kind == "folder":
        source.mkdir()
    elif kind == "device":
        if os.geteuid() != 0:
            pytest.skip("needs root to make a device")
        os.mknod(source, 0o020644, os.makedev(1, 5))  # /dev/zero never ends
    else:
        bound_in(source)

    assert refused(photo)


def bound_in(path: Path) -> None:
    """A socket, by a short name: its address has 108 bytes."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (b"../outside", b"a.jpg"),
        (b"sub/../../outside", b"a.jpg"),
        (b"sub", b"../../outside/a.jpg"),
        (b"", b"../outside/a.jpg"),
        (b"%(outside)s", b"a.jpg"),
        (b"", b"%(outside)s/a.jpg"),
        (b"sub/.", b"a.jpg"),
        (b"..", b".."),
    ],
)
def test_a_row_that_leads_astray(library, outside, folder, name):
    photo = linked(library, outside)
    where = {b"outside": os.fsencode(outside)}
    library.maker.db.execute("UPDATE folder SET path = ?", (folder % where,))
    library.maker.db.execute("UPDATE file SET name = ?", (name % where,))
    library.mount()

    assert refused(photo)
