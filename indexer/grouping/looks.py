"""What pictures look like, as grouping asks for it.

Pure: fingerprints come in as a mapping, which may fetch each when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.grouping.size import are_saved_alike
from indexer.perceptual.distance import (
    WEAK_BITS,
    is_drawn,
    is_telling,
    same_look,
    turned,
    turned_look,
    weak_look,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.grouping.subject import Subject
    from indexer.model import ContentId, Fingerprint
    from indexer.perceptual.distance import Look


# Smaller ones are place holders, the same for files that have nothing in common.
_LEAST_EDGE_PX = 32
# Another shot that looks nearly as alike leaves the question open. Copies at the size of their
# source differ by 0.3 to 0.6, the nearest other frame of a hand-held burst by 2 and more.
CLEARLY, AT_LEAST = 1.5, 0.3
# Residual of a picture that one encoder saved twice; frames of a scene at rest differ by 1 and
# more.
_ALL_BUT_EQUAL = 0.6
_ALL_BUT_EQUAL_SEEN = 1.0  # with no colours fitted: a bracket fits, and is no equal
# Two copies of one picture, each within 2.0 of it.
_RESEMBLING = 4.0
# EXIF's orientations, as a sentence says them.
_TURNED = {
    2: "mirrored", 3: "turned upside down", 4: "mirrored and turned upside down",
    5: "mirrored and turned", 6: "turned by a quarter", 7: "mirrored and turned",
    8: "turned by a quarter",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Near:
    """Two contents that look like one exposure; how `a` must be turned for it."""

    a: ContentId
    b: ContentId
    turn: int
    residual: float  # RMS of the thumbnails, of 255

    @property
    def turned(self) -> str | None:
        """How one was turned to look like the other; None: not at all."""
        return _TURNED.get(self.turn)


@dataclass(frozen=True, slots=True)
class Looks:
    """The fingerprints, and the pairs that were found near each other."""

    fingerprints: Mapping[ContentId, Fingerprint] = field(default_factory=dict)
    near: tuple[Near, ...] = ()

    def are_telling(self, subject: Subject) -> bool:
        """Whether its picture has enough in it to prove anything; unknown ones have."""
        edges = (subject.fact.width_px, subject.fact.height_px)
        if any(edge is not None and edge < _LEAST_EDGE_PX for edge in edges):
            return False
        known = self.fingerprints.get(subject.content)
        return known is None or is_telling(known)

    def same(self, a: Subject, b: Subject) -> Look | None:
        """How alike they are, if they could be one exposure saved twice."""
        one, other = self._both(a, b)
        return same_look(one, other) if one and other else None

    def weak(self, a: Subject, b: Subject) -> Look | None:
        """How alike they are, if one could be an edit of the other."""
        one, other = self._both(a, b)
        return weak_look(one, other) if one and other else None

    def are_frames(self, a: Subject, b: Subject) -> bool:
        """Whether one program saved both with the same settings, and not the same picture.

        A copy differs from its source in size, format or settings; where nothing differs, two
        pictures that are neither all but equal nor turned are two frames. An edit may be saved
        as its source was.
        """
        if a.is_edit or b.is_edit or not are_saved_alike(a, b):
            return False
        look = self.same(a, b)
        if look is not None:
            return look.residual > _ALL_BUT_EQUAL or look.change > _ALL_BUT_EQUAL_SEEN
        return self.knows(a) and self.knows(b) and self.turned(a, b) is None

    def turned(self, a: Subject, b: Subject) -> str | None:
        """How one must be turned to look the same as the other; None: no way helps."""
        one, other = self._both(a, b)
        found = turned_look(one, other) if one and other else None
        return _TURNED[found[0]] if found else None

    def resemble(self, a: Subject, b: Subject) -> bool:
        """Whether they may be copies of one picture that were made far apart; any turn."""
        one, other = self._both(a, b)
        if not one or not other:
            return False
        looks = (weak_look(way, other) for way in (one, *turned(one).values()))
        return any(
            look and look.bits <= WEAK_BITS and look.residual <= _RESEMBLING for look in looks
        )

    def knows(self, subject: Subject) -> bool:
        """Whether its looks are known and tell anything."""
        known = self.fingerprints.get(subject.content)
        return known is not None and is_telling(known)

    def is_drawn(self, subject: Subject) -> bool:
        """Whether it is a screen, a page or a drawing rather than a photograph."""
        known = self.fingerprints.get(subject.content)
        return known is not None and is_drawn(known)

    def _both(self, a: Subject, b: Subject) -> tuple[Fingerprint | None, Fingerprint | None]:
        return self.fingerprints.get(a.content), self.fingerprints.get(b.content)


UNSEEN = Looks()
