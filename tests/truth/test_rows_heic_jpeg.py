"""Rows 1 to 9: equal bytes, equal pictures, and which of HEIC and JPEG came first."""

from __future__ import annotations

from truth.library import DERIVED, Shot, recipe
from truth.scenes import scene
from truth.stills import (
    apple_note,
    exif,
    exported_jpeg,
    heic,
    identifier,
    iphone,
    phone_jpeg,
    windows_padding,
)

# Older than the HEIC beside it, as a JPEG is that was fetched before the phone was.
LONG_AGO = "2019-01-01T00:00:00Z"


def note_of(row: int) -> bytes:
    """A phone's maker note with the ids of this row."""
    return apple_note(content=identifier(f"live {row}"), unique=identifier(f"unique {row}"))


@recipe(1)
def equal_bytes(row):
    look = scene("row 1")
    photo = phone_jpeg(look, exif(iphone("6", "8.3"), "2015-06-01T10:00:00", look.size))
    row.put("a/IMG_1.JPG", photo)
    row.put("b/copy.JPG", photo)


def test_01_of_equal_bytes_one_is_the_original_and_one_its_copy(said):
    """Row 1."""
    either = ("a/IMG_1.JPG", "b/copy.JPG")

    found = said.row(1).differences(
        Shot(either, dict.fromkeys(either, "identical"), local="2015-06-01T10:00:00", offset=None)
    )

    assert found == ""


@recipe(2)
def rated(row):
    look = scene("row 2")
    photo = phone_jpeg(look, exif(iphone("6", "8.3"), "2015-06-02T10:00:00", look.size))
    row.put("a/IMG_1.JPG", photo)
    row.put("b/copy.JPG", photo, tags=["-XMP:Rating=5", "-XMP:Label=Red"])


def test_02_a_rating_makes_a_variant_of_the_untouched_file(said):
    """Row 2. The tool that rates is ExifTool."""
    variant = {"b/copy.JPG": "same-payload"}

    found = said.row(2).differences(
        Shot("a/IMG_1.JPG", variant, local="2015-06-02T10:00:00", offset=None)
    )

    assert found == ""


@recipe(3)
def padded_by_windows(row):
    look = scene("row 3")
    camera, taken = iphone("6", "8.3"), "2015-06-03T10:00:00"
    first, inner = windows_padding()
    row.put("a/IMG_1.JPG", phone_jpeg(look, exif(camera, taken, look.size)))
    padded = exif(camera, taken, look.size, first=first, inner=inner)
    row.put("b/copy.JPG", phone_jpeg(look, padded), mtime="2016-01-01T00:00:00Z")


def test_03_what_windows_padded_is_larger_and_older_and_still_the_variant(said):
    """Row 3. The padding is laid out by hand, as Windows does it."""
    variant = {"b/copy.JPG": "same-payload"}

    found = said.row(3).differences(
        Shot("a/IMG_1.JPG", variant, local="2015-06-03T10:00:00", offset=None)
    )

    assert found == ""


def put_pair(row, number, model, software, taken):
    """A tiled HEIC with a phone's notes, and an older JPEG without them, JFIF first."""
    look = scene(f"row {number}")
    camera = iphone(model, software)
    row.put("IMG_0001.HEIC", heic(look, exif(camera, taken, look.size, note=note_of(number))))
    row.put("IMG_0001.JPG", exported_jpeg(look, exif(camera, taken, look.size)), mtime=LONG_AGO)


@recipe(4)
def heic_and_an_older_jpeg(row):
    put_pair(row, 4, "8", "12.3", "2019-07-24T11:25:41.123+03:00")


def test_04_a_phones_heic_stands_before_the_jpeg_though_that_is_older(said):
    """Row 4. 1024 x 768 pixels in four tiles stand for twelve megapixels in 48."""
    found = said.row(4).differences(
        Shot(
            "IMG_0001.HEIC",
            {"IMG_0001.JPG": DERIVED},
            confidence="sure",
            local="2019-07-24T11:25:41.123",
            offset="+03:00",
        )
    )

    assert found == ""


@recipe("row04 with notes in both")
def heic_and_a_jpeg_that_kept_the_notes(row):
    look = scene("row 4 with notes")
    taken = "2019-07-24T18:25:41.223+03:00"
    tags = exif(iphone("8", "12.3"), taken, look.size, note=note_of(404))
    row.put("IMG_0002.HEIC", heic(look, tags))
    row.put("IMG_0002.JPG", exported_jpeg(look, tags), mtime=LONG_AGO)


def test_04_the_heic_stands_before_a_jpeg_that_kept_the_notes_as_well(said):
    """Row 4 with an export as Apple's own programs write it: they copy maker notes."""
    found = said.row("row04 with notes in both").differences(
        Shot(
            "IMG_0002.HEIC",
            {"IMG_0002.JPG": DERIVED},
            confidence="sure",
            local="2019-07-24T18:25:41.223",
            offset="+03:00",
        )
    )

    assert found == ""


@recipe(5)
def heic_of_a_phone_without_encoder(row):
    put_pair(row, 5, "6s", "12.3", "2019-07-25T12:25:41.234+03:00")


def test_05_an_iphone_6s_cannot_have_written_the_heic(said):
    """Row 5, rule F1."""
    made_from_it = {"IMG_0001.HEIC": DERIVED}

    found = said.row(5).differences(
        Shot("IMG_0001.JPG", made_from_it, local="2019-07-25T12:25:41.234", offset="+03:00")
    )

    assert found == ""


@recipe(6)
def heic_before_there_was_any(row):
    put_pair(row, 6, "8", None, "2016-03-01T11:25:41.345+03:00")


def test_06_nothing_wrote_a_heic_in_2016(said):
    """Row 6, rule F2."""
    made_from_it = {"IMG_0001.HEIC": DERIVED}

    found = said.row(6).differences(
        Shot("IMG_0001.JPG", made_from_it, local="2016-03-01T11:25:41.345", offset="+03:00")
    )

    assert found == ""


@recipe(7)
def most_compatible_mode(row):
    camera = iphone("X", "12.4")
    for number in range(1, 8):
        look = scene(f"row 7 {number}")
        taken = f"2019-08-10T1{number}:25:41.4{number}7+02:00"
        tags = exif(camera, taken, look.size, note=apple_note(unique=identifier(f"row 7 {number}")))
        row.put(f"IMG_000{number}.JPG", phone_jpeg(look, tags))
        if number == 1:
            row.put("IMG_0001.HEIC", heic(look, exif(camera, taken, look.size), is_camera=False))


def test_07_a_phone_among_whose_shots_all_are_jpeg_wrote_the_jpeg(said):
    """Row 7: its neighbours teach the phone's mode and quantisation tables."""
    neighbours = [Shot(f"IMG_000{n}.JPG", confidence="only") for n in range(2, 8)]

    found = said.row(7).differences(
        Shot(
            "IMG_0001.JPG",
            {"IMG_0001.HEIC": DERIVED},
            confidence=("likely", "sure"),
            local="2019-08-10T11:25:41.417",
            offset="+02:00",
        ),
        *neighbours,
    )

    assert found == ""


@recipe(8)
def nothing_to_tell_them_apart(row):
    look = scene("row 8")
    tags = exif(iphone("X", "12.0.1"), "2018-11-20T11:25:41.568+03:00", look.size)
    row.put("IMG_0001.HEIC", heic(look, tags))
    row.put("IMG_0001.JPG", exported_jpeg(look, tags), mtime=LONG_AGO)


def test_08_level_evidence_is_ambiguous_and_offers_nothing_for_removal(said):
    """Row 8: a phone would have left its notes in either, and there are no neighbours to ask."""
    found = said.row(8).differences(
        Shot(
            "IMG_0001.HEIC",
            {"IMG_0001.JPG": DERIVED},
            confidence="ambiguous",
            local="2018-11-20T11:25:41.568",
            offset="+03:00",
            is_reclaimable=False,
        )
    )

    assert found == ""


@recipe(9)
def two_heics(row):
    look = scene("row 9")
    taken = "2021-05-09T11:25:41.679+03:00"
    tags = exif(iphone("12", "14.5"), taken, look.size, note=note_of(9))
    row.put("a/IMG_0001.HEIC", heic(look, tags, quality=80))
    handed_out = heic(look, tags, quality=60, has_thumbnail=False, brands=(b"heic", b"mif1"))
    row.put("b/IMG_0001.HEIC", handed_out)


def test_09_of_two_heics_of_one_size_the_fuller_one_is_likely_the_phones(said):
    """Row 9. Both are tiled; the smaller has no thumbnail and names its brands as Photos does."""
    found = said.row(9).differences(
        Shot(
            "a/IMG_0001.HEIC",
            {"b/IMG_0001.HEIC": DERIVED},
            confidence=("likely", "sure"),
            local="2021-05-09T11:25:41.679",
            offset="+03:00",
        )
    )

    assert found == ""
