"""Which of several encodings of one picture was saved again, and what it shares with the others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import camera, digest, subject

from indexer.model import Confidence, Tags
from indexer.originals.generations import quality
from indexer.originals.infer import judge
from indexer.originals.rules import ballot

# Digest of the JPEG library's tables, as ExifTool prints it.
Q75 = "2851eea5e15f1b977c1496a77c884b4f"
OWN_TABLES = {"File:JPEGDigest": "0" * 32, "File:JPEGQualityEstimate": "90"}
LIBRARYS = {"File:JPEGDigest": Q75, "File:JPEGQualityEstimate": "75"}
JFIF_FIRST = {"File:EncodingProcess": "0", "JFIF:JFIFVersion": "1 1"}
EXIF_FIRST = {"File:EncodingProcess": "0"}
PHOTOSHOP = "Adobe Photoshop 23.4 (Windows)"


def points(one, *others) -> dict[str, float]:
    return {vote.rule: vote.points for vote in ballot([one, *others])[one.content]}


def coded(*parts: dict[str, str], name: str = "a.jpg", **changes):
    """A file of these tags in their order; `software`, `make` and `model` are the camera's."""
    named = {k: changes.pop(k) for k in ("software", "make", "model") if k in changes}
    return subject(name, written(*parts, **named), **changes)


def written(*parts: dict[str, str], **changes) -> Tags:
    """A camera's tags after these, in the order of a file."""
    everything = {key: text for part in parts for key, text in part.items()}
    taken = {"ExifIFD:DateTimeOriginal": "2019:07:14 16:02:11"}
    return camera(time=None, all={**everything, **taken}, **changes)


# --- what was saved again ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    [
        {"software": PHOTOSHOP, "make": "Canon", "model": "EOS R5"},
        {"software": "Adobe Photoshop Lightroom Classic 8.2 (Macintosh)"},
        {"software": "Photos 3.0"},
        {"software": "12.1.4"},
    ],
    ids=["photoshop", "lightroom", "photos", "ios"],
)
def test_a_program_with_its_own_tables_does_not_write_the_librarys(named):
    assert points(coded(LIBRARYS, **named))["saved-again"] == -3
    assert "saved-again" not in points(coded(OWN_TABLES, **named))


@pytest.mark.parametrize(
    "software", ["GIMP 2.10", "Adobe Photoshop Express (Android)", "darktable 3.8", None]
)
def test_other_programs_and_cameras_may_use_the_library(software):
    named = {"software": software, "make": "Canon", "model": "EOS R5"}

    assert "saved-again" not in points(coded(LIBRARYS, **named))


def test_adobes_programs_write_no_heic():
    assert points(coded(name="a.heic", software=PHOTOSHOP))["saved-again"] == -3


def test_adobes_programs_tell_of_themselves_in_a_png():
    told = {"XMP-xmp:CreatorTool": PHOTOSHOP}

    assert points(coded(name="a.png", software=PHOTOSHOP))["saved-again"] == -3
    assert "saved-again" not in points(coded(told, name="a.png", software=PHOTOSHOP))


def test_of_one_record_the_one_with_its_own_tables_is_older():
    named = {"make": "Canon", "model": "EOS R5"}
    own, again = (
        coded(EXIF_FIRST, OWN_TABLES, **named),
        coded(JFIF_FIRST, LIBRARYS, file=2, **named),
    )

    assert points(again, own)["recoded"] == -3
    assert "recoded" not in points(own, again)


def test_a_camera_that_uses_the_library_is_not_older_than_its_optimised_copy():
    named = {"make": "Canon", "model": "EOS R5"}
    camera_s = coded(EXIF_FIRST, LIBRARYS, **named)

    assert "recoded" not in points(camera_s, coded(JFIF_FIRST, OWN_TABLES, file=2, **named))


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [("90", None), ("84", None), ("80", "lower-quality"), ("50", "much-lower-quality")],
)
def test_each_generation_costs_quality(estimate, expected):
    low = coded({"File:JPEGQualityEstimate": estimate}, file=2)

    said = points(low, coded({"File:JPEGQualityEstimate": "90"}))
    assert said.keys() & {"lower-quality", "much-lower-quality"} == {expected} - {None}


def test_the_quality_of_a_smaller_copy_tells_nothing():
    small = coded({"File:JPEGQualityEstimate": "99"}, file=2, width_px=640, height_px=480)

    assert "much-lower-quality" not in points(coded({"File:JPEGQualityEstimate": "60"}), small)


def test_quality_comes_from_the_tables_where_exiftool_knows_none():
    unknown = {"File:JPEGDigest": Q75, "File:JPEGQualityEstimate": "<unknown>"}

    assert quality(coded(unknown)) == 75
    assert quality(coded(OWN_TABLES)) == 90
    assert quality(coded(unknown, name="a.heic")) is None


# --- what is shared ---------------------------------------------------------------------------


def test_a_copy_that_lost_the_editors_segments_and_log_is_no_better_for_it():
    log = {"XMP-xmpMM:HistoryAction": "saved", "XMP-xmpMM:HistoryChanged": "/"}
    exported = coded(OWN_TABLES, {"Adobe:DCTEncodeVersion": "100"}, log, software=PHOTOSHOP)
    again = coded(LIBRARYS, software=PHOTOSHOP, file=2)

    said = points(again, exported)
    assert {"history", "adobe-segments", "thinner-record"} <= said.keys()
    assert judge([again, exported]).original is exported


def test_what_was_exported_first_does_not_share_the_log_of_what_was_made_of_it():
    first = coded(OWN_TABLES, software=PHOTOSHOP)
    derived = replace(camera(software=PHOTOSHOP, all=OWN_TABLES), derived_from="xmp.did:1")

    assert "history" not in points(first, subject("b.jpg", derived, file=2))


def test_two_of_one_small_size_share_how_the_smaller_was_made():
    told = {"exif_width": 4032, "exif_height": 3024, "make": "Nokia", "model": "X71"}
    small = {"width_px": 500, "height_px": 375}
    web = {**JFIF_FIRST, "File:EncodingProcess": "2", "File:JPEGQualityEstimate": "97"}
    kept = subject("a.jpg", written(web, **told), **small)
    plain = {**JFIF_FIRST, "File:JPEGQualityEstimate": "92"}
    again = subject("b.jpg", written(plain, **told), file=2, **small)

    assert points(again, kept)["progressive"] == points(kept, again)["progressive"] == -2
    judgement = judge([again, kept])
    assert (judgement.original, judgement.confidence) == (kept, Confidence.AMBIGUOUS)


def test_of_two_small_ones_the_stripped_copy_does_not_win():
    told = camera(exif_width=3648, exif_height=2736)
    small = {"width_px": 500, "height_px": 375}
    speaks = subject("long name.jpg", told, **small)

    for name in ("b.heic", "b.avif", "b.jpg"):
        assert judge([subject(name, Tags(), file=2, **small), speaks]).original is speaks


def test_copies_of_one_picture_data_share_nothing_by_their_editor():
    captions = {"Photoshop:IPTCDigest": "00"}
    one = coded(OWN_TABLES, software=PHOTOSHOP, payload=digest(9))
    other = coded(OWN_TABLES, captions, software=PHOTOSHOP, payload=digest(9), file=2)

    assert "caption-segment" not in points(one, other)


# --- HEIC -------------------------------------------------------------------------------------

NOTES = {"has_maker_note": True, "make": "motorola", "model": "moto g(9) plus"}


def test_a_heic_of_a_phone_that_is_not_known_to_write_any_was_converted():
    converted = subject("a.heic", camera(all={"Meta:PrimaryItemReference": "1"}, **NOTES))
    jpeg = subject("b.jpg", camera(**NOTES), file=2)

    said = points(converted, jpeg)
    assert said == {"one-piece": -2, "foreign-format": -4}
    assert judge([converted, jpeg]).original is jpeg


@pytest.mark.parametrize(
    ("name", "own", "structure"),
    [
        ("a.heic", NOTES, {"Meta:PrimaryItemReference": "49"}),
        ("a.heic", NOTES, {"Meta:AuxiliaryImageType": "urn:mpeg:hevc:2015:auxid:2"}),
        ("a.heic", {**NOTES, "make": "samsung", "model": "SM-G973F"}, {}),
        ("a.hif", {**NOTES, "make": "Canon", "model": "EOS R5"}, {"Meta:PrimaryItemReference": "1"}),
        ("a.heic", {**NOTES, "make": "Apple", "model": "iPhone 12"}, {}),
    ],
    ids=["tiles", "auxiliary", "samsung", "hif", "iphone"],
)  # fmt: skip
def test_a_heic_that_its_camera_is_known_to_write_is_the_cameras(name, own, structure):
    kind = {"extension": "heic", "kind": subject("a.heic").fact.kind}
    heic = subject(name, camera(all=structure, **own), **kind)
    export = subject("b.jpg", written(JFIF_FIRST, **own), file=2)

    assert points(heic, export)["camera-format"] == 6


def test_samsungs_phones_wrote_no_heic_before_2019():
    own = {**NOTES, "make": "samsung", "model": "SM-G950F"}
    heic = subject("a.heic", camera("2018:03:01 10:00:00", **own))
    jpeg = subject("b.jpg", camera("2018:03:01 10:00:00", **own), file=2)

    assert points(heic, jpeg)["foreign-format"] == -4


def test_a_heic_of_one_tile_is_a_small_copy():
    tiny = {"width_px": 500, "height_px": 375}
    own = {**NOTES, "make": "samsung", "model": "SM-G973F"}
    heic = subject("a.heic", camera(**own), **tiny)

    assert "camera-format" not in points(heic, subject("b.jpg", camera(**own), file=2, **tiny))
