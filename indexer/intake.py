"""Read what the survey named, once each, and write down what came of it."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import apsw

from indexer.catalog import facts, readings
from indexer.catalog.connection import open_reader
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags
from indexer.moves import carry
from indexer.paths import display, join, to_str
from indexer.read.crew import Crew
from indexer.read.engine import Terms
from indexer.read.messages import FailureKind
from indexer.scan.skip import Why
from indexer.scan.walk import look_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from indexer.metadata.exiftool import Answer
    from indexer.model import ContentId, FolderId, Reading, RootId
    from indexer.read.engine import Done, Engine, Hire, Job
    from indexer.run import Run
    from indexer.scan.walk import SeenFile

# What a person waits at most after Ctrl-C for what was read to be asked about and kept.
_WIND_UP_SECONDS = 0.4
_ROTTEN = (
    "has other bytes than when it was indexed, though its size and times are the same; "
    "run `mediafs verify` on it"
)


class Intake:
    """Reads files for one run, with whatever engine there is."""

    def __init__(self, run: Run, hire: Hire = Crew) -> None:
        self._run = run
        self._hire = hire
        self._written = 0
        self._offline: set[RootId] = set()

    def read(self, jobs: Sequence[Job], commit_now_and_then: Callable[[], None]) -> None:
        """Read every file once, then those once more that changed meanwhile."""
        if not jobs:
            return
        self._run.changed()
        commit_now_and_then()
        jobs = read_hard_links_once(jobs)
        size = sum(job.seen.stamp.size for job in jobs)
        self._run.progress.phase("Reading", len(jobs), size)
        options = self._run.options
        terms = Terms(options.jobs, options.readers, options.memory, options.exiftool)
        known = _KnownDigests(self._run.catalog)
        with contextlib.closing(known), self._hire(terms, known) as engine:
            try:
                torn = self._write_all(engine, jobs, commit_now_and_then)
                torn = [job for job in torn if job.root not in self._offline]
                again = [new for job in torn if (new := _look_again(job)) is not None]
                for job in self._write_all(engine, again, commit_now_and_then):
                    says = "changed while it was read, twice; it is read again next time"
                    self._run.fail(job.root, job.root_path, job.path, "changing", says)
            except Exception:
                raise
            except BaseException:  # Ctrl-C and its like
                self._keep(engine, len(jobs))
                raise
            finally:
                statistics = engine.statistics()
                self._run.counts.opened += statistics.opened
                self._run.counts.bytes_read += statistics.bytes_read

    def _keep(self, engine: Engine, jobs: int) -> None:
        """Write down what was read before the run was stopped."""
        for done in engine.wind_up(_WIND_UP_SECONDS):
            if done.outcome.reading is not None or done.outcome.sample is not None:
                self._write(done)
        self._run.progress.tell(f"Stopped after {self._written:,} of {jobs:,} files were read.")

    def _write_all(
        self, engine: Engine, jobs: Sequence[Job], commit_now_and_then: Callable[[], None]
    ) -> list[Job]:
        """Write outcomes as they come; the jobs whose files changed under the reader."""
        torn: list[Job] = []
        for done in engine.read_all(jobs, self._run.progress.underway):
            if done.outcome.failure is FailureKind.CHANGED:
                torn.append(done.job)
            else:
                self._write(done)
                self._run.progress.advance(1 + len(done.job.twins), done.job.seen.stamp.size)
            commit_now_and_then()
        return torn

    def _write(self, done: Done) -> None:
        job, outcome = done.job, done.outcome
        if outcome.failure is FailureKind.VANISHED:
            return  # the next walk will see what became of it
        if outcome.failure is FailureKind.GIVEN_UP:
            self._is_offline(job)
            return
        if outcome.sample is not None:
            self._written += 1
            carry(self._run, job, outcome.sample)
            return
        if outcome.reading is None:
            self._has_no_facts(job, outcome.says or "could not be read")
            return
        if job.why in (Why.OUTDATED, Why.SUSPECT) and self._has_rotted(job, outcome.reading):
            self._run.fail(job.root, job.root_path, job.path, "unreadable", _ROTTEN)
            return
        self._written += 1
        try:
            with self._run.db:  # a savepoint
                self._put(done, outcome.reading)
        except (apsw.ConstraintError, OverflowError) as exc:
            # The reader worked on hostile bytes: what it says need not make sense.
            self._has_no_facts(job, f"gave facts that make no sense ({exc})")

    def _has_no_facts(self, job: Job, says: str) -> None:
        """A file that gave nothing; what was known of it before stays, and each run tries again.

        Without it the name would leave originals/, and with the next `rsync --delete` a backup's
        only good copy would go. A mount serves no wrong bytes for it: the stamp stays as well.
        """
        self._run.fail(job.root, job.root_path, job.path, "unreadable", says)
        for folder, seen, why in _names(job):
            before = facts.known_file(self._run.db, folder, seen.name)
            is_as_before = before is not None and before.stamp == seen.stamp
            # On another disk an equal stamp vouches for nothing.
            is_known = before is not None and before.content is not None
            is_known = is_known and not (is_as_before and why is Why.CHANGED)
            if before is None or not is_known or (before.state == "gone" and not is_as_before):
                self._put_file(folder, seen, "unreadable", says, None)
            elif before.state == "gone":
                facts.set_back(self._run.db, before.id)

    def _has_rotted(self, job: Job, reading: Reading) -> bool:
        """Whether a file that was read before has other bytes now, under an unchanged stamp."""
        known = readings.digest_read(self._run.db, job.folder, job.seen.name)
        return known is not None and known != reading.blake3

    def _put(self, done: Done, reading: Reading) -> None:
        job = done.job
        content = readings.put_content(self._run.db, reading)
        if done.tags is not None:
            self._put_tags(job, content, done.tags, reading.told)
        self._put_files(job, content)
        if reading.damage is not None:
            self._run.warn(
                job.root, job.root_path, job.path,
                f"is {reading.damage}{f': {reading.damage_says}' if reading.damage_says else ''}; "
                "it is kept apart in quarantine/.",
            )  # fmt: skip

    def _is_offline(self, job: Job) -> None:
        """The engine no longer tries this root: said once, and nothing is written."""
        if job.root in self._offline:
            return
        self._offline.add(job.root)
        self._run.counts.offline.append(to_str(job.root_path))
        self._run.progress.warn(
            f"{display(job.root_path)} stopped answering; what is left of it is not read in this "
            "run, run `mediafs reindex` when it is back."
        )

    def _put_tags(
        self, job: Job, content: ContentId, answer: Answer, told: dict[str, object]
    ) -> None:
        if answer.failure is not None:
            self._run.fail(job.root, job.root_path, job.path, "exiftool", answer.failure)
            readings.put_tags(self._run.db, content, Tags(warning=answer.failure))
        elif answer.raw is not None:
            readings.put_tags(self._run.db, content, tags_from_json(answer.raw | told))

    def _put_files(self, job: Job, content: ContentId) -> None:
        """The file, and its hard links: one read, several names."""
        for folder, seen, why in _names(job):
            self._put_file(folder, seen, "present", None, content)
            self._run.counts.new += why is Why.NEW
            self._run.counts.changed += why is not Why.NEW

    def _put_file(
        self, folder: FolderId, seen: SeenFile, state: str, says: str | None,
        content: ContentId | None,
    ) -> None:  # fmt: skip
        facts.put_file(
            self._run.db, folder, seen, state=state, says=says, content=content,
            generation=self._run.generation,
        )  # fmt: skip


def _names(job: Job) -> tuple[tuple[FolderId, SeenFile, Why], ...]:
    """The file and its hard links."""
    return ((job.folder, job.seen, job.why), *job.twins)


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
    return replace(job, seen=seen, twins=(), carries=())


class _KnownDigests:
    """Whether a content's tags are in the catalog; asked from several threads."""

    def __init__(self, catalog: Path) -> None:
        self._db = open_reader(catalog)
        self._lock = threading.Lock()

    def __call__(self, blake3: bytes) -> bool:
        with self._lock:
            return readings.has_tags(self._db, blake3)

    def close(self) -> None:
        self._db.close()
