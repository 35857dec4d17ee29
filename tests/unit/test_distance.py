"""The gate after the hash: what passes, what does not, and how that looks on a real corpus."""

from __future__ import annotations

import csv
import io
import math
import os
from dataclasses import replace
from itertools import combinations

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from indexer.perceptual import neighbours
from indexer.perceptual.distance import (
    SAME_BITS,
    differing_bits,
    is_telling,
    look_of,
    residual,
    same_look,
    small_hash,
    turned,
    turned_look,
    weak_look,
)
from indexer.perceptual.image_hash import fingerprint, to_srgb
from indexer.read import decode
from indexer.read.limits import DEFAULT_LIMITS
from indexer.read.once import read_once

WAYS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
THUMBS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, 3072, dtype=np.uint8).tobytes()
)


def picture(seed=1, width=800, height=600):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def reencoded(image, edge=800, quality=60):
    small, buffer = image.copy(), io.BytesIO()
    small.thumbnail((edge, edge))
    small.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue()))


def looks(image):
    return fingerprint(image)


# --- what passes ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("edge", "quality"), [(800, 90), (800, 50), (320, 75)])
def test_a_reencoded_picture_has_the_same_look(seed, edge, quality):
    image = picture(seed)

    look = same_look(looks(image), looks(reencoded(image, edge, quality)))

    assert look
    assert look.residual < 2


def test_a_picture_looks_like_itself():
    one = looks(picture())

    look = same_look(one, one)

    assert look == replace(look, bits=0, change=0)
    assert max(look.residual, look.reverse, look.peak) < 1e-3


def test_a_brighter_picture_has_the_same_look_and_the_change_is_told():
    image = Image.eval(picture(), lambda v: 40 + v // 2)

    look = same_look(looks(image), looks(ImageEnhance.Brightness(image).enhance(1.2)))

    assert look.residual < 1
    assert look.change > 15


def test_a_grey_copy_has_the_same_look_one_way_only():
    image = picture()

    look = same_look(looks(image), looks(image.convert("L")))

    assert look.residual < 1
    assert look.reverse > 10


def test_what_is_drawn_in_shows_as_a_peak():
    image = picture()
    edited = image.copy()
    edited.paste((255, 255, 255), (400, 300, 424, 318))

    assert look_of(looks(image), looks(edited)).peak > 10
    assert look_of(looks(image), looks(reencoded(image))).peak < 10


def test_other_pictures_do_not_have_the_same_look():
    fingerprints = [looks(picture(seed)) for seed in range(20)]

    assert not any(same_look(a, b) or weak_look(a, b) for a, b in combinations(fingerprints, 2))


def test_something_that_moved_is_another_look():
    image, later = picture(), picture()
    for at, frame in ((300, image), (306, later)):
        frame.paste((240, 240, 240), (at, 200, at + 80, 280))

    before, after = looks(image), looks(later)

    assert differing_bits(before.phash, after.phash) <= SAME_BITS
    assert same_look(before, after) is None
    assert weak_look(before, after)


def test_a_slightly_cropped_picture_is_a_weak_look():
    image = picture()

    cropped = image.crop((20, 15, 780, 585))

    assert same_look(looks(image), looks(cropped)) is None
    assert weak_look(looks(image), looks(cropped))


# --- what proves nothing ----------------------------------------------------------------------


@pytest.mark.parametrize("colour", ["white", "black", (90, 20, 200)])
def test_plain_pictures_prove_nothing(colour):
    plain = looks(Image.new("RGB", (300, 200), colour))

    assert not is_telling(plain)
    assert same_look(plain, plain) is None
    assert weak_look(plain, plain) is None
    assert residual(plain.thumb, plain.thumb) == math.inf


def test_a_dim_picture_proves_nothing():
    dim = looks(Image.eval(picture(), lambda v: 60 + v // 32))

    assert dim.contrast < 8
    assert same_look(dim, dim) is None


def test_nothing_is_like_a_flat_picture():
    flat = looks(Image.new("RGB", (300, 200), "white"))

    assert residual(looks(picture()).thumb, flat.thumb) == math.inf


def test_a_few_edges_are_no_detail():
    # One step of brightness: contrast without a look of its own.
    half = Image.new("RGB", (400, 400), "white")
    half.paste((0, 0, 0), (0, 0, 200, 400))

    assert looks(half).contrast > 100
    assert not is_telling(looks(half))


# --- the residual -----------------------------------------------------------------------------


@given(THUMBS, THUMBS)
def test_the_residual_is_the_same_both_ways(a, b):
    assert residual(a, b) == pytest.approx(residual(b, a), abs=1e-6)


@given(THUMBS, THUMBS)
def test_the_residual_is_that_of_least_squares(a, b):
    one, other = (np.frombuffer(t, np.uint8).reshape(-1, 3).astype(float) for t in (a, b))

    def left(x, y):
        x = np.column_stack([x, np.ones(len(x))])
        return np.sqrt(np.square(x @ np.linalg.lstsq(x, y)[0] - y).mean())

    # Equal thumbs leave 1e-6 instead of 1e-13: sums of products round.
    assert residual(a, b) == pytest.approx(min(left(one, other), left(other, one)), abs=1e-4)


@given(THUMBS, st.lists(st.floats(-0.3, 0.3), min_size=9, max_size=9), st.integers(-20, 20))
def test_an_affine_change_of_colours_leaves_no_residual(thumb, mix, shift):
    pixels = np.frombuffer(thumb, np.uint8).reshape(-1, 3) * 0.5 + 64
    before = pixels.round().astype(np.uint8)
    after = (before @ (np.eye(3) * 0.6 + np.reshape(mix, (3, 3)) * 0.3) + 40 + shift).round()

    # Half a step of rounding is all that the fit cannot explain.
    assert residual(before.tobytes(), after.clip(0, 255).astype(np.uint8).tobytes()) < 1


def test_two_grey_pictures_can_be_fitted():
    grey = picture().convert("L").convert("RGB")

    assert residual(looks(grey).thumb, looks(reencoded(grey)).thumb) < 1.5


# --- turned -----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_turned_fingerprint_is_near_the_one_of_the_turned_picture(way):
    image = picture()

    derived, true = turned(looks(image))[way], looks(image.transpose(WAYS[way]))

    assert differing_bits(derived.phash, true.phash) <= 10
    assert residual(derived.thumb, true.thumb) < 1
    assert same_look(derived, true)


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_saved_turned_is_recognised(way):
    image = picture()

    found = turned_look(looks(image), looks(reencoded(image.transpose(WAYS[way]))))

    assert found
    assert found[0] == way


def test_another_picture_is_no_turned_one():
    assert turned_look(looks(picture(1)), looks(picture(2))) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_small_hash_is_imagehashs_within_two_bits(seed):
    image = picture(seed)

    true = np.packbits(imagehash.phash(image, hash_size=8).hash).tobytes()

    assert differing_bits(small_hash(looks(image).thumb), true) <= 2


# --- the corpus -------------------------------------------------------------------------------

# Pairs of one press of the shutter that do not have the same look, and why that is right: the
# group in TRUTH.tsv, how many pairs, bits and residual from the least to the most.
APART = {
    "elplain": (1, 0, 0, math.inf, math.inf),  # plain white; equal bytes say it all
    "fritest": (6, 12, 14, 5.17, 5.22),  # made black and white, with other contrast
    "img3092": (6, 8, 8, 3.14, 3.16),  # edited in colour and light
    "img4120": (3, 106, 106, 53.32, 53.32),  # cropped square and made black and white
    "jellyfish": (2, 28, 32, 10.02, 11.14),  # poster frame and a later frame of the film
    "live0728": (9, 12, 128, 3.16, 27.90),  # edited; and the film's frame shows something else
    "pillars": (1, 64, 64, 27.10, 27.10),  # cut in half
    "portrait": (1, 24, 24, 6.95, 6.95),  # other words drawn in
    "train": (1, 28, 28, 11.01, 11.01),  # still and a frame of its film
    "tulips": (6, 10, 10, 5.90, 5.92),  # edited in colour
    "uk00120": (9, 108, 130, 32.92, 43.79),  # mirrored; turned by 30 degrees
    "wedding": (15, 122, 122, 44.13, 44.14),  # cropped
    "xr3589": (1, 10, 10, 10.03, 10.03),  # still and a frame of its film
}
# Pairs of different presses that a hash of 256 bits takes for one, with bits and residual; the
# burst's first two frames are the nearest to the threshold of 2.0.
ONLY_NEAR = {
    ("IMG_3580.JPG", "IMG_3581.JPG"): (4, 2.14),
    ("IMG_3581.JPG", "IMG_3582.JPG"): (6, 2.75),
    ("IMG_3580.JPG", "IMG_3582.JPG"): (8, 4.44),
    ("MVC-004S.BMP", "MVC-005S.JPG"): (6, 5.96),
    ("MVC-004S.JPG", "MVC-005S.JPG"): (6, 6.01),
    ("MVC-004S.BMP", "MVC-005E.JPG"): (8, 6.03),
    ("MVC-004S.JPG", "MVC-005E.JPG"): (8, 6.08),
    ("IMG_3579.HEIC", "IMG_3582.JPG"): (12, 6.12),
    ("MVC-004F.JPG", "MVC-007F.JPG"): (20, 7.08),
    ("iphone_hdr_NO.jpg", "iphone_hdr_YES.jpg"): (16, 8.05),
    ("IMG_3579.HEIC", "IMG_3581.JPG"): (14, 8.22),
    ("IMG_3579.HEIC", "IMG_3580.JPG"): (16, 9.64),
    ("IMG_3580.JPG", "IMG_3589.mov"): (18, 12.26),
    ("IMG_3580.JPG", "IMG_3589.HEIC"): (18, 12.67),
    ("IMG_3581.JPG", "IMG_3589.mov"): (18, 12.69),
    ("IMG_3582.JPG", "IMG_3589.mov"): (20, 13.13),
    ("IMG_3581.JPG", "IMG_3589.HEIC"): (22, 13.95),
    ("IMG_3582.JPG", "IMG_3589.HEIC"): (24, 14.88),
    ("IMG_3579.HEIC", "IMG_3589.mov"): (24, 17.20),
}


@pytest.fixture(scope="module")
def real(corpus):
    """Row of TRUTH.tsv and fingerprint of each picture and film that can be decoded."""
    with (corpus.parent / "TRUTH.tsv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file, delimiter="\t"))
    return [(row, found) for row in truth if (found := read_fingerprint(corpus / row["path"]))]


def read_fingerprint(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        reading = read_once(fd, os.fsencode(path), DEFAULT_LIMITS, decoders=decode)
    finally:
        os.close(fd)
    return reading.picture.fingerprint if reading.picture else None


@pytest.fixture(scope="module")
def pairs(real):
    """Of every pair: are they one press, the fingerprints, and a line about them."""
    return [
        (one["group"] == other["group"], a, b, one["group"], names(one, other))
        for (one, a), (other, b) in combinations(real, 2)
    ]


def names(*rows):
    return tuple(sorted(row["path"].rsplit("/", 1)[-1] for row in rows))


def values(a, b):
    return differing_bits(a.phash, b.phash), residual(a.thumb, b.thumb)


def test_in_the_corpus_what_has_the_same_look_is_one_press(pairs):
    alike = [(together, *at, values(a, b)) for together, a, b, *at in pairs if same_look(a, b)]

    assert [line for together, *line in alike if not together] == []
    assert len(alike) == 109


def test_in_the_corpus_presses_that_do_not_have_the_same_look_are_edits_crops_and_frames(pairs):
    apart = {}
    for together, a, b, group, _ in pairs:
        if together and not same_look(a, b):
            apart.setdefault(group, []).append(values(a, b))

    assert apart.keys() == APART.keys()
    for group, found in apart.items():
        count, *expected = APART[group]
        bits, left = zip(*found, strict=True)
        assert len(found) == count, group
        assert [min(bits), max(bits)] == pytest.approx(expected[:2], abs=2), group
        assert [min(left), max(left)] == pytest.approx(expected[2:], abs=0.05), group


def test_in_the_corpus_bursts_charts_and_brackets_are_near_but_not_alike(pairs):
    near = {
        known: values(a, b)
        for together, a, b, _, known in pairs
        if not together and is_telling(a) and is_telling(b) and values(a, b)[0] <= SAME_BITS
    }

    # Decoders of HEIC and films may differ in their last bit.
    assert near.keys() == ONLY_NEAR.keys()
    for known, (bits, left) in near.items():
        assert bits == pytest.approx(ONLY_NEAR[known][0], abs=2), known
        assert left == pytest.approx(ONLY_NEAR[known][1], abs=0.05), known


def test_in_the_corpus_a_weak_look_is_a_press_an_edit_a_chart_or_a_burst(pairs):
    weak = [(together, group, known) for together, a, b, group, known in pairs if weak_look(a, b)]
    found = {group for together, group, _ in weak if together}
    false = {name for together, _, known in weak if not together for name in known}

    assert {"fritest", "img3092", "jellyfish", "portrait", "train", "tulips"} <= found
    assert all(name.startswith(("MVC-00", "IMG_35", "iphone_hdr")) for name in false), false


def test_in_the_corpus_plain_pictures_are_not_telling_and_photographs_are(real):
    plain = {row["path"].rsplit("/", 1)[-1] for row, look in real if not is_telling(look)}

    assert plain == {
        *("Plain With Spaces And Uppercase 123.jpg", "plain.jpg", "no-exif.jpg"),
        *("date-priority-test.jpg", "datetimeoriginal-gps.jpg"),
        *("gps-datetime.jpg", "time-created.jpg"),
        *("endless_loop.jpg", "bad-exif.jpg"),
    }


def test_in_the_corpus_only_the_mirrored_picture_is_a_turned_one(real):
    telling = [(row, look) for row, look in real if is_telling(look)]
    found = {
        (names(row)[0], names(other)[0], way)
        for row, a in telling
        for way, variant in turned(a).items()
        for other, b in telling
        if same_look(variant, b)
    }

    still = ("ukbench00120.jpg", "ukbench00120_resize.jpg", "ukbench00120_gray.jpg")
    mirror = "ukbench00120_hflip.jpg"
    assert found == {(mirror, name, 2) for name in still} | {(name, mirror, 2) for name in still}


def test_in_the_corpus_the_search_finds_what_comparing_all_finds(real, monkeypatch):
    hashes = np.stack([np.frombuffer(look.phash, np.uint8) for _, look in real])
    exact = neighbours.neighbours(hashes).pairs
    monkeypatch.setattr(neighbours, "_EXACT_UP_TO", 0)

    assert neighbours.neighbours(hashes).pairs.tolist() == exact.tolist()


def test_in_the_corpus_a_reencoded_picture_is_found_and_has_the_same_look(corpus):
    """As exports, messengers and thumbnails save it."""
    images = [image for path in sorted(corpus.rglob("*.jp*g")) if (image := opened(path))]
    distinct = {look.phash: (image, look) for image in images if is_telling(look := looks(image))}
    telling = [(a, looks(other)) for image, a in distinct.values() for other in encodings(image)]

    far = [values(a, b) for a, b in telling if differing_bits(a.phash, b.phash) > SAME_BITS]
    unlike = [values(a, b) for a, b in telling if not same_look(a, b)]
    assert len(telling) > 200
    assert far == []
    # One drawing of hard edges, three times out of 252: 2.05 to 2.73.
    assert len(unlike) <= len(telling) * 0.02, unlike


def opened(path):
    """A photograph of at least 300 px as sRGB; the others are no measure of what encoders do."""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            image.draft("RGB", (1024, 1024))
            plain = to_srgb(image) if min(image.size) >= 300 else None
    except (OSError, SyntaxError):
        return None
    return plain


def encodings(image):
    for edge, quality in ((1024, 85), (1024, 50), (640, 70), (320, 75)):
        yield reencoded(image, edge, quality)
