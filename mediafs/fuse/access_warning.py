"""What whoever lets others in is told once: what stays closed to them, and what they see."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw

from indexer.catalog import open_reader, source_folders
from indexer.catalog.rows import Attributes
from indexer.errors import MediafsError
from indexer.paths import display, join
from mediafs.fuse.access_disk import serving_process
from mediafs.fuse.access_reading import ask, put_root, read_root
from mediafs.fuse.access_table import AccessTable, Owners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from indexer.catalog.source_folders import Alike
    from mediafs.fuse.access_reading import Asked

log = logging.getLogger(__name__)

_READ_BY_OTHERS = 0o044


@dataclass(frozen=True, slots=True)
class Closed:
    """Files whose own modes would let others read what a folder above keeps from them."""

    files: int
    example: bytes | None  # the folder with most of them; None: there are none

    def __str__(self) -> str:
        visible = "their names, sizes and dates are visible to every user of this machine"
        if self.example is None:
            return f"With allow_other, no file lies below a folder closed to others; {visible}."
        are = "file lies" if self.files == 1 else "files lie"
        stay = "stays" if self.files == 1 else "stay"
        return (
            f"With allow_other, {self.files:,} {are} below folders closed to others "
            f"(most in {display(self.example)}) and {stay} closed to them, but {visible}."
        )


def closed_files(catalog: Path, host: str, owners: Owners | None = None) -> Closed:
    """Look at the folders of all sources; may take as long as their disks do.

    Raises apsw.Error and the Catalog… errors.
    """
    table = AccessTable(owners or Owners(serving_process()))
    asked = ask(catalog, host)
    table.put_groups(asked.groups)
    for wanted in asked.roots.values():
        put_root(table, wanted, read_root(wanted, asked.private))
    return counted(table, asked, ask_alike(catalog))


def ask_alike(catalog: Path) -> list[Alike]:
    """All files of the catalog; a second for 1.5 million of them."""
    db = open_reader(catalog)
    try:
        return list(source_folders.alike(db))
    finally:
        db.close()


def counted(table: AccessTable, asked: Asked, files: Iterable[Alike]) -> Closed:
    """What a table keeps from others although the files' own modes would not."""
    paths = {
        folder: join(wanted.path, path)
        for wanted in asked.roots.values()
        for folder, path in wanted.folders
    }
    closed: Counter[bytes] = Counter()
    for alike in files:
        shown = table.shown(_attributes(alike))
        if shown is not None and alike.mode & ~shown.mode & _READ_BY_OTHERS:
            closed[paths.get(alike.folder, b"")] += alike.files
    most = min(closed, key=lambda folder: (-closed[folder], folder), default=None)
    return Closed(closed.total(), most)


def _attributes(alike: Alike) -> Attributes:
    return Attributes(
        0, is_directory=False, size=0, mtime_ns=0, ctime_ns=0, mode=alike.mode, uid=alike.uid,
        gid=alike.gid, blocks=0, links=1, folder=alike.folder,
    )  # fmt: skip


def warn(say: Callable[[str], object], catalog: Path, host: str) -> threading.Thread:
    """Say it from a thread: a disk that does not answer keeps nobody waiting."""

    def look() -> None:
        try:
            say(str(closed_files(catalog, host)))
        except (apsw.Error, MediafsError, OSError) as exc:
            log.warning("What stays closed to others could not be counted: %s", exc)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    return thread
