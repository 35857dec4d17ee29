"""Pictures that look or are named alike and are different presses of a shutter."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from PIL import Image, ImageEnhance
from PIL.ExifTags import Base
from pretend_camera import saved
from truth.library import recipe
from truth.scenes import exposed, flat, moved, page, scene, viewer
from truth.stills import (
    NIKON,
    Camera,
    apple_note,
    camera_jpeg,
    exif,
    identifier,
    iphone,
    nikon_note,
    phone_jpeg,
    program_jpeg,
)

EDITOR = "Adobe Photoshop Lightroom Classic 9.0 (Macintosh)"


def joined(row, *apart):
    """Which of these files, or groups of files, share a shot that may not."""
    groups = [(one,) if isinstance(one, str) else one for one in apart]
    return [
        (a, b)
        for one, other in combinations(groups, 2)
        for a in one
        for b in other
        if a in row.holding(b).names
    ]


@recipe("burst saved again")
def burst_saved_again(row):
    look = scene("burst saved again")
    for frame in range(4):
        view = moved(look, 5 * frame)
        note = apple_note(burst=identifier("burst"), unique=identifier(f"burst {frame}"))
        taken = f"2017-05-06T07:08:09.{100 + 97 * frame}"
        tags = exif(iphone("7", "10.3.2"), taken, view.size, note=note)
        row.put(f"IMG_010{frame}.JPG", phone_jpeg(view, tags))
        again = exif(
            Camera("Apple", "iPhone 7", EDITOR), taken, view.size, note=note,
            modified="2017-06-01T10:00:00",
        )  # fmt: skip
        row.put(f"Exports/IMG_010{frame}.jpg", program_jpeg(view, again, 80))


def test_frames_of_a_burst_stay_apart_when_they_are_saved_again(said):
    frames = [(f"IMG_010{n}.JPG", f"Exports/IMG_010{n}.jpg") for n in range(4)]

    assert joined(said.row("burst saved again"), *frames) == []


@recipe("stripped burst saved again")
def stripped_burst_saved_again(row):
    look = scene("stripped burst")
    for frame in range(4):
        view = moved(look, 2 * frame)
        note = apple_note(burst=identifier("stripped"), unique=identifier(f"stripped {frame}"))
        tags = exif(iphone("7", "10.3.2"), "2017-05-07T07:08:09", view.size, note=note)
        row.put(f"IMG_020{frame}.JPG", phone_jpeg(view, tags))
        row.put(f"Sent/{frame}.jpg", program_jpeg(view, quality=75))


def test_what_could_come_from_several_frames_of_a_burst_ties_none_of_them(said):
    """Two pixels of motion, no fraction of the second, and copies without metadata."""
    frames = [f"IMG_020{n}.JPG" for n in range(4)]

    assert joined(said.row("stripped burst saved again"), *frames) == []


@recipe("bracket")
def bracket(row):
    look = scene("bracket")
    for number, stops in enumerate((-1.0, 0.0, 1.0)):
        tags = exif(
            NIKON,
            "2018-05-06T07:08:09",
            look.size,
            note=nikon_note(serial="6012345"),
            inner={Base.ExposureBiasValue: stops, Base.ExposureTime: 2**stops / 100},
        )
        row.put(f"DSC_030{number}.JPG", camera_jpeg(exposed(look, stops), tags))


def test_the_exposures_of_a_bracket_stay_apart(said):
    assert joined(said.row("bracket"), *(f"DSC_030{n}.JPG" for n in range(3))) == []


@recipe("screenshots of one page")
def screenshots(row):
    for number, minute in enumerate((20, 25)):
        shown = page("screenshots", f"17:{minute}", (750, 1334))
        tags = exif(
            Camera(None, None), f"2019-02-16T17:{minute}:30.123", shown.size,
            inner={Base.UserComment: b"ASCII\0\0\0Screenshot"},
        )  # fmt: skip
        row.put(f"IMG_040{number}.PNG", saved(shown, "PNG", exif=tags))


def test_a_phones_screenshots_of_one_page_stay_apart(said):
    assert joined(said.row("screenshots of one page"), "IMG_0400.PNG", "IMG_0401.PNG") == []


@recipe("screenshots of one photograph")
def screenshots_of_a_photograph(row):
    look = scene("screenshots of one photograph", (750, 1000))
    for minute in (20, 25):
        row.put(
            f"Screenshot_20190216-17{minute}30.png",
            saved(viewer(look, f"17:{minute}"), "PNG", compress_level=1),
        )


def test_screenshots_of_one_photograph_at_two_times_stay_apart(said):
    """Their names tell when each was taken."""
    row = said.row("screenshots of one photograph")

    assert joined(row, "Screenshot_20190216-172030.png", "Screenshot_20190216-172530.png") == []


@recipe("pages of text")
def pages(row):
    for name in ("first", "second"):
        row.put(f"{name} page.png", saved(page(name, "Chapter One"), "PNG"))
        row.put(f"{name} page.jpg", program_jpeg(page(f"{name} other", "Chapter One")))


def test_pages_of_text_stay_apart(said):
    row = said.row("pages of text")

    assert joined(row, "first page.png", "second page.png") == []
    assert joined(row, "first page.jpg", "second page.jpg") == []


@recipe("flat frames")
def flat_frames(row):
    for name, shade in (("white", 255), ("black", 0)):
        row.put(f"{name} 1.png", saved(flat(shade), "PNG"))
        row.put(f"{name} 2.jpg", program_jpeg(flat(shade, (800, 600))))
        tags = exif(NIKON, f"2018-06-0{1 + shade % 2}T07:08:09", (640, 480))
        row.put(f"{name} 3.jpg", camera_jpeg(flat(abs(shade - 1), (640, 480)), tags))


def test_flat_frames_stay_apart(said):
    """Nothing in them could tell copies from other frames."""
    frames = [
        f"{name} {rest}" for name in ("white", "black") for rest in ("1.png", "2.jpg", "3.jpg")
    ]

    assert joined(said.row("flat frames"), *frames) == []


@recipe("one name in two folders")
def one_name(row):
    for number, folder in enumerate(("2018", "2019")):
        look = scene(f"one name {folder}")
        tags = exif(iphone("7", "12.1"), f"201{8 + number}-04-05T06:07:08.09{number}", look.size)
        row.put(f"{folder}/IMG_0500.JPG", phone_jpeg(look, tags))
        row.put(f"{folder}/photo.jpg", program_jpeg(scene(f"one name, no date {folder}")))


def test_unrelated_pictures_of_one_name_stay_apart(said):
    row = said.row("one name in two folders")

    assert joined(row, "2018/IMG_0500.JPG", "2019/IMG_0500.JPG") == []
    assert joined(row, "2018/photo.jpg", "2019/photo.jpg") == []


@recipe("photographed again")
def photographed_again(row):
    look = scene("photographed again")
    old = exif(Camera("Canon", "Canon EOS 300D", None), "2005-06-07T08:09:10", look.size)
    row.put("CRW_0600.JPG", camera_jpeg(look, old))
    # What a phone sees of a good print: a little darker and softer, and its own noise.
    seen = np.asarray(ImageEnhance.Brightness(look).enhance(0.97), dtype=np.float32)
    noise = np.random.default_rng(600).normal(0, 1.5, seen.shape)
    shown = Image.fromarray((seen + noise).clip(0, 255).astype("u1"))
    new = exif(iphone("11", "14.2"), "2020-12-13T14:15:16.171+01:00", look.size)
    row.put("IMG_0600.JPG", phone_jpeg(shown, new))


def test_a_photograph_of_a_photograph_is_another_shot(said):
    assert joined(said.row("photographed again"), "CRW_0600.JPG", "IMG_0600.JPG") == []
