"""Sources that are slow or stand still: what is near is fetched ahead, and nobody else waits."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest
from stubborn import Share

from mediafs.fuse.control import set_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILM = os.urandom(24 << 20)
PART = 128 * 1024
LATENCY_SECONDS = 0.05
DEADLINE_SECONDS = 10.0


@pytest.fixture
def share(library, tmp_path) -> Iterator[Callable[[dict[str, bytes], Path], Share]]:
    """Puts files on a share and mounts it."""
    made: list[Share] = []

    def mount(files: dict[str, bytes], at: Path) -> Share:
        behind = tmp_path / f"server {len(made)}"
        behind.mkdir()
        for name, data in files.items():
            (behind / name).write_bytes(data)
        made.append(Share(behind, at))
        return made[-1]

    try:
        yield mount
    finally:
        for each in made:
            each.close()


def parts(path: Path, size: int = PART) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        yield from iter(lambda: file.read(size), b"")


def megabytes_a_second(path: Path, megabytes: int) -> float:
    """How fast the head of a file is read, one part after the other."""
    reading, begun = parts(path), time.monotonic()
    got = sum(len(next(reading)) for _ in range(megabytes * 8))
    return got / (1 << 20) / (time.monotonic() - begun)


def test_a_share_with_latency_is_read_ahead_and_in_parallel(library, share, tmp_path):
    server = share({"film.mov": FILM}, tmp_path / "nas")
    root = library.maker.root(server.at, b"nas")
    library.maker.place("originals/film.mov", library.maker.seen(root, server.at, "film.mov"))
    library.mount()
    server.slow(LATENCY_SECONDS)
    naive = megabytes_a_second(server.at / "film.mov", 2)

    ours = megabytes_a_second(library.at / "originals/film.mov", len(FILM) >> 20)

    _, at_once = server.reads()
    assert at_once >= 5
    assert ours >= 5 * naive
    assert (library.at / "originals/film.mov").read_bytes() == FILM


def test_a_share_that_answers_at_once_is_not_read_ahead(library, share, tmp_path):
    server = share({"film.mov": FILM}, tmp_path / "nas")
    root = library.maker.root(server.at, b"nas")
    library.maker.place("originals/film.mov", library.maker.seen(root, server.at, "film.mov"))
    library.mount()
    before, _ = server.reads()

    head = next(parts(library.at / "originals/film.mov"))

    after, _ = server.reads()
    assert head == FILM[:PART]
    assert after - before < 20


def test_readers_of_a_share_that_stands_still_keep_nobody_waiting(library, share, tmp_path):
    held = {f"held{number}.mov": FILM[: 2 << 20] for number in range(24)}
    server = share(held, library.top / "nas")
    for name in held:
        library.maker.place(
            f"originals/nas/{name}", library.maker.seen(library.root, library.top, f"nas/{name}")
        )
    library.file("near.mov", FILM, "originals/near.mov")
    library.file("cached.jpg", FILM[:PART], "originals/cached.jpg")
    library.mount()
    if not set_numbers(os.minor(library.at.stat().st_dev), {}):
        pytest.skip("the kernel's limit of twelve reads ahead cannot be raised here")
    for name in held:
        server.hold(name)
    waiting = [
        threading.Thread(target=_read_if_possible, args=[library.at / "originals/nas" / name])
        for name in held
    ]
    for each in waiting:
        each.start()
    server.wait_for(8)

    with (library.top / "near.mov").open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    read = _within_deadline(library.at / "originals/near.mov")
    cached = _within_deadline(library.at / "originals/cached.jpg")
    server.answer()
    for each in waiting:
        each.join()

    assert read == FILM
    assert cached == FILM[:PART]


def _read_if_possible(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.read_bytes()


def _within_deadline(path: Path) -> bytes | None:
    """The bytes of a file; None if they are not had in time."""
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.append(path.read_bytes()), daemon=True)
    reading.start()
    reading.join(DEADLINE_SECONDS)
    return found[0] if found else None
