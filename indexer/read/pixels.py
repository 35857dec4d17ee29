"""The digest of a decoded picture: equal digests prove equal samples, whatever the format.

BLAKE3 over mode, width, height and the samples row by row, upright. Grey counts as RGB of equal
values, a palette as its colours, and alpha only where something is not opaque, so that a PNG, BMP,
TIFF, GIF or lossless WEBP of one picture agree, and with the small JPEG or HEIC that they were
made of. Colour profiles are left out, as in payloads. What is not decoded whole has no digest:
large JPEGs and HEICs, more than 8 bits of colour, and what is one of several frames or pages.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from blake3 import blake3
from PIL import Image

_PAGED: Final = frozenset({"PNG", "WEBP", "TIFF"})  # they know it from their heads; GIF does not
_NOT_TOLD: Final = frozenset({"AVIF", "JPEG2000"})  # Pillow does not say how deep they were
_DEEP_MODES: Final = frozenset({"I;16", "I;16L", "I;16B"})
_WITHOUT_ALPHA: Final = frozenset({"1", "L", "P", "RGB", "RGBX"})
_WITH_ALPHA: Final = frozenset({"LA", "PA", "RGBA"})
# A band of rows stays in the processor's cache while it is converted, packed and hashed: 12
# megapixels in 13 ms by 256 Ki, in 15 by 64 Ki, in 47 by 4 Mi, in 87 at once.
_BAND_PIXELS: Final = 256 * 1024


def is_exact(image: Image.Image) -> bool:
    """Whether decoding this opened, not yet loaded, picture keeps every bit of its only frame."""
    if image.format in _NOT_TOLD:
        return False
    if image.format in _PAGED and getattr(image, "is_animated", False):
        return False
    # PNG and TIFF of 16 bits: all but one channel is cut to 8 on the way in ("RGB;16B").
    has_deep_tiles = any(";16" in str(tile.args) for tile in getattr(image, "tile", ())[:1])
    is_cut = image.format in {"PNG", "TIFF"} and has_deep_tiles
    return not is_cut or image.mode in _DEEP_MODES


def is_one_frame(gif: bytes | bytearray | memoryview) -> bool:
    """Whether this GIF is no animation. Looks at its second frame, which may be broken."""
    # Opened anew: to look there and back would throw the first frame's decoder off.
    with Image.open(io.BytesIO(gif), formats=("GIF",)) as image:
        try:
            image.seek(1)
        except EOFError:
            return True
        except Exception:  # noqa: BLE001 - decoders raise anything over broken bytes
            return False
    return False


def pixels_of(image: Image.Image) -> bytes | None:
    """32 bytes over a loaded, upright picture; None for modes without a rule (CMYK, LAB, float)."""
    mode = _mode(image)
    if mode is None:
        return None
    width, height = image.size
    digest = blake3(f"{mode} {width} {height}\n".encode())
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        digest.update(_samples(image.crop((0, top, width, min(top + rows, height))), mode))
    return digest.digest()


def _samples(band: Image.Image, mode: str) -> bytes:
    if mode == "I;16":  # Pillow's own way from "I;16B" to this clips at 255
        return np.asarray(band).astype("<u2").tobytes()
    return (band if band.mode == mode else band.convert(mode)).tobytes()


def _mode(image: Image.Image) -> str | None:
    """The mode in which its samples count."""
    has_key = "transparency" in image.info  # a colour or palette entry that is not shown
    if image.mode in _DEEP_MODES:
        return None if has_key else "I;16"
    if image.mode in _WITHOUT_ALPHA and not has_key:
        return "RGB"
    if image.mode in _WITHOUT_ALPHA | _WITH_ALPHA:
        return "RGB" if _is_opaque(image) else "RGBA"
    return None


def _is_opaque(image: Image.Image) -> bool:
    layer = image if image.mode in _WITH_ALPHA else image.convert("RGBA")
    return layer.getchannel("A").getextrema()[0] == 255  # noqa: PLR2004 - of 8 bits
