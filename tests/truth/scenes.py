"""What the photographs show: scenes that no fingerprint takes for one another.

A name decides a scene; what happens to its pixels later (motion, exposure, cropping, a filter)
is here too. Writing it into a file as cameras and programs do is stills.py.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance
from pretend_camera import picture

SEED = 68  # any
SIZE = (1024, 768)  # four tiles of 512 pixels, as phones cut HEIC
SMALL = (320, 240)  # for rows with many pictures
WHITE, INK = (255, 255, 255), (20, 20, 30)
_LINE = 24  # pixels from one line of text to the next


@lru_cache(maxsize=8)  # a row makes its members one after the other
def scene(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """Weather, things in front of it, and texture on all of them, another for each name."""
    divisor = -(-size[0] // SIZE[0])
    smaller = (size[0] // divisor, size[1] // divisor)  # large ones are drawn small and enlarged
    look = np.asarray(picture(SEED, name, smaller), dtype=np.float32)
    random = np.random.default_rng([SEED, *name.encode()])
    texture = sum(_waves(random, smaller, across) for across in (12, 24, 48, 96))
    shown = Image.fromarray((24 + 0.8 * look + texture[..., None]).clip(0, 255).astype("u1"))
    return shown.resize(size)


def _waves(random: np.random.Generator, size: tuple[int, int], across: int) -> np.ndarray:
    """One octave of texture: flat areas are for drawings, no photograph has them."""
    heights = random.normal(0, 9, (across * 3 // 4, across)).astype(np.float32)
    return np.asarray(Image.fromarray(heights).resize(size, Image.Resampling.BICUBIC))


def moved(look: Image.Image, pixels: int) -> Image.Image:
    """The same view a moment later: the camera went on, and something walks through."""
    width, height = look.size
    margin = width // 8
    window = look.crop((pixels, 0, pixels + width - margin, height)).resize(look.size)
    at = width // 3 + 4 * pixels
    ImageDraw.Draw(window).ellipse((at, height // 2, at + 60, height // 2 + 120), fill=INK)
    return window


def exposed(look: Image.Image, stops: float) -> Image.Image:
    """The same view with more or less light: the dark and the bright ends run out."""
    values = np.asarray(look, dtype=np.float32) / 255
    return Image.fromarray((255 * (values**2.2 * 2**stops).clip(0, 1) ** (1 / 2.2)).astype("u1"))


def filtered(look: Image.Image) -> Image.Image:
    """What an editor's filter makes of it."""
    return ImageEnhance.Contrast(ImageEnhance.Color(look).enhance(0.4)).enhance(1.2)


def cropped(look: Image.Image, part: float) -> Image.Image:
    """Without `part` of its width and height."""
    width, height = look.size
    box = (0, 0, round(width * (1 - part)), round(height * (1 - part)))
    return look.crop(box)


def page(name: str, clock: str, size: tuple[int, int] = (640, 960)) -> Image.Image:
    """An app's page with the time above it, bars and paragraphs; the name decides the words."""
    random = np.random.default_rng([SEED, *name.encode()])
    width, height = size
    image = Image.new("RGB", size, WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((width - 80, 8), clock, fill=INK)
    tint = tuple(int(part) for part in random.integers(60, 200, 3))
    draw.rectangle((0, 30, width, 110), fill=tint)
    draw.rectangle((0, height - 70, width, height), fill=(235, 235, 235))
    top = 150
    while top < height - 120:
        for _ in range(int(random.integers(2, 7))):
            left, end = width // 8, width * int(random.integers(5, 8)) // 8
            while left < end and top < height - 90:
                word = int(random.integers(12, 80))
                draw.rectangle((left, top, left + word, top + 9), fill=INK)
                left += word + 10
            top += _LINE
        top += int(random.integers(1, 5)) * _LINE
    return image


def viewer(look: Image.Image, clock: str) -> Image.Image:
    """A gallery app that shows a photograph, with the time above it."""
    image = look.copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, image.width, 28), fill=INK)
    draw.text((20, 8), clock, fill=WHITE)
    return image


def flat(shade: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A lens cap, or an overexposed wall."""
    return Image.new("RGB", size, (shade, shade, shade))
