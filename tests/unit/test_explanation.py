"""An explanation in words: names that tell files apart, the telling ties first, no endless lists."""

from __future__ import annotations

import pytest

from mediafs.cli.explanation import lines

KNOWN = {"local": None, "offset": None, "confidence": "none", "source": "", "why": "No date.",
         "unknown": "no-tag", "suggestion": None, "suggestion_why": None}  # fmt: skip


def told(paths=("/p/a.jpg",), **changes):
    """A shot of these files: the first is the original and the one that is asked about."""
    members = [
        {"path": path, "role": "reencoded" if n else "original", "blake3": path, "size": 1}
        for n, path in enumerate(paths)
    ]
    known = {
        "path": paths[0], "role": "original", "shot": 7, "members": members, "original": paths[0],
        "roles": {path: f"It is {path}." for path in paths}, "original_missing": False,
        "confidence": "sure", "why": "Because.", "damage": None, "state": "present", "says": None,
        "kind": "picture", "type": "image/jpeg", "evidence": [], "votes": [], "clues": [],
        "captured": KNOWN, "burst": None, "burst_shots": 0, "placements": [], "would_change": [],
    }  # fmt: skip
    return known | changes


def tie(a, b, kind):
    return {"a": a, "b": b, "kind": kind, "says": f"{kind} of {a} and {b}"}


def section(said, title):
    """The lines below a title."""
    start = next(n for n, line in enumerate(said) if line.startswith(title)) + 1
    end = next((n for n, line in enumerate(said) if not line and n > start), len(said))
    return said[start:end]


def test_files_of_one_name_are_told_apart_by_their_folders():
    one, other, third = "/p/card/x/a.jpg", "/p/disk/x/a.jpg", "/p/b.jpg"
    ties = [tie(one, other, "same-press"), tie(one, third, "same-press")]

    said = section(lines(told((one, other, third), evidence=ties)), "Why they are one shot")
    assert [line.partition(":")[0].strip() for line in said] == [
        "disk/x/a.jpg and card/x/a.jpg",
        "b.jpg and card/x/a.jpg",
    ]


def test_each_members_strongest_tie_to_the_original_comes_first():
    original, one, other = "/p/a.jpg", "/p/b.jpg", "/p/c.jpg"
    ties = [
        tie(one, other, "same-payload"),
        tie(original, one, "look"),
        tie(original, one, "same-press"),
        tie(original, other, "look"),
    ]

    said = section(lines(told((original, one, other), evidence=ties)), "Why they are one shot")
    assert [line.partition(": ")[2].partition(" ")[0] for line in said] == [
        "same-press", "look", "same-payload", "look",
    ]  # fmt: skip


def test_what_is_tied_through_another_says_so():
    original, one, other = "/p/a.jpg", "/p/b.jpg", "/p/c.jpg"
    ties = [tie(original, one, "same-press"), tie(one, other, "identical")]

    said = section(lines(told((original, one, other), evidence=ties)), "Why they are one shot")
    assert len(said) == 2


def test_a_long_list_of_ties_ends_with_how_many_there_are():
    paths = [f"/p/{n}.jpg" for n in range(10)]
    ties = [tie(a, b, "look") for n, a in enumerate(paths) for b in paths[n + 1 :]]

    said = section(lines(told(paths, evidence=ties)), "Why they are one shot")
    assert said[-1] == "  … and 28 more; --json has them all."
    assert len(said) == 9 + 8 + 1


def test_a_clue_of_another_shots_file_is_said_to_be_one():
    clue = {"path": "/p/b.jpg", "source": "neighbour", "value": "b", "says": "x", "used": False}

    assert "  b.jpg, another shot" in lines(told(clues=[clue]))


@pytest.mark.parametrize(
    ("burst", "says"),
    [
        ("520DEEC9-9311", "one of 3 frames of a burst"),
        ("bracket-94354c85", "one of 3 frames of an exposure bracket"),
        ("recording-gx0048-94354c85", "one of 3 chapters of one recording"),
    ],
)
def test_a_frame_of_a_set_says_how_many_there_are(burst, says):
    assert any(says in line for line in lines(told(burst=burst, burst_shots=3)))


def test_damage_is_said_before_anything_else():
    said = lines(told(damage="truncated", says="half of it"))

    assert said[1:3] == [
        "  Part of it is missing: half of it.",
        "  It was left as it is; quarantine/ shows it, so that it can be found.",
    ]


@pytest.mark.parametrize("state", ["unreadable", "excluded", "gone"])
def test_a_file_that_is_not_read_says_why(state):
    said = lines(told(shot=None, state=state, says="some reason"))

    assert said[1].startswith("  It ")
    assert "  It belongs to no shot." in said
