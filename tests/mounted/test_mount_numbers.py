"""What a number means that the kernel or a program remembers: never another file's bytes, nor its end.

A file that gets other bytes while it is read, and a catalog that another one takes the place of.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_catalog import CatalogMaker

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1 << 20
OLD = b"o" * (8 * MB)
SAME, SMALLER, LARGER = 8 * MB, 5 * MB, 12 * MB
REFUSED = {errno.ESTALE, errno.EIO}


@contextlib.contextmanager
def held(path: Path) -> Iterator[int]:
    """A handle."""
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        # The kernel tells of a bad inode here once more.
        with contextlib.suppress(OSError):
            os.close(fd)


@contextlib.contextmanager
def half_read(path: Path) -> Iterator[int]:
    """A handle of which the first half was read."""
    with held(path) as fd:
        assert os.read(fd, 4 * MB) == OLD[: 4 * MB]
        yield fd


def rest(fd: int) -> bytes | None:
    """What a program that copies gets of the other half; None: it was told that it cannot."""
    found = b""
    try:
        while more := os.read(fd, MB):
            found += more
    except OSError as exc:
        if exc.errno not in REFUSED:
            raise
        return None
    return found


def index_again(library, data: bytes) -> None:
    """Other bytes of a.mov; until the kernel was told."""
    (library.top / "a.mov").write_bytes(data)
    library.maker.seen(library.root, library.top, "a.mov")
    name = f"originals/told-{len(list((library.at / 'originals').glob('told-*')))}"
    told = library.at / name
    assert not told.exists()
    library.file(told.name, b"", name)
    library.publish()
    library.wait(told.exists)


@pytest.fixture
def shown(library) -> Path:
    """A file that is mounted."""
    library.file("a.mov", OLD, "originals/a.mov", "by-date/a.mov")
    library.mount()
    return library.at / "originals/a.mov"


# ---------------------------------------------------------------------------- other bytes


@pytest.mark.parametrize(
    ("size", "view"),
    [(SAME, "originals"), (SMALLER, "originals"), (LARGER, "originals"), (SAME, "by-date")],
)
def test_who_reads_the_old_bytes_is_given_none_of_the_new(library, shown, size, view):
    """Both have one page cache, as long as the file is one inode to the kernel."""
    number, new = shown.stat().st_ino, b"n" * size
    with half_read(shown) as first:
        index_again(library, new)

        assert (library.at / view / "a.mov").read_bytes() == new

        assert rest(first) is None
    assert shown.read_bytes() == new
    assert shown.stat().st_ino == number


@pytest.mark.parametrize("size", [SMALLER, LARGER])
def test_the_size_of_other_bytes_is_nobodys_end(library, shown, size):
    """An identical copy may still have the old bytes: all of them are given, or an error is."""
    library.file("copy.mov", OLD)
    new = b"n" * size
    with half_read(shown) as first:
        index_again(library, new)

        library.wait(lambda: shown.stat().st_size == size)

        assert rest(first) in {OLD[4 * MB :], None}
    assert shown.read_bytes() == new


@pytest.mark.parametrize("size", [SMALLER, LARGER])
def test_nor_is_it_where_a_listing_told_it(library, shown, size):
    library.file("copy.mov", OLD)
    with half_read(shown) as first:
        index_again(library, b"n" * size)

        with os.scandir(shown.parent) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries}

        assert sizes["a.mov"] == size
        assert rest(first) in {OLD[4 * MB :], None}


def test_nor_where_the_reader_itself_asks(library, shown):
    library.file("copy.mov", OLD)
    with half_read(shown) as first:
        index_again(library, b"n" * (5 * MB))

        with contextlib.suppress(OSError):
            assert os.fstat(first).st_size == 8 * MB

        assert rest(first) in {OLD[4 * MB :], None}


def test_who_opens_the_new_bytes_by_a_path_reads_them_however_many_do_at_once(library):
    """What the kernel asks for the one may be about an inode that it just gave up for the other."""
    names = [f"{view}/a.mov" for view in ("originals", "by-date", "by-type", "by-source")]
    library.file("a.mov", b"000", *names)
    library.mount()
    together = threading.Barrier(len(names))

    def read(name: str) -> bytes | int:
        together.wait()
        return bytes_or_error(str(library.at / name))

    with ThreadPoolExecutor(len(names)) as readers:
        for number in range(1, 200):
            new = b"%03d" % number
            with held(library.at / names[0]):
                library.file("a.mov", new)
                assert set(readers.map(read, names)) == {new}


# ---------------------------------------------------------------------------- another catalog


def put_in_place(library, path: Path) -> None:
    library.maker.close()
    for ending in ("-wal", "-shm"):
        Path(f"{library.catalog}{ending}").unlink(missing_ok=True)
    path.rename(library.catalog)


def rebuilt(library, path: Path) -> Path:
    """The same names, and numbers in another order."""
    made = CatalogMaker(path)
    root = made.root(library.top)
    made.place("originals/2020/x.jpg", made.seen(root, library.top, "2020.jpg"))
    made.place("originals/2019/x.jpg", made.seen(root, library.top, "2019.jpg"))
    made.place("originals/new.jpg", made.seen(root, library.top, "new.jpg"))
    made.publish()
    made.close()
    return path


@pytest.fixture
def replaced(library, tmp_path):
    """Called, it puts a rebuilt catalog in place of the one that is mounted."""
    library.file("2019.jpg", b"2019", "originals/2019/x.jpg")
    library.file("2020.jpg", b"2020", "originals/2020/x.jpg")
    (library.top / "new.jpg").write_bytes(b"new")
    library.mount()

    def replace() -> None:
        put_in_place(library, rebuilt(library, tmp_path / "other.db"))
        library.wait((library.at / "originals/new.jpg").exists)

    return replace


def bytes_or_error(path: str, **how: int) -> bytes | int:
    try:
        fd = os.open(path, os.O_RDONLY, **how)
    except OSError as exc:
        return exc.errno
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


def test_who_stands_in_a_folder_finds_none_of_another_folders_files(library, replaced):
    """As rsync does, while it copies what is in it."""
    folder = os.open(library.at / "originals/2019", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert bytes_or_error("x.jpg", dir_fd=folder) == b"2019"

        replaced()

        assert bytes_or_error("x.jpg", dir_fd=folder) in REFUSED
        with pytest.raises(OSError) as caught:
            os.listdir(folder)
        assert caught.value.errno in REFUSED
    finally:
        os.close(folder)
    for year in ("2019", "2020"):
        assert (library.at / f"originals/{year}/x.jpg").read_bytes() == year.encode()


def test_a_file_that_is_known_by_its_number_alone_is_not_opened_as_another(library, replaced):
    known = os.open(library.at / "originals/2019/x.jpg", os.O_PATH)
    try:
        again = f"/proc/self/fd/{known}"
        assert bytes_or_error(again) == b"2019"

        replaced()

        assert bytes_or_error(again) in REFUSED
    finally:
        os.close(known)


def test_who_reads_a_file_reads_it_to_its_end(library, replaced):
    with (library.at / "originals/2019/x.jpg").open("rb", buffering=0) as held:
        replaced()

        assert held.read() == b"2019"


@pytest.mark.parametrize("year", ["2019", "2020"])
def test_a_path_never_leads_to_another_file_at_any_moment(library, tmp_path, replaced, year):
    """Opened all the time while the catalog is replaced, before and after the kernel was told."""
    path = library.at / f"originals/{year}/x.jpg"
    given = {path.read_bytes()}
    put_in_place(library, rebuilt(library, tmp_path / "other.db"))

    def is_new() -> bool:
        given.add(path.read_bytes())
        return (library.at / "originals/new.jpg").exists()

    library.wait(is_new)
    given.add(path.read_bytes())

    assert given == {year.encode()}
