"""Files that left one place and came to another: moved, or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.catalog import facts
from indexer.scan.skip import Why, pair_moves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.catalog.rows import LostFile
    from indexer.read.crew import Job
    from indexer.run import Run


def settle(run: Run, jobs: list[Job], lost: Sequence[LostFile]) -> list[Job]:
    """Write down what moved and what is gone; the jobs that are left to read."""
    fresh = [(i, job.seen) for i, job in enumerate(jobs) if job.why is Why.NEW]
    pairs = pair_moves(lost, fresh)
    if lost:
        run.changed()
    for i, old in pairs.items():
        job = jobs[i]
        facts.move_file(run.db, old.id, job.folder, job.seen, run.generation)
    moved = {old.id for old in pairs.values()}
    gone = [old.id for old in lost if old.id not in moved]
    facts.set_gone(run.db, gone)
    run.counts.moved += len(pairs)
    run.counts.gone += len(gone)
    return [job for i, job in enumerate(jobs) if i not in pairs]
