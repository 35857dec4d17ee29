"""What a view yields: files that belong side by side in one directory under one stem.

A view decides *which* files stand *where*; names are namer.py's job, rows and inodes the
catalog's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from indexer.model import Role
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from indexer.catalog.viewed import ViewFile
    from indexer.model import FileId, ShotId


_SIDECAR = Role.SIDECAR

# Members that another one stands for; nothing is lost where they are not shown.
STANDS_IN = (
    Role.IDENTICAL,
    Role.SAME_PAYLOAD,
    Role.REENCODED,
    Role.RESIZED,
    Role.PREVIEW,
)


@dataclass(frozen=True, slots=True)
class ViewShot:
    """A shot as the views see it: its members, original first, and where its day is."""

    id: ShotId
    members: tuple[ViewFile, ...]
    day: str | None  # "2019-07-14", the local day of capture; None: unknown
    unknown: str | None  # why not
    device: str

    @property
    def original(self) -> ViewFile:
        """The member shown for the shot."""
        return self.members[0]

    @property
    def dated(self) -> str:
        """Its day's directory."""
        return dated(self.day)

    def once(self, *roles: Role) -> list[ViewFile]:
        """Members of these roles, each content once."""
        chosen: dict[bytes | None, ViewFile] = {}
        for member in self.members:
            if member.role in roles:
                chosen.setdefault(member.blake3, member)
        return list(chosen.values())


@dataclass(frozen=True, slots=True)
class Library:
    """Everything the views are made from."""

    shots: Sequence[ViewShot]
    loose: Sequence[ViewFile]  # files of no shot
    raw_companion: str  # 'beside' or 'duplicate'
    stood: Sequence[ViewFile] = ()  # copies that are shown in place of those that facts prefer

    def files(self) -> Iterator[ViewFile]:
        """Every file that the tree can show."""
        for shot in self.shots:
            yield from shot.members
        yield from self.loose


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files under one stem; the first gives the stem its name.

    `shot` is theirs, None for files of none. `by_path` tells equal copies apart by where they
    lie, where they stand side by side.
    """

    directory: str
    files: tuple[ViewFile, ...]
    shot: ViewShot | None = None
    by_path: bool = False

    @property
    def owners(self) -> frozenset[str]:
        """The digests that may share the stem: those of the whole shot."""
        return digests(self.shot) if self.shot else frozenset()

    @property
    def heirs_of(self) -> frozenset[str]:
        """Those whose stem the first file takes over: what stood as original before it."""
        is_original = self.shot and self.files[0].file == self.shot.original.file
        return digests(self.shot, *STANDS_IN) if self.shot and is_original else frozenset()

    @property
    def beside(self) -> tuple[str, ...]:
        """Those of the other media, whose stem the first file takes where it has none."""
        found = (f.blake3.hex() for f in self.files[1:] if f.role is not _SIDECAR and f.blake3)
        return tuple(found)

    @property
    def members(self) -> frozenset[FileId]:
        """The files of the whole shot."""
        return frozenset(m.file for m in self.shot.members) if self.shot else frozenset()


def seen_first(members: Iterable[ViewFile]) -> tuple[ViewFile, ...]:
    """The members of a shot; of equal copies the one that was seen first takes the first place.

    Which of equal copies a shot names as its original follows from what they are, and another
    may be better named; the one that the tree shows already keeps its place and its inode.
    """
    chosen = list(members)
    takes: dict[FileId, FileId] = {}
    for at, member in enumerate(chosen):
        first = min(_equals(chosen[at:]), key=lambda m: m.first_generation)
        if first.first_generation == member.first_generation:
            continue
        other = chosen.index(first)
        chosen[at], chosen[other] = first, member
        if member.role is not _SIDECAR:  # those go on speaking about the file beside them
            chosen[at] = replace(first, role=member.role, of_file=member.of_file)
            chosen[other] = replace(member, role=first.role, of_file=first.of_file)
            takes |= {member.file: first.file, first.file: member.file}
    return tuple(_tied_to(member, takes) for member in chosen) if takes else tuple(chosen)


def _equals(members: Sequence[ViewFile]) -> Iterator[ViewFile]:
    """The first of these and its equals: a sidecar's are sidecars."""
    first = members[0]
    for member in members:
        is_as_it = (member.role is _SIDECAR) == (first.role is _SIDECAR)
        if is_as_it and member.blake3 == first.blake3:
            yield member


def _tied_to(member: ViewFile, takes: dict[FileId, FileId]) -> ViewFile:
    """The member, standing in for whichever copy has the place now; sidecars stay where they are."""
    if member.role is _SIDECAR or member.of_file is None:
        return member
    of_file = takes.get(member.of_file, member.of_file)
    return replace(member, of_file=None if of_file == member.file else of_file)


def dated(day: str | None) -> str:
    """A day's directory: "2019/2019-07-14", or "unknown-time"."""
    return f"{day[:4]}/{day}" if day else "unknown-time"


def digests(shot: ViewShot, *roles: Role) -> frozenset[str]:
    """The digests of a shot's members; of those roles alone where any are named."""
    chosen = (m for m in shot.members if not roles or m.role in roles)
    return frozenset(m.blake3.hex() for m in chosen if m.blake3)


def holder(file: ViewFile, *, by_path: bool) -> str:
    """What a name is given to: the content, or one of its copies."""
    digest = file.blake3.hex() if file.blake3 else ""
    if file.blake3 and not by_path:
        return digest
    place = b"/".join((file.root, file.folder, file.name))
    return f"{digest}:{hashlib.blake2b(place, digest_size=16).hexdigest()}"


def source_name(file: ViewFile) -> str:
    """The name on disk; undecodable bytes by surrogateescape."""
    return to_str(file.name)
