"""The order of a verification, and what follows from each outcome."""

from __future__ import annotations

import os
import time
from array import array
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from indexer import roots
from indexer.catalog import facts, open_reader
from indexer.catalog import verify as catalog_of
from indexer.model import FileId
from indexer.paths import display
from indexer.read.devices import device_of
from indexer.read.pool import Reader
from indexer.standing import standing
from indexer.verify import finding as words
from indexer.verify.compare import NICENESS, Lanes, compared
from indexer.verify.finding import Bad, Finding, Job, What
from indexer.verify.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import apsw

    from indexer.catalog.rows import RootRow
    from indexer.catalog.verify import Due, Stored
    from indexer.model import RootId
    from indexer.progress import Progress
    from indexer.verify.finding import Counts

_NAMED: Final = 10  # of the files that only changed or went; the rest is counted
# A bad sector may hold a disk up for half a minute; a disk that is so slow so often has gone.
_MOST_SILENT: Final = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What to read, and when it is enough."""

    only: tuple[bytes, ...] = ()  # absolute folders or files; (): everything
    streams: int | None = None  # files at once from a disk; None: as its kind wants
    max_seconds: float | None = None  # no file is begun after that
    max_bytes: int | None = None  # no more are begun, but at least one file
    older_than_seconds: float | None = None  # what was verified since is left out
    on_network_anyway: bool = False


def verify(catalog: Path, options: Options, counts: Counts, progress: Progress) -> None:
    """Verify what is due. `counts` is true at every moment, also when this is interrupted.

    Raises CatalogBusy where another verification is at work, and the other Catalog… errors.
    What rotted is written down; deriving and publishing is the caller's business.
    """
    open_reader(catalog).close()  # a catalog that is not there is not made
    with catalog_of.alone(catalog):
        _Verification(catalog, options, counts, progress).run()


class _Verification:
    """One run."""

    def __init__(self, catalog: Path, options: Options, counts: Counts, progress: Progress) -> None:
        self._options = options
        self._counts = counts
        self._progress = progress
        self._notes = Notes(catalog, on_network_anyway=options.on_network_anyway)
        self._db = open_reader(catalog)
        self._host = roots.host()
        self._online: dict[RootId, RootRow] = {}
        self._silent: Counter[RootId] = Counter()
        self._had_turn: set[FileId] = set()  # out of order: as hard links, or as bad copies
        self._spare = Reader(niceness=NICENESS)  # for copies of what is rotten
        self._taken_bytes = 0
        self._begun = 0.0

    def run(self) -> None:
        """Read until nothing is due or it is enough."""
        try:
            self._online = {
                row.id: row
                for row in facts.roots(self._db)
                if row.host == self._host and standing(self._db, row).is_online
            }
            disks = self._due(time.time_ns())
            self._begun = time.monotonic()
            with Lanes([(self._turns(d.files), d.streams) for d in disks], self._counts) as lanes:
                for finding in lanes.findings():
                    if finding is not None:
                        self._settle(finding)
                    self._notes.write_now_and_then()
            if self._is_of_all and not self._counts.left:
                self._notes.add(catalog_of.end)
            self._notes.write_all(self._progress)
        finally:
            self._spare.close()
            self._notes.write()
            self._db.close()

    # ------------------------------------------------------------------ what to read

    @property
    def _is_of_all(self) -> bool:
        """Whether it goes on with, or begins, the verification of all files."""
        return not self._options.only and self._options.older_than_seconds is None

    def _before_ns(self, now_ns: int) -> int | None:
        """What was verified since then is not due; None: everything is."""
        if self._options.older_than_seconds is not None:
            return now_ns - int(self._options.older_than_seconds * 1e9)
        if self._options.only:
            return None
        begun_ns = catalog_of.begun_ns(self._db)
        if begun_ns is None:
            self._notes.add(partial(catalog_of.begin, at_ns=now_ns))
            return now_ns
        return begun_ns

    def _due(self, now_ns: int) -> list[_Disk]:
        """Each disk with its files in their order."""
        known = {row.id: row.path for row in facts.roots(self._db)}
        disks = _Disks(self._options.streams)
        count = size = 0
        for due in catalog_of.due(self._db, self._before_ns(now_ns)):
            if not _is_wanted(known[due.root], due, self._options.only):
                continue
            disk = disks.of(self._online.get(due.root))
            if disk is None:
                self._counts.offline += 1
                continue
            disk.files.append(due.file)
            count, size = count + 1, size + due.size
        self._progress.phase("Verifying", count, size)
        return disks.all

    def _turns(self, files: Sequence[int]) -> Iterator[Job]:
        """Whose turn it is on one disk, until it is enough."""
        for at, number in enumerate(files):
            file = catalog_of.stored(self._db, FileId(number))
            if file is None or file.file in self._had_turn:
                continue
            if file.root not in self._online:
                self._counts.offline += 1
                continue
            if self._is_enough(file.stamp.size):
                self._counts.left += len(files) - at
                return
            self._taken_bytes += file.stamp.size
            others = catalog_of.links(self._db, file)
            links = tuple(other for other in others if _is_link(file, other))
            self._had_turn.update(link.file for link in links)
            yield Job(file, links)

    def _is_enough(self, size: int) -> bool:
        longest, most = self._options.max_seconds, self._options.max_bytes
        if longest is not None and time.monotonic() - self._begun >= longest:
            return True
        return most is not None and self._taken_bytes > 0 and self._taken_bytes + size > most

    # ------------------------------------------------------------------ what came of it

    def _settle(self, finding: Finding) -> None:
        """Write it down, say it, count it."""
        now_ns, job = time.time_ns(), finding.job
        self._progress.advance(len(job.names), job.file.stamp.size)
        if job.file.file in self._had_turn:
            return  # as a bad copy, while it waited for a reader
        if self._is_disk_gone(finding):
            self._counts.offline += len(job.names)
            return
        match finding.what:
            case What.AGREES:
                for file in job.names:
                    self._notes.add(partial(catalog_of.agree, file=file, at_ns=now_ns))
                self._counts.agreed += len(job.names)
                self._counts.sound_again += sum(file.is_rotten for file in job.names)
                self._counts.confirmed += sum(file.is_carried for file in job.names)
            case What.VANISHED:
                self._counts.vanished += 1
                # To lose a name changed the stamp of its hard links.
                self._counts.changed += len(job.links)
                self._name(job.file, "is no longer there", self._counts.vanished)
            case What.CHANGED:
                self._counts.changed += len(job.names)
                self._name(job.file, "changed since it was indexed", self._counts.changed)
            case _:
                self._settle_bad(finding, now_ns)

    def _is_disk_gone(self, finding: Finding) -> bool:
        """Whether it says less of the file than of its disk, which is left alone from then on."""
        if finding.what not in (What.VANISHED, What.UNREADABLE, What.SILENT):
            return False
        file = finding.job.file
        root = self._online.get(file.root)
        if root is None:
            return True
        self._silent[root.id] += finding.what is What.SILENT
        now = standing(self._db, root)
        if any(roots.is_inside(file.path, folder) for folder in now.absent):
            return True  # of a disk mounted below the root
        if now.is_online and self._silent[root.id] < _MOST_SILENT:
            return False
        del self._online[root.id]
        self._progress.warn(
            f"{display(root.path)} does not answer any more; its files are left out, see to the"
            " disk and run `mediafs verify` again."
        )
        return True

    def _name(self, file: Stored, says: str, number: int) -> None:
        if number <= _NAMED:
            self._progress.warn(f"{display(file.absolute)} {says}; run `mediafs reindex`.")

    def _settle_bad(self, finding: Finding, now_ns: int, *, is_copy: bool = False) -> None:
        """A file that did not agree, with the good copy of it if there is one."""
        job, what = finding.job, finding.what
        if what is What.ROTTEN and job.file.is_carried and finding.is_steady:
            what = What.MISTAKEN
        for file in job.names:
            self._had_turn.add(file.file)
            self._notes.add(_change(what, finding, file, now_ns))
        good, absent = (None, None) if is_copy else self._good_copy(job, now_ns)
        self._counts.of_bad[what] = self._counts.of(what) + len(job.names)
        told = words.told(what, finding)
        self._counts.bad.append(Bad(job.file.absolute, what, told, good))
        self._progress.warn(words.sentence(what, finding, good, absent))

    def _good_copy(self, job: Job, now_ns: int) -> tuple[bytes | None, bytes | None]:
        """A copy that was read and found right just now; else one whose disk is not there."""
        absent: bytes | None = None
        own = {file.file for file in job.names}
        for copy in catalog_of.copies(self._db, job.file, self._host):
            if copy.file in own:
                continue
            if copy.root not in self._online:
                absent = absent or copy.absolute
                continue
            finding = compared(self._spare, Job(copy))
            if finding.what is What.AGREES:
                self._notes.add(partial(catalog_of.agree, file=copy, at_ns=now_ns))
                return copy.absolute, None
            if finding.what is What.ROTTEN and copy.file not in self._had_turn:
                self._settle_bad(finding, now_ns, is_copy=True)
        return None, absent


def _change(
    what: What, finding: Finding, file: Stored, now_ns: int
) -> Callable[[apsw.Connection], None]:
    """What the catalog is to remember of a bad file."""
    match what:
        case What.ROTTEN:
            return partial(catalog_of.rot, file=file, at_ns=now_ns, says=words.ROTTEN_CLAUSE)
        case What.MISTAKEN:
            return partial(catalog_of.mistake, file=file, says=words.MISTAKEN_CLAUSE)
        case What.UNSTEADY:
            return partial(catalog_of.doubt, file=file, at_ns=now_ns)
    return partial(catalog_of.fail, file=file, at_ns=now_ns, says=finding.says)


@dataclass(frozen=True, slots=True)
class _Disk:
    streams: int
    files: array[int]  # their numbers, eight bytes each


class _Disks:
    """Roots by the disk that they are on."""

    def __init__(self, streams: int | None) -> None:
        self._streams = streams
        self._by_root: dict[RootId, _Disk | None] = {}
        self._by_name: dict[str, _Disk] = {}

    def of(self, root: RootRow | None) -> _Disk | None:
        """The disk of a root, and of what is mounted below it; None: it is not there."""
        if root is None:
            return None
        if root.id not in self._by_root:
            self._by_root[root.id] = self._disk(root.path)
        return self._by_root[root.id]

    def _disk(self, path: bytes) -> _Disk | None:
        try:
            device = device_of(path, os.stat(path).st_dev)
        except OSError:
            return None
        made = _Disk(self._streams or device.streams, array("q"))
        return self._by_name.setdefault(device.name, made)

    @property
    def all(self) -> list[_Disk]:
        """Every disk that has files."""
        return list(self._by_name.values())


def _is_wanted(root: bytes, due: Due, only: Sequence[bytes]) -> bool:
    if not only:
        return True
    path = root.rstrip(b"/") + b"/" + due.path
    return any(path == part or roots.is_inside(path, part) for part in only)


def _is_link(one: Stored, other: Stored) -> bool:
    """Whether the disk says that both are one file; the catalog's st_dev may be of another boot."""
    try:
        a, b = os.lstat(one.absolute), os.lstat(other.absolute)
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
