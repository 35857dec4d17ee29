"""Which shots stand beside which, kept up to date; and whose time may follow from a changed one.

A shot is known by the file of its original. Where shots look for each other, and what they make
of it, is capture_time/siblings.py.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from indexer.capture_time.clue import Trust
from indexer.capture_time.moment import parse
from indexer.capture_time.resolve import CaptureTime
from indexer.capture_time.siblings import REACH, Along, Taken, asked, lent
from indexer.catalog import affected, remembered
from indexer.catalog.remembered import Place
from indexer.grouping.subject import device_named
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from indexer.capture_time.siblings import Spot
    from indexer.model import FileId

_KIND_BITS: Final = 2


def everything(db: apsw.Connection, shots_taken: Iterable[Taken]) -> None:
    """Remember where every shot stands."""
    remembered.put_places(db, (), [place for shot in shots_taken for place in _places(shot)])


def update(db: apsw.Connection, gone: Iterable[FileId], taken: Sequence[Taken]) -> set[FileId]:
    """Remember where these shots stand, and those of `gone` no more.

    Returns the originals of shots that may have other neighbours now.
    """
    files = {*gone, *(shot.file for shot in taken)}
    before = remembered.places_of(db, files)
    now = {place for shot in taken for place in _places(shot)}
    remembered.put_places(db, files, now)
    differing = {(place.line, place.at) for place in before ^ now if place.told is not None}
    return {file for line, at in differing for file in _asking(db, line, at)}


def lenders(db: apsw.Connection, taken: Sequence[Taken]) -> list[Taken]:
    """The other shots that these look at, as far as it matters for their times."""
    own = {shot.file for shot in taken}
    spots = {spot for shot in taken for spot in asked(shot)}
    files = {file for spot in spots for file in _telling(db, spot)} - own
    return [_remembered(db, file) for file in sorted(files)]


def _places(shot: Taken) -> Iterator[Place]:
    moment = shot.moment
    told = (shot.name, shot.device, moment and moment.iso(), shot.offset, shot.time.was_doubted)
    for spot in lent(shot):
        yield Place(_line(spot), spot.at, shot.file, _number(told) & ~1 | shot.time.was_doubted)
    for spot in asked(shot):
        yield Place(_line(spot), spot.at, shot.file, None)


def _line(spot: Spot) -> int:
    return _number(spot.line) >> _KIND_BITS << _KIND_BITS | spot.along


def _number(value: object) -> int:
    text = repr(value).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)


def _asking(db: apsw.Connection, line: int, at: int) -> set[FileId]:
    """Who would look at a shot that tells something here."""
    along = Along(line & ((1 << _KIND_BITS) - 1))
    reach = REACH[along]
    first, last = at - reach, at + reach
    if along is not Along.NEW_YEAR:  # the nearest on each side is in the way of those behind it
        below, above = remembered.nearest(db, line, at - 1, at + 1)
        first = first if below is None else max(first, below)
        last = last if above is None else min(last, above)
    return remembered.asking(db, line, first, last)


def _telling(db: apsw.Connection, spot: Spot) -> set[FileId]:
    """Whom a shot that asks here would look at."""
    line, reach = _line(spot), REACH[spot.along]
    if spot.along is Along.NEW_YEAR:
        return remembered.telling(db, line, spot.at - reach, spot.at + reach)
    sides = remembered.nearest(db, line, spot.at, spot.at)
    near = (at for at in sides if at is not None and abs(at - spot.at) <= reach)
    return {file for at in near for file in remembered.telling(db, line, at, at)}


def _remembered(db: apsw.Connection, file: FileId) -> Taken:
    """A shot outside, whose own time is what the catalog says, but for a zone that it was lent."""
    row, places = affected.neighbour(db, file), remembered.places_of(db, [file])
    tells_zone = any(p.line & 3 == Along.CLOCK for p in places if p.told is not None)
    moment = parse(row.local or "")
    assert moment is not None
    if tells_zone and row.offset_min is not None:
        moment = moment.at(row.offset_min)
    time = CaptureTime(
        moment, "", Trust.CERTAIN, "", zone=Trust.CERTAIN if tells_zone else Trust.NONE,
        was_doubted=any(p.told & 1 for p in places if p.told is not None),
    )  # fmt: skip
    paths = tuple((folder, to_str(name)) for folder, name in row.files)
    return Taken(file, device_named(row.make, row.model, row.serial), paths, time)
