"""Rows 17 to 22, 38 and 55: raw files, what cameras write beside them and programs make of them.

The NEF and DNG are small ones of our own: built as TIFF with sensor's data and a preview, and
with a maker note in Nikon's or Apple's form.
"""

from __future__ import annotations

from PIL.ExifTags import Base
from pretend_camera import saved
from truth.library import DERIVED, Shot, recipe
from truth.raws import dng, nef
from truth.scenes import exposed, filtered, scene
from truth.sidecars import raw_caption
from truth.stills import (
    NIKON,
    Camera,
    apple_note,
    camera_jpeg,
    exif,
    identifier,
    iphone,
    nikon_note,
    program_jpeg,
)

SIZE = (640, 480)
SERIAL = "6012345"
LIGHTROOM = "Adobe Photoshop Lightroom Classic 9.0 (Macintosh)"
# Lightroom and cameras both write a JPEG beside a raw file; which it was is not in the table.
JPEG_OF_RAW = ("raw-companion", *DERIVED)


@recipe(17)
def bracket(row):
    look = scene("row 17", SIZE)
    for number, stops in enumerate((-2.0, 0.0, 2.0), 1):
        tags = exif(
            NIKON,
            "2016-06-17T10:11:12",
            SIZE,
            note=nikon_note(serial=SERIAL),
            inner={Base.ExposureBiasValue: stops, Base.ExposureTime: 2**stops / 100},
        )
        row.put(f"DSC_000{number}.NEF", nef(exposed(look, stops), tags))


def test_17_the_exposures_of_a_bracket_are_three_shots(said):
    """Row 17."""
    found = said.row(17).differences(
        *(Shot(f"DSC_000{n}.NEF", local="2016-06-17T10:11:12", offset=None) for n in (1, 2, 3))
    )

    assert found == ""


def put_raw(row, number, name="DSC_1.NEF"):
    """A NEF; its scene and EXIF, for what is made of it."""
    look = scene(f"row {number}", SIZE)
    note = nikon_note(serial=SERIAL, count=4700 + number)
    tags = exif(NIKON, f"2016-06-{number}T10:11:12.50", SIZE, note=note)
    row.put(name, nef(look, tags))
    return look, tags


@recipe(18)
def raw_and_jpeg(row):
    look, tags = put_raw(row, 18)
    row.put("DSC_1.JPG", camera_jpeg(look, tags))


def test_18_the_jpeg_of_one_press_is_the_raws_companion(said):
    """Row 18."""
    found = said.row(18).differences(
        Shot(
            "DSC_1.NEF",
            {"DSC_1.JPG": "raw-companion"},
            local="2016-06-18T10:11:12.50",
            offset=None,
        )
    )

    assert found == ""


@recipe(19)
def raw_with_work_done_on_it(row):
    look, tags = put_raw(row, 19)
    row.put("DSC_1.JPG", camera_jpeg(look, tags))
    row.put("DSC_1.xmp", raw_caption("xmp.did:row19", "NEF"))
    photoshop = Camera(NIKON.make, NIKON.model, "Adobe Photoshop 21.0 (Macintosh)")
    edited = exif(photoshop, "2016-06-19T10:11:12.50", SIZE, modified="2018-07-01T20:00:00")
    row.put(
        "DSC_1-Edit.tif",
        saved(filtered(look), "TIFF", exif=edited),
        tags=["-XMP-xmpMM:DerivedFromDocumentID=xmp.did:row19"],
    )


def test_19_an_edit_two_years_later_and_a_caption_belong_to_the_raw(said):
    """Row 19. As Lightroom does it, the NEF's DocumentID stands in its sidecar."""
    found = said.row(19).differences(
        Shot(
            "DSC_1.NEF",
            {"DSC_1.JPG": "raw-companion", "DSC_1-Edit.tif": DERIVED, "DSC_1.xmp": "sidecar"},
            local="2016-06-19T10:11:12.50",
            offset=None,
        )
    )

    assert found == ""


@recipe(20)
def raw_and_its_dng(row):
    look, tags = put_raw(row, 20)
    row.put("DSC_1.dng", dng(look, tags, "DSC_1.NEF"))


def test_20_a_converted_dng_stands_behind_the_raw_it_names(said):
    """Row 20."""
    found = said.row(20).differences(
        Shot("DSC_1.NEF", {"DSC_1.dng": DERIVED}, local="2016-06-20T10:11:12.50", offset=None)
    )

    assert found == ""


@recipe(21)
def dng_whose_raw_is_gone(row):
    tags = exif(NIKON, "2016-06-21T10:11:12.50", SIZE, note=nikon_note(serial=SERIAL, count=4721))
    row.put("DSC_1.dng", dng(scene("row 21", SIZE), tags, "DSC_1.NEF"))


def test_21_a_dng_that_names_a_raw_which_is_not_here_is_the_best_that_is_left(said):
    """Row 21."""
    found = said.row(21).differences(
        Shot("DSC_1.dng", is_missing=True, local="2016-06-21T10:11:12.50", offset=None)
    )

    assert found == ""


@recipe(22)
def two_sizes_of_proraw(row):
    for folder, size in (("a", (1008, 756)), ("b", (612, 458))):
        look = scene("row 22", (1008, 756)).resize(size)
        note = apple_note(content=identifier("row 22"), unique=identifier("row 22 unique"))
        tags = exif(iphone("12 Pro", "14.5"), "2021-04-22T10:11:12.513+02:00", size, note=note)
        row.put(f"{folder}/IMG_5.DNG", dng(look, tags))


def test_22_the_larger_of_two_proraws_is_the_phones(said):
    """Row 22. A quarter of the real sizes' sides."""
    found = said.row(22).differences(
        Shot(
            "a/IMG_5.DNG",
            {"b/IMG_5.DNG": DERIVED},
            local="2021-04-22T10:11:12.513",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(38)
def pixel_raw_and_cover(row):
    look = scene("row 38", SIZE)
    camera = Camera("Google", "Pixel 6", "HDR+ 1.0.420000000zd")
    tags = exif(camera, "2022-09-05T12:15:00.123+02:00", SIZE)
    row.put("PXL_20220905_101500123.RAW-02.ORIGINAL.dng", dng(look, tags))
    cover = camera_jpeg(look, tags, subsampling="4:2:0")
    row.put("PXL_20220905_101500123.RAW-01.COVER.jpg", cover)


def test_38_a_pixels_cover_is_the_companion_of_its_raw(said):
    """Row 38."""
    found = said.row(38).differences(
        Shot(
            "PXL_20220905_101500123.RAW-02.ORIGINAL.dng",
            {"PXL_20220905_101500123.RAW-01.COVER.jpg": "raw-companion"},
            local="2022-09-05T12:15:00.123",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(55)
def exported_in_another_season(row):
    look = scene("row 55", SIZE)
    taken = "2019-07-14T12:00:00.50"
    note = nikon_note(serial=SERIAL, count=4755)
    row.put("DSC_55.NEF", nef(look, exif(NIKON, taken, SIZE, note=note, gps=(41.9, 12.5))))
    exported = exif(
        Camera(NIKON.make, NIKON.model, LIGHTROOM),
        taken,
        SIZE,
        modified="2019-12-24T18:00:00",
        inner={Base.OffsetTime: "+01:00"},
    )
    row.put("DSC_55.jpg", program_jpeg(look, exported, 92))


def test_55_the_zone_of_the_edits_season_is_not_the_photographs(said):
    """Row 55: Rome in July, exported at Christmas."""
    found = said.row(55).differences(
        Shot("DSC_55.NEF", {"DSC_55.jpg": JPEG_OF_RAW}, local="2019-07-14T12:00", offset="+02:00")
    )

    assert found == ""
