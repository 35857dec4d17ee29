"""Decoding: what each format tells, and what broken, cut and hostile bytes come to."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction

import av
import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from indexer.metadata.sniff import sniff
from indexer.model import Kind
from indexer.perceptual.image_hash import fingerprint
from indexer.read.decode import decode_film, decode_picture
from indexer.read.limits import Limits, Truncated, Undecodable

FORMATS = ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "HEIF"]
EXTENSIONS = {"JPEG": b"jpg", "TIFF": b"tif", "HEIF": b"heic"}


def picture(width=640, height=480, seed=1):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def saved(image, form, **options):
    buffer = io.BytesIO()
    if form == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, quality=80, **options)
    else:
        image.save(buffer, form, **options)
    return buffer.getvalue()


def oriented(image, form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, form, exif=exif.tobytes() if form != "TIFF" else exif)


def name_of(form):
    return b"a." + EXTENSIONS.get(form, form.lower().encode())


def decoded(data, name=b"a.jpg", **limits):
    return decode_picture(data, sniff(data[:65536], name), Limits(**limits))


def film(codec="h264", form="mov", seconds=2, *, sound=False, only_sound=False, size=(320, 240)):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        audio = container.add_stream("aac", rate=44100) if sound or only_sound else None
        video = None if only_sound else container.add_stream(codec, rate=25)
        if video is not None:
            video.width, video.height, video.pix_fmt = (
                *size,
                "yuvj420p" if codec == "mjpeg" else "yuv420p",
            )
            for number in range(25 * seconds):
                frame = av.VideoFrame.from_image(picture(*size, seed=number // 5))
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None:
            samples = av.AudioFrame.from_ndarray(
                np.zeros((2, 44100), dtype=np.float32), format="fltp", layout="stereo"
            )
            samples.sample_rate = 44100
            container.mux(audio.encode(samples))
            container.mux(audio.encode(None))
    return buffer.getvalue()


def filmed(data, name=b"a.mov"):
    return decode_film(io.BytesIO(data), sniff(data[:65536], name), Limits())


def distance(a, b):
    return (int.from_bytes(a.phash) ^ int.from_bytes(b.phash)).bit_count()


def complaint(decode, *arguments):
    """What one of our two errors says, if one comes; any other goes through."""
    try:
        decode(*arguments)
    except (Truncated, Undecodable) as failure:
        return str(failure) or "\n"
    return None


def png_claiming(width, height):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_of_any_format_tells_its_size_and_looks(form):
    image = picture()

    found = decoded(saved(image, form), name_of(form))

    assert (found.width, found.height, found.orientation) == (640, 480, None)
    assert distance(found.fingerprint, fingerprint(image)) <= (40 if form == "GIF" else 16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_fingerprint_is_of_the_upright_picture_and_the_size_is_not(form, orientation):
    upright = picture(480, 640)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    coded = upright.transpose(undo[orientation]) if orientation > 1 else upright

    found = decoded(oriented(coded, form, orientation), name_of(form))

    assert found.orientation == orientation
    assert (found.width, found.height) == coded.size
    assert distance(found.fingerprint, fingerprint(upright)) <= 8


def test_an_orientation_outside_of_exif_is_none():
    assert decoded(oriented(picture(), "JPEG", 9)).orientation is None
    assert decoded(oriented(picture(), "JPEG", 0)).orientation is None


def test_a_turned_heic_is_turned_once():
    upright = picture(480, 640)
    coded = upright.transpose(Image.Transpose.ROTATE_90)

    found = decoded(oriented(coded, "HEIF", 6), b"a.heic")

    assert found.orientation is None
    assert (found.width, found.height) == (480, 640)
    assert distance(found.fingerprint, fingerprint(upright)) <= 16


def test_a_large_jpeg_is_decoded_small_and_looks_the_same():
    image = picture(4032, 3024)

    found = decoded(saved(image, "JPEG"))

    assert (found.width, found.height) == (4032, 3024)
    assert distance(found.fingerprint, fingerprint(image)) <= 10


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_cut_jpeg_is_truncated_and_keeps_what_is_there(share, progressive):
    data = saved(picture(2000, 1500), "JPEG", progressive=progressive)

    with pytest.raises(Truncated) as caught:
        decoded(data[: int(len(data) * share)])

    assert caught.value.picture.width == 2000
    assert caught.value.picture.fingerprint is not None


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "HEIF", "WEBP", "AVIF"])
def test_a_cut_picture_of_another_format_is_truncated(form):
    data = saved(picture(), form)

    with pytest.raises(Truncated):
        decoded(data[: len(data) * 2 // 3], name_of(form))


def test_a_cut_gif_is_damaged():
    data = saved(picture(), "GIF")

    with pytest.raises((Truncated, Undecodable)):
        decoded(data[: len(data) // 2], b"a.gif")


def test_a_jpeg_that_ends_in_its_head_is_truncated():
    data = saved(picture(), "JPEG", exif=b"Exif\0\0" + b"x" * 3000)

    with pytest.raises(Truncated, match="ends before the picture data"):
        decoded(data[:1000])


def test_a_jpeg_with_a_broken_metadata_segment_is_decoded_past_it():
    data = saved(picture(), "JPEG")
    broken = data[:20] + b"no segment here" + data[20:]

    assert decoded(broken) == decoded(data)


def test_a_jpeg_with_bytes_after_its_end_is_whole():
    assert decoded(saved(picture(), "JPEG") + b"a movie's bytes" * 100).width == 640


def test_a_picture_over_the_limit_is_refused_by_its_header():
    with pytest.raises(Undecodable, match="50000 x 50000 pixels is over the limit of 400000000"):
        decoded(png_claiming(50_000, 50_000), b"a.png")


@pytest.mark.parametrize("form", FORMATS)
def test_the_pixel_limit_holds_for_every_format(form):
    with pytest.raises(Undecodable, match="640 x 480 pixels is over the limit of 1000"):
        decoded(saved(picture(), form), name_of(form), pixels=1000)


def test_a_format_without_a_decoder_is_no_damage():
    codestream = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl " + b"\0" * 100

    assert decoded(codestream, b"a.jxl") is None


def test_libraries_are_left_as_they_were():
    pixels, truncated = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES

    with pytest.raises(Truncated):
        decoded(saved(picture(), "JPEG")[:-100])

    assert (pixels, truncated) == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_but_our_two_errors_comes_out_of_spoilt_bytes(form, data):
    sound = _SOUND.setdefault(form, saved(picture(64, 48), form))
    start = data.draw(st.integers(0, len(sound) - 1))
    spoilt = sound[:start] + data.draw(st.binary(max_size=20)) + sound[start + 8 :]
    sniffed = sniff(sound, name_of(form))

    says = complaint(decode_picture, spoilt, sniffed, Limits(pixels=10_000_000))

    assert says is None or (says.isprintable() and " at 0x" not in says)


_SOUND: dict[str, bytes] = {}


@pytest.mark.parametrize("bytes_", [b"", b"II*\0", b"FUJIFILMCCD-RAW 0201", b"\0" * 5000])
def test_a_raw_that_is_none_is_undecodable_or_cut(bytes_):
    sniffed = sniff(b"II*\0\x10\0\0\0CR\x02\0" + b"\0" * 100, b"a.cr2")
    assert sniffed.kind is Kind.RAW

    with pytest.raises((Undecodable, Truncated)):
        decode_picture(bytes_, sniffed, Limits())


@pytest.mark.parametrize(
    ("codec", "form", "name"),
    [
        ("h264", "mov", b"a.mov"),
        ("hevc", "mp4", b"a.mp4"),
        ("h264", "matroska", b"a.mkv"),
        ("mjpeg", "avi", b"a.avi"),
        ("mpeg4", "3gp", b"a.3gp"),
        ("h264", "mpegts", b"a.mts"),
        ("mpeg2video", "mpeg", b"a.mpg"),
    ],
)
def test_a_film_of_any_container_tells_its_facts_and_one_frame(codec, form, name):
    found, frame = filmed(film(codec, form), name)

    assert found.codec == codec
    assert found.duration_ms == pytest.approx(2000, abs=100)
    assert found.frame_rate == pytest.approx(25, abs=0.1)
    assert (frame.width, frame.height, frame.orientation) == (320, 240, None)
    assert frame.fingerprint.contrast > 8


def test_the_frame_is_the_one_a_tenth_into_the_film():
    _, frame = filmed(film(seconds=5))

    # Frame 13 of 125; a new picture starts every 5 frames.
    assert distance(frame.fingerprint, fingerprint(picture(320, 240, seed=2))) <= 24
    assert distance(frame.fingerprint, fingerprint(picture(320, 240, seed=0))) > 64


def test_one_film_in_two_containers_has_one_fingerprint():
    _, as_mov = filmed(film(form="mov"))
    _, as_mkv = filmed(film(form="matroska"), b"a.mkv")

    assert as_mov.fingerprint == as_mkv.fingerprint


def test_sound_has_no_picture_and_no_damage():
    found, frame = filmed(film(form="mp4", only_sound=True), b"a.m4a")

    assert (found.codec, found.frame_rate, frame) == ("aac", None, None)
    assert found.duration_ms == pytest.approx(1000, abs=100)


def test_a_film_cut_before_its_index_is_truncated():
    data = film()

    with pytest.raises(Truncated, match="mdat reaches to byte"):
        filmed(data[: len(data) // 2])


def test_a_film_cut_behind_its_index_is_truncated_and_tells_what_it_can():
    data = film()
    moov = data.index(b"moov") - 4
    length = int.from_bytes(data[moov : moov + 4])
    # The offsets in the index are wrong now; that it is there is the point.
    in_front = data[:moov].replace(b"mdat", b"mdat", 1)
    early = in_front[:20] + data[moov : moov + length] + in_front[20:]

    with pytest.raises(Truncated) as caught:
        filmed(early[:-500])

    assert caught.value.film.duration_ms == pytest.approx(2000, abs=100)


def test_a_film_without_its_index_is_truncated():
    data = film()
    moov = data.index(b"moov") - 4

    with pytest.raises(Truncated, match="index"):
        filmed(data[:moov])


@pytest.mark.parametrize(("form", "name"), [("avi", b"a.avi"), ("matroska", b"a.mkv")])
def test_a_cut_film_of_another_container_is_truncated(form, name):
    data = film("mjpeg", form)

    with pytest.raises(Truncated, match="reaches to byte"):
        filmed(data[: len(data) * 2 // 3], name)


def test_an_avi_that_counts_its_header_in_is_whole():
    data = film("mjpeg", "avi")

    # As some cameras do: the length of all, where the length behind the header is meant.
    found, _ = filmed(data[:4] + len(data).to_bytes(4, "little") + data[8:], b"a.avi")

    assert found.codec == "mjpeg"


def test_a_film_with_an_unknown_trailer_is_whole():
    found, _ = filmed(film() + b"\x7f\0\0\0SEFT" + b"x" * 50)

    assert found.codec == "h264"


def test_a_film_of_noise_is_undecodable():
    noise = np.random.default_rng(1).bytes(5000)

    with pytest.raises(Undecodable):
        decode_film(io.BytesIO(noise), sniff(film(), b"a.mov"), Limits())


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.integers(0, 5000), junk=st.binary(max_size=20))
@example(start=0, junk=b"\xff" * 8)
def test_nothing_but_our_two_errors_comes_out_of_spoilt_films(start, junk):
    sound = _SOUND.setdefault("mov", film(seconds=1, size=(64, 48)))
    spoilt = sound[: start % len(sound)] + junk + sound[start % len(sound) + 8 :]

    says = complaint(decode_film, io.BytesIO(spoilt), sniff(sound, b"a.mov"), Limits())

    assert says is None or says.isprintable()


def test_decoders_print_nothing(capfd):
    data = film()
    for broken in (data[: len(data) // 2], data[:3000] + b"\xff" * 3000 + data[6000:]):
        try:
            filmed(broken)
        except (Truncated, Undecodable):
            continue

    assert capfd.readouterr() == ("", "")
