"""Rows 23 to 26 and 52: edits, adjustments, and the backs of prints."""

from __future__ import annotations

from PIL.ExifTags import Base
from truth.library import ANY_ROLE, DERIVED, Shot, recipe
from truth.scenes import filtered, page, scene
from truth.sidecars import CAMERA, USER, aae
from truth.stills import Camera, apple_note, exif, heic, identifier, iphone, program_jpeg

PHONE = iphone("XR", "12.3.1")


def put_photo(row, number):
    """IMG_0009.HEIC; its scene and time."""
    look, taken = scene(f"row {number}"), f"2019-08-{number}T10:20:30.405+02:00"
    note = apple_note(unique=identifier(f"row {number}"))
    row.put("IMG_0009.HEIC", heic(look, exif(PHONE, taken, look.size, note=note)))
    return look, taken


def edited(look, taken):
    """What an iPhone writes when the edited version leaves it."""
    return program_jpeg(filtered(look), exif(PHONE, taken, look.size, note=apple_note()), 90)


@recipe(23)
def edited_on_the_phone(row):
    look, taken = put_photo(row, 23)
    row.put("IMG_E0009.JPG", edited(look, taken))
    row.put("IMG_0009.AAE", aae(USER))


def test_23_the_phones_own_picture_its_edit_and_the_adjustments_are_one_shot(said):
    """Row 23."""
    found = said.row(23).differences(
        Shot(
            "IMG_0009.HEIC",
            {"IMG_E0009.JPG": "edit", "IMG_0009.AAE": "sidecar"},
            local="2019-08-23T10:20:30.405",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(24)
def adjusted_by_the_camera(row):
    put_photo(row, 24)
    row.put("IMG_0009.AAE", aae(CAMERA))


def test_24_adjustments_by_the_camera_itself_are_no_edit(said):
    """Row 24."""
    found = said.row(24).differences(
        Shot(
            "IMG_0009.HEIC",
            {"IMG_0009.AAE": "sidecar"},
            is_missing=False,
            local="2019-08-24T10:20:30.405",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(25)
def orphan(row):
    row.put("x.AAE", aae(USER))


def test_25_an_orphaned_sidecar_is_no_shot_and_stays_visible(said):
    """Row 25."""
    told = said.explained(25, "x.AAE")

    assert told["shot"] is None
    assert [p for p in told["placements"] if p.startswith("originals/unknown-time/")] != []


@recipe(26)
def edit_alone(row):
    row.put("IMG_E0009.JPG", edited(scene("row 26"), "2019-08-26T10:20:30.405+02:00"))


def test_26_an_edit_alone_is_the_best_that_is_left(said):
    """Row 26."""
    found = said.row(26).differences(
        Shot("IMG_E0009.JPG", is_missing=True, local="2019-08-26T10:20:30.405", offset="+02:00")
    )

    assert found == ""


@recipe(52)
def scanned_print(row):
    look, size = scene("row 52"), (1024, 768)
    scanner = Camera("EPSON", "FastFoto FF-680W", "EPSON FastFoto")
    tags = exif(scanner, "2020-11-12T13:14:15", size, inner={Base.FileSource: b"\2"})
    back = page("row 52", "Summer in Rimini", size)
    row.put("Trip_0001.jpg", program_jpeg(look, tags, 90))
    row.put("Trip_0001_a.jpg", program_jpeg(filtered(look), tags, 90))
    row.put("Trip_0001_b.jpg", program_jpeg(back, tags, 90))


def test_52_a_scanned_print_its_enhanced_copy_and_its_back_are_one_shot_of_no_date(said):
    """Row 52. The program has no word of its own for the back of a print."""
    found = said.row(52).differences(
        Shot("Trip_0001.jpg", {"Trip_0001_a.jpg": DERIVED, "Trip_0001_b.jpg": ANY_ROLE}, local=None)
    )

    assert found == ""
