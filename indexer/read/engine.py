"""What reading files is to the rest of the indexer: paths in, facts out.

The order of the answers is free, and whatever goes wrong with a file is a fact about it. Nothing
above this knows where a file was read: crew.py reads on this machine, with processes of its own,
and something that spreads files over several machines could stand in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from indexer.paths import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from indexer.metadata.exiftool import Answer
    from indexer.model import ContentId, FileId, FolderId, RootId
    from indexer.progress import Underway
    from indexer.read.messages import ReadOutcome
    from indexer.read.pool import Statistics
    from indexer.scan.skip import Why
    from indexer.scan.walk import SeenFile


@dataclass(frozen=True, slots=True)
class Carry:
    """A content that a file has if its head and tail are these."""

    sample: bytes
    content: ContentId
    file: FileId  # whose content it is
    was_gone: bool  # its number may go on with the file just found


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read, where it stands, and the other names of the same file."""

    root: RootId
    root_path: bytes
    folder: FolderId
    folder_path: bytes
    seen: SeenFile
    why: Why
    stable_inodes: bool
    twins: tuple[tuple[FolderId, SeenFile, Why], ...] = ()  # hard links, read with it
    carries: tuple[Carry, ...] = ()  # what it is if head and tail say so; else it is read

    @property
    def path(self) -> bytes:
        """Relative to the root."""
        return join(self.folder_path, self.seen.name)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a job."""

    job: Job
    outcome: ReadOutcome
    tags: Answer | None  # None: not asked, the content was known or is no media


@dataclass(frozen=True, slots=True)
class Terms:
    """What an engine may use. Zero stands for what it finds best."""

    jobs: int = 0  # files decoded at once
    readers: int = 0  # files read at once from one device
    memory: int = 0  # bytes that whole files and decoded pictures may take together
    exiftool: str | None = None  # None: MEDIAFS_EXIFTOOL, then the PATH


class Engine(Protocol):
    """Reads files; a context manager that leaves no process behind."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def read_all(
        self, jobs: Iterable[Job], watch: Callable[[Sequence[Underway]], None] | None = None
    ) -> Iterator[Done]:
        """One Done for each job, in any order. Raises only what ends the run.

        `watch` hears several times a second, in the caller's thread, what is underway.
        """
        ...

    def wind_up(self, seconds: float) -> Iterator[Done]:
        """Read no more: what is done already, and what can still be finished in that time."""
        ...

    def statistics(self) -> Statistics:
        """Opens and bytes so far."""
        ...


class Hire(Protocol):
    """Makes an Engine. `is_known` says whether a content's tags are in the catalog already."""

    def __call__(self, terms: Terms, is_known: Callable[[bytes], bool], /) -> Engine: ...
