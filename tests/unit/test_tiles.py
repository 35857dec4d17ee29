"""Tiles of a HEIC averaged down: the same look as the whole decode, and nothing that it refuses."""

from __future__ import annotations

import functools
import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from indexer.metadata.sniff import sniff
from indexer.perceptual.distance import differing_bits, same_look
from indexer.perceptual.image_hash import fingerprint, profile_of
from indexer.read.decode import decode_picture
from indexer.read.limits import Limits, Truncated, Undecodable
from indexer.read.payload.boxes import held
from indexer.read.payload.items import items_of, primary_of
from indexer.read.payload.source import Source
from indexer.read.tiles import reduced

TILE = 512
SIZE = (2000, 1500)  # in 4 x 3 tiles, of which the last are cut
FAST = {"preset": "ultrafast"}
PATTERN = (2, 3, 4, 5, 3, 3, 2, 4, 5, 2, 4, 4)  # looks the same no way round


@functools.cache
def picture(width=1024, height=1024, seed=1):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def heic(image, **options):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=50, enc_params=FAST, **options)
    return buffer.getvalue()


def box(kind, *bodies):
    body = b"".join(bodies)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind, *bodies, version=0):
    return box(kind, struct.pack(">I", version << 24), *bodies)


def extent(width, height):
    return full(b"ispe", struct.pack(">II", width, height))


@functools.cache
def tiles(chroma=420, edge=TILE):
    """Decoder set-up and coded data of four tiles, as an encoder writes them."""
    found = []
    for top, left in ((0, 0), (0, TILE), (TILE, 0), (TILE, TILE)):
        data = heic(picture().crop((left, top, left + edge, top + edge)), chroma=chroma)
        source = Source.of_bytes(data)
        meta = held(source, b"meta")[b"meta"][4:]
        item = items_of(meta)[primary_of(meta)]
        setup = next(bytes(body) for kind, body in item.properties if kind == b"hvcC")
        found.append((setup, b"".join(bytes(source.at(*place)) for place in item.extents)))
    return tuple(found)


def grid(*extra, coded=None, size=SIZE, shape=(3, 4), tile=(TILE, TILE), order=PATTERN):
    """A HEIC as phones write it; `extra` properties are those of the whole."""
    coded = coded or tiles()
    count = len(coded)
    descriptor = struct.pack(">BBBBHH", 0, 0, shape[0] - 1, shape[1] - 1, *size)
    datas = [descriptor, *(data for _, data in coded)]
    kinds = [
        full(b"infe", struct.pack(">HH4s", number, 0, kind), b"\0", version=2)
        for number, kind in enumerate([b"grid", *[b"hvc1"] * count], 1)
    ]
    setups = [box(b"hvcC", setup) for setup, _ in coded]
    properties = [extent(*size), extent(*tile), *setups, *extra]
    own = [1, *range(3 + count, 3 + count + len(extra))]
    ties = struct.pack(">HB", 1, len(own)) + bytes(own)
    ties += b"".join(struct.pack(">HBBB", n, 2, 2, n + 1) for n in range(2, count + 2))

    def meta(start):
        places = b""
        for number, data in enumerate(datas, 1):
            places += struct.pack(">HHHHII", number, 0, 0, 1, start, len(data))
            start += len(data)
        return full(
            b"meta",
            full(b"hdlr", b"\0" * 4, b"pict", b"\0" * 13),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iinf", struct.pack(">H", len(kinds)), *kinds),
            full(b"iloc", b"\x44\0", struct.pack(">H", len(datas)), places, version=1),
            box(
                b"iprp",
                box(b"ipco", *properties),
                full(b"ipma", struct.pack(">I", count + 1), ties),
            ),
            full(b"iref", box(b"dimg", struct.pack(f">HH{len(order)}H", 1, len(order), *order))),
        )

    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *datas)


def turn(quarters):
    return box(b"irot", bytes([quarters]))


def flip(way):
    return box(b"imir", bytes([way]))


def colours(matrix, *, is_full):
    return box(b"colr", b"nclx", struct.pack(">HHHB", 1, 13, matrix, is_full << 7))


def decoded(data, **limits):
    return decode_picture(data, sniff(data[:65536], b"a.heic"), Limits(**limits))


def whole(data):
    """As libheif shows it."""
    file = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    return file[file.primary_index].to_pillow()


def is_reduced(data, **limits):
    return reduced(data, Limits(**limits)) is not None


def expect_agreement(data):
    """The tiles were asked, and show what the whole decode does."""
    image, found = whole(data), decoded(data)
    look = same_look(found.fingerprint, fingerprint(image))

    assert is_reduced(data)
    assert (found.width, found.height, found.orientation) == (*image.size, None)
    assert found.profile == profile_of(image)
    assert look is not None
    assert look.bits <= 6
    assert look.change < 1
    assert differing_bits(found.fingerprint.dhash, fingerprint(image).dhash) <= 8


def test_a_grid_looks_like_the_whole_decode():
    expect_agreement(grid())


def test_what_lies_outside_of_the_picture_is_not_seen():
    expect_agreement(grid(size=(2002, 1030)))


def test_one_large_tile_is_a_grid_as_well():
    exif = Image.Exif()
    exif[0x0112] = 8

    expect_agreement(heic(picture(2004, 1498), exif=exif.tobytes()))


@pytest.mark.parametrize("mirror", [0, 1])
@pytest.mark.parametrize("quarters", range(4))
def test_turns_and_mirrors_are_obeyed_in_the_order_in_which_they_stand(quarters, mirror):
    expect_agreement(grid(turn(quarters), flip(mirror)))
    expect_agreement(grid(flip(mirror), turn(quarters)))


@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("matrix", [1, 2, 5, 6])
def test_samples_mean_what_the_container_says(matrix, is_full):
    expect_agreement(grid(colours(matrix, is_full=is_full)))


def test_a_profile_is_obeyed():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    expect_agreement(grid(box(b"colr", b"prof", profile)))
    assert decoded(grid(box(b"colr", b"prof", profile))).profile is not None


def test_a_picture_decoded_smaller_has_no_digest_of_its_pixels():
    assert decoded(grid()).pixels is None
    assert decoded(heic(picture(640, 480))).pixels is not None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: heic(picture(1920, 1080)), id="not large"),
        pytest.param(lambda: grid(coded=tiles(444)), id="other sampling"),
        pytest.param(
            lambda: grid(coded=tiles(edge=502), tile=(502, 502)), id="squares across tiles"
        ),
        pytest.param(lambda: grid(colours(9, is_full=True)), id="other colours"),
        pytest.param(
            lambda: grid(colours(6, is_full=True), colours(1, is_full=True)), id="two colours"
        ),
        pytest.param(lambda: heic(picture(2001, 1001)), id="cropped by the container"),
        pytest.param(lambda: heic(picture(2000, 500).convert("RGBA")), id="transparent"),
        pytest.param(lambda: heic(picture(2000, 500).convert("L")), id="grey"),
    ],
)
def test_what_is_not_plain_is_left_to_libheif(data):
    made = data()

    assert not is_reduced(made)
    assert decoded(made).fingerprint == fingerprint(whole(made))


def spoilt(number, start, stop, by=b"\0"):
    """The tiles, one of them with other bytes from `start` to `stop` in sixteenths."""
    found = list(tiles())
    setup, data = found[number]
    first, last = len(data) * start // 16, len(data) * stop // 16
    found[number] = setup, data[:first] + by * (last - first) + data[last:]
    return tuple(found)


@pytest.mark.parametrize("by", [b"\0", b"\xff"])
def test_a_tile_that_is_overwritten_is_told_as_libheif_tells_it(by):
    data = grid(coded=spoilt(1, 0, 16, by))

    assert not is_reduced(data)
    assert decoded(data).fingerprint == fingerprint(whole(data))


@pytest.mark.parametrize(
    "lie",
    [
        {"shape": (3, 5)},
        {"shape": (2, 6)},
        {"order": PATTERN[:-1]},
        {"order": (*PATTERN[:-1], 99)},
        {"order": (*PATTERN[:-1], 1)},
        {"size": (2000, 1537)},
        {"size": (1500, 1500)},
        {"size": (0, 0)},
        {"tile": (256, 256)},
        {"tile": (4096, 4096)},
    ],
)
def test_a_grid_that_lies_about_itself_is_left_to_libheif(lie):
    assert not is_reduced(grid(**lie))


def test_tiles_that_state_more_pixels_in_their_own_data_are_refused_before_they_are_decoded():
    small = {"tile": (16, 16), "size": (64, 48)}

    assert not is_reduced(grid(**small))


def test_the_limit_of_pixels_holds_for_all_tiles_together():
    assert is_reduced(grid(), pixels=12 * TILE * TILE)
    assert not is_reduced(grid(), pixels=12 * TILE * TILE - 1)
    with pytest.raises(Undecodable, match="over the limit"):
        decoded(grid(), pixels=SIZE[0] * SIZE[1] - 1)


def test_a_cut_file_is_truncated_and_shows_what_libheif_shows():
    data = grid()[:-600]

    with pytest.raises(Truncated, match="mdat") as cut:
        decoded(data)

    assert cut.value.picture is None or cut.value.picture.pixels is None


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_libheif_refuses_is_refused(data):
    sound = grid(turn(1), colours(6, is_full=True))
    start = data.draw(st.integers(0, sound.index(b"mdat")))
    spoilt = sound[:start] + data.draw(st.binary(min_size=1, max_size=6))
    spoilt += sound[len(spoilt) :]

    sniffed = sniff(sound, b"a.heic")

    found = is_refused(lambda: decode_picture(spoilt, sniffed, Limits()))

    assert found or not is_refused(lambda: whole(spoilt))


def is_refused(decode):
    try:
        decode()
    except Exception:  # noqa: BLE001 - libheif's binding raises several
        return True
    return False
