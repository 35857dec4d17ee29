"""The order of the indexer's stages: walk, compare, match moves, read, write.

The only file that knows all of them. Facts are written in small transactions as they come,
so that a run that is cut off loses at most a second's work and the next one goes on.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.catalog.connection import filesystem_type, open_reader
from indexer.metadata.tags import tags_from_json
from indexer.model import Generation, Tags
from indexer.paths import display, join, to_str
from indexer.read.crew import Crew, Done, Job
from indexer.read.messages import FailureKind
from indexer.roots import is_inside, is_online, our_mounts, refuse, resolve
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import FolderDiff, Why, compare, pair_moves
from indexer.scan.walk import has_stable_inodes, look_again, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import apsw

    from indexer.catalog.rows import LostFile, RootRow
    from indexer.metadata.exiftool import Answer
    from indexer.model import ContentId, FolderId, RootId
    from indexer.progress import Progress
    from indexer.roots import Wanted
    from indexer.scan.walk import SeenFolder

# How long written facts may wait for their commit: what a crash can cost. Arbitrary.
_COMMIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to index; what, is the roots' business."""

    jobs: int = 0  # 0: one for each processor
    excludes: tuple[str, ...] = ()  # besides the default list
    includes: tuple[str, ...] = ()  # patterns to take out of the default list
    exiftool: str | None = None  # None: MEDIAFS_EXIFTOOL, then the PATH
    only: tuple[bytes, ...] = ()  # absolute folders or files; (): the whole roots


@dataclass(slots=True)
class Counts:
    """What a run did; the fields of `--json`."""

    seen: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    gone: int = 0
    failed: int = 0
    opened: int = 0
    bytes_read: int = 0
    links: int = 0
    offline: list[str] = field(default_factory=list)


def run(
    db: apsw.Connection,
    catalog: Path,
    roots: Sequence[RootRow],
    options: Options,
    progress: Progress,
) -> Counts:
    """Bring the facts about these roots up to date. `db` is the writer's connection.

    Raises what stops a run: KeyboardInterrupt after everything read so far is committed,
    and the errors of indexer.errors.
    """
    return _Run(db, catalog, options, progress).all(roots)


class _Run:
    """One run over some roots."""

    def __init__(
        self, db: apsw.Connection, catalog: Path, options: Options, progress: Progress
    ) -> None:
        self._db = db
        self._catalog = catalog
        self._options = options
        self._progress = progress
        self._generation = Generation(facts.generation(db) + 1)
        self._counts = Counts()
        self._is_pending = facts.is_pending(db)
        self._failed: set[tuple[RootId, bytes]] = set()  # a path that fails twice counts once

    def all(self, roots: Sequence[RootRow]) -> Counts:
        """Walk every root, then read what is new or changed in any of them."""
        with _committing(self._db) as commit_now_and_then:
            jobs: list[Job] = []
            for root in roots:
                self._progress.phase(f"Looking at {display(root.path)}")
                if is_online(self._db, root):
                    jobs.extend(self._walk(root))
                else:
                    self._offline(root)
                commit_now_and_then()
            self._read(jobs, commit_now_and_then)
            self._counts.failed = len(self._failed)
        return self._counts

    def _changed(self) -> None:
        """Facts are about to change that the newest generation does not show."""
        if not self._is_pending:
            facts.set_pending(self._db)
            self._is_pending = True

    def _offline(self, root: RootRow) -> None:
        if root.online:
            self._changed()
        self._counts.offline.append(to_str(root.path))
        self._progress.warn(
            f"{display(root.path)} does not answer; its files stay in the catalog, "
            "plug the disk in and run `mediafs reindex`."
        )

    # ------------------------------------------------------------------ looking

    def _walk(self, root: RootRow) -> list[Job]:
        """The root's differences: moves and losses are written, the rest is to be read."""
        excludes = compile_excludes(
            (*self._options.excludes, *root.excludes), self._options.includes
        )
        stable = has_stable_inodes(filesystem_type(Path(to_str(root.path))))
        known = facts.folders(self._db, root.id)
        if not root.online:
            self._changed()
        jobs: list[Job] = []
        lost: list[LostFile] = []
        seen_states: dict[bytes, str] = {}
        for start in starts(root.path, self._options.only):
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
        jobs = self._moves(jobs, lost)
        if not self._options.only:
            facts.set_walked(self._db, root.id)
            facts.forget_old_failures(self._db, root.id, self._generation)
        return jobs

    def _folder(
        self, root: RootRow, folder: SeenFolder, known: tuple[FolderId, str] | None
    ) -> tuple[FolderId, FolderDiff]:
        """Compare one folder with the catalog and write down what needs no reading."""
        if known is not None and known[1] == folder.state:
            number = known[0]
        else:
            number = facts.put_folder(self._db, root.id, folder.path, folder.state, folder.says)
        if folder.state == "unreadable":
            self._fail(
                root.id, root.path, folder.path, "folder", f"cannot be listed: {folder.says}"
            )
        for problem in folder.problems:
            path = join(folder.path, problem.name)
            self._fail(root.id, root.path, path, problem.cause, problem.says)
        if folder.state != "walked":
            return number, FolderDiff()
        diff = compare(folder.files, facts.known_files(self._db, number) if known else {})
        if diff.exclude or diff.back:
            self._changed()
        for file in diff.exclude:
            facts.put_file(
                self._db, number, file, state="excluded", says=file.excluded_by, content=None,
                generation=self._generation,
            )  # fmt: skip
        for back in diff.back:
            facts.set_back(self._db, back)
        self._counts.seen += len(folder.files)
        self._counts.unchanged += diff.unchanged
        self._counts.new += len(diff.back)
        self._counts.links += folder.links
        self._progress.advance(len(folder.files))
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
                facts.put_folder(self._db, root.id, path, "gone", None)
            yield from facts.files_of_lost_folder(self._db, number)

    def _moves(self, jobs: list[Job], lost: Sequence[LostFile]) -> list[Job]:
        """Write down what moved and what is gone; the jobs that are left to read."""
        fresh = [(i, job.seen) for i, job in enumerate(jobs) if job.why is Why.NEW]
        pairs = pair_moves(lost, fresh)
        if lost:
            self._changed()
        for i, old in pairs.items():
            job = jobs[i]
            facts.move_file(self._db, old.id, job.folder, job.seen, self._generation)
        moved = {old.id for old in pairs.values()}
        gone = [old.id for old in lost if old.id not in moved]
        facts.set_gone(self._db, gone)
        self._counts.moved += len(pairs)
        self._counts.gone += len(gone)
        return [job for i, job in enumerate(jobs) if i not in pairs]

    # ------------------------------------------------------------------ reading

    def _read(self, jobs: Sequence[Job], commit_now_and_then: Callable[[], None]) -> None:
        """Read every file once, then those once more that changed meanwhile."""
        if not jobs:
            return
        self._changed()
        commit_now_and_then()
        jobs = read_hard_links_once(jobs)
        size = sum(job.seen.stamp.size for job in jobs)
        self._progress.phase("Reading", len(jobs), size)
        known = _KnownDigests(self._catalog)
        size_of_crew = self._options.jobs or os.cpu_count() or 1
        with contextlib.closing(known), Crew(
            min(size_of_crew, len(jobs)), known, self._options.exiftool
        ) as crew:  # fmt: skip
            try:
                torn = self._write_all(crew.read_all(jobs), commit_now_and_then)
                again = [new for job in torn if (new := _look_again(job)) is not None]
                for job in self._write_all(crew.read_all(again), commit_now_and_then):
                    says = "changed while it was read, twice; it is read again next time"
                    self._fail(job.root, job.root_path, job.path, "changing", says)
            finally:
                statistics = crew.statistics()
                self._counts.opened += statistics.opened
                self._counts.bytes_read += statistics.bytes_read

    def _write_all(
        self, finished: Iterable[Done], commit_now_and_then: Callable[[], None]
    ) -> list[Job]:
        """Write outcomes as they come; the jobs whose files changed under the reader."""
        torn: list[Job] = []
        for done in finished:
            if done.outcome.failure is FailureKind.CHANGED:
                torn.append(done.job)
            else:
                self._write(done)
                self._progress.advance(1 + len(done.job.twins), done.job.seen.stamp.size)
            commit_now_and_then()
        return torn

    def _write(self, done: Done) -> None:
        job, outcome = done.job, done.outcome
        if outcome.failure is FailureKind.VANISHED:
            return  # the next walk will see what became of it
        if outcome.reading is None:
            says = outcome.says or "could not be read"
            self._fail(job.root, job.root_path, job.path, "unreadable", says)
            self._put_files(job, "unreadable", says, None)
            return
        content = facts.put_content(self._db, outcome.reading)
        if done.tags is not None:
            self._put_tags(job, content, done.tags, outcome.reading.told)
        self._put_files(job, "present", None, content)
        if outcome.reading.damage is not None:
            self._failed.add((job.root, job.path))
            said = outcome.reading.damage_says or ""
            self._progress.warn(
                f"{display(join(job.root_path, job.path))} is {outcome.reading.damage}"
                f"{': ' + said if said else ''}; it is kept apart in quarantine/."
            )

    def _put_tags(
        self, job: Job, content: ContentId, answer: Answer, told: dict[str, object]
    ) -> None:
        if answer.failure is not None:
            self._fail(job.root, job.root_path, job.path, "exiftool", answer.failure)
            facts.put_tags(self._db, content, Tags(warning=answer.failure))
        elif answer.raw is not None:
            facts.put_tags(self._db, content, tags_from_json(answer.raw | told))

    def _put_files(self, job: Job, state: str, says: str | None, content: ContentId | None) -> None:
        """The file, and its hard links: one read, several names."""
        for folder, seen, why in ((job.folder, job.seen, job.why), *job.twins):
            facts.put_file(
                self._db, folder, seen, state=state, says=says, content=content,
                generation=self._generation,
            )  # fmt: skip
            if state == "present":
                self._counts.new += why is Why.NEW
                self._counts.changed += why is not Why.NEW

    def _fail(self, root: RootId, root_path: bytes, path: bytes, cause: str, says: str) -> None:
        """One bad path is one counted warning."""
        self._failed.add((root, path))
        facts.put_failure(self._db, root, path, cause=cause, says=says, generation=self._generation)
        self._progress.warn(f"{display(join(root_path, path))} {says}.")


def preview(catalog: Path, wanted: Wanted, options: Options) -> Iterator[tuple[bytes, str]]:
    """(absolute path, what a run would do with it) for all that is not unchanged.

    Writes nothing, opens no file, and needs no catalog. Raises RootRefused as a run would.
    """
    db = open_reader(catalog) if catalog.exists() else None
    try:
        remembered = facts.roots(db) if db else []
        named = [resolve(path) for path in wanted.paths]
        known = {root.path: root for root in remembered}
        for path in named:
            refuse(path, catalog, {*known, *named} - {path})
        for path in named or known:
            row = known.get(path)
            remembered_excludes = row.excludes if row else ()
            extra = remembered_excludes if wanted.excludes is None else wanted.excludes
            yield from _preview_root(db, path, row, (*options.excludes, *extra), options)
    finally:
        if db:
            db.close()


def _preview_root(
    db: apsw.Connection | None,
    path: bytes,
    root: RootRow | None,
    patterns: tuple[str, ...],
    options: Options,
) -> Iterator[tuple[bytes, str]]:
    excludes = compile_excludes(patterns, options.includes)
    folders = facts.folders(db, root.id) if db and root else {}
    stable = has_stable_inodes(filesystem_type(Path(to_str(path))))
    looked_at = (
        walk(path, excludes, start=start, stable_inodes=stable, never_enter=our_mounts())
        for start in starts(path, options.only)
    )
    for folder in chain.from_iterable(looked_at):
        number = folders.get(folder.path, (None,))[0]
        before = facts.known_files(db, number) if db and number is not None else {}
        diff = compare(folder.files, before)
        names = {known.id: name for name, known in before.items()}
        for seen, why in diff.to_read:
            yield join(path, folder.path, seen.name), str(why)
        for seen in diff.exclude:
            yield join(path, folder.path, seen.name), "excluded"
        for lost in diff.lost:
            yield join(path, folder.path, names[lost.id]), "missing"


def starts(root: bytes, only: Sequence[bytes]) -> list[bytes]:
    """Where to begin below a root: everywhere, or at the parts that were asked for."""
    if not only:
        return [b""]
    return [
        part.removeprefix(root).lstrip(b"/")
        for part in only
        if part == root or is_inside(part, root)
    ]


def read_hard_links_once(jobs: Iterable[Job]) -> list[Job]:
    """Jobs for the same inode of the same device become one, with twins."""
    alone: list[Job] = []
    linked: dict[tuple[int, int], list[Job]] = defaultdict(list)
    for job in jobs:
        inode = job.seen.stamp.inode
        if job.seen.links > 1 and inode is not None:
            linked[job.seen.device, inode].append(job)
        else:
            alone.append(job)
    for first, *others in linked.values():
        twins = tuple((job.folder, job.seen, job.why) for job in others)
        alone.append(replace(first, twins=twins))
    return alone


def _look_again(job: Job) -> Job | None:
    """The job with the file's stamp of now; None if it is gone."""
    try:
        seen = look_again(join(job.root_path, job.path), job.seen, stable_inodes=job.stable_inodes)
    except OSError:
        return None
    return replace(job, seen=seen, twins=())


class _KnownDigests:
    """Whether a content's tags are in the catalog; asked from several threads."""

    def __init__(self, catalog: Path) -> None:
        self._db = open_reader(catalog)
        self._lock = threading.Lock()

    def __call__(self, blake3: bytes) -> bool:
        with self._lock:
            return facts.has_tags(self._db, blake3)

    def close(self) -> None:
        self._db.close()


@contextlib.contextmanager
def _committing(db: apsw.Connection) -> Iterator[Callable[[], None]]:
    """A transaction that is renewed about once a second and never thrown away.

    Each fact is true by itself, so an interrupted run keeps what it has.
    """
    last = time.monotonic()

    def now_and_then() -> None:
        nonlocal last
        if time.monotonic() - last >= _COMMIT_SECONDS:
            db.execute("COMMIT; BEGIN IMMEDIATE")
            last = time.monotonic()

    db.execute("BEGIN IMMEDIATE")
    try:
        yield now_and_then
    finally:
        if db.in_transaction:
            db.execute("COMMIT")
