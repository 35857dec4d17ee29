"""Find the pictures that look like one exposure, and remember them until bytes change.

Only pairs of which one lost its record are looked for: two files that both tell their camera and
when it was are judged by what they tell. The one that lost it may have been saved turned. Which pairs
are near is perceptual/neighbours.py, whether they look the same perceptual/distance.py, and
what follows from it grouping.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from indexer.catalog import looks
from indexer.catalog.looks import Fingerprints, Hashed, NearRow
from indexer.perceptual.distance import same_look, telling, turned, turned_hashes
from indexer.perceptual.neighbours import near_to, neighbours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw
    import numpy.typing as npt

    from indexer.model import ContentId

    Hashes = npt.NDArray[np.uint8]

# The hash of a turned thumbnail is up to 10 bits beside that of the turned picture.
_WITHIN: Final = 34
_UPRIGHT: Final = 1
# What moved between two exposures stands out: encoders leave 4.0 in the worst part of nine pictures
# in ten, 5.9 in nineteen of twenty; frames of bursts and films 8.2 to 33, but for one pair of 13.
_SAME_PEAK: Final = 8.0
# Up to so many new pictures each is compared with all; above, all are searched together.
_FEW: Final = 500


@dataclass(frozen=True, slots=True)
class _Candidate:
    a: ContentId
    b: ContentId
    turn: int  # how a must be turned to look like b


def compare(db: apsw.Connection) -> None:
    """Bring `near` up to date with the fingerprints. The caller holds the transaction."""
    if not looks.has_new(db):
        return
    every = list(looks.hashed(db))
    fingerprints = Fingerprints(db)
    looks.put_near(db, list(_near(db, _worth_comparing(every), fingerprints)))


def _near(
    db: apsw.Connection, pictures: Sequence[Hashed], fingerprints: Fingerprints
) -> Iterator[NearRow]:
    new = [p for p in pictures if p.is_new]
    if len(new) <= _FEW:
        found = _near_few(new, pictures, fingerprints)
    else:
        found = _near_many(pictures, fingerprints)
    is_new = {p.content for p in new}
    best: dict[tuple[ContentId, ContentId], NearRow] = {}
    for candidate in found:
        if candidate.a == candidate.b or not is_new & {candidate.a, candidate.b}:
            continue
        row = _compared(db, candidate, fingerprints)
        if row and (row.residual, row.turn) < _known(best.get((row.a, row.b))):
            best[row.a, row.b] = row
    yield from best.values()


def _known(row: NearRow | None) -> tuple[float, int]:
    return (row.residual, row.turn) if row else (float("inf"), 0)


def _worth_comparing(pictures: Sequence[Hashed]) -> list[Hashed]:
    if not pictures:
        return []
    contrasts = np.array([p.contrast for p in pictures])
    told = telling(_hashes(pictures), contrasts)
    return [p for p, is_telling in zip(pictures, told, strict=True) if is_telling]


def _near_few(
    new: Sequence[Hashed], pictures: Sequence[Hashed], fingerprints: Fingerprints
) -> Iterator[_Candidate]:
    """Each new picture, upright and turned, beside all that it may be compared with."""
    unrecorded = [p for p in pictures if not p.is_recorded]
    for targets, asking in (
        (unrecorded, [p for p in new if p.is_recorded]),
        (pictures, [p for p in new if not p.is_recorded]),
    ):
        if not asking or not targets:
            continue
        questions = _every_way(asking, fingerprints)
        for row, target, _ in near_to(questions, _hashes(targets), _WITHIN).tolist():
            way, picture = divmod(row, len(asking))
            yield _Candidate(asking[picture].content, targets[target].content, way + 1)


def _near_many(pictures: Sequence[Hashed], fingerprints: Fingerprints) -> Iterator[_Candidate]:
    """All pictures upright, and those that name no camera turned as well, in one search."""
    unrecorded = [p for p in pictures if not p.is_recorded]
    count = len(pictures)
    hashes = _hashes(pictures)
    if unrecorded:
        hashes = np.concatenate([hashes, _every_way(unrecorded, fingerprints)[len(unrecorded) :]])
    for one, other, _ in neighbours(hashes, _WITHIN).pairs.tolist():  # one < other
        if other < count:
            a, b = pictures[one], pictures[other]
            if not (a.is_recorded and b.is_recorded):
                yield _Candidate(a.content, b.content, _UPRIGHT)
        elif one < count:
            way, picture = divmod(other - count, len(unrecorded))
            yield _Candidate(unrecorded[picture].content, pictures[one].content, way + 2)


def _every_way(pictures: Sequence[Hashed], fingerprints: Fingerprints) -> Hashes:
    """Hashes of all upright, then of all turned each way: row way * count + picture."""
    thumbs = np.frombuffer(
        b"".join(fingerprints[p.content].thumb for p in pictures), np.uint8
    ).reshape(len(pictures), -1)
    return np.concatenate([_hashes(pictures), *turned_hashes(thumbs)])


def _hashes(pictures: Iterable[Hashed]) -> Hashes:
    return np.frombuffer(b"".join(p.phash for p in pictures), np.uint8).reshape(-1, 32)


# Turning b back, where b stands for a: mirrored ways undo themselves, quarter turns each other.
_BACK: Final = {6: 8, 8: 6}


def _compared(
    db: apsw.Connection, candidate: _Candidate, fingerprints: Fingerprints
) -> NearRow | None:
    """The pair as a row, if it looks the same; the one with the smaller digest is turned."""
    a, b, turn = candidate.a, candidate.b, candidate.turn
    if looks.digest(db, b) < looks.digest(db, a):
        a, b, turn = b, a, _BACK.get(turn, turn)
    one = fingerprints[a]
    look = same_look(one if turn == _UPRIGHT else turned(one)[turn], fingerprints[b])
    if look is None or look.peak > _SAME_PEAK:
        return None
    return NearRow(a, b, turn, look.bits, look.residual)
