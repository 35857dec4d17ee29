"""The order of the indexer's stages: look at every root, then read what is new or changed.

The only file that knows all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.intake import Intake
from indexer.paths import display, to_str
from indexer.roots import is_online
from indexer.run import Run, committing
from indexer.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.progress import Progress
    from indexer.read.crew import Job
    from indexer.run import Counts, Options


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
    this = Run(db, catalog, options, progress)
    survey, intake = Survey(this), Intake(this)
    with committing(db) as commit_now_and_then:
        jobs: list[Job] = []
        for root in roots:
            progress.phase(f"Looking at {display(root.path)}")
            if is_online(db, root):
                jobs.extend(survey.look(root))
            else:
                _offline(this, root)
            commit_now_and_then()
        intake.read(jobs, commit_now_and_then)
    return this.counts


def _offline(this: Run, root: RootRow) -> None:
    if root.online:
        this.changed()
    this.counts.offline.append(to_str(root.path))
    this.progress.warn(
        f"{display(root.path)} does not answer; its files stay in the catalog, "
        "plug the disk in and run `mediafs reindex`."
    )
