"""How pairs become shots: strongest first, never over a contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import camera, subject

from indexer.grouping.components import join
from indexer.grouping.evidence import Edge
from indexer.model import Tags

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject

A, B, C = (subject(f"{name}.jpg", Tags(), file=i) for i, name in enumerate("abc", 1))


def edge(a: Subject, b: Subject, kind: str = "same-press", strength: int = 60) -> Edge:
    first, second = sorted((a, b), key=lambda s: s.fact.blake3)
    return Edge(first, second, kind, strength, "")


def groups(subjects: list[Subject], *pairs: Edge) -> set[frozenset[int]]:
    return {frozenset(s.content for s in shot) for shot, _ in join(subjects, pairs)}


def test_without_edges_everything_stands_alone():
    assert groups([A, B]) == {frozenset({1}), frozenset({2})}


def test_pairs_that_meet_become_one_shot():
    assert groups([A, B, C], edge(A, B), edge(B, C)) == {frozenset({1, 2, 3})}


def test_a_chain_does_not_join_its_contradicting_ends():
    one = subject("a.jpg", camera(fraction="016"))
    between = subject("b.jpg", Tags(), file=2)
    other = subject("c.jpg", camera(fraction="550"), file=3)

    strong, weak = edge(one, between, strength=80), edge(between, other)
    assert groups([one, between, other], weak, strong) == {frozenset({1, 2}), frozenset({3})}


def test_equal_picture_data_joins_whatever_is_said_elsewhere():
    one, other = (subject(f"{n}.jpg", camera(model=n), file=i) for i, n in enumerate(("X", "Y"), 1))

    assert groups([one, other], edge(one, other, "same-payload", 90)) == {frozenset({1, 2})}


def test_an_edge_that_may_not_join_is_no_evidence():
    one = subject("a.jpg", camera(fraction="016"))
    other = subject("b.jpg", camera(fraction="550"), file=2)

    assert [inside for _, inside in join([one, other], [edge(one, other)])] == [[], []]


def test_every_edge_inside_a_shot_is_kept_as_evidence():
    pairs = [edge(A, B), edge(B, C), edge(A, C)]
    [(_, inside)] = join([A, B, C], pairs)

    assert set(map(id, inside)) == set(map(id, pairs))


def test_a_film_contradicts_nothing():
    still = subject("a.heic", camera(fraction="016"))
    film = subject("a.mov", camera(model="other"), file=2)

    assert groups([still, film], edge(still, film, "content-identifier", 80)) == {frozenset({1, 2})}
