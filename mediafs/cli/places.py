"""What a path means that a person types: a source's, or one in a mount, which may be dead.

The kernel's table of mounts tells which; a mount itself is asked only where its answer is needed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import MediafsError, MountRefused, NotKnown, UsageRefused
from indexer.paths import display, fold, to_bytes
from mediafs.fuse.mounted import find, is_mounted

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a mount shows without a source: mediafs/vfs/builtin.py.
_OWN = {
    b"": "the top of the tree",
    b"readme.txt": "mediafs's own file, which says what each folder of the tree is",
    b".mediafs": "mediafs's own folder, whose files say how the mount does",
    b".mediafs/status.json": "mediafs's own file, which says how the mount does",
    b".mediafs/metrics": "mediafs's own file, which says how the mount does, for Prometheus",
}
_FILES_ARE = "name a file below originals/, by-source/ or another view"


@dataclass(frozen=True, slots=True)
class InMount:
    """A path in a mount of mediafs."""

    typed: str
    mountpoint: Path
    inside: bytes  # the path in the tree, as it was spelled; b"": the top

    @property
    def death(self) -> str | None:
        """What to say if nobody serves the mount any more."""
        mount = find(self.mountpoint)
        if mount is None or not mount.is_stale:
            return None
        at = display(self.mountpoint)
        where = f"{display(self.typed)} is in {at}," if self.inside else f"{at} is"
        return (
            f"{where} a dead mount, whose process has ended; `mediafs mount {at}` mounts it again, "
            f"`mediafs umount {at}` takes it away."
        )

    def check_alive(self, error: type[MediafsError] = MountRefused) -> None:
        """Raise the error if nobody serves the mount any more."""
        if (says := self.death) is not None:
            raise error(says)

    def check_catalog(self, catalog: Path) -> None:
        """Raise UsageRefused if the mount is known to show another catalog than this."""
        mount = find(self.mountpoint)
        if mount is None or mount.catalog is None or _is_same(mount.catalog, catalog):
            return
        raise UsageRefused(
            f"{display(self.typed)} is in the mount of another catalog; name that one with "
            f"`--catalog {display(mount.catalog)}`."
        )

    def says(self) -> str:
        """What it is, where it is no file that a source stands behind; one sentence."""
        shown = display(self.typed)
        own = _OWN.get(fold(self.inside.rstrip(b"/")))
        if own is not None:
            return f"{shown} is {own}; {_FILES_ARE}."
        if os.path.isdir(self.typed):
            return f"{shown} is a folder of the tree; name a file in it."
        if os.path.lexists(self.typed):
            return f"{shown} tells this user no source; ask as the user who mounted it."
        return f"{shown} does not exist in the mount {display(self.mountpoint)}; {_FILES_ARE}."


def absolute(typed: str) -> str:
    """With its real folder; the name itself is not followed, for a link is a file of a source."""
    folder, name = os.path.split(typed)
    if name in (".", ".."):
        return os.path.realpath(typed)
    return os.path.join(os.path.realpath(folder or "."), name)


def in_mount(typed: str) -> InMount | None:
    """Where in a mount of ours a path lies; None: in none."""
    path = absolute(typed)
    bare = Path(path)
    for above in (bare, *bare.parents):
        if is_mounted(above):
            inside = to_bytes(path)[len(to_bytes(above)) :].lstrip(b"/")
            return InMount(typed, above, inside)
    # A link to a mount, or into one.
    real = os.path.realpath(path)
    return None if real in (path, path.rstrip("/")) else in_mount(real)


def check_alive(typed: Iterable[str], error: type[MediafsError] = MountRefused) -> None:
    """Raise the error for the first path that lies in a dead mount."""
    for path in typed:
        place = in_mount(path)
        if place is not None:
            place.check_alive(error)


def source(typed: str) -> bytes:
    """The real path of something in a source; MountRefused or NotKnown for what is in a mount."""
    place = in_mount(typed)
    if place is not None:
        place.check_alive()
        raise NotKnown(
            f"{display(typed)} is in the mount {display(place.mountpoint)}; name what lies on "
            "your disk, which `mediafs explain` tells of each file."
        )
    return to_bytes(os.path.realpath(typed))


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
