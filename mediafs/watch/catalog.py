"""What others write into the catalog: roots that came or went, files that a mount met changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.catalog import facts, open_reader, suspects
from indexer.errors import CatalogMissing
from indexer.roots import host

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import RootRow


@dataclass(frozen=True, slots=True)
class Read:
    """What the catalog says now."""

    roots: list[RootRow]  # of this machine
    suspected: frozenset[bytes]  # roots of files that became suspect since the last look


@dataclass(slots=True)
class CatalogReader:
    """The catalog, looked at again and again; a file that was put in its place too."""

    path: Path
    only: Collection[bytes] = ()  # of these roots; (): all
    _db: apsw.Connection | None = None
    _file: tuple[int, int] | None = None
    _version: int = -1
    _noticed: dict[bytes, int] = field(default_factory=dict)

    def news(self) -> Read | None:
        """What it says, if anybody committed since the last time. Raises the Catalog… errors."""
        self._reopen()
        assert self._db is not None
        version = int(self._db.pragma("data_version"))
        if version == self._version:
            return None
        self._version = version
        here = host()
        mine = [
            root
            for root in facts.roots(self._db)
            if root.host == here and (not self.only or root.path in self.only)
        ]
        return Read(mine, frozenset(root.path for root in mine if self._is_suspect(root)))

    def close(self) -> None:
        """Let go of the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _reopen(self) -> None:
        try:
            info = os.stat(self.path)
        except OSError:
            self.close()
            raise CatalogMissing(f"The catalog {self.path} is gone.") from None
        if self._db is None or (info.st_dev, info.st_ino) != self._file:
            self.close()
            self._db = open_reader(self.path)
            self._file, self._version = (info.st_dev, info.st_ino), -1

    def _is_suspect(self, root: RootRow) -> bool:
        """Whether a run has not been told yet: one that is left over must not wake it for ever."""
        assert self._db is not None
        found = suspects.below(self._db, root.id).values()
        newest = max((one.noticed_ns for folder in found for one in folder.values()), default=0)
        before, self._noticed[root.path] = self._noticed.get(root.path, 0), newest
        return newest > before
