"""Every key of a subject, as numbers that a catalog can keep."""

from __future__ import annotations

from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Final

from indexer.grouping import alike, bursts, evidence, press, recordings
from indexer.grouping.tie import Tie

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key

_KIND_BITS: Final = 5


def keys_of(subject: Subject) -> frozenset[int]:
    """Signed 64-bit numbers; two subjects that may be tied have one in common."""
    makers = (evidence, press, recordings, alike, bursts)
    return frozenset(_number(key) for key in chain.from_iterable(m.keys(subject) for m in makers))


def tie_of(key: int) -> Tie:
    """What a number is the key of."""
    return Tie(key & ((1 << _KIND_BITS) - 1))


def _number(key: Key) -> int:
    kind, value = key
    digest = blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True) >> _KIND_BITS << _KIND_BITS | kind
