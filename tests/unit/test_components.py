"""How pairs become shots: strongest first, never over a contradiction, never by similarity alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import camera, subject

from indexer.grouping.alike import LOOK
from indexer.grouping.components import Group, join
from indexer.grouping.evidence import Edge
from indexer.model import Tags

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject

A, B, C, D = (
    subject(f"{name}.jpg", Tags(), file=i, width_px=4000 - i, height_px=3000)
    for i, name in enumerate("abcd", 1)
)


def edge(
    a: Subject, b: Subject, kind: str = "same-press", strength: int = 60, distance: float = 0.0
) -> Edge:
    first, second = sorted((a, b), key=lambda s: s.fact.blake3)
    return Edge(first, second, kind, strength, "", distance)


def alike(a: Subject, b: Subject, distance: float = 0.5) -> Edge:
    return edge(a, b, LOOK, 30, distance)


def groups(subjects: list[Subject], *pairs: Edge) -> set[frozenset[int]]:
    return {frozenset(s.content for s in group.subjects) for group in join(subjects, pairs)}


# --- by evidence ------------------------------------------------------------------------------


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


def test_a_chain_does_not_join_two_times():
    one = subject("a.jpg")
    between = subject("b.jpg", Tags(), file=2)
    other = subject("c.jpg", camera("2019:07:14 16:05:11"), file=3)

    strong, weak = edge(one, between, strength=80), edge(between, other)
    assert groups([one, between, other], weak, strong) == {frozenset({1, 2}), frozenset({3})}


def test_a_chain_of_identifiers_does_not_join_two_times_either():
    # An identifier may outweigh the clock of its own two files, not that of a third.
    one = subject("a.heic")
    film, copy = subject("a.mov", Tags(), file=2), subject("b.mov", Tags(), file=3)
    other = subject("b.heic", camera("2019:07:14 16:05:11"), file=4)

    pairs = [
        edge(one, film, "content-identifier", 80),
        edge(film, copy, "same-payload", 90),
        edge(copy, other, "content-identifier", 80),
    ]
    assert not any({1, 4} <= shot for shot in groups([one, film, copy, other], *pairs))


def test_equal_picture_data_joins_whatever_is_said_elsewhere():
    one, other = (subject(f"{n}.jpg", camera(model=n), file=i) for i, n in enumerate(("X", "Y"), 1))

    assert groups([one, other], edge(one, other, "same-payload", 90)) == {frozenset({1, 2})}


def test_a_copy_with_broken_metadata_has_no_veto():
    one = subject("a.jpg", camera(fraction="016"))
    broken = subject("copy.jpg", camera("2001:01:01 00:00:00", model="Other"), file=2)
    raw = subject("a.nef", camera(fraction="016"), file=3)

    pairs = edge(one, broken, "same-payload", 90), edge(one, raw)
    assert groups([one, broken, raw], *pairs) == {frozenset({1, 2, 3})}


def test_an_edge_that_may_not_join_is_no_evidence():
    one = subject("a.jpg", camera(fraction="016"))
    other = subject("b.jpg", camera(fraction="550"), file=2)

    assert [group.edges for group in join([one, other], [edge(one, other)])] == [[], []]


def test_every_edge_inside_a_shot_is_kept_as_evidence():
    pairs = [edge(A, B), edge(B, C), edge(A, C)]
    [group] = join([A, B, C], pairs)

    assert set(map(id, group.edges)) == set(map(id, pairs))


def test_a_film_contradicts_nothing():
    still = subject("a.heic", camera(fraction="016"))
    film = subject("a.mov", camera(model="other"), file=2)

    assert groups([still, film], edge(still, film, "content-identifier", 80)) == {frozenset({1, 2})}


def test_groups_stand_in_the_order_of_their_first_subjects():
    found = join([C, A, B, D], [edge(A, D)])

    assert [[s.content for s in group.subjects] for group in found] == [[3], [1, 4], [2]]


def test_a_second_apart_is_another_time():
    # Frames of a burst follow within a second, and no zone is one second wide.
    one = subject("a.jpg")
    between = subject("b.jpg", Tags(), file=2)
    other = subject("c.jpg", camera("2019:07:14 16:02:12"), file=3)

    strong, weak = edge(one, between, strength=80), edge(between, other)
    assert groups([one, between, other], weak, strong) == {frozenset({1, 2}), frozenset({3})}


# --- by looks ---------------------------------------------------------------------------------


def test_what_looks_the_same_and_has_no_rival_is_one_shot():
    [group] = join([A, B], [alike(A, B)])

    assert [e.kind for e in group.edges] == [LOOK]


def test_looks_do_not_chain():
    assert groups([A, B, C], alike(A, B, 0.2), alike(B, C, 1.9)) == {
        frozenset({1, 2}),
        frozenset({3}),
    }


def test_three_that_all_look_alike_are_one_shot():
    assert groups([A, B, C], alike(A, B), alike(B, C), alike(A, C)) == {frozenset({1, 2, 3})}


def test_a_copy_between_two_frames_that_are_as_near_belongs_to_neither():
    frames = [
        subject(f"IMG_{n}.JPG", camera(fraction=n), file=i) for i, n in ((1, "016"), (2, "550"))
    ]

    pairs = alike(frames[0], C, 0.9), alike(frames[1], C, 1.0)
    assert groups([*frames, C], *pairs) == {frozenset({1}), frozenset({2}), frozenset({3})}


def test_a_copy_that_is_clearly_nearer_to_one_frame_belongs_to_it():
    frames = [
        subject(f"IMG_{n}.JPG", camera(fraction=n), file=i) for i, n in ((1, "016"), (2, "550"))
    ]

    pairs = alike(frames[0], C, 0.4), alike(frames[1], C, 1.9)
    assert groups([*frames, C], *pairs) == {frozenset({1, 3}), frozenset({2})}


def test_two_copies_of_a_raw_and_its_jpeg_are_no_rivals_of_each_other():
    raw, jpeg = subject("a.nef"), subject("a.jpg", file=2)

    pairs = edge(raw, jpeg), alike(raw, C, 0.9), alike(jpeg, C, 0.8)
    assert groups([raw, jpeg, C], *pairs) == {frozenset({1, 2, 3})}


def test_looks_do_not_join_over_a_contradiction_of_what_is_joined_already():
    one, other = (
        subject(f"{n}.jpg", camera(fraction=n), file=i) for i, n in ((1, "016"), (2, "55"))
    )

    pairs = edge(other, C), alike(one, C)
    assert groups([one, other, C], *pairs) == {frozenset({1}), frozenset({2, 3})}


def test_an_edge_of_looks_that_did_not_join_is_no_evidence():
    found = join([A, B, C], [alike(A, B, 0.2), alike(B, C, 1.9)])

    assert sum(len(group.edges) for group in found) == 1


def parts(group: Group) -> set[frozenset[int]]:
    return {frozenset(s.content for s in part) for part in group.parts}


def test_a_group_tells_what_only_looks_tie_to_the_rest():
    [group] = join([A, B, C], [edge(A, B), alike(B, C), alike(A, C)])

    assert parts(group) == {frozenset({1, 2}), frozenset({3})}


def test_a_group_that_rests_on_evidence_is_one_part():
    [group] = join([A, B, C], [edge(A, B), edge(B, C), alike(A, C)])

    assert parts(group) == {frozenset({1, 2, 3})}


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_edges_decides_nothing(turned):
    pairs = [alike(A, B, 0.5), alike(C, B, 0.5), alike(C, D, 0.5), edge(A, D, strength=50)]

    found = groups([A, B, C, D], *(pairs[::-1] if turned else pairs))

    assert found == groups([A, B, C, D], *sorted(pairs, key=lambda e: e.says + e.kind))
