"""Rows 10 to 16 and 39: Live Photos, names that come again, bursts and brackets."""

from __future__ import annotations

from truth.films import apple_keys, film
from truth.library import Shot, recipe
from truth.scenes import exposed, moved, scene
from truth.stills import (
    Camera,
    apple_note,
    exif,
    heic,
    identifier,
    iphone,
    motion_photo,
    phone_jpeg,
)


def put_live(row, number, film_name):
    look = scene(f"row {number}")
    live = identifier(f"row {number}")
    taken = f"2019-07-{number}T11:25:41.123+03:00"
    tags = exif(iphone("8", "12.3"), taken, look.size, note=apple_note(content=live))
    row.put("IMG_0001.HEIC", heic(look, tags))
    keys = apple_keys(f"2019-07-{number}T11:25:40+03:00", "8", "12.3", live)
    row.put(film_name, film(look, created=f"2019-07-{number}T08:25:40Z", keys=keys))


@recipe(10)
def live_photo(row):
    put_live(row, 10, "IMG_0001.MOV")


def test_10_one_identifier_ties_a_still_and_its_film(said):
    """Row 10."""
    found = said.row(10).differences(
        Shot(
            "IMG_0001.HEIC",
            {"IMG_0001.MOV": "live-video"},
            local="2019-07-10T11:25:41.123",
            offset="+03:00",
        )
    )

    assert found == ""


@recipe(11)
def live_photo_in_two_folders(row):
    put_live(row, 11, "films/IMG_0001_HEVC.MOV")


def test_11_the_identifier_ties_them_across_folders_and_names(said):
    """Row 11."""
    found = said.row(11).differences(
        Shot(
            "IMG_0001.HEIC",
            {"films/IMG_0001_HEVC.MOV": "live-video"},
            local="2019-07-11T11:25:41.123",
            offset="+03:00",
        )
    )

    assert found == ""


@recipe(12)
def takeout_swaps_the_films(row):
    for number, name in ((1, "img.jpg"), (2, "img(1).jpg")):
        look, live = scene(f"row 12 {number}"), identifier(f"row 12 {number}")
        taken = f"2018-05-12T1{number}:00:00.250+02:00"
        tags = exif(iphone("7", "11.3"), taken, look.size, note=apple_note(content=live))
        row.put(name, phone_jpeg(look, tags))
        if number == 2:
            keys = apple_keys("2018-05-12T12:00:00+02:00", "7", "11.3", live)
            row.put("img.mov", film(look, created="2018-05-12T10:00:00Z", keys=keys))


def test_12_the_identifier_counts_where_takeout_has_swapped_the_names(said):
    """Row 12."""
    found = said.row(12).differences(
        Shot("img(1).jpg", {"img.mov": "live-video"}, local="2018-05-12T12:00", offset="+02:00"),
        Shot("img.jpg", local="2018-05-12T11:00", offset="+02:00"),
    )

    assert found == ""


@recipe(13)
def film_of_another_month(row):
    look = scene("row 13")
    row.put(
        "IMG_0013.HEIC",
        heic(look, exif(iphone("8", "12.3"), "2019-04-13T09:10:11.012+02:00", look.size)),
    )
    keys = apple_keys("2019-05-13T09:10:11+02:00", "8", "12.3")
    row.put(
        "IMG_0013.MOV",
        film(scene("row 13 later"), seconds=2.9, created="2019-05-13T07:10:11Z", keys=keys),
    )


def test_13_a_short_film_of_one_name_thirty_days_later_is_another_shot(said):
    """Row 13."""
    found = said.row(13).differences(
        Shot("IMG_0013.HEIC", local="2019-04-13T09:10:11", offset="+02:00"),
        Shot("IMG_0013.MOV", local="2019-05-13T09:10:11", offset="+02:00"),
    )

    assert found == ""


@recipe(14)
def counter_of_another_phone(row):
    old, new = scene("row 14 old"), scene("row 14 new")
    row.put(
        "IMG_0007.JPG",
        phone_jpeg(old, exif(iphone("5", "7.1"), "2014-03-02T15:16:17", old.size)),
    )
    row.put(
        "IMG_0007.HEIC",
        heic(new, exif(iphone("12", "14.4"), "2021-03-05T18:19:20.210+01:00", new.size)),
    )


def test_14_a_name_that_comes_again_after_years_is_another_shot(said):
    """Row 14."""
    found = said.row(14).differences(
        Shot("IMG_0007.JPG", local="2014-03-02T15:16:17"),
        Shot("IMG_0007.HEIC", local="2021-03-05T18:19:20"),
    )

    assert found == ""


@recipe(15)
def burst(row):
    look = scene("row 15")
    for frame in range(10):
        note = apple_note(burst=identifier("row 15"), unique=identifier(f"row 15 {frame}"))
        tags = exif(iphone("6s", "10.2"), "2017-02-03T13:14:15", look.size, note=note)
        row.put(f"IMG_{2001 + frame}.JPG", phone_jpeg(moved(look, 6 * frame), tags))


def test_15_the_frames_of_a_burst_are_shots_of_one_set(said):
    """Row 15. The camera moves by six pixels between two frames."""
    row = said.row(15)

    found = row.differences(
        *(Shot(f"IMG_{2001 + n}.JPG", local="2017-02-03T13:14:15", offset=None) for n in range(10))
    )

    assert found == ""
    assert {shot.told["burst"] for shot in row.shots} == {identifier("row 15")}


@recipe(16)
def hdr_pair(row):
    look = scene("row 16")
    for number, (kind, stops) in enumerate(((3, 0.0), (4, 0.5)), 1):
        note = apple_note(hdr=kind, unique=identifier(f"row 16 {number}"))
        tags = exif(iphone("6", "9.2"), "2016-02-04T13:14:15", look.size, note=note)
        row.put(f"IMG_010{number}.JPG", phone_jpeg(exposed(look, stops), tags))


def test_16_an_hdr_picture_and_the_normal_one_are_a_set_of_two_shots(said):
    """Row 16."""
    row = said.row(16)

    found = row.differences(
        *(Shot(f"IMG_010{n}.JPG", local="2016-02-04T13:14:15", offset=None) for n in (1, 2))
    )

    assert found == ""
    assert len({shot.told["burst"] for shot in row.shots}) == 1
    assert row.shots[0].told["burst"] is not None


PIXEL = Camera("Google", "Pixel 5", "HDR+ 1.0.386907262zd")


@recipe(39)
def motion_photo_and_its_film(row):
    look = scene("row 39")
    tail = film(look, "mp4", seconds=1.5, handler="VideoHandle")
    tags = exif(PIXEL, "2021-09-02T10:11:12.130+02:00", look.size)
    row.put("PXL_20210902_081112130.MP.jpg", motion_photo(look, tags, tail))
    row.put("PXL_20210902_081112130.MP", tail)


def test_39_the_film_inside_a_motion_photo_and_beside_it_are_one_shot(said):
    """Row 39. The film is a duplicate of the tail; the program has no word of its own for that."""
    found = said.row(39).differences(
        Shot(
            "PXL_20210902_081112130.MP.jpg",
            {"PXL_20210902_081112130.MP": ("live-video", "identical", "same-payload")},
            local="2021-09-02T10:11:12.130",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(40)
def motion_photo_saved_by_an_editor(row):
    look = scene("row 40")
    taken = "2021-09-03T10:11:12.140+02:00"
    tail = film(look, "mp4", seconds=1.5, handler="VideoHandle")
    name = "PXL_20210903_081112140.MP.jpg"
    row.put(name, motion_photo(look, exif(PIXEL, taken, look.size), tail))
    snapseed = Camera(PIXEL.make, PIXEL.model, "Snapseed 2.0")
    edited = exif(snapseed, taken, look.size, modified="2021-10-01T20:00:00")
    row.put(f"Snapseed/{name}", motion_photo(look, edited, None, quality=80))


def test_40_a_motion_photo_without_its_film_was_saved_again(said):
    """Row 40, rule F5."""
    name = "PXL_20210903_081112140.MP.jpg"

    found = said.row(40).differences(
        Shot(
            name,
            {f"Snapseed/{name}": ("reencoded", "resized", "edit")},
            local="2021-09-03T10:11:12.140",
            offset="+02:00",
        )
    )

    assert found == ""
