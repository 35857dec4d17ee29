"""What left one place and what came to another: moved, carried over, or gone.

A move is the same inode: nothing is opened. A copy of what is gone, or on a disk that is not
here, has its size, its time and its name: head and tail are read, and if they agree it has its
content. `plan` decides and writes nothing, for a run and for its preview alike.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from indexer.catalog import facts, history
from indexer.catalog.rows import LostFile
from indexer.paths import fold, join
from indexer.read.engine import Carry
from indexer.read.once import SAMPLE_BYTES
from indexer.roots import host
from indexer.scan.birth import born_ns, is_honest
from indexer.scan.filesystems import names_a_disk, precision_ns
from indexer.scan.skip import Why, is_same_inode, pair_moves
from indexer.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import apsw

    from indexer.catalog.rows import Elsewhere, RootRow
    from indexer.model import FileId, RootId
    from indexer.read.engine import Job
    from indexer.run import Run
    from indexer.standing import Standing

# Up to here head and tail are all there is: reading costs the same and proves more.
LEAST_BYTES = 2 * SAMPLE_BYTES


@dataclass(slots=True)
class Look:
    """What was seen of one root: what is to be read, and what is no longer where it was."""

    root: RootRow
    standing: Standing
    jobs: list[Job] = field(default_factory=list)
    lost: list[LostFile] = field(default_factory=list)
    lost_folders: list[bytes] = field(default_factory=list)  # relative to the root


@dataclass(frozen=True, slots=True)
class Plan:
    """What became of all that was lost and found."""

    moves: Sequence[tuple[Job, FileId]]
    gone: Sequence[FileId]
    jobs: Sequence[Job]  # to be read; some only by head and tail


def plan(db: apsw.Connection, looks: Sequence[Look], *, paranoid: bool) -> Plan:
    """Pair what was lost with what was found, over all roots of a run."""
    jobs = [job for look in looks for job in look.jobs]
    if not jobs or history.is_empty(db):
        return Plan((), [old.id for look in looks for old in look.lost], jobs)
    places = _Places(db, looks)
    moves = _moves(db, looks, jobs, places)
    moved = set(moves.values())
    gone = [old.id for look in looks for old in look.lost if old.id not in moved]
    left = [job for i, job in enumerate(jobs) if i not in moves]
    if not paranoid:
        left = _with_carries(db, left, places, set(gone))
    return Plan([(jobs[i], old) for i, old in moves.items()], gone, left)


class _Places:
    """The roots, as they stand; those that are not looked at in this run are asked when needed."""

    def __init__(self, db: apsw.Connection, looks: Sequence[Look]) -> None:
        self._db = db
        self._host = host()
        self.roots: dict[RootId, RootRow] = {root.id: root for root in facts.roots(db)}
        self.roots |= {look.root.id: look.root for look in looks}
        self._standings = {look.root.id: look.standing for look in looks}

    def standing(self, root: RootId) -> Standing | None:
        """None: it is another machine's."""
        if root not in self._standings:
            row = self.roots[root]
            if row.host != self._host:
                return None
            self._standings[root] = standing(self._db, row)
        return self._standings[root]

    def disk(self, root: RootId) -> str:
        """Where a file that was just found is: inode numbers mean the same where this is equal."""
        now = self._standings[root].identity
        if now is not None and now.device is not None and names_a_disk(now.device):
            return now.device
        return f"root:{root}"

    def former_disk(self, root: RootId) -> str:
        """Where the catalog's files of a root were."""
        row = self.roots[root]
        if row.device is not None and names_a_disk(row.device):
            return row.device
        now = self._standings.get(root)
        return f"root:{root}:before" if now is None or now.is_replaced else f"root:{root}"

    def is_left(self, file: Elsewhere) -> bool:
        """Whether a file that is not gone is known not to be where it was."""
        root = self.roots[file.root]
        if root.host != self._host:
            return False
        try:
            os.lstat(join(root.path, file.path, file.name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False

    def may_lend(self, file: Elsewhere, gone: set[FileId]) -> bool:
        """Whether a copy of this file may be known by its head and tail.

        Not of one that is there and well: a backup is worth what reading it proves.
        """
        if file.is_gone or file.id in gone:
            return True
        now = self.standing(file.root)
        return now is None or not now.is_online or now.is_replaced or now.hides(file.path)

    def born_ns(self, job: Job) -> int | None:
        now = self._standings[job.root].identity
        inode = job.seen.stamp.inode
        if now is None or inode is None or job.seen.device != now.number or not is_honest(now.type):
            return None
        return born_ns(join(job.root_path, job.path), inode)


# ---------------------------------------------------------------------------- moves


def _moves(
    db: apsw.Connection, looks: Sequence[Look], jobs: Sequence[Job], places: _Places
) -> dict[int, FileId]:
    """Which file each new path (by its place among the jobs) is."""
    new: dict[str, list[tuple[int, Job]]] = defaultdict(list)
    for i, job in enumerate(jobs):
        if job.why is Why.NEW and job.seen.stamp.inode is not None:
            new[places.disk(job.root)].append((i, job))
    old: dict[str, list[LostFile]] = defaultdict(list)
    for look in looks:
        old[places.former_disk(look.root.id)].extend(look.lost)
    lost = {file.id for look in looks for file in look.lost}
    gone = set()
    for disk, left in _left_earlier(db, new, places, lost):
        old[disk].append(LostFile(left.id, left.stamp, left.content, left.name))
        if left.is_gone:
            gone.add(left.id)
    found: dict[int, FileId] = {}
    for disk, some in new.items():
        by_number = dict(some)
        for i, file in pair_moves(old[disk], [(i, job.seen) for i, job in some]).items():
            born = places.born_ns(by_number[i])
            # Long gone, its number may have been given again to a copy with its name and time.
            surely = born is not None or file.id not in gone or file.stamp == jobs[i].seen.stamp
            if surely and is_same_inode(file, jobs[i].seen, born):
                found[i] = file.id
    return found


def _left_earlier(
    db: apsw.Connection,
    new: Mapping[str, Sequence[tuple[int, Job]]],
    places: _Places,
    lost: set[FileId],
) -> Iterator[tuple[str, Elsewhere]]:
    """What had the inode of a new path and is not there any more, though nobody looked there now.

    From a root that was renamed, or one that is not looked at in this run; or gone before.
    """
    stamps = {
        (disk, stamp.inode, stamp.size, stamp.mtime_ns)
        for disk, some in new.items()
        for stamp in (job.seen.stamp for _, job in some)
    }
    inodes = sorted({inode for _, inode, _, _ in stamps if inode is not None})
    for file in history.files_with_inodes(db, inodes):
        disk, stamp = places.former_disk(file.root), file.stamp
        fits = (disk, stamp.inode, stamp.size, stamp.mtime_ns) in stamps
        if fits and file.id not in lost and (file.is_gone or places.is_left(file)):
            yield disk, file


# ---------------------------------------------------------------------------- copies


def _with_carries(
    db: apsw.Connection, jobs: Sequence[Job], places: _Places, gone: set[FileId]
) -> list[Job]:
    """The jobs, each with the contents that it may turn out to have."""
    wanted = {i: _window(job, places) for i, job in enumerate(jobs) if _may_be_carried(job)}
    by_size: dict[int, list[Elsewhere]] = defaultdict(list)
    for file in history.files_with_sizes(db, sorted(set(wanted.values()))):
        by_size[file.stamp.size].append(file)
    shared = history.shared_samples(db, sorted(by_size))
    done = list(jobs)
    for i, (size, first, last) in wanted.items():
        near = (f for f in by_size.get(size, ()) if first <= f.stamp.mtime_ns <= last)
        lenders = _lenders(jobs[i], near, places, gone)
        carries = {
            file.sample: Carry(file.sample, file.content, file.id, file.is_gone or file.id in gone)
            for file in lenders
            if file.sample is not None and file.sample not in shared
        }
        if carries:
            done[i] = replace(jobs[i], carries=tuple(carries.values()))
    return done


def _may_be_carried(job: Job) -> bool:
    return job.why in (Why.NEW, Why.CHANGED) and job.seen.stamp.size > LEAST_BYTES


def _window(job: Job, places: _Places) -> tuple[int, int, int]:
    """Size, and the times that a file may have had of which this is a copy.

    What copies to FAT keeps even seconds; the other way a time comes through as it was.
    """
    now = places.standing(job.root)
    coarse = precision_ns(now.identity.type) if now is not None and now.identity else 1
    stamp = job.seen.stamp
    return stamp.size, stamp.mtime_ns - coarse + 1, stamp.mtime_ns + coarse - 1


def _lenders(
    job: Job, files: Iterable[Elsewhere], places: _Places, gone: set[FileId]
) -> list[Elsewhere]:
    """Files of which this one may be a copy; those that are gone come last."""
    near = list(files)
    if job.why is Why.CHANGED:
        # What stands there with another change time was written to, unless its disk is another.
        near = [f for f in near if (f.folder, f.name) == (job.folder, job.seen.name)]
    name = fold(job.seen.name)
    found = [f for f in near if fold(f.name) == name and places.may_lend(f, gone)]
    return sorted(found, key=lambda f: (f.is_gone or f.id in gone, f.id))


# ---------------------------------------------------------------------------- outcome


def carry(run: Run, job: Job, sample: bytes) -> None:
    """Write down a file whose head and tail agreed, and its hard links."""
    run.changed()
    lent = next(carry for carry in job.carries if carry.sample == sample)
    names = [(job.folder, job.seen, job.why), *job.twins]
    old = (lent.file, lent.content)
    if lent.was_gone and job.why is Why.NEW:
        folder, seen, _ = names[0]
        if history.take_over(run.db, old, folder, seen, run.generation):
            run.counts.new += 1
            run.counts.carried += 1
            del names[0]
    for folder, seen, why in names:
        facts.put_file(
            run.db, folder, seen, state="present", says=None, content=lent.content,
            generation=run.generation, carried=True,
        )  # fmt: skip
        run.counts.new += why is Why.NEW
        run.counts.changed += why is not Why.NEW
        run.counts.carried += 1
