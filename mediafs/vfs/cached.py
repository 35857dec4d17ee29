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


class Cached:
    """What a cache may hold of one file."""

    __slots__ = ("content", "given", "latest", "sources", "users")

    def __init__(self, latest: ContentId) -> None:
        self.latest = latest  # the content with which the file was opened last
        self.content: ContentId | None = None  # of what the cache holds
        self.sources: frozenset[FileId] = frozenset()  # out of which that came
        self.given = 0  # how often bytes were
        self.users = 0  # who has the file open


class Use:
    """One who has a file open, as the cache sees it."""

    __slots__ = ("_cached", "_content", "_since", "is_as_before")

    def __init__(self, cached: Cached, content: ContentId, source: FileId) -> None:
        self._cached = cached
        self._content = content
        self.is_as_before = cached.content == content and cached.sources == {source}
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
        cached = self._cached
        if self._since is not None or source not in cached.sources:
            self._add(source)
        cached.given += 1

    def _add(self, source: FileId) -> None:
        cached = self._cached
        # What others were given since then may have come after the cache dropped what it had.
        is_fresh = self._since == cached.given or cached.content != self._content
        cached.sources = frozenset({source}) if is_fresh else cached.sources | {source}
        cached.content, self._since = self._content, None


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
        if cached.sources:
            self._idle[file] = cached
            if len(self._idle) > self._remembered:
                self._idle.popitem(last=False)

    def drop(self, is_bad: Callable[[FileId, ContentId], bool]) -> Iterator[FileId]:
        """Files of which the cache must forget the bytes: a source did not hold their content."""
        known: dict[tuple[FileId, ContentId], bool] = {}
        for file, cached in [*self._open.items(), *self._idle.items()]:
            if cached.content is None:
                continue
            for source in cached.sources:
                key = source, cached.content
                if key not in known:
                    known[key] = is_bad(*key)
                if known[key]:
                    cached.sources, cached.content = frozenset(), None
                    yield file
                    break
