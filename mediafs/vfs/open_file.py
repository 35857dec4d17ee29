"""One content that is open for reading, whichever source it is read from at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from mediafs.vfs.errors import SourceChanged, SourceUnavailable
from mediafs.vfs.reading import new_buffer
from mediafs.vfs.sources import Trouble

if TYPE_CHECKING:
    from indexer.catalog.rows import Source
    from indexer.model import ContentId
    from mediafs.vfs.cached import Use
    from mediafs.vfs.content import Content
    from mediafs.vfs.reading import Bytes, Reader


class OpenFile:
    """One content, open for reading under the name of one file."""

    __slots__ = (
        "_content",
        "_file",
        "_is_released",
        "_lock",
        "_reader",
        "_seen",
        "_sources",
        "_use",
        "size",
    )

    def __init__(
        self, sources: Content, own: Source, content: ContentId, reader: Reader, use: Use
    ) -> None:
        self._sources = sources
        self._file = own.file
        self._content = content
        self._reader = reader
        self._use = use
        self._lock: trio.Lock | None = None
        self._is_released = False
        self._seen = sources.version()
        self.size = own.stamp.size

    @property
    def is_as_before(self) -> bool:
        """Whether what a cache above us may hold of this file are these bytes, from this source."""
        return self._use.is_as_before

    async def read(self, offset: int, size: int) -> Bytes:
        """Up to `size` bytes at `offset`, fewer only at the end of the file.

        Raises SourceChanged or SourceUnavailable.
        """
        if self._is_released:  # the handle's number may be another file's by now
            raise SourceUnavailable(self._file)
        size = min(size, self.size - offset)
        if size <= 0:
            # That nothing is there is kept by a cache as well, where other bytes had more.
            self._give(self._reader)
            return b""
        if self._seen != self._sources.version():
            await self._look_again()
        buffer, reader = new_buffer(size), self._reader
        filled = reader.read_now(offset, buffer)
        # After the read: bytes that were written before it show in the stamp.
        found: Bytes = buffer
        if filled != size or not reader.is_sound():
            found, reader = await self._read_waiting(reader, offset, buffer, filled)
        self._give(reader)
        self._sources.counts.reads += 1
        self._sources.counts.bytes_read += size
        return found

    def _give(self, reader: Reader) -> None:
        # The file got other bytes meanwhile and was opened again: what a cache above us holds
        # under its number are the new bytes, and these must not be mixed in.
        if self._use.is_superseded:
            raise SourceChanged(self._file)
        self._use.give(reader.opened.source.file)

    async def _read_waiting(
        self, reader: Reader, offset: int, buffer: bytearray, filled: int
    ) -> tuple[Bytes, Reader]:
        tried: dict[Source, Trouble] = {}
        while True:
            source = reader.opened.source
            # Another read may find that this source fails, and close it.
            reader.opened.hold()
            try:
                found = await reader.read(offset, buffer, filled)
            finally:
                reader.opened.let_go()
            if not isinstance(found, Trouble):
                if self._seen == self._sources.version() or not self._sources.is_disproved(source):
                    return found, reader
                found = Trouble.ROTTEN
            tried[source] = await self._sources.explained(source, found)
            reader, filled = await self._fail_over(reader, tried), 0

    async def _look_again(self) -> None:
        """The catalog was written: what was found rotten since is not read on."""
        seen, source = self._sources.version(), self._reader.opened.source
        if self._sources.is_disproved(source):
            await self._fail_over(self._reader, {source: Trouble.ROTTEN})
        self._seen = seen

    async def _fail_over(self, failed: Reader, tried: dict[Source, Trouble]) -> Reader:
        """Put another source in place of one that failed, unless another read just did."""
        if self._lock is None:
            self._lock = trio.Lock()
        async with self._lock:
            if self._reader is failed:
                failed.drop()
                other = await self._sources.open_other(
                    failed.opened.source, self._file, self._content, tried
                )
                if self._is_released:
                    other.release()
                    raise SourceUnavailable(self._file)
                self._reader = other
                failed.release()
            elif self._is_released:
                raise SourceUnavailable(self._file)
            return self._reader

    def fileno(self) -> int:
        """The handle of the source that is read now: to ask who may read it."""
        return self._reader.opened.fd

    def release(self) -> None:
        """Close what was opened; a read that is under way still gets its bytes."""
        self._is_released = True
        self._reader.release()
        self._sources.caches.release(self._file)
