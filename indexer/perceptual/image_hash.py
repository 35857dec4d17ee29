"""Fingerprint a picture as it stands upright: two hashes, a thumbnail, sharpness and contrast.

Pure: pixels in, facts out. Decoding is read/decode.py; comparing
fingerprints is perceptual/distance.py.

Bits: both hashes are imagehash's 16 x 16 matrices, row by row, the first bit the most
significant of the first byte, so `fingerprint.phash.hex() == str(imagehash.phash(...))`.
"""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING, Final

import imagehash
import numpy as np
from PIL import Image, ImageCms

from indexer.model import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

HASH_SIZE: Final = 16  # 16 x 16 = 256 bits; 64 cannot tell a bracket from a re-encode
THUMB_EDGE: Final = 32
SHARPNESS_EDGE: Final = 512  # sharpness is comparable only between pictures of one size
# Turns after which width and height have changed places.
SIDEWAYS: Final = frozenset(
    {
        *(Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270),
        *(Image.Transpose.TRANSPOSE, Image.Transpose.TRANSVERSE),
    }
)

_LONGEST_NAME: Final = 100  # of a profile; arbitrary
_LAPLACE_EDGE: Final = 3  # the Laplacian looks one pixel to each side
_LANCZOS: Final = Image.Resampling.LANCZOS
_DCT_EDGE: Final = 4 * HASH_SIZE  # imagehash's own; given in this size it takes what it gets


def fingerprint(
    image: Image.Image,
    full: tuple[int, int] | None = None,
    turn: Image.Transpose | None = None,
) -> Fingerprint:
    """How this picture looks upright, in sRGB; transparent parts count as white.

    `full` is the size in pixels of what `image` is a reduced decode of, None: of itself; `turn`
    makes it upright. Pictures of 1024 px and more are first averaged down to between 512 and
    1023 px: colour transform and LANCZOS on 12 million pixels cost more than decoding them.
    Both leave a last row and column of which only a part is picture. Without taking that part
    into account the edges of a turned copy move by a tenth of a thumbnail's pixel, which is as
    much as a moving hand does.
    """
    reduced, factor = _reduced(image)
    width, height = full or image.size
    scale = round(max(width, height) / max(image.size)) * factor
    box = (0, 0, min(width / scale, reduced.width), min(height / scale, reduced.height))
    picture = to_srgb(reduced)
    grey = picture.convert("L")

    def sampled(of: Image.Image, across: int, down: int) -> Image.Image:
        if turn in SIDEWAYS:
            across, down = down, across
        small = of.resize((across, down), _LANCZOS, box=box)
        return small if turn is None else small.transpose(turn)

    thumb = sampled(picture, THUMB_EDGE, THUMB_EDGE)
    return Fingerprint(
        phash=_packed(imagehash.phash(sampled(grey, _DCT_EDGE, _DCT_EDGE), hash_size=HASH_SIZE)),
        dhash=_packed(imagehash.dhash(sampled(grey, HASH_SIZE + 1, HASH_SIZE), HASH_SIZE)),
        thumb=thumb.tobytes(),
        sharpness=_sharpness(grey),
        contrast=float(np.asarray(thumb.convert("L"), dtype=np.float32).std()),
    )


def profile_of(image: Image.Image) -> str | None:
    """The name of the embedded ICC profile: "Display P3"; None where there is none."""
    profile = image.info.get("icc_profile")
    return _profile_name(profile) if isinstance(profile, bytes) and profile else None


@functools.lru_cache(maxsize=32)
def _profile_name(profile: bytes) -> str:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "broken"
    return (
        name.strip("\0 \r\n")[:_LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")
        or "unnamed"
    )


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture as sRGB in mode RGB, through its ICC profile where it has one."""
    plain = _eight_bit(image)
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or plain.mode not in ("RGB", "L", "CMYK", "LAB"):
        return plain.convert("RGB")
    transform = _transform(profile, plain.mode)
    if transform is None:
        return plain.convert("RGB")
    return transform.apply(plain)


def _reduced(image: Image.Image) -> tuple[Image.Image, int]:
    """The picture averaged down by a factor, and the factor."""
    factor = max(image.size) // SHARPNESS_EDGE
    if factor <= 1:
        return image, 1
    # Averaging palette indexes or premultiplied 16-bit values would invent colours.
    plain = _eight_bit(image)
    smaller = plain.reduce(factor)
    smaller.info = dict(image.info)
    return smaller, factor


def _eight_bit(image: Image.Image) -> Image.Image:
    """Eight bits a channel, no palette, no alpha; a colour space an ICC profile can mean."""
    match image.mode:
        case "RGB" | "L" | "CMYK" | "LAB":
            return image
        case "I" | "F" | "I;16" | "I;16L" | "I;16B" | "I;16N":
            return _scaled_down(image)
        case _ if image.has_transparency_data:
            return _on_white(image)
        case "1" | "LA" | "La":
            return image.convert("L")
        case _:
            return image.convert("RGB")


def _scaled_down(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips at 255, which turns 16-bit scans white.
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))
    top = 65535.0 if image.mode != "F" else max(float(values.max(initial=0.0)), 1e-9)
    return Image.fromarray(np.clip(values * (255.0 / top), 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    # Colours under full transparency are whatever the editor left there; nobody sees them.
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layer).convert("RGB")


@functools.lru_cache(maxsize=32)  # a camera writes the same profile into every picture
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """How to come from this profile to sRGB; None where that changes nothing or is broken."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, _srgb(), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a broken profile says nothing; viewers show such pictures as sRGB


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _packed(bits: imagehash.ImageHash) -> bytes:
    return np.packbits(bits.hash.reshape(-1)).tobytes()


def _sharpness(grey: Image.Image) -> float:
    """Variance of the four-neighbour Laplacian; 0.0 where there is no inner pixel."""
    g = _within_edge(grey)
    if min(g.shape) < _LAPLACE_EDGE:
        return 0.0
    edges = g[:-2, 1:-1] + g[2:, 1:-1] + g[1:-1, :-2] + g[1:-1, 2:] - 4 * g[1:-1, 1:-1]
    return float(edges.var(dtype=np.float64))


def _within_edge(grey: Image.Image) -> NDArray[np.float32]:
    longest = max(grey.size)
    if longest > SHARPNESS_EDGE:
        width, height = (max(1, round(side * SHARPNESS_EDGE / longest)) for side in grey.size)
        grey = grey.resize((width, height), _LANCZOS)
    return np.asarray(grey, dtype=np.float32)
