"""What a mount should answer, as a dictionary: the tree's paths, and what their sources held.

What is asked and changed is chosen by chance; every question compares the mount with the model.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

if TYPE_CHECKING:
    import random

    from mounted.conftest import Library

    from indexer.model import FileId

_DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_DENTRIES_AND_INODES = "2"
_PAGE = 4096


def may_drop_caches() -> bool:
    """Whether this user may make the kernel forget."""
    return os.access(_DROP_CACHES, os.W_OK)


def make_kernel_forget() -> None:
    """Drop every dentry and inode that nobody holds: FORGETs for those of the mount."""
    _DROP_CACHES.write_text(_DENTRIES_AND_INODES)


@dataclass(slots=True)
class Source:
    """A file on disk and what it held, the last of which it holds now."""

    relative: str
    file: FileId
    versions: list[bytes]

    @property
    def data(self) -> bytes:
        return self.versions[-1]


@dataclass(slots=True)
class Held:
    """An open file; what it may give are the bytes from when it was opened, and later ones."""

    fd: int
    source: Source
    since: int  # index of the version

    def may_give(self, shown: bytes, offset: int) -> bool:
        """Whether each page is one of a version; the kernel has one cache for all handles."""
        versions = self.source.versions[self.since :]
        ends = [*range(_PAGE - offset % _PAGE, len(shown), _PAGE), len(shown)]
        pieces = zip([0, *ends], ends, strict=False)
        return all(
            any(version[offset + start : offset + end] == shown[start:end] for version in versions)
            for start, end in pieces
        )


@dataclass(slots=True)
class Model:
    """What the tree shows: which source under which path."""

    library: Library
    chance: random.Random
    tree: dict[str, Source] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    inodes: dict[str, int] = field(default_factory=dict)  # of every source that was seen
    done: dict[str, int] = field(default_factory=dict)  # how often each was chosen

    # ---------------------------------------------------------------- changes

    def new_source(self) -> Source:
        relative = f"{len(self.sources)}.jpg"
        data = self._bytes()
        source = Source(relative, self.library.file(relative, data), [data])
        self.sources.append(source)
        return source

    def _bytes(self) -> bytes:
        size = self.chance.choice((0, 1, 4_095, 4_096, 4_097, 70_000, 300_000))
        return self.chance.randbytes(size)

    def place(self, source: Source) -> None:
        folder = self.chance.choice(("by-date", "by-date/2019", "originals/2019/2019-07-14"))
        path = f"{folder}/{self.chance.randrange(40):02}.jpg"
        self.library.maker.place(path, source.file)
        self.tree[path] = source

    def unplace(self, path: str) -> None:
        self.library.maker.unplace(path)
        del self.tree[path]

    def publish(self) -> None:
        """Names come, go and are given to others, and a source gets other bytes."""
        before = dict(self.tree)
        for path in self.chance.sample(sorted(self.tree), min(4, len(self.tree))):
            self.unplace(path)
        for _ in range(6):
            self.place(self.chance.choice(self.sources))
        if self.chance.random() < 0.5:
            self.rewrite(self.chance.choice(self.sources))
        self.place(self.new_source())
        self.library.publish()
        self.library.wait(lambda: all(map(self.is_as_known, before.keys() | self.tree.keys())))

    def rewrite(self, source: Source) -> None:
        source.versions.append(self._bytes())
        self.library.file(source.relative, source.data)

    def is_as_known(self, path: str) -> bool:
        """Whether the mount shows at a path what it should, bytes included."""
        source = self.tree.get(path)
        try:
            shown = (self.library.at / path).read_bytes()
        except FileNotFoundError:
            return source is None
        except OSError:
            return False
        return source is not None and shown == source.data

    # ---------------------------------------------------------------- questions

    def _path(self) -> tuple[str, Source]:
        return self.chance.choice(sorted(self.tree.items(), key=lambda item: item[0]))

    def stat(self) -> None:
        path, source = self._path()
        shown = (self.library.at / path).stat()
        on_disk = (self.library.top / source.relative).stat()
        links = sum(1 for other in self.tree.values() if other is source)
        assert (shown.st_size, shown.st_mtime_ns) == (len(source.data), on_disk.st_mtime_ns)
        assert shown.st_nlink == links
        assert shown.st_ino == self.inodes.setdefault(source.relative, shown.st_ino)

    def stat_missing(self) -> None:
        path = f"by-date/{self.chance.randrange(40, 80)}.jpg"
        assert not (self.library.at / path).exists()

    def read(self) -> None:
        path, source = self._path()
        assert (self.library.at / path).read_bytes() == source.data

    def open(self) -> None:
        path, source = self._path()
        fd = os.open(self.library.at / path, os.O_RDONLY)
        self.held.append(Held(fd, source, len(source.versions) - 1))

    def read_held(self) -> None:
        """A handle gives what was there when it was opened or came after, or says it cannot."""
        if not self.held:
            return
        held = self.chance.choice(self.held)
        is_unchanged = held.since == len(held.source.versions) - 1
        offset = self.chance.randrange(len(held.source.data) + 2)
        size = self.chance.choice((1, 5_000, 400_000))
        try:
            shown = os.pread(held.fd, size, offset)
        except OSError as exc:
            if exc.errno not in {errno.ESTALE, errno.EIO} or is_unchanged:
                raise
        else:
            assert held.may_give(shown, offset)
            assert not is_unchanged or shown == held.source.data[offset : offset + size]

    def close(self) -> None:
        if self.held:
            self._close(self.held.pop(self.chance.randrange(len(self.held))))

    def list(self) -> None:
        folder = self.chance.choice(sorted({os.path.dirname(path) for path in self.tree}))
        names = {
            path[len(folder) + 1 :].split("/")[0] for path in self.tree if path.startswith(folder)
        }
        shown = os.listdir(self.library.at / folder)
        assert len(shown) == len(set(shown))
        assert set(shown) == {name for name in names if name}

    def xattr(self) -> None:
        path, source = self._path()
        shown = os.getxattr(self.library.at / path, "user.mediafs.blake3")
        assert shown == blake3(source.data).hexdigest().encode()

    def forget(self) -> None:
        if may_drop_caches():
            make_kernel_forget()

    def release_all(self) -> None:
        while self.held:
            self._close(self.held.pop())

    def _close(self, held: Held) -> None:
        try:
            os.close(held.fd)
        except OSError as exc:
            # Its file got other bytes, and the kernel knows these as another inode.
            if exc.errno != errno.EIO or held.since == len(held.source.versions) - 1:
                raise
