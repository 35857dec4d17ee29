"""Which pictures are remembered as near each other: each pair once, whatever came first."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from builders import Catalog, camera, digest, flat_look, look, reading
from PIL import Image

from indexer.catalog import looks
from indexer.compare import compare
from indexer.model import Picture, Tags
from indexer.perceptual.distance import residual as residual_of
from indexer.perceptual.distance import turned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexer.model import ContentId, Fingerprint

WAYS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
NAMELESS = Tags()


class Album(Catalog):
    """A catalog of pictures that are known by their numbers."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.photos = self.root()

    def add(self, number: int, seen_as: Fingerprint, tags: Tags = NAMELESS) -> ContentId:
        """One more picture, not compared yet."""
        picture = Picture(4032, 3024, None, seen_as)
        read = reading("a.jpg", number, picture=picture)
        with self.db:
            self.put(self.photos, f"{number}.jpg", read, tags)
        return self.db.execute(
            "SELECT content_id FROM content WHERE blake3 = ?", (digest(number),)
        ).get

    def compare(self) -> None:
        with self.db:
            compare(self.db)

    def near(self) -> dict[frozenset[bytes], tuple[int, int, float]]:
        """Each pair by its digests: how it must be turned, and how alike it is."""
        return {
            frozenset((looks.digest(self.db, n.a), looks.digest(self.db, n.b))): (
                n.turn,
                n.bits,
                round(n.residual, 6),
            )
            for n in looks.near(self.db)
        }


@pytest.fixture
def album(tmp_path) -> Iterator[Album]:
    made = Album(tmp_path)
    yield made
    made.close()


def pairs(*numbers: tuple[int, int]) -> set[frozenset[bytes]]:
    return {frozenset((digest(a), digest(b))) for a, b in numbers}


def test_a_copy_is_near_its_source(album):
    album.add(1, look(1), camera())
    album.add(2, look(1, 0.005))
    album.add(3, look(3))

    album.compare()

    assert set(album.near()) == pairs((1, 2))


def test_pictures_that_name_their_cameras_are_never_listed(album):
    for number in (1, 2, 3):
        album.add(number, look(1), camera())

    album.compare()

    assert album.near() == {}


DATED = {"ExifIFD:DateTimeOriginal": "2019:07:14 16:02:11"}
UNSET = {"ExifIFD:DateTimeOriginal": "0000:00:00 00:00:00"}


@pytest.mark.parametrize("tags", [Tags(make="Apple", all=DATED), Tags(model="X", all=DATED)])
def test_a_maker_or_a_model_and_a_date_are_a_record(album, tags):
    album.add(1, look(1), tags)
    album.add(2, look(1), camera())

    album.compare()

    assert album.near() == {}


@pytest.mark.parametrize("tags", [Tags(make="Apple"), Tags(model="X", all=UNSET), Tags(all=DATED)])
def test_a_camera_without_a_date_or_a_date_without_a_camera_is_none(album, tags):
    album.add(1, look(1), tags)
    album.add(2, look(1), camera())

    album.compare()

    assert len(album.near()) == 1


@pytest.mark.parametrize("seen_as", [flat_look(0), flat_look(255)])
def test_pictures_that_show_nothing_are_near_nothing(album, seen_as):
    album.add(1, seen_as)
    album.add(2, seen_as)

    album.compare()

    assert album.near() == {}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("named", [1, 2, None])
@pytest.mark.parametrize("last", [1, 2, None])
def test_a_turned_copy_is_found_whichever_comes_first_and_names_the_camera(album, way, named, last):
    shown = {1: look(1), 2: look(1, turn=WAYS[way])}
    for number in sorted(shown, key=lambda n: n == last):
        album.add(number, shown[number], camera() if number == named else NAMELESS)
        if last is not None:
            album.compare()
    album.compare()

    [(turn, _, residual)] = album.near().values()
    a, b = sorted(shown, key=digest)
    assert residual < 1  # as it was remembered, and again
    assert residual_of(turned(shown[a])[turn].thumb, shown[b].thumb) < 1


def test_a_copy_that_is_not_turned_is_told_so(album):
    album.add(1, look(1))
    album.add(2, look(1))

    album.compare()

    assert [turn for turn, _, _ in album.near().values()] == [1]


def test_nothing_new_changes_nothing(album):
    album.add(1, look(1))
    album.add(2, look(1))
    album.compare()
    before = album.near()

    album.compare()

    assert album.near() == before


def test_other_looks_of_the_same_bytes_replace_the_old_ones(album):
    album.add(1, look(1))
    album.add(2, look(1))
    album.compare()
    album.add(2, look(2))
    album.add(3, look(2))

    album.compare()

    assert set(album.near()) == pairs((2, 3))


def test_the_smaller_digest_stands_first(album):
    for number in range(1, 7):
        album.add(number, look(1))

    album.compare()

    found = [
        (looks.digest(album.db, n.a), looks.digest(album.db, n.b)) for n in looks.near(album.db)
    ]
    assert len(found) == 15
    assert all(a < b for a, b in found)


# --- many -------------------------------------------------------------------------------------

COUNT = 600
COPIES = [(1000 + i, i) for i in range(1, 41)]
TURNED = [(2000 + i, i, way) for i, way in zip(range(50, 64), [*WAYS, *WAYS], strict=True)]


def many() -> list[tuple[int, Fingerprint, Tags]]:
    """Pictures of which every third names its camera, and copies and turned copies of some."""
    tags = {0: camera()}
    return [
        *((i, look(i), tags.get(i % 3, NAMELESS)) for i in range(1, COUNT + 1)),
        *((copy, look(of, 0.004), NAMELESS) for copy, of in COPIES),
        *((copy, look(of, turn=WAYS[way]), NAMELESS) for copy, of, way in TURNED),
    ]


def portions_of(every: list, size: int) -> list[list]:
    return [every[start : start + size] for start in range(0, len(every), size)]


def filled(folder, portions: Iterable[Iterable[tuple[int, Fingerprint, Tags]]]):
    """What is near after so many runs."""
    folder.mkdir()
    album = Album(folder)
    try:
        for portion in portions:
            for number, seen_as, tags in portion:
                album.add(number, seen_as, tags)
            album.compare()
        return album.near()
    finally:
        album.close()


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("once") / "a", [many()])


def test_of_many_new_pictures_exactly_the_copies_are_near(at_once):
    assert set(at_once) == pairs(*COPIES, *((copy, of) for copy, of, _ in TURNED))


@pytest.mark.parametrize(
    "portions",
    [
        lambda all_: portions_of(all_, 120),
        lambda all_: portions_of(all_[::-1], 499),
        lambda all_: (all_[:COUNT], all_[COUNT:]),
        lambda all_: (all_[COUNT:], all_[:COUNT]),
    ],
    ids=["many small runs", "two runs, the other way round", "copies later", "copies first"],
)
def test_what_comes_in_several_runs_is_near_as_if_it_came_at_once(tmp_path, at_once, portions):
    assert filled(tmp_path / "b", portions(many())) == at_once


def test_a_few_new_pictures_are_compared_among_themselves(album):
    for number in range(1, 10):
        album.add(number, look(number))
    album.compare()
    for number in (21, 22, 23):
        album.add(number, look(20))

    album.compare()

    assert set(album.near()) == pairs(*combinations((21, 22, 23), 2))


def test_a_fingerprint_is_fetched_as_it_was_put(album):
    content = album.add(1, look(1))
    known = looks.Fingerprints(album.db)

    assert known[content] == replace(look(1))
    assert list(known) == [content]
    assert len(known) == 1
    assert 99 not in known


@pytest.mark.parametrize("count", [100, 600])
def test_a_crowd_of_which_each_is_near_all_is_left_alone(album, count):
    for number in range(1, count + 1):
        album.add(number, look(1, number / 1e6), NAMELESS)
    album.add(count + 1, look(2), NAMELESS)
    album.add(count + 2, look(2, 0.001), NAMELESS)

    album.compare()

    assert set(album.near()) == {frozenset({digest(count + 1), digest(count + 2)})}
