"""Rows 41 to 46 and 60: films, what programs make of them, and what cameras write beside them."""

from __future__ import annotations

from truth.films import apple_keys, film, remuxed, with_user_data
from truth.library import DERIVED, Shot, recipe
from truth.scenes import scene
from truth.stills import Camera, camera_jpeg, exif

# What a camera wrote beside its film to speak about it, whatever the program calls it.
BESIDE = ("preview", "sidecar")


def put_recording(row, number):
    """A phone's HEVC film; its scene, its time and its bytes."""
    look, taken = scene(f"row {number}"), f"2021-06-{number - 36:02}T18:00:00+02:00"
    keys = apple_keys(taken, "11", "14.6")
    created = taken.replace("T18", "T16").replace("+02:00", "Z")
    recorded = film(look, codec="hevc", seconds=3.6, created=created, keys=keys)
    return look, taken, row.put(f"IMG_00{number}.MOV", recorded)


@recipe(41)
def exported_for_everybody(row):
    look, taken, _ = put_recording(row, 41)
    exported = film(look, "mp4", seconds=3.6, created="2021-06-05T16:00:40Z", brand="mp42")
    said = taken.replace("-", ":", 2).replace("T", " ")
    row.put(
        "IMG_0041.MP4",
        exported,
        tags=[
            f"-UserData:ContentCreateDate={said}",
            "-UserData:Make=Apple",
            "-UserData:Model=iPhone 11",
            "-UserData:SoftwareVersion=14.6",
        ],
    )


def test_41_the_export_of_a_film_is_made_forty_seconds_later_and_stands_behind_it(said):
    """Row 41."""
    found = said.row(41).differences(
        Shot(
            "IMG_0041.MOV",
            {"IMG_0041.MP4": DERIVED},
            local="2021-06-05T18:00:00",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(42)
def put_into_another_container(row):
    *_, recorded = put_recording(row, 42)
    row.put("IMG_0042.mp4", remuxed(recorded, "mp4"))


def test_42_the_same_pictures_in_another_container_are_a_variant(said):
    """Row 42. FFmpeg's libraries copy the stream and drop every date."""
    found = said.row(42).differences(
        Shot(
            "IMG_0042.MOV",
            {"IMG_0042.mp4": "same-payload"},
            local="2021-06-06T18:00:00",
            offset="+02:00",
        )
    )

    assert found == ""


@recipe(43)
def transcoded(row):
    row.put("holiday.mp4", film(scene("row 43"), "mp4", handler="VideoHandler", is_signed=True))


def test_43_a_transcoded_film_alone_is_the_best_that_is_left_and_has_no_date(said):
    """Row 43."""
    found = said.row(43).differences(Shot("holiday.mp4", is_missing=True, local=None))

    assert found == ""


@recipe(44)
def android_film(row):
    row.put(
        "20210623_145059.mp4",
        film(
            scene("row 44"),
            "mp4",
            seconds=36.9,
            size=(160, 120),
            created="2021-06-23T18:51:37Z",
            keys={"com.android.version": "11"},
            handler="VideoHandle",
        ),
    )


def test_44_an_android_films_name_tells_its_start_and_its_header_the_zone(said):
    """Row 44: the header holds the stop, in UTC."""
    found = said.row(44).differences(
        Shot("20210623_145059.mp4", local="2021-06-23T14:50:59", offset="-04:00")
    )

    assert found == ""


@recipe(45)
def gopro_chapters(row):
    atoms = {
        b"FIRM": b"HD8.01.02.50.00",
        b"LENS": b"LAJ9012345678901",
        b"CAME": b"GoPro serial #16",
    }
    for chapter, start in ((1, "17:02:03"), (2, "17:10:55")):
        look = scene(f"row 45 {chapter}")

        def recorded(look=look, start=start, size=(640, 360)):
            made = film(
                look, "mp4", size=size, created=f"2020-08-09T{start}Z", handler="GoPro AVC",
                brand="mp41",
            )  # fmt: skip
            return with_user_data(made, atoms)

        row.put(f"GX0{chapter}0048.MP4", recorded())
        if chapter == 1:
            row.put("GL010048.LRV", recorded(size=(320, 180)))
            row.put("GX010048.THM", camera_jpeg(look.resize((160, 120)), b""))


def test_45_each_chapter_is_an_original_and_what_lies_beside_is_no_shot(said):
    """Row 45. Three seconds stand for chapters of 4 GB, which may be one shot or tied ones."""
    row = said.row(45)
    first, second = row.holding("GX010048.MP4"), row.holding("GX020048.MP4")

    assert first is not None
    assert second is not None
    assert first.roles.get("GL010048.LRV") in BESIDE
    assert first.roles.get("GX010048.THM") in BESIDE
    assert {shot.original for shot in row.shots} <= {"GX010048.MP4", "GX020048.MP4"}
    assert {first.roles["GX010048.MP4"], second.roles["GX020048.MP4"]} == {"original"}


def test_45_a_gopros_clock_is_local_and_of_no_known_zone(said):
    """Row 45."""
    captured = said.row(45).holding("GX010048.MP4").captured

    assert (captured["local"] or "")[:10] == "2020-08-09"
    assert captured["offset"] is None


@recipe(46)
def film_dated_by_its_thumbnail(row):
    look = scene("row 46")
    camera = Camera("Canon", "Canon PowerShot S3 IS", "Firmware Version 1.00")
    row.put("MVI_0001.AVI", film(look, "avi", codec="mjpeg"))
    small = look.resize((160, 120))
    row.put("MVI_0001.THM", camera_jpeg(small, exif(camera, "2007-08-04T15:16:17", small.size)))


def test_46_an_old_canons_thumbnail_dates_its_film(said):
    """Row 46."""
    found = said.row(46).differences(
        Shot("MVI_0001.AVI", {"MVI_0001.THM": BESIDE}, local="2007-08-04T15:16:17", offset=None)
    )

    assert found == ""


@recipe(60)
def film_named_as_a_picture(row):
    keys = apple_keys("2018-03-04T05:06:07+01:00", "8", "11.2.6")
    row.put("IMG_7.JPG", film(scene("row 60"), created="2018-03-04T04:06:07Z", keys=keys))


def test_60_a_film_under_a_pictures_name_is_a_film(said):
    """Row 60."""
    found = said.row(60).differences(
        Shot("IMG_7.JPG", local="2018-03-04T05:06:07", offset="+01:00")
    )

    assert found == ""
    assert said.explained(60, "IMG_7.JPG")["type"] == "video/quicktime"
