"""How two subjects were saved: their sizes, whichever way they are turned, and their encoders.

Pure. Sizes are coded pixels, so a picture and its turned copy have one shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject

_SAME_ASPECT = 0.01
_SAME_BYTES = 0.2  # of the bytes, where the format tells nothing of the encoder's settings
# Quantisation tables and what follows from them.
_ENCODER = ("File:JPEGDigest", "File:JPEGQualityEstimate", "File:YCbCrSubSampling")
_CLEARLY_FEWER = 0.9  # of the pixels; crops of a few rows are not "smaller"


def is_smaller(subject: Subject, than: Subject) -> bool:
    """Clearly fewer pixels in the same shape, upright or turned."""
    return has_clearly_fewer_pixels(subject, than) and same_shape(subject, than)


def has_clearly_fewer_pixels(subject: Subject, than: Subject) -> bool:
    """Fewer than a copy that was only trimmed would have, in whatever shape."""
    return pixels(subject) < _CLEARLY_FEWER * pixels(than)


def same_shape(a: Subject, b: Subject) -> bool:
    """Whether their sides are in one proportion; false where a size is not known."""
    one, other = _aspect(a), _aspect(b)
    return bool(one and other and abs(one / other - 1) <= _SAME_ASPECT)


def pixels(subject: Subject) -> int:
    """How many pixels it has; 0 where that is not known."""
    return (subject.fact.width_px or 0) * (subject.fact.height_px or 0)


def _aspect(subject: Subject) -> float | None:
    width, height = subject.fact.width_px, subject.fact.height_px
    return max(width, height) / min(width, height) if width and height else None


def are_saved_alike(a: Subject, b: Subject) -> bool:
    """Whether both have one size and format and, as far as is known, one encoder's settings."""
    one, other = a.fact, b.fact
    if (
        one.extension != other.extension
        or one.profile != other.profile
        or pixels(a) != pixels(b)
        or not same_shape(a, b)
    ):
        return False
    told = [tuple(s.tags.all.get(tag) for tag in _ENCODER) for s in (a, b)]
    if any(told[0]):
        return told[0] == told[1]
    return abs(one.size / other.size - 1) <= _SAME_BYTES
