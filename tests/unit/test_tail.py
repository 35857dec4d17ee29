"""The film in a motion photo: found whoever appended it, equal to its own file, cheap to refuse."""

from __future__ import annotations

import io
import os
import struct
import tempfile
import time
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pillow_heif
import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from indexer.metadata.sniff import Sniffed, sniff
from indexer.model import Kind
from indexer.read import decode
from indexer.read.limits import Limits
from indexer.read.once import read_once
from indexer.read.payload import payload_of, tail_of

HEIC = Sniffed("image/heic", Kind.PICTURE, "heic")
JPEG = Sniffed("image/jpeg", Kind.PICTURE, "jpg")


def picture(seed=1):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8))


@cache
def jpeg(seed=1, **options):
    buffer = io.BytesIO()
    picture(seed).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@cache
def heic():
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(buffer, quality=80)
    return buffer.getvalue()


@cache
def film(form="mp4", movflags=""):
    options = {"movflags": movflags} if movflags else {}
    # A file: to move the index to the front, FFmpeg opens it once more by its name.
    with (
        tempfile.NamedTemporaryFile() as made,
        av.open(made.name, "w", format=form, options=options) as container,
    ):
        video = container.add_stream("h264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for number in range(50):
            frame = av.VideoFrame.from_image(picture(number // 9))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        container.close()
        return made.read()


def samsung(data, movie):
    """A name before the film, a directory behind it, as Galaxys write them."""
    name = b"MotionPhoto_Data"
    block = b"\0\0\x30\x0a" + struct.pack("<I", len(name)) + name + movie
    entry = b"\0\0\x30\x0a" + struct.pack("<II", len(block), len(block))
    directory = b"SEFH" + struct.pack("<II", 106, 1) + entry
    return data + block + directory + struct.pack("<I", len(directory)) + b"SEFT"


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def tail(data, sniffed=None):
    return tail_of(data, sniffed or sniff(data[:65536], b"a"))


def digest(data):
    return blake3(data).digest()


FILMS = {
    "an index at the end": film(),
    "an index at the start": film(movflags="faststart"),
    "fragments": film(movflags="frag_keyframe+empty_moov"),
    "a QuickTime film": film("mov"),
}


@pytest.mark.parametrize("movie", FILMS.values(), ids=FILMS)
@pytest.mark.parametrize(
    "photo",
    [
        lambda movie: jpeg() + movie,
        lambda movie: jpeg() + b"\0" * 24 + movie,
        lambda movie: jpeg() + jpeg(2) + jpeg(3) + movie,
        lambda movie: samsung(jpeg(), movie),
        lambda movie: samsung(jpeg() + jpeg(2), movie),
        lambda movie: heic() + box(b"mpvd", movie),
        lambda movie: heic() + box(b"mpvd", movie) + box(b"sefd", b"\0" * 64),
        lambda movie: heic() + movie,
        lambda movie: samsung(heic(), movie),
    ],
    ids=[
        *("JPEG", "padding", "gain map", "Samsung", "Samsung with gain map"),
        *("mpvd", "mpvd and trailer", "behind HEIC", "Samsung HEIC"),
    ],
)
def test_the_film_is_found_and_equals_its_own_file(photo, movie):
    assert tail(photo(movie)) == digest(movie)


@pytest.mark.parametrize("data", [jpeg(), jpeg() + jpeg(2), heic(), film(), samsung(jpeg(), b"x")])
def test_a_picture_or_film_alone_has_none(data):
    assert tail(data) is None


def test_the_picture_data_is_what_it_is_without_the_film():
    for photo, alone in ((jpeg() + film(), jpeg()), (heic() + box(b"mpvd", film()), heic())):
        assert payload_of(photo, sniff(photo, b"a")) == payload_of(alone, sniff(alone, b"a"))


def test_a_film_in_the_metadata_is_not_behind_the_picture():
    assert tail(jpeg(comment=film()[:60_000])) is None


def test_the_letters_alone_are_no_film():
    assert tail(jpeg() + b"....ftyp of nothing" * 3) is None
    assert tail(jpeg() + b"....ftyp of nothing" * 3 + film()) == digest(film())


@pytest.mark.parametrize("lost", [1, 100, 2000])
def test_a_film_that_is_cut_is_none(lost):
    for movie in (film(), film(movflags="faststart")):
        assert tail(jpeg() + movie[:-lost]) is None


def test_a_film_without_index_or_without_samples_is_none():
    head = box(b"ftyp", b"isom\0\0\2\0isom")

    assert tail(jpeg() + head + box(b"mdat", b"x" * 99)) is None
    assert tail(jpeg() + head + box(b"moov", b"x" * 99)) is None


def test_a_long_box_counts_by_its_long_length():
    movie = box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", b"x" * 9)
    movie += struct.pack(">I4sQ", 1, b"mdat", 16 + 99) + b"y" * 99

    assert tail(samsung(jpeg(), movie)) == digest(movie)


def test_a_box_without_length_reaches_to_the_end():
    movie = box(b"ftyp", b"isom\0\0\2\0isom") + box(b"moov", b"x" * 9) + b"\0\0\0\0mdat" + b"y" * 99

    assert tail(jpeg() + movie) == digest(movie)


def test_what_follows_mpvd_is_not_of_the_film():
    assert tail(heic() + box(b"mpvd", film()) + box(b"free", b"z" * 50)) == digest(film())


def test_a_second_film_behind_the_first_is_not_of_it():
    assert tail(jpeg() + film() + film("mov")) == digest(film())


def test_broken_metadata_before_the_picture_hides_no_film():
    broken = bytearray(jpeg(quality=100))
    broken[4:6] = b"\0\x05"  # the length of the first segment

    short = b"\0\0\0\x14ftypisom\0\0\2\0isom" + box(b"moov", b"") + box(b"mdat", b"")
    assert tail(bytes(broken) + short) == digest(short)


@pytest.mark.parametrize(
    "hostile",
    [
        b"ftyp" * 2_000_000,
        box(b"ftyp", b"isom\0\0\2\0") + box(b"free", b"") * 1_000_000,
        (box(b"ftyp", b"isom\0\0\2\0") + box(b"free", b"") * 50) * 20_000,
        struct.pack(">I4sQ", 1, b"ftyp", 2**63) * 500_000,
    ],
    ids=["letters", "boxes without end", "many starts", "lengths"],
)
@pytest.mark.parametrize("head", [jpeg(), heic()], ids=["JPEG", "HEIC"])
def test_a_hostile_tail_costs_little(head, hostile):
    begun = time.process_time()

    assert tail(head + hostile) is None
    assert time.process_time() - begun < 2


@settings(suppress_health_check=[HealthCheck.differing_executors])
@given(
    base=st.sampled_from([jpeg() + film(), samsung(heic(), film()), heic() + box(b"mpvd", film())]),
    cuts=st.lists(st.tuples(st.integers(0, 12_000), st.binary(max_size=12)), max_size=6),
    mime=st.sampled_from([JPEG, HEIC]),
)
def test_broken_photos_raise_nothing(base, cuts, mime):
    data = bytearray(base)
    for at, noise in cuts:
        data[at : at + len(noise)] = noise

    found = tail_of(data, mime)

    assert found is None or len(found) == 32


def test_the_reading_carries_the_tail(tmp_path):
    path = tmp_path / "IMG.MP.jpg"
    path.write_bytes(jpeg() + film())
    fd = os.open(path, os.O_RDONLY)
    try:
        found = read_once(fd, b"IMG.MP.jpg", Limits(), decoders=decode)
    finally:
        os.close(fd)

    assert found.tail == digest(film())
    assert (found.kind, found.damage) == (Kind.PICTURE, None)
