"""What looks tie, and what they must not (ORIGINALS.md 2.1, 12, and 2.3)."""

from __future__ import annotations

import pytest
from builders import camera, fact, flat_look, look, looks, page_look, subject
from PIL import Image

from indexer.grouping.alike import LOOK, by_looks
from indexer.grouping.components import join
from indexer.grouping.edges import edges
from indexer.grouping.evidence import once
from indexer.grouping.looks import UNSEEN, Looks, Near
from indexer.model import Tags

SMALL = {"width_px": 1600, "height_px": 1200}
NO_CAMERA = Tags()


def kinds(*subjects, seen=UNSEEN) -> list[str]:
    return [edge.kind for edge in once(by_looks(subjects, seen))]


def shots(*subjects, seen=UNSEEN) -> set[frozenset[int]]:
    pairs = edges(subjects, seen)
    return {frozenset(s.content for s in group.subjects) for group in join(subjects, pairs, seen)}


def alone(*numbers: int) -> set[frozenset[int]]:
    return {frozenset({number}) for number in numbers}


def seeing(*seen):
    """What a comparison of all of them finds."""
    who = [one for one, _ in seen]
    return looks(*seen, near=[(a, b) for i, a in enumerate(who) for b in who[i + 1 :]])


# --- of looks alone ---------------------------------------------------------------------------


def test_a_copy_without_metadata_belongs_to_the_one_shot_that_it_looks_like():
    one, sent = subject("IMG_1.HEIC"), subject("IMG-2020-WA3.jpg", NO_CAMERA, file=2, **SMALL)
    seen = seeing((one, look(1)), (sent, look(1, 0.005)))

    assert kinds(one, sent, seen=seen) == [LOOK]
    assert shots(one, sent, seen=seen) == {frozenset({1, 2})}


def test_an_edge_of_looks_says_how_alike_they_are_and_what_is_not_known():
    one, sent = subject("IMG_1.HEIC"), subject("sent.jpg", NO_CAMERA, file=2, **SMALL)

    [found] = by_looks([one, sent], seeing((one, look(1)), (sent, look(1))))

    assert found.says == (
        "They look the same (difference 0.0 of 255), and one of them lost the camera's record."
    )


def test_a_turned_copy_says_how_it_was_turned():
    one, sent = subject("a.heic", NO_CAMERA), subject("b.jpg", NO_CAMERA, file=2, **SMALL)

    [found] = by_looks([one, sent], Looks({}, (Near(one.content, sent.content, 6, 0.4),)))

    assert found.says == (
        "They look the same, once one is turned by a quarter (difference 0.4 of 255), and neither"
        " has the camera's record."
    )


def test_two_pictures_of_one_camera_are_judged_by_what_they_tell():
    one, other = subject("IMG_1.JPG"), subject("x.jpg", camera("2019:07:14 16:02:12"), file=2)

    assert kinds(one, other, seen=seeing((one, look(1)), (other, look(1)))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": Tags(all={"ExifIFD:DateTimeOriginal": "2019:07:14 16:02:14"})},
        {"tags": Tags(all={"Nikon:ShutterCount": "12"})},
        {"tags": Tags(all={"ExifIFD:ExposureTime": "0.5"})},
        {"name": "IMG_2002.JPG"},
    ],
)
def test_what_speaks_against_one_press_outweighs_looks(changes):
    told = {"Nikon:ShutterCount": "11", "ExifIFD:ExposureTime": "0.1"}
    one = subject("IMG_2001.JPG", camera(all=told))
    other = subject(changes.get("name", "x.jpg"), changes.get("tags", NO_CAMERA), file=2, **SMALL)

    assert kinds(one, other, seen=seeing((one, look(1)), (other, look(1)))) == []


def test_a_time_that_a_zone_explains_is_no_other():
    other = Tags(all={"ExifIFD:DateTimeOriginal": "2019:07:14 18:02:11"})
    one, sent = subject("IMG_1.JPG"), subject("x.jpg", other, file=2, **SMALL)

    assert kinds(one, sent, seen=seeing((one, look(1)), (sent, look(1)))) == [LOOK]


def test_screens_and_pages_are_not_judged_by_looks():
    one, other = subject("a.png", NO_CAMERA), subject("b.png", NO_CAMERA, file=2, **SMALL)
    seen = seeing((one, page_look()), (other, page_look()))

    assert seen.near
    assert kinds(one, other, seen=seen) == []


def test_two_frames_that_one_program_saved_alike_are_two_pictures():
    one, other = (
        subject(f"{n}.jpg", NO_CAMERA, file=i, size=10_000) for i, n in ((1, "a"), (2, "b"))
    )
    seen = seeing((one, look(1)), (other, look(1, 0.012)))

    assert seen.near
    assert shots(one, other, seen=seen) == alone(1, 2)


@pytest.mark.parametrize(
    "changes", [SMALL, {"extension": "heic"}, {"size": 3000}], ids=["size", "format", "bytes"]
)
def test_a_picture_that_was_saved_again_in_another_way_is_a_copy(changes):
    one = subject("a.jpg", NO_CAMERA, size=10_000)
    other = subject("b.jpg", NO_CAMERA, file=2, **{"size": 10_000, **changes})

    assert shots(one, other, seen=seeing((one, look(1)), (other, look(1, 0.012)))) == {
        frozenset({1, 2})
    }


def test_a_copy_without_metadata_takes_no_side_in_a_burst():
    frames = [subject(f"IMG_200{i}.JPG", camera(fraction=f"{i}50"), file=i) for i in (1, 2)]
    sent = subject("sent.jpg", NO_CAMERA, file=3, **SMALL)
    drifts = (0.0, 0.012, 0.006)
    seen = seeing(*((s, look(1, d)) for s, d in zip([*frames, sent], drifts, strict=True)))

    assert shots(*frames, sent, seen=seen) == alone(1, 2, 3)


def test_a_copy_without_metadata_finds_its_frame_in_a_burst_of_a_moving_scene():
    frames = [subject(f"IMG_200{i}.JPG", camera(fraction=f"{i}50"), file=i) for i in (1, 2)]
    sent = subject("sent.jpg", NO_CAMERA, file=3, **SMALL)
    drifts = (0.0, 0.03, 0.001)
    seen = seeing(*((s, look(1, d)) for s, d in zip([*frames, sent], drifts, strict=True)))

    assert shots(*frames, sent, seen=seen) == {frozenset({1, 3}), frozenset({2})}


def test_looks_of_a_picture_that_is_not_known_any_more_are_left_out():
    one = subject("a.jpg", NO_CAMERA)

    assert (
        kinds(one, seen=Looks({}, (Near(one.content, subject("b.jpg", file=9).content, 1, 0.1),)))
        == []
    )


def test_a_film_that_resembles_a_still_is_tied_by_no_looks():
    still, film = subject("a.heic"), subject("b.mov", NO_CAMERA, file=2)

    assert kinds(still, film, seen=looks((still, look(1)), (film, look(1)))) == []


# --- of one folder and one name ---------------------------------------------------------------


def test_two_formats_of_one_name_that_look_the_same_are_one():
    one, other = subject("x.heic", NO_CAMERA), subject("x.jpg", NO_CAMERA, file=2)

    assert kinds(one, other, seen=looks((one, look(1)), (other, look(1)))) == ["name-and-look"]


def test_one_name_and_other_looks_are_two_pictures():
    one, other = subject("x.heic", NO_CAMERA), subject("x.jpg", NO_CAMERA, file=2)

    assert kinds(one, other, seen=looks((one, look(1)), (other, look(2)))) == []


def test_one_name_in_two_folders_proves_nothing():
    one, other = subject("x.heic", NO_CAMERA), subject("x.jpg", NO_CAMERA, file=2, folder=2)

    assert kinds(one, other, seen=looks((one, look(1)), (other, look(1)))) == []


def test_a_copy_in_the_folder_speaks_for_its_content():
    one, other = subject("x.heic", NO_CAMERA), subject("y.jpg", NO_CAMERA, file=2, folder=2)
    copied = type(other)(
        other.content, (*other.files, fact("x.jpg", file=3, content=2)), other.tags, other.clues
    )

    assert kinds(one, copied, seen=looks((one, look(1)), (copied, look(1)))) == ["name-and-look"]


def test_an_edit_by_name_may_look_somewhat_different():
    one, other = subject("x.jpg", NO_CAMERA), subject("x-edited.jpg", NO_CAMERA, file=2)

    assert kinds(one, other, seen=looks((one, look(1)), (other, look(1, 0.1)))) == ["edit-by-name"]


def test_an_edit_by_name_that_shows_something_else_is_no_edit_of_it():
    one, other = subject("x.jpg", NO_CAMERA), subject("x-edited.jpg", NO_CAMERA, file=2)

    assert kinds(one, other, seen=looks((one, look(1)), (other, look(2)))) == []


@pytest.mark.parametrize("name", ["Screenshot ({}).png", "Scan ({}).png"])
def test_screens_and_pages_that_a_program_numbered_are_different(name):
    # Windows names its screenshots so; they differ in a few letters (2.3, 9).
    one, other = (subject(name.format(i), NO_CAMERA, file=i) for i in (1, 2))

    assert shots(one, other, seen=seeing((one, page_look()), (other, page_look(4)))) == alone(1, 2)


def test_frames_that_a_program_numbered_are_different_pictures():
    one, other = (subject(f"clip ({i}).jpg", NO_CAMERA, file=i, size=10_000) for i in (1, 2))

    assert shots(one, other, seen=seeing((one, look(1)), (other, look(1, 0.012)))) == alone(1, 2)


def test_a_film_frame_and_its_neighbour_under_one_name_are_no_edit():
    one, other = subject("x.jpg", NO_CAMERA), subject("x (1).jpg", NO_CAMERA, file=2)

    assert shots(one, other, seen=seeing((one, look(1)), (other, look(1, 0.1)))) == alone(1, 2)


@pytest.mark.parametrize("seen_as", [flat_look(0), flat_look(255)])
def test_pictures_that_show_nothing_are_not_judged_by_looks(seen_as):
    one, other = subject("x.heic", NO_CAMERA), subject("x.jpg", NO_CAMERA, file=2)

    assert kinds(one, other, seen=seeing((one, seen_as), (other, seen_as))) == []


# --- Looks ------------------------------------------------------------------------------------


def test_a_picture_that_was_never_seen_looks_like_nothing():
    one, other = subject("a.jpg"), subject("b.jpg", file=2)
    seen = looks((one, look(1)))

    assert seen.same(one, other) is None
    assert seen.weak(one, other) is None
    assert (seen.knows(one), seen.knows(other)) == (True, False)
    assert (seen.are_telling(other), seen.is_drawn(other)) == (True, False)


def test_a_turned_picture_is_recognised():
    one, other = subject("a.jpg"), subject("b.jpg", file=2)
    seen = looks((one, look(1)), (other, look(1, turn=Image.Transpose.ROTATE_90)))

    assert seen.same(one, other) is None
    assert seen.turned(one, other) == "turned by a quarter"


def test_two_files_that_lie_side_by_side_twice_are_tied_once():
    # Evidence holds one sentence of a kind for each pair.
    one, other = subject("x.heic", NO_CAMERA), subject("x.jpg", camera(), file=2)
    both = [
        type(s)(
            s.content, (*s.files, fact(name, file=n, folder=2, content=s.content)), s.tags, s.clues
        )
        for s, name, n in ((one, "x.heic", 3), (other, "x.jpg", 4))
    ]

    assert kinds(*both, seen=looks((one, look(1)), (other, look(1)))) == ["name-and-look"]


def test_copies_of_a_camera_whose_clock_was_never_set_are_found_by_looks():
    one = subject("a.jpg", camera(None, make="Canon", model="A75"))
    other = subject("b.jpg", camera(None, make="Canon", model="A75"), file=2, **SMALL)

    seen = seeing((one, look(1)), (other, look(1, 0.005)))
    assert shots(one, other, seen=seen) == {frozenset({1, 2})}


def test_pictures_of_two_cameras_are_no_copies_however_alike():
    one = subject("a.jpg", camera(None, make="Canon", model="A75"))
    other = subject("b.jpg", camera(None, make="Canon", model="A80"), file=2, **SMALL)

    seen = seeing((one, look(1)), (other, look(1, 0.005)))
    assert shots(one, other, seen=seen) == {frozenset({1}), frozenset({2})}
