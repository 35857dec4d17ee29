"""Rows 27 to 32: pictures and records out of Google Takeout, with its cut and counted names."""

from __future__ import annotations

from truth.library import Shot, recipe
from truth.scenes import filtered, scene
from truth.sidecars import takeout
from truth.stills import Camera, camera_jpeg, exif, program_jpeg

CAMERA = Camera("Canon", "Canon EOS 600D", "Firmware Version 1.0.2")
COPENHAGEN = (55.6761, 12.5683)
NEW_YEAR = 1_735_732_396  # 2025-01-01 11:53:16 UTC
SUMMER = 1_564_660_800  # 2019-08-01 12:00:00 UTC
LONG = "Grandmother and everybody else in the garden, on her 80th"


@recipe(27)
def edited_in_google_photos(row):
    look, taken = scene("row 27"), "2018-04-27T10:11:12.33"
    row.put("P.jpg", camera_jpeg(look, exif(CAMERA, taken, look.size)))
    row.put("P-edited.jpg", program_jpeg(filtered(look), exif(CAMERA, taken, look.size)))
    row.put("P.jpg.supplemental-metadata.json", takeout("P.jpg", 1_524_816_672))


def test_27_a_picture_its_edited_version_and_its_record_are_one_shot(said):
    """Row 27."""
    found = said.row(27).differences(
        Shot(
            "P.jpg",
            {"P-edited.jpg": "edit", "P.jpg.supplemental-metadata.json": "sidecar"},
            local="2018-04-27T10:11:12.33",
        )
    )

    assert found == ""


def names_of_28():
    title = f"{LONG}ish.jpg"
    return title, f"{title[:47]}.jpg", f"{title[:46]}.json"


@recipe(28)
def cut_names(row):
    title, media, record = names_of_28()
    row.put(media, program_jpeg(scene("row 28")))
    row.put(record, takeout(title, SUMMER))


def test_28_cut_names_still_tie_a_picture_to_its_record(said):
    """Row 28. The title has 60 characters before its extension."""
    title, media, record = names_of_28()
    assert len(title) == len("x" * 60 + ".jpg")

    found = said.row(28).differences(Shot(media, {record: "sidecar"}, local="2019-08-01"))

    assert found == ""


@recipe(29)
def counted_names(row):
    for number, (media, record) in enumerate(
        (("DSC(1).JPG", "DSC.JPG(1).json"), ("DSC.JPG", "DSC.JPG.json"))
    ):
        look = scene(f"row 29 {number}")
        tags = exif(CAMERA, f"2018-05-0{number + 1}T10:11:12.33", look.size)
        row.put(media, camera_jpeg(look, tags))
        row.put(record, takeout("DSC.JPG", 1_525_160_000 + 86_400 * number))


def test_29_a_counter_belongs_to_picture_and_record_alike(said):
    """Row 29."""
    found = said.row(29).differences(
        Shot("DSC(1).JPG", {"DSC.JPG(1).json": "sidecar"}, local="2018-05-01T10:11:12.33"),
        Shot("DSC.JPG", {"DSC.JPG.json": "sidecar"}, local="2018-05-02T10:11:12.33"),
    )

    assert found == ""


@recipe(30)
def record_with_a_place(row):
    row.put("beach.jpg", program_jpeg(scene("row 30")))
    row.put("beach.jpg.json", takeout("beach.jpg", NEW_YEAR, COPENHAGEN))


def test_30_the_place_in_the_record_gives_the_local_clock(said):
    """Row 30."""
    found = said.row(30).differences(
        Shot(
            "beach.jpg",
            {"beach.jpg.json": "sidecar"},
            local="2025-01-01T12:53:16",
            offset="+01:00",
        )
    )

    assert found == ""


@recipe(31)
def record_without_a_place(row):
    row.put("beach.jpg", program_jpeg(scene("row 31")))
    row.put("beach.jpg.json", takeout("beach.jpg", NEW_YEAR))


def test_31_without_a_place_the_day_is_that_of_utc_and_the_reason_says_so(said):
    """Row 31."""
    row = said.row(31)

    found = row.differences(Shot("beach.jpg", {"beach.jpg.json": "sidecar"}, local="2025-01-01"))

    assert found == ""
    assert "local clock is not known" in row.shots[0].captured["why"]


@recipe(32)
def record_that_knows_nothing(row):
    row.put("photo.jpg", program_jpeg(scene("row 32")))
    row.put("photo.jpg.json", takeout("photo.jpg", 0))


def test_32_a_record_of_zero_seconds_is_no_date(said):
    """Row 32."""
    found = said.row(32).differences(Shot("photo.jpg", {"photo.jpg.json": "sidecar"}, local=None))

    assert found == ""
