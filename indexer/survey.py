"""What is on the disk now against what the catalog remembers, folder by folder.

Opens no file. Deciding about one folder is scan/skip.py; what needs no reading is written
down here; what left one place and what came to another is moves.py. The files of a folder that
holds what it held when nothing was left to do (catalog/listings.py) are not asked for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts, failures, listings, suspects
from indexer.mounts import filesystem_type
from indexer.moves import Look
from indexer.paths import join, to_str
from indexer.read.engine import Job
from indexer.roots import is_inside, our_mounts
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import FolderDiff, Why, compare, listing_of
from indexer.scan.walk import has_stable_inodes, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexer.catalog.listings import Listing
    from indexer.catalog.rows import KnownFile, RootRow
    from indexer.catalog.suspects import Suspect
    from indexer.model import FileId, FolderId
    from indexer.run import Run
    from indexer.scan.exclude import Excludes
    from indexer.scan.walk import SeenFile, SeenFolder
    from indexer.standing import Standing


# How old a file's last change must be before its folder is taken as a whole. A file written
# twice within one tick of its filesystem's clock keeps its stamp ("racily clean" in git); the
# longest tick is FAT's, two seconds.
_TICK_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class _Before:
    """What the catalog remembers of a root, by the folders' relative paths."""

    folders: Mapping[bytes, tuple[FolderId, str]]
    listings: Mapping[bytes, Listing]
    is_replaced: bool  # it is about another disk
    suspects: Mapping[bytes, Mapping[FileId, Suspect]]  # of a mount, by the folder they are in


class Survey:
    """Looks at roots for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._mounts = our_mounts()
        self._compared: list[tuple[FolderId, Excludes]] = []
        self._looked_at: list[tuple[RootRow, list[Suspect]]] = []
        self._read_again: dict[FileId, bytes] = {}  # suspects that reading must tell about

    def has_suspects(self, root: RootRow) -> bool:
        """Whether a mount could not serve something of this root as it was indexed."""
        return bool(suspects.below(self._run.db, root.id))

    def look(self, root: RootRow, standing: Standing, *, only_suspects: bool = False) -> Look:
        """The root's differences; what needs neither reading nor a look elsewhere is written.

        `only_suspects`: of a root that is left alone, those folders that hold any.
        """
        excludes = compile_excludes(
            (*self._run.options.excludes, *root.excludes), self._run.options.includes
        )
        stable = has_stable_inodes(filesystem_type(Path(to_str(root.path))))
        rules = listings.rules(excludes.patterns, stable_inodes=stable)
        listings.follow(self._run.db, root.id, rules)
        before = _Before(
            facts.folders(self._run.db, root.id),
            {} if standing.is_replaced else listings.kept(self._run.db, root.id, rules),
            standing.is_replaced,
            suspects.below(self._run.db, root.id),
        )
        settled = {
            path: listing.digest
            for path, listing in before.listings.items()
            if path not in before.suspects
        }
        found = Look(root, standing)
        seen_states: dict[bytes, str] = dict.fromkeys(standing.absent, "unreadable")
        alone = list(before.suspects) if only_suspects else []
        for start in alone or starts(root.path, self._run.options.only):
            folders = walk(
                root.path, excludes, start=start, stable_inodes=stable,
                never_enter=self._mounts, settled=settled,
            )  # fmt: skip
            for folder in islice(folders, 1 if alone else None):
                if standing.hides(folder.path):
                    continue
                seen_states[folder.path] = folder.state
                if folder.state == "gone":
                    continue  # written with its files, once they were looked for elsewhere
                number, diff = self._folder(root, folder, before, excludes)
                found.lost.extend(diff.lost)
                found.jobs.extend(
                    Job(root.id, root.path, number, folder.path, seen, why, stable)
                    for seen, why in diff.to_read
                )
            if alone and seen_states.get(start) != "gone":
                continue  # nobody looked at the folders in it
            for path, number in lost_folders(before.folders, seen_states, start):
                if seen_states.setdefault(path, "gone") == "gone":
                    found.lost_folders.append(path)
                found.lost.extend(facts.files_of_lost_folder(self._run.db, number))
        for path, some in before.suspects.items():
            if seen_states.get(path, "unreadable") != "unreadable":
                self._looked_at.append((root, list(some.values())))
        return found

    def end(self) -> None:
        """After the reading: keep the listings of folders in which nothing is left to do.

        And forget the suspicions that were looked into, but for what could not be read again.
        """
        for root, some in self._looked_at:
            if to_str(root.path) in self._run.counts.offline:
                continue
            failed = failures.paths_of(self._run.db, root.id, self._run.generation)
            settled = (one for one in some if self._read_again.get(one.file) not in failed)
            suspects.forget(self._run.db, settled)
        before_ns = time.time_ns() - _TICK_NS
        for folder, excludes in self._compared:
            known = facts.known_files(self._run.db, folder)
            listing = listing_of(known.values(), excludes, before_ns=before_ns)
            if listing is not None:
                listings.keep(self._run.db, folder, listing)

    def _folder(
        self, root: RootRow, folder: SeenFolder, before: _Before, excludes: Excludes
    ) -> tuple[FolderId, FolderDiff]:
        """Compare one folder with the catalog and write down what needs no reading."""
        known = before.folders.get(folder.path)
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
        if folder.is_settled:
            excluded = before.listings[folder.path].excluded
            diff = FolderDiff(unchanged=folder.count - excluded)
        else:
            diff = self._compare(number, folder, before, is_known=known is not None)
            self._compared.append((number, excludes))
        self._run.counts.seen += folder.count
        self._run.counts.unchanged += diff.unchanged
        self._run.counts.new += len(diff.back)
        self._run.counts.links += folder.links
        self._run.progress.advance(folder.count)
        return number, diff

    def _compare(
        self, number: FolderId, folder: SeenFolder, before: _Before, *, is_known: bool
    ) -> FolderDiff:
        """File by file."""
        known = facts.known_files(self._run.db, number) if is_known else {}
        for problem in folder.problems:
            if problem.cause == "unreadable":  # nobody could look; it is not known to be gone
                known.pop(problem.name, None)
        diff = compare(folder.files, known, is_replaced=before.is_replaced)
        for seen in _unread(folder, known, before.suspects.get(folder.path, {}), diff):
            diff.to_read.append((seen, Why.SUSPECT))
            self._read_again[known[seen.name].id] = join(folder.path, seen.name)
            diff.unchanged -= 1
        if diff.exclude or diff.back:
            self._run.changed()
        for file in diff.exclude:
            facts.put_file(
                self._run.db, number, file, state="excluded", says=file.excluded_by, content=None,
                generation=self._run.generation,
            )  # fmt: skip
        for back in diff.back:
            facts.set_back(self._run.db, back)
        return diff


def _unread(
    folder: SeenFolder,
    known: Mapping[bytes, KnownFile],
    suspected: Mapping[FileId, Suspect],
    diff: FolderDiff,
) -> list[SeenFile]:
    """Files that are as they were, and yet a mount could not read them."""
    wanted = {file for file, suspect in suspected.items() if suspect.why == suspects.UNREADABLE}
    if not wanted:
        return []
    read = {seen.name for seen, _ in diff.to_read}
    return [
        seen
        for seen in folder.files
        if seen.excluded_by is None and seen.name not in read
        if (before := known.get(seen.name)) and before.state == "present" and before.id in wanted
    ]


def lost_folders(
    known: Mapping[bytes, tuple[FolderId, str]], seen: Mapping[bytes, str], start: bytes
) -> Iterator[tuple[bytes, FolderId]]:
    """Folders that are no longer there, or are excluded now; not those nobody could look into."""
    hidden = [path for path, state in seen.items() if state == "unreadable"]
    for path, (number, state) in known.items():
        now = seen.get(path, "gone")
        if now in ("walked", "unreadable") or (state == "gone" and now == "gone"):
            continue
        if start and path != start and not is_inside(path, start):
            continue
        if any(is_inside(path, folder) or not folder for folder in hidden):
            continue  # nothing is known to be gone
        yield path, number


def starts(root: bytes, only: Sequence[bytes]) -> list[bytes]:
    """Where to begin below a root: everywhere, or at the parts that were asked for."""
    if not only:
        return [b""]
    return [
        part.removeprefix(root).lstrip(b"/")
        for part in only
        if part == root or is_inside(part, root)
    ]
