"""Digests of decoded pictures: equal wherever the samples are, in any format, and only there."""

from __future__ import annotations

import io
import os
import struct
import zlib
from unittest import mock

import numpy as np
import pillow_heif
import pytest
from blake3 import blake3
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from indexer.metadata.sniff import sniff
from indexer.read import decode
from indexer.read import pixels as rules
from indexer.read.decode import decode_picture
from indexer.read.limits import Limits, Truncated
from indexer.read.once import read_once
from indexer.read.pixels import pixels_of

LOSSLESS = ["png", "bmp", "tif", "webp"]
FORMS = {"jpg": "JPEG", "tif": "TIFF"}


def picture(width=64, height=48, seed=1):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))


def saved(extension, image=None, **options):
    image = image or picture()
    buffer = io.BytesIO()
    if extension == "heic":
        pillow_heif.from_pillow(image).save(buffer, quality=80, **options)
    else:
        if extension == "webp":
            options = {"lossless": True, "exact": True} | options
        image.save(buffer, FORMS.get(extension, extension.upper()), **options)
    return buffer.getvalue()


def pixels(data, extension):
    return decode_picture(data, sniff(data[:65536], b"a." + extension.encode()), Limits()).pixels


def both(image, *extensions):
    """The one digest that these formats agree on."""
    found = {pixels(saved(extension, image), extension) for extension in extensions}
    assert len(found) == 1
    return found.pop()


def test_lossless_formats_of_one_picture_agree():
    assert both(picture(), *LOSSLESS) is not None


def test_the_digest_is_that_of_the_samples_with_their_size():
    samples = np.asarray(picture()).tobytes()

    assert both(picture(), "png") == blake3(b"RGB 64 48\n" + samples).digest()


@pytest.mark.parametrize("extension", ["jpg", "webp", "heic"])
def test_a_png_made_of_a_small_lossy_picture_has_its_pixels(extension):
    data = saved(
        extension, picture(640, 480), **({"lossless": False} if extension == "webp" else {})
    )
    image = pillow_heif.open_heif(data).to_pillow() if extension == "heic" else None
    image = image or Image.open(io.BytesIO(data))

    assert pixels(data, extension) == pixels(saved("png", image.convert("RGB")), "png")
    assert pixels(data, extension) is not None


def test_a_jpeg_that_is_decoded_smaller_has_none():
    assert pixels(saved("jpg", picture(1600, 1200)), "jpg") is None


@pytest.mark.parametrize("place", [(0, 0), (63, 47), (31, 20)])
def test_one_sample_makes_another_picture(place):
    other = picture()
    red, green, blue = other.getpixel(place)
    other.putpixel(place, (red, green, blue ^ 1))

    assert both(other, "png", "bmp") != both(picture(), "png", "bmp")


def test_the_same_samples_in_other_rows_are_another_picture():
    samples = np.asarray(picture(64, 48))

    wide = Image.fromarray(samples.reshape(24, 128, 3))
    assert both(wide, "png") != both(picture(), "png")


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_a_mode_is_only_a_way_to_store_what_is_shown(mode):
    source = picture().convert("1") if mode == "1" else picture().convert("L")
    image = source.convert(mode)

    assert both(image, "png") == both(source.convert("RGB"), "png")


def test_a_palette_agrees_with_its_colours_and_with_a_gif():
    image = picture().quantize(64)

    assert both(image, "gif", "png") == both(image.convert("RGB"), "png")


def test_alpha_counts_where_something_shows_through():
    clear = picture().convert("RGBA")
    clear.putpixel((3, 3), (1, 2, 3, 254))

    assert both(clear, "png", "tif", "webp") != both(picture(), "png")


def test_a_colour_that_is_not_shown_is_alpha():
    keyed = saved("png", picture(), transparency=picture().getpixel((0, 0)))
    unused = saved("png", picture(), transparency=(255, 255, 255))

    assert pixels(keyed, "png") != pixels(unused, "png")
    assert pixels(unused, "png") == both(picture(), "png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_file_has_the_pixels_of_what_is_shown(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = saved("png", picture(), exif=exif.tobytes())
    shown = picture() if orientation == 1 else decode._turned(picture(), orientation)

    assert pixels(turned, "png") == both(shown, "png")
    assert pixels(saved("tif", picture(), exif=exif), "tif") == both(shown, "png")


def deep(seed=1):
    values = np.random.default_rng(seed).integers(0, 65535, (48, 64), dtype=np.uint16)
    return Image.fromarray(values)


def test_grey_of_16_bits_keeps_them():
    values = np.asarray(deep()).copy()
    values[5, 5] ^= 1

    other = Image.fromarray(values)
    assert both(deep(), "png", "tif") != both(other, "png", "tif")
    assert both(deep(), "png") == blake3(b"I;16 64 48\n" + np.asarray(deep()).tobytes()).digest()


def test_the_order_of_bytes_in_a_file_is_not_the_picture():
    assert pixels_of(deep()) == pixels_of(deep().convert("I").convert("I;16B"))


def test_colour_of_16_bits_that_was_cut_to_8_has_none():
    values = np.random.default_rng(1).integers(0, 65535, (48, 64, 3), dtype=np.uint16)
    assert pixels(png_of_16_bits(values), "png") is None


def png_of_16_bits(values):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_deeper_heic_has_none():
    values = np.random.default_rng(1).integers(0, 65535, (64, 64, 3), dtype=np.uint16)
    heif = pillow_heif.from_bytes("RGB;16", (64, 64), values.tobytes())
    data = io.BytesIO()
    heif.save(data, quality=-1)

    assert pixels(data.getvalue(), "heic") is None


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "F"])
def test_a_mode_whose_conversion_would_lose_has_none(mode):
    image = picture().convert("L").convert("F") if mode == "F" else None
    if mode == "CMYK":
        image = picture().convert("CMYK")

    assert pixels_of(image or Image.new("LAB", (8, 8))) is None


@pytest.mark.parametrize("extension", ["gif", "png", "webp", "tif"])
def test_what_is_one_of_several_frames_has_none(extension):
    more = saved(extension, picture(), save_all=True, append_images=[picture(seed=2)])

    assert pixels(more, extension) is None


def test_a_gif_with_a_broken_second_frame_is_shown_and_has_none():
    whole = saved("gif", picture(), save_all=True, append_images=[picture(seed=2)])
    first = len(saved("gif", picture(), save_all=True))

    broken = whole[: first + 40] + b"\x21\xf9\x04" + whole[first + 60 :]
    assert pixels(broken, "gif") is None


def test_a_cut_picture_has_none():
    data = saved("jpg", picture(640, 480))[:-900]

    with pytest.raises(Truncated) as cut:
        pixels(data, "jpg")

    assert cut.value.picture.fingerprint
    assert cut.value.picture.pixels is None


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 5),
    band=st.integers(1, 200),
)
@example(size=(40, 40), seed=0, band=1)
def test_bands_cover_each_row_once(size, seed, band):
    image = picture(*size, seed=seed)

    with mock.patch.object(rules, "_BAND_PIXELS", band):
        found = pixels_of(image)

    head = f"RGB {size[0]} {size[1]}\n".encode()
    assert found == blake3(head + np.asarray(image).tobytes()).digest()


def test_the_reading_carries_the_pixels(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(saved("png"))
    fd = os.open(path, os.O_RDONLY)
    try:
        found = read_once(fd, b"a.png", Limits(), decoders=decode)
    finally:
        os.close(fd)

    assert found.picture.pixels == pixels(saved("bmp"), "bmp")
