"""What ties two subjects into one shot by bytes and identifiers, strongest first.

Pure. An edge is direct support for one pair, with a sentence; components.py joins pairs into
shots and lets a contradiction part them again. Ties by the camera's clock are press.py's, by
looks alike.py's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from indexer.grouping.contradiction import COUNTERS, at_other_time, count
from indexer.grouping.names import family, folded
from indexer.grouping.tie import LARGEST_BLOCK, LARGEST_PLACE, Tie
from indexer.model import Kind
from indexer.paths import display, to_str

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.grouping.tie import Key
    from indexer.model import ContentId

_HEX_DIGITS = 32
_MOST_ALIKE = 12  # of one hex digit among 32: counters are filled up with zeros
_MOST_TIMES = 4  # seconds that an identifier of one press may be met with (ORIGINALS 2.3)
_SOURCE_NAMES = ("IFD0:OriginalRawFileName", "XMP-crs:RawFileName")


@dataclass(frozen=True, slots=True)
class Edge:
    """Direct evidence that two subjects are one shot; `a` has the smaller digest."""

    a: Subject
    b: Subject
    kind: str
    strength: int  # higher is stronger; only for the order of joining
    says: str
    distance: float = 0.0  # looks alone: how different they are; nearer ones join first


def edge(a: Subject, b: Subject, kind: str, strength: int, says: str) -> Edge:
    """An edge whichever way round the two are given."""
    first, second = sorted((a, b), key=lambda s: s.fact.blake3)
    return Edge(first, second, kind, strength, says)


def once(edges: Iterable[Edge]) -> Iterator[Edge]:
    """Each tie of one kind once: two files may lie side by side in several folders."""
    told: set[tuple[ContentId, ContentId, str]] = set()
    for known in edges:
        key = (known.a.content, known.b.content, known.kind)
        if key not in told:
            told.add(key)
            yield known


def by_bytes_and_names(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    """Every edge that picture data and identifiers give."""
    yield from _same_payload(subjects, looks)
    yield from _same_pixels(subjects, looks)
    yield from _same_asset(subjects)
    yield from _live_pairs(subjects)
    yield from _motion_films(subjects)
    yield from _lineage(subjects)
    yield from _named_source(subjects)
    yield from _same_unique_id(subjects)
    yield from _same_count(subjects)


def keys(subject: Subject) -> Iterator[Key]:
    """Under what the ties of this file are found."""
    fact, tags, time = subject.fact, subject.tags, subject.own_time
    if fact.payload is not None:
        yield Tie.PAYLOAD, fact.payload
    if fact.pixels is not None:
        yield Tie.PIXELS, fact.pixels
    for asset in subject.assets:
        yield Tie.ASSET, (asset.library, asset.uuid)
    if tags.content_identifier is not None:
        yield Tie.LIVE, tags.content_identifier
    if fact.tail:
        yield Tie.MOTION_FILM, fact.tail
    if fact.kind is Kind.VIDEO:
        yield Tie.MOTION_FILM, fact.blake3
    for document in (tags.document_id, tags.derived_from):
        if document:
            yield Tie.DOCUMENT, document
    if time is not None:
        for name in _raw_names(subject):
            yield Tie.RAW_NAME, (name, time.clock)
    if subject.is_still and time and (identifier := _unique_id(subject)):
        yield Tie.UNIQUE_ID, identifier
    for tag in COUNTERS:
        if (counted := _counted(subject, tag)) is not None:
            yield Tie.COUNT, (tag, counted)


def _raw_names(subject: Subject) -> Iterator[str]:
    """Its names, if it is RAW, and those of the RAW that it says it was made from."""
    if subject.fact.kind is Kind.RAW:
        yield from (folded(to_str(file.name)) for file in subject.files)
    yield from filter(None, (_source_name(subject, tag) for tag in _SOURCE_NAMES))


def _source_name(subject: Subject, tag: str) -> str:
    return folded(os.path.basename(subject.tags.all.get(tag, "").strip()))


def _same_payload(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    says = "Their picture data is equal; only metadata differs."
    for group in blocks(subjects, lambda s: s.fact.payload, largest=None):
        first, *others = group
        if looks.are_telling(first):
            for other in others:
                yield edge(first, other, "same-payload", 90, says)
        elif len(group) <= LARGEST_BLOCK:
            # Two white pictures from one encoder are equal and prove nothing by themselves.
            for a, b in combinations(group, 2):
                if _is_same_moment(a, b) or (a.stems & b.stems and not at_other_time(a, b)):
                    yield edge(a, b, "same-payload-of-little", 90, says)


def _same_pixels(subjects: Sequence[Subject], looks: Looks) -> Iterator[Edge]:
    says = "Decoded they are equal, pixel by pixel."
    for first, *others in blocks(subjects, lambda s: s.fact.pixels, largest=None):
        if looks.are_telling(first):
            for other in others:
                if first.fact.payload is None or first.fact.payload != other.fact.payload:
                    yield edge(first, other, "same-pixels", 88, says)


def _same_asset(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """Files of one Apple Photos library that carry one asset's UUID."""
    by_asset: dict[tuple[object, str], list[Subject]] = {}
    for subject in subjects:
        for library, uuid in {(a.library, a.uuid) for a in subject.assets}:
            by_asset.setdefault((library, uuid), []).append(subject)
    for (_, uuid), (first, *others) in by_asset.items():
        for other in others:
            says = f"One Photos library keeps both as the asset {uuid.upper()}."
            yield edge(first, other, "photos-asset", 85, says)


def _live_pairs(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """A still and a film with one ContentIdentifier, wherever they lie."""
    for group in blocks(subjects, lambda s: s.tags.content_identifier):
        stills = [s for s in group if s.is_still]
        films = [s for s in group if s.fact.kind is Kind.VIDEO]
        identifier = group[0].tags.content_identifier
        for film in films:
            for still in stills:
                says = f"Both carry the Live Photo identifier {identifier}."
                yield edge(still, film, "content-identifier", 80, says)
        for a, b in combinations(stills, 2):
            says = f"Both stills carry the Live Photo identifier {identifier}."
            yield edge(a, b, "content-identifier", 70, says)
        for a, b in combinations(films, 2):
            says = f"Both films carry the Live Photo identifier {identifier}."
            yield edge(a, b, "content-identifier", 70, says)


def _motion_films(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """The film that a motion photo carries, taken out of it."""
    films = {s.fact.blake3: s for s in subjects if s.fact.kind is Kind.VIDEO}
    for subject in subjects:
        film = films.get(subject.fact.tail) if subject.fact.tail else None
        if film is not None:
            says = "The film is the one that the motion photo carries, byte by byte."
            yield edge(subject, film, "motion-film", 78, says)


def _lineage(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """What an editor wrote of where a document came from."""
    parents: dict[str, list[Subject]] = {}
    children: dict[str, list[Subject]] = {}
    for subject in subjects:
        own, source = subject.tags.document_id, subject.tags.derived_from
        if own:
            parents.setdefault(own, []).append(subject)
        if source and source != own:
            children.setdefault(source, []).append(subject)
    says = "The editor's history says that one was made from the other."
    for source, made in children.items():
        # A template that many were made from is no shot (ORIGINALS 2.3).
        times = {s.own_time.clock for s in made if s.own_time}
        if len(parents.get(source, ())) == 1 and len(times) <= _MOST_TIMES:
            for child in made:
                yield edge(parents[source][0], child, "derived-from", 68, says)


def _named_source(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """The RAW that a converter or developer names as what it worked on."""
    raws: dict[str, list[Subject]] = {}
    for subject in subjects:
        if subject.fact.kind is Kind.RAW:
            for file in subject.files:
                raws.setdefault(folded(to_str(file.name)), []).append(subject)
    for child in subjects:
        for tag in _SOURCE_NAMES:
            for raw in raws.get(_source_name(child, tag), ()):
                if raw is not child and _is_same_moment(raw, child):
                    says = f"One names {display(raw.fact.name)} as the RAW that it was made from."
                    yield edge(raw, child, "named-source", 66, says)


def _is_same_moment(a: Subject, b: Subject) -> bool:
    return bool(a.own_time and b.own_time and a.own_time.clock == b.own_time.clock)


def _same_unique_id(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """An identifier of the press, where it is one: several makers write a module's name."""
    for group in blocks((s for s in subjects if s.is_still and s.own_time), _unique_id):
        if len({s.own_time.clock for s in group if s.own_time}) > _MOST_TIMES:
            continue  # the same in files of many seconds: it is no identifier
        for a, b in combinations(group, 2):
            if _is_same_moment(a, b):
                says = f"The camera gave both the identifier {_unique_id(a)}."
                yield edge(a, b, "unique-id", 64, says)


def _unique_id(subject: Subject) -> str | None:
    value = subject.tags.all.get("Apple:ImageUniqueID") or subject.tags.image_unique_id
    digits = (value or "").replace("-", "").casefold()
    is_random = (
        len(digits) == _HEX_DIGITS
        and set(digits) <= set("0123456789abcdef")
        and max(digits.count(digit) for digit in digits) <= _MOST_ALIKE
    )
    return value if is_random else None


def _same_count(subjects: Sequence[Subject]) -> Iterator[Edge]:
    """The same camera counted both as the same frame of the same second."""
    for tag in COUNTERS:
        for group in blocks(subjects, partial(_counted, tag=tag)):
            for a, b in combinations(group, 2):
                says = f"{camera_name(a)} counted both as its frame {count(a, tag)}."
                yield edge(a, b, "same-count", 62, says)


def _counted(subject: Subject, tag: str) -> Hashable:
    counted, time = count(subject, tag), subject.own_time
    if not counted or not time or not subject.is_still or not subject.camera:
        return None
    return subject.camera, time.clock, counted


def camera_name(subject: Subject) -> str:
    """The camera, as a sentence names it."""
    return subject.tags.model or subject.tags.make or "The camera"


def blocks(
    subjects: Iterable[Subject],
    key: Callable[[Subject], Hashable],
    largest: int | None = LARGEST_BLOCK,
) -> Iterator[list[Subject]]:
    """Subjects that share a key; those without one, and blocks too large to mean anything, not."""
    found: dict[Hashable, list[Subject]] = {}
    for subject in subjects:
        value = key(subject)
        if value is not None:
            found.setdefault(value, []).append(subject)
    for block in found.values():
        if len(block) > 1 and (largest is None or len(block) <= largest):
            yield block


def by_place(subjects: Iterable[Subject]) -> Iterator[list[Subject]]:
    """Those that lie in one folder and are named after one, whichever copy does."""
    places: dict[tuple[int, str], list[Subject]] = {}
    for subject in subjects:
        for place in subject.places:
            places.setdefault(place, []).append(subject)
    yield from (group for group in places.values() if 1 < len(group) <= LARGEST_PLACE)


def seconds_between(a: Subject, b: Subject) -> float | None:
    """How far the cameras' records are apart; None where one is missing."""
    one, other = a.own_time, b.own_time
    if not one or not other or not one.has_time or not other.has_time:
        return None
    return abs((one.clock - other.clock).total_seconds())


def camera_of(a: Subject, b: Subject) -> str:
    """The camera of two, as a sentence names it."""
    return camera_name(a if a.camera else b)


def clock_of(subject: Subject) -> str:
    """When it was taken, as a sentence says it."""
    return subject.own_time.iso().replace("T", " ") if subject.own_time else "?"


def shared_name(a: Subject, b: Subject) -> str:
    """The name that both come down to, as the plainest of their files spells it."""
    common = a.stems & b.stems
    spelled = (
        name.rpartition(".")[0] or name
        for subject in (a, b)
        for name in (to_str(file.name) for file in subject.files)
        if family(name).stem in common
    )
    return display(min(spelled, key=lambda name: (len(name), name)))
