"""Which files are one shot depends on facts alone: on no order, no run, and on no chain of looks."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3
from builders import NOW, Catalog, camera, digest, look, reading, subject
from hypothesis import given
from hypothesis import strategies as st
from oracle import come_and_go
from PIL import Image

from indexer.catalog import facts, looks, readings
from indexer.compare import compare
from indexer.decisions.words import Words
from indexer.derive import derived
from indexer.grouping.alike import LOOK
from indexer.grouping.components import join
from indexer.grouping.evidence import Edge
from indexer.grouping.looks import Looks, Near
from indexer.model import Film, Kind, Picture, Role, Tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexer.catalog.rows import FactRow
    from indexer.catalog.shots import NewShot
    from indexer.model import ContentId, FileId, Reading

_ENDINGS = ("JPG", "JPG", "HEIC", "NEF", "MOV")
_STEMS = ("IMG_2001", "IMG_2002", "IMG_E2001", "IMG_2001 (1)", "beach")
_SECONDS = ("2019:07:14 16:02:11", "2019:07:14 16:02:12", "2019:07:14 18:02:11")


@dataclass(frozen=True, slots=True)
class Shown:
    """One content: what it looks like, what it says, and under which names it lies where."""

    number: int
    ending: str
    seed: int
    drift: float
    turn: Image.Transpose | None
    size: tuple[int, int]
    tags: Tags
    payload: bytes | None
    pixels: bytes | None
    lies: tuple[tuple[str, str, bool], ...]  # folder, stem, whether the first run sees it

    def reading(self) -> Reading:
        """What reading its bytes gives."""
        made = reading(f"a.{self.ending}", self.number)
        told = None if self.payload is None else blake3(self.payload + made.kind.encode()).digest()
        made = replace(made, payload=told)
        if made.kind is Kind.VIDEO:
            return replace(made, film=Film(2900, "h264", 30.0))
        seen_as = look(self.seed, self.drift, self.turn)
        return replace(made, picture=Picture(*self.size, None, seen_as, self.pixels))


@st.composite
def _tags(draw: st.DrawFn) -> Tags:
    if draw(st.booleans()):
        return Tags()
    told = {"content_identifier": draw(st.sampled_from((None, None, "LIVE-1")))}
    told["burst_uuid"] = draw(st.sampled_from((None, None, "BURST")))
    fraction = draw(st.sampled_from((None, "12", "90")))
    everything = draw(st.sampled_from(({}, {"ExifIFD:ISO": "100"}, {"ExifIFD:ISO": "400"})))
    second = draw(st.sampled_from(_SECONDS))
    film = {"Keys:CreationDate": second}
    made = camera(second, all={**everything, **film}, **told)
    return made if fraction is None else replace(made, all=_with_fraction(made.all, fraction))


def _with_fraction(everything: dict[str, str], fraction: str) -> dict[str, str]:
    return {**everything, "ExifIFD:SubSecTimeOriginal": fraction}


@st.composite
def _contents(draw: st.DrawFn, number: int) -> Shown:
    lies = st.tuples(st.sampled_from(("DCIM", "Copy")), st.sampled_from(_STEMS), st.booleans())
    return Shown(
        number,
        draw(st.sampled_from(_ENDINGS)),
        draw(st.sampled_from((1, 1, 2))),
        draw(st.sampled_from((0.0, 0.003, 0.012, 0.03))),
        draw(st.sampled_from((None, None, None, Image.Transpose.ROTATE_90))),
        draw(st.sampled_from(((4032, 3024), (2016, 1512)))),
        draw(_tags()),
        draw(st.sampled_from((None, None, None, b"p"))),
        draw(st.sampled_from((None, None, None, b"x" * 32))),
        tuple(draw(st.lists(lies, min_size=1, max_size=2, unique_by=lambda lie: lie[:2]))),
    )


@st.composite
def albums(draw: st.DrawFn) -> tuple[Shown, ...]:
    """Pictures and films of two scenes, in which looks, names, clocks and identifiers meet."""
    count = draw(st.integers(1, 6))
    found = [draw(_contents(number)) for number in range(1, count + 1)]
    taken: set[tuple[str, str]] = set()
    kept = []
    for one in found:  # a path holds one content
        free = tuple(lie for lie in one.lies if (lie[0], f"{lie[1]}.{one.ending}") not in taken)
        taken |= {(lie[0], f"{lie[1]}.{one.ending}") for lie in free}
        if free:
            kept.append(replace(one, lies=free))
    return tuple(kept)


@contextmanager
def _catalog() -> Iterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        made = Catalog(Path(folder))
        try:
            yield made
        finally:
            made.close()


def _put(catalog: Catalog, album: Iterable[Shown], runs: Iterable[bool]) -> None:
    [root] = [known.id for known in facts.roots(catalog.db)] or [catalog.root()]
    for first in runs:
        for one in album:
            for folder, stem, is_first in one.lies:
                if is_first is first:
                    path = f"{folder}/{stem}.{one.ending}"
                    catalog.put(root, path, one.reading(), one.tags)


def _shots(catalog: Catalog) -> set[frozenset[bytes]]:
    """Each shot as the paths of its files."""
    paths = {
        row.file: row.folder_path + b"/" + row.name for row in readings.present_files(catalog.db)
    }
    by_shot: dict[int, set[bytes]] = {}
    for shot, file in catalog.db.execute("SELECT shot_id, file_id FROM member"):
        by_shot.setdefault(shot, set()).add(paths[file])
    return {frozenset(found) for found in by_shot.values()}


# --- order ------------------------------------------------------------------------------------


def _facts_of(album: Iterable[Shown]) -> tuple[list[FactRow], dict[ContentId, Tags], Looks]:
    with _catalog() as catalog:
        with catalog.db:
            _put(catalog, album, (True, False))
            compare(catalog.db)
        known = dict(looks.Fingerprints(catalog.db).items())
        near = tuple(Near(n.a, n.b, n.turn, n.residual) for n in looks.near(catalog.db))
        return (
            list(readings.present_files(catalog.db)),
            readings.all_tags(catalog.db),
            Looks(known, near),
        )


@given(albums(), st.randoms(use_true_random=False))
def test_shots_do_not_depend_on_the_order_of_facts_and_looks(album, random):
    rows, tags, seen = _facts_of(album)
    before = list(derived(rows, tags, NOW, seen=seen))
    near = list(seen.near)
    random.shuffle(rows)
    random.shuffle(near)

    assert list(derived(rows, tags, NOW, seen=Looks(seen.fingerprints, tuple(near)))) == before


@given(albums())
def test_what_comes_in_two_runs_is_the_same_shots_as_if_it_came_in_one(album):
    with _catalog() as catalog:
        for run in (True, False):
            with catalog.db:
                _put(catalog, album, (run,))
            catalog.publish()
        in_two = _shots(catalog)
    with _catalog() as catalog:
        with catalog.db:
            _put(catalog, album, (True, False))
        catalog.publish()
        in_one = _shots(catalog)

    assert in_two == in_one


@given(albums())
def test_every_file_is_in_exactly_one_shot_and_the_catalog_is_sound(album):
    with _catalog() as catalog:
        with catalog.db:
            _put(catalog, album, (True, False))
        catalog.publish()

        members = [path for shot in _shots(catalog) for path in shot]
        assert sorted(members) == sorted(
            row.folder_path + b"/" + row.name for row in readings.present_files(catalog.db)
        )
        assert catalog.broken() == []


# --- looks ------------------------------------------------------------------------------------

_NODES = 8
_ONES = [
    subject(f"x{chr(97 + i)}.jpg", Tags(), file=i, width_px=4000 - 9 * i) for i in range(_NODES)
]
_PAIRS = st.tuples(st.integers(0, _NODES - 1), st.integers(0, _NODES - 1)).filter(
    lambda pair: pair[0] < pair[1]
)


def _edge(pair: tuple[int, int], kind: str, strength: int, distance: float = 0.0) -> Edge:
    a, b = sorted((_ONES[pair[0]], _ONES[pair[1]]), key=lambda s: s.fact.blake3)
    return Edge(a, b, kind, strength, "", distance)


_ALIKE = st.dictionaries(_PAIRS, st.sampled_from((0.1, 0.5, 1.0, 1.9)), max_size=20)
_TIED = st.lists(_PAIRS, max_size=4)


@given(_ALIKE, _TIED)
def test_similarity_never_chains(alike, tied):
    by_looks = [_edge(pair, LOOK, 30, distance) for pair, distance in alike.items()]
    found = join(_ONES, [*by_looks, *(_edge(pair, "same-press", 60) for pair in tied)])

    support = {frozenset((e.a.content, e.b.content)) for e in by_looks}
    for group in found:
        for i, part in enumerate(group.parts):
            for other in group.parts[i + 1 :]:
                assert any(
                    frozenset((a.content, b.content)) in support for a in part for b in other
                )


@given(_ALIKE, _TIED, st.randoms(use_true_random=False))
def test_groups_do_not_depend_on_the_order_of_edges(alike, tied, random):
    pairs = [_edge(pair, LOOK, 30, distance) for pair, distance in alike.items()]
    pairs += [_edge(pair, "same-press", 60) for pair in tied]
    before = join(_ONES, pairs)
    random.shuffle(pairs)

    after = join(_ONES, pairs)
    assert [(g.subjects, g.parts) for g in after] == [(g.subjects, g.parts) for g in before]


@given(_ALIKE, _TIED)
def test_parts_divide_their_group_and_no_evidence_lies_between_them(alike, tied):
    by_looks = [_edge(pair, LOOK, 30, distance) for pair, distance in alike.items()]
    found = join(_ONES, [*by_looks, *(_edge(pair, "same-press", 60) for pair in tied)])

    assert sorted(s.content for g in found for s in g.subjects) == list(range(_NODES))
    for group in found:
        of = {s.content: i for i, part in enumerate(group.parts) for s in part}
        assert sorted(of) == sorted(s.content for s in group.subjects)
        assert all(of[e.a.content] == of[e.b.content] for e in group.edges if e.kind != LOOK)


# --- words ------------------------------------------------------------------------------------


def _files_of(shot: NewShot) -> set[FileId]:
    return {member.file for member in shot.members if member.role is not Role.SIDECAR}


@given(albums(), st.sets(st.integers(1, 6)))
def test_what_a_person_set_apart_is_alone_with_its_copies(album, numbers):
    rows, tags, seen = _facts_of(album)
    apart = Words(apart=frozenset(digest(number) for number in numbers))

    copies: dict[bytes, set[FileId]] = {}
    for row in rows:
        copies.setdefault(row.blake3, set()).add(row.file)
    for shot in derived(rows, tags, NOW, apart, seen):
        for one in apart.apart & copies.keys():
            if copies[one] & _files_of(shot):
                assert _files_of(shot) == copies[one]


# --- a part at a time -------------------------------------------------------------------------


@given(albums(), st.randoms(use_true_random=False))
def test_pictures_that_come_and_go_are_derived_as_if_all_were(album, random):
    with _catalog() as catalog:
        with catalog.db:
            _put(catalog, album, (True, False))
        come_and_go(catalog, random, steps=4)
