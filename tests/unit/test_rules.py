"""What each rule says for or against a file as the camera's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import camera, digest, fact, look, looks, page_look, subject

from indexer.grouping.size import is_smaller
from indexer.model import Damage, Kind, Tags
from indexer.originals.device_era import WITHOUT_HEVC
from indexer.originals.habits import Habits, habits_of
from indexer.originals.libjpeg import quality_of
from indexer.originals.rules import ballot, is_derived, votes
from indexer.originals.vote import Verdict
from indexer.originals.weights import WEIGHTS

EXIF = {"IFD0:Make": "Apple", "IFD0:Model": "iPhone 12"}
JFIF = {"JFIF:JFIFVersion": "1 1"}
CODED = {"File:EncodingProcess": "0", "File:YCbCrSubSampling": "2 2"}
TILED = {"Meta:PrimaryItemReference": "49"}  # 48 tiles of 512 pixels make 4032 x 3024


def points(one, *others, habits: Habits | None = None) -> dict[str, float]:
    cast = ballot([one, *others], habits or Habits())
    return {vote.rule: vote.points for vote in cast[one.content]}


def tagged(**everything: str) -> Tags:
    """A camera's tags and these, whose names have two underscores for a colon."""
    return camera(all={key.replace("__", ":"): text for key, text in everything.items()})


def jpeg(*parts: dict[str, str], name: str = "a.jpg", **changes):
    """A JPEG whose tags stand in this order."""
    everything = {key: text for part in parts for key, text in part.items()}
    notes = changes.pop("has_maker_note", False)
    tags = Tags(make="Apple", model="iPhone 12", all=everything, has_maker_note=notes)
    return subject(name, tags, **changes)


def film(name: str, codec: str = "h264", tags: Tags | None = None, **changes):
    return subject(name, tags or Tags(), codec=codec, duration_ms=10_000, **changes)


# --- the ballot --------------------------------------------------------------------------


def test_a_lone_file_has_nothing_to_prove():
    assert points(subject()) == {}


def test_every_vote_says_a_sentence():
    said = [v.says for v in votes(subject("a.nef"), [subject("a.jpg", Tags(), file=2)])]

    assert said
    assert all(text[0].isupper() and text.endswith(".") for text in said)


def test_points_are_whole_numbers_with_a_source():
    assert all(weight.points == int(weight.points) for weight in WEIGHTS.values())
    assert all(weight.source for weight in WEIGHTS.values())


def test_what_rules_a_member_out_speaks_against_it():
    assert all(w.points < 0 for w in WEIGHTS.values() if w.verdict is not Verdict.SIGN)


@pytest.mark.parametrize(
    "hopeless",
    [
        subject("IMG_E0001.JPG", camera(has_maker_note=True, latitude=1.0, longitude=1.0), file=2,
                width_px=8064, height_px=6048),
        subject("b.jpg", camera(has_maker_note=True), file=2, width_px=8064, height_px=6048,
                damage=Damage.TRUNCATED),
    ],
)  # fmt: skip
def test_nobody_is_compared_with_a_member_that_cannot_be_the_original(hopeless):
    assert points(subject("IMG_0001.JPG"), hopeless) == {}


# --- what is whole -----------------------------------------------------------------------


def test_a_damaged_file_loses_to_any_whole_one():
    assert points(subject(damage=Damage.TRUNCATED))["damaged"] == -50


def test_fewer_pixels_of_the_same_shape_are_a_smaller_copy():
    small = subject("b.jpg", file=2, width_px=2048, height_px=1536)

    assert points(small, subject())["smaller"] == -6
    assert "smaller" not in points(subject(), small)


@pytest.mark.parametrize(("width", "height"), [(3024, 4032), (4032, 3024), (4000, 3000)])
def test_a_turned_or_hardly_smaller_picture_is_no_smaller_copy(width, height):
    assert not is_smaller(subject(file=2, width_px=width, height_px=height), subject())


def test_a_crop_is_no_smaller_copy():
    assert not is_smaller(subject(file=2, width_px=1000, height_px=1000), subject())


def test_a_raw_is_not_measured_by_a_picture():
    raw = subject("a.nef", width_px=2000, height_px=1500)

    assert "smaller" not in points(raw, subject("a.jpg", file=2))


def test_a_size_that_is_not_what_the_camera_says_was_rendered_anew():
    tags = camera(exif_width=4032, exif_height=3024)

    assert points(subject(tags=tags, width_px=2566, height_px=3313))["rerendered"] < 0
    assert "rerendered" not in points(subject(tags=tags, width_px=3024, height_px=4032))
    assert "rerendered" not in points(subject(tags=tags, width_px=4032, height_px=3032))


def test_a_camera_that_names_a_wrong_size_does_not_lose_to_a_smaller_copy():
    named = subject(tags=camera(exif_width=5000, exif_height=4000))
    small = subject("b.jpg", Tags(), file=2, width_px=1600, height_px=1200)

    assert points(named, small) == {"other-size": -4}
    assert points(small, named)["smaller"] == -6
    assert "rerendered" in points(named, subject("c.jpg", file=3))


def test_pixels_turned_upright_are_not_as_the_sensor_saw_them():
    lying = subject("a.jpg", orientation=6)
    upright = subject("b.jpg", file=2, width_px=3024, height_px=4032, orientation=1)

    assert points(upright, lying)["turned"] == -3
    assert "turned" not in points(lying, upright)


def test_the_makers_notes_are_lost_in_copies():
    kept = subject("a.heic", camera(has_maker_note=True))
    lost = subject("b.jpg", file=2)

    assert points(kept, lost)["maker-notes-kept"] == 3
    assert points(lost, kept)["maker-notes-lost"] == -3


def test_notes_that_another_program_moved_are_not_whole():
    warning = "[minor] Possibly incorrect maker notes offsets (fix by 1024?)"
    moved = subject(tags=camera(has_maker_note=True, warning=warning))

    assert points(moved, subject("b.jpg", camera(has_maker_note=True), file=2)) == {
        "maker-notes-moved": -1
    }


def test_a_file_that_names_nothing_loses_to_one_that_does():
    assert points(subject("b.jpg", Tags(), file=2), subject())["no-metadata"] == -5


def test_the_fraction_and_zone_that_others_lost_speak_for_it():
    exact = subject(tags=camera(fraction="482", offset="+02:00"))
    plain = subject("b.jpg", file=2)

    assert points(exact, plain)["exact-time"] == 1
    assert "exact-time" not in points(plain, exact)


def test_the_place_that_others_lost_speaks_for_it():
    placed = subject(tags=camera(latitude=1.0, longitude=2.0))

    assert points(placed, subject("b.jpg", file=2))["place"] == 1
    assert "place" not in points(placed)


def test_pictures_for_hdr_or_depth_speak_for_it():
    gain = "urn:com:apple:photo:2020:aux:hdrgainmap"
    whole = subject("a.heic", tagged(QuickTime__AuxiliaryImageType=gain))

    assert points(whole, subject("b.heic", file=2))["auxiliary-pictures"] == 2


MOTION = tagged(**{"XMP-GCamera__MotionPhoto": "1", "XMP-GCamera__MotionPhotoOffset": "500"})


def test_the_copy_that_still_has_its_film_stands_before_the_one_without():
    whole, cut = subject("a.jpg", MOTION, tail=digest(9)), subject("b.jpg", MOTION, file=2)

    assert points(whole, cut)["film-kept"] == 2
    assert points(cut, whole)["film-cut-off"] == -8


def test_a_flag_alone_is_not_proof_of_a_cut():
    assert points(subject("a.jpg", MOTION)) == {}


def test_a_film_longer_than_its_file_is_gone():
    assert "film-cut-off" in points(subject("a.jpg", MOTION, size=400))


# --- what a camera writes ----------------------------------------------------------------


def test_a_raw_holds_what_no_other_file_does():
    assert points(subject("a.nef"))["raw"] == 8


def test_a_converters_dng_stands_between_the_raw_and_the_jpeg():
    tags = camera(all={"IFD0:OriginalRawFileName": "DSC_1.NEF"})
    converted = subject("a.dng", tags)

    assert sum(points(converted, subject("a.jpg", file=2)).values()) == 4
    assert sum(points(converted, subject("a.nef", file=2)).values()) == -4


def test_a_cameras_dng_may_name_itself():
    tags = camera(all={"IFD0:OriginalRawFileName": "L1000123.DNG"})

    assert points(subject("a.dng", tags)) == {"raw": 8}


@pytest.mark.parametrize(
    ("model", "software", "is_possible"),
    [
        ("iPhone 12 Pro", "14.3", True),
        ("iPhone 15 Pro Max", "17.1", True),
        ("iPhone 12", "14.3", False),
        ("iPhone 12 Pro", "14.2", False),
        ("iPhone 8", "Halide 2.0", True),
    ],
)
def test_proraw_wants_a_pro_and_its_system(model, software, is_possible):
    linear = {"SubIFD:PhotometricInterpretation": "34892"}
    dng = subject("a.dng", camera(model=model, software=software, all=linear))

    assert ("impossible-raw" not in points(dng)) is is_possible


def test_a_heic_of_a_phone_that_writes_heic_is_the_cameras():
    heic = subject("a.heic", camera(has_maker_note=True))
    export = subject("a.jpg", file=2)

    assert points(heic, export)["camera-format"] == 6
    assert "camera-format" not in points(export, heic)


def test_beside_a_jpeg_that_looks_untouched_the_format_tells_nothing():
    heic = subject("a.heic", camera(has_maker_note=True))

    assert "camera-format" not in points(heic, jpeg(EXIF, CODED, file=2, has_maker_note=True))


@pytest.mark.parametrize("model", ["iPhone 6s", "iPhone 5", "iPhone SE", "iPad Air 2", "iPhone"])
@pytest.mark.parametrize("name", ["a.heic", "a.mov"])
def test_a_device_without_hevc_did_not_write_it(model, name):
    made = subject(name, camera(model=model, has_maker_note=True), codec="hevc")

    assert points(made)["impossible-format"] == -12


@pytest.mark.parametrize(
    "model",
    ["iPhone 7", "iPhone X", "iPhone SE (2nd generation)", "iPhone 12", "iPad Pro (10.5-inch)"],
)
def test_a_phone_that_can_write_heic_is_not_refused(model):
    heic = subject("a.heic", camera(model=model, has_maker_note=True))

    assert points(heic, subject("a.jpg", file=2))["camera-format"] == 6


def test_models_are_compared_in_small_letters():
    assert {model.lower() for model in WITHOUT_HEVC} == WITHOUT_HEVC


def test_nobody_wrote_heic_before_2017_or_ios_11():
    early = subject("a.heic", camera("2016:03:01 10:00:00"))
    old = subject("a.heic", camera(model="iPhone 7", software="10.3.1"))

    assert "impossible-format" in points(early)
    assert "impossible-format" in points(old)


def test_other_cameras_recorded_hevc_films_before_apple():
    nx1 = film("a.mp4", "hevc", camera("2015:03:01 10:00:00", make="SAMSUNG", model="NX1"))

    assert "impossible-format" not in points(nx1)


@pytest.mark.parametrize("name", ["a.webp", "a.avif"])
def test_no_camera_writes_the_formats_of_the_web(name):
    web = subject(name, file=2, kind=Kind.PICTURE, extension=name[2:])

    assert points(web, subject())["no-camera-format"] == -8


def test_a_scan_may_be_a_png():
    scan = camera(make="EPSON", model="Perfection V600", software="EPSON Scan")

    assert points(subject("a.png", scan)) == {}


def test_a_stripped_copy_is_no_better_than_what_the_others_tell():
    edited = subject(
        "a.jpg", camera(software="Adobe Photoshop 21", all={"IFD0:ModifyDate": "2021"})
    )
    stripped = subject("b.jpg", Tags(), file=2)

    assert points(stripped, edited) == {
        "silent": -6, "saved-by-editor": -4, "thinner-record": -2, "no-metadata": -5,
    }  # fmt: skip
    assert points(stripped, subject("c.jpg", file=3)) == {"silent": -6, "no-metadata": -5}


def test_a_copy_that_lost_part_of_its_record_is_no_better_either():
    tags = camera(software="Adobe Photoshop 21", latitude=1.0, all={"GPS:GPSLatitude": "1"})
    whole = subject("a.jpg", tags, payload=digest(9))
    poor = subject("b.jpg", file=2, payload=digest(9))

    assert points(poor, whole) == {"saved-by-editor": -4, "thinner-record": -2}


def test_a_screenshot_does_not_share_what_a_program_wrote_into_its_jpeg():
    exported = subject("b.jpg", Tags(software="Adobe Photoshop 21"), file=2)

    assert points(subject("a.png", Tags()), exported) == {}
    assert points(subject("a.webp", Tags(), extension="webp", kind=Kind.PICTURE), exported) == {
        "saved-by-editor": -4, "thinner-record": -2,
    }  # fmt: skip


def test_a_photograph_does_not_become_innocent_as_a_png():
    exported, png = subject("b.jpg", Tags(software="GIMP"), file=2), subject("a.png", Tags())

    cast = ballot([png, exported], seen=looks((png, look(1)), (exported, look(1))))
    assert "saved-by-editor" in {vote.rule for vote in cast[png.content]}
    assert ballot([png, exported], seen=looks((png, page_look())))[png.content] == ()


NO_RECORD = {"tags": Tags(), "file": 2}


@pytest.mark.parametrize(
    "speaker",
    [
        subject(),
        subject(width_px=5000, height_px=4000),
        subject(tags=camera(exif_width=8000, exif_height=6000)),
        subject("a.nef"),
        subject("a.heic", camera(model="iPhone 6")),
        subject("a.png"),
    ],
    ids=["as large", "larger", "made smaller itself", "raw", "converted", "png"],
)
def test_what_tells_nothing_is_no_original_beside_a_cameras_record(speaker):
    assert "silent" in points(subject("b.jpg", **NO_RECORD), speaker)
    assert "silent" in points(subject("b.heic", **NO_RECORD), speaker)


@pytest.mark.parametrize(
    "speaker",
    [
        subject(width_px=1600, height_px=1200),
        subject(damage=Damage.TRUNCATED),
        subject("IMG_E0001.JPG"),
        subject(tags=camera(make=None, model=None)),
    ],
    ids=["smaller", "damaged", "edit", "no camera"],
)
def test_what_tells_nothing_may_still_be_better_than_a_lesser_file(speaker):
    assert "silent" not in points(subject("b.jpg", **NO_RECORD), speaker)


def test_a_screenshot_names_no_camera_and_may_be_png():
    assert points(subject("a.png", Tags())) == {}


def test_a_name_that_lies_about_the_format_speaks_against_it():
    lies = subject("a.png", kind=Kind.PICTURE, extension="jpg")

    assert points(lies)["false-extension"] == -1
    assert "false-extension" not in points(subject("a.jpeg"))
    assert "false-extension" not in points(subject("a.jpg.2"))


# --- structure ---------------------------------------------------------------------------


def test_what_stands_first_tells_cameras_from_programs():
    assert points(jpeg(EXIF, JFIF, CODED))["exif-first"] == 1
    assert points(jpeg(JFIF, EXIF, CODED))["jfif-first"] == -2
    assert points(jpeg(JFIF, CODED)) == {}


@pytest.mark.parametrize(
    ("rule", "sign"),
    [
        ("adobe-segments", {"Adobe:ColorTransform": "1"}),
        ("adobe-segments", {"Ducky:Quality": "60"}),
        ("caption-segment", {"Photoshop:IPTCDigest": "00"}),
        ("progressive", {"File:EncodingProcess": "2"}),
        ("full-chroma", {"File:YCbCrSubSampling": "1 1"}),
        ("low-quality", {"File:JPEGQualityEstimate": "75"}),
        ("pixel-tags", {"IFD0:ImageWidth": "4032"}),
    ],
)
def test_signs_of_a_second_program(rule, sign):
    assert points(jpeg(EXIF, CODED, sign))[rule] < 0
    assert rule not in points(jpeg(EXIF, CODED))


def test_a_small_picture_may_have_a_low_quality():
    small = jpeg(EXIF, CODED, {"File:JPEGQualityEstimate": "75"}, width_px=640, height_px=480)

    assert "low-quality" not in points(small)


def test_cameras_halve_the_colours_width():
    assert points(jpeg(EXIF, CODED, {"File:YCbCrSubSampling": "2 1"}))["camera-chroma"] == 1


def test_colour_halved_in_height_shows_a_turn_without_loss():
    turned = {"File:YCbCrSubSampling": "1 2"}

    assert points(jpeg(EXIF, turned, width_px=3024, height_px=4032))["turned-chroma"] == -1
    assert "turned-chroma" not in points(jpeg(EXIF, turned))


def test_the_common_librarys_tables_are_known_by_arithmetic():
    # As Pillow writes at its default quality, and ExifTool 12.57 names them.
    assert quality_of("2851eea5e15f1b977c1496a77c884b4f") == 75
    assert quality_of("0" * 32) is None


def test_the_common_librarys_tables_speak_a_little_against_it():
    tables = {"File:JPEGDigest": "2851eea5e15f1b977c1496a77c884b4f"}

    assert points(jpeg(EXIF, CODED, tables))["library-tables"] == -1


def heic(tags: dict[str, str], *, notes: bool = True, **changes):
    return subject("a.heic", camera(all=tags, has_maker_note=notes), **changes)


def test_a_phone_codes_a_heic_in_tiles():
    assert points(heic(TILED))["tiles"] == 2
    assert points(heic({"Meta:PrimaryItemReference": "1"}))["single-item"] == -4
    assert "tiles" not in points(heic(TILED, notes=False))


def test_other_makers_may_number_their_tiles_as_they_like():
    tags = camera(make="HMD Global", all={"Meta:PrimaryItemReference": "1"}, has_maker_note=True)

    assert "single-item" not in points(subject("a.heic", tags))


def test_editors_name_heics_formats_in_another_order():
    assert points(heic({"QuickTime:CompatibleBrands": "heic; mif1"}))["foreign-brands"] == -2
    assert points(heic({"QuickTime:CompatibleBrands": "mif1; heic"})) == {}


# --- who else wrote it -------------------------------------------------------------------


def test_a_name_that_programs_give_to_edits_speaks_against_it():
    assert points(subject("IMG_E4120.JPG"))["edited"] == -20


def test_a_smaller_copys_name_counts_beside_the_file_it_is_named_after():
    thumb = subject("IMG_3-thumb.JPG", file=2)

    assert "named-copy" in points(thumb, subject("IMG_3.HEIC"))
    assert "named-copy" not in points(thumb, subject("IMG_4.HEIC"))


def test_the_scanners_enhanced_picture_gives_way_to_the_plain_scan():
    scan = camera(make="EPSON", model="FF-680W", software="FastFoto")
    enhanced = subject("Trip_0001_a.jpg", scan, file=2)

    assert "scan-copy" in points(enhanced, subject("Trip_0001.jpg", scan))
    assert "scan-copy" not in points(subject("DSC_a.jpg", file=2), subject("DSC.jpg"))


@pytest.mark.parametrize(
    "software",
    [
        *("Adobe Photoshop 21", "GIMP 2.10", "Photos 2.0", "Picasa", "Lavf58.29.100", "paint.net"),
        *("Windows Photo Editor 10.0", "Snapseed 2.0", "Instagram", "Capture One 22"),
    ],
)
def test_an_editor_in_the_tags_speaks_against_it(software):
    assert points(subject(tags=camera(software=software)))["saved-by-editor"] == -4


@pytest.mark.parametrize(
    "software",
    ["12.1.4", "HDR+ 1.0.244457938zry", "Ver.1.0", "Version 4.40", "S906USQS3DWKA"],
)
def test_firmware_speaks_for_it(software):
    assert points(subject(tags=camera(software=software))) == {"firmware": 2}


@pytest.mark.parametrize("software", ["Nikon Transfer 1.1 W", "FinePixViewer", "E7FSD0", None])
def test_what_only_moves_files_tells_nothing(software):
    assert points(subject(tags=camera(make="NIKON", software=software))) == {}


def test_a_viewer_wrote_ratings_at_most():
    software = "Microsoft Windows Photo Viewer 6.1.7600"

    assert points(subject(tags=camera(software=software))) == {"touched": -1}


def test_an_editor_named_anywhere_counts():
    tags = camera(software="12.1", all={"XMP-xmp:CreatorTool": "Adobe Lightroom 5"})

    assert "saved-by-editor" in points(subject(tags=tags))


@pytest.mark.parametrize(
    ("tags", "is_edited"),
    [
        ({"XMP-crs:AlreadyApplied": "True"}, True),
        ({"XMP-crs:HasSettings": "True"}, False),
        ({"XMP-xmpMM:HistoryAction": "derived; saved"}, True),
        ({"XMP-xmpMM:HistoryAction": "saved", "XMP-xmpMM:HistoryChanged": "/metadata"}, False),
        ({"XMP-xmp:Rating": "5"}, False),
    ],
)
def test_a_log_of_changes_counts_and_ratings_do_not(tags, is_edited):
    assert ("history" in points(subject(tags=camera(all=tags)))) is is_edited


@pytest.mark.parametrize(
    ("saved", "is_later"),
    [
        ("2019:07:14 16:02:11", False),
        ("2019:07:14 16:02:14", False),
        ("2019:07:14 18:02:11", False),  # the same moment in another zone
        ("2019:07:14 16:09:30", True),
        ("2021:01:01 10:00:00", True),
    ],
)
def test_a_file_saved_later_was_not_written_by_the_exposure(saved, is_later):
    tags = camera(all={"IFD0:ModifyDate": saved})

    assert ("saved-later" in points(subject(tags=tags))) is is_later


def test_pictures_made_by_a_model_are_no_photographs():
    said = "http://cv.iptc.org/newscodes/digitalsourcetype/{}"
    kinds = {"trainedAlgorithmicMedia": -4, "compositeWithTrainedAlgorithmicMedia": -4}

    for kind, weight in {**kinds, "digitalCapture": 1}.items():
        tags = camera(all={"XMP-iptcExt:DigitalSourceType": said.format(kind)})
        assert list(points(subject(tags=tags)).values()) == [weight]


@pytest.mark.parametrize(
    "name", ["IMG-20200105-WA0003.jpg", "FB_IMG_1578231.jpg", "13039_327712345_9_n.jpg"]
)
def test_messengers_are_known_by_their_names(name):
    assert points(subject(name, Tags()))["messenger"] == -8


def test_what_a_messenger_sent_as_a_document_kept_its_notes():
    assert points(subject("IMG-20200105-WA0003.jpg", camera(has_maker_note=True))) == {}


def test_facebook_leaves_its_mark():
    tags = Tags(all={"IPTC:SpecialInstructions": "FBMD01000abd0300"})

    assert points(subject("a.jpg", tags))["messenger"] == -8


def test_captions_stand_back_behind_untouched_metadata():
    plain = subject("a.jpg", payload=digest(9))
    rated = subject("b.jpg", camera(all={"XMP-xmp:Rating": "5"}), file=2, payload=digest(9))

    assert points(rated, plain) == {"annotated": -1}
    assert points(plain, rated) == {}


def test_windows_pads_what_it_rewrites():
    padded = subject(tags=camera(all={"ExifIFD:OffsetSchema": "4114"}))

    assert points(padded, subject("b.jpg", file=2))["windows-rewrote"] == -1


def test_a_cards_folder_speaks_for_it_and_a_folder_of_exports_against():
    card = subject("a.jpg", folder_path=b"DCIM/100APPLE")
    export = subject("a.jpg", file=2, folder_path=b"2019/Exports")

    assert points(card, export) == {"camera-folder": 1}
    assert points(export, card) == {"export-folder": -1}
    assert points(export) == {}


def test_a_derived_file_alone_is_not_the_cameras():
    edited = subject(tags=camera(software="Adobe Photoshop 21"))
    plain = jpeg(JFIF, EXIF, CODED)

    assert is_derived(votes(edited, []))
    assert not is_derived(votes(plain, []))


# --- films -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ItemList:Encoder", "HandBrake 1.3.3"),
        ("Keys:Encoder", "Lavf58.29.100"),
        ("Matroska:Encoder", "Lavc57 libx264"),
    ],
)
def test_a_converters_name_rules_a_film_out(key, name):
    assert points(film("a.mp4", tags=Tags(all={key: name})))["converter"] == -20


APPLES = {"Keys:Model": "iPhone X", "Track3:MetaFormat": "mebx"}


def test_a_cameras_film_names_it_and_holds_its_sensors():
    said = points(film("a.mov", tags=Tags(all=APPLES)))

    assert said == {"camera-keys": 3, "timed-metadata": 2}


@pytest.mark.parametrize(
    ("rule", "tags"),
    [
        ("video-service", {"Track1:HandlerDescription": "ISO Media file produced by Google Inc."}),
        ("zero-date", {"QuickTime:CreateDate": "0000:00:00 00:00:00"}),
        ("plain-handler", {"Track1:HandlerDescription": "VideoHandler"}),
        (
            "export",
            {"QuickTime:MajorBrand": "mp42", "Track1:HandlerDescription": "Core Media Video"},
        ),
    ],
)
def test_signs_of_a_film_that_was_coded_again(rule, tags):
    assert points(film("a.mp4", tags=Tags(all=tags)))[rule] < 0


def test_a_messengers_size_is_known():
    assert points(film("a.mp4", width_px=848, height_px=480)) == {"messenger-size": -2}


def test_a_shorter_film_was_trimmed():
    whole = film("a.mov")
    cut = replace(whole, files=(fact("b.mov", file=2, duration_ms=5_000),), content=2)

    assert points(cut, whole) == {"trimmed": -4}
    assert points(whole, cut) == {}


def test_a_phone_that_records_hevc_recorded_it():
    hevc = film("a.mov", "hevc", Tags(make="Apple", model="iPhone X", all=APPLES))
    h264 = film("a.mp4", file=2)

    assert points(hevc, h264)["camera-codec"] == 6


def test_an_hevc_film_that_lost_the_sensors_tracks_was_coded_again():
    hevc = film("a.mov", "hevc", Tags(make="Apple", model="iPhone X", all={"Keys:Model": "X"}))
    h264 = film("a.mp4", file=2, tags=Tags(make="Apple", model="iPhone X", all=APPLES))

    assert "camera-codec" not in points(hevc, h264)


# --- habits ------------------------------------------------------------------------------


def shots(ending: str, count: int = 3, first: int = 10, **changes):
    """As many presses, a second apart."""
    return [
        subject(
            f"IMG_{n}.{ending}",
            camera(f"2019:07:14 15:00:{n}", has_maker_note=True, all={**EXIF, **CODED, **changes}),
            file=n,
        )
        for n in range(first, first + count)
    ]


PAIR = (subject("IMG_1.heic", camera(has_maker_note=True)), subject("IMG_1.jpg", file=2))


@pytest.mark.parametrize(("ending", "winner"), [("heic", 0), ("jpg", 1)])
def test_neighbours_tell_what_the_phone_was_set_to(ending, winner):
    habits = habits_of([*shots(ending), *PAIR])
    one, other = PAIR[winner], PAIR[1 - winner]

    assert points(one, other, habits=habits)["neighbours-agree"] == 6
    assert "neighbours-agree" not in points(other, one, habits=habits)


def test_a_mixed_day_tells_nothing():
    habits = habits_of([*shots("heic"), *shots("jpg", first=20)])

    assert all(
        "neighbours-agree" not in points(*pair, habits=habits) for pair in (PAIR, PAIR[::-1])
    )


def test_one_other_press_is_no_habit():
    pressed = shots("heic", 1)
    copied = [replace(s, content=90 + n) for n, s in enumerate(pressed * 3)]

    assert "neighbours-agree" not in points(*PAIR, habits=habits_of([*pressed, *copied]))


@pytest.mark.parametrize("named", ["IMG_{}.jpg", "x{}.jpg"], ids=["by name", "by time"])
def test_presses_in_two_formats_are_no_habit(named):
    twice = [
        subject(named.format(n), heic.tags, file=100 + n)
        for n, heic in enumerate(shots("heic"), 10)
    ]

    assert "neighbours-agree" not in points(*PAIR, habits=habits_of([*shots("heic"), *twice]))


def test_a_converters_heics_are_no_habit():
    tags = camera(make="motorola", model="moto g", has_maker_note=True)
    pair = (subject("IMG_1.heic", tags), subject("IMG_1.jpg", tags, file=2))
    converted = [
        subject(f"IMG_{n}.heic", replace(s.tags, make="motorola", model="moto g"), file=n)
        for n, s in enumerate(shots("heic"), 10)
    ]

    assert "neighbours-agree" not in points(*pair, habits=habits_of(converted))


def test_an_exported_jpeg_is_no_habit():
    exports = [jpeg(JFIF, EXIF, CODED, name=f"IMG_{n}.jpg", file=n) for n in range(10, 20)]

    assert habits_of(exports) == Habits()


def test_a_camera_that_always_compresses_alike_is_known_by_its_tables():
    habits = habits_of(shots("jpg", 5, **{"File:JPEGDigest": "own"}))
    own, other = (
        subject("a.jpg", camera(all={**CODED, "File:JPEGDigest": table}), file=n)
        for n, table in enumerate(("own", "other"), 1)
    )

    assert points(own, other, habits=habits)["camera-tables"] == 3
    assert points(other, own, habits=habits)["foreign-tables"] == -3


def test_a_size_that_the_camera_never_writes_was_cut_out():
    habits = habits_of(shots("jpg", 5))
    crop = subject("b.jpg", file=2, width_px=1000, height_px=1000)

    assert points(crop, subject("a.jpg"), habits=habits)["strange-size"] == -4
