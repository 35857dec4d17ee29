"""A catalog without indexing: files are written, rows inserted, the tree published.

For tests and benchmarks of the mount, which must not depend on what the indexer thinks of a
picture. `python scripts/make_catalog.py FILES CATALOG` makes one of rows alone, for walking.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from indexer.catalog import facts, generations, readings, tree
from indexer.catalog.connection import open_writer
from indexer.catalog.rows import Placed
from indexer.model import FileId, Generation, Kind, Reading, RootId, RootRole, Stamp
from indexer.scan.walk import SeenFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

HOST = "here"
VIEWS = (b"by-date", b"originals", b"by-source")


@dataclass(frozen=True, slots=True)
class Status:
    """The parts of a stat answer that the catalog keeps."""

    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int
    st_dev: int = 1
    st_mode: int = 0o100644
    st_uid: int = 0
    st_gid: int = 0
    st_blocks: int = 8


class CatalogMaker:
    """Writes one catalog; every publish is a transaction of its own, as the indexer's is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_writer(path)
        self._placed: dict[tuple[bytes, bytes], FileId] = {}

    @property
    def db(self) -> apsw.Connection:
        """For what only one test needs."""
        return self._db

    def close(self) -> None:
        """Close the catalog."""
        self._db.close()

    def root(self, path: Path, label: bytes = b"photos", host: str = HOST) -> RootId:
        """A root, online for who mounts as this host."""
        return facts.add_root(
            self._db, host=host, path=os.fsencode(path), role=RootRole.LIBRARY, label=label,
            excludes=(), freshness_days=None,
        )  # fmt: skip

    def seen(self, root: RootId, top: Path, relative: str) -> FileId:
        """Read a file as the indexer would, and remember or update its row."""
        path = top / relative
        status, data = path.stat(), path.read_bytes()
        return self.row(root, os.fsencode(relative), status, blake3(data).digest())

    def row(
        self, root: RootId, relative: bytes, status: Status | os.stat_result, digest: bytes
    ) -> FileId:
        """Remember or update the row of one file."""
        folder, _, name = relative.rpartition(b"/")
        reading = Reading(digest, status.st_size, "image/jpeg", Kind.PICTURE, "jpg")
        return facts.put_file(
            self._db,
            facts.put_folder(self._db, root, folder, "walked", None),
            _seen(name, status),
            state="present",
            says=None,
            content=readings.put_content(self._db, reading),
            generation=Generation(generations.newest(self._db) + 1),
        )

    def place(self, path: str, file: FileId) -> None:
        """Show a file at a path of the tree, from the next publish on."""
        directory, _, name = os.fsencode(path).rpartition(b"/")
        self._placed[directory, name] = file

    def place_many(self, places: Iterable[tuple[str, FileId]]) -> None:
        """As `place`, for any number of paths."""
        for path, file in places:
            self.place(path, file)

    def unplace(self, path: str) -> None:
        """Do not show what stands at a path any more."""
        directory, _, name = os.fsencode(path).rpartition(b"/")
        del self._placed[directory, name]

    def publish(self, views: Iterable[bytes] = VIEWS) -> Generation:
        """Commit a generation that shows what was placed."""
        with self._db:
            number = Generation(generations.newest(self._db) + 1)
            wanted = [Placed(*where, file) for where, file in self._placed.items()]
            tree.publish(self._db, wanted, list(views), number)
            generations.commit(
                self._db, number, command="index", version="0", raw_companion="beside", summary="{}"
            )
        return number


def _seen(name: bytes, status: Status | os.stat_result) -> SeenFile:
    stamp = Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return SeenFile(
        name, stamp, status.st_dev, status.st_mode, status.st_uid, status.st_gid,
        status.st_blocks, links=1,
    )  # fmt: skip


def make_rows(maker: CatalogMaker, files: int, in_folder: int = 100) -> None:
    """A tree of rows without files, each file in two views."""
    with maker.db:
        root = maker.root(Path("/nowhere"))
        for number in range(files // 2):
            folder, mtime = number // in_folder, (1_400_000_000 + number * 60) * 10**9
            name = f"{folder:05}/IMG_{number:06}.jpg"
            status = Status(3_000_000 + number, mtime, mtime, number + 1)
            file = maker.row(root, name.encode(), status, number.to_bytes(32, "big"))
            day = time.strftime("%Y/%Y-%m-%d", time.gmtime(mtime // 10**9 // 86400 * 86400))
            maker.place(f"originals/{day}/IMG_{number:06}.jpg", file)
            maker.place(f"by-source/photos/{name}", file)
    maker.publish()


if __name__ == "__main__":
    made = CatalogMaker(Path(sys.argv[2]))
    make_rows(made, int(sys.argv[1]))
    made.close()
