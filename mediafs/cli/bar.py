"""Progress as a bar on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mediafs.cli.output import size
from mediafs.cli.tally import Tally, slowly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.progress import Progress as Speaks
    from indexer.progress import Underway


class Bar:
    """Progress on a terminal; a context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            # Last, where a narrow terminal cuts.
            TextColumn("{task.fields[slow]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._tally = Tally()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """A new bar."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._tally.begin(name, files, size)
        self._task = self._bar.add_task(name, total=size or files, figures="", slow="")

    def advance(self, files: int, size: int = 0) -> None:
        """Move it."""
        self._tally.advance(files, size)
        self._show()

    def underway(self, files: Sequence[Underway]) -> None:
        """Move it within a file, and name the one that takes long."""
        self._tally.underway(files)
        self._show()

    def _show(self) -> None:
        if self._task is None:
            return
        tally = self._tally
        of = f"/{tally.files_total:,}" if tally.files_total else ""
        figures = f"{tally.files:,}{of} files {size(int(tally.rate))}/s"
        slow = "".join(slowly(file) for file in tally.slow[:1])
        done = tally.bytes or tally.files
        self._bar.update(self._task, completed=done, figures=figures, slow=slow)

    def warn(self, says: str) -> None:
        """Say it above the bar."""
        self._console.print(says, markup=False, highlight=False, soft_wrap=True)

    def tell(self, says: str) -> None:
        """Say it above the bar."""
        self.warn(says)


# The type checker proves here that it speaks as the indexer wants.
_SPEAKER: type[Speaks] = Bar
