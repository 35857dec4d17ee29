"""Open the source of a file and read it; nothing else in mediafs does.

A file of the tree stands for one content, a BLAKE3 digest. Its bytes are given from any
source whose stamp says that it still holds them: when the file itself does not fit, vanished
or fails, also in the middle of a read, the next identical copy takes its place. Bytes of
another content are never given.

The loop never waits for a disk: opening happens in a thread, and so does reading what is not
in the page cache. Each root has its own threads, so that a dead NAS does not stop the others.
"""

from __future__ import annotations

import errno
import os
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import trio

from indexer.catalog import tree
from indexer.paths import join
from indexer.source import open_beneath, open_root, stamp_of
from mediafs.vfs.complaints import Complaints
from mediafs.vfs.errors import NoSuchEntry, SourceChanged, SourceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from indexer.catalog.rows import Source
    from indexer.model import ContentId, FileId, RootId, Stamp

Bytes = bytes | bytearray

# Enough for a disk to sort its queue, few enough for a NAS; arbitrary.
_THREADS_PER_ROOT = 8
# Which content the page cache above us may hold is remembered for this many files (about
# 4 MB); an older one is read again from its source. Arbitrary.
_REMEMBERED = 32_768
_NO_WAIT = getattr(os, "RWF_NOWAIT", 0)
_VANISHED = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.ESTALE})


class Trouble(Enum):
    """Why a source does not give its bytes, as a warning says it."""

    CHANGED = "is not what was indexed any more; run `mediafs reindex`"
    VANISHED = "is no longer there; run `mediafs reindex`"
    OFFLINE = "is on a disk that does not answer; plug it in"
    UNREADABLE = "cannot be read; check the disk and the permissions"
    UNKNOWN = "was never read; run `mediafs reindex`"


_IS_STALE = frozenset({Trouble.CHANGED, Trouble.VANISHED})


@dataclass(slots=True, eq=False)
class _Opened:
    source: Source
    fd: int
    may_wait: bool = not _NO_WAIT  # True once it refused to say whether reading would wait


@dataclass(slots=True)
class Counts:
    """How often what happened; counted because it is hard to time."""

    opens: int = 0
    reads: int = 0
    waits: int = 0  # reads that went to a thread
    bytes_read: int = 0
    failovers: int = 0
    refusals: int = 0  # opens and reads for which no source was left


class OpenFile:
    """One content, open for reading under the name of one file."""

    __slots__ = (
        "_content",
        "_file",
        "_lock",
        "_opened",
        "_sources",
        "_used",
        "is_as_before",
        "size",
    )

    def __init__(self, sources: Content, own: Source, content: ContentId, opened: _Opened) -> None:
        self._sources = sources
        self._file = own.file
        self._content = content
        self._opened = opened
        # A read of another task may still use the handle of a source that failed, so they
        # are closed together at the end.
        self._used = [opened]
        self._lock = trio.Lock()
        self.size = own.stamp.size
        # What a cache above us may hold of this file are these bytes.
        self.is_as_before = sources.remember(own.file, content)

    async def read(self, offset: int, size: int) -> Bytes:
        """Up to `size` bytes at `offset`, fewer only at the end of the file.

        Raises SourceChanged or SourceUnavailable.
        """
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        found: Bytes | None = self._sources.read_cached(self._opened, offset, size)
        if found is None:
            found = await self._read_waiting(offset, size)
        # The file got other bytes meanwhile and was opened again: what a cache above us holds
        # under its number are the new bytes, and these must not be mixed in.
        if self._sources.is_superseded(self._file, self._content):
            raise SourceChanged(self._file)
        self._sources.counts.reads += 1
        self._sources.counts.bytes_read += size
        return found

    async def _read_waiting(self, offset: int, size: int) -> Bytes:
        tried: dict[Source, Trouble] = {}
        while True:
            opened = self._opened
            found = await self._sources.read_waiting(opened, offset, size)
            if not isinstance(found, Trouble):
                return found
            tried[opened.source] = found
            await self._fail_over(opened, tried)

    async def _fail_over(self, failed: _Opened, tried: dict[Source, Trouble]) -> None:
        """Put another source in place of one that failed, unless another read just did."""
        async with self._lock:
            if self._opened is failed:
                self._opened = await self._sources.open_other(
                    failed, self._file, self._content, tried
                )
                self._used.append(self._opened)

    def release(self) -> None:
        """Close what was opened; no read may be under way."""
        while self._used:
            os.close(self._used.pop().fd)


class Content:
    """The sources of one catalog."""

    def __init__(self, db: apsw.Connection, host: str, counts: Counts) -> None:
        self._db = db
        self._host = host
        self._limiters: dict[RootId, trio.CapacityLimiter] = {}
        self._latest: OrderedDict[FileId, ContentId] = OrderedDict()
        self._complaints = Complaints()
        self.counts = counts

    async def open(self, file: FileId) -> OpenFile:
        """Open a source with the bytes of a file.

        Raises NoSuchEntry, SourceChanged or SourceUnavailable.
        """
        own = tree.source(self._db, file, self._host)
        if own is None:
            raise NoSuchEntry(file)
        if own.content is None:
            raise self._refusal(own, Trouble.UNKNOWN if own.is_online else Trouble.OFFLINE)
        opened = await self._open_any(own, own.content, {})
        self.counts.opens += 1
        return OpenFile(self, own, own.content, opened)

    def remember(self, file: FileId, content: ContentId) -> bool:
        """Note what a file's bytes are from now on; whether that is what they were."""
        before = self._latest.pop(file, None)
        self._latest[file] = content
        if len(self._latest) > _REMEMBERED:
            self._latest.popitem(last=False)
        return before == content

    def is_superseded(self, file: FileId, content: ContentId) -> bool:
        """Whether the file was opened with other bytes since."""
        return self._latest.get(file, content) != content

    def read_cached(self, opened: _Opened, offset: int, size: int) -> bytearray | None:
        """The bytes, if they are in memory and belong to the content; None says nothing."""
        if opened.may_wait:
            return None
        # A new one each time: using one buffer again measured a third slower.
        buffer = bytearray(size)
        try:
            count = os.preadv(opened.fd, [buffer], offset, _NO_WAIT)
            # After the read: bytes that were written before it show in the stamp.
            is_good = count == size and _fits(opened)
        except BlockingIOError:
            return None
        except OSError:
            # EOPNOTSUPP on NFS, SMB and FUSE, where fstat() may wait as well.
            opened.may_wait = True
            return None
        return buffer if is_good else None

    async def read_waiting(self, opened: _Opened, offset: int, size: int) -> Bytes | Trouble:
        """The bytes, however long it takes, or why they cannot be had from this source."""
        self.counts.waits += 1
        found = await trio.to_thread.run_sync(
            _read_fully, opened, offset, size, limiter=self._limiter(opened.source.root)
        )
        if isinstance(found, Trouble):
            self._complain(opened.source, found)
        return found

    async def open_other(
        self, failed: _Opened, file: FileId, content: ContentId, tried: dict[Source, Trouble]
    ) -> _Opened:
        """Another source of the content than those tried; raises the file's own trouble."""
        own = tree.source(self._db, file, self._host) or failed.source
        opened = await self._open_any(own, content, tried)
        self.counts.failovers += 1
        return opened

    async def _open_any(
        self, own: Source, content: ContentId, tried: dict[Source, Trouble]
    ) -> _Opened:
        """The first source of a content that opens and fits: the file itself, then its copies."""
        for source in self._candidates(own, content):
            if source in tried:
                continue
            outcome = await self._open_one(source)
            if isinstance(outcome, _Opened):
                return outcome
            tried[source] = outcome
            self._complain(source, outcome)
        # The catalog knows other bytes for the file by now where it was not even tried.
        raise self._refusal(own, tried.get(own, Trouble.CHANGED))

    def _candidates(self, own: Source, content: ContentId) -> Iterator[Source]:
        if own.content == content:
            yield own
        for copy in tree.copies(self._db, content, self._host):
            if copy.file != own.file and copy.is_online:
                yield copy

    async def _open_one(self, source: Source) -> _Opened | Trouble:
        if not source.is_online:
            return Trouble.OFFLINE
        return await trio.to_thread.run_sync(
            _open_source, source, limiter=self._limiter(source.root)
        )

    def _limiter(self, root: RootId) -> trio.CapacityLimiter:
        if root not in self._limiters:
            self._limiters[root] = trio.CapacityLimiter(_THREADS_PER_ROOT)
        return self._limiters[root]

    def _refusal(self, own: Source, trouble: Trouble) -> SourceChanged | SourceUnavailable:
        self.counts.refusals += 1
        self._complain(own, trouble)
        return (SourceChanged if trouble in _IS_STALE else SourceUnavailable)(own.file)

    def _complain(self, source: Source, trouble: Trouble) -> None:
        self._complaints.about(join(source.root_path, source.path), trouble.value)


# ------------------------------------------------------------------ in a thread, may be slow


def _open_source(source: Source) -> _Opened | Trouble:
    try:
        root_fd = open_root(source.root_path)
    except OSError:
        return Trouble.OFFLINE
    try:
        opened = _Opened(source, open_beneath(root_fd, source.path))
    except OSError as exc:
        return _trouble(exc, root_fd)
    finally:
        os.close(root_fd)
    return opened if _fits_now(opened) else _closed(opened, Trouble.CHANGED)


def _trouble(exc: OSError, root_fd: int) -> Trouble:
    if exc.errno not in _VANISHED:
        return Trouble.UNREADABLE
    # The mount point of an unplugged disk is an empty directory: nothing vanished.
    return Trouble.VANISHED if _has_entries(root_fd) else Trouble.OFFLINE


def _has_entries(folder_fd: int) -> bool:
    try:
        with os.scandir(folder_fd) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _closed(opened: _Opened, trouble: Trouble) -> Trouble:
    os.close(opened.fd)
    return trouble


def _fits_now(opened: _Opened) -> bool:
    try:
        return _fits(opened)
    except OSError:
        return False


def _read_fully(opened: _Opened, offset: int, size: int) -> bytearray | Trouble:
    buffer = bytearray(size)
    view = memoryview(buffer)
    try:
        while view and (count := os.preadv(opened.fd, [view], offset + size - len(view))):
            view = view[count:]
        is_good = not view and _fits(opened)
    except OSError as exc:
        return Trouble.VANISHED if exc.errno == errno.ESTALE else Trouble.UNREADABLE
    return buffer if is_good else Trouble.CHANGED


# ------------------------------------------------------------------ about a microsecond


def _fits(opened: _Opened) -> bool:
    """Whether an open source is still under the stamp with which its bytes were read."""
    known: Stamp = opened.source.stamp
    return stamp_of(os.fstat(opened.fd), has_stable_inodes=known.inode is not None) == known
