"""What ties two contents into one shot, and what keeps them apart."""

from __future__ import annotations

import pytest
from builders import camera, digest, fact, subject

from indexer.grouping.evidence import contradiction, edges
from indexer.grouping.subject import edit_base, preference, stem
from indexer.model import Kind, RootRole, Tags

LIVE = "1EA799FF-8384-4BC4-87AA-139A814D9125"


def kinds(*subjects) -> list[str]:
    return [edge.kind for edge in edges(subjects)]


def test_equal_picture_data_is_evidence():
    assert kinds(
        subject("a.jpg", Tags(), payload=digest(9)), subject("b.jpg", file=2, payload=digest(9))
    ) == ["same-payload"]


def test_two_files_without_payload_have_nothing_in_common():
    assert kinds(subject("a.jpg", Tags()), subject("b.jpg", Tags(), file=2)) == []


def test_a_still_and_a_film_of_one_identifier_are_a_live_photo():
    still = subject("IMG_1.HEIC", camera(content_identifier=LIVE))
    film = subject("other.MOV", Tags(content_identifier=LIVE), file=2)

    assert kinds(still, film) == ["content-identifier"]


def test_two_films_of_one_identifier_prove_nothing_about_each_other():
    tags = Tags(content_identifier=LIVE)

    assert kinds(subject("a.mov", tags), subject("b.mov", tags, file=2)) == []


def test_one_device_instant_and_stem_are_one_press():
    assert kinds(subject("IMG_1.HEIC"), subject("IMG_1.JPG", file=2)) == ["same-press"]


@pytest.mark.parametrize(
    "name", ["img_1 (2).jpg", "IMG_1 copy.JPG", "IMG_1.HEIC.jpg", "IMG_1~2.JPG", "IMG_1_HEVC.MOV"]
)
def test_a_copys_name_comes_down_to_the_cameras(name):
    assert stem(name) == "img_1"


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("img_e4120", "img_4120"),
        ("wedding_edited", "wedding"),
        ("bild-bearbeitet", "bild"),
        ("img_4120", None),
        ("edited", None),
        ("credited", None),
    ],
)
def test_an_edits_name_tells_what_it_was_made_of(name, base):
    assert edit_base(name) == base


def test_the_files_of_one_asset_of_a_photos_library_are_one_shot():
    uuid = "E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51"
    library = b"My.photoslibrary"
    original = subject(f"{uuid}.jpeg", Tags(), folder_path=library + b"/originals/E")
    render = subject(
        f"{uuid}_1_201_a.jpeg", Tags(), file=2, folder_path=library + b"/resources/renders/E"
    )
    preview = subject(
        f"{uuid}_4_5005_c.jpeg",
        Tags(),
        file=3,
        folder_path=library + b"/resources/derivatives/masters/E",
    )
    elsewhere = subject(
        f"{uuid}.jpeg", Tags(), file=4, folder_path=b"Other.photoslibrary/originals/E"
    )

    assert kinds(original, render, preview) == ["photos-asset"] * 2
    assert (render.is_edit, preview.is_preview, original.is_edit) == (True, True, False)
    assert kinds(original, elsewhere) == []


def test_an_edit_by_name_is_tied_to_what_was_edited():
    assert kinds(subject("IMG_4120.JPG"), subject("IMG_E4120.JPG", file=2)) == ["same-press"]


def test_one_second_and_another_counter_are_two_presses():
    assert kinds(subject("IMG_1.JPG"), subject("IMG_2.JPG", file=2)) == []


def test_one_name_and_another_second_are_two_presses():
    later = camera("2021:01:01 10:00:00")

    assert kinds(subject("IMG_1.JPG"), subject("IMG_1.HEIC", later, file=2)) == []


def test_a_name_alone_proves_nothing():
    assert kinds(subject("IMG_1.JPG", Tags()), subject("IMG_1.HEIC", Tags(), file=2)) == []


def test_a_day_without_time_is_no_press():
    day = camera("2019:07:14")

    assert kinds(subject("IMG_1.JPG", day), subject("IMG_1.HEIC", day, file=2)) == []


def test_different_fractions_are_different_presses():
    one = subject("IMG_1.JPG", camera(fraction="016"))
    other = subject("IMG_1.HEIC", camera(fraction="550"), file=2)

    assert contradiction(one, other) == "the camera gave them different fractions of the second"
    assert kinds(one, other) == []


def test_fractions_are_compared_at_the_coarser_precision():
    one, other = subject("a.jpg", camera(fraction="05")), subject("a.heic", camera(fraction="054"))

    assert contradiction(one, other) is None


def test_a_fraction_that_one_side_lost_is_no_difference():
    assert contradiction(subject("a.jpg"), subject("a.heic", camera(fraction="054"))) is None


def test_a_raw_and_its_companion_may_be_stamped_a_moment_apart():
    raw = subject("a.nef", camera(fraction="10"))

    assert contradiction(raw, subject("a.jpg", camera(fraction="20"))) is None


def test_different_cameras_are_different_presses():
    other = subject("a.jpg", camera(model="iPhone 6"))

    assert contradiction(subject("a.heic"), other) == "different cameras took them"


def test_a_camera_that_is_not_named_is_no_other_camera():
    assert contradiction(subject("a.heic"), subject("a.jpg", Tags())) is None


def test_frames_of_a_burst_are_presses_of_their_own():
    one = subject("a.jpg", camera(fraction="1", burst_uuid="B"))
    other = subject("a.heic", camera(fraction="2", burst_uuid="B"))

    assert contradiction(one, other) == "they are different frames of one burst"


def test_a_value_that_too_many_files_share_identifies_nothing():
    tags = Tags(content_identifier="51F2BEF7-431A-4D31-8AC1-3284A57826AE")
    crowd = [subject(f"{i}.jpg", tags, file=i) for i in range(1, 60)]

    assert kinds(*crowd) == []


def test_any_number_of_files_may_share_their_picture_data():
    crowd = [subject(f"{i}.jpg", Tags(), file=i, payload=digest(0)) for i in range(1, 60)]

    assert kinds(*crowd) == ["same-payload"] * 58


def test_every_edge_says_why_in_a_sentence():
    found = list(edges([subject("IMG_1.HEIC"), subject("IMG_1.JPG", file=2)]))

    assert found[0].says == (
        "iPhone 12 took both at 2019-07-14 16:02:11, and both are named after img_1."
    )


def test_the_copy_that_stands_for_all_was_seen_first_and_is_named_plainly():
    facts = [
        fact("IMG_1.JPG", file=1, first_generation=2),
        fact("IMG_1.JPG", file=2, root_role=RootRole.BACKUP),
        fact("IMG_1.png", file=3, extension="jpg", kind=Kind.PICTURE),
        fact("IMG_1 (1).JPG", file=4),
        fact("IMG_1.JPG", file=5, folder_path=b"a/longer/path"),
        fact("IMG_1.JPG", file=6),
    ]

    assert [f.file for f in sorted(facts, key=preference)] == [6, 5, 4, 3, 2, 1]


def test_no_two_paths_are_preferred_alike():
    one, other = fact("a.jpg", root_path=b"/a"), fact("a.jpg", file=2, root_path=b"/b")

    assert preference(one) != preference(other)
