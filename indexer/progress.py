"""How a long run speaks: phases, advances, warnings. Showing it is the command line's job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Underway:
    """A file that is being read or decoded."""

    path: bytes  # absolute
    seconds: float  # since it was begun
    bytes_read: int  # of it, so far


class Progress(Protocol):
    """What a stage may say while it works. Called from one thread."""

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """A new phase; its files and bytes where they are known beforehand."""

    def advance(self, files: int, size: int = 0) -> None:
        """So many more files and bytes are done."""

    def underway(self, files: Sequence[Underway]) -> None:
        """What is being read just now; said several times a second."""

    def warn(self, says: str) -> None:
        """One sentence about one path; the run goes on."""

    def tell(self, says: str) -> None:
        """One sentence about the run itself, which is no failure."""


class Silent:
    """Says nothing and keeps the warnings: where nobody is there to be told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """Say nothing."""

    def advance(self, files: int, size: int = 0) -> None:
        """Say nothing."""

    def underway(self, files: Sequence[Underway]) -> None:
        """Say nothing."""

    def warn(self, says: str) -> None:
        """Keep it."""
        self.warnings.append(says)

    def tell(self, says: str) -> None:
        """Say nothing."""
