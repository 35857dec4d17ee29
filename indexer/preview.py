"""What a run would do: for each file that is not unchanged, the reason. Writes and opens nothing.

Asks the same questions as a run, in the same order: standing.py, skip.py, moves.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import facts, listings, report
from indexer.catalog.connection import open_reader
from indexer.catalog.rows import RootRow
from indexer.model import FolderId, RootId, RootRole
from indexer.mounts import filesystem_type
from indexer.moves import Look, plan
from indexer.paths import display, join, to_str
from indexer.read.engine import Job
from indexer.roots import host, our_mounts, refuse, renamed, resolve
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import compare
from indexer.scan.walk import has_stable_inodes, walk
from indexer.standing import Standing, identity_of, is_fresh, standing
from indexer.survey import lost_folders, starts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import apsw

    from indexer.catalog.rows import KnownFile
    from indexer.model import FileId
    from indexer.moves import Plan
    from indexer.roots import Wanted
    from indexer.run import Options
    from indexer.scan.walk import SeenFolder


@dataclass(frozen=True, slots=True)
class Fate:
    """What a run would do with a path, and why where the word does not say it."""

    path: bytes  # absolute
    what: str  # 'new', 'changed', 'moved', 'carried', 'gone', 'excluded', 'offline', 'fresh', …
    says: str | None = None


def preview(catalog: Path, wanted: Wanted, options: Options) -> Iterator[Fate]:
    """What a run would do with all that is not unchanged; moves and losses come last.

    Writes nothing, opens no file, and needs no catalog. Raises RootRefused as a run would.
    """
    db = open_reader(catalog) if catalog.exists() else None
    try:
        looks: list[Look] = []
        names = renamed(db, [resolve(path) for path in wanted.paths]) if db else {}
        for path, old in names.items():
            yield Fate(path, "renamed", f"from {display(old.path)}")
        for root in _roots(db, catalog, wanted, names):
            yield from _look(db, root, options, looks)
        if db is None:
            yield from (Fate(join(j.root_path, j.path), j.why) for x in looks for j in x.jobs)
        else:
            yield from _fates(db, plan(db, looks, paranoid=options.paranoid))
    finally:
        if db:
            db.close()


def _roots(
    db: apsw.Connection | None, catalog: Path, wanted: Wanted, names: Mapping[bytes, RootRow]
) -> Iterator[RootRow]:
    """The roots that a run would look at, as it would remember them."""
    here = host()
    known = {r.path: r for r in facts.roots(db) if r.host == here} if db else {}
    named = list(dict.fromkeys(resolve(path) for path in wanted.paths))
    for path, root in names.items():
        del known[root.path]
        known[path] = replace(root, path=path)
    for path in named:
        refuse(path, catalog, {*known, *named} - {path})
    for number, path in enumerate(named or known, 1):
        row = known.get(path)
        if row is None:
            role = wanted.role or RootRole.LIBRARY
            yield RootRow(
                RootId(-number), here, path, role, b"", None, tuple(wanted.excludes or ()),
                online=True, walked_ns=None,
            )  # fmt: skip
        else:
            excludes = row.excludes if wanted.excludes is None else tuple(wanted.excludes)
            yield replace(row, excludes=excludes)


def _look(
    db: apsw.Connection | None, root: RootRow, options: Options, looks: list[Look]
) -> Iterator[Fate]:
    """Look at one root; what is told at once is what no other root can change."""
    if options.only and not starts(root.path, options.only):
        return
    if db is None or root.id < 0:
        now = Standing(identity_of(root.path))
    else:
        now = standing(db, root, accept=options.force and options.is_named)
    if now.says is not None:
        yield Fate(root.path, "offline", now.says)
        return
    yield from (Fate(join(root.path, path), "offline", says) for path, says in now.absent.items())
    if not (options.is_named or options.force) and is_fresh(root, time.time_ns()):
        yield Fate(root.path, "fresh", "an archive that was looked at recently")
        return
    found = Look(root, now)
    looks.append(found)
    excludes = compile_excludes((*options.excludes, *root.excludes), options.includes)
    folders = facts.folders(db, root.id) if db else {}
    stable = has_stable_inodes(filesystem_type(Path(to_str(root.path))))
    rules = listings.rules(excludes.patterns, stable_inodes=stable)
    kept = listings.kept(db, root.id, rules) if db and not now.is_replaced else {}
    settled = {path: listing.digest for path, listing in kept.items()}
    ours = our_mounts()
    seen_states: dict[bytes, str] = dict.fromkeys(now.absent, "unreadable")
    for start in starts(root.path, options.only):
        for folder in walk(
            root.path, excludes, start=start, stable_inodes=stable, never_enter=ours,
            settled=settled,
        ):  # fmt: skip
            if now.hides(folder.path):
                continue
            seen_states[folder.path] = folder.state
            if folder.is_settled:
                continue
            number = folders.get(folder.path, (None,))[0]
            before = facts.known_files(db, number) if db and number is not None else {}
            yield from _folder(found, folder, number, before, stable=stable)
        for _, number in lost_folders(folders, seen_states, start):
            assert db
            found.lost.extend(facts.files_of_lost_folder(db, number))


def _folder(
    found: Look,
    folder: SeenFolder,
    number: FolderId | None,
    before: dict[bytes, KnownFile],
    *,
    stable: bool,
) -> Iterator[Fate]:
    root = found.root
    path = join(root.path, folder.path)
    if folder.state == "unreadable":
        yield Fate(path, "unreadable", folder.says)
    if folder.state != "walked":
        return
    hidden = {problem.name for problem in folder.problems if problem.cause == "unreadable"}
    known_files = {name: known for name, known in before.items() if name not in hidden}
    diff = compare(folder.files, known_files, is_replaced=found.standing.is_replaced)
    found.lost.extend(diff.lost)
    found.jobs.extend(
        Job(root.id, root.path, number or FolderId(0), folder.path, seen, why, stable)
        for seen, why in diff.to_read
    )
    names = {known.id: name for name, known in before.items()}
    for problem in folder.problems:
        yield Fate(join(path, problem.name), problem.cause, problem.says)
    for seen in diff.exclude:
        yield Fate(join(path, seen.name), "excluded", f"by {seen.excluded_by}")
    for back in diff.back:
        yield Fate(join(path, names[back]), "back", "it was gone")


def _fates(db: apsw.Connection, made: Plan) -> Iterator[Fate]:
    for job, old in made.moves:
        yield Fate(join(job.root_path, job.path), "moved", f"from {_shown(db, old)}")
    for job in made.jobs:
        path = join(job.root_path, job.path)
        if job.carries:
            lender = _shown(db, job.carries[0].file)
            yield Fate(path, "carried", f"from {lender}, if head and tail agree; else {job.why}")
        else:
            yield Fate(path, str(job.why))
    for lost in made.gone:
        about = report.file(db, lost)
        assert about
        yield Fate(about.path, "gone")


def _shown(db: apsw.Connection, file: FileId) -> str:
    about = report.file(db, file)
    assert about
    return display(about.path)
