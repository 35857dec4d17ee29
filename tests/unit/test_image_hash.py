"""Fingerprints: equal to imagehash's own, and what they do and do not see."""

from __future__ import annotations

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter

from indexer.perceptual.image_hash import fingerprint, to_srgb


def picture(width=400, height=300, seed=1):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def distance(a, b):
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def thumb_difference(a, b):
    left, right = (np.frombuffer(f.thumb, np.uint8).astype(int) for f in (a, b))
    return np.abs(left - right).mean()


@pytest.mark.parametrize("seed", range(5))
def test_hashes_equal_what_imagehash_says_of_the_same_picture(seed):
    image = picture(seed=seed)

    found = fingerprint(image)

    assert found.phash.hex() == str(imagehash.phash(image, hash_size=16))
    assert found.dhash.hex() == str(imagehash.dhash(image, hash_size=16))


def test_hashes_of_a_large_picture_are_within_few_bits_of_imagehash():
    image = picture(3000, 2000)

    found = fingerprint(image)

    assert distance(found.phash, bytes.fromhex(str(imagehash.phash(image, hash_size=16)))) <= 8
    assert distance(found.dhash, bytes.fromhex(str(imagehash.dhash(image, hash_size=16)))) <= 8


def test_every_field_has_its_stated_size():
    found = fingerprint(picture())

    assert (len(found.phash), len(found.dhash), len(found.thumb)) == (32, 32, 32 * 32 * 3)
    assert found.sharpness > 0
    assert 0 < found.contrast <= 127.5


def test_the_thumb_is_rgb_row_by_row():
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    image.paste((0, 0, 255), (0, 32, 64, 64))

    thumb = fingerprint(image).thumb

    assert thumb[:3] == b"\xff\0\0"
    assert thumb[-3:] == b"\0\0\xff"


def test_the_same_picture_at_another_size_looks_the_same():
    large, small = fingerprint(picture(2400, 1800)), fingerprint(picture(600, 450))

    assert distance(large.phash, small.phash) <= 8
    assert thumb_difference(large, small) < 1


def test_a_turned_picture_looks_different():
    image = picture()

    turned = image.transpose(Image.Transpose.ROTATE_90)

    assert distance(fingerprint(image).phash, fingerprint(turned).phash) > 64


def test_a_blurred_picture_is_less_sharp():
    rng = np.random.default_rng(3)
    noisy = Image.fromarray(rng.integers(0, 255, (300, 400, 3), dtype=np.uint8))

    blurred = noisy.filter(ImageFilter.GaussianBlur(2))

    assert fingerprint(blurred).sharpness < fingerprint(noisy).sharpness / 10


def test_a_small_picture_is_not_enlarged_to_judge_its_sharpness():
    image = Image.new("L", (5, 5), 0)
    image.putpixel((2, 2), 10)

    # The Laplacian of the nine inner pixels: -40 in the middle, 10 at its four sides.
    assert fingerprint(image).sharpness == pytest.approx(np.var([-40] + [10] * 4 + [0] * 4))


@pytest.mark.parametrize("size", [(1, 1), (2, 500), (5000, 1), (1, 5000)])
def test_a_picture_of_any_shape_has_a_fingerprint(size):
    assert len(fingerprint(Image.new("RGB", size)).phash) == 32


def test_a_flat_picture_has_no_contrast():
    found = fingerprint(Image.new("RGB", (100, 100), (90, 90, 90)))

    assert found.contrast == 0
    assert found.sharpness == 0


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"]
)
def test_a_picture_of_any_mode_has_a_fingerprint(mode):
    image = Image.new(mode, (1200, 900))

    assert len(fingerprint(image).thumb) == 3072


def test_sixteen_bits_look_like_eight():
    grey = picture().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)

    assert thumb_difference(fingerprint(grey), fingerprint(deep)) < 1


def test_what_is_hidden_under_transparency_does_not_count():
    seen = Image.new("RGBA", (100, 100), (255, 0, 0, 0))

    assert set(fingerprint(seen).thumb) == {255}


def test_a_profile_is_obeyed():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = Image.new("LAB", (64, 64), (255, 128, 128))
    image.info["icc_profile"] = lab

    assert min(to_srgb(image).getpixel((0, 0))) > 250


def test_a_broken_profile_counts_as_srgb():
    image = picture()
    profiled = image.copy()
    profiled.info["icc_profile"] = b"no profile at all"

    assert fingerprint(profiled) == fingerprint(image)


def test_an_srgb_profile_changes_nothing():
    image = picture()
    profiled = image.copy()
    profiled.info["icc_profile"] = ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")
    ).tobytes()

    assert fingerprint(profiled) == fingerprint(image)


def test_a_reencoded_picture_is_within_the_threshold():
    image = picture(1600, 1200)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50)

    again = Image.open(io.BytesIO(buffer.getvalue()))

    assert distance(fingerprint(image).phash, fingerprint(again).phash) <= 24
