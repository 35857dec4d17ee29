"""From facts to shots: capture times, groups, originals, roles, each with its reasons.

A pure function of the catalog's facts, apart from reading them and writing the outcome.
The order of the steps is here and nowhere else; what each step decides is in its package.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from indexer.capture_time.clues import (
    FILE_NAME,
    Clue,
    Trust,
    clues_of,
    clues_of_name,
    clues_of_sidecar,
)
from indexer.capture_time.resolve import CaptureTime, JudgedClue, resolve
from indexer.catalog import facts, shots
from indexer.catalog.shots import NewMember, NewShot
from indexer.grouping import components
from indexer.grouping.evidence import edges
from indexer.grouping.subject import Subject, preference, subjects_of
from indexer.metadata.sidecar import partner
from indexer.model import MEDIA, Kind, Role, Tags
from indexer.originals.infer import Judgement, judge
from indexer.paths import display, to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

    from indexer.catalog.rows import FactRow
    from indexer.grouping.evidence import Edge
    from indexer.model import ContentId, FileId

_NO_TAGS = Tags()
_SIDECAR_SAYS = "Its name says that it speaks about {}."


def derive(db: apsw.Connection) -> int:
    """Write every shot anew; the number of shots. The caller holds the transaction."""
    files = list(facts.present_files(db))
    tags = facts.all_tags(db)
    now = datetime.now(UTC).replace(tzinfo=None)
    return shots.replace(db, derived(files, tags, now))


def derived(
    files: Sequence[FactRow], tags: dict[ContentId, Tags], now: datetime
) -> Iterator[NewShot]:
    """The shots that these facts make; in an order that does not depend on the scan's."""
    media = [f for f in files if f.kind in MEDIA]
    sidecars = _sidecars(files)
    clues = _with_sidecars(_clues(media, tags, now), media, sidecars, tags, now)
    subjects = [s for s in subjects_of(media, tags, clues, _NO_TAGS) if s.is_worth_a_shot]
    for group, inside in components.join(subjects, edges(subjects)):
        yield _shot(group, inside, sidecars)


def _clues(
    media: Iterable[FactRow], tags: dict[ContentId, Tags], now: datetime
) -> dict[ContentId, tuple[Clue, ...]]:
    """Each content's clues; a date in the name comes from whichever copy has one."""
    found: dict[ContentId, tuple[Clue, ...]] = {}
    for fact in sorted(media, key=preference):
        known, name = found.get(fact.content), to_str(fact.name)
        if known is None:
            own = tags.get(fact.content, _NO_TAGS)
            found[fact.content] = tuple(clues_of(fact.file, own, name, now, fact.duration_ms))
        elif not any(clue.source == FILE_NAME for clue in known):
            found[fact.content] = (*known, *clues_of_name(fact.file, name, now))
    return found


def _with_sidecars(
    clues: dict[ContentId, tuple[Clue, ...]],
    media: Iterable[FactRow],
    sidecars: dict[FileId, list[FactRow]],
    tags: dict[ContentId, Tags],
    now: datetime,
) -> dict[ContentId, tuple[Clue, ...]]:
    """The clues, with those that sidecars hold about the same content."""
    for fact in media:
        for sidecar in sidecars.get(fact.file, ()):
            own = tags.get(sidecar.content, _NO_TAGS)
            clues[fact.content] += tuple(clues_of_sidecar(sidecar.file, own, now))
    return clues


def _sidecars(files: Iterable[FactRow]) -> dict[FileId, list[FactRow]]:
    """Media file to the sidecars that speak about it."""
    attached: dict[FileId, list[FactRow]] = defaultdict(list)
    in_order = sorted(files, key=attrgetter("folder", "name"))
    for _, group in groupby(in_order, key=attrgetter("folder")):
        folder = list(group)
        media = {to_str(f.name).casefold(): f for f in folder if f.kind in MEDIA}
        for sidecar in folder:
            if sidecar.kind is Kind.SIDECAR:
                twin = partner(to_str(sidecar.name), media)
                if twin is not None:
                    attached[twin.file].append(sidecar)
    return attached


def _shot(
    group: Sequence[Subject], inside: Sequence[Edge], sidecars: dict[FileId, list[FactRow]]
) -> NewShot:
    judgement = judge(group)
    ranked = [judgement.original, *(s for s, _, _ in judgement.roles)]
    time, judged = resolve([s.clues for s in ranked])
    members = tuple(_members(judgement, sidecars))
    bursts = {s.tags.burst_uuid for s in group if s.tags.burst_uuid}
    return NewShot(
        str(judgement.confidence),
        judgement.is_missing,
        min(bursts, default=None),
        judgement.why,
        members,
        tuple(_evidence(group, inside)),
        tuple((v.subject.fact.file, v.rule, v.points, v.says) for v in judgement.votes),
        tuple(_clue_row(j) for j in judged),
        _capture_row(time),
    )


def _members(judgement: Judgement, sidecars: dict[FileId, list[FactRow]]) -> Iterator[NewMember]:
    original = judgement.original.fact
    yield NewMember(original.file, Role.ORIGINAL, None, judgement.why)
    subjects = [(judgement.original, Role.ORIGINAL, ""), *judgement.roles]
    for subject, role, says in subjects:
        if role is not Role.ORIGINAL:
            yield NewMember(subject.fact.file, role, original.file, says)
        for copy in subject.files[1:]:
            said = f"Its bytes equal those of {display(subject.fact.name)}."
            # A copy of an edit is an edit still: it stands in for that one, not the original.
            kept = role if role is Role.EDIT else Role.IDENTICAL
            yield NewMember(copy.file, kept, subject.fact.file, said)
    for subject, _, _ in subjects:
        for copy in subject.files:
            for sidecar in sidecars.get(copy.file, ()):
                says = _SIDECAR_SAYS.format(display(copy.name))
                yield NewMember(sidecar.file, Role.SIDECAR, copy.file, says)


def _evidence(
    group: Sequence[Subject], inside: Iterable[Edge]
) -> Iterator[tuple[FileId, FileId, str, str]]:
    for subject in group:
        for copy in subject.files[1:]:
            yield subject.fact.file, copy.file, "identical", "Their bytes are equal (BLAKE3)."
    for edge in inside:
        yield edge.a.fact.file, edge.b.fact.file, edge.kind, edge.says


def _clue_row(
    judged: JudgedClue,
) -> tuple[FileId, str, str, str | None, int | None, int, str]:
    clue, moment = judged.clue, judged.clue.moment
    local = None if moment is None else moment.iso()
    offset = None if moment is None else moment.offset_min
    value = clue.value.encode("utf-8", "replace").decode("utf-8")
    return clue.file, clue.source, value, local, offset, int(judged.is_used), judged.says


def _capture_row(
    time: CaptureTime,
) -> tuple[str | None, int | None, str, str, str, str | None, str | None, str | None]:
    moment = time.moment
    return (
        None if moment is None else moment.iso(),
        None if moment is None else moment.offset_min,
        time.source,
        str(time.confidence if moment else Trust.NONE),
        time.why.encode("utf-8", "replace").decode("utf-8"),
        None if time.unknown is None else str(time.unknown),
        time.suggestion,
        time.suggestion_why and time.suggestion_why.encode("utf-8", "replace").decode("utf-8"),
    )
