"""What a cache above us, as the kernel's, may hold of each file: which bytes, out of which sources.

Whoever opens a file is told whether what the cache holds may stay. It may if all of it is of the
content that is opened now, and came out of the very source that is read now: another may have
rotted meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.model import ContentId, FileId

# Remembered for this many files that nobody has open (about 10 MB); an older one is read again
# from its source. Arbitrary.
_REMEMBERED: Final = 32_768


Origin = tuple["FileId", "ContentId"]  # the source that bytes came out of, and what they are


class Cached:
    """What a cache may hold of one file."""

    __slots__ = ("given", "latest", "origins", "users")

    def __init__(self, latest: ContentId) -> None:
        self.latest = latest  # the content with which the file was opened last
        self.given = 0  # how often bytes were
        self.origins: dict[Origin, int] = {}  # of what the cache may hold, and when last given
        self.users = 0  # who has the file open


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
        """Whether the file was opened with another content since."""
        return self._cached.latest != self._content

    def give(self, source: FileId) -> None:
        """Bytes out of a source go to the cache.

        Only now: that a file was opened may not have been told yet, and until then a cache goes
        on holding what it had.
        """
        cached, since = self._cached, self._since
        if since is not None:
            # What others were given since then may have come after the cache dropped what it had.
            cached.origins = {origin: at for origin, at in cached.origins.items() if at > since}
            self._since = None
        cached.given += 1
        cached.origins[source, self._content] = cached.given


class Caches:
    """What a cache may hold, file by file."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._remembered = remembered
        self._open: dict[FileId, Cached] = {}
        self._idle: OrderedDict[FileId, Cached] = OrderedDict()

    def open(self, file: FileId, content: ContentId, source: FileId) -> Use:
        """Somebody opens a file."""
        cached = self._open.get(file) or self._idle.pop(file, None) or Cached(content)
        self._open[file] = cached
        cached.users += 1
        cached.latest = content
        return Use(cached, content, source)

    def release(self, file: FileId) -> None:
        """Somebody closed it."""
        cached = self._open[file]
        cached.users -= 1
        if cached.users:
            return
        del self._open[file]
        if cached.origins:
            self._idle[file] = cached
            if len(self._idle) > self._remembered:
                self._idle.popitem(last=False)

    def drop(self, is_bad: Callable[[FileId, ContentId], bool]) -> Iterator[FileId]:
        """Files of which the cache must forget the bytes: a source did not hold their content."""
        known: dict[Origin, bool] = {}
        for file, cached in [*self._open.items(), *self._idle.items()]:
            for origin in cached.origins:
                if origin not in known:
                    known[origin] = is_bad(*origin)
                if known[origin]:
                    cached.origins = {}
                    yield file
                    break
