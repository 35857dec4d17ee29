"""Find the pictures that look like one exposure, and remember them until bytes change.

Only pairs of which one lost its record are looked for: two files that both tell their camera and
when it was are judged by what they tell. The one that lost it may have been saved turned. Which pairs
are near is perceptual/neighbours.py, whether they look the same perceptual/distance.py, and
what follows from it grouping.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

import numpy as np

from indexer.catalog import looks
from indexer.catalog.looks import Fingerprints, Hashed, NearRow
from indexer.model import ContentId
from indexer.perceptual.distance import same_look, telling, turned, turned_hashes
from indexer.perceptual.neighbours import near_to, neighbours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw
    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint8]
    Ids = npt.NDArray[np.int64]

# The hash of a turned thumbnail is up to 10 bits beside that of the turned picture.
_WITHIN: Final = 34
_UPRIGHT: Final = 1
_WAYS: Final = 8  # upright and seven turns
# Copies of one photograph on all of somebody's disks are a dozen; arbitrary.
_CROWD: Final = 64
# What moved between two exposures stands out: encoders leave 4.0 in the worst part of nine pictures
# in ten, 5.9 in nineteen of twenty; frames of bursts and films 8.2 to 33, but for one pair of 13.
_SAME_PEAK: Final = 8.0
# Up to so many new pictures each is compared with all; above, all are searched together.
_FEW: Final = 500


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Pairs to look at: contents, and how `a` must be turned to look like `b`; arrays of a length."""

    a: Ids
    b: Ids
    turn: Ids

    def those(self, wanted: npt.NDArray[np.bool_]) -> _Candidates:
        return _Candidates(self.a[wanted], self.b[wanted], self.turn[wanted])


def compare(db: apsw.Connection) -> None:
    """Bring `near` up to date with the fingerprints. The caller holds the transaction."""
    new = looks.new(db)
    if new:
        fingerprints = Fingerprints(db)
        looks.put_near(db, list(_near(db, _worth_comparing(new), fingerprints)))


def _near(
    db: apsw.Connection, new: Sequence[Hashed], fingerprints: Fingerprints
) -> Iterator[NearRow]:
    if not new:
        return
    if len(new) <= _FEW:
        # Those that kept their record are compared with those that lost it alone.
        only = all(p.is_recorded for p in new)
        targets = _worth_comparing(looks.hashed(db, only_unrecorded=only))
        found = _near_few(new, targets, fingerprints)
    else:
        found = _near_many(_worth_comparing(looks.hashed(db)), fingerprints)
    found = found.those(found.a != found.b)
    found = found.those(~_are_crowded(db, found, fingerprints))
    is_new = np.array([p.content for p in new], np.int64)
    found = found.those(np.isin(found.a, is_new) | np.isin(found.b, is_new))
    best: dict[tuple[ContentId, ContentId], NearRow] = {}
    for a, b, turn in zip(found.a.tolist(), found.b.tolist(), found.turn.tolist(), strict=True):
        row = _compared(db, ContentId(a), ContentId(b), turn, fingerprints)
        if row and (row.residual, row.turn) < _known(best.get((row.a, row.b))):
            best[row.a, row.b] = row
    yield from best.values()


def _are_crowded(
    db: apsw.Connection, found: _Candidates, fingerprints: Fingerprints
) -> npt.NDArray[np.bool_]:
    """Which pairs have a member that is near too many: fixed cameras, forms.

    Of them looks can't tell which is whose copy, and comparing each with each takes hours.
    """
    pairs = np.unique((np.minimum(found.a, found.b) << 32) | np.maximum(found.a, found.b))
    contents, counts = np.unique(
        np.concatenate([pairs >> 32, pairs & 0xFFFFFFFF]), return_counts=True
    )
    # Of equal hashes the search lists a few pairs each.
    equal = cache(partial(looks.count_equal, db))
    alike = [i for i in contents.tolist() if equal(fingerprints[ContentId(i)].phash) > _CROWD]
    crowd = np.concatenate([contents[counts > _CROWD], np.array(alike, np.int64)])
    return np.asarray(np.isin(found.a, crowd) | np.isin(found.b, crowd))


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
) -> _Candidates:
    """Each new picture, upright and turned, beside all that it may be compared with."""
    unrecorded = [p for p in pictures if not p.is_recorded]
    found = [(_ids(()), _ids(()), _ids(()))]
    for targets, asking in (
        (unrecorded, [p for p in new if p.is_recorded]),
        (pictures, [p for p in new if not p.is_recorded]),
    ):
        if asking and targets:
            questions = _every_way(asking, fingerprints)
            pairs = near_to(questions, _hashes(targets), _WITHIN).astype(np.int64)
            way, picture = np.divmod(pairs[:, 0], len(asking))
            found.append((_ids(asking)[picture], _ids(targets)[pairs[:, 1]], way + 1))
    a, b, turn = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return _Candidates(a, b, turn)


def _near_many(pictures: Sequence[Hashed], fingerprints: Fingerprints) -> _Candidates:
    """All pictures upright, and those that lost their record turned as well, in one search."""
    unrecorded = [p for p in pictures if not p.is_recorded]
    hashes = _hashes(pictures)
    if unrecorded:
        hashes = np.concatenate([hashes, _every_way(unrecorded, fingerprints)[len(unrecorded) :]])
    pairs = neighbours(hashes, _WITHIN).pairs.astype(np.int64)
    # Row by row of `hashes`: whose it is, how it was turned, and whether it has its record.
    of = np.concatenate([_ids(pictures), np.tile(_ids(unrecorded), _WAYS - 1)])
    turns = np.repeat(np.arange(1, _WAYS + 1), [len(pictures)] + [len(unrecorded)] * (_WAYS - 1))
    recorded = np.zeros(len(of), np.bool_)
    recorded[: len(pictures)] = [p.is_recorded for p in pictures]
    one, other = pairs[:, 0], pairs[:, 1]  # one < other, so `other` is the turned one, if any is
    is_asked = (turns[one] == _UPRIGHT) & ~(recorded[one] & recorded[other])
    return _Candidates(of[other], of[one], turns[other]).those(is_asked)


def _ids(pictures: Sequence[Hashed]) -> Ids:
    return np.array([p.content for p in pictures], np.int64)


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
    db: apsw.Connection, a: ContentId, b: ContentId, turn: int, fingerprints: Fingerprints
) -> NearRow | None:
    """The pair as a row, if it looks the same; the one with the smaller digest is turned."""
    if looks.digest(db, b) < looks.digest(db, a):
        a, b, turn = b, a, _BACK.get(turn, turn)
    one = fingerprints[a]
    look = same_look(one if turn == _UPRIGHT else turned(one)[turn], fingerprints[b])
    if look is None or look.peak > _SAME_PEAK:
        return None
    return NearRow(a, b, turn, look.bits, look.residual)
