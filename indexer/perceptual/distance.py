"""Decide whether two fingerprints show the same exposure: the gate after the hash.

Pure. Which pairs are worth asking about is neighbours.py. What the answer means beside names,
times and devices is grouping: frames 0.1 s apart of a scene at rest pass (18 % of them,
ORIGINALS.md section 4.3), so this is necessary and never sufficient.

Measured on the corpus, all pairs of 158 pictures and frames: of 109 that pass none is false, of
61 presses that fail all are edits, crops, other frames, or plain white (tests/unit/test_distance.py
lists them); and on 63 photographs through four encoders, of which 98.8 % pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from indexer.perceptual.image_hash import HASH_SIZE, THUMB_EDGE

if TYPE_CHECKING:
    import numpy.typing as npt

    from indexer.model import Fingerprint

    Pixels = npt.NDArray[np.float64]

# Encoders changed 0 to 8 bits; in ORIGINALS.md section 4.2 the worst 24 at ordinary qualities and
# 34 at q50. Different pictures that are no burst, bracket or chart differ in 87 or more.
SAME_BITS: Final = 24
# Encoders left 0.5 to 1.1, nineteen in twenty at most 1.8, a drawing 2.7; the previews of a photo
# library 1.0 to 1.8. The nearest false pair is two frames of a burst at 2.14, so there is no room
# above; then 2.75 and 4.4, charts 6, brackets 8. Copies that lost a wide-gamut profile, at 4.1,
# stay out, and edits from 3.1 on.
SAME_RESIDUAL: Final = 2.0
# The edits of the corpus that keep the frame differ in 0 to 14 bits, a film's still from its frame
# in 10 to 32.
WEAK_BITS: Final = 40
# Cropping 5 % changes 42 bits in the middle, 76 at most, and 6 of the 64 of the small hash, which
# 40 bits alone would accept for 46 % of pictures, both together for 96 %. Crops of 10 % and more
# can't be told from other pictures: 64 bits and more, where a chart and a portrait have 74 and 10.
WEAK_BITS_CROPPED: Final = 64
WEAK_SMALL: Final = 10  # of the 64 bits of the small hash
# Below it JPEG's noise decides the bits, and any picture can be fitted onto a flat one. Flat
# pictures have 0, the least telling real one, a screenshot, 11.8.
LEAST_CONTRAST: Final = 8.0
# Between the two halves of the hash: flat 1, the least of 158 real pictures 42.
LEAST_DETAIL_BITS: Final = 20

# Share of neighbouring pixels of the thumbnail that are equal: pages and screens 0.15 to 0.43, 154
# of 158 photographs at most 0.08; a sky without any grain looks drawn as well.
DRAWN_FLATNESS: Final = 0.12

_LUMA: Final = np.array([0.299, 0.587, 0.114])
_EQUAL_PARTS: Final = np.full(THUMB_EDGE**2, 1 / THUMB_EDGE**2)


@dataclass(frozen=True, slots=True)
class Look:
    """How alike two pictures are. Residuals and changes are per channel, of 255."""

    bits: int  # of 256 that differ between the pHashes
    residual: float  # RMS after the colours of one are fitted to the other's, the better way
    reverse: float  # the same, the worse way; tens more where one of them has lost its colours
    change: float  # RMS with nothing fitted: what exposure and colours differ
    peak: float  # the residual of the worst of 1,024 pixels; above 10 something is drawn in


def is_telling(fingerprint: Fingerprint) -> bool:
    """Whether the picture has enough in it for its looks to prove anything."""
    half = len(fingerprint.phash) // 2
    detail = differing_bits(fingerprint.phash[:half], fingerprint.phash[half:])
    return fingerprint.contrast >= LEAST_CONTRAST and detail >= LEAST_DETAIL_BITS


def is_drawn(fingerprint: Fingerprint) -> bool:
    """Whether it is a screen, a page or a drawing: one colour to the bit over much of it."""
    pixels = np.frombuffer(fingerprint.thumb, np.uint8).reshape(THUMB_EDGE, THUMB_EDGE, 3)
    across = (pixels[:, 1:] == pixels[:, :-1]).all(axis=2).mean()
    down = (pixels[1:] == pixels[:-1]).all(axis=2).mean()
    return bool((across + down) / 2 >= DRAWN_FLATNESS)


def telling(phashes: npt.NDArray[np.uint8], contrasts: Pixels) -> npt.NDArray[np.bool_]:
    """`is_telling` of many: (n, 32) packed hashes, (n) contrasts."""
    half = phashes.shape[1] // 2
    detail = np.bitwise_count(phashes[:, :half] ^ phashes[:, half:]).sum(axis=1)
    return np.asarray((contrasts >= LEAST_CONTRAST) & (detail >= LEAST_DETAIL_BITS))


def same_look(a: Fingerprint, b: Fingerprint) -> Look | None:
    """How alike they are, if they could be one exposure saved twice."""
    if differing_bits(a.phash, b.phash) > SAME_BITS or not (is_telling(a) and is_telling(b)):
        return None
    return look_of(a, b) if residual(a.thumb, b.thumb) <= SAME_RESIDUAL else None


def weak_look(a: Fingerprint, b: Fingerprint) -> Look | None:
    """How alike they are, if one could be an edit of the other.

    Only for pairs that an identifier, a name or a time ties already: neighbours in a burst and
    other shots of a chart pass.
    """
    if not (is_telling(a) and is_telling(b)):
        return None
    bits = differing_bits(a.phash, b.phash)
    if bits > WEAK_BITS_CROPPED:
        return None
    if bits > WEAK_BITS and differing_bits(small_hash(a.thumb), small_hash(b.thumb)) > WEAK_SMALL:
        return None
    return look_of(a, b)


def look_of(a: Fingerprint, b: Fingerprint) -> Look:
    """How alike two telling pictures are, whatever that is."""
    one, other = _centred(a.thumb), _centred(b.thumb)
    there, back = _left_over(one, other), _left_over(other, one)
    best, worst = sorted((there, back), key=_rms)
    return Look(
        bits=differing_bits(a.phash, b.phash),
        residual=_rms(best),
        reverse=_rms(worst),
        change=_rms(_pixels(a.thumb) - _pixels(b.thumb)),
        peak=math.sqrt(float(np.square(best).mean(axis=1).max())),
    )


def residual(a: bytes, b: bytes) -> float:
    """RMS difference of two thumbs after the better way of a 3x4 affine fit of colours.

    It cancels profiles, exposure and loss of colour, but not motion. Infinite where one of
    them is flat: anything fits onto a plain colour.
    """
    one, other = _centred(a), _centred(b)
    # Sums of products tell all but where the residual lies, at a fifth of the time.
    squares, across, others = one.T @ one, one.T @ other, other.T @ other
    if min(_contrast(squares), _contrast(others)) < LEAST_CONTRAST:
        return math.inf
    there = np.trace(others - across.T @ _fit(squares, across))
    back = np.trace(squares - across @ _fit(others, across.T))
    # Rounding leaves -1e-7 where they are equal.
    return math.sqrt(max(0.0, float(min(there, back))) / one.size)


def differing_bits(a: bytes, b: bytes) -> int:
    """The number of bits that differ."""
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def small_hash(thumb: bytes) -> bytes:
    """The 64-bit pHash of the thumb; within 2 bits of the one of the whole picture."""
    return _phash(_grey(thumb), 8)


def turned(fingerprint: Fingerprint) -> dict[int, Fingerprint]:
    """How the picture would look turned and mirrored, by EXIF's orientation, 2 to 8.

    For asking after pictures that were saved turned, never to be stored: the thumbs are within
    2.0 RMS of those of the turned pictures, the pHashes, from 32 pixels, within 10 bits (half of
    them within 2); turning the 256 bits themselves is up to 22 off. Sharpness does not change.
    """
    return {way: _from_thumb(fingerprint, pixels) for way, pixels in _turns(fingerprint.thumb)}


def turned_hashes(thumbs: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """The pHashes that `turned` gives, of many: (n, 3072) thumbs to seven times (n, 32)."""
    if not len(thumbs):
        return [np.empty((0, HASH_SIZE**2 // 8), np.uint8)] * 7
    upright = thumbs.reshape(-1, THUMB_EDGE, THUMB_EDGE, 3).astype(np.uint32)
    # Pillow's conversion to "L", to the bit.
    grey = ((upright @ np.array([19595, 38470, 7471], np.uint32) + 0x8000) >> 16).astype(np.float64)
    waves = _cosines(HASH_SIZE)
    low = waves @ grey @ waves.T
    sign = np.where(np.arange(HASH_SIZE) % 2, -1.0, 1.0)  # mirroring turns the odd waves round
    flip, flop = low * sign, low * sign[:, None]
    both = flip * sign[:, None]
    ways = [flip, both, flop, low, flop, both, flip]
    for way in range(3, 7):
        ways[way] = ways[way].swapaxes(1, 2)
    return [_packed(way) for way in ways]


def _packed(low: Pixels) -> npt.NDArray[np.uint8]:
    flat = low.reshape(len(low), -1)
    return np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1)


def turned_look(a: Fingerprint, b: Fingerprint) -> tuple[int, Look] | None:
    """Which turn of `a` looks the same as `b`, and how alike they are then; the best of them."""
    looks = ((way, same_look(other, b)) for way, other in turned(a).items())
    found = [(way, look) for way, look in looks if look]
    return min(found, key=lambda known: known[1].residual, default=None)


# Colours


def _pixels(thumb: bytes) -> Pixels:
    return np.frombuffer(thumb, np.uint8).reshape(-1, 3).astype(np.float64)


def _centred(thumb: bytes) -> Pixels:
    """Without the mean colour: what is left of an affine fit is linear."""
    pixels = _pixels(thumb)
    pixels -= _EQUAL_PARTS @ pixels  # in a fifth of the time of mean()
    return pixels


def _contrast(squares: Pixels) -> float:
    """Standard deviation of the luma, from sums of products of centred colours."""
    return math.sqrt(float(_LUMA @ squares @ _LUMA) / THUMB_EDGE**2)


def _fit(squares: Pixels, across: Pixels) -> Pixels:
    # Grey pictures make it singular: least squares then takes the smallest map.
    return np.asarray(np.linalg.lstsq(squares, across, rcond=1e-9)[0], np.float64)


def _rms(difference: Pixels) -> float:
    return math.sqrt(float(np.square(difference).mean()))


def _left_over(of: Pixels, onto: Pixels) -> Pixels:
    """What the best linear map of centred colours from one to the other can't explain."""
    return onto - of @ _fit(of.T @ of, of.T @ onto)


# Turning


def _turns(thumb: bytes) -> list[tuple[int, npt.NDArray[np.uint8]]]:
    upright = np.frombuffer(thumb, np.uint8).reshape(THUMB_EDGE, THUMB_EDGE, 3)
    across = upright.swapaxes(0, 1)
    return [
        (2, upright[:, ::-1]),
        (3, upright[::-1, ::-1]),
        (4, upright[::-1]),
        (5, across),
        (6, across[:, ::-1]),
        (7, across[::-1, ::-1]),
        (8, across[::-1]),
    ]


def _from_thumb(fingerprint: Fingerprint, pixels: npt.NDArray[np.uint8]) -> Fingerprint:
    thumb = pixels.tobytes()
    grey = _grey(thumb)
    return replace(fingerprint, phash=_phash(grey, HASH_SIZE), dhash=_dhash(grey), thumb=thumb)


def _grey(thumb: bytes) -> Image.Image:
    return Image.frombytes("RGB", (THUMB_EDGE, THUMB_EDGE), thumb).convert("L")


def _phash(grey: Image.Image, size: int) -> bytes:
    """Imagehash's pHash, from the 32 x 32 pixels that are there."""
    waves = _cosines(size)
    low = waves @ np.asarray(grey, np.float64) @ waves.T
    return np.packbits(low > np.median(low)).tobytes()


def _cosines(count: int) -> Pixels:
    """The lowest so many rows of the DCT of 32 values."""
    pixel, wave = np.arange(THUMB_EDGE), np.arange(count)[:, None]
    return np.cos(np.pi * wave * (pixel + 0.5) / THUMB_EDGE)


def _dhash(grey: Image.Image) -> bytes:
    small = grey.resize((HASH_SIZE + 1, HASH_SIZE), Image.Resampling.LANCZOS)
    pixels = np.asarray(small)
    return np.packbits(pixels[:, 1:] > pixels[:, :-1]).tobytes()
