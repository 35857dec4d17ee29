"""What decoding will take, before it is tried: an estimate, rather too high."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from indexer.metadata.sniff import sniff
from indexer.read.needs import FILM_BYTES, decoding_bytes

EDGES = (2000, 1500)
PIXELS = 2000 * 1500


def saved(form, **options):
    buffer = io.BytesIO()
    Image.new("RGB", EDGES, "teal").save(buffer, form, **options)
    return buffer.getvalue()


def needs(data, name=b"a"):
    return decoding_bytes(memoryview(data), sniff(data[:65536], name))


def test_a_jpeg_is_decoded_reduced_and_a_progressive_one_keeps_its_coefficients():
    plain, progressive = saved("JPEG"), saved("JPEG", progressive=True)

    assert needs(plain) < PIXELS
    assert needs(progressive) >= 6 * PIXELS


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_other_pictures_take_their_samples_and_a_copy(form):
    assert needs(saved(form)) >= 6 * PIXELS


def test_a_heif_takes_what_its_largest_size_says():
    brand = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic")
    sizes = [struct.pack(">I4sIII", 20, b"ispe", 0, *edges) for edges in ((512, 512), EDGES)]

    assert needs(brand + b"".join(sizes), b"a.heic") >= 6 * PIXELS


def test_a_film_takes_its_frames_whatever_its_length():
    film = sniff(b"\0\0\0\x14ftypisom\0\0\2\0isom" + bytes(100), b"a.mp4")

    assert decoding_bytes(None, film) == FILM_BYTES


def test_what_is_not_held_is_not_decoded():
    assert decoding_bytes(None, sniff(saved("PNG"), b"a.png")) == 0


@pytest.mark.parametrize("cut", [3, 20, 200])
def test_broken_bytes_are_the_decoders_business(cut):
    data = saved("PNG")[:cut]

    assert decoding_bytes(memoryview(data), sniff(saved("PNG"), b"a.png")) >= 0
