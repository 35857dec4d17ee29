"""What would change a decision: the sentence that fits, and none that would do nothing."""

from __future__ import annotations

import pytest

from mediafs.cli.would_change import would_change

CERTAIN = {"local": "2019-07-14T16:02:11", "offset": "+02:00", "confidence": "certain",
           "source": "ExifIFD:DateTimeOriginal", "unknown": None}  # fmt: skip


def told(role="original", members=("original",), **changes):
    """A shot of files named after their roles; each has bytes of its own unless it is identical."""
    files = [
        {"path": f"/p/{name}", "role": name, "blake3": "original" if name == "identical" else name}
        for name in members
    ]
    known = {
        "path": f"/p/{role}", "role": role, "shot": 1, "members": files, "original": "/p/original",
        "original_missing": False, "confidence": "sure", "damage": None, "decided": [],
        "evidence": [], "votes": [], "captured": CERTAIN, "state": "present", "kind": "picture",
    }  # fmt: skip
    return known | changes


def no_shot(**changes):
    return {"shot": None, "damage": None, "state": "present", "kind": "other"} | changes


def votes(**points):
    return [{"path": f"/p/{name}", "points": number} for name, number in points.items()]


def tie(kind, a, b="original"):
    return {"a": f"/p/{a}", "b": f"/p/{b}", "kind": kind}


def test_where_nothing_is_in_doubt_it_says_so():
    [says] = would_change(told())

    assert says.startswith("Nothing here is in doubt")


def test_another_file_of_a_sure_shot_can_be_chosen():
    [says] = would_change(told(members=("original", "reencoded")))

    assert "--original" in says


@pytest.mark.parametrize("role", ["edit", "preview", "reencoded", "resized", "same-payload"])
def test_a_member_can_become_the_original_or_a_shot_of_its_own(role):
    [says] = would_change(told(role, ("original", role)))

    assert f"`mediafs decide /p/{role} --original`" in says
    assert "--not-a-duplicate" in says


def test_an_exact_copy_is_not_told_to_change_places_with_its_equal():
    [says] = would_change(told("identical", ("original", "identical")))

    assert "--original" not in says
    assert "equal bytes" in says


def test_a_sidecar_cannot_be_decided_about():
    [says] = would_change(told("sidecar", ("original", "sidecar")))

    assert "`mediafs decide" not in says


def test_a_live_film_is_not_offered_as_the_original():
    [says] = would_change(told("live-video", ("original", "live-video")))

    assert "--not-a-duplicate" in says
    assert "--original" not in says


@pytest.mark.parametrize(
    ("kinds", "is_doubted"),
    [(("look",), True), (("look", "same-press"), False), (("same-press",), False)],
)
def test_what_only_looks_tie_is_said_to_be_tied_by_them(kinds, is_doubted):
    evidence = [tie(kind, "resized") for kind in kinds]

    says = would_change(told("resized", ("original", "resized"), evidence=evidence))
    assert says[0].startswith("Only its looks") is is_doubted


def test_level_evidence_names_the_other_and_how_to_choose_it():
    known = told(
        members=("original", "reencoded"), confidence="ambiguous",
        votes=votes(original=2, reencoded=2),
    )  # fmt: skip

    [says] = would_change(known)
    assert "`mediafs decide /p/reencoded --original`" in says


def test_a_likely_original_says_by_how_much_it_leads():
    known = told(
        members=("original", "reencoded"), confidence="likely",
        votes=votes(original=2, reencoded=1),
    )  # fmt: skip

    [says] = would_change(known)
    assert "reencoded is 1 point behind" in says


def test_an_edit_is_never_the_next_best():
    known = told(members=("original", "edit"), confidence="likely", votes=votes(original=2, edit=1))

    assert not any("behind" in says for says in would_change(known))


def test_what_a_person_said_comes_first_and_can_be_taken_back():
    known = told(
        "reencoded", ("original", "reencoded"),
        decided=[{"path": "/p/reencoded", "verdict": "ignore"}],
    )  # fmt: skip

    [says] = would_change(known)
    assert "never the original" in says
    assert "`mediafs decide /p/reencoded --undo`" in says


def test_a_word_about_equal_copies_is_told_once():
    known = told(
        members=("original", "identical"),
        decided=[{"path": f"/p/{name}", "verdict": "original"} for name in ("original", "identical")],
    )  # fmt: skip

    assert len(would_change(known)) == 1


def test_a_missing_original_is_waited_for():
    assert any("camera's own file" in says for says in would_change(told(original_missing=True)))


def test_a_damaged_one_waits_for_a_whole_copy():
    says = would_change(told(original_missing=True, damage="truncated"))

    assert says[0].startswith("A whole copy")
    assert not any("camera's own file" in line for line in says)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"local": None, "unknown": "no-tag"}, "A date of capture"),
        ({"local": None, "unknown": "conflict"}, "Once the two dates agree"),
        ({"confidence": "weak", "source": "file name"}, "would count more than file name."),
        ({"offset": None}, "the zone of its clock"),
    ],
)
def test_what_is_not_known_about_the_time_says_what_would_tell_it(changes, says):
    [line] = would_change(told(captured=CERTAIN | changes))

    assert says in line


def test_a_path_can_be_pasted_into_a_shell():
    path = "/p/Rome (2).jpg"
    known = told("resized", ("original",))
    known["members"] = [*known["members"], {"path": path, "role": "resized", "blake3": "x"}]

    [says] = would_change(known | {"path": path})
    assert f"`mediafs decide '{path}' --original`" in says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"damage": "empty"}, "A whole copy"),
        ({"state": "excluded"}, "`include`"),
        ({"state": "unreadable"}, "tried again"),
        ({"kind": "sidecar"}, "beside it"),
        ({}, "Nothing"),
    ],
)
def test_a_file_of_no_shot_says_what_would_give_it_one(changes, says):
    [line] = would_change(no_shot(**changes))

    assert says in line
