"""Publishing: the tree as it stands is compared with the one that is wanted, row by row.

The whole tree, or what is shown of some files and the directories above them: then the work
follows from how much changed and not from how much there is. What stands where is the views'
to say; questions of a mount are tree.py's.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.catalog import thinning
from indexer.catalog.rows import Left
from indexer.model import FileId, TreeDirectoryId
from indexer.paths import fold, join

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import apsw

    from indexer.catalog.rows import Placed
    from indexer.model import Generation

TOP = TreeDirectoryId(1)


@dataclass(frozen=True, slots=True)
class _Columns:
    """What the row of a directory tells beside its numbers."""

    mtime_ns: int = 0
    subdirectories: int = 0
    newest: FileId | None = None  # whose mtime it is


@dataclass(slots=True)
class _Directory:
    """A directory of the tree, and those of its names that were looked at."""

    id: TreeDirectoryId
    parent: _Directory | None
    path: bytes
    depth: int
    stored: _Columns
    mtime_ns: int
    subdirectories: int
    newest: FileId | None
    is_whole: bool  # all its names are here
    is_stale: bool  # whose mtime it has must be asked of all that is in it
    is_touched: bool = False  # a name came or went
    names: dict[bytes, tuple[int, FileId]] = field(default_factory=dict)  # name: row, file
    below: dict[bytes, _Directory] = field(default_factory=dict)

    @property
    def name(self) -> bytes:
        """The last component of its path."""
        return self.path.rpartition(b"/")[2]


_MAKE_TOP = (
    "INSERT OR IGNORE INTO tree_directory (tree_directory_id, view, mtime_ns, ctime_ns)"
    " VALUES (1, '', 0, ?)"
)
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
_INSERT = (
    "INSERT INTO placement (parent_id, name, folded, file_id, tree_directory_id)"
    " VALUES (?, ?, ?, ?, ?) RETURNING placement_id"
)
_DELETE = "DELETE FROM placement WHERE placement_id = ?"
_MAKE = (
    "INSERT INTO tree_directory (parent_id, view, mtime_ns, ctime_ns) VALUES (?, ?, 0, ?)"
    " RETURNING tree_directory_id"
)
_UNMAKE_NAME = "DELETE FROM placement WHERE tree_directory_id = ?"
_UNMAKE = "DELETE FROM tree_directory WHERE tree_directory_id = ?"
# The row that max() found is the one that the other column is of: SQLite promises it.
_NEWEST_NAME = (
    "SELECT max(f.mtime_ns), p.file_id FROM placement p JOIN file f USING (file_id)"
    " WHERE p.parent_id = ?"
)
_NEWEST_BELOW = "SELECT max(mtime_ns), newest_file_id FROM tree_directory WHERE parent_id = ?"
_UPDATE = (
    "UPDATE tree_directory SET mtime_ns = ?, subdirectories = ?, newest_file_id = ?"
    " WHERE tree_directory_id = ?"
)
_LISTED_NOW = "UPDATE tree_directory SET ctime_ns = ? WHERE tree_directory_id = ?"
_RECORD = (
    "INSERT INTO change (generation_id, view, path, what, parent_id, name, old_file_id,"
    " new_file_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Publishing:
    """One generation's tree in the making. The caller holds the transaction.

    `files` are those whose names may have changed, every other file's stay, and nothing but
    them may be wanted; None: every file.
    """

    def __init__(
        self, db: apsw.Connection, generation: Generation, files: Collection[FileId] | None = None
    ) -> None:
        self._db = db
        self._generation = generation
        self._now_ns = time.time_ns()
        self._by_id: dict[TreeDirectoryId, _Directory] = {}
        self._by_path: dict[bytes, _Directory] = {}
        self._shown: list[tuple[_Directory, bytes, int]] = []  # what may have to go
        self.left: list[Left] = []  # names that showed a file before and changed
        is_whole = files is None
        db.execute(_MAKE_TOP, (self._now_ns,))
        columns = _Columns(*next(iter(db.execute(_TOP))))
        self._root = self._know(TOP, None, b"", columns, is_whole=is_whole)
        if files is None:
            for parent, name, number, *rest in db.execute(_ALL_DIRECTORIES):
                above = self._by_id[parent]
                self._know(number, above, name, _Columns(*rest), is_whole=True)
            self._load(db.execute(_ALL_NAMES))
            times = db.execute(_TIMES, (generation,))
        else:
            numbers = json.dumps(sorted(files))
            self._load(db.execute(_NAMES_OF, (numbers,)))
            times = db.execute(_TIMES_OF, (generation, numbers))
        self._mtimes: dict[FileId, int] = {}
        self._touched: set[FileId] = set()
        for file, mtime, is_touched in times:
            self._mtimes[file] = mtime
            if is_touched:
                self._touched.add(file)

    def _load(self, rows: Iterable[Sequence[object]]) -> None:
        for row, parent, name, file in rows:
            here = self._directory_of(parent)  # type: ignore[arg-type]
            here.names[name] = (row, file)  # type: ignore[index,assignment]
            self._shown.append((here, name, row))  # type: ignore[arg-type]

    # ------------------------------------------------------------------ looking

    def _know(
        self,
        number: TreeDirectoryId,
        parent: _Directory | None,
        name: bytes,
        columns: _Columns,
        *,
        is_whole: bool,
    ) -> _Directory:
        """Take a directory among those that are known."""
        here = _Directory(
            number, parent, join(parent.path, name) if parent else b"",
            parent.depth + 1 if parent else 0, columns, columns.mtime_ns, columns.subdirectories,
            columns.newest, is_whole=is_whole, is_stale=is_whole or columns.newest is None,
        )  # fmt: skip
        self._by_id[number] = self._by_path[here.path] = here
        if parent is not None:
            parent.below[name] = here
        return here

    def _directory_of(self, number: TreeDirectoryId) -> _Directory:
        """A directory by its number, with those above it."""
        here = self._by_id.get(number)
        if here is None:
            parent, name, _, *rest = next(iter(self._db.execute(_ONE_DIRECTORY, (number,))))
            above = self._directory_of(parent)
            here = self._know(number, above, name, _Columns(*rest), is_whole=False)
        return here

    def _look(self, here: _Directory, name: bytes) -> None:
        """Know what stands under a name, if anything."""
        if not here.is_whole and name not in here.names and name not in here.below:
            self._note(here, self._db.execute(_ONE_NAME, (here.id, fold(name), name)))

    def _note(self, here: _Directory, rows: Iterable[Sequence[object]]) -> None:
        for row, name, file, directory, *columns in rows:
            if file is not None:
                here.names[name] = (row, file)  # type: ignore[index,assignment]
            elif directory not in self._by_id:
                self._know(directory, here, name, _Columns(*columns), is_whole=False)  # type: ignore[arg-type]

    def shown(self, directory: bytes, name: bytes) -> FileId | None:
        """The file that stands at a path; None: nothing, or a directory."""
        here = self._by_path.get(directory)
        if here is None:
            here = self._root
            for part in directory.split(b"/"):
                self._look(here, part)
                below = here.below.get(part)
                if below is None:
                    return None
                here = below
        self._look(here, name)
        return here.names.get(name, (0, None))[1]

    # ------------------------------------------------------------------ comparing

    def show(self, wanted: Iterable[Placed], views: Sequence[bytes]) -> None:
        """Make the tree show exactly `wanted`; rows of names that stay are left alone.

        Each view's own directory is there even when it is empty. Every difference becomes a
        row of `change` under the generation; those of old generations are thinned.
        """
        for view in views:
            self._want(view)
        stay = {self._place(placed) for placed in wanted}
        for here, name, row in self._shown:
            if row not in stay and here.names.get(name, (0, None))[0] == row:
                self._remove_name(here, name)
        self._remove_empty(frozenset(views))
        self._finish()
        thinning.thin(self._db)

    def _want(self, path: bytes) -> _Directory:
        """The directory at a path, made where missing."""
        here = self._by_path.get(path)
        if here is None:
            here = self._root
            for name in path.split(b"/"):
                self._look(here, name)
                here = here.below.get(name) or self._make(here, name)
        return here

    def _make(self, parent: _Directory, name: bytes) -> _Directory:
        if name in parent.names:
            self._remove_name(parent, name)  # in by-source a file may become a folder
        view = _view_of(join(parent.path, name))
        number = TreeDirectoryId(self._db.execute(_MAKE, (parent.id, view, self._now_ns)).get)
        self._insert(parent, name, None, number)
        self._record(parent, name, "added", None, None)
        parent.subdirectories += 1
        made = self._know(number, parent, name, _Columns(), is_whole=True)
        made.is_touched = True
        return made

    def _insert(
        self,
        parent: _Directory,
        name: bytes,
        file: FileId | None,
        directory: TreeDirectoryId | None,
    ) -> int:
        parent.is_touched = True
        row = (parent.id, name, fold(name), file, directory)
        return int(self._db.execute(_INSERT, row).get)

    def _place(self, placed: Placed) -> int:
        """Show a file under a name; the number of the row that does."""
        here, name, file = self._want(placed.directory), placed.name, placed.file
        self._look(here, name)
        row, before = here.names.get(name, (0, None))
        if before == file:
            if file in self._touched:
                self._record(here, name, "touched", file, file)
        else:
            if before is not None:
                # A new row, so that an open listing can't show the old file's attributes.
                self._take_away(here, name)
            elif name in here.below:
                self._remove_whole(here.below[name], here)
            row = self._insert(here, name, file, None)
            self._record(here, name, "added" if before is None else "replaced", before, file)
            here.names[name] = (row, file)
        self._arrive(here, file)
        return row

    def _arrive(self, here: _Directory, file: FileId) -> None:
        """A file stands here: the directory is as new as it, at least."""
        if here.is_stale:
            return
        mtime = self._mtimes[file]
        if mtime > here.mtime_ns:
            here.mtime_ns, here.newest = mtime, file
        elif file == here.newest:
            here.is_stale = mtime < here.mtime_ns

    def _take_away(self, here: _Directory, name: bytes) -> FileId:
        row, file = here.names.pop(name)
        self._db.execute(_DELETE, (row,))
        here.is_touched = True
        here.is_stale |= here.newest == file
        return file

    def _remove_name(self, here: _Directory, name: bytes) -> None:
        self._record(here, name, "removed", self._take_away(here, name), None)

    def _remove_whole(self, here: _Directory, parent: _Directory) -> None:
        """Take away a directory with all in it: in by-source a folder may become a file."""
        if not here.is_whole:
            self._note(here, self._db.execute(_NAMES_IN, (here.id,)).fetchall())
        for name in list(here.names):
            self._remove_name(here, name)
        for below in list(here.below.values()):
            self._remove_whole(below, here)
        self._remove_directory(here, parent)

    def _remove_directory(self, here: _Directory, parent: _Directory) -> None:
        self._record(parent, here.name, "removed", None, None)
        self._db.execute(_UNMAKE_NAME, (here.id,))
        self._db.execute(_UNMAKE, (here.id,))
        del parent.below[here.name], self._by_id[here.id], self._by_path[here.path]
        parent.subdirectories -= 1
        parent.is_touched = True
        parent.is_stale |= parent.newest == here.stored.newest

    def _deepest_first(self) -> Iterator[_Directory]:
        return iter(sorted(self._by_id.values(), key=lambda here: -here.depth))

    def _remove_empty(self, views: Collection[bytes]) -> None:
        """Take away the directories that hold nothing, but for the views' own."""
        for here in self._deepest_first():
            may_go = here.is_touched or here.is_whole
            if may_go and here.parent and here.path not in views and self._is_empty(here):
                self._remove_directory(here, here.parent)

    def _is_empty(self, here: _Directory) -> bool:
        if here.names or here.below:
            return False
        return here.is_whole or not self._db.execute(_HAS_NAMES, (here.id,)).get

    # ------------------------------------------------------------------ times and counts

    def _finish(self) -> None:
        """Bring the times and counts of all that was looked at up to date."""
        for here in self._deepest_first():
            if here.is_stale:
                here.mtime_ns, here.newest = self._newest_in(here)
            now = _Columns(here.mtime_ns, here.subdirectories, here.newest)
            if now != here.stored:
                self._db.execute(_UPDATE, (now.mtime_ns, now.subdirectories, now.newest, here.id))
            seen, before = (now.mtime_ns, now.subdirectories), here.stored
            if here.is_touched or seen != (before.mtime_ns, before.subdirectories):
                self._db.execute(_LISTED_NOW, (self._now_ns, here.id))
            if here.parent:
                _tell(here, here.parent)

    def _newest_in(self, here: _Directory) -> tuple[int, FileId | None]:
        """The newest mtime of what a directory holds, and whose it is."""
        if not here.is_whole:
            found = [
                self._db.execute(text, (here.id,)).get for text in (_NEWEST_NAME, _NEWEST_BELOW)
            ]
            known = [(mtime, file) for mtime, file in found if mtime is not None]
        else:
            known = [(self._mtimes[file], file) for _, file in here.names.values()]
            known += [(child.mtime_ns, child.newest) for child in here.below.values()]
        return max(known, key=lambda one: one[0], default=(0, None))

    def _record(
        self,
        parent: _Directory,
        name: bytes,
        what: str,
        old: FileId | None,
        new: FileId | None,
    ) -> None:
        path = join(parent.path, name)
        row = (self._generation, _view_of(path), path, what, parent.id, name, old, new)
        self._db.execute(_RECORD, row)
        if old is not None:
            self.left.append(Left(self._db.last_insert_rowid(), path, what, old, new))


def _view_of(path: bytes) -> str:
    return path.split(b"/", 1)[0].decode("utf-8", "replace")


def _tell(here: _Directory, parent: _Directory) -> None:
    """What the times of a directory mean to the one above it, where that need not ask them all."""
    before = here.stored
    if parent.is_stale:
        return
    if here.mtime_ns > parent.mtime_ns:
        parent.mtime_ns, parent.newest = here.mtime_ns, here.newest
    elif parent.newest == before.newest and (here.mtime_ns, here.newest) != (
        before.mtime_ns,
        before.newest,
    ):
        if here.mtime_ns == parent.mtime_ns:
            parent.newest = here.newest
        else:
            parent.is_stale = True
