"""Raw files that stand for a camera's: small, but built as TIFF, NEF and DNG are.

The sensor's data are made of the scene, one colour at each point; a JPEG preview is embedded, as
cameras do it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PIL.ExifTags import Base
from pretend_camera import saved

if TYPE_CHECKING:
    from collections.abc import Sequence

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _SIGNED = 1, 2, 3, 4, 5, 7, 10
_SUB_IFDS, _EXIF, _GPS = 0x014A, 0x8769, 0x8825
_LETTERS = {_SHORT: "H", _LONG: "I", _RATIONAL: "II", _SIGNED: "ii"}

Field = tuple[int, int, Any]  # tag, type, value


@dataclass
class _Folder:
    """A directory of tags, with the picture data and the directories that it leads to."""

    fields: list[Field]
    data: bytes = b""
    data_tags: tuple[int, int] = (0x0111, 0x0117)  # StripOffsets, StripByteCounts
    below: dict[int, Sequence[_Folder]] | None = None


def nef(look: Image.Image, exif_block: bytes) -> bytes:
    """A NEF: preview and sensor's data in directories below the first, uncompressed."""
    first = _thumbnail(look, {_SUB_IFDS: [_preview(look), _sensor(look)]})
    return _tiff(first, exif_block)


def dng(look: Image.Image, exif_block: bytes, made_from: str | None = None) -> bytes:
    """A DNG; `made_from` is the raw file that a converter made it from, coding its data anew."""
    scale = 4 if made_from else 1
    first = _thumbnail(look, {_SUB_IFDS: [_sensor(look, scale), _preview(look)]})
    first.fields += [
        (0xC612, _BYTE, b"\1\4\0\0"),  # DNGVersion
        (0xC613, _BYTE, b"\1\1\0\0"),
        (0xC614, _ASCII, "Any Camera"),  # UniqueCameraModel
        (0xC621, _SIGNED, [(n, 10000) for n in (7000, -2000, 0, -4000, 12000, 2000, 0, 1000, 6000)]),
        (0xC628, _RATIONAL, [(1, 2), (1, 1), (1, 2)]),  # AsShotNeutral
        (0xC65A, _SHORT, 21),  # CalibrationIlluminant1
    ]  # fmt: skip
    if made_from:
        first.fields.append((0xC68B, _BYTE, made_from.encode() + b"\0"))  # OriginalRawFileName
    return _tiff(first, exif_block)


def _thumbnail(look: Image.Image, below: dict[int, Sequence[_Folder]]) -> _Folder:
    small = look.resize((160, 120))
    fields = [
        (0x00FE, _LONG, 1),
        (0x0100, _LONG, small.width),
        (0x0101, _LONG, small.height),
        (0x0102, _SHORT, [8, 8, 8]),
        (0x0103, _SHORT, 1),
        (0x0106, _SHORT, 2),
        (0x0115, _SHORT, 3),
        (0x0116, _LONG, small.height),
    ]
    return _Folder(fields, small.tobytes(), below=below)


def _preview(look: Image.Image) -> _Folder:
    small = look.copy()
    small.thumbnail((640, 640))
    fields = [(0x00FE, _LONG, 1), (0x0103, _SHORT, 6)]
    return _Folder(fields, saved(small, "JPEG", quality=85), (0x0201, 0x0202))


def _sensor(look: Image.Image, scale: int = 1) -> _Folder:
    width, height = look.size
    values = np.asarray(look, dtype=np.uint16) * (16 * scale)
    mosaic = np.empty((height, width), np.uint16)
    for y, x, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):  # red, green; green, blue
        mosaic[y::2, x::2] = values[y::2, x::2, colour]
    fields = [
        (0x00FE, _LONG, 0),
        (0x0100, _LONG, width),
        (0x0101, _LONG, height),
        (0x0102, _SHORT, 16),
        (0x0103, _SHORT, 1),
        (0x0106, _SHORT, 32803),  # a colour filter array
        (0x0115, _SHORT, 1),
        (0x0116, _LONG, height),
        (0x828D, _SHORT, [2, 2]),
        (0x828E, _BYTE, b"\0\1\1\2"),
        (0xC61D, _LONG, 4096 * scale - 1),  # WhiteLevel
    ]
    return _Folder(fields, mosaic.tobytes())


# --- TIFF -------------------------------------------------------------------------------------


def _tiff(first: _Folder, exif_block: bytes) -> bytes:
    """Little-endian; what the EXIF block says goes into the first directory and those below."""
    tags = Image.Exif()
    tags.load(exif_block)
    below = dict(first.below or {})
    for tag, inner in ((_EXIF, tags.get_ifd(_EXIF)), (_GPS, tags.get_ifd(_GPS))):
        if inner:
            below[tag] = [_Folder([_field(t, v) for t, v in inner.items()])]
    own = [_field(t, v) for t, v in tags.items() if t not in (_EXIF, _GPS)]
    first = _Folder([*first.fields, *own], first.data, below=below)
    out = bytearray(b"II*\0\x08\0\0\0")
    _write(out, first)
    return bytes(out)


def _field(tag: int, value: Any) -> Field:
    if isinstance(value, bytes):
        return tag, (_BYTE if tag == 0 else _UNDEFINED), value
    if isinstance(value, str):
        return tag, _ASCII, value
    if isinstance(value, tuple):
        return tag, _RATIONAL, [_ratio(v) for v in value]
    if isinstance(value, int):
        return tag, _SHORT if tag == Base.Orientation else _LONG, value
    return tag, _SIGNED if value < 0 else _RATIONAL, [_ratio(value)]


def _ratio(value: Any) -> tuple[int, int]:
    return round(float(value) * 10_000), 10_000


def _write(out: bytearray, folder: _Folder) -> int:
    """Append a directory with all it leads to; where it begins."""
    start = len(out)
    pointers = {tag: [0] * len(inner) for tag, inner in (folder.below or {}).items()}
    fields = [*folder.fields, *((tag, _LONG, offsets) for tag, offsets in pointers.items())]
    if folder.data:
        fields += [(folder.data_tags[0], _LONG, 0), (folder.data_tags[1], _LONG, len(folder.data))]
    fields.sort(key=lambda field: field[0])
    out += bytes(2 + 12 * len(fields) + 4)
    for tag, inner in (folder.below or {}).items():
        pointers[tag][:] = [_write(out, one) for one in inner]
    at = len(out)
    out += folder.data
    struct.pack_into("<H", out, start, len(fields))
    for number, (tag, kind, value) in enumerate(fields):
        stated = at if folder.data and tag == folder.data_tags[0] else value
        packed, count = _packed(kind, stated)
        place = start + 2 + 12 * number
        struct.pack_into("<HHI", out, place, tag, kind, count)
        if len(packed) <= 4:
            out[place + 8 : place + 12] = packed.ljust(4, b"\0")
        else:
            out += b"\0" * (len(out) % 2)
            struct.pack_into("<I", out, place + 8, len(out))
            out += packed
    return start


def _packed(kind: int, value: Any) -> tuple[bytes, int]:
    if isinstance(value, str):
        text = value.encode() + b"\0"
        return text, len(text)
    if isinstance(value, bytes):
        return value, len(value)
    values = value if isinstance(value, list) else [value]
    letters = _LETTERS[kind]
    flat = [n for v in values for n in (v if isinstance(v, tuple) else (v,))]
    return struct.pack(f"<{letters * len(values)}", *flat), len(values)
