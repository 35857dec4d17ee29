"""What came of reading a file again, counted and in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from indexer.paths import display

if TYPE_CHECKING:
    from indexer.catalog.verify import Stored


class What(Enum):
    """What came of reading a file again."""

    AGREES = auto()
    CHANGED = auto()  # its stamp is another: not what was indexed, and no rot
    VANISHED = auto()
    SILENT = auto()  # its disk does not answer
    UNREADABLE = auto()
    UNSTEADY = auto()  # wrong once, right the second time
    ROTTEN = auto()
    MISTAKEN = auto()  # a carried digest was a wrong guess


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read, with its other names."""

    file: Stored
    links: tuple[Stored, ...] = ()  # hard links, read with it

    @property
    def names(self) -> tuple[Stored, ...]:
        """The file under each of its names."""
        return (self.file, *self.links)


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a job."""

    job: Job
    what: What
    says: str = ""  # one clause, of the system or the reader
    is_steady: bool = True  # both readings gave the same wrong bytes


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that is not well, for people and programs."""

    path: bytes
    what: What
    says: str  # to follow the path
    good_copy: bytes | None  # read and found right just now; None: there is none here


@dataclass(slots=True)
class Counts:
    """What a verification did, in files where nothing else is said."""

    agreed: int = 0
    sound_again: int = 0  # of those: rotten before
    confirmed: int = 0  # of those: with a carried digest
    changed: int = 0
    vanished: int = 0
    offline: int = 0
    left: int = 0  # due, and not reached
    bad: list[Bad] = field(default_factory=list)
    of_bad: dict[What, int] = field(default_factory=dict)  # hard links included
    opened: int = 0
    bytes_read: int = 0

    def of(self, what: What) -> int:
        """Files that are bad in this way."""
        return self.of_bad.get(what, 0)


# ---------------------------------------------------------------------------- in words

# file.says in the catalog: to follow "because".
ROTTEN_CLAUSE: Final = (
    "it has other bytes than when it was indexed, though its size and times are the same"
)
MISTAKEN_CLAUSE: Final = (
    "it was taken for a copy by its head and tail and has other bytes; the next run reads it"
)
_LOST: Final = (
    "has other bytes than when it was indexed, though its size and times are the same: the disk"
    " lost them, or a program put the times back"
)
_UNSTEADY: Final = (
    "was read differently twice: first with other bytes than when it was indexed, then with the"
    " right ones; suspect the cable, the controller or the memory before the disk, and verify it"
    " again"
)
_MISTAKEN: Final = (
    "was taken for a copy of a known file by its head and tail, and has other bytes between them:"
    " another file, or a bad copy; `mediafs reindex` reads it as what it is"
)


def told(what: What, finding: Finding) -> str:
    """What is wrong with a file, to follow its path."""
    match what:
        case What.UNSTEADY:
            return _UNSTEADY
        case What.MISTAKEN:
            return _MISTAKEN
        case What.ROTTEN:
            return _LOST if finding.is_steady else f"{_LOST}; and it gives others at each reading"
    return f"could not be read ({finding.says})"


def sentence(what: What, finding: Finding, good: bytes | None, absent: bytes | None) -> str:
    """The same for a person, with what to do; `absent` is a copy that could not be asked."""
    job = finding.job
    shown = display(job.file.absolute)
    if job.links:
        shown += f" (one file under {len(job.names)} names)"
    says = f"{shown} {told(what, finding)}"
    if what is What.UNSTEADY:
        return f"{says}."
    if what is What.MISTAKEN:
        return f"{says}{f'; a good copy of the known file is {display(good)}' if good else ''}."
    if good:
        return f"{says}; a good copy is {display(good)}: copy it back, then run `mediafs reindex`."
    if absent:
        return (
            f"{says}; {display(absent)} may be a good copy, but its disk is not there: plug it in"
            " and verify that one."
        )
    return f"{says}; no other file here has its bytes: restore it from a backup."
