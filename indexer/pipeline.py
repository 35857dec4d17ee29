"""The order of the indexer's stages: look at every root, then read what is new or changed.

The only file that knows all of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from indexer.catalog import facts, failures, history
from indexer.intake import Intake
from indexer.paths import display, join, to_str
from indexer.roots import host
from indexer.run import Run, committing
from indexer.settling import settle
from indexer.standing import is_fresh, mounted_below, standing, went_away
from indexer.survey import Survey, starts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import apsw

    from indexer.catalog.history import Pruned
    from indexer.catalog.rows import RootRow
    from indexer.model import RootId
    from indexer.moves import Look
    from indexer.progress import Progress
    from indexer.run import Counts, Options
    from indexer.standing import Standing


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
        looks: list[Look] = []
        whole: list[Look] = []  # of these, the roots that were not only looked into
        for root in roots:
            if options.only and not starts(root.path, options.only):
                continue
            now = _standing(this, root)
            if not now.is_online:
                _give_up(this, root)
                continue
            is_left_alone = not (options.is_named or options.force) and is_fresh(
                root, time.time_ns()
            )
            if is_left_alone:
                this.counts.fresh += 1
                progress.phase(f"{display(root.path)} is an archive that was looked at recently")
                if not survey.has_suspects(root):
                    continue
            progress.phase(f"Looking at {display(root.path)}")
            look = survey.look(root, now, only_suspects=is_left_alone)
            if says := went_away(root.path, now.identity):
                _lost_sight(this, root, says)
                continue
            looks.append(look)
            if not is_left_alone:
                whole.append(look)
            commit_now_and_then()
        jobs = settle(this, looks)
        for look in whole:
            _looked(this, look)
        commit_now_and_then()
        intake.read(jobs, commit_now_and_then)
        for look in looks:
            says = went_away(look.root.path, look.standing.identity)
            if says and to_str(look.root.path) not in this.counts.offline:
                _lost_sight(this, look.root, says)
        survey.end()
        for look in whole:
            _remember_disk(this, look)
    return this.counts


def prune(db: apsw.Connection, looked: Sequence[tuple[RootId, bytes]]) -> Pruned:
    """Forget what is gone from these parts, and roots that are not here and have nothing left.

    After derive, which no longer names it.
    """
    with db:
        done = history.prune(db, looked)
        here = host()
        for root in facts.roots(db):
            if root.host == here and not root.online:
                done.roots += history.forget_root(db, root.id)
    return done


def _standing(this: Run, root: RootRow) -> Standing:
    """Whether the root is here; written down, with a word about what is not."""
    accept = this.options.force and this.options.is_named
    now = standing(this.db, root, accept=accept)
    if now.is_online != root.online:
        this.changed()
    facts.set_online(this.db, root.id, now.says)
    if now.says is not None:
        count = history.count_files(this.db, root.id)
        _offline(this, root.path, now.says, count, f"index --force {display(root.path)}")
    for folder, says in now.absent.items():
        history.set_absent(this.db, root.id, folder, says)
        count = history.count_files(this.db, root.id, folder)
        _offline(this, join(root.path, folder), says, count, f"index --force {display(root.path)}")
    return now


def _lost_sight(this: Run, root: RootRow, says: str) -> None:
    """Nothing that the walk missed is gone."""
    this.changed()
    facts.set_online(this.db, root.id, says)
    count = history.count_files(this.db, root.id)
    _offline(this, root.path, says, count, f"index --force {display(root.path)}")


def _give_up(this: Run, root: RootRow) -> None:
    """A root that a person named, to be forgotten though nobody can look at it."""
    options = this.options
    if options.prune and options.force and root.path in options.only:
        this.changed()
        facts.set_gone(this.db, history.files_of_root(this.db, root.id))
        this.counts.looked.append((root.id, b""))


def _offline(this: Run, path: bytes, says: str, count: int, force: str) -> None:
    this.counts.offline.append(to_str(path))
    this.progress.warn(
        f"{display(path)} {says}; its {count:,} files stay in the catalog. Plug the disk in and run "
        f"`mediafs reindex`, or say `mediafs {force}` if it is right as it is now."
    )


def _looked(this: Run, look: Look) -> None:
    """The walk ended, and what left the root is written down."""
    parts = starts(look.root.path, this.options.only)
    this.counts.looked.extend((look.root.id, part) for part in parts)
    if not this.options.only:
        facts.set_walked(this.db, look.root.id)
        failures.forget_old(this.db, look.root.id, this.generation)


def _remember_disk(this: Run, look: Look) -> None:
    """By what the root is known again. At the end: a run that is cut off compares once more."""
    now, root = look.standing.identity, look.root
    if now is None or this.options.only or to_str(root.path) in this.counts.offline:
        return
    facts.set_identity(this.db, root.id, now.device, now.inode, now.mount)
    before, mounted = history.mounted_folders(this.db, root.id), mounted_below(root.path)
    for folder in {*before, *mounted} - set(look.standing.absent):
        history.set_mounted(this.db, root.id, folder, mounted.get(folder))
