"""What a member shows beside the others of its shot: turned, mirrored, without colours, a part.

Pure. A camera writes the whole picture with its colours; which way up is right, most members
tell. Two that differ tell nothing of who came first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from indexer.grouping.size import pixels, same_shape
from indexer.model import Kind
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId

_ENOUGH: Final = 3  # members; of two, neither is most
# Mean distance between the strongest and the weakest channel of a thumbnail, of 255. Of 62
# pictures whose colours were taken none has more than 0.05, of coloured photographs none less
# than 8.
_GREY, _COLOURED = 1.0, 8.0


def shown(
    candidates: Sequence[Subject], able: Sequence[Subject], seen: Looks
) -> Mapping[ContentId, Sequence[Remark]]:
    """What each picture's looks tell beside the others'; the able may be the original."""
    stills = [
        s
        for s in candidates
        if s.fact.kind is Kind.PICTURE and s.fact.damage is None and seen.knows(s)
    ]
    found: dict[ContentId, list[Remark]] = defaultdict(list)
    rivals = [s for s in stills if s in able and s.camera is not None]
    for remarks in (
        _ways(stills, seen),
        _colours(stills, rivals, seen),
        _parts(stills, rivals, seen),
    ):
        for subject, remark in remarks:
            found[subject.content].append(remark)
    return found


def _ways(stills: Sequence[Subject], seen: Looks) -> Iterator[tuple[Subject, Remark]]:
    """Those that most others show in another way: each is compared with one of them."""
    if len(stills) < _ENOUGH:
        return
    first = stills[0]
    ways = {subject.content: _way(subject, first, seen) for subject in stills}
    counted = Counter(way for way in ways.values() if way is not None)
    (most, times), *_ = counted.most_common(1)
    if 2 * times <= counted.total():
        return
    for subject in stills:
        way = ways[subject.content]
        if way is not None and way != most:
            is_mirror = ("mirrored" in way) != ("mirrored" in most)
            rule, done = ("mirrored", "mirrored") if is_mirror else ("shown-turned", "turned")
            yield subject, Remark(rule, f"It shows the picture {done}; most others don't.")


def _way(subject: Subject, first: Subject, seen: Looks) -> str | None:
    """How it is turned beside the first, "" for not at all; None: nobody can tell."""
    if subject is first or seen.weak(subject, first) is not None:
        return ""
    return seen.turned(subject, first)


def _colours(
    stills: Sequence[Subject], rivals: Sequence[Subject], seen: Looks
) -> Iterator[tuple[Subject, Remark]]:
    """Grey ones beside a camera's coloured one; old prints are given colours by programs."""
    spreads = {s.content: _spread(seen.fingerprints[s.content].thumb) for s in stills}
    if all(spreads[rival.content] < _COLOURED for rival in rivals):
        return
    for subject in stills:
        if spreads[subject.content] <= _GREY:
            says = "It has no colours, while another of this shot has them."
            yield subject, Remark("colours-lost", says)


def _spread(thumb: bytes) -> float:
    samples = np.frombuffer(thumb, np.uint8).reshape(-1, 3)
    return float(np.ptp(samples, axis=1).mean())


def _parts(
    stills: Sequence[Subject], rivals: Sequence[Subject], seen: Looks
) -> Iterator[tuple[Subject, Remark]]:
    """Fewer pixels in another shape, of the largest picture that names its camera."""
    largest = max(rivals, key=pixels, default=None)
    if largest is None:
        return
    for subject in stills:
        is_other = pixels(subject) < pixels(largest) and not same_shape(subject, largest)
        if is_other and seen.weak(subject, largest) is not None:
            yield subject, Remark("cropped", "It shows only a part of what another shows.")
