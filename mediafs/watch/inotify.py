"""Hear from the kernel that something changed below a root.

Every folder is watched, those that come later too; excluded ones are not, nor are excluded names
heard. What changed is the indexer's business: here it is only whether. Linux's.
"""

from __future__ import annotations

import errno
import os
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from asyncinotify import Inotify, Mask

from indexer.paths import join, to_bytes, to_str
from indexer.scan.walk import open_folder

if TYPE_CHECKING:
    from collections.abc import Collection

    from asyncinotify import Event

    from indexer.scan.exclude import Excludes

# Not MODIFY: a file that is written is heard of when it is closed, not at each of its blocks.
_HEARD: Final = (
    *(Mask.CLOSE_WRITE, Mask.ATTRIB, Mask.CREATE, Mask.DELETE, Mask.MOVED_FROM, Mask.MOVED_TO),
    *(Mask.DELETE_SELF, Mask.MOVE_SELF),
)
_HOW: Final = (Mask.ONLYDIR, Mask.DONT_FOLLOW, Mask.EXCL_UNLINK)
_MASK: Final = Mask(sum(_HEARD) | sum(_HOW))
_AT_ONCE = 256  # events taken from the kernel at once; arbitrary

_LIMITS: Final = {errno.ENOSPC: "max_user_watches", errno.EMFILE: "max_user_instances"}
_SETTINGS: Final = Path("/proc/sys/fs/inotify")


class News(Enum):
    """What was heard."""

    NOTHING = auto()
    CHANGED = auto()
    LOST = auto()  # some of it was not heard, or the root itself went: watch it anew


class LimitReached(Exception):
    """The kernel lets this user watch no more folders; says which setting to raise."""

    def __init__(self, cause: OSError) -> None:
        setting = _LIMITS[cause.errno or errno.ENOSPC]
        try:
            now = int((_SETTINGS / setting).read_text("ascii"))
        except (OSError, ValueError):
            now = 0
        wanted = max(4 * now, 524_288 if setting == "max_user_watches" else 512)
        super().__init__(
            f"the limit fs.inotify.{setting}={now} is reached; `sudo sysctl "
            f"fs.inotify.{setting}={wanted}` raises it until the next boot, a file in "
            "/etc/sysctl.d for good"
        )


class WatchedTree:
    """All folders below one root, watched. Make it in a thread: it walks them."""

    def __init__(
        self, root: bytes, excludes: Excludes, never_enter: Collection[bytes] = ()
    ) -> None:
        """Raises LimitReached, and OSError where the root cannot be watched."""
        self._root = root
        self._excludes = excludes
        self._never_enter = frozenset(never_enter)
        self._folders: dict[int, bytes] = {}
        self._refused: LimitReached | None = None
        try:
            self._inotify = Inotify(cache_size=_AT_ONCE, sync_timeout=0)
        except OSError as exc:
            raise _limit(exc) or exc from exc
        try:
            self._add(root)
            self._add_below(root)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        """How many folders are watched."""
        return len(self._folders)

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.close()

    async def wait_events(self) -> None:
        """Until there is something to take."""
        await trio.lowlevel.wait_readable(self._inotify.fd)

    def take(self) -> News:
        """What was heard since the last time. Raises LimitReached."""
        news = News.NOTHING
        while (event := self._inotify.sync_get()) is not None:
            heard = self._heard(event)
            if heard is News.LOST:
                return heard
            if heard is News.CHANGED:
                news = heard
        return news

    def _heard(self, event: Event) -> News:
        if Mask.Q_OVERFLOW in event.mask:
            return News.LOST
        number = event.watch.wd if event.watch is not None else -1
        if event.mask & (Mask.IGNORED | Mask.UNMOUNT):
            folder = self._folders.pop(number, None)
            return News.LOST if folder == self._root else News.NOTHING
        folder = self._folders.get(number)
        if folder is None:
            return News.NOTHING  # it was moved away
        if event.mask & (Mask.DELETE_SELF | Mask.MOVE_SELF):
            return News.LOST if folder == self._root else News.NOTHING
        if event.name is None:  # the folder's own mode or owner
            return News.CHANGED
        return self._named(join(folder, to_bytes(event.name)), event.mask)

    def _named(self, path: bytes, mask: Mask) -> News:
        name = path.rpartition(b"/")[2]
        if Mask.ISDIR not in mask:
            return News.NOTHING if self._excludes.of_file(to_str(name)) else News.CHANGED
        if self._excludes.of_folder(to_str(path)) or path in self._never_enter:
            return News.NOTHING
        if mask & Mask.MOVED_FROM:
            self._forget(path)
        elif mask & (Mask.CREATE | Mask.MOVED_TO):
            self._add(path)
            self._add_below(path)
        return News.CHANGED

    def _add(self, folder: bytes) -> None:
        try:
            self._folders[self._inotify.add_watch(folder, _MASK).wd] = folder
        except OSError as exc:
            if limit := _limit(exc):
                raise limit from exc
            if folder == self._root:
                raise
            # Gone again, or closed to us: the indexer says so where it matters.

    def _add_below(self, top: bytes) -> None:
        """Each folder is watched before it is listed: what appears meanwhile is heard."""
        todo = [top]
        while todo:
            folder = todo.pop()
            for path in _folders_in(folder):
                if path not in self._never_enter and not self._excludes.of_folder(to_str(path)):
                    self._add(path)
                    todo.append(path)

    def _forget(self, top: bytes) -> None:
        """A folder that left: it would be heard of wherever it is now."""
        left = [n for n, path in self._folders.items() if path == top or _is_below(path, top)]
        for watch in self._inotify.watches:
            if watch.wd in left:
                del self._folders[watch.wd]
                self._inotify.rm_watch(watch)


def _limit(exc: OSError) -> LimitReached | None:
    return LimitReached(exc) if exc.errno in _LIMITS else None


def _is_below(path: bytes, top: bytes) -> bool:
    return path.startswith(top.rstrip(b"/") + b"/")


def _folders_in(folder: bytes) -> list[bytes]:
    """Without a trace in its access time where that is allowed; none where it can't be listed."""
    try:
        fd = open_folder(folder)
    except OSError as exc:
        if exc.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return []
    try:
        with os.scandir(fd) as entries:
            return [
                join(folder, to_bytes(entry.name))
                for entry in entries
                if entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
    finally:
        os.close(fd)
