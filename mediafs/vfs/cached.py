"""What a cache above us, as the kernel's, may hold of each file: which bytes, out of which sources.

Whoever opens a file is told whether what the cache holds may stay. It may if all of it is of the
content that is opened now, and came out of the very source that is read now: another may have
rotted meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.model import ContentId, FileId

# Remembered for this many files that nobody has open (about 10 MB); an older one is read again
# from its source. Arbitrary.
_REMEMBERED: Final = 32_768


Origin = tuple["FileId", "ContentId"]  # the source that bytes came out of, and what they are


class Cached:
    """What a cache may hold of one file."""

    __slots__ = ("elsewhere", "file", "given", "is_mixed", "latest", "origins", "users")

    def __init__(self, file: FileId, elsewhere: Elsewhere) -> None:
        self.file = file
        self.elsewhere = elsewhere
        self.latest: ContentId | None = None  # the content with which the file was opened last
        self.is_mixed = False  # with another than somebody has open
        self.given = 0  # how often bytes were
        self.origins: dict[Origin, int] = {}  # of what the cache may hold, and when last given
        self.users = 0  # who has the file open

    def keep(self, since: float = float("inf")) -> None:
        """The cache dropped what it was given until then."""
        before = self.origins
        self.origins = {origin: at for origin, at in before.items() if at > since}
        for source in {source for source, _ in before} - {source for source, _ in self.origins}:
            self.elsewhere.discard(source, self.file)


class Elsewhere:
    """Files of which a cache may hold bytes out of other files' sources."""

    def __init__(self) -> None:
        self._files: dict[FileId, set[FileId]] = {}  # by source

    def add(self, source: FileId, file: FileId) -> None:
        """Some came out of this source."""
        self._files.setdefault(source, set()).add(file)

    def discard(self, source: FileId, file: FileId) -> None:
        """None are left out of this source."""
        files = self._files.get(source)
        if files is not None:
            files.discard(file)
            if not files:
                del self._files[source]

    def of(self, source: FileId) -> set[FileId]:
        """The files with bytes out of this source."""
        return self._files.get(source, set())


class Use:
    """One who has a file open, as the cache sees it."""

    __slots__ = ("_cached", "_content", "_since", "is_as_before")

    def __init__(self, cached: Cached, content: ContentId, source: FileId) -> None:
        self._cached = cached
        self._content = content
        self.is_as_before = cached.origins.keys() == {(source, content)}
        # Else the cache drops what it has before it asks this one for the first time.
        self._since = None if self.is_as_before else cached.given

    @property
    def is_superseded(self) -> bool:
        """Whether the file was opened with another content since, or renewed."""
        return self._cached.latest != self._content

    def give(self, source: FileId) -> None:
        """Bytes out of a source go to the cache.

        Only now: that a file was opened may not have been told yet, and until then a cache goes
        on holding what it had.
        """
        cached = self._cached
        if self._since is not None:
            # What others were given since then may have come after the cache dropped what it had.
            cached.keep(self._since)
            self._since = None
        origin, origins = (source, self._content), cached.origins
        if source != cached.file and origin not in origins:
            cached.elsewhere.add(source, cached.file)
        cached.given += 1
        origins[origin] = cached.given


class Caches:
    """What a cache may hold, file by file."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._open: dict[FileId, Cached] = {}
        self._idle: OrderedDict[FileId, Cached] = OrderedDict()
        self._elsewhere = Elsewhere()
        self.sizes: dict[FileId, int] = {}  # of files that are open, as they were opened last

    def open(self, file: FileId, content: ContentId, source: FileId, size: int = 0) -> Use:
        """Somebody opens a file of so many bytes."""
        cached = self._open.get(file) or self._idle.pop(file, None)
        if cached is None:
            cached = Cached(file, self._elsewhere)
        self._open[file] = cached
        cached.is_mixed |= cached.users > 0 and cached.latest not in {None, content}
        cached.users += 1
        cached.latest = content
        self.sizes[file] = size
        return Use(cached, content, source)

    def is_mixed(self, file: FileId) -> bool:
        """Whether a file was opened with another content than somebody else has open."""
        cached = self._open.get(file)
        return cached is not None and cached.is_mixed

    def renew(self, file: FileId) -> None:
        """The cache knows a file as a new one, of which it has nothing; the old one is superseded.

        So it stays where the cache cannot tell them apart.
        """
        before = self._open.get(file)
        if before is None:
            return
        before.keep()
        before.latest = None
        self._open[file] = renewed = Cached(file, self._elsewhere)
        renewed.users = before.users
        self.sizes.pop(file, None)

    def release(self, file: FileId) -> None:
        """Somebody closed it."""
        cached = self._open[file]
        cached.users -= 1
        if cached.users:
            return
        cached.is_mixed = False
        del self._open[file]
        self.sizes.pop(file, None)
        if cached.origins:
            self._idle[file] = cached
            if len(self._idle) > self._remembered:
                self._idle.popitem(last=False)[1].keep()

    def drop(
        self, is_bad: Callable[[FileId, ContentId], bool], sources: set[FileId] | None = None
    ) -> list[FileId]:
        """Files of which the cache must forget the bytes: a source did not hold their content.

        Only these sources are asked about, if it is known which, at a cost that follows from them.
        """
        files: set[FileId]
        if sources is None:
            files = {*self._open, *self._idle}
        else:
            files = sources.union(*map(self._elsewhere.of, sources))
        known: dict[Origin, bool] = {}
        dropped = []
        for file in files:
            cached = self._open.get(file) or self._idle.get(file)
            for origin in () if cached is None else cached.origins:
                if sources is not None and origin[0] not in sources:
                    continue
                if origin not in known:
                    known[origin] = is_bad(*origin)
                if known[origin]:
                    dropped.append(file)
                    break
        for file in dropped:
            (self._open.get(file) or self._idle[file]).keep()
        return dropped
