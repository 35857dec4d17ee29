"""Hostile files, made on the spot: sound ones to spoil, ways to spoil them, and crafted traps.

All of it follows from seeds. What is asked of the program about them stands in the tests.
"""

from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
import pretend_camera
from truth import raws

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from PIL import Image

_BIG: Final = 60_000  # pixels each way, or what else a lie may claim
_SIZE: Final = (96, 64)

# ---------------------------------------------------------------------------- sound files


def _look(size: tuple[int, int] = _SIZE) -> Image.Image:
    return pretend_camera.picture(1, "sound", size)


def _exif() -> Image.Exif:
    when = datetime.fromisoformat("2019-07-14 16:02:11.48")
    return pretend_camera.exif(pretend_camera.Shot(1, "sound", pretend_camera.IPHONE, when))


def _film(form: str, codec: str) -> bytes:
    """A third of a second of pictures; enough to have an index."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.thread_count = 1
        for step in range(3):
            pixels = np.roll(np.asarray(_look()), 8 * step, axis=1)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _sound() -> bytes:
    samples = bytes(range(256)) * 16
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    body = b"WAVE" + head + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _saved(form: str, **options: Any) -> bytes:
    return pretend_camera.saved(_look(), form, _exif(), **options)


def _moving() -> bytes:
    frames = [_look().quantize(16), _look().rotate(90).resize(_SIZE).quantize(16)]
    return pretend_camera.saved(frames[0], "GIF", save_all=True, append_images=frames[1:], loop=0)


_SUBTITLE: Final = (
    b"1\n00:00:00,000 --> 00:00:01,000\n2019-07-14 16:02:11\n"
    b"[latitude: 41.424724] [longitude: 2.234156]\n\n"
)
# One sound file of each format that is decoded, and of sidecars.
SOUND: Final[dict[str, Callable[[], bytes]]] = {
    "a.jpg": lambda: pretend_camera.camera_jpeg(_look(), _exif()),
    "progressive.jpg": lambda: _saved("JPEG", progressive=True, icc_profile=b"no profile" * 20),
    "a.heic": lambda: pretend_camera.heic(_look(), _exif()),
    "a.avif": lambda: _saved("AVIF", speed=10),
    "a.png": lambda: _saved("PNG"),
    "a.webp": lambda: _saved("WEBP"),
    "a.gif": _moving,
    "a.tif": lambda: _saved("TIFF"),
    "a.bmp": lambda: pretend_camera.saved(_look(), "BMP"),
    "a.jp2": lambda: pretend_camera.saved(_look(), "JPEG2000"),
    "a.dng": lambda: raws.dng(_look(), _exif().tobytes()),
    "a.nef": lambda: raws.nef(_look((640, 480)), _exif().tobytes()),
    "a.mov": lambda: _film("mov", "libx264"),
    "a.mp4": lambda: _film("mp4", "mpeg4"),
    "a.avi": lambda: _film("avi", "mjpeg"),
    "a.mkv": lambda: _film("matroska", "libx264"),
    "a.wav": _sound,
    "a.xmp": lambda: pretend_camera.XMP,
    "a.aae": lambda: pretend_camera.AAE,
    "a.srt": lambda: _SUBTITLE,
}


@cache
def sound(name: str) -> bytes:
    """The sound file of this name."""
    return SOUND[name]()


# ---------------------------------------------------------------------------- spoiling

_WORDS: Final = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000)
_ENDS: Final = (0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_HEAD: Final = 4096  # where most of a file's structure stands


def spoiled(data: bytes, rng: random.Random) -> bytes:
    """The file with some of its bytes changed, lost, doubled or moved."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        if not made:
            break
        near = min(len(made), _HEAD) if rng.random() < 0.6 else len(made)
        rng.choice(_WAYS)(made, rng.randrange(near), rng)
    return bytes(made)


def _flip(made: bytearray, at: int, rng: random.Random) -> None:
    made[at] ^= 1 << rng.randrange(8)


def _overwrite(made: bytearray, at: int, rng: random.Random) -> None:
    """A length, an offset or a count becomes a number that is hard to bear."""
    width = rng.choice((1, 2, 4, 8))
    number = rng.choice(_WORDS + _ENDS) & ((1 << 8 * width) - 1)
    made[at : at + width] = number.to_bytes(width, rng.choice(("big", "little")))


def _truncate(made: bytearray, at: int, rng: random.Random) -> None:
    del made[rng.randrange(len(made)) if rng.random() < 0.5 else at :]


def _lose(made: bytearray, at: int, rng: random.Random) -> None:
    del made[at : at + rng.choice((1, 4, 8, 12, 100, 1000))]


def _double(made: bytearray, at: int, rng: random.Random) -> None:
    part = bytes(made[at : at + rng.choice((4, 8, 12, 64, 1000))])
    made[at:at] = part * rng.choice((1, 2, 10))


def _move(made: bytearray, at: int, rng: random.Random) -> None:
    start, length = rng.randrange(len(made)), rng.choice((4, 8, 16, 64))
    made[at : at + length] = made[start : start + length]


def _squeeze_in(made: bytearray, at: int, rng: random.Random) -> None:
    made[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16)))


_WAYS: Final[tuple[Callable[[bytearray, int, random.Random], None], ...]] = (
    _flip, _flip, _overwrite, _overwrite, _truncate, _lose, _double, _move, _squeeze_in,
)  # fmt: skip


def boundaries(data: bytes) -> list[int]:
    """Where one part of the file ends and the next begins, whatever the container."""
    if data[:4] == b"RIFF":
        return list(_chunks(data, 12, "little", 8))
    if data[:4] == b"\x89PNG":
        return list(_chunks(data, 8, "big", 12, is_length_first=True))
    if data[4:8] == b"ftyp":
        return list(_boxes(data, 0, len(data)))
    return [at for at in range(2, len(data) - 1) if data[at] == 0xFF and data[at + 1] >= 0xC0]


def _chunks(
    data: bytes, at: int, order: str, around: int, *, is_length_first: bool = False
) -> Iterator[int]:
    while at + 8 <= len(data):
        yield at
        raw = data[at : at + 4] if is_length_first else data[at + 4 : at + 8]
        length = int.from_bytes(raw, "big" if order == "big" else "little")
        at += around + length + (0 if is_length_first else length % 2)


def _boxes(data: bytes, at: int, end: int) -> Iterator[int]:
    while at + 8 <= end:
        yield at
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length < 8:
            return
        if kind in {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"iprp", b"ipco"}:
            yield from _boxes(data, at + 8, min(at + length, end))
        elif kind == b"meta":
            yield from _boxes(data, at + 12, min(at + length, end))
        at += length


# ---------------------------------------------------------------------------- traps


def png(width: int, height: int, *more: bytes) -> bytes:
    """A head that promises this size and hardly any picture after it."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = png_chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"".join((b"\x89PNG\r\n\x1a\n", head, *more, data, png_chunk(b"IEND", b"")))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def tiff(*folders: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """Directories of (tag, type, count, value), each leading to the next, the last to `following`."""
    out, at = b"II*\0\x08\0\0\0", 8
    for number, folder in enumerate(folders):
        at += 2 + 12 * len(folder) + 4
        out += struct.pack("<H", len(folder))
        out += b"".join(struct.pack("<HHII", *entry) for entry in folder)
        out += struct.pack("<I", following if number == len(folders) - 1 else at)
    return out


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """A sound JPEG with these segments before all others."""
    inside = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in segments
    )
    whole = sound("a.jpg")
    return whole[:2] + inside + whole[2:]


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I", len(body) + 8) + kind + body


def nested(kind: bytes, depth: int, head: bytes = b"") -> bytes:
    """Boxes inside boxes."""
    # From the inside out it would copy all for each: only heads are written, for nothing follows.
    size = len(head) + 8
    return b"".join(struct.pack(">I", size * n) + kind + head for n in range(depth, 0, -1))


_PICTURE: Final = (
    (256, 4, 1, _BIG), (257, 4, 1, _BIG), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1),
    (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, _BIG), (279, 4, 1, 100),
)  # fmt: skip
_LAUGHS: Final = b"".join(
    b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"ha" * 10) for n in range(12)
)
_BOMB_XMP: Final = (
    b"<?xml version='1.0'?><!DOCTYPE x [" + _LAUGHS + b"]><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
    b"xmlns:dc='http://purl.org/dc/elements/1.1/' dc:title='&a11;'/></rdf:RDF></x:xmpmeta>"
)
_BOMB_PLIST: Final = (
    b"<?xml version='1.0'?><!DOCTYPE plist [" + _LAUGHS + b"]><plist><dict><key>&a11;</key>"
    b"<string>&a11;</string></dict></plist>"
)
_FTYP: Final = box(b"ftyp", b"qt  \0\0\0\0qt  ")
_EXIF: Final = b"Exif\0\0"


def _huge_heif(name: str) -> bytes:
    """A sound HEIF whose size is written over."""
    whole = sound(name)
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", _BIG, _BIG) + whole[at + 8 :]


def without_a_size() -> bytes:
    """A HEIC in which one bit hides how large it is: libheif says 0 x 0, and decodes it."""
    return sound("a.heic").replace(b"ispe", b"kspe")


def _huge_jpeg() -> bytes:
    whole = sound("a.jpg")
    at = whole.index(b"\xff\xc0") + 5
    return whole[:at] + struct.pack(">HH", 65_500, 65_500) + whole[at + 4 :]


def _huge_film() -> bytes:
    whole = sound("a.mov")
    at = whole.index(b"avc1") + 28
    return whole[:at] + struct.pack(">HH", 65_535, 65_535) + whole[at + 4 :]


def _huge_bmp() -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, _BIG, _BIG, 1, 8, 1, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 5000, 0, 0, 1078) + head + bytes(1024) + b"\xff\1" * 900


def _huge_gif() -> bytes:
    return (
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6)
        + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\2\3\x84\x8f\x03\0;"
    )  # fmt: skip


def _huge_webp() -> bytes:
    size = (0xFFFFFF).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size + size
    body += b"VP8L" + struct.pack("<I", 10) + b"\x2f" + b"\xff" * 9
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _many_samples() -> bytes:
    """A film whose tables claim four thousand million samples of one byte."""
    whole = bytearray(sound("a.mov"))
    at = whole.index(b"stsz") + 8
    whole[at : at + 8] = struct.pack(">II", 1, 0xFFFFFFFF)
    return bytes(whole)


_LOOP: Final = tiff([*_PICTURE[:2]], following=8)
_LOOPS_BELOW: Final = tiff([(330, 4, 1, 8), (0x8769, 4, 1, 8), (0x8825, 4, 1, 8)])
_MANY_TAGS: Final = tiff([(n, 2, 0xFFFFFFFF, 8) for n in range(5400)])
_LONG_NAME: Final = tiff([(0x010F, 2, 60_000, 26)]) + b"x" * 60_000
_PDF: Final = b"%PDF-1.4 1 0 obj<</Type/Catalog>>endobj trailer"


def _bomb(kind: bytes, head: bytes, mebibytes: int = 16) -> bytes:
    """A PNG with metadata that unpack to so much."""
    packing = zlib.compressobj(1)
    parts = [packing.compress(bytes(1 << 20)) for _ in range(mebibytes)]
    return png(8, 8, png_chunk(kind, b"".join((head, *parts, packing.flush()))))


def text_bomb(mebibytes: int) -> bytes:
    """A small PNG with a comment of so much."""
    return _bomb(b"zTXt", b"Comment\0\0", mebibytes)


# Files that were made to hurt, by a name that says how.
TRAPS: Final[dict[str, Callable[[], bytes]]] = {
    "huge.png": lambda: png(_BIG, _BIG),
    "huge.tif": lambda: tiff([*_PICTURE]),
    "huge.webp": _huge_webp,
    "huge.gif": _huge_gif,
    "huge.bmp": _huge_bmp,
    "huge.jpg": _huge_jpeg,
    "huge.heic": lambda: _huge_heif("a.heic"),
    "huge.avif": lambda: _huge_heif("a.avif"),
    "huge.mov": _huge_film,
    "samples.mov": _many_samples,
    "text-bomb.png": lambda: _bomb(b"zTXt", b"Comment\0\0"),
    "profile-bomb.png": lambda: _bomb(b"iCCP", b"icc\0\0"),
    "nested.mov": lambda: _FTYP + nested(b"moov", 20_000),
    "nested.heic": lambda: (
        box(b"ftyp", b"heic\0\0\0\0mif1heic") + nested(b"meta", 20_000, bytes(4))
    ),
    "endless.mov": lambda: _FTYP + b"\0\0\0\0moov" * 2000,
    "no-length.mov": lambda: _FTYP + bytes(16_000),
    "length-one.mov": lambda: _FTYP + b"\0\0\0\1moov\0\0\0\0\0\0\0\x10" * 1000,
    "loop.tif": lambda: _LOOP,
    "loops-below.dng": lambda: _LOOPS_BELOW,
    "loop.jpg": lambda: jpeg_with((0xE1, _EXIF + _LOOP)),
    "loops-below.jpg": lambda: jpeg_with((0xE1, _EXIF + _LOOPS_BELOW)),
    "many-tags.jpg": lambda: jpeg_with((0xE1, _EXIF + _MANY_TAGS)),
    "long-name.jpg": lambda: jpeg_with((0xE1, _EXIF + _LONG_NAME)),
    "laughs.jpg": lambda: jpeg_with((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _BOMB_XMP)),
    "laughs.xmp": lambda: _BOMB_XMP,
    "laughs.aae": lambda: _BOMB_PLIST,
    "deep.json": lambda: b'{"photoTakenTime": ' + b"[" * 30_000,
    "profile.jpg": lambda: jpeg_with((0xE2, b"ICC_PROFILE\0\1\1" + b"\xff" * 3000)),
    "profiles.jpg": lambda: jpeg_with(
        *((0xE2, b"ICC_PROFILE\0%c\xff" % n + bytes(99)) for n in range(9))
    ),
    "comments.jpg": lambda: jpeg_with(*[(0xFE, b"x")] * 20_000),
    "zip.jpg": lambda: sound("a.jpg") + b"PK\3\4" + bytes(2000) + b"PK\5\6" + bytes(18),
    "pdf.jpg": lambda: jpeg_with((0xFE, _PDF)),
    "film-inside.jpg": lambda: sound("a.jpg") + sound("a.mov"),
    "films-inside.jpg": lambda: sound("a.jpg") + b"\0\0\0\x08ftyp" * 4000,
    "picture.mov": lambda: sound("a.jpg"),
    "film.jpg": lambda: sound("a.mov"),
    "zeros.jpg": lambda: bytes(5000),
    "ones.heic": lambda: b"\xff" * 5000,
    "one.jpg": lambda: b"\xff",
}


@cache
def trap(name: str) -> bytes:
    """The trap of this name."""
    return TRAPS[name]()
