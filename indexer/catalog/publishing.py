"""Publishing: the tree as it stands is compared with the one that is wanted, row by row.

The whole tree, or what is shown of some files and the directories above them: then the work
follows from how much changed and not from how much there is. How the tree stands is read by
published.py; what is to stand where is the views' to say; questions of a mount are tree.py's.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.catalog import thinning
from indexer.catalog.published import Columns, Published
from indexer.catalog.rows import Left
from indexer.model import TreeDirectoryId
from indexer.paths import fold, join

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import apsw

    from indexer.catalog.published import Directory
    from indexer.catalog.rows import Placed
    from indexer.model import FileId, Generation

_MAKE_TOP = (
    "INSERT OR IGNORE INTO tree_directory (tree_directory_id, view, mtime_ns, ctime_ns)"
    " VALUES (1, '', 0, ?)"
)
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
        self.left: list[Left] = []  # names that showed a file before and changed
        db.execute(_MAKE_TOP, (self._now_ns,))
        self._tree = Published(db, generation, files)

    def shown(self, directory: bytes, name: bytes) -> FileId | None:
        """The file that stands at a path; None: nothing, or a directory."""
        return self._tree.file_at(directory, name)

    def show(self, wanted: Iterable[Placed], views: Sequence[bytes]) -> None:
        """Make the tree show exactly `wanted`; rows of names that stay are left alone.

        Each view's own directory is there even when it is empty. Every difference becomes a
        row of `change` under the generation; those of old generations are thinned.
        """
        for view in views:
            self._want(view)
        stay = {self._place(placed) for placed in wanted}
        for here, name, row in self._tree.names:
            if row not in stay and here.names.get(name, (0, None))[0] == row:
                self._remove_name(here, name)
        self._remove_empty(frozenset(views))
        self._finish()
        thinning.thin(self._db)

    # ------------------------------------------------------------------ what comes

    def _want(self, path: bytes) -> Directory:
        """The directory at a path, made where missing."""
        here = self._tree.known(path)
        if here is None:
            here = self._tree.top
            for name in path.split(b"/"):
                self._tree.look(here, name)
                here = here.below.get(name) or self._make(here, name)
        return here

    def _make(self, parent: Directory, name: bytes) -> Directory:
        if name in parent.names:
            self._remove_name(parent, name)  # in by-source a file may become a folder
        view = _view_of(join(parent.path, name))
        number = TreeDirectoryId(self._db.execute(_MAKE, (parent.id, view, self._now_ns)).get)
        self._insert(parent, name, None, number)
        self._record(parent, name, "added", None, None)
        parent.subdirectories += 1
        made = self._tree.know(number, parent, name, Columns(), is_whole=True)
        made.is_touched = True
        return made

    def _insert(
        self,
        parent: Directory,
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
        self._tree.look(here, name)
        row, before = here.names.get(name, (0, None))
        if before == file:
            if file in self._tree.touched:
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

    def _arrive(self, here: Directory, file: FileId) -> None:
        """A file stands here: the directory is as new as it, at least."""
        if here.is_stale:
            return
        mtime = self._tree.mtimes[file]
        if mtime > here.mtime_ns:
            here.mtime_ns, here.newest = mtime, file
        elif file == here.newest:
            here.is_stale = mtime < here.mtime_ns

    # ------------------------------------------------------------------ what goes

    def _take_away(self, here: Directory, name: bytes) -> FileId:
        row, file = here.names.pop(name)
        self._db.execute(_DELETE, (row,))
        here.is_touched = True
        here.is_stale |= here.newest == file
        return file

    def _remove_name(self, here: Directory, name: bytes) -> None:
        self._record(here, name, "removed", self._take_away(here, name), None)

    def _remove_whole(self, here: Directory, parent: Directory) -> None:
        """Take away a directory with all in it: in by-source a folder may become a file."""
        self._tree.look_through(here)
        for name in list(here.names):
            self._remove_name(here, name)
        for below in list(here.below.values()):
            self._remove_whole(below, here)
        self._remove_directory(here, parent)

    def _remove_directory(self, here: Directory, parent: Directory) -> None:
        self._record(parent, here.name, "removed", None, None)
        self._db.execute(_UNMAKE_NAME, (here.id,))
        self._db.execute(_UNMAKE, (here.id,))
        self._tree.forget(here, parent)
        parent.subdirectories -= 1
        parent.is_touched = True
        parent.is_stale |= parent.newest == here.stored.newest

    def _remove_empty(self, views: Collection[bytes]) -> None:
        """Take away the directories that hold nothing, but for the views' own."""
        for here in self._tree.deepest_first():
            may_go = here.is_touched or here.is_whole
            if may_go and here.parent and here.path not in views and self._tree.is_empty(here):
                self._remove_directory(here, here.parent)

    # ------------------------------------------------------------------ what is written of it

    def _finish(self) -> None:
        """Bring the times and counts of all that was looked at up to date."""
        for here in self._tree.deepest_first():
            if here.is_stale:
                here.mtime_ns, here.newest = self._tree.newest_in(here)
            now, before = here.columns, here.stored
            if now != before:
                self._db.execute(_UPDATE, (now.mtime_ns, now.subdirectories, now.newest, here.id))
            seen = (now.mtime_ns, now.subdirectories)
            if here.is_touched or seen != (before.mtime_ns, before.subdirectories):
                self._db.execute(_LISTED_NOW, (self._now_ns, here.id))
            if here.parent:
                _tell(here, here.parent)

    def _record(
        self,
        parent: Directory,
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


def _tell(here: Directory, parent: Directory) -> None:
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
