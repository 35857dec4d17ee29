"""A reindex in another process: shown at once, at a cost that follows from what changed, without leaks.

Generations are made of rows, so that a hundred of them take seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_catalog import HOST, CatalogMaker, Status, make_rows

from indexer.catalog import writing
from mediafs.vfs import VirtualFS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_GROWTH_BYTES = 24 << 20  # far below what a leak of a kilobyte a name would make


def rows(library, count: int, folder: str = "2019") -> list[str]:
    """Names without sources, a hundred to a directory."""
    maker, places = library.maker, []
    with maker.db:
        for number in range(count):
            status = Status(3_000_000, 10**18 + number, 10**18, number + 1)
            relative = f"{number // 100:05}/IMG_{number:06}.jpg"
            digest = number.to_bytes(32, "big")
            places.append(f"originals/{folder}/{relative}")
            maker.place(places[-1], maker.row(library.root, relative.encode(), status, digest))
    return places


def move(library, places: list[str], old: str, new: str) -> list[str]:
    """Show the same files under other names."""
    moved = [place.replace(f"/{old}/", f"/{new}/") for place in places]
    for before, after in zip(places, moved, strict=True):
        folder, _, name = os.fsencode(before).rpartition(b"/")
        file = library.maker._placed[folder, name]
        library.maker.unplace(before)
        library.maker.place(after, file)
    return moved


@contextlib.contextmanager
def under_load(library, walkers: int = 2, readers: int = 2) -> Iterator[list[BaseException]]:
    """People who walk the mount and read all they find, until the end; what they met."""
    stop, met = threading.Event(), []

    def walk() -> None:
        for folder, _, names in os.walk(library.at):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    os.lstat(os.path.join(folder, name))

    def read() -> None:
        for path in sorted((library.at / "by-source").rglob("*.jpg")):
            with contextlib.suppress(FileNotFoundError):
                assert path.read_bytes() == path.name.encode() * 1000

    def again(work: Callable[[], None]) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as exc:  # noqa: BLE001 - told to the test
            met.append(exc)

    threads = [threading.Thread(target=again, args=(walk,)) for _ in range(walkers)]
    threads += [threading.Thread(target=again, args=(read,)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield met
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert met == []


def lookups(library) -> int:
    told = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return told["counters"]["lookups"]


# ---------------------------------------------------------------------------- seen at once


def test_under_load_every_generation_shows_within_a_second(library):
    rows(library, 2000)
    library.mount()
    seconds = []

    with under_load(library):
        for number in range(8):
            path = library.at / f"originals/new-{number}.jpg"
            assert not path.exists()
            library.file(f"{number}.jpg", b"new", f"originals/{path.name}")
            library.publish()
            begun = time.monotonic()
            library.wait(path.exists)
            seconds.append(time.monotonic() - begun)

    # All but a few: others of this machine may have it for a while.
    assert sorted(seconds)[len(seconds) // 2] <= 1.0


def test_ten_thousand_names_that_moved_while_people_walk_are_told_without_a_stall(library):
    places = rows(library, 10_000)
    library.mount()

    with under_load(library, walkers=3, readers=0):
        moved = move(library, places, "2019", "2020")
        library.publish()
        library.wait((library.at / moved[-1]).exists)
        library.wait(lambda: not (library.at / places[-1]).exists())
        library.wait(lambda: not (library.at / "originals/2019").exists())

    assert sum(len(names) for _, _, names in os.walk(library.at / "originals")) == 10_000


# ---------------------------------------------------------------------------- at its cost


class Counted:
    """An in-process tree of so many names, and what a refresh of it takes."""

    def __init__(self, path: Path, names: int) -> None:
        self.maker = CatalogMaker(path)
        make_rows(self.maker, names)
        self.vfs = VirtualFS(path, HOST)

    def refresh(self) -> dict[str, int]:
        """Questions, steps of SQLite's machine, and what a cache must forget."""
        questions: list[str] = []
        steps = 0

        def step() -> bool:
            nonlocal steps
            steps += 1
            return False

        self.vfs._db.exec_trace = lambda _cursor, text, _values: questions.append(text) or True
        self.vfs._db.set_progress_handler(step, 1)
        forget = self.vfs.refresh()
        self.vfs._db.exec_trace = None
        self.vfs._db.set_progress_handler(None)
        assert self.vfs.refresh() is None
        return {
            "questions": len(questions), "steps": steps, "names": len(forget.names),
            "attributes": len(forget.attributes), "bytes": len(forget.bytes),
        }  # fmt: skip

    def close(self) -> None:
        self.vfs.close()
        self.maker.close()


def test_a_refresh_costs_what_changed_however_much_there_is(tmp_path):
    costs = []
    for names in (1_000, 30_000):
        counted = Counted(tmp_path / f"{names}.db", names)
        counted.maker.unplace("originals/2014/2014-05-13/IMG_000001.jpg")
        counted.maker.publish()
        costs.append(counted.refresh())
        counted.close()

    small, large = costs
    assert large.pop("steps") <= 1.05 * small.pop("steps")
    assert large == small == {
        "questions": small["questions"], "names": 1, "attributes": 5, "bytes": 0,
    }  # fmt: skip


def test_a_look_without_news_asks_one_thing_of_the_catalog(tmp_path):
    counted = Counted(tmp_path / "c.db", 100)
    asked: list[str] = []
    counted.vfs._db.exec_trace = lambda _cursor, text, _values: asked.append(text) or True

    assert counted.vfs.refresh() is None

    assert len(asked) == 1
    counted.close()


def test_much_that_changed_is_told_in_parts_and_completely(tmp_path):
    counted = Counted(tmp_path / "c.db", 100)
    make_more = [f"originals/more/{number}.jpg" for number in range(12_000)]
    file = next(iter(counted.maker._placed.values()))
    for place in make_more:
        counted.maker.place(place, file)
    counted.maker.publish()

    parts = []
    while (forget := counted.vfs.refresh()) is not None:
        parts.append({name for _, name in forget.names})

    assert max(len(part) for part in parts) <= 2_000
    assert set().union(*parts) >= {os.path.basename(place).encode() for place in make_more}
    counted.close()


# ---------------------------------------------------------------------------- and nothing else


def test_only_names_that_changed_are_looked_up_again(library):
    places = rows(library, 300)
    library.mount()
    paths = [library.at / place for place in places]

    def looked_up() -> int:
        before = lookups(library)
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.lstat()
        return lookups(library) - before

    assert looked_up() >= 300
    assert looked_up() == 0
    library.maker.unplace(places[7])
    library.publish()
    library.wait(lambda: not paths[7].exists())

    assert looked_up() <= 1  # the one that went, should it be asked for again


def test_open_files_and_directories_stay_valid_over_a_refresh(library):
    for number in range(50):
        library.file(f"{number}.jpg", b"%d" % number, f"originals/{number}.jpg")
    library.mount()
    before = {f"{number}.jpg" for number in range(50)}
    with (
        (library.at / "originals/7.jpg").open("rb") as held,
        os.scandir(library.at / "originals") as listing,
    ):
        seen = [next(listing).name]
        library.maker.unplace("originals/7.jpg")
        library.file("new.jpg", b"new", "originals/new.jpg")
        library.publish()
        library.wait((library.at / "originals/new.jpg").exists)
        seen += [entry.name for entry in listing]

        assert held.read() == b"7"

    assert len(seen) == len(set(seen))
    assert before - {"7.jpg"} <= set(seen) <= before | {"new.jpg"}


def test_other_bytes_are_given_at_once_though_size_and_time_are_what_they_were(library):
    """The kernel has the old ones in memory, and nothing it could ask about tells of new ones."""
    file = library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    shown, source = library.at / "originals/a.jpg", library.top / "a.jpg"
    before = source.stat().st_mtime_ns

    for data in (b"other", b"third", b"fifth"):
        assert len(shown.read_bytes()) == len(data)
        source.write_bytes(data)
        os.utime(source, ns=(before, before))
        assert library.maker.seen(library.root, library.top, "a.jpg") == file
        library.publish()

        assert shown.read_bytes() == data


# ---------------------------------------------------------------------------- without leaks


class Process:
    """What a serving process holds."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def files(self) -> int:
        return len(list((self._folder / "fd").iterdir()))

    def threads(self) -> int:
        return len(list((self._folder / "task").iterdir()))

    def memory_bytes(self) -> int:
        for line in (self._folder / "status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        pytest.fail("the kernel tells no VmRSS")


def waiting(library) -> int:
    """Requests that the kernel waits for; 0 where it does not tell."""
    number = os.minor(library.at.stat().st_dev)
    try:
        return int(Path(f"/sys/fs/fuse/connections/{number}/waiting").read_text("ascii"))
    except OSError:
        return 0


def test_a_hundred_reindexes_under_load_leak_nothing(library):
    places = rows(library, 1000)
    for number in range(30):
        name = f"{number}.jpg"
        library.file(name, name.encode() * 1000, f"by-source/photos/{name}")
    process = Process(library.mount())

    def reindexes(count: int) -> None:
        nonlocal places
        for number in range(count):
            if number % 10 == 0:
                places = move(library, places, *(("2019", "20"), ("20", "2019"))[number // 10 % 2])
            library.file(f"more-{number}.jpg", b"x", f"originals/more-{number}.jpg")
            library.publish()
            if number % 10 == 9:  # or most generations would be told together
                library.wait((library.at / f"originals/more-{number}.jpg").exists)

    with under_load(library):
        reindexes(20)
    files = process.files()
    memory = process.memory_bytes()
    with under_load(library):
        reindexes(100)

    library.wait(lambda: waiting(library) == 0)
    library.wait(lambda: process.files() <= files)
    assert process.threads() <= 32
    assert process.memory_bytes() - memory < MOST_GROWTH_BYTES
    library.unmount()


# ---------------------------------------------------------------------------- queued for reindex


def test_what_could_not_be_served_is_queued_for_the_next_reindex(library):
    library.file("changed.jpg", b"first", "originals/changed.jpg")
    library.file("vanished.jpg", b"here", "originals/vanished.jpg")
    library.file("good.jpg", b"good", "originals/good.jpg")
    library.mount()
    (library.top / "changed.jpg").write_bytes(b"other")
    (library.top / "vanished.jpg").unlink()
    for name in ("changed.jpg", "vanished.jpg", "good.jpg"):
        with contextlib.suppress(OSError):
            (library.at / "originals" / name).read_bytes()

    question = "SELECT f.name, s.why FROM suspect s JOIN file f USING (file_id) ORDER BY 1"
    library.wait(lambda: len(library.maker.db.execute(question).fetchall()) == 2)

    assert library.maker.db.execute(question).fetchall() == [
        (b"changed.jpg", "changed"), (b"vanished.jpg", "vanished"),
    ]  # fmt: skip


def test_what_is_noticed_while_an_index_writes_is_queued_afterwards(library):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    (library.top / "a.jpg").write_bytes(b"other")
    with writing(library.catalog):
        with contextlib.suppress(OSError):
            (library.at / "originals/a.jpg").read_bytes()
        told = json.loads((library.at / ".mediafs/status.json").read_bytes())
        assert told["suspects"] == 1

    library.wait(lambda: library.maker.db.execute("SELECT count(*) FROM suspect").get == 1)


def test_the_last_that_was_noticed_is_queued_when_the_mount_ends(library):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    (library.top / "a.jpg").write_bytes(b"other")
    with contextlib.suppress(OSError):
        (library.at / "originals/a.jpg").read_bytes()

    library.unmount()

    assert library.maker.db.execute("SELECT count(*) FROM suspect").get == 1
