"""What is on the disk now against what the catalog remembers, folder by folder.

Opens no file. Deciding about one folder is scan/skip.py; what needs no reading is written
down here; what left one place and what came to another is moves.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.catalog.connection import filesystem_type
from indexer.moves import settle
from indexer.paths import join, to_str
from indexer.read.crew import Job
from indexer.roots import is_inside, our_mounts
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import FolderDiff, compare
from indexer.scan.walk import has_stable_inodes, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexer.catalog.rows import LostFile, RootRow
    from indexer.model import FolderId
    from indexer.run import Run
    from indexer.scan.walk import SeenFolder


class Survey:
    """Looks at roots for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def look(self, root: RootRow) -> list[Job]:
        """The root's differences: moves and losses are written, the rest is to be read."""
        excludes = compile_excludes(
            (*self._run.options.excludes, *root.excludes), self._run.options.includes
        )
        stable = has_stable_inodes(filesystem_type(Path(to_str(root.path))))
        known = facts.folders(self._run.db, root.id)
        if not root.online:
            self._run.changed()
        jobs: list[Job] = []
        lost: list[LostFile] = []
        seen_states: dict[bytes, str] = {}
        for start in starts(root.path, self._run.options.only):
            for folder in walk(
                root.path, excludes, start=start, stable_inodes=stable, never_enter=our_mounts()
            ):
                seen_states[folder.path] = folder.state
                number, diff = self._folder(root, folder, known.get(folder.path))
                lost.extend(diff.lost)
                jobs.extend(
                    Job(root.id, root.path, number, folder.path, seen, why, stable)
                    for seen, why in diff.to_read
                )
            lost.extend(self._lost_folders(root, known, seen_states, start))
        jobs = settle(self._run, jobs, lost)
        if not self._run.options.only:
            facts.set_walked(self._run.db, root.id)
            facts.forget_old_failures(self._run.db, root.id, self._run.generation)
        return jobs

    def _folder(
        self, root: RootRow, folder: SeenFolder, known: tuple[FolderId, str] | None
    ) -> tuple[FolderId, FolderDiff]:
        """Compare one folder with the catalog and write down what needs no reading."""
        if known is not None and known[1] == folder.state:
            number = known[0]
        else:
            number = facts.put_folder(self._run.db, root.id, folder.path, folder.state, folder.says)
        if folder.state == "unreadable":
            self._run.fail(
                root.id, root.path, folder.path, "folder", f"cannot be listed: {folder.says}"
            )
        for problem in folder.problems:
            path = join(folder.path, problem.name)
            self._run.fail(root.id, root.path, path, problem.cause, problem.says)
        if folder.state != "walked":
            return number, FolderDiff()
        diff = compare(folder.files, facts.known_files(self._run.db, number) if known else {})
        if diff.exclude or diff.back:
            self._run.changed()
        for file in diff.exclude:
            facts.put_file(
                self._run.db, number, file, state="excluded", says=file.excluded_by, content=None,
                generation=self._run.generation,
            )  # fmt: skip
        for back in diff.back:
            facts.set_back(self._run.db, back)
        self._run.counts.seen += len(folder.files)
        self._run.counts.unchanged += diff.unchanged
        self._run.counts.new += len(diff.back)
        self._run.counts.links += folder.links
        self._run.progress.advance(len(folder.files))
        return number, diff

    def _lost_folders(
        self,
        root: RootRow,
        known: Mapping[bytes, tuple[FolderId, str]],
        seen: Mapping[bytes, str],
        start: bytes,
    ) -> Iterator[LostFile]:
        """What was in folders that are no longer there, or are excluded now."""
        hidden = [path for path, state in seen.items() if state == "unreadable"]
        for path, (number, state) in known.items():
            now = seen.get(path, "gone")
            if now in ("walked", "unreadable") or (state == "gone" and now == "gone"):
                continue
            if start and path != start and not is_inside(path, start):
                continue
            if any(is_inside(path, folder) or not folder for folder in hidden):
                continue  # nobody could look; nothing is known to be gone
            if now == "gone":
                facts.put_folder(self._run.db, root.id, path, "gone", None)
            yield from facts.files_of_lost_folder(self._run.db, number)


def starts(root: bytes, only: Sequence[bytes]) -> list[bytes]:
    """Where to begin below a root: everywhere, or at the parts that were asked for."""
    if not only:
        return [b""]
    return [
        part.removeprefix(root).lstrip(b"/")
        for part in only
        if part == root or is_inside(part, root)
    ]
