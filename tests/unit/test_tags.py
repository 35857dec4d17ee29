"""What tags_from_json makes of ExifTool's answers."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.tags import tags_from_json
from indexer.model import Tags

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "media"

LIVE = "1EA799FF-8384-4BC4-87AA-139A814D9125"


def test_nothing_gives_nothing():
    assert tags_from_json({"SourceFile": "a.jpg"}) == Tags()


@pytest.mark.parametrize(
    "key",
    [
        "Apple:ContentIdentifier",
        "Apple:MediaGroupUUID",
        "Keys:ContentIdentifier",
        "ItemList:ContentIdentifier",
    ],
)
def test_a_live_photo_is_known_under_every_name_of_its_identifier(key):
    assert tags_from_json({key: LIVE.lower()}).content_identifier == LIVE


@pytest.mark.parametrize("value", ["", "0", "00000000-0000-0000-0000-000000000000", LIVE + "0"])
def test_what_is_no_uuid_pairs_nothing(value):
    assert tags_from_json({"Keys:ContentIdentifier": value}).content_identifier is None


def test_a_bad_identifier_does_not_hide_a_good_one():
    raw = {"Apple:ContentIdentifier": "none", "Apple:MediaGroupUUID": LIVE}

    assert tags_from_json(raw).content_identifier == LIVE


def test_make_and_model_lose_nuls_and_blanks():
    tags = tags_from_json({"IFD0:Make": " Canon\0\0 ", "IFD0:Model": " \0", "Keys:Model": "X"})

    assert (tags.make, tags.model) == ("Canon", "X")


def test_numbers_stay_the_text_they_were():
    tags = tags_from_json({"IFD0:Software": "16.10", "ExifIFD:ImageUniqueID": "12e5"})

    assert (tags.software, tags.image_unique_id) == ("16.10", "12e5")


def test_an_image_id_of_zeros_is_none():
    assert tags_from_json({"ExifIFD:ImageUniqueID": "0" * 32}).image_unique_id is None


def gps(latitude, north, longitude, east):
    return {
        "GPS:GPSLatitude": latitude,
        "GPS:GPSLatitudeRef": north,
        "GPS:GPSLongitude": longitude,
        "GPS:GPSLongitudeRef": east,
    }


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (gps("34.5", "S", "138.25", "E"), (-34.5, 138.25)),
        (gps("34.5", "North", "138.25", "w"), (34.5, -138.25)),
        (gps("-34.5", "S", "-1", "W"), (-34.5, -1.0)),
        (gps("0", "N", "0", "E"), (None, None)),
        (gps("0", "N", "5", "E"), (0.0, 5.0)),
        (gps("91", "N", "5", "E"), (None, None)),
        (gps("45", "N", "4294966352", "W"), (None, None)),
        (gps("", "", "", ""), (None, None)),
        (gps("nan", "N", "inf", "E"), (None, None)),
        ({"XMP-exif:GPSLatitude": "-1.5", "XMP-exif:GPSLongitude": "2"}, (-1.5, 2.0)),
        ({"Keys:GPSCoordinates": "34.0083 -118.4979 12"}, (34.0083, -118.4979)),
        ({"Keys:GPSCoordinates": "0 0 0"}, (None, None)),
        ({"GPS:GPSLatitude": "5", "GPS:GPSLatitudeRef": "N"}, (None, None)),
    ],
)
def test_a_place_is_signed_and_whole_or_absent(raw, place):
    tags = tags_from_json(raw)

    assert (tags.latitude, tags.longitude) == place


@pytest.mark.parametrize(
    "key",
    [
        *("Apple:AEStable", "Canon:ImageType", "CanonCustom:Shutter", "Nikon:Quality"),
        *("NikonCustom:A", "Sony:Quality", "Olympus:A", "Panasonic:A", "Pentax:A", "Samsung:A"),
        *("FujiFilm:A", "Casio:A", "DJI:A", "GoPro:A", "Google:A", "MakerNotes:A", "Motorola:A"),
        *("ExifIFD:MakerNoteUnknown", "MakerUnknown:A", "ExifIFD:MakerNoteUnknownText"),
    ],
)
def test_a_makers_group_is_a_maker_note(key):
    assert tags_from_json({key: "1"}).has_maker_note


@pytest.mark.parametrize(
    "raw",
    [
        {"ExifIFD:MakerNoteUnknown": " \0"},
        {"IFD0:Make": "Canon"},
        {"GPS:GPSLatitude": "1"},
        {"XMP-apple-fi:A": "1"},
        {"General:A": "1"},
        {"Sonya": "1"},
    ],
)
def test_no_makers_group_is_no_maker_note(raw):
    assert not tags_from_json(raw).has_maker_note


def test_an_error_is_told_before_a_warning():
    raw = {"ExifTool:Warning": "odd", "ExifTool:Error": "File format error"}

    assert tags_from_json(raw).warning == "File format error"
    assert tags_from_json({"ExifTool:Warning": "odd"}).warning == "odd"


def test_all_keeps_what_may_decide_and_drops_the_rest():
    kept = {
        "ExifIFD:DateTimeOriginal": "2020:04:17 10:03:48",
        "ExifTool:Warning": "odd",
        "File:Comment": "hello",
        "File:JPEGDigest": "2851eea5e15f1b977c1496a77c884b4f",
        "Adobe:ColorTransform": "1",
        "XMP-crs:RawFileName": "IMG_1.CR2",
    }
    dropped = {
        "SourceFile": "/a.jpg",
        "ExifTool:ExifToolVersion": "12.57",
        "File:MIMEType": "image/jpeg",
        "Adobe:DCTEncodeVersion": "100",
        "System:FileSize": "12",
        "ICC-header:ProfileCreator": "x",
        "ICC_Profile:ProfileDescription": "x",
        "Composite:Megapixels": "12",
        "IFD1:ThumbnailImage": "(Binary data 5434 bytes, use -b option to extract)",
        "Photoshop:Big": "x" * 1001,
        "XMP-crs:Exposure": "1",
        "IFD0:ImageDescription": "   ",
    }

    assert tags_from_json({**kept, **dropped}).all == kept


def test_all_stays_in_the_order_of_the_file():
    raw = {
        "IFD0:Make": "x",
        "SourceFile": "/a.jpg",
        "JFIF:JFIFVersion": "1 1",
        "GPS:GPSAltitude": "1",
    }

    assert list(tags_from_json(raw).all) == ["IFD0:Make", "JFIF:JFIFVersion", "GPS:GPSAltitude"]


def test_lists_structures_and_truths_become_text():
    raw = {
        "XMP-dc:Subject": ["a", "b"],
        "XMP-exif:FlashFired": True,
        "XMP-x:S": [{"k": ["1", None]}],
    }

    assert tags_from_json(raw).all == {
        "XMP-dc:Subject": "a; b",
        "XMP-exif:FlashFired": "true",
        "XMP-x:S": "1",
    }


def test_only_plain_pixel_counts_count():
    raw = {"ExifIFD:ExifImageWidth": "4032", "ExifIFD:ExifImageHeight": "99999999999"}
    tags = tags_from_json(raw)

    assert (tags.exif_width, tags.exif_height) == (4032, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers().map(str) | st.floats().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.text() | st.sampled_from(
    [
        *("IFD0:Make", "GPS:GPSLatitude", "GPS:GPSLongitude", "GPS:GPSLatitudeRef"),
        *("Keys:GPSCoordinates", "Keys:ContentIdentifier", "ExifIFD:ExifImageWidth"),
        *("ExifTool:Warning", "ExifIFD:MakerNoteUnknown", "ExifIFD:ImageUniqueID"),
    ]
)


@given(raw=st.dictionaries(KEYS, JSON))
def test_any_object_gives_sane_tags(raw):
    tags = tags_from_json(raw)

    assert all(isinstance(text, str) and len(text) <= 1000 for text in tags.all.values())
    assert (tags.latitude is None) == (tags.longitude is None)
    assert tags.latitude is None or math.isfinite(tags.latitude + tags.longitude)
    assert tags.make is None or tags.make == tags.make.strip()


# --- the corpus ---


@pytest.fixture(scope="module")
def corpus_tags():
    if not CORPUS.is_dir() or shutil.which("exiftool") is None:
        pytest.skip(f"no corpus at {CORPUS}, or no ExifTool")
    with ExifToolSession() as session:

        def ask(*names):
            paths = [os.fsencode(CORPUS / name) for name in names]
            return [tags_from_json(answer.raw) for answer in session.ask(paths)]

        yield ask


@pytest.mark.parametrize(
    ("still", "film"),
    [
        ("cameras/iPhone XR/IMG_3589.HEIC", "cameras/iPhone XR/IMG_3589.mov"),
        ("live/lychee/train.jpg", "live/lychee/train.mov"),
    ],
)
def test_both_halves_of_a_live_photo_carry_its_identifier(corpus_tags, still, film):
    one, other = corpus_tags(still, film)

    assert one.content_identifier is not None
    assert one.content_identifier == other.content_identifier


def test_the_frames_of_a_burst_share_its_id(corpus_tags):
    frames = corpus_tags(*(f"cameras/iPhone XR/IMG_358{frame}.JPG" for frame in (0, 1, 2)))

    assert {frame.burst_uuid for frame in frames} == {"520DEEC9-9311-433F-93C1-712D889853B5"}


def test_a_southern_place_is_negative(corpus_tags):
    [tags] = corpus_tags("google-takeout/Takeout/Google Photos/Adelaide/IMG_4547.jpg")

    assert (round(tags.latitude, 2), round(tags.longitude, 2)) == (-34.92, 138.6)
    assert (tags.make, tags.model, tags.has_maker_note) == ("Apple", "iPhone 6s", True)
