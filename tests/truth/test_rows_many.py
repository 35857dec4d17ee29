"""Rows 53, 54, 62 and 65: many pictures that share a code, a second, a look or a name."""

from __future__ import annotations

from datetime import datetime, timedelta

from PIL.ExifTags import Base
from pretend_camera import saved
from truth.library import Shot, recipe
from truth.scenes import SMALL, page, scene
from truth.stills import Camera, camera_jpeg, exif

GALAXY = Camera("samsung", "SM-G930F", "G930FXXU1DQEL")
CANON = Camera("Canon", "Canon EOS 70D", "Firmware Version 1.1.2")


def times(start, count, seconds):
    """Capture times, so many seconds apart."""
    first = datetime.fromisoformat(start)
    return [(first + timedelta(seconds=seconds * n)).isoformat() for n in range(count)]


def samsungs():
    return {
        f"{at.replace('-', '').replace(':', '').replace('T', '_')}.jpg": at
        for at in times("2017-08-12T10:15:00", 40, 37)
    }


@recipe(53)
def module_code(row):
    for name, at in samsungs().items():
        tags = exif(GALAXY, at, SMALL, inner={Base.ImageUniqueID: "L12XLLD01VM"})
        row.put(name, camera_jpeg(scene(f"row 53 {name}", SMALL), tags))


def test_53_the_code_of_a_camera_module_identifies_no_picture(said):
    """Row 53."""
    found = said.row(53).differences(
        *(Shot(name, local=at, offset=None) for name, at in samsungs().items())
    )

    assert found == ""


@recipe(54)
def one_second(row):
    for number in range(5885, 5889):
        look = scene(f"row 54 {number}")
        tags = exif(CANON, "2016-01-01T15:42:39", look.size, inner={Base.ImageNumber: number})
        row.put(f"2016.01.01-15-42-39_{number}.jpg", camera_jpeg(look, tags))


def test_54_four_pictures_of_one_second_are_four_shots(said):
    """Row 54. The counter stands in the names and in EXIF's ImageNumber."""
    found = said.row(54).differences(
        *(
            Shot(f"2016.01.01-15-42-39_{n}.jpg", local="2016-01-01T15:42:39", offset=None)
            for n in range(5885, 5889)
        )
    )

    assert found == ""


@recipe(62)
def one_page_twice(row):
    for clock in ("17:20", "17:25"):
        name = f"Screenshot_20230216-{clock.replace(':', '')}30_Chrome.png"
        row.put(name, saved(page("row 62", clock), "PNG"))


def test_62_two_screenshots_of_one_page_are_two_shots(said):
    """Row 62: they differ in the clock above the page alone."""
    found = said.row(62).differences(
        Shot("Screenshot_20230216-172030_Chrome.png", local="2023-02-16T17:20:30", offset=None),
        Shot("Screenshot_20230216-172530_Chrome.png", local="2023-02-16T17:25:30", offset=None),
    )

    assert found == ""


def wedding():
    return {
        f"Wedding ({number}).jpg": at
        for number, at in enumerate(times("2013-09-07T14:00:00", 356, 41), 1)
    }


@recipe(65)
def one_name(row):
    for name, at in wedding().items():
        tags = exif(CANON, at, (256, 192))
        row.put(name, camera_jpeg(scene(f"row 65 {name}", (256, 192)), tags, 85))


def test_65_numbered_pictures_are_not_copies_of_each_other(said):
    """Row 65."""
    found = said.row(65).differences(*(Shot(name, local=at) for name, at in wedding().items()))

    assert found == ""
