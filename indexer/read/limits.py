"""What one file may cost, who may try to decode it, and how that fails: words that are shared.

Apart from decode.py, so that a worker that only hashes need not load Pillow and NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexer.model import Film, Picture

# What Pillow may try. Its other plugins start programs (EPS) or see no photographs.
PILLOW_FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may cost; seconds are the pool's."""

    # Above every camera and nearly every stitched panorama; 3 bytes each stay in 4 GiB.
    pixels: int = 400_000_000
    # A picture up to here is held in memory and decoded from the very bytes that were hashed.
    whole_bytes: int = 256 * 1024 * 1024


DEFAULT_LIMITS: Final = Limits()


class Undecodable(Exception):
    """No decoder makes sense of the bytes; the text is one clause for a person."""


class Truncated(Exception):
    """A part is missing; what could be had of the rest comes along."""

    def __init__(
        self, says: str, *, picture: Picture | None = None, film: Film | None = None
    ) -> None:
        super().__init__(says)
        # Grey stands where samples lack: equal ones of two cut files would prove nothing.
        self.picture = picture and replace(picture, pixels=None)
        self.film = film
