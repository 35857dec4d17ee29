"""Fingerprints as a photo library has them, a million in a minute, and pairs to be found in them.

Two libraries: `random_library`, in which no two are near each other by chance, and
`real_like_library`, skewed as real ones are: crops of real pictures and of soft random ones, in
scenes of many similar shots, with copies, documents that look alike, cameras that never move,
and one hash by the thousand. Pairs that must be found are planted in both. What is measured on
them is bench_neighbours.py.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from indexer.perceptual.image_hash import fingerprint
from indexer.perceptual.neighbours import WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.floating[Any]]
    Hashes = npt.NDArray[np.uint8]
    Rows = npt.NDArray[np.int64]

_EDGE: Final = 96  # pixels of a picture that is cropped; a hash looks at 16 waves across
_WAVES: Final = np.arange(16, dtype=np.float32)
_SOFT: Final = 80  # random pictures
_BATCH: Final = 4000
_PLANTED: Final = 20_000
# Shares of the library. The rest are scenes.
_COPIES: Final = 0.08
_DOCUMENTS: Final = 0.03
_STILL: Final = 0.01  # frames of two cameras that never move
_EQUAL: Final = 0.005  # one hash


# --- pictures ---------------------------------------------------------------------------------


def real_pictures(folder: Path) -> list[Image.Image]:
    """Every sound JPEG and PNG, once per look."""
    found: dict[bytes, Image.Image] = {}
    warnings.simplefilter("ignore")  # of Pillow, about damaged EXIF
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        try:
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                image.draft("RGB", (1024, 1024))
                upright = ImageOps.exif_transpose(image).convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            continue
        looks = fingerprint(upright)
        if looks.contrast >= 8:
            upright.thumbnail((1024, 1024))
            found.setdefault(looks.phash, upright)
    return list(found.values())


def soft_pictures(random: np.random.Generator, count: int) -> list[Image.Image]:
    """Sky, fog and walls: a few waves and a little noise."""
    pictures = []
    for _ in range(count):
        coarse = random.integers(0, 256, (*random.integers(3, 9, 2), 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
        noisy = np.asarray(image) + random.normal(0, 2, (480, 640, 1))
        pictures.append(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    return pictures


def encoded(image: Image.Image) -> Iterator[Image.Image]:
    """The picture as messengers, exports and thumbnails have it."""
    for edge, file_type, quality in (
        (1024, "JPEG", 85),
        (1024, "JPEG", 50),
        (800, "WEBP", 60),
        (640, "JPEG", 70),
        (320, "JPEG", 75),
    ):
        small = image.copy()
        small.thumbnail((edge, edge))
        buffer = io.BytesIO()
        small.save(buffer, file_type, quality=quality)
        yield Image.open(io.BytesIO(buffer.getvalue()))


# --- a library of hashes ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Library:
    """Hashes, and pairs of rows that must be found among them."""

    hashes: Hashes
    flipped: Rows  # (pairs, 2)
    # As flipped, but where hundreds look alike, and where thousands do; re-encoded pictures.
    crowds: dict[str, Rows]


def random_library(count: int, seed: int) -> Library:
    """So many random hashes: 128 bits from each other, but for what is planted."""
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 256, (count, 32), np.uint8)
    return Library(hashes, _flipped(random, hashes, np.arange(count), _planted(count)), {})


def real_like_library(count: int, pictures: list[Image.Image], seed: int) -> Library:
    """So many hashes of a made-up photo library."""
    random = np.random.default_rng(seed)
    pool = [*pictures, *soft_pictures(random, _SOFT)]
    again = _reencoded(pool)
    grey = np.stack([_grey(image) for image in pool])
    hashes = np.empty((count, 32), np.uint8)
    places = random.permutation(count)
    parts = _shared_out(places, count, 2 * len(again))
    hashes[parts["scenes"]] = scenes(random, grey, len(parts["scenes"]))
    hashes[parts["documents"]] = crowd(random, grey, len(parts["documents"]), 40, 0.35)
    hashes[parts["still"]] = crowd(random, grey, len(parts["still"]), 2, 0.08)
    hashes[parts["equal"]] = hashes[parts["scenes"][0]]
    hashes[parts["copies"]] = hashes[random.choice(parts["scenes"], len(parts["copies"]))]
    hashes[parts["encoded"]] = again.reshape(-1, 32)
    planted = _planted(count)
    flipped = _flipped(random, hashes, parts["scenes"], planted)
    crowds = {
        "re-encoded": parts["encoded"].reshape(-1, 2),
        "among documents": _flipped(random, hashes, parts["documents"], planted // 20),
        "among frames of a fixed camera": _flipped(random, hashes, parts["still"], planted // 20),
    }
    return Library(hashes, flipped, crowds)


def _planted(count: int) -> int:
    return min(_PLANTED, count // 20)


def _shared_out(places: Rows, count: int, encoded_rows: int) -> dict[str, Rows]:
    shares = {"copies": _COPIES, "documents": _DOCUMENTS, "still": _STILL, "equal": _EQUAL}
    sizes = [encoded_rows, *(int(count * share) for share in shares.values())]
    cut = np.split(places, np.cumsum(sizes))
    return dict(zip(["encoded", *shares, "scenes"], cut, strict=True))


def scenes(random: np.random.Generator, grey: Floats, count: int) -> Hashes:
    """Crops of the pictures: one to two hundred of nearly the same, as people press on."""
    sizes = np.minimum(random.zipf(2.0, count), 200)
    scene = np.repeat(np.arange(count), sizes)[:count]
    which = random.integers(0, len(grey), count)[scene]
    sides = _crops(random, count)[scene]
    # From a tenth of a per cent of the frame, a burst, to five, a step aside.
    shift = np.minimum(random.lognormal(-4.2, 0.8, count), 0.05)[scene]
    moved = sides + random.uniform(-1, 1, (count, 4)).astype(np.float32) * shift[:, None]
    hashes = np.empty((count, 32), np.uint8)
    for rows in _by_picture(which):
        waves = _waves(grey[which[rows[0]]], moved[rows])
        noise = random.normal(0, 0.05, waves.shape) * np.abs(waves).mean((1, 2), keepdims=True)
        hashes[rows] = _hashes(waves + noise)
    return hashes


def crowd(
    random: np.random.Generator, grey: Floats, count: int, templates: int, unrest: float
) -> Hashes:
    """Many that share few looks: forms, screens, a street seen by a fixed camera."""
    which = random.integers(0, templates, count)
    kinds = random.integers(0, len(grey), templates)
    sides = _crops(random, templates)
    waves = np.stack(
        [_waves(grey[kind], side[None])[0] for kind, side in zip(kinds, sides, strict=True)]
    )
    usual = np.median(np.abs(waves), axis=(1, 2))[:, None, None]
    hashes = np.empty((count, 32), np.uint8)
    for start in range(0, count, _BATCH):
        kind = which[start : start + _BATCH]
        noise = random.normal(0, unrest, (len(kind), 16, 16)) * usual[kind]
        hashes[start : start + _BATCH] = _hashes(waves[kind] + noise)
    return hashes


def _grey(image: Image.Image) -> Floats:
    small = image.convert("L").resize((_EDGE, _EDGE), Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.float32)


def _crops(random: np.random.Generator, count: int) -> Floats:
    """Left, right, top, bottom as parts of the picture."""
    size, shape = random.uniform(0.3, 1, count), np.exp(random.normal(0, 0.15, count))
    width, height = np.minimum(size * shape, 1), np.minimum(size / shape, 1)
    left, top = random.random(count) * (1 - width), random.random(count) * (1 - height)
    return np.stack([left, left + width, top, top + height], axis=1).astype(np.float32)


def _by_picture(which: Rows) -> Iterator[Rows]:
    order = np.argsort(which, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
        for start in range(0, len(rows), _BATCH):
            yield rows[start : start + _BATCH]


def _waves(grey: Floats, sides: Floats) -> Floats:
    """The 16 x 16 lowest DCT coefficients of each crop, what pHash looks at."""
    across, down = _cosines(sides[:, :2]), _cosines(sides[:, 2:])
    waves: Floats = down @ grey @ across.transpose(0, 2, 1)
    return waves


def _cosines(ends: Floats) -> Floats:
    pixels = (np.arange(_EDGE, dtype=np.float32) + np.float32(0.5)) / np.float32(_EDGE)
    length = ends[:, 1:] - ends[:, :1]
    at = (pixels - ends[:, :1]) / length
    weight = ((at >= 0) & (at <= 1)) / length
    waves = np.cos(np.float32(np.pi) * at[:, None, :] * _WAVES[None, :, None])
    return np.asarray(waves * weight[:, None, :], dtype=np.float32)


def _hashes(waves: npt.NDArray[np.floating]) -> Hashes:
    flat = waves.reshape(len(waves), 256)
    return np.packbits(flat > np.median(flat, axis=1, keepdims=True), axis=1)


def _reencoded(pool: list[Image.Image]) -> Hashes:
    """(pairs, 2, 32) of pictures and what an encoder made of them, where within the limit."""
    pairs = []
    for image in pool:
        before = np.frombuffer(fingerprint(image).phash, np.uint8)
        for other in encoded(image):
            after = np.frombuffer(fingerprint(other).phash, np.uint8)
            if np.bitwise_count(before ^ after).sum() <= WITHIN:
                pairs.append([before, after])
    return np.array(pairs, np.uint8)


def _flipped(random: np.random.Generator, hashes: Hashes, rows: Rows, count: int) -> Rows:
    """Make some hashes copies of others with 2 to 24 bits flipped, as many up as down."""
    source, target = random.choice(rows, (2, count), replace=False)
    bits = np.unpackbits(hashes[source], axis=1)
    for row in bits:
        half = int(random.integers(1, WITHIN // 2 + 1))
        up, down = (random.choice(np.flatnonzero(row == v), half, replace=False) for v in (0, 1))
        row[up], row[down] = 1, 0
    hashes[target] = np.packbits(bits, axis=1)
    return np.stack([source, target], axis=1)
