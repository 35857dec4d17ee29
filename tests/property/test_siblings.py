"""Neighbours answer alike in any order, for some folders as for all, and change nothing known."""

from __future__ import annotations

from datetime import datetime, timedelta

from builders import NOW, camera
from hypothesis import given
from hypothesis import strategies as st

from indexer.capture_time.clues import clues_of
from indexer.capture_time.resolve import resolve
from indexer.capture_time.siblings import Taken, by_neighbours
from indexer.model import FileId, Tags

_START = datetime(1999, 12, 31, 12)  # noqa: DTZ001 - a wall clock
_TIMES = st.none() | st.integers(0, 60).map(lambda n: _START + timedelta(minutes=30 * n))
_NAMES = st.one_of(
    st.integers(1, 12).map(lambda n: f"IMG_{n:04}.JPG"),
    st.integers(0, 23).map(lambda n: f"PXL_20230901_{n:02}0000123.jpg"),
)


@st.composite
def _shots(draw, file):
    time, offset = draw(_TIMES), draw(st.sampled_from(["", "+01:00", "+02:00"]))
    tags = camera(time.strftime("%Y:%m:%d %H:%M:%S"), offset=offset) if time else Tags()
    name = draw(_NAMES)
    found, _ = resolve([clues_of(FileId(file), tags, name, NOW)])
    device = draw(st.sampled_from([None, "a", "b"]))
    return Taken(FileId(file), device, ((draw(st.sampled_from("xy")), f"{name}"),), found)


_SHOTS = st.integers(1, 8).flatmap(lambda n: st.tuples(*(_shots(i) for i in range(n))))


def times(shots):
    return [None if found is None else found.time for found in by_neighbours(shots)]


@given(_SHOTS, st.randoms(use_true_random=False))
def test_the_order_of_the_shots_does_not_matter(shots, random):
    numbers = list(range(len(shots)))
    random.shuffle(numbers)
    shuffled = times([shots[n] for n in numbers])

    assert times(shots) == [shuffled[numbers.index(n)] for n in range(len(shots))]


@given(_SHOTS)
def test_a_folder_alone_gives_what_all_folders_give(shots):
    alone = [shot for shot in shots if shot.paths[0][0] == "x"]
    among = [t for shot, t in zip(shots, times(shots), strict=True) if shot in alone]

    assert times(alone) == among


@given(_SHOTS)
def test_what_is_known_stays_as_it_is(shots):
    for shot, found in zip(shots, times(shots), strict=True):
        own = shot.time
        if found is None or own.moment is None:
            continue
        assert own.moment.offset_min is None or own.is_utc
        assert found.moment is not None
        if own.is_utc:
            assert found.moment.instant() == own.moment.instant()
        else:
            assert found.moment.clock == own.moment.clock


@given(_SHOTS)
def test_nothing_inferred_is_inferred_from(shots):
    once = times(shots)
    filled = [
        shot if t is None else Taken(shot.file, shot.device, shot.paths, t)
        for shot, t in zip(shots, once, strict=True)
    ]

    assert all(t is None for t, first in zip(times(filled), once, strict=True) if first is None)
