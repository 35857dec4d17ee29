"""Whose bytes are given for a file of the tree, and what is given instead when they fail.

A file of the tree stands for one content, a BLAKE3 digest. Its bytes are given from any
source whose stamp says that it still holds them: when the file itself does not fit, vanished
or fails, also in the middle of a read, the next identical copy takes its place. Bytes of
another content are never given. Reading on is open_file.py, opening a source sources.py, and
reading it reading.py.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from indexer.catalog import facts, generations, history, tree
from indexer.paths import join
from mediafs.vfs.cached import Caches
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable
from mediafs.vfs.open_file import OpenFile
from mediafs.vfs.plugged import Plugged
from mediafs.vfs.read_ahead import Ahead, Counts
from mediafs.vfs.reading import Bytes, Reader
from mediafs.vfs.sources import Opened, Sources, Trouble, innermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import apsw

    from indexer.catalog.rows import RootRow, Source
    from indexer.model import ContentId, FileId
    from mediafs.vfs.refresh import Forget

__all__ = ["Bytes", "Content", "Counts", "OpenFile", "Trouble"]

_REMEMBERED: Final = 32_768  # files that were passed on as not being as indexed; arbitrary
# Asking whether another process wrote takes 8 microseconds, a cached read of 128 KiB 20: so
# long may a file be read on that was just found rotten.
_LOOK_SECONDS: Final = 0.1

_IS_STALE: Final = frozenset({Trouble.CHANGED, Trouble.VANISHED})
# What only the next reindex can put right, as the catalog names it.
_SUSPECT: Final = {
    Trouble.CHANGED: "changed",
    Trouble.VANISHED: "vanished",
    Trouble.UNREADABLE: "unreadable",
}


class Content:
    """The sources of one catalog.

    `suspect` is told of each file that is not as it was indexed, once for each reason and
    generation: 'changed', 'vanished' or 'unreadable'. It must not wait.
    """

    def __init__(
        self,
        db: apsw.Connection,
        host: str,
        counts: Counts,
        suspect: Callable[[FileId, str], None] = lambda _file, _why: None,
    ) -> None:
        self._db = db
        self._host = host
        self._suspect = suspect
        self._suspected: dict[FileId, tuple[str, int]] = {}
        self._sources = Sources()
        self._ahead = Ahead(self._sources, counts)
        self.caches = Caches()
        self.plugged = Plugged(db, host, self._sources)
        self._complaints = Complaints()
        self._version, self._look_at = 0, 0.0
        self.counts = counts

    async def open(self, file: FileId) -> OpenFile:
        """Open a source with the bytes of a file.

        Raises NoSuchEntry, SourceChanged or SourceUnavailable.
        """
        while True:
            own = tree.source(self._db, file, self._host)
            if own is None:
                raise NoSuchEntry(file)
            if own.content is None:
                is_here = self._is_online(own) or await self.plugged.ask(own.root)
                trouble = Trouble.UNKNOWN if is_here else Trouble.OFFLINE
                self._note(own, trouble)
                raise self._refusal(own, trouble)
            opened = None
            if own.state == "present" and self._is_online(own):
                opened = self._sources.open_now(own)
            if opened is None:
                opened = await self._open_any(own, own.content, {})
                # Who began later, with other bytes, may have been faster.
                now = tree.source(self._db, file, self._host)
                if now is not None and now.content != own.content:
                    opened.let_go()
                    continue
            self.counts.opens += 1
            size = own.stamp.size
            use = self.caches.open(file, own.content, opened.source.file, size)
            return OpenFile(self, own, own.content, Reader(opened, self._ahead), use)

    # ------------------------------------------------------------------ what is known meanwhile

    def version(self) -> int:
        """Another number after another process wrote to the catalog, a moment later at most."""
        now = time.monotonic()
        if now >= self._look_at:
            self._version = int(self._db.pragma("data_version"))
            self._look_at = now + _LOOK_SECONDS
        return self._version

    def is_disproved(self, source: Source) -> bool:
        """Whether a source turned out not to hold the bytes that its stamp stands for."""
        now = tree.source(self._db, source.file, self._host)
        if now is None:
            return False
        if now.content == source.content:
            return now.state == "unreadable"
        return now.stamp == source.stamp

    def forget_disproved(self, forget: Forget) -> None:
        """Add the files whose bytes a cache may hold out of sources that do not hold them."""
        changed = {file for inode in forget.files() if (file := tree.file_of_inode(inode))}

        def is_bad(source: FileId, content: ContentId) -> bool:
            now = tree.source(self._db, source, self._host)
            if now is None:
                return False
            return now.state == "unreadable" or (forget.is_all and now.content != content)

        for file in self.caches.drop(is_bad, None if forget.is_all else changed):
            forget.bytes[tree.inode_of_file(file)] = None
        # Who reads on from now is not to be answered by an older look.
        self._look_at = 0.0

    # ------------------------------------------------------------------ one of several sources

    async def open_other(
        self, failed: Source, file: FileId, content: ContentId, tried: dict[Source, Trouble]
    ) -> Reader:
        """Another source of the content than those tried; raises the file's own trouble."""
        own = tree.source(self._db, file, self._host) or failed
        self._note(failed, tried[failed])
        opened = await self._open_any(own, content, tried)
        self.counts.failovers += 1
        return Reader(opened, self._ahead)

    async def _open_any(
        self, own: Source, content: ContentId, tried: dict[Source, Trouble]
    ) -> Opened:
        """The first source of a content that opens and fits: the file itself, then its copies."""
        absent = []
        for source in self._candidates(own, content):
            if source in tried:
                continue
            if source.state == "present" and not self._is_online(source):
                absent.append(source)
                continue
            opened = await self._open_noting(source, tried)
            if opened is not None:
                if own in absent:
                    self._note(own, Trouble.OFFLINE)
                return opened
        # Nothing that is surely here has the bytes: the catalog may be behind.
        for source in absent:
            if await self.plugged.ask(source.root):
                opened = await self._open_noting(source, tried)
                if opened is not None:
                    return opened
            else:
                tried[source] = Trouble.OFFLINE
                if source == own:
                    self._note(own, Trouble.OFFLINE)
        if own not in tried:  # the catalog knows other bytes for the file by now
            self._complain(own, Trouble.CHANGED)
        raise self._refusal(own, tried.get(own, Trouble.CHANGED))

    def _candidates(self, own: Source, content: ContentId) -> Iterator[Source]:
        if own.content == content:
            yield own
        for copy in tree.copies(self._db, content, self._host):
            if copy.file != own.file:
                yield copy

    def is_root_here(self, root: RootRow) -> bool:
        """Whether the files of a root can be opened, as far as is known."""
        is_online = root.online or self.plugged.is_here(root.id)
        return is_online and root.host == self._host

    def _is_online(self, source: Source) -> bool:
        return source.is_online or self.plugged.is_here(source.root)

    async def _open_noting(self, source: Source, tried: dict[Source, Trouble]) -> Opened | None:
        opened = await self._open_one(source)
        if isinstance(opened, Opened):
            return opened
        tried[source] = opened
        self._note(source, opened)
        return None

    async def _open_one(self, source: Source) -> Opened | Trouble:
        if source.state == "gone":
            return Trouble.VANISHED
        if source.state == "unreadable":
            return Trouble.ROTTEN
        self.counts.open_waits += 1
        found = await self._sources.open(source)
        return found if isinstance(found, Opened) else await self.explained(source, found)

    # ------------------------------------------------------------------ what went wrong

    async def explained(self, source: Source, trouble: Trouble) -> Trouble:
        """The trouble, or OFFLINE where the disk that a source was on is not there now."""
        if trouble not in {Trouble.VANISHED, Trouble.UNREADABLE}:
            return trouble
        top, device = self._disk_of(source)
        is_absent = await self._sources.is_absent(source, top, device)
        return Trouble.OFFLINE if is_absent else trouble

    def _disk_of(self, source: Source) -> tuple[bytes, str | None]:
        """The folder that a source's filesystem was mounted at or above, and which one it was."""
        mounted = history.mounted_folders(self._db, source.root)
        folder = innermost(list(mounted), source.path)
        if folder is not None:
            return join(source.root_path, folder), mounted[folder]
        devices = [root.device for root in facts.roots(self._db) if root.id == source.root]
        return source.root_path, devices[0] if devices else None

    def _refusal(self, own: Source, trouble: Trouble) -> SourceChanged | SourceUnavailable:
        self.counts.refusals += 1
        return (SourceChanged if trouble in _IS_STALE else SourceUnavailable)(own.file)

    def _complain(self, source: Source, trouble: Trouble) -> None:
        self._complaints.about(join(source.root_path, source.path), trouble.value)

    def _note(self, source: Source, trouble: Trouble) -> None:
        self._complain(source, trouble)
        why = _SUSPECT.get(trouble)
        if why is None or source.state != "present":  # the catalog knows
            return
        reason = why, generations.newest(self._db)
        if self._suspected.get(source.file) == reason:
            return
        if len(self._suspected) >= _REMEMBERED:
            self._suspected.clear()
        self._suspected[source.file] = reason
        self._suspect(source.file, why)
