"""What becomes of a photograph: each way in which programs save it again, with what is true of it.

    made = derivatives(Path("IMG_1.HEIC"), "press", folder)

Every change comes twice: with the picture's EXIF and profile kept, and stripped, in sRGB, as
messengers send it. The two are encoded on their own, so that equal coded data never ties them,
and no name says where a file comes from. What is scored is bench_accuracy.py.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pillow_heif
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from indexer.perceptual.image_hash import to_srgb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pillow_heif.register_heif_opener()

# One day for all files: their dates must not be evidence.
SAVED: Final = 1_600_000_000
_LETTERS: Final = "bcdfghjklmnpqrst"
_EXIF: Final = b"Exif\0\0"
_TURNED_BACK: Final = 6  # what is stored a quarter to the left is shown a quarter to the right


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One file of the library, and what is true of it."""

    path: str  # below the library
    press: str  # files of one press of the shutter share it
    change: str  # "source", a change, or a kind of hard negative
    is_kept: bool | None = None  # the metadata; None where nothing was changed
    is_edit: bool = False  # a person's doing: never a plain duplicate
    is_hard: bool = False  # looks like others and is none of them


@dataclass(frozen=True, slots=True)
class _Look:
    """A picture's pixels, upright, and the metadata that goes with them."""

    image: Image.Image
    exif: bytes | None  # with its prefix; says "upright"
    profile: bytes | None

    def shown(self, image: Image.Image) -> _Look:
        return _Look(image, self.exif, self.profile)


@dataclass(frozen=True, slots=True)
class Change:
    """One way to save a picture again."""

    name: str
    ending: str
    save: Callable[[_Look, int], bytes]  # the number: how much lower the quality
    is_edit: bool = False
    larger_than: int = 0  # pixels; of smaller pictures it would be another save at full size


def derivatives(picture: Path, press: str, library: Path) -> Iterator[MadeFile]:
    """Write all that becomes of a picture; what has no metadata cannot keep it."""
    kept = opened(picture)
    stripped = _Look(to_srgb(_with_profile(kept)), None, None)
    for change in CHANGES:
        for look, is_kept in ((kept, True), (stripped, False)):
            if (is_kept and look.exif is None) or max(look.image.size) <= change.larger_than:
                continue
            folder = f"{change.name}-{'kept' if is_kept else 'stripped'}"
            path = f"{folder}/{name_of(press, folder)}.{change.ending}"
            put(library / path, change.save(look, 0 if is_kept else 1))
            yield MadeFile(path, press, change.name, is_kept, change.is_edit)


def opened(picture: Path) -> _Look:
    """The picture, upright."""
    with Image.open(picture) as image:
        image.load()
        exif, profile = image.info.get("exif"), image.info.get("icc_profile")
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return _Look(upright, oriented(exif, 1) if exif else None, profile)


def name_of(press: str, folder: str) -> str:
    """A name that says nothing: letters, no date, no number, no word."""
    digest = hashlib.blake2b(f"{press}/{folder}".encode(), digest_size=5).hexdigest()
    return "".join(_LETTERS[int(digit, 16)] for digit in digest)


def put(path: Path, content: bytes) -> None:
    """Write a file, as old as all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (SAVED, SAVED))


def oriented(exif: bytes, orientation: int) -> bytes:
    """The same EXIF with another orientation; maker notes stay where they are, and whole."""
    body = bytearray(exif.removeprefix(_EXIF))
    order = "<" if body[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", body, 4)
    (count,) = struct.unpack_from(f"{order}H", body, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from(f"{order}H", body, entry)[0] == Base.Orientation:
            struct.pack_into(f"{order}H", body, entry + 8, orientation)
            return _EXIF + bytes(body)
    if orientation == 1:
        return _EXIF + bytes(body)
    tags = Image.Exif()
    tags.load(_EXIF + bytes(body))
    tags[Base.Orientation] = orientation
    return tags.tobytes()


# --- changes ----------------------------------------------------------------------------------


def saved(look: _Look, form: str, **options: Any) -> bytes:
    """The file that a program would write."""
    known = {"exif": look.exif, "icc_profile": look.profile}
    buffer = io.BytesIO()
    look.image.save(buffer, form, **{k: v for k, v in known.items() if v}, **options)
    return buffer.getvalue()


def _jpeg(quality: int, edge: int | None = None) -> Callable[[_Look, int], bytes]:
    def save(look: _Look, less: int) -> bytes:
        image = look.image
        if edge is not None:
            image = image.copy()
            image.thumbnail((edge, edge), Image.Resampling.LANCZOS)
        return saved(look.shown(image), "JPEG", quality=quality - less)

    return save


def _edit(change: Callable[[Image.Image], Image.Image]) -> Callable[[_Look, int], bytes]:
    def save(look: _Look, less: int) -> bytes:
        return saved(look.shown(change(look.image)), "JPEG", quality=90 - less)

    return save


def _cropped(image: Image.Image) -> Image.Image:
    """A hundredth off each side: 2 % of the width, 2 % of the height."""
    width, height = image.size
    across, down = max(1, round(width / 100)), max(1, round(height / 100))
    return image.crop((across, down, width - across, height - down))


def _turned_by_tag(look: _Look, less: int) -> bytes:
    image = look.image.transpose(Image.Transpose.ROTATE_90)
    if look.exif:
        exif = oriented(look.exif, _TURNED_BACK)
    else:
        only = Image.Exif()
        only[Base.Orientation] = _TURNED_BACK
        exif = only.tobytes()
    return saved(_Look(image, exif, look.profile), "JPEG", quality=87 - less)


def _heic(look: _Look, less: int) -> bytes:
    # The default preset takes ten times as long, and looks the same.
    return saved(look, "HEIF", quality=60 - less, enc_params={"preset": "ultrafast"})


def _webp(look: _Look, less: int) -> bytes:
    return saved(look, "WEBP", quality=75 - less, method=1)


def _avif(look: _Look, less: int) -> bytes:
    return saved(look, "AVIF", quality=65 - less, speed=10)


def _png(look: _Look, less: int) -> bytes:
    return saved(look, "PNG", compress_level=1 + less)


def _with_profile(look: _Look) -> Image.Image:
    image = look.image.copy()
    image.info = {"icc_profile": look.profile} if look.profile else {}
    return image


CHANGES: Final = (
    Change("q92", "jpg", _jpeg(92)),
    Change("q85", "jpg", _jpeg(85)),
    Change("q70", "jpg", _jpeg(70)),
    Change("q50", "jpg", _jpeg(50)),
    Change("messenger", "jpg", _jpeg(75, 1600), larger_than=1600),
    Change("web", "jpg", _jpeg(70, 1080), larger_than=1080),
    Change("thumbnail", "jpg", _jpeg(75, 320), larger_than=320),
    Change("heic", "heic", _heic),
    Change("webp", "webp", _webp),
    Change("avif", "avif", _avif),
    Change("png", "png", _png),
    Change("turned-by-tag", "jpg", _turned_by_tag),
    Change("crop", "jpg", _edit(_cropped), is_edit=True),
    Change("turned", "jpg", _edit(lambda i: i.transpose(Image.Transpose.ROTATE_90)), is_edit=True),
    Change("mirrored", "jpg", _edit(ImageOps.mirror), is_edit=True),
    Change("grey", "jpg", _edit(lambda i: i.convert("L").convert("RGB")), is_edit=True),
)
