"""Rows 34, 36, 37, 47 to 51, 56, 57 and 61: when a lone file was taken, and when nobody knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from PIL.ExifTags import Base
from pretend_camera import saved
from truth.library import Shot, recipe
from truth.scenes import page, scene
from truth.stills import (
    Camera,
    apple_note,
    camera_jpeg,
    exif,
    heic,
    identifier,
    iphone,
    program_jpeg,
)

PIXEL = Camera("Google", "Pixel 7", "HDR+ 1.0.540104767zd")


@recipe(34)
def whatsapp_alone(row):
    row.put("IMG-20200105-WA0003.jpg", program_jpeg(scene("row 34", (1600, 1200)), quality=70))


def test_34_the_day_of_a_transfer_is_not_the_day_of_the_photograph(said):
    """Row 34, without the option to file by the day of transfer."""
    found = said.row(34).differences(Shot("IMG-20200105-WA0003.jpg", is_missing=True, local=None))

    assert found == ""


@recipe(36)
def pixel_name_among_siblings(row):
    row.put("PXL_20230901_220000123.jpg", program_jpeg(scene("row 36")))
    for utc, local in (
        ("20230901_213000456", "2023-09-01T23:30:00.456"),
        ("20230901_223000789", "2023-09-02T00:30:00.789"),
    ):
        look = scene(f"row 36 {utc}")
        tags = exif(PIXEL, f"{local}+02:00", look.size)
        row.put(f"PXL_{utc}.jpg", camera_jpeg(look, tags, subsampling="4:2:0"))


def test_36_a_pixels_name_is_utc_and_its_siblings_know_the_zone(said):
    """Row 36: two siblings, half an hour before and after."""
    found = said.row(36).differences(
        Shot("PXL_20230901_220000123.jpg", local="2023-09-02T00:00:00.123", offset="+02:00"),
        Shot("PXL_20230901_213000456.jpg", local="2023-09-01T23:30:00.456", offset="+02:00"),
        Shot("PXL_20230901_223000789.jpg", local="2023-09-02T00:30:00.789", offset="+02:00"),
    )

    assert found == ""


@recipe(37)
def samsung_name(row):
    row.put("20230901_220000.jpg", program_jpeg(scene("row 37")))


def test_37_a_samsungs_name_is_the_local_clock(said):
    """Row 37."""
    found = said.row(37).differences(
        Shot("20230901_220000.jpg", local="2023-09-01T22:00:00", offset=None)
    )

    assert found == ""


@recipe(47)
def clock_of_zeros(row):
    look, zeros = scene("row 47"), "0000:00:00 00:00:00"
    tags = exif(
        Camera("Canon", "Canon PowerShot A70", "Picasa"),
        None,
        look.size,
        modified="2012-05-06T07:08:09",
        inner={Base.DateTimeOriginal: zeros, Base.DateTimeDigitized: zeros},
    )
    row.put("IMG_0047.JPG", program_jpeg(look, tags), mtime="2013-01-02T03:04:05Z")


def test_47_neither_zeros_nor_the_day_of_saving_nor_the_disks_date_is_a_time(said):
    """Row 47."""
    found = said.row(47).differences(Shot("IMG_0047.JPG", local=None, unknown="zero"))

    assert found == ""


@recipe(48)
def clock_never_set(row):
    look = scene("row 48")
    camera = Camera("SONY", "DSC-P72", None)
    row.put("2007/Rome/IMG_0004.JPG", camera_jpeg(look, exif(camera, "2000-01-01T00:03:10")))


def test_48_a_clock_that_was_never_set_tells_nothing_and_the_folder_gives_a_hint(said):
    """Row 48."""
    row = said.row(48)

    found = row.differences(Shot("2007/Rome/IMG_0004.JPG", local=None, unknown="epoch-default"))

    assert found == ""
    assert (row.shots[0].captured["suggestion"] or "").startswith("2007")


NEW_YEAR = datetime.fromisoformat("2000-01-01T00:03:10")


@recipe(49)
def new_year_of_2000(row):
    camera = Camera("RICOH", "RDC-5300", None)
    for number in range(300):
        at = NEW_YEAR + timedelta(seconds=90 * (number - 150))
        utc = (at - timedelta(seconds=2)).isoformat() if number % 3 == 0 else None
        tags = exif(camera, at.isoformat(), (256, 192), utc=utc)
        look = scene(f"row 49 {number}", (256, 192))
        row.put(f"RIMG{number:04}.JPG", camera_jpeg(look, tags, 85))


def test_49_a_night_of_three_hundred_pictures_is_no_clock_that_was_never_set(said):
    """Row 49. The satellites told every third of them the time, this one among them."""
    others = (f"RIMG{number:04}.JPG" for number in range(300) if number != 150)

    found = said.row(49).differences(
        Shot("RIMG0150.JPG", local="2000-01-01T00:03:10", offset="+00:00"), *map(Shot, others)
    )

    assert found == ""


@recipe(50)
def clock_of_the_future(row):
    look = scene("row 50")
    camera = Camera("samsung", "SM-A405FN", "A405FNXXU3BTB1")
    row.put("20200101_101112.jpg", camera_jpeg(look, exif(camera, "2030-01-01T10:11:12")))


def test_50_a_name_is_believed_where_the_clock_is_in_the_future(said):
    """Row 50."""
    found = said.row(50).differences(
        Shot("20200101_101112.jpg", local="2020-01-01T10:11:12", offset=None)
    )

    assert found == ""


@recipe(51)
def scanned_slide(row):
    look = scene("row 51")
    tags = exif(
        Camera("EPSON", "Perfection V600", "EPSON Scan"),
        "2019-02-03T14:15:16",
        look.size,
        inner={Base.FileSource: b"\2"},
    )
    row.put(
        "scan0001.tif",
        saved(look, "TIFF", exif=tags),
        tags=["-XMP-photoshop:DateCreated=1985:08"],
    )


def test_51_the_day_of_a_scan_is_not_the_day_of_the_photograph(said):
    """Row 51, without the option to file by month."""
    found = said.row(51).differences(Shot("scan0001.tif", local=None))

    assert found == ""


@recipe(56)
def blank_zone(row):
    look = scene("row 56")
    camera = Camera("OLYMPUS CORPORATION", "E-M1MarkII", "Version 3.4")
    blank = {Base.OffsetTimeOriginal: "   :  ", Base.OffsetTime: "   :  "}
    row.put("photo.jpg", camera_jpeg(look, exif(camera, "2021-10-11T12:13:14", inner=blank)))


def test_56_a_zone_of_blanks_is_unknown(said):
    """Row 56."""
    found = said.row(56).differences(Shot("photo.jpg", local="2021-10-11T12:13:14", offset=None))

    assert found == ""


@recipe(57)
def satellites_beside_the_clock(row):
    look = scene("row 57")
    note = apple_note(unique=identifier("row 57"))
    tags = exif(
        iphone("8", "11.2.2"),
        "2018-01-20T15:11:44",
        look.size,
        note=note,
        utc="2018-01-20T07:11:43Z",
    )
    row.put("IMG_0057.HEIC", heic(look, tags))


def test_57_the_satellites_time_beside_the_clock_gives_the_zone(said):
    """Row 57."""
    found = said.row(57).differences(
        Shot("IMG_0057.HEIC", local="2018-01-20T15:11:44", offset="+08:00")
    )

    assert found == ""


@recipe(61)
def screenshot_of_a_mac(row):
    name = "Screenshot 2023-02-16 at 17.20.30.png"
    row.put(name, saved(page("row 61", "17:20", (960, 640)), "PNG"))


def test_61_a_macs_screenshot_is_dated_by_its_name(said):
    """Row 61. The program has no word for kinds of pictures; that the name is one is in the clue."""
    found = said.row(61).differences(
        Shot("Screenshot 2023-02-16 at 17.20.30.png", local="2023-02-16T17:20:30", offset=None)
    )

    assert found == ""
