"""Files that look like one another and are none of them: what a duplicate finder must not join.

Frames of real bursts and films, exposure brackets, charts, screenshots, pages, forms and empty
frames; each is a press of its own. What a photograph may become is derivatives.py.
"""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
from derivatives import MadeFile, name_of, opened, put
from PIL import Image, ImageDraw, ImageFont
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import IFDRational
from pretend_camera import PIXEL, Shot, exif

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    Pixels = npt.NDArray[np.int16]

# Presses of one scene each (TRUTH.md, "Must NOT be grouped").
_IPHONE, _FD71, _FD88 = (f"cameras/{name}" for name in ("iPhone XR", "Sony FD71", "Sony FD88"))
REAL: Final = {
    "burst": tuple(f"{_IPHONE}/IMG_{n}" for n in ("3580.JPG", "3581.JPG", "3582.JPG")),
    "bracket": ("hdr/iphone_hdr_NO.jpg", "hdr/iphone_hdr_YES.jpg"),
    "chart": (
        *(f"{_IPHONE}/IMG_{n}.HEIC" for n in (3579, 3589)),
        *(f"{_FD71}/MVC-00{n}S.JPG" for n in (4, 5)),
        *(f"{_FD88}/MVC-00{n}F.JPG" for n in (4, 6, 7, 8)),
    ),
}
# After the first frame; a camera's burst, and a finger pressing again.
_LATER_S: Final = (0.0, 0.1, 1.0)
# Mean difference of grey values. Frames closer than that are one picture to anybody who has no
# film: a JPEG of quality 70 changes as much.
_LEAST_CHANGE: Final = 1.5
_DAY: Final = datetime.fromisoformat("2018-05-06 11:00:00.120")
_EMPTY: Final = (800, 600)


def hard_negatives(
    media: Path, films: Sequence[Path], bracketed: Sequence[Path], library: Path
) -> Iterator[MadeFile]:
    """Write them all. `bracketed` are pictures of which nothing else is in the library."""
    for kind, paths in REAL.items():
        for path in paths:
            target = f"{kind}/{path.partition('/')[2]}"
            put(library / target, (media / path).read_bytes())
            yield MadeFile(target, path, kind, is_hard=True)
    drawn = {"screenshot": _screenshots(), "page": _pages(), "form": _forms(), "empty": _empty()}
    for kind, pictures in drawn.items():
        ending = "png" if kind == "screenshot" else "jpg"
        for number, image in enumerate(pictures):
            yield _written(library, f"{kind} {number}", kind, ending, _encoded(image, ending))
    for number, film in enumerate(films):
        yield from _frames(film, number, library)
    for number, picture in enumerate(bracketed):
        yield from _bracket(picture, number, library)


def _written(library: Path, press: str, kind: str, ending: str, content: bytes) -> MadeFile:
    path = f"{kind}/{name_of(press, kind)}.{ending}"
    put(library / path, content)
    return MadeFile(path, press, kind, is_hard=True)


def _encoded(image: Image.Image, ending: str, tags: Image.Exif | None = None) -> bytes:
    options: dict[str, Any] = {"exif": tags.tobytes()} if tags else {}
    if ending == "jpg":
        options["quality"] = 90
    buffer = io.BytesIO()
    image.save(buffer, "JPEG" if ending == "jpg" else "PNG", **options)
    return buffer.getvalue()


# --- cameras ----------------------------------------------------------------------------------


def _frames(film: Path, number: int, library: Path) -> Iterator[MadeFile]:
    """Two bursts out of one film: as a camera would have written it, and without metadata."""
    begun = _DAY + timedelta(days=number)
    known: list[Pixels] = []
    for kind, part in (("frame-exif", 0.2), ("frame-bare", 0.6)):
        for seconds, image in _moments(film, part):
            if not _is_new(image, known):
                continue
            taken = begun + timedelta(seconds=seconds)
            tags = exif(Shot(1, film.name, PIXEL, taken)) if kind == "frame-exif" else None
            press = f"{film.name} at {seconds:.2f} s"
            yield _written(library, press, kind, "jpg", _encoded(image, "jpg", tags))


def _moments(film: Path, part: float) -> list[tuple[float, Image.Image]]:
    """Frames a tenth of a second and a second after one part of a film, as far as it goes."""
    with av.open(str(film)) as container:
        seen = [(frame.time or 0.0, frame) for frame in container.decode(video=0)]
        if not seen:  # a head without its film
            return []
        first = seen[int(len(seen) * part)][0]
        wanted = [first + later for later in _LATER_S if first + later <= seen[-1][0]]
        frames = [next(f for f in seen if f[0] >= moment - 0.001) for moment in wanted]
        return [(t, Image.fromarray(f.to_ndarray(format="rgb24"))) for t, f in frames]


def _is_new(image: Image.Image, known: list[Pixels]) -> bool:
    """Whether the frame differs from those before it, and is one of them from now on."""
    grey = np.asarray(image.convert("L")).astype(np.int16)
    if any(np.abs(grey - other).mean() < _LEAST_CHANGE for other in known):
        return False
    known.append(grey)
    return True


def _bracket(picture: Path, number: int, library: Path) -> Iterator[MadeFile]:
    """Three exposures of one release, one stop apart, a fifth of a second after each other."""
    image = opened(picture).image
    image.thumbnail((2048, 2048))
    linear = (np.asarray(image) / 255) ** 2.2
    begun = _DAY + timedelta(days=100 + number)
    for step, stops in enumerate((-1, 0, 1)):
        exposed = (np.clip(linear * 2.0**stops, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
        taken = begun + timedelta(seconds=0.2 * step)
        tags = exif(Shot(1, picture.name, PIXEL, taken))
        inner = tags.get_ifd(IFD.Exif)
        inner[Base.ExposureTime] = IFDRational(2 ** (stops + 1), 250)
        inner[Base.ExposureBiasValue] = IFDRational(stops, 1)
        press = f"{picture.stem} {stops:+} EV"
        content = _encoded(Image.fromarray(exposed), "jpg", tags)
        yield _written(library, press, "bracket-exif", "jpg", content)


# --- drawn ------------------------------------------------------------------------------------

_TEXT: Final = (
    "the shutter opens when light has been found and closes before the hand moves; a lens bends "
    "what it is given, and paper keeps it for those who were not there on the day it was taken"
)
_NAMES: Final = ("Anna Keller", "Jonas Weber", "Maria Rossi", "Peter Novak")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)  # Pillow's own: the same on every machine


def _lines(chance: random.Random, count: int, words: int) -> Iterator[str]:
    vocabulary = _TEXT.split()
    for _ in range(count):
        yield " ".join(chance.choices(vocabulary, k=words))


def _screenshots() -> Iterator[Image.Image]:
    """Two pages, each with other clocks, and with other numbers."""
    for page in range(2):
        for clock, unread in (("9:41", 3), ("9:42", 3), ("17:05", 3), ("9:41", 4), ("9:41", 27)):
            image = Image.new("RGB", (1080, 2340), "#f4f4f6")
            draw = ImageDraw.Draw(image)
            draw.text((60, 30), clock, "black", _font(44))
            draw.rectangle((0, 110, 1080, 260), fill="#3457d5" if page else "#1c7c54")
            draw.text((60, 150), f"Messages ({unread})", "white", _font(60))
            for row, line in enumerate(_lines(random.Random(page), 12, 5)):
                top = 300 + row * 165
                draw.ellipse((50, top, 160, top + 110), fill=f"hsl({row * 37 % 360}, 60%, 60%)")
                draw.text((200, top + 25), line, "#222222", _font(42))
            yield image


def _pages() -> Iterator[Image.Image]:
    """Pages of one document: other words, the same look."""
    for page in range(6):
        image = Image.new("L", (1240, 1754), 252)
        draw = ImageDraw.Draw(image)
        for row, line in enumerate(_lines(random.Random(100 + page), 44, 13)):
            draw.text((130, 140 + row * 34), line, 20, _font(24))
        draw.text((600, 1670), str(page + 1), 20, _font(24))
        yield image.convert("RGB")


def _forms() -> Iterator[Image.Image]:
    """One form, filled in by several people."""
    for number, name in enumerate(_NAMES):
        image = Image.new("L", (1240, 1754), 252)
        draw = ImageDraw.Draw(image)
        draw.text((130, 110), "Registration", 20, _font(56))
        answers = [
            name,
            f"{number + 3}. {number + 5}. 19{71 + 6 * number}",
            f"{40213 + 977 * number}",
        ]
        labels = ["Name", "Born", "Number", *("Remarks",) * 12]
        for row, label in enumerate(labels):
            top = 260 + row * 90
            draw.text((130, top), label, 20, _font(30))
            draw.rectangle((420, top - 15, 1110, top + 50), outline=20, width=3)
            if row < len(answers):
                draw.text((440, top), answers[row], 60, _font(30))
        yield image.convert("RGB")


def _empty() -> Iterator[Image.Image]:
    """Plain colours, colours that fade, and what a covered lens sees."""
    for colour in ("white", "#fafafa", "black", "#060606", "#808080", "red", "blue", "#f5f0e6"):
        yield Image.new("RGB", _EMPTY, colour)
    fading = Image.linear_gradient("L").resize(_EMPTY)
    across = Image.linear_gradient("L").rotate(90).resize(_EMPTY)
    yield from (fading.convert("RGB"), across.convert("RGB"))
    yield fading.point(lambda value: value * 0.9).convert("RGB")
    yield Image.radial_gradient("L").resize(_EMPTY).convert("RGB")
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(4, 2, (_EMPTY[1], _EMPTY[0], 3))
        yield Image.fromarray(noise.clip(0, 255).astype(np.uint8))
