"""The tree as it stands, as far as a publishing has to know it.

All of it, or the names of some files and the directories above them; anything else is asked for
when somebody looks there. Changing the tree is publishing.py's, which tells here what it changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.model import FileId, TreeDirectoryId
from indexer.paths import fold, join

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import apsw

    from indexer.model import Generation

TOP = TreeDirectoryId(1)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the row of a directory tells beside its numbers."""

    mtime_ns: int = 0
    subdirectories: int = 0
    newest: FileId | None = None  # whose mtime it is


@dataclass(slots=True)
class Directory:
    """A directory of the tree, and those of its names that were looked at."""

    id: TreeDirectoryId
    parent: Directory | None
    path: bytes
    depth: int
    stored: Columns
    mtime_ns: int
    subdirectories: int
    newest: FileId | None
    is_whole: bool  # all its names are here
    is_stale: bool  # whose mtime it has must be asked of all that is in it
    is_touched: bool = False  # a name came or went
    names: dict[bytes, tuple[int, FileId]] = field(default_factory=dict)  # name: row, file
    below: dict[bytes, Directory] = field(default_factory=dict)

    @property
    def name(self) -> bytes:
        """The last component of its path."""
        return self.path.rpartition(b"/")[2]

    @property
    def columns(self) -> Columns:
        """What its row is to tell."""
        return Columns(self.mtime_ns, self.subdirectories, self.newest)


_TOP = "SELECT mtime_ns, subdirectories, newest_file_id FROM tree_directory WHERE tree_directory_id = 1"
_DIRECTORY = (
    "SELECT p.parent_id, p.name, p.tree_directory_id, d.mtime_ns, d.subdirectories,"
    " d.newest_file_id FROM placement p JOIN tree_directory d USING (tree_directory_id)"
)
# Parents have lower numbers than their children: they are made first.
_ALL_DIRECTORIES = f"{_DIRECTORY} WHERE p.tree_directory_id IS NOT NULL ORDER BY 3"
_ONE_DIRECTORY = f"{_DIRECTORY} WHERE p.tree_directory_id = ?"
_ALL_NAMES = (
    "SELECT placement_id, parent_id, name, file_id FROM placement WHERE file_id IS NOT NULL"
)
_NAMES_OF = (
    "SELECT placement_id, parent_id, name, file_id FROM placement"
    " WHERE file_id IN (SELECT value FROM json_each(?))"
)
_NAMES_IN = (
    "SELECT p.placement_id, p.name, p.file_id, p.tree_directory_id, d.mtime_ns,"
    " d.subdirectories, d.newest_file_id"
    " FROM placement p LEFT JOIN tree_directory d USING (tree_directory_id) WHERE p.parent_id = ?"
)
_ONE_NAME = f"{_NAMES_IN} AND p.folded = ? AND p.name = ?"
_TIMES = "SELECT file_id, mtime_ns, changed_generation >= ? FROM file"
_TIMES_OF = f"{_TIMES} WHERE file_id IN (SELECT value FROM json_each(?))"
_HAS_NAMES = "SELECT EXISTS (SELECT 1 FROM placement WHERE parent_id = ?)"
# The row that max() found is the one that the other column is of: SQLite promises it.
_NEWEST_NAME = (
    "SELECT max(f.mtime_ns), p.file_id FROM placement p JOIN file f USING (file_id)"
    " WHERE p.parent_id = ?"
)
_NEWEST_BELOW = "SELECT max(mtime_ns), newest_file_id FROM tree_directory WHERE parent_id = ?"


class Published:
    """The directories and names that are known by now. Its top must be there.

    `files` are those whose names and times are wanted, None: all. Files are touched that this
    generation or a later one changed.
    """

    def __init__(
        self, db: apsw.Connection, generation: Generation, files: Collection[FileId] | None
    ) -> None:
        self._db = db
        self._by_id: dict[TreeDirectoryId, Directory] = {}
        self._by_path: dict[bytes, Directory] = {}
        self.names: list[tuple[Directory, bytes, int]] = []  # of the files: where, name, row
        self.mtimes: dict[FileId, int] = {}
        self.touched: set[FileId] = set()
        columns = Columns(*next(iter(db.execute(_TOP))))
        self.top = self.know(TOP, None, b"", columns, is_whole=files is None)
        if files is None:
            for parent, name, number, *rest in db.execute(_ALL_DIRECTORIES):
                above = self._by_id[parent]
                self.know(number, above, name, Columns(*rest), is_whole=True)
            self._load(db.execute(_ALL_NAMES))
            times = db.execute(_TIMES, (generation,))
        else:
            numbers = json.dumps(sorted(files))
            self._load(db.execute(_NAMES_OF, (numbers,)))
            times = db.execute(_TIMES_OF, (generation, numbers))
        for file, mtime, is_touched in times:
            self.mtimes[file] = mtime
            if is_touched:
                self.touched.add(file)

    def _load(self, rows: Iterable[Sequence[object]]) -> None:
        for row, parent, name, file in rows:
            here = self._directory_of(parent)  # type: ignore[arg-type]
            here.names[name] = (row, file)  # type: ignore[index,assignment]
            self.names.append((here, name, row))  # type: ignore[arg-type]

    def know(
        self,
        number: TreeDirectoryId,
        parent: Directory | None,
        name: bytes,
        columns: Columns,
        *,
        is_whole: bool,
    ) -> Directory:
        """Take a directory among those that are known."""
        here = Directory(
            number, parent, join(parent.path, name) if parent else b"",
            parent.depth + 1 if parent else 0, columns, columns.mtime_ns, columns.subdirectories,
            columns.newest, is_whole=is_whole, is_stale=is_whole or columns.newest is None,
        )  # fmt: skip
        self._by_id[number] = self._by_path[here.path] = here
        if parent is not None:
            parent.below[name] = here
        return here

    def forget(self, here: Directory, parent: Directory) -> None:
        """A directory is no longer there."""
        del parent.below[here.name], self._by_id[here.id], self._by_path[here.path]

    def _directory_of(self, number: TreeDirectoryId) -> Directory:
        """A directory by its number, with those above it."""
        here = self._by_id.get(number)
        if here is None:
            parent, name, _, *rest = next(iter(self._db.execute(_ONE_DIRECTORY, (number,))))
            above = self._directory_of(parent)
            here = self.know(number, above, name, Columns(*rest), is_whole=False)
        return here

    def known(self, path: bytes) -> Directory | None:
        """A directory by its path, where it was looked at before."""
        return self._by_path.get(path)

    def look(self, here: Directory, name: bytes) -> None:
        """Know what stands under a name, if anything."""
        if not here.is_whole and name not in here.names and name not in here.below:
            self._note(here, self._db.execute(_ONE_NAME, (here.id, fold(name), name)))

    def look_through(self, here: Directory) -> None:
        """Know everything that a directory holds."""
        if not here.is_whole:
            self._note(here, self._db.execute(_NAMES_IN, (here.id,)).fetchall())

    def _note(self, here: Directory, rows: Iterable[Sequence[object]]) -> None:
        for row, name, file, directory, *columns in rows:
            if file is not None:
                here.names[name] = (row, file)  # type: ignore[index,assignment]
            elif directory not in self._by_id:
                self.know(directory, here, name, Columns(*columns), is_whole=False)  # type: ignore[arg-type]

    def file_at(self, directory: bytes, name: bytes) -> FileId | None:
        """The file that stands at a path; None: nothing, or a directory."""
        here = self._by_path.get(directory)
        if here is None:
            here = self.top
            for part in directory.split(b"/"):
                self.look(here, part)
                below = here.below.get(part)
                if below is None:
                    return None
                here = below
        self.look(here, name)
        return here.names.get(name, (0, None))[1]

    def deepest_first(self) -> list[Directory]:
        """All that are known, each after those below it."""
        return sorted(self._by_id.values(), key=lambda here: -here.depth)

    def is_empty(self, here: Directory) -> bool:
        """Whether nothing is left in a directory."""
        if here.names or here.below:
            return False
        return here.is_whole or not self._db.execute(_HAS_NAMES, (here.id,)).get

    def newest_in(self, here: Directory) -> tuple[int, FileId | None]:
        """The newest mtime of what a directory holds, and whose it is."""
        if not here.is_whole:
            found = [
                self._db.execute(text, (here.id,)).get for text in (_NEWEST_NAME, _NEWEST_BELOW)
            ]
            known = [(mtime, file) for mtime, file in found if mtime is not None]
        else:
            known = [(self.mtimes[file], file) for _, file in here.names.values()]
            known += [(child.mtime_ns, child.newest) for child in here.below.values()]
        return max(known, key=lambda one: one[0], default=(0, None))
