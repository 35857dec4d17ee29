"""How much memory decoding will take, told from a file's head before anything is decoded.

An estimate that is rather too high: it makes a large picture wait for room, nothing else.
What a picture may cost at most is limits.py; a worker's limit of addresses is worker.py.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

from indexer.model import Kind
from indexer.read.limits import PILLOW_FORMATS

if TYPE_CHECKING:
    from indexer.metadata.sniff import Sniffed

# Samples of three bytes, and once more for a turned or converted copy.
_PIXEL_BYTES: Final = 6
# libjpeg keeps every coefficient of a progressive picture, two bytes each and three a pixel,
# even to decode it at an eighth.
_COEFFICIENT_BYTES: Final = 6
# A 4K film: its decoder keeps up to 16 frames for reference, at 1.5 bytes a pixel; and threads.
FILM_BYTES: Final = 256 * 1024 * 1024
_REDUCED: Final = 64  # an eighth of both edges
_SIZES: Final = b"ispe"  # the box that tells the size of an image in a HEIF
_HEAD_BYTES: Final = 64 * 1024


def decoding_bytes(data: memoryview | None, sniffed: Sniffed) -> int:
    """What a decoder will allocate besides the bytes themselves; `data` None: they streamed by."""
    if sniffed.kind in (Kind.VIDEO, Kind.AUDIO):
        return FILM_BYTES
    if data is None:
        return 0
    if sniffed.kind is Kind.RAW:
        return 2 * len(data)  # copies of Python's and LibRaw's; the preview is decoded reduced
    if sniffed.mime.startswith(("image/heic", "image/heif", "image/avif")):
        return len(data) + _PIXEL_BYTES * _heif_pixels(bytes(data[:_HEAD_BYTES]))
    return len(data) + _pillow_bytes(data)


def _heif_pixels(head: bytes) -> int:
    """The largest picture or tile that is announced."""
    largest, at = 0, head.find(_SIZES)
    while at >= 0:
        width, height = head[at + 8 : at + 12], head[at + 12 : at + 16]
        largest = max(largest, int.from_bytes(width, "big") * int.from_bytes(height, "big"))
        at = head.find(_SIZES, at + 1)
    return largest


def _pillow_bytes(data: memoryview) -> int:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=PILLOW_FORMATS) as image:
                pixels = image.width * image.height
                if image.format != "JPEG":
                    return _PIXEL_BYTES * pixels
                if "progressive" in image.info:
                    return _COEFFICIENT_BYTES * pixels
                return _PIXEL_BYTES * pixels // _REDUCED
        except Exception:  # noqa: BLE001 - hostile bytes; the decoder will say what is wrong
            return 0
