"""What each rule says for or against a file as the camera's own."""

from __future__ import annotations

import pytest
from builders import camera, subject

from indexer.model import Damage, Tags
from indexer.originals.rules import is_smaller, votes


def points(one, *others) -> dict[str, float]:
    return {vote.rule: vote.points for vote in votes(one, others)}


def test_a_lone_file_has_nothing_to_prove():
    assert points(subject()) == {}


def test_every_vote_says_a_sentence():
    said = [v.says for v in votes(subject("a.nef"), [subject("a.jpg", Tags(), file=2)])]

    assert said
    assert all(text[0].isupper() and text.endswith(".") for text in said)


def test_a_damaged_file_loses_to_any_whole_one():
    assert points(subject(damage=Damage.TRUNCATED))["damaged"] == -50


def test_a_raw_holds_what_no_other_file_does():
    assert points(subject("a.nef"))["raw"] == 8


def test_a_name_that_programs_give_to_edits_speaks_against_it():
    assert points(subject("IMG_E4120.JPG"))["edited"] == -20


@pytest.mark.parametrize(
    "software", ["Adobe Photoshop 21", "GIMP 2.10", "Photos 2.0", "Picasa", "Lavf58.29.100"]
)
def test_an_editor_in_the_tags_speaks_against_it(software):
    assert points(subject(tags=camera(software=software)))["saved-by-editor"] == -4


@pytest.mark.parametrize("software", ["12.1.4", "HDR+ 1.0.1", "Ver.1.0", "E7FSD0", None])
def test_firmware_is_no_editor(software):
    assert "saved-by-editor" not in points(subject(tags=camera(software=software)))


def test_the_makers_notes_are_lost_in_copies():
    kept = subject("a.heic", camera(has_maker_note=True))
    lost = subject("b.jpg", file=2)

    assert points(kept, lost)["maker-notes"] == 3
    assert points(lost, kept)["maker-notes"] == -3


def test_a_heic_of_a_phone_that_writes_heic_is_the_cameras():
    heic = subject("a.heic", camera(has_maker_note=True))
    jpeg = subject("a.jpg", file=2)

    assert points(heic, jpeg)["camera-format"] == 6
    assert "camera-format" not in points(jpeg, heic)


@pytest.mark.parametrize("model", ["iPhone 6s", "iPhone 5", "iPhone SE", "iPad Air 2"])
def test_a_phone_that_cannot_write_heic_did_not(model):
    heic = subject("a.heic", camera(model=model, has_maker_note=True))

    assert points(heic, subject("a.jpg", file=2))["camera-format"] == -6


@pytest.mark.parametrize(
    "model", ["iPhone 7", "iPhone X", "iPhone SE (2nd generation)", "iPhone 12"]
)
def test_a_phone_that_can_write_heic_is_not_refused(model):
    heic = subject("a.heic", camera(model=model, has_maker_note=True))

    assert points(heic, subject("a.jpg", file=2))["camera-format"] == 6


def test_nobody_wrote_heic_before_2017():
    heic = subject("a.heic", camera("2016:03:01 10:00:00", has_maker_note=True))

    assert points(heic, subject("a.jpg", file=2))["camera-format"] == -6


def test_fewer_pixels_of_the_same_shape_are_a_smaller_copy():
    small = subject("b.jpg", file=2, width_px=2048, height_px=1536)

    assert points(small, subject())["smaller"] == -6
    assert "smaller" not in points(subject(), small)


@pytest.mark.parametrize(("width", "height"), [(3024, 4032), (4032, 3024), (4000, 3000)])
def test_a_turned_or_hardly_smaller_picture_is_no_smaller_copy(width, height):
    assert not is_smaller(subject(file=2, width_px=width, height_px=height), subject())


def test_a_crop_is_no_smaller_copy():
    assert not is_smaller(subject(file=2, width_px=1000, height_px=1000), subject())


def test_a_file_whose_size_is_not_what_the_camera_says_was_rendered_anew():
    tags = camera(exif_width=4032, exif_height=3024)

    assert points(subject(tags=tags, width_px=2566, height_px=3313))["rerendered"] == -4
    assert "rerendered" not in points(subject(tags=tags, width_px=3024, height_px=4032))


def test_a_file_that_names_nothing_loses_to_one_that_does():
    assert points(subject("b.jpg", Tags(), file=2), subject())["no-metadata"] == -5


def test_the_fraction_and_zone_that_others_lost_speak_for_it():
    exact = subject(tags=camera(fraction="482", offset="+02:00"))
    plain = subject("b.jpg", file=2)

    assert points(exact, plain)["exact-time"] == 1
    assert "exact-time" not in points(plain, exact)


def test_the_place_that_others_lost_speaks_for_it():
    placed = subject(tags=camera(latitude=1.0, longitude=2.0))

    assert points(placed, subject("b.jpg", file=2))["place"] == 1
    assert "place" not in points(placed)


def test_the_plainest_name_is_a_hair_better():
    plain, suffixed = subject("IMG_1.JPG"), subject("IMG_1 copy.JPG", file=2)

    assert points(plain, suffixed)["plain-name"] == 0.5
    assert "plain-name" not in points(suffixed, plain)


def test_a_film_is_not_compared_by_its_pixels():
    film = subject("a.mov", file=2, width_px=640, height_px=480)

    assert "smaller" not in points(film, subject())
