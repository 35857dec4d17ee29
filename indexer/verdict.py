"""A decided shot as the rows that keep it: members with their roles, evidence, votes, clues.

Pure. Deciding is elsewhere; here every decision gets the sentence that `explain` prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.capture_time.clue import Trust
from indexer.capture_time.sidecar_times import is_persons_edit
from indexer.catalog.shots import NewMember, NewShot
from indexer.model import NO_TAGS, Role
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from indexer.capture_time.resolve import CaptureTime, JudgedClue
    from indexer.catalog.rows import FactRow
    from indexer.decisions.words import Words
    from indexer.grouping.components import Group
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId, FileId, Tags
    from indexer.originals.infer import Judgement


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that was decided about one shot."""

    group: Group
    burst: str | None
    judgement: Judgement
    roles: tuple[tuple[Subject, Role, str], ...]  # without the original
    time: CaptureTime
    clues: tuple[JudgedClue, ...]


def rows(
    verdict: Verdict,
    sidecars: Mapping[FileId, Sequence[FactRow]],
    tags: Mapping[ContentId, Tags],
    words: Words,
) -> NewShot:
    """The shot as the catalog keeps it."""
    judgement = verdict.judgement
    return NewShot(
        str(judgement.confidence),
        judgement.is_missing,
        verdict.burst,
        judgement.why,
        (*_members(verdict, words), *_sidecars(verdict, sidecars, tags)),
        tuple(_evidence(verdict.group)),
        tuple((v.subject.fact.file, v.rule, v.points, v.says) for v in judgement.votes),
        tuple(_clue(judged) for judged in verdict.clues),
        _capture(verdict.time),
    )


def _members(verdict: Verdict, words: Words) -> Iterator[NewMember]:
    original = verdict.judgement.original
    tied = next(part for part in verdict.group.parts if original in part)
    yield NewMember(original.fact.file, Role.ORIGINAL, None, verdict.judgement.why)
    yield from _copies(original, Role.ORIGINAL, words)
    for subject, role, says in verdict.roles:
        # What only its looks tie, or a person wants left alone, is never called superfluous.
        is_offered = subject in tied and subject.fact.blake3 not in words.ignored
        yield NewMember(subject.fact.file, role, original.fact.file, says, is_offered)
        yield from _copies(subject, role, words)


def _copies(subject: Subject, role: Role, words: Words) -> Iterator[NewMember]:
    says = f"Its bytes equal those of {display(subject.fact.name)}."
    # A copy of an edit is an edit still: it stands in for that one, not the original.
    kept = role if role is Role.EDIT else Role.IDENTICAL
    is_offered = subject.fact.blake3 not in words.ignored
    for copy in subject.files[1:]:
        yield NewMember(copy.file, kept, subject.fact.file, says, is_offered)


def _sidecars(
    verdict: Verdict,
    sidecars: Mapping[FileId, Sequence[FactRow]],
    tags: Mapping[ContentId, Tags],
) -> Iterator[NewMember]:
    for subject in (verdict.judgement.original, *(s for s, _, _ in verdict.roles)):
        for copy in subject.files:
            for sidecar in sidecars.get(copy.file, ()):
                says = _sidecar_says(copy, tags.get(sidecar.content, NO_TAGS))
                yield NewMember(sidecar.file, Role.SIDECAR, copy.file, says)


def _sidecar_says(of: FactRow, tags: Tags) -> str:
    by_person = is_persons_edit(tags)
    if by_person is None:
        return f"It speaks about {display(of.name)}."
    who = "a person" if by_person else "the camera itself"
    return f"It keeps what {who} adjusted in {display(of.name)}."


def _evidence(group: Group) -> Iterator[tuple[FileId, FileId, str, str]]:
    for subject in group.subjects:
        for copy in subject.files[1:]:
            yield subject.fact.file, copy.file, "identical", "Their bytes are equal (BLAKE3)."
    for edge in group.edges:
        yield edge.a.fact.file, edge.b.fact.file, edge.kind, edge.says


def _clue(judged: JudgedClue) -> tuple[FileId, str, str, str | None, int | None, int, str]:
    clue, moment = judged.clue, judged.clue.moment
    local = None if moment is None else moment.iso()
    offset = None if moment is None else moment.offset_min
    return clue.file, clue.source, _utf8(clue.value), local, offset, judged.is_used, judged.says


def _capture(
    time: CaptureTime,
) -> tuple[str | None, int | None, str, str, str, str | None, str | None, str | None]:
    moment = time.moment
    return (
        None if moment is None else moment.iso(),
        None if moment is None else moment.offset_min,
        time.source,
        str(time.confidence if moment else Trust.NONE),
        _utf8(time.why),
        None if time.unknown is None else str(time.unknown),
        time.suggestion,
        time.suggestion_why and _utf8(time.suggestion_why),
    )


def _utf8(text: str) -> str:
    """SQLite's text has no place for the surrogates that stand for undecodable bytes."""
    return text.encode("utf-8", "replace").decode("utf-8")
