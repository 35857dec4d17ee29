"""What moved and what is gone is written down; what may still be being written waits.

Which is which is moves.py's to say.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.moves import plan
from indexer.scan.settled import is_settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.model import FileId
    from indexer.moves import Look
    from indexer.read.engine import Job
    from indexer.run import Run


def settle(run: Run, looks: Sequence[Look]) -> list[Job]:
    """Write down what moved and what is gone; the jobs that are left to read."""
    made = plan(run.db, looks, paranoid=run.options.paranoid)
    jobs, waiting = _parted(made.jobs, run.options.settle_seconds)
    held = _held(looks, made.gone, waiting)
    gone = [old for old in made.gone if old not in held]
    if made.moves or gone:
        run.changed()
    for job, old in made.moves:
        facts.move_file(run.db, old, job.folder, job.seen, run.generation)
    facts.set_gone(run.db, gone)
    for look in looks:
        if held.intersection(old.id for old in look.lost):
            continue  # the next run finds them lost again
        for path in look.lost_folders:
            facts.put_folder(run.db, look.root.id, path, "gone", None)
    run.counts.moved += len(made.moves)
    run.counts.gone += len(gone)
    run.counts.unsettled += len(waiting)
    return jobs


def _parted(jobs: Iterable[Job], quiet_seconds: float) -> tuple[list[Job], list[Job]]:
    """What may be read, and what may still be being written."""
    now_ns, quiet_ns = time.time_ns(), int(quiet_seconds * 10**9)
    settled: list[Job] = []
    waiting: list[Job] = []
    for job in jobs:
        (settled if is_settled(job.seen.stamp, now_ns, quiet_ns) else waiting).append(job)
    return settled, waiting


def _held(looks: Iterable[Look], gone: Iterable[FileId], waiting: Iterable[Job]) -> set[FileId]:
    """What is gone and may be what has just arrived: `mv` to another disk copies, then deletes.

    It stays until that was read, or its name would be missing from the tree for a while.
    """
    arriving = {job.seen.stamp.size for job in waiting}
    sizes = {old.id: old.stamp.size for look in looks for old in look.lost}
    return {old for old in gone if sizes[old] in arriving}
