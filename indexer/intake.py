"""Read what the survey named, once each, and write down what came of it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.catalog.connection import open_reader
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags
from indexer.paths import join
from indexer.read.crew import Crew, Done, Job
from indexer.read.messages import FailureKind
from indexer.scan.skip import Why
from indexer.scan.walk import look_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from indexer.metadata.exiftool import Answer
    from indexer.model import ContentId
    from indexer.run import Run


class Intake:
    """Reads files for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def read(self, jobs: Sequence[Job], commit_now_and_then: Callable[[], None]) -> None:
        """Read every file once, then those once more that changed meanwhile."""
        if not jobs:
            return
        self._run.changed()
        commit_now_and_then()
        jobs = read_hard_links_once(jobs)
        size = sum(job.seen.stamp.size for job in jobs)
        self._run.progress.phase("Reading", len(jobs), size)
        known = _KnownDigests(self._run.catalog)
        size_of_crew = self._run.options.jobs or os.cpu_count() or 1
        with contextlib.closing(known), Crew(
            min(size_of_crew, len(jobs)), known, self._run.options.exiftool
        ) as crew:  # fmt: skip
            try:
                torn = self._write_all(crew.read_all(jobs), commit_now_and_then)
                again = [new for job in torn if (new := _look_again(job)) is not None]
                for job in self._write_all(crew.read_all(again), commit_now_and_then):
                    says = "changed while it was read, twice; it is read again next time"
                    self._run.fail(job.root, job.root_path, job.path, "changing", says)
            finally:
                statistics = crew.statistics()
                self._run.counts.opened += statistics.opened
                self._run.counts.bytes_read += statistics.bytes_read

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
                self._run.progress.advance(1 + len(done.job.twins), done.job.seen.stamp.size)
            commit_now_and_then()
        return torn

    def _write(self, done: Done) -> None:
        job, outcome = done.job, done.outcome
        if outcome.failure is FailureKind.VANISHED:
            return  # the next walk will see what became of it
        if outcome.reading is None:
            says = outcome.says or "could not be read"
            self._run.fail(job.root, job.root_path, job.path, "unreadable", says)
            self._put_files(job, "unreadable", says, None)
            return
        content = facts.put_content(self._run.db, outcome.reading)
        if done.tags is not None:
            self._put_tags(job, content, done.tags, outcome.reading.told)
        self._put_files(job, "present", None, content)
        if outcome.reading.damage is not None:
            said = outcome.reading.damage_says
            self._run.warn(
                job.root, job.root_path, job.path,
                f"is {outcome.reading.damage}{f': {said}' if said else ''}; "
                "it is kept apart in quarantine/.",
            )  # fmt: skip

    def _put_tags(
        self, job: Job, content: ContentId, answer: Answer, told: dict[str, object]
    ) -> None:
        if answer.failure is not None:
            self._run.fail(job.root, job.root_path, job.path, "exiftool", answer.failure)
            facts.put_tags(self._run.db, content, Tags(warning=answer.failure))
        elif answer.raw is not None:
            facts.put_tags(self._run.db, content, tags_from_json(answer.raw | told))

    def _put_files(self, job: Job, state: str, says: str | None, content: ContentId | None) -> None:
        """The file, and its hard links: one read, several names."""
        for folder, seen, why in ((job.folder, job.seen, job.why), *job.twins):
            facts.put_file(
                self._run.db, folder, seen, state=state, says=says, content=content,
                generation=self._run.generation,
            )  # fmt: skip
            if state == "present":
                self._run.counts.new += why is Why.NEW
                self._run.counts.changed += why is not Why.NEW


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
