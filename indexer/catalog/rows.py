"""Frozen types in which the catalog is asked and answers, those that several modules share.

What one question alone is answered with stands beside that question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from indexer.model import (
        ContentId,
        Damage,
        FileId,
        FolderId,
        Generation,
        Kind,
        Role,
        RootId,
        RootRole,
        ShotId,
        Stamp,
        TreeDirectoryId,
    )


@dataclass(frozen=True, slots=True)
class RootRow:
    """One indexed directory tree."""

    id: RootId
    host: str
    path: bytes
    role: RootRole
    label: bytes
    device: str | None
    excludes: tuple[str, ...]
    online: bool
    walked_ns: int | None
    freshness_days: int | None = None
    inode: int | None = None
    mount: bytes | None = None
    says: str | None = None  # why it is offline


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the catalog remembers of a path, as the walk needs it."""

    id: FileId
    name: bytes
    stamp: Stamp
    state: str
    content: ContentId | None
    is_outdated: bool = False  # read by an older reader, which knew less


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file that its folder no longer shows: gone, unless it turns up elsewhere."""

    id: FileId
    stamp: Stamp
    content: ContentId | None
    name: bytes = b""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A remembered file that one just found may be: by its inode, or by its size and time."""

    id: FileId
    root: RootId
    folder: FolderId
    path: bytes  # relative to the root
    name: bytes
    stamp: Stamp
    is_gone: bool
    content: ContentId
    sample: bytes | None = None  # of its content, where that is whole and was read by this reader


@dataclass(frozen=True, slots=True)
class FactRow:
    """One present file with what reading it gave: everything derive looks at but the tags."""

    file: FileId
    root: RootId
    root_path: bytes
    root_role: RootRole
    folder: FolderId
    folder_path: bytes  # relative to the root
    name: bytes
    size: int
    mtime_ns: int
    first_generation: int
    content: ContentId
    blake3: bytes
    payload: bytes | None
    mime: str
    kind: Kind
    extension: str
    width_px: int | None
    height_px: int | None
    orientation: int | None
    duration_ms: int | None
    codec: str | None
    damage: Damage | None
    pixels: bytes | None = None  # digest of the decoded picture
    tail: bytes | None = None  # BLAKE3 of the film that a motion photo carries
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a shot, as it is shown to people."""

    shot: ShotId
    file: FileId
    role: Role
    path: bytes  # absolute
    blake3: bytes
    size: int
    says: str
    is_offered: bool  # False: never called reclaimable


class Attributes(NamedTuple):
    """What a stat() of a name in the tree says; write bits are dropped by the caller.

    A tuple, as TreeEntry: a row becomes one as it is, in a tenth of a dataclass's time.
    """

    inode: int
    is_directory: bool
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int  # permission bits of the source; directories: 0
    uid: int
    gid: int
    blocks: int  # of 512 bytes
    links: int
    folder: FolderId | None = None  # the source's; None: it has none


class TreeEntry(NamedTuple):
    """One name in a directory of the tree."""

    cookie: int  # resumes a listing after this name
    name: bytes  # the true one, however it was asked for
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file's bytes are, and the stamp under which they are known."""

    file: FileId
    root: RootId
    root_path: bytes
    path: bytes  # relative to the root
    stamp: Stamp
    content: ContentId | None
    is_online: bool  # its root is on this machine, and its disk was there
    state: str  # of the file, as the catalog has it


@dataclass(frozen=True, slots=True)
class Placed:
    """A name that a view wants: `directory` is a path in the tree without slashes at its ends."""

    directory: bytes
    name: bytes
    file: FileId


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One name whose listing or bytes a generation changed."""

    generation: Generation
    view: str
    path: bytes
    what: str  # 'added', 'removed', 'replaced', 'touched'
    parent: TreeDirectoryId
    name: bytes
    old_file: FileId | None
    new_file: FileId | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a name went or shows something else, as it was decided then."""

    cause: str
    says: str
    heir: FileId | None = None  # what stands in its place
    shot: ShotId | None = None
    rule: str | None = None


class NewReason(NamedTuple):
    """The reason of one row of `change`."""

    change: int
    why: Reason


@dataclass(frozen=True, slots=True)
class Left:
    """A name that showed a file before the generation that is being published changed it."""

    change: int
    path: bytes
    what: str
    old_file: FileId
    new_file: FileId | None


class Stood(NamedTuple):
    """A copy that stands in the tree for its equals, by what a backup sees of it."""

    blake3: bytes
    mtime_ns: int
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Logged:
    """A generation that changed something in the tree."""

    generation: Generation
    committed_ns: int
    command: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a generation changed, as it is told to people."""

    number: int  # of the row of `change`; of the name that came where two are told as one
    generation: Generation
    view: str
    what: str  # as in `change`, or 'moved': the same file, another name
    path: bytes
    before: bytes | None  # the name that it had, or that what it replaced had; None: this one
    old_file: FileId | None
    new_file: FileId | None
    why: Reason | None

    @property
    def is_directory(self) -> bool:
        """Directories come and go with what is in them."""
        return self.old_file is None and self.new_file is None

    def after(self, went: Entry, what: str) -> Entry:
        """This name came because that one went."""
        return replace(self, what=what, before=went.path, old_file=went.old_file, why=went.why)


@dataclass(frozen=True, slots=True)
class Standing:
    """A file as the log needs it: its state, and what was decided about it."""

    file: FileId
    state: str
    state_says: str | None
    blake3: bytes | None
    damage: str | None
    damage_says: str | None
    shot: ShotId | None
    role: Role | None
    role_says: str | None
    shot_why: str | None
    local: str | None
    unknown: str | None
    time_why: str | None
    name: bytes  # on its disk


@dataclass(frozen=True, slots=True)
class Changed:
    """What a derive rewrote: everything that the tree must look at again."""

    shots: frozenset[ShotId]  # written anew or for the first time, as they are now in `shot`
    # Every file that was or is a member of a rewritten or removed shot, and every file whose own
    # facts changed (new, gone, moved, excluded, unreadable, other attributes), of a shot or none.
    files: frozenset[FileId]
