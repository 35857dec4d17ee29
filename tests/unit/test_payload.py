"""Payloads: equal under other metadata, different under another picture, None where unclear."""

from __future__ import annotations

import csv
import io
import os
import shutil
import struct
import subprocess
import time
import tracemalloc
import zlib
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from indexer.metadata.sniff import Sniffed, sniff
from indexer.model import Kind
from indexer.read import payload
from indexer.read.payload import film as film_rules
from indexer.read.payload import payload_of, payload_of_stream

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "media"

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="ExifTool is not installed"
)
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")

STILLS = ["jpg", "png", "webp", "tif", "gif", "bmp", "avif", "heic"]
FORMS = {"jpg": "JPEG", "tif": "TIFF"}
MIMES = sorted(payload._RULES)


# --- things to look at -------------------------------------------------------------------


def picture(seed=1, size=(160, 120)):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def still(extension, image=None, **options):
    image = image or picture()
    buffer = io.BytesIO()
    if extension == "heic":
        pillow_heif.from_pillow(image).save(buffer, quality=80, **options)
    else:
        image.save(buffer, FORMS.get(extension, extension.upper()), **options)
    return buffer.getvalue()


def frames(count=3, first=1):
    return [picture(seed) for seed in range(first, first + count)]


def film(form="mov", codec="h264", sound="aac", seed=0, seconds=1, **tags):
    buffer = io.BytesIO()
    options = {"movflags": tags.pop("movflags")} if "movflags" in tags else {}
    with av.open(buffer, "w", format=form, options=options) as container:
        container.metadata.update(tags)
        video = container.add_stream(codec, rate=25)
        video.width, video.height = 160, 120
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        audio = container.add_stream(sound, rate=44100, layout="mono") if sound else None
        for number in range(25 * seconds):
            frame = av.VideoFrame.from_image(picture(seed + number // 5))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(tone(sound)))
            container.mux(audio.encode(None))
    return buffer.getvalue()


def tone(codec):
    wave = np.sin(np.arange(44100, dtype=np.float32) / 20)[None]
    kind, form = ("fltp", wave) if codec == "aac" else ("s16", (wave * 9000).astype(np.int16))
    frame = av.AudioFrame.from_ndarray(form, format=kind, layout="mono")
    frame.sample_rate = 44100
    return frame


def remuxed(data, form, *, kinds=("video", "audio"), tag=None, to=None):
    """What `ffmpeg -c copy` does; into a file, as `-movflags faststart`."""
    buffer = to or io.BytesIO()
    options = {"movflags": "faststart"} if to else {}
    with (
        av.open(io.BytesIO(data)) as old,
        av.open(buffer, "w", format=form, options=options) as new,
    ):
        streams = [stream for stream in old.streams if stream.type in kinds]
        copies = {s.index: new.add_stream_from_template(s) for s in streams}
        for copy in copies.values():
            if tag and copy.type == "video":
                copy.codec_context.codec_tag = tag
        for packet in old.demux(*streams):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                new.mux(packet)
    return to.read_bytes() if to else buffer.getvalue()


def box(kind, *bodies):
    body = b"".join(bodies)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind, *bodies, version=0):
    return box(kind, struct.pack(">I", version << 24), *bodies)


def heif(items, references=(), properties=(), *, primary=1, method=0, trailer=b""):
    """A HEIF of `number: (kind, bytes, property numbers)`, laid out by its own rules."""
    data = b"".join(body for _, body, _ in items.values())
    kinds = [
        full(b"infe", struct.pack(">HH4s", n, 0, kind), b"\0", version=2)
        for n, (kind, _, _) in items.items()
    ]
    ties = b"".join(struct.pack(">HB", n, len(p)) + bytes(p) for n, (_, _, p) in items.items())

    def meta(start):
        places, offset = b"", start
        for number, (_, body, _) in items.items():
            places += struct.pack(">HHHHII", number, method, 0, 1, offset, len(body))
            offset += len(body)
        return full(
            b"meta",
            full(b"pitm", struct.pack(">H", primary)),
            full(b"iinf", struct.pack(">H", len(items)), *kinds),
            full(b"iloc", b"\x44\0", struct.pack(">H", len(items)), places, version=1),
            box(
                b"iprp",
                box(b"ipco", *properties),
                full(b"ipma", struct.pack(">I", len(items)), ties),
            ),
            full(
                b"iref",
                *(
                    box(kind, struct.pack(f">HH{len(to)}H", item, len(to), *to))
                    for kind, item, to in references
                ),
            ),
            box(b"idat", data if method else b""),
        )

    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = 0 if method else len(head) + len(meta(0)) + 8
    return head + meta(start) + (b"" if method else box(b"mdat", data)) + trailer


def tiff(*folders, order="<"):
    """A TIFF of directories `{tag: numbers or bytes}`; tag 273 holds the strip itself."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    body = b""
    for number, tags in enumerate(folders, 1):
        entries, extra = [], b""
        start = 8 + len(body)
        extra_at = start + 2 + 12 * (len(tags) + (273 in tags)) + 4
        rows = dict(tags)
        if 273 in rows:
            strip = rows[273]
            rows[273], rows[279] = [extra_at], [len(strip)]
            extra = strip + b"\0" * (len(strip) % 2)
        for tag in sorted(rows):
            value = rows[tag]
            if isinstance(value, bytes):
                entries.append(struct.pack(order + "HHI", tag, 2, len(value)) + value.ljust(4))
            else:
                entries.append(struct.pack(order + "HHII", tag, 4, 1, value[0]))
        following = extra_at + len(extra) if number < len(folders) else 0
        count = struct.pack(order + "H", len(rows))
        body += count + b"".join(entries) + struct.pack(order + "I", following) + extra
    return mark + struct.pack(order + "I", 8) + body


def sniffed_as(mime):
    return Sniffed(mime, Kind.PICTURE, "")


def of(data, name=b"a", mime=None):
    """The payload, taken both ways."""
    sniffed = sniffed_as(mime) if mime else sniff(data[:65536], name)
    held = payload_of(data, sniffed)
    assert payload_of_stream(io.BytesIO(data), len(data), sniffed) == held
    return held


def edited(tmp_path, data, extension, *arguments):
    path = tmp_path / f"a.{extension}"
    path.write_bytes(data)
    edit(*arguments, path)
    return path.read_bytes()


def edit(*arguments):
    command = ["exiftool", "-q", "-m", "-overwrite_original", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


# --- metadata changes nothing ------------------------------------------------------------

SET = ["-Artist=me", "-XMP:Title=x", "-Comment=hi", "-CreateDate=2001:01:01 00:00:00"]
WRITABLE = ["jpg", "png", "webp", "tif", "avif", "heic", "gif", "mov", "mp4"]


def sample(extension):
    if extension in {"mov", "mp4"}:
        return film(extension)
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    options = {} if extension in {"gif", "tif"} else {"exif": exif.tobytes()}
    return still(extension, **options)


@needs_exiftool
@pytest.mark.parametrize("extension", WRITABLE)
@pytest.mark.parametrize("arguments", [SET, ["-all="]], ids=["set", "strip"])
def test_metadata_edits_keep_the_payload(tmp_path, extension, arguments):
    data = sample(extension)

    changed = edited(tmp_path, data, extension, *arguments)

    assert of(changed) == of(data) is not None
    assert changed != data or arguments == ["-all="]


@needs_exiftool
@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "heic"])
def test_orientation_tag_keeps_the_payload(tmp_path, extension):
    data = sample(extension)

    changed = edited(tmp_path, data, extension, "-n", "-Orientation=6")

    assert changed != data
    assert of(changed) == of(data)


@pytest.mark.parametrize("extension", STILLS)
def test_another_picture_has_another_payload(extension):
    assert of(still(extension)) is not None
    assert of(still(extension)) != of(still(extension, picture(2)))


@pytest.mark.parametrize("extension", ["png", "bmp", "tif"])
def test_one_changed_pixel_changes_the_payload(extension):
    image = picture()
    image.putpixel((0, 0), (1, 2, 3))

    assert of(still(extension, image)) != of(still(extension))


@pytest.mark.parametrize("extension", ["jpg", "webp", "avif", "heic"])
def test_encoding_again_changes_the_payload(extension):
    data = still(extension)
    again = Image.open(io.BytesIO(data)) if extension != "heic" else picture(1, (160, 118))

    assert of(still(extension, again.convert("RGB"))) != of(data)


@pytest.mark.parametrize("extension", STILLS)
def test_a_still_cut_short_has_no_payload(extension):
    data = still(extension)

    if extension == "bmp":
        pytest.skip("a BMP counts as a whole, so a cut one is just another")
    if extension == "tif":  # Pillow writes the directory behind the strips or before them
        assert of(data[: len(data) // 2]) is None
    else:
        assert of(data[:-100]) is None


def test_families_never_meet():
    sums = {of(still(extension)) for extension in STILLS}
    assert len(sums) == len(STILLS)


def test_other_types_have_no_payload():
    assert of(b"hello there") is None
    assert payload_of(b"", Sniffed("image/jpeg", Kind.PICTURE, "jpg")) is None
    assert payload_of(still("jpg"), Sniffed("video/x-matroska", Kind.VIDEO, "mkv")) is None


# --- JPEG --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}]
)
def test_every_sort_of_jpeg_is_followed_to_its_end(options):
    data = still("jpg", **options)

    assert of(data) not in {None, of(still("jpg"))}
    assert of(data + still("jpg", picture(3)) + b"trailer") == of(data)
    assert of(data[:-2]) is None


def test_adobes_colour_transform_counts():
    rest = still("jpg")[2:]
    adobe = [b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([turn]) + rest for turn in (0, 1)]

    assert of(adobe[0]) != of(adobe[1])


def test_a_broken_segment_before_the_tables_is_jumped():
    data = still("jpg")
    broken = data[:2] + b"\xff\xe1\0\x08Exif\0\0rubbish that no length covers" + data[2:]
    start = broken.index(b"\xff\xe0")
    without_chain = broken[:start] + broken[start + 18 :]

    assert of(without_chain) == of(data)


def test_a_thumbnail_behind_a_broken_segment_is_not_the_picture():
    thumbnail = still("jpg", picture(5, (40, 30)))
    data = still("jpg", picture(1, (640, 480)), quality=95)
    broken = b"\xff\xd8\xff\xe1\0\x08Exif\0\0rubbish" + thumbnail + data[2:]

    assert of(broken) is None


# --- PNG, WEBP, GIF, JXL -----------------------------------------------------------------


def png_chunks(data):
    offset = 8
    while offset < len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        yield data[offset + 4 : offset + 8], data[offset + 8 : offset + 8 + length]
        offset += 12 + length


def png_of(chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def test_how_a_png_cuts_up_its_data_does_not_count():
    data = still("png")
    cut = []
    for kind, body in png_chunks(data):
        parts = [body[at : at + 100] for at in range(0, len(body), 100)] if kind == b"IDAT" else []
        cut += [(b"IDAT", part) for part in parts] or [(kind, body)]

    assert of(png_of(cut)) == of(data)
    assert of(png_of([*cut[:-1], (b"tEXt", b"a\0b"), cut[-1]])) == of(data)
    assert of(png_of(cut[:-1])) is None


def test_palette_and_transparency_of_a_png_count():
    chunks = list(png_chunks(still("png", picture().convert("P"))))
    other = [(k, b"\1\2\3" + b[3:]) if k == b"PLTE" else (k, b) for k, b in chunks]
    clear = [c for k, b in chunks for c in ([(b"tRNS", b"\0")] if k == b"IDAT" else []) + [(k, b)]]

    assert len({of(png_of(chunks)), of(png_of(other)), of(png_of(clear))}) == 3


@pytest.mark.parametrize("extension", ["png", "webp", "gif", "avif"])
def test_a_later_frame_of_an_animation_counts(extension):
    def moving(images):
        return still(extension, images[0], save_all=True, append_images=images[1:], loop=0)

    one, other = moving(frames()), moving([*frames(2), picture(9)])

    assert of(one) is not None
    assert of(one) != of(other)
    assert of(one) != of(still(extension, frames()[0]))


def test_a_webp_wrapped_for_its_exif_is_the_same():
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    plain, wrapped = still("webp"), still("webp", exif=exif.tobytes())

    assert b"VP8X" in wrapped
    assert b"VP8X" not in plain
    assert of(wrapped) == of(plain)


def test_alpha_of_a_webp_counts():
    image = picture().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))

    assert of(still("webp", image)) != of(still("webp", image.convert("RGB")))


def test_comments_of_a_gif_do_not_count_and_loops_do():
    images = frames()
    moving = {"save_all": True, "append_images": images[1:], "duration": 100}
    data = still("gif", images[0], **moving, loop=0)

    assert of(still("gif", images[0], **moving, loop=0, comment=b"hello")) == of(data)
    assert of(still("gif", images[0], **moving, loop=3)) != of(data)
    assert of(data.replace(b"GIF89a", b"GIF87a")) == of(data)
    assert len(list(ImageSequence.Iterator(Image.open(io.BytesIO(data))))) == 3


def test_a_jxl_is_the_same_naked_in_a_box_and_in_parts():
    stream = b"\xff\x0a" + bytes(range(100))
    head = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    boxed = head + box(b"Exif", b"\0\0\0\0II*\0") + box(b"jxlc", stream)
    parts = [box(b"jxlp", b"\0\0\0\0", stream[:40]), box(b"jxlp", b"\x80\0\0\1", stream[40:])]

    assert of(boxed) == of(stream) is not None
    assert of(head + parts[0] + box(b"xml ", b"<x/>") + parts[1]) == of(stream)
    assert of(head + parts[0]) is None


# --- HEIF --------------------------------------------------------------------------------

SIZE = full(b"ispe", struct.pack(">II", 64, 64))
SETUP = box(b"hvcC", b"setup")
ALPHA = full(b"auxC", b"urn:mpeg:hevc:2015:auxid:1\0")
DEPTH = full(b"auxC", b"urn:com:apple:photo:2018:aux:depth\0")


def turned(quarters):
    return box(b"irot", bytes([quarters]))


def grid(left=b"left tile", right=b"right tile", *, order=(2, 3), **options):
    items = {
        1: (b"grid", b"\0\0\0\1\0\x40\0\x40", (1,)),
        2: (b"hvc1", left, (1, 2)),
        3: (b"hvc1", right, (1, 2)),
        4: (b"Exif", options.pop("exif", b"exif"), ()),
        5: (b"hvc1", options.pop("thumb", b"thumb"), (1, 2)),
    }
    references = [(b"dimg", 1, order), (b"cdsc", 4, (1,)), (b"thmb", 5, (1,))]
    return heif(items, references, [SIZE, SETUP], **options)


def test_only_tiles_of_a_grid_count_and_their_order():
    data = grid()

    assert of(data) is not None
    assert of(grid(exif=b"much longer exif", thumb=b"another")) == of(data)
    assert of(grid(trailer=box(b"mpvd", b"a motion photo"))) == of(data)
    assert of(grid(right=b"rigHt tile")) != of(data)
    assert of(grid(order=(3, 2))) != of(data)


def test_items_inside_the_index_count_like_those_outside():
    assert of(grid(method=1)) == of(grid())


def test_a_turn_of_heifs_own_counts():
    def picture_with(*turns):
        known = [SIZE, SETUP, *turns]
        return heif({1: (b"hvc1", b"data", range(1, len(known) + 1))}, (), known)

    sums = {of(picture_with()), of(picture_with(turned(1))), of(picture_with(turned(3)))}
    assert len(sums) == 3
    assert None not in sums


def test_alpha_counts_and_depth_does_not():
    def with_plane(kind, plane):
        items = {1: (b"hvc1", b"data", (1, 2)), 2: (b"hvc1", plane, (1, 2, 3))}
        return heif(items, [(b"auxl", 2, (1,))], [SIZE, SETUP, kind])

    assert of(with_plane(ALPHA, b"a")) != of(with_plane(ALPHA, b"b"))
    assert of(with_plane(DEPTH, b"a")) == of(with_plane(DEPTH, b"b")) is not None


def test_items_in_other_files_or_outside_are_not_followed():
    assert of(grid()[:-20]) is None
    assert of(grid(order=(2, 99))) is None
    assert of(heif({1: (b"hvc1", b"", (1,))}, (), [SIZE])) is None


def test_a_grid_of_grids_of_itself_ends_soon():
    wide = 60
    items = {
        n: (b"grid" if n < 8 else b"hvc1", b"x" * 1000, tuple(range(1, 9))) for n in range(1, 9)
    }
    references = [(b"dimg", n, (n + 1,) * wide) for n in range(1, 8)]
    data = heif(items, references, [SIZE] * 8)

    started = time.perf_counter()
    assert of(data) is None
    assert of(heif({1: (b"grid", b"x", (1,))}, [(b"dimg", 1, (1, 1))], [SIZE])) is None
    assert time.perf_counter() - started < 20


# --- TIFF and RAW ------------------------------------------------------------------------

FULL = {254: [0], 256: [4], 257: [4], 262: [1]}


def test_byte_order_and_orientation_of_a_tiff_do_not_count():
    data = tiff({**FULL, 273: b"sixteen pixels.."})

    assert of(tiff({**FULL, 273: b"sixteen pixels.."}, order=">")) == of(data) is not None
    assert of(tiff({**FULL, 274: [6], 273: b"sixteen pixels.."})) == of(data)
    assert of(tiff({**FULL, 262: [0], 273: b"sixteen pixels.."})) != of(data)


def test_every_page_of_a_tiff_counts_and_its_thumbnail_does_not():
    page = {**FULL, 273: b"sixteen pixels.."}
    small = {254: [1], 256: [1], 257: [1], 273: b"x"}

    assert of(tiff(page, small)) == of(tiff(page))
    assert of(tiff(page, page)) != of(tiff(page))


def test_of_a_raw_only_the_sensors_picture_counts():
    def raw(preview, sensor):
        return tiff({254: [1], 256: [9], 273: preview}, {**FULL, 262: [32803], 273: sensor})

    mime = "image/x-adobe-dng"
    data = raw(b"preview" * 100, b"sensor" * 20)
    assert of(raw(b"redone", b"sensor" * 20), mime=mime) == of(data, mime=mime) is not None
    assert of(raw(b"preview" * 100, b"SENSOR" * 20), mime=mime) != of(data, mime=mime)


def test_a_raw_whose_strips_are_a_mere_preview_has_none():
    data = tiff({**FULL, 273: b"preview"}) + b"the sensor's data" * 100
    reduced = tiff({254: [1], 256: [9], 273: b"preview" * 100})

    assert of(data, mime="image/x-phaseone-iiq") is None
    assert of(reduced, mime="image/x-nikon-nef") is None


def test_a_tiff_that_leads_in_circles_ends():
    folder = struct.pack("<HHHIII", 1, 330, 4, 1, 8, 8)
    assert of(b"II*\0\x08\0\0\0" + folder) is None


# --- films -------------------------------------------------------------------------------


@pytest.mark.parametrize("sound", ["aac", None])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg4"])
def test_repacked_film_is_the_same(codec, sound):
    data = film("mov", codec, sound)

    assert of(remuxed(data, "mp4")) == of(data) is not None
    assert of(remuxed(data, "mov")) == of(data)
    assert of(remuxed(remuxed(data, "mp4"), "ipod" if codec == "h264" else "mov")) == of(data)


def test_sound_without_a_codec_is_the_same_repacked():
    data = film("mov", "h264", "pcm_s16le")
    assert of(remuxed(data, "mp4")) == of(data) is not None
    assert of(film("mov", "h264", "pcm_s16be")) != of(data)


def test_hevc_is_the_same_under_both_its_names():
    data = film("mp4", "hevc", None)
    named = [remuxed(data, "mp4", tag=tag) for tag in ("hvc1", "hev1")]

    assert [b"hvc1" in n for n in named] == [True, False]
    assert of(named[0]) == of(named[1])


def test_tags_and_index_in_front_do_not_count(tmp_path):
    data = film()
    in_front = remuxed(data, "mov", to=tmp_path / "a.mov")

    assert in_front.index(b"moov") < in_front.index(b"mdat")
    assert of(in_front) == of(data)
    assert of(film(title="x", creation_time="2001-01-01T00:00:00Z")) == of(data)


def test_another_film_and_one_without_its_sound_differ():
    data = film()
    sums = [of(data), of(film(seed=50)), of(remuxed(data, "mov", kinds=("video",)))]
    assert len(set(sums)) == 3
    assert None not in sums


def test_a_timed_metadata_track_does_not_count():
    data = film("mov", sound=None)
    start = data.index(b"moov") - 4
    moov = data[start:]
    trak_at = moov.index(b"trak") - 4
    trak = moov[trak_at : trak_at + struct.unpack_from(">I", moov, trak_at)[0]]
    changed = box(b"moov", moov[8:], trak.replace(b"vide", b"meta"))

    assert of(data[:start] + changed) == of(data)
    assert of(data[:start] + box(b"moov", moov[8:], trak)) != of(data)


def test_a_film_in_fragments_or_cut_has_none(tmp_path):
    assert of(film("mp4", movflags="frag_keyframe+empty_moov")) is None
    assert of(film("mp4")[:-400]) is None
    assert of(remuxed(film(), "mov", to=tmp_path / "a.mov")[:-400]) is None


def test_old_quicktime_sound_is_measured_in_frames():
    data = film("mov", sound="pcm_s16be")
    stsz = struct.pack(">II", 2, 44100)
    assert data.count(stsz) == 1

    assert of(data.replace(stsz, struct.pack(">II", 1, 44100))) == of(data)


def test_of_a_huge_film_the_ends_and_all_sizes_count(monkeypatch):
    data = film("mov", sound=None, seconds=4)
    monkeypatch.setattr(film_rules, "WHOLE_BYTES", 1000)
    monkeypatch.setattr(film_rules, "END_BYTES", 500)
    start = data.index(b"mdat") + 4
    length = struct.unpack_from(">I", data, start - 8)[0] - 8
    middle = start + length // 2

    assert length > 2000
    assert of(flipped(data, middle)) == of(data) is not None
    assert of(flipped(data, start + 20)) != of(data)
    assert of(flipped(data, start + length - 20)) != of(data)
    assert of(remuxed(data, "mp4")) == of(data)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Counted(io.BytesIO):
    read_bytes = 0
    longest = 0

    def read(self, length=-1):
        found = super().read(length)
        self.read_bytes += len(found)
        self.longest = max(self.longest, len(found))
        return found


def test_a_film_is_read_once_in_small_pieces():
    film_data = film("mov", "rawvideo", "pcm_s16le", seconds=4)
    stream = Counted(film_data)

    tracemalloc.start()
    assert payload_of_stream(stream, len(film_data), sniff(film_data[:65536], b"a.mov"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert stream.read_bytes <= len(film_data)
    assert stream.longest <= 1024 * 1024
    assert peak < 3 * 1024 * 1024


def test_a_picture_in_memory_is_not_copied():
    data = memoryview(
        bytearray(png_of([(b"IHDR", b"x"), (b"IDAT", bytes(9_000_000)), (b"IEND", b"")]))
    )

    tracemalloc.start()
    assert payload_of(data, sniffed_as("image/png"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 500_000


# --- AVI ---------------------------------------------------------------------------------


def avi(**options):
    return film("avi", "mjpeg", "pcm_s16le", **options)


def test_notes_in_an_avi_do_not_count_and_frames_do():
    data = avi()
    info = b"LIST" + struct.pack("<I", 16) + b"INFOIART\4\0\0\0me\0\0"
    movi = data.index(b"movi") - 8
    size = struct.pack("<I", struct.unpack_from("<I", data, 4)[0] + len(info))
    changed = data[:4] + size + data[8:movi] + info + data[movi:]

    assert of(changed) == of(data) is not None
    assert of(avi(seed=9)) != of(data)
    assert of(data[: len(data) // 2]) is None
    assert of(data + b"what a camera appended") == of(data)


# --- hostile bytes -----------------------------------------------------------------------

KINDS = [*STILLS, "mov", "mp4", "avi", "grid", "jxl", "raw"]
_WHOLE: dict[str, bytes] = {}


def whole(kind):
    if kind not in _WHOLE:
        special = {
            "grid": grid,
            "avi": avi,
            "jxl": lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"jxlc", b"\xff\x0a" + b"x" * 50),
            "raw": lambda: tiff(FULL, {**FULL, 262: [32803], 273: b"sensor" * 50}),
            "mov": lambda: film("mov", "h264", "pcm_s16le"),
            "mp4": lambda: film("mp4"),
        }
        _WHOLE[kind] = special[kind]() if kind in special else still(kind)
    return _WHOLE[kind]


def mime_of(kind):
    return "image/x-adobe-dng" if kind == "raw" else sniff(whole(kind)[:65536], b"a").mime


@given(data=st.binary(max_size=300), mime=st.sampled_from(MIMES))
@example(data=b"\xff\xd8\xff", mime="image/jpeg")
@example(data=b"\xff\xd8\xff\xda\0\2\xff\xd9", mime="image/jpeg")
def test_random_bytes_never_raise(data, mime):
    of(data, mime=mime)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(KINDS), edits=st.data())
def test_mutated_files_never_raise_and_end_soon(kind, edits):
    data = bytearray(whole(kind))
    # Most structure stands at the ends; the middle of a real file is coded picture.
    near = st.one_of(
        st.integers(0, min(len(data), 2000) - 1),
        st.integers(max(0, len(data) - 3000), len(data) - 1),
    )
    for _ in range(edits.draw(st.integers(1, 6))):
        at = edits.draw(near)
        new = edits.draw(st.sampled_from([b"\0", b"\xff", b"\1", b"\0\0\0\0", b"\xff\xff\xff\xff"]))
        data[at : at + len(new)] = new
    of(bytes(data), mime=mime_of(kind))


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(KINDS), part=st.floats(0, 1), grown=st.binary(max_size=20))
def test_cut_and_grown_files_never_raise(kind, part, grown):
    data = whole(kind)
    of(data[: int(part * len(data))] + grown, mime=mime_of(kind))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0abcd\0\0\0\0" * 400_000),
        ("image/gif", b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\1x\0" * 1_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xe0\0\2" * 1_200_000),
        ("video/mp4", b"\0\0\0\x08free" * 600_000),
        ("video/mp4", box(b"moov", b"\0\0\0\x08trak" * 600_000)),
        ("image/heic", box(b"meta", b"\0\0\0\0", b"\0\0\0\x08free" * 600_000)),
        ("video/x-msvideo", b"RIFF\xff\xff\xff\x7fAVI " + b"JUNK\0\0\0\0" * 600_000),
        ("image/webp", b"RIFF\x04\x3e\x49\0WEBP" + b"VP8 \0\0\0\0" * 600_000),
    ],
)
def test_five_megabytes_of_nothing_end_soon(name, body):
    started = time.process_time()
    payload_of(body, sniffed_as(name))
    assert time.process_time() - started < 20  # endless, not slow, is what this guards against


# --- the corpus --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def truths():
    """Corpus files with a payload: path -> (payload, group)."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    with (CORPUS.parent / "TRUTH.tsv").open(encoding="utf-8", newline="") as rows:
        groups = {row["path"]: row["group"] for row in csv.DictReader(rows, delimiter="\t")}
    found = {}
    for name, group in groups.items():
        data = (CORPUS / name).read_bytes()
        if digest := of(data, os.fsencode(name)):
            found[name] = (digest, group)
    return found


EQUAL = [
    ("pum1", ["F12384F6-CD17-4151-ACBA-AE0E3688539E.jpeg", "Pumkins1.jpg"]),
    ("pum2", ["D79B8D77-BFFC-460B-9312-034F2877D35B.jpeg", "Pumkins2.jpg"]),
    ("tulips", ["6191423D-8DB8-4D4C-92BE-9BBBA308AAC4.jpeg", "Tulips.jpg", "badimage.jpeg"]),
    ("wedding", ["E9BC5C36-7CD1-40A1-A72B-8B8FAC227D51.jpeg", "wedding.jpg"]),
    ("stjames", ["DC99FBDD-7A52-4100-A5BB-344131646C30.jpeg", "St James Park.jpg"]),
    ("beach", ["beach_wood.jpg", "image-isom-avc1.jpg", "this-is-a-jpeg.png"]),
]


@needs_corpus
@pytest.mark.parametrize(("group", "names"), EQUAL)
def test_corpus_copies_with_other_metadata_are_equal(truths, group, names):
    members = [p for p, (_, g) in truths.items() if g == group and p.rpartition("/")[2] in names]

    assert len(members) >= len(names)
    assert len({truths[member][0] for member in members}) == 1


@needs_corpus
def test_no_two_shots_of_the_corpus_have_one_payload(truths):
    groups = defaultdict(set)
    for digest, group in truths.values():
        groups[digest].add(group)

    assert [found for found in groups.values() if len(found) > 1] == []


@needs_corpus
@needs_exiftool
@pytest.mark.parametrize("arguments", [SET, ["-all="]], ids=["set", "strip"])
def test_corpus_films_and_heifs_keep_their_payload_under_edits(tmp_path, truths, arguments):
    copies = {}
    for number, name in enumerate(truths):
        extension = name.rpartition(".")[2].lower()
        if extension in {"heic", "avif", "mov", "mp4", "3gp"} and "corrupt" not in name:
            copies[name] = tmp_path / f"{number}.{extension}"
            copies[name].write_bytes((CORPUS / name).read_bytes())
    edit(*arguments, *copies.values())

    assert len(copies) > 20
    for name, copy in copies.items():
        assert of(copy.read_bytes(), os.fsencode(copy.name)) == truths[name][0], name
