"""Whose bytes are given for a file of the tree, and what is given instead when they fail.

A file of the tree stands for one content, a BLAKE3 digest. Its bytes are given from any
source whose stamp says that it still holds them: when the file itself does not fit, vanished
or fails, also in the middle of a read, the next identical copy takes its place. Bytes of
another content are never given. Opening is sources.py, reading is reading.py.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import trio

from indexer.catalog import facts, history, tree
from indexer.paths import join
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable
from mediafs.vfs.read_ahead import Ahead, Counts
from mediafs.vfs.reading import Bytes, Reader, new_buffer
from mediafs.vfs.sources import Opened, Sources, Trouble, innermost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import apsw

    from indexer.catalog.rows import Source
    from indexer.model import ContentId, FileId

__all__ = ["Bytes", "Content", "Counts", "OpenFile", "Trouble"]

# Which content the page cache above us may hold is remembered for this many files (about
# 6 MB); an older one is read again from its source. Arbitrary.
_REMEMBERED: Final = 32_768
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


class OpenFile:
    """One content, open for reading under the name of one file."""

    __slots__ = (
        "_content",
        "_file",
        "_lock",
        "_reader",
        "_seen",
        "_sources",
        "_used",
        "is_as_before",
        "size",
    )

    def __init__(self, sources: Content, own: Source, content: ContentId, reader: Reader) -> None:
        self._sources = sources
        self._file = own.file
        self._content = content
        self._reader = reader
        # A read of another task may still use the handle of a source that failed, so they
        # are closed together at the end.
        self._used = [reader]
        self._lock: trio.Lock | None = None
        self._seen = sources.version()
        self.size = own.stamp.size
        # What a cache above us may hold of this file are these bytes, out of this source.
        self.is_as_before = sources.remember(own.file, content, reader.opened.source.file)

    async def read(self, offset: int, size: int) -> Bytes:
        """Up to `size` bytes at `offset`, fewer only at the end of the file.

        Raises SourceChanged or SourceUnavailable.
        """
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        if self._seen != self._sources.version():
            await self._look_again()
        buffer, reader = new_buffer(size), self._reader
        filled = reader.read_now(offset, buffer)
        # After the read: bytes that were written before it show in the stamp.
        is_done = filled == size and reader.is_sound()
        found = buffer if is_done else await self._read_waiting(reader, offset, buffer, filled)
        # The file got other bytes meanwhile and was opened again: what a cache above us holds
        # under its number are the new bytes, and these must not be mixed in.
        if self._sources.is_superseded(self._file, self._content):
            raise SourceChanged(self._file)
        self._sources.counts.reads += 1
        self._sources.counts.bytes_read += size
        return found

    async def _read_waiting(
        self, reader: Reader, offset: int, buffer: bytearray, filled: int
    ) -> Bytes:
        tried: dict[Source, Trouble] = {}
        while True:
            found = await reader.read(offset, buffer, filled)
            if not isinstance(found, Trouble):
                return found
            tried[reader.opened.source] = await self._sources.explained(reader.opened.source, found)
            reader, filled = await self._fail_over(reader, tried), 0

    async def _look_again(self) -> None:
        """The catalog was written: what was found rotten since is not read on."""
        seen, reader = self._sources.version(), self._reader
        if self._sources.is_rotten(reader.opened.source):
            await self._fail_over(reader, {reader.opened.source: Trouble.ROTTEN})
        self._seen = seen

    async def _fail_over(self, failed: Reader, tried: dict[Source, Trouble]) -> Reader:
        """Put another source in place of one that failed, unless another read just did."""
        if self._lock is None:
            self._lock = trio.Lock()
        async with self._lock:
            if self._reader is failed:
                failed.drop()
                self._reader = await self._sources.open_other(
                    failed.opened.source, self._file, self._content, tried
                )
                self._used.append(self._reader)
            return self._reader

    def fileno(self) -> int:
        """The handle of the source that is read now: to ask who may read it."""
        return self._reader.opened.fd

    def release(self) -> None:
        """Close what was opened; no read may be under way."""
        while self._used:
            self._used.pop().release()


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
        self._latest: OrderedDict[FileId, tuple[ContentId, FileId]] = OrderedDict()
        self._complaints = Complaints()
        self._version, self._look_at = 0, 0.0
        self.counts = counts

    async def open(self, file: FileId) -> OpenFile:
        """Open a source with the bytes of a file.

        Raises NoSuchEntry, SourceChanged or SourceUnavailable.
        """
        own = tree.source(self._db, file, self._host)
        if own is None:
            raise NoSuchEntry(file)
        if own.content is None:
            trouble = Trouble.UNKNOWN if own.is_online else Trouble.OFFLINE
            self._note(own, trouble)
            raise self._refusal(own, trouble)
        opened = None
        if own.is_online and own.state == "present":
            opened = self._sources.open_now(own)
        if opened is None:
            opened = await self._open_any(own, own.content, {})
        self.counts.opens += 1
        return OpenFile(self, own, own.content, Reader(opened, self._ahead))

    # ------------------------------------------------------------------ what is known meanwhile

    def remember(self, file: FileId, content: ContentId, source: FileId) -> bool:
        """Note what a file's bytes are from now on; whether that is what they were.

        The same bytes out of another source are not: the one before may have rotted.
        """
        before = self._latest.pop(file, None)
        self._latest[file] = content, source
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)
        return before == (content, source)

    def is_superseded(self, file: FileId, content: ContentId) -> bool:
        """Whether the file was opened with other bytes since."""
        latest = self._latest.get(file)
        return latest is not None and latest[0] != content

    def version(self) -> int:
        """Another number after another process wrote to the catalog, a moment later at most."""
        now = time.monotonic()
        if now >= self._look_at:
            self._version = int(self._db.pragma("data_version"))
            self._look_at = now + _LOOK_SECONDS
        return self._version

    def is_rotten(self, source: Source) -> bool:
        """Whether a source turned out not to hold the bytes that its stamp stands for."""
        now = tree.source(self._db, source.file, self._host)
        return now is not None and now.content == source.content and now.state == "unreadable"

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
        for source in self._candidates(own, content):
            if source in tried:
                continue
            opened = await self._open_one(source)
            if isinstance(opened, Opened):
                return opened
            tried[source] = opened
            self._note(source, opened)
        if own not in tried:  # the catalog knows other bytes for the file by now
            self._complain(own, Trouble.CHANGED)
        raise self._refusal(own, tried.get(own, Trouble.CHANGED))

    def _candidates(self, own: Source, content: ContentId) -> Iterator[Source]:
        if own.content == content:
            yield own
        for copy in tree.copies(self._db, content, self._host):
            if copy.file != own.file and copy.is_online:
                yield copy

    async def _open_one(self, source: Source) -> Opened | Trouble:
        if source.state == "gone":
            return Trouble.VANISHED
        if not source.is_online:
            return Trouble.OFFLINE
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
        reason = why, facts.generation(self._db)
        if self._suspected.get(source.file) == reason:
            return
        if len(self._suspected) >= _REMEMBERED:
            self._suspected.clear()
        self._suspected[source.file] = reason
        self._suspect(source.file, why)
