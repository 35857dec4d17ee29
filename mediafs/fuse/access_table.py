"""How each file and folder is shown where other users are let in: a table, kept in memory.

Asked for every name, so it is a few lookups: folders with the same permissions above them share
one `Place`, and a place folds each owner, group and mode once. What fills it is access_reading.py, when
is access_refresh.py's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mediafs.fuse.access import READ, SEARCH, Path, Permissions, Serving, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.catalog.rows import Attributes
    from indexer.model import FolderId

_SHOWN_BITS = 0o555


@dataclass(frozen=True, slots=True)
class Folder:
    """A source folder as a disk has it."""

    above: frozenset[Permissions]
    own: Permissions
    hands_down_lists: bool = False  # its files may have lists of which their modes say nothing


@dataclass(slots=True, eq=False)
class Place:
    """One folder, or many that are alike."""

    folder: Folder | None  # None: it was never seen
    files: dict[tuple[int, int, int], Shown] = field(default_factory=dict)
    itself: Shown | None = None


@dataclass(frozen=True, slots=True)
class Owners:
    """As whose everything is shown, if not as its owner's, and who is in which groups."""

    serving: Serving
    uid: int | None = None
    gid: int | None = None
    umask: int = 0


class AccessTable:
    """Modes, owners and groups, by source folder. Unknown folders are closed."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners
        self._groups: Mapping[int, frozenset[int]] = {}
        self._alike: dict[Folder | None, Place] = {}
        self._closed = self._place(None)
        self._folders: dict[FolderId, Place] = {}
        self._directories: dict[int, Place] = {}  # by inode, those that stand for a folder
        self._sources: dict[int, bytes] = {}  # of these, where the folder is
        # Inodes shown as closed because nothing was known of their folders yet.
        self._unknown: set[int] = set()

    @property
    def serving(self) -> Serving:
        """Who serves."""
        return self._owners.serving

    # ------------------------------------------------------------------ asked for every name

    def shown(self, attributes: Attributes) -> Shown | None:
        """How a name is shown; None: as any other mount would show it."""
        if attributes.is_directory:
            place = self._directories.get(attributes.inode)
            return None if place is None else self._itself(place)
        if attributes.folder is None:
            return None
        place = self._folders.get(attributes.folder)
        if place is None:
            self._unknown.add(attributes.inode)
            place = self._closed
        key = attributes.mode, attributes.uid, attributes.gid
        found = place.files.get(key)
        if found is None:
            found = place.files[key] = self._file(place.folder, *key)
        return found

    def source_folder(self, inode: int) -> bytes | None:
        """The path of the folder that a directory stands for, as far as is known."""
        return self._sources.get(inode)

    def _file(self, folder: Folder | None, mode: int, uid: int, gid: int) -> Shown:
        if folder is None:
            return self._closed_to_others(uid, gid, READ)
        own = Permissions.of_mode(mode, uid, gid)
        if folder.hands_down_lists:
            own = Permissions(uid, gid, own.owner, ((gid, 0),), 0)
        return self._folded(Path(folder.above | {folder.own}, own), uid, gid)

    def _itself(self, place: Place) -> Shown:
        if place.itself is None:
            folder = place.folder
            if folder is None:
                place.itself = self._closed_to_others(self.serving.uid, 0, READ | SEARCH)
            else:
                path = Path(folder.above, folder.own)
                place.itself = self._folded(path, folder.own.uid, folder.own.gid)
        return place.itself

    def _folded(self, path: Path, uid: int, gid: int) -> Shown:
        owners = self._owners
        uid = uid if owners.uid is None else owners.uid
        gid = gid if owners.gid is None else owners.gid
        shown = self._as(path, uid, gid)
        if owners.uid is None and path.locks_out(owners.serving, shown):
            shown = self._as(path, owners.serving.uid, gid)
        return shown._replace(mode=shown.mode & _SHOWN_BITS & ~owners.umask)

    def _as(self, path: Path, uid: int, gid: int) -> Shown:
        groups = self._groups.get(uid, frozenset())
        return Shown(path.mode(uid, gid, groups, self.serving), uid, gid)

    def _closed_to_others(self, uid: int, gid: int, bits: int) -> Shown:
        """Open to root, whom no mode keeps out, and to who serves."""
        serving = self.serving.uid
        return Shown(bits << 6, serving, gid) if serving else Shown(0, uid, gid)

    # ------------------------------------------------------------------ filled by a refresh

    def clear(self) -> None:
        """Know nothing any more."""
        self._folders.clear()
        self._directories.clear()
        self._sources.clear()

    def take_unknown(self) -> set[int]:
        """What was shown as closed since the last time because nothing was known of it."""
        taken, self._unknown = self._unknown, set()
        return taken

    def put_groups(self, groups: Mapping[int, frozenset[int]]) -> bool:
        """In which groups the user database puts each owner; whether that differs from before."""
        before, self._groups = self._groups, groups
        if groups == before:
            return False
        for place in self._alike.values():
            place.files.clear()
            place.itself = None
        return bool(before)

    def put(self, folder: FolderId, found: Folder | None) -> bool:
        """Set what a disk says of a folder, None: nothing; whether files are shown otherwise now.

        One that cannot be seen is as it was last known.
        """
        before = self._folders.get(folder)
        if found is None and before is not None:
            return False
        place = self._folders[folder] = self._place(found)
        return before is not None and before is not place

    def put_directory(self, inode: int, source: bytes, found: Folder | None) -> bool:
        """As `put`, for a directory of the tree that stands for the folder at a path."""
        self._sources[inode] = source
        before = self._directories.get(inode)
        if found is None and before is not None:
            return False
        place = self._directories[inode] = self._place(found)
        return before is not None and before is not place

    def _place(self, folder: Folder | None) -> Place:
        place = self._alike.get(folder)
        if place is None:
            place = self._alike[folder] = Place(folder)
        return place
