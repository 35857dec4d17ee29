"""Rows 33, 35, 58, 59, 63, 64 and 66 to 68: what messengers, clouds and programs make of a shot."""

from __future__ import annotations

from PIL import Image
from PIL.ExifTags import Base
from truth.library import ANY_ROLE, DERIVED, Shot, recipe
from truth.scenes import cropped, filtered, scene
from truth.stills import (
    NIKON,
    Camera,
    apple_note,
    camera_jpeg,
    derived_from,
    exif,
    heic,
    identifier,
    iphone,
    nikon_note,
    program_jpeg,
    turned_jpeg,
    xmp,
)

LIGHTROOM = "Adobe Photoshop Lightroom Classic 9.0 (Macintosh)"
ROME = (41.9, 12.5)


def put_heic(row, number, name, taken, size=(1024, 768), **more):
    """A phone's HEIC of this row's scene; its scene and camera."""
    look, camera = scene(f"row {number}", size), iphone("X", "13.3")
    note = apple_note(unique=identifier(f"row {number}"))
    row.put(name, heic(look, exif(camera, taken, size, note=note, **more)))
    return look, camera


@recipe(33)
def sent_by_whatsapp(row):
    look, _ = put_heic(row, 33, "DCIM/IMG_0033.HEIC", "2020-01-03T10:11:12.131+01:00", (2016, 1512))
    sent = program_jpeg(look.resize((1600, 1200), Image.Resampling.LANCZOS), quality=70)
    row.put("WhatsApp Images/IMG-20200105-WA0003.jpg", sent)


def test_33_what_whatsapp_made_of_a_photograph_joins_it_and_is_never_offered(said):
    """Row 33: found by its look alone, so its place in the shot is not sure."""
    found = said.row(33).differences(
        Shot(
            "DCIM/IMG_0033.HEIC",
            {"WhatsApp Images/IMG-20200105-WA0003.jpg": DERIVED},
            local="2020-01-03T10:11:12.131",
            offset="+01:00",
            is_reclaimable=False,
        )
    )

    assert found == ""


@recipe(35)
def from_facebook(row):
    look = scene("row 35", (2592, 1944))
    camera = Camera("Canon", "Canon PowerShot G12", "Firmware Version 1.00")
    row.put("IMG_0035.JPG", camera_jpeg(look, exif(camera, "2011-08-06T14:15:16", look.size)))
    row.put(
        "Downloads/13039_327707840323_1234567_n.jpg",
        program_jpeg(look.resize((2048, 1536), Image.Resampling.LANCZOS), quality=75),
        tags=["-IPTC:SpecialInstructions=FBMD01000a9e0100006e3b0000e5a90000"],
    )


def test_35_facebooks_copy_joins_the_cameras_file(said):
    """Row 35. It is found by its look alone (ladder 12), so it is never offered for removal."""
    found = said.row(35).differences(
        Shot(
            "IMG_0035.JPG",
            {"Downloads/13039_327707840323_1234567_n.jpg": DERIVED},
            local="2011-08-06T14:15:16",
            is_reclaimable=False,
        )
    )

    assert found == ""


@recipe(58)
def from_a_shared_album(row):
    taken = "2020-02-05T12:13:14.151+01:00"
    look, camera = put_heic(row, 58, "IMG_0058.HEIC", taken, (3072, 2304), gps=ROME)
    small = look.resize((2048, 1536), Image.Resampling.LANCZOS)
    row.put("Shared/IMG_0058.JPG", program_jpeg(small, exif(camera, taken, small.size)))


def test_58_a_shared_albums_copy_is_the_smaller_one_without_its_place(said):
    """Row 58, with 7 megapixels for 12."""
    found = said.row(58).differences(
        Shot(
            "IMG_0058.HEIC",
            {"Shared/IMG_0058.JPG": "resized"},
            local="2020-02-05T12:13:14.151",
            offset="+01:00",
        )
    )

    assert found == ""


@recipe(59)
def renditions_of_icloud(row):
    taken = "2020-03-05T12:13:14.252+01:00"
    look, camera = put_heic(row, 59, "IMG_0003.HEIC", taken)
    for word, divisor in (("medium", 2), ("thumb", 4)):
        small = look.reduce(divisor)
        row.put(f"IMG_0003-{word}.JPG", program_jpeg(small, exif(camera, taken, small.size)))


def test_59_icloud_renditions_belong_to_the_photograph(said):
    """Row 59."""
    found = said.row(59).differences(
        Shot(
            "IMG_0003.HEIC",
            {
                "IMG_0003-medium.JPG": (*DERIVED, "preview"),
                "IMG_0003-thumb.JPG": (*DERIVED, "preview"),
            },
            local="2020-03-05T12:13:14.252",
            offset="+01:00",
        )
    )

    assert found == ""


@recipe(63)
def cropped_and_filtered(row):
    look = scene("row 63")
    taken = "2019-09-14T17:18:19.201+02:00"
    tags = exif(iphone("XS", "12.4"), taken, look.size, note=apple_note())
    row.put("IMG_0063.HEIC", heic(look, tags, packet=xmp(xmpMM_DocumentID="xmp.did:row63")))
    crop = filtered(cropped(look, 0.2))
    exported = exif(
        Camera("Apple", "iPhone XS", LIGHTROOM),
        "2019-09-14T17:18:19",
        crop.size,
        modified="2019-12-24T18:00:00",
    )
    lineage = xmp(derived_from("xmp.did:row63"), xmpMM_DocumentID="xmp.did:row63-2")
    row.put("Exports/sunset in Rome.jpg", program_jpeg(crop, exported, 90, xmp=lineage))


def test_63_lightrooms_lineage_ties_a_crop_that_looks_different(said):
    """Row 63."""
    found = said.row(63).differences(
        Shot(
            "IMG_0063.HEIC",
            {"Exports/sunset in Rome.jpg": DERIVED},
            local="2019-09-14T17:18:19.201",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(64)
def turned_without_loss(row):
    look = scene("row 64")
    taken, note = "2016-10-04T11:12:13.50", nikon_note(serial="6012345", count=4764)
    lying = exif(NIKON, taken, look.size, note=note, orientation=6)
    row.put("DSC_0064.JPG", camera_jpeg(look, lying))
    upright = look.transpose(Image.Transpose.ROTATE_270)
    row.put("turned/DSC_0064.JPG", turned_jpeg(upright, exif(NIKON, taken, look.size, note=note)))


def test_64_a_losslessly_turned_jpeg_stands_behind_the_cameras(said):
    """Row 64. Chroma and head are a turned file's; its blocks are encoded anew."""
    found = said.row(64).differences(
        Shot("DSC_0064.JPG", {"turned/DSC_0064.JPG": (*DERIVED, "same-payload")}, offset=None)
    )

    assert found == ""


UUID = identifier("row 66")
LIBRARY = "Pictures.photoslibrary"
KEPT = f"{LIBRARY}/originals/{UUID[0]}/{UUID}.heic"
SCREEN = f"{LIBRARY}/resources/derivatives/{UUID[0]}/{UUID}_1_105_c.jpeg"
RENDER = f"{LIBRARY}/resources/renders/{UUID[0]}/{UUID}_1_201_a.jpeg"


@recipe(66)
def photos_library(row):
    taken = "2020-05-05T12:13:14.353+02:00"
    look, camera = put_heic(row, 66, KEPT, taken)
    tags = exif(camera, taken, look.size)
    row.put(SCREEN, program_jpeg(look.reduce(2), exif(camera, taken, (512, 384))))
    row.put(RENDER, program_jpeg(filtered(look), tags))


def test_66_a_photos_library_keeps_original_rendering_and_preview_apart(said):
    """Row 66."""
    found = said.row(66).differences(
        Shot(
            KEPT,
            {SCREEN: (*DERIVED, "preview"), RENDER: "edit"},
            local="2020-05-05T12:13:14.353",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(67)
def broken_heic(row):
    look, camera = scene("row 67"), iphone("X", "13.3")
    taken = "2020-06-05T12:13:14.454+02:00"
    tags = exif(camera, taken, look.size, note=apple_note(unique=identifier("row 67")))
    whole = heic(look, tags)
    row.put("IMG_0067.HEIC", whole[: len(whole) * 6 // 10])
    row.put("IMG_0067.JPG", program_jpeg(look, exif(camera, taken, look.size)))


def test_67_the_whole_jpeg_stands_for_a_broken_heic_and_neither_is_offered(said):
    """Row 67, as settled at the head of the table: the damaged file lies in quarantine."""
    found = said.row(67).differences(
        Shot(
            "IMG_0067.JPG",
            {"IMG_0067.HEIC": ANY_ROLE},
            local="2020-06-05T12:13:14.454",
            offset="+02:00",
            is_reclaimable=False,
        )
    )

    assert found == ""


def test_67_the_broken_heic_lies_in_quarantine_and_not_among_the_originals(said):
    """Row 67."""
    placements = said.explained(67, "IMG_0067.HEIC")["placements"]

    assert [p for p in placements if p.startswith("quarantine/truncated/")] != []
    assert [p for p in placements if p.startswith("originals/")] == []


@recipe(68)
def clock_moved_by_a_program(row):
    look = scene("row 68")
    camera = Camera("Canon", "Canon EOS 6D", "Firmware Version 1.1.6")
    counted = {Base.ImageNumber: 6868, Base.BodySerialNumber: "043020001234"}
    taken, moved = "2019-06-08T14:15:16.25", "2019-06-08T12:15:16.25"
    coherent = exif(camera, f"{taken}+02:00", look.size, gps=ROME, utc=f"{moved}Z", inner=counted)
    row.put("a/IMG_0068.JPG", camera_jpeg(look, coherent))
    row.put("b/IMG_0068.JPG", program_jpeg(look, exif(camera, moved, look.size, inner=counted)))


def test_68_of_two_clocks_two_hours_apart_the_coherent_one_wins(said):
    """Row 68."""
    found = said.row(68).differences(
        Shot(
            "a/IMG_0068.JPG",
            {"b/IMG_0068.JPG": DERIVED},
            local="2019-06-08T14:15:16.25",
            offset="+02:00",
        )
    )

    assert found == ""
