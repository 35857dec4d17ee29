"""How much the index benchmark measures, and mediafs as it is run for that."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from measured import Run, mediafs

if TYPE_CHECKING:
    from pathlib import Path

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    jpegs: int = 300
    few: int = 50  # of them, to tell what starting costs
    heics: int = 12
    libraries: tuple[int, ...] = (5_000, 20_000)  # besides `files`, for derive alone
    files: int = 91_000
    new: int = 50
    rounds: int = 3
    rounds_of_small: int = 5


QUICK: Final = Amount(24, 8, 2, (500,), 2_000, 10, rounds=1, rounds_of_small=2)


class Runs:
    """Every first index has a new catalog in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._catalogs = 0

    def catalog(self) -> Path:
        """Where no catalog is yet."""
        self._catalogs += 1
        return self._folder / f"catalog-{self._catalogs}" / "catalog.db"

    def index(self, tree: Path) -> Run:
        """A first index of a tree, with a catalog that is taken away again."""
        catalog = self.catalog()
        try:
            return mediafs(catalog, "index", tree, "--json", "--quiet")
        finally:
            shutil.rmtree(catalog.parent, ignore_errors=True)

    def reindex(self, catalog: Path, opened: int) -> Run:
        """It must read just what is new."""
        done = mediafs(catalog, "reindex", "--json", "--quiet")
        assert done.answer["opened"] == opened, f"{done.answer['opened']} opened, {opened} are new"
        return done
