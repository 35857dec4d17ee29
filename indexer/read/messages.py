"""What a reading worker and its parent say to each other, and how it goes over a pipe.

A message is four bytes of length, little end first, then a pickle. The worker handles hostile
bytes and may be taken over by them, so the parent unpickles nothing but the types listed here.
"""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final

from indexer.model import Damage, Film, Fingerprint, Kind, Picture, Reading, Stamp
from indexer.read.limits import DEFAULT_LIMITS, Limits

LENGTH_BYTES: Final = 4
# A Reading is 4 KiB: thumbnail, hashes and words. A worker that sends more has gone mad.
LONGEST_MESSAGE: Final = 1024 * 1024


class FailureKind(StrEnum):
    """Why there is no Reading."""

    VANISHED = "vanished"  # the path is no longer there
    CHANGED = "changed-while-reading"  # or between the walk and the read; try again later
    UNREADABLE = "unreadable"  # open() or read() failed
    CRASHED = "crashed"  # the worker died twice over this file, the second time without decoding
    SILENT = "silent"  # its disk or share does not answer; nothing is known about the file
    GIVEN_UP = "given-up"  # not tried: its root was silent too often in this run


class Phase(StrEnum):
    """What a worker is at; each has a limit of its own."""

    DIGEST = "digest"
    DECODE = "decode"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """One file to read, and what the walk knew of it."""

    root: bytes
    path: bytes  # below the root
    stamp: Stamp | None = None  # None: take the file as it is now
    decode: bool = True
    has_stable_inodes: bool = True
    limits: Limits = DEFAULT_LIMITS
    samples: tuple[bytes, ...] = ()  # if its head and tail give one of these, no more is read


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life; the counts are those of this request so far.

    After one of Phase.DECODE that names its room the worker waits until it is told to Decode.
    """

    phase: Phase
    opened: int
    bytes_read: int
    # Memory: while reading, what is held of the file, None while nobody knows; for decoding,
    # what that will take besides.
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Decode:
    """The word that a worker waits for between reading and decoding."""


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """What came of a request: a Reading with the stamp it is true for, or a failure."""

    opened: int  # source files opened for it, all attempts together
    bytes_read: int  # bytes of the sequential passes, all attempts together
    stamp: Stamp | None = None
    reading: Reading | None = None
    failure: FailureKind | None = None
    says: str | None = None  # one clause about the failure
    sample: bytes | None = None  # of the request's, the one that fitted: instead of a Reading


class BadMessage(Exception):
    """What came through the pipe is none of our messages."""


_TYPES: Final = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        *(Damage, Film, Fingerprint, Kind, Picture, Reading, Stamp, Limits),
        *(FailureKind, Phase, ReadRequest, Progress, Decode, ReadOutcome),
    )
}


def packed(message: object) -> bytes:
    """The message with its length before it."""
    stream = io.BytesIO()
    _PlainEnums(stream, pickle.HIGHEST_PROTOCOL).dump(message)
    body = stream.getvalue()
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


def unpacked(body: bytes) -> object:
    """The message in these bytes; BadMessage if they are anything else."""
    try:
        return _OwnTypes(io.BytesIO(body)).load()
    except Exception as failure:  # pickle raises anything over broken bytes
        raise BadMessage(f"not a message: {failure}") from failure


def stated_length(head: bytes) -> int:
    """The length a message states; BadMessage if it is over every honest one."""
    length = int.from_bytes(head, "little")
    if length > LONGEST_MESSAGE:
        raise BadMessage(f"a message of {length} bytes")
    return length


class _PlainEnums(pickle.Pickler):
    """Writes an enum's member as its class called with its value.

    Python 3.11.0 to 3.11.3 write it as `getattr(class, name)`, which _OwnTypes refuses.
    """

    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, Enum):
            return type(obj), (obj.value,)
        return NotImplemented


class _OwnTypes(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        try:
            return _TYPES[module, name]
        except KeyError:
            raise BadMessage(f"a message with {module}.{name} in it") from None
