"""Listings as kernels take them: in pieces of any size, from anywhere, many at once, for long."""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import struct
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mounted.conftest import Library

DAY = "originals/2019/2019-07-14"
MANY = 30_000
WALKERS = 64

_LIBC = ctypes.CDLL(None, use_errno=True)
_SYS_GETDENTS64 = {"x86_64": 217, "aarch64": 61}.get(os.uname().machine)


def names_of_rows(library: Library, number: int, folder: str = DAY) -> set[str]:
    """So many names in a directory, each of a file of its own, which is a row and nothing else."""
    db = library.maker.db
    library.file("first.jpg", b"x")
    db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
        " INSERT INTO file (folder_id, name, size, mtime_ns, ctime_ns, inode, device, mode, uid,"
        " gid, blocks, content_id, first_generation, changed_generation, state)"
        " SELECT folder_id, CAST(printf('row-%d', i) AS BLOB), i, mtime_ns, ctime_ns, i + 1e9,"
        " device, mode, uid, gid, blocks, content_id, 1, 1, 'present' FROM file, n",
        (number,),
    )
    files = [file for (file,) in db.execute("SELECT file_id FROM file WHERE name >= x'726f772d'")]
    names = [f"IMG_{index:06}.jpg" for index in range(number)]
    library.maker.place_many((f"{folder}/{n}", f) for n, f in zip(names, files, strict=True))
    return set(names)


class Reader:
    """An open directory, read by getdents64() with a buffer of any size."""

    def __init__(self, path: object) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)  # type: ignore[call-overload]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def some(self, size: int) -> list[tuple[str, int]]:
        """The next names, each with the offset after it; none at the end."""
        buffer = ctypes.create_string_buffer(size)
        got = _LIBC.syscall(_SYS_GETDENTS64, self._fd, buffer, size)
        if got < 0:
            raise OSError(ctypes.get_errno(), "getdents64")
        return [(n, o) for n, o in _parsed(buffer.raw[:got]) if n not in {".", ".."}]

    def rest(self, size: int) -> Iterator[tuple[str, int]]:
        """All names from here on, a piece of this size at a time."""
        while some := self.some(size):
            yield from some

    def go_to(self, offset: int) -> None:
        os.lseek(self._fd, offset, os.SEEK_SET)


def _parsed(raw: bytes) -> Iterator[tuple[str, int]]:
    while raw:
        _, offset, length = struct.unpack_from("=QqH", raw)
        yield os.fsdecode(raw[19:length].split(b"\0", 1)[0]), offset
        raw = raw[length:]


needs_getdents = pytest.mark.skipif(
    _SYS_GETDENTS64 is None, reason="the number of getdents64 is not known for this processor"
)


@needs_getdents
def test_many_names_are_listed_once_however_they_are_read(library):
    names = names_of_rows(library, MANY)
    library.mount()
    folder = library.at / DAY

    listed = os.listdir(folder)
    with Reader(folder) as small, Reader(folder) as large:
        # In turns, so that neither goes on where the other is.
        pieces: tuple[list[str], list[str]] = ([], [])
        readers = [(small.rest(2_000), pieces[0]), (large.rest(65_536), pieces[1])]
        while readers:
            for reader, seen in list(readers):
                name = next(reader, None)
                if name is None:
                    readers.remove((reader, seen))
                else:
                    seen.append(name[0])

    for seen in (listed, *pieces):
        assert len(seen) == MANY
        assert set(seen) == names


@needs_getdents
def test_an_offset_leads_back_to_the_same_place(library):
    names_of_rows(library, 5_000)
    library.mount()
    chance = random.Random(5)
    with Reader(library.at / DAY) as reader:
        order = list(reader.rest(32_768))
        names = [name for name, _ in order]
        offsets = [0, *(offset for _, offset in order)]

        for _ in range(300):
            at = chance.randrange(len(offsets))
            reader.go_to(offsets[at])
            some = [name for name, _ in reader.some(chance.choice((300, 1_000, 30_000)))]

            # At the start the two dots take their room, too.
            assert some == names[at : at + len(some)]
            assert some or at in {0, len(names)}


@needs_getdents
def test_small_pieces_ask_the_catalog_no_more_often_than_large_ones(library):
    names_of_rows(library, 5_000)
    library.mount()
    folder = library.at / DAY
    asked = []

    for size in (1_000, 65_536):
        before = _listings(library)
        with Reader(folder) as reader:
            assert sum(1 for _ in reader.rest(size)) == 5_000
        asked.append(_listings(library) - before)

    assert asked[0] == asked[1]


def _listings(library: Library) -> int:
    told = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return int(told["counters"]["listings"])


@needs_getdents
def test_a_listing_goes_on_after_a_refresh_where_it_was(library):
    names = names_of_rows(library, 6_000)
    library.mount()
    folder = library.at / DAY
    gone = {name for name in names if name.endswith("7.jpg")}
    with Reader(folder) as reader:
        seen = [name for name, _ in reader.some(8_000)]
        for name in gone:
            library.maker.unplace(f"{DAY}/{name}")
        library.file("new.jpg", b"new", f"{DAY}/new.jpg")
        library.publish()
        library.wait((folder / "new.jpg").exists)
        library.wait(lambda: not (folder / max(gone)).exists())

        seen += [name for name, _ in reader.rest(20_000)]

    assert len(seen) == len(set(seen))
    assert set(seen) >= names - gone
    assert len(set(seen) & gone) < len(gone) / 10
    assert set(os.listdir(folder)) == names - gone | {"new.jpg"}


def test_more_than_a_thousand_folders_and_files_are_open_at_once(library):
    number = 1_100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * number:
        pytest.skip(f"this user may have {hard} files open; {3 * number} are needed")
    for index in range(number):
        library.file(f"{index}.jpg", b"%d" % index, f"by-date/{index}/{index}.jpg")
    library.mount()
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    fds: list[int] = []
    try:
        folders = [os.open(library.at / f"by-date/{n}", os.O_RDONLY) for n in range(number)]
        fds += folders
        files = [
            os.open(f"{n}.jpg", os.O_RDONLY, dir_fd=fd) for n, fd in enumerate(folders)
        ]  # fmt: skip
        fds += files

        assert [os.listdir(fd) for fd in folders] == [[f"{n}.jpg"] for n in range(number)]
        assert [os.pread(fd, 99, 0) for fd in files] == [b"%d" % n for n in range(number)]
        assert len(os.listdir(library.at / "by-date")) == number
    finally:
        for fd in fds:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_walkers_see_what_stays_exactly_once_while_generations_come(library):
    stay = {f"by-date/{day}/stay-{n}.jpg" for day in range(6) for n in range(120)}
    for place in stay:
        library.file(place, place.encode(), place)
    changing = library.file("changing.jpg", b"changing")
    library.mount()
    is_over = False

    def walk(_: int) -> int:
        for walks in count():
            if is_over:
                return walks
            seen = Counter(_walked(library))
            assert {place: seen[place] for place in stay} == dict.fromkeys(stay, 1)
            assert max(seen.values()) == 1
        raise AssertionError

    with ThreadPoolExecutor(WALKERS) as walkers:
        walking = [walkers.submit(walk, number) for number in range(WALKERS)]
        try:
            for generation in range(8):
                for place in list(stay)[generation::11]:
                    # A name before and one after each that stays, so that its row is between.
                    library.maker.place(f"{place}.{generation}", changing)
                for place in list(stay)[generation - 1 :: 11] if generation else ():
                    library.maker.unplace(f"{place}.{generation - 1}")
                library.maker.place(f"by-date/generation-{generation}", changing)
                library.publish()
                shown = library.at / f"by-date/generation-{generation}"
                library.wait(shown.exists, seconds=30)
        finally:
            is_over = True
        walks = [walker.result() for walker in walking]

    assert min(walks) >= 1


def _walked(library: Library) -> Iterator[str]:
    top = library.at / "by-date"
    for day in os.listdir(top):
        if "generation" in day:
            continue
        with os.scandir(top / day) as entries:
            for entry in entries:
                place = f"by-date/{day}/{entry.name}"
                if entry.name.endswith("jpg"):
                    assert entry.stat().st_size == len(place)
                yield place
