"""From facts to shots: capture times, groups, originals, roles, each with its reasons.

A pure function of the catalog's facts and a person's words, apart from reading them and
writing the outcome. The order of the steps is here and nowhere else; what each step decides
is in its package.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from indexer.capture_time.clues import (
    FILE_NAME,
    Clue,
    clues_of,
    clues_of_folders,
    clues_of_name,
    clues_of_sidecar,
)
from indexer.capture_time.resolve import resolve
from indexer.capture_time.siblings import Inferred, Taken, by_neighbours
from indexer.catalog import facts, looks, shots
from indexer.compare import compare
from indexer.decisions.words import NOTHING_SAID
from indexer.grouping import components
from indexer.grouping.alike import by_looks
from indexer.grouping.bursts import bursts
from indexer.grouping.evidence import by_bytes_and_names, once
from indexer.grouping.looks import UNSEEN, Looks, Near
from indexer.grouping.press import by_clock
from indexer.grouping.recordings import by_recording
from indexer.grouping.sidecars import attached
from indexer.grouping.subject import Subject, preference, subjects_of
from indexer.model import MEDIA, Tags
from indexer.originals.habits import habits_of
from indexer.originals.infer import judge
from indexer.originals.roles import role_of
from indexer.paths import to_str
from indexer.verdict import Verdict, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import apsw

    from indexer.catalog.rows import FactRow
    from indexer.catalog.shots import NewShot
    from indexer.decisions.words import Words
    from indexer.grouping.components import Group
    from indexer.grouping.evidence import Edge
    from indexer.model import ContentId, FileId
    from indexer.originals.habits import Habits

_NO_TAGS = Tags()


def derive(db: apsw.Connection, words: Words = NOTHING_SAID) -> int:
    """Write every shot anew; the number of shots. The caller holds the transaction."""
    compare(db)
    files = list(facts.present_files(db))
    tags = facts.all_tags(db)
    now = datetime.now(UTC).replace(tzinfo=None)
    near = tuple(Near(n.a, n.b, n.turn, n.residual) for n in looks.near(db))
    seen = Looks(looks.Fingerprints(db), near)
    return shots.replace(db, derived(files, tags, now, words, seen))


def derived(
    files: Sequence[FactRow],
    tags: Mapping[ContentId, Tags],
    now: datetime,
    words: Words = NOTHING_SAID,
    seen: Looks = UNSEEN,
) -> Iterator[NewShot]:
    """The shots that these facts make; in an order that does not depend on the scan's."""
    sidecars = attached(files, tags)
    speaking = {sidecar.file for some in sidecars.values() for sidecar in some}
    media = [f for f in files if f.kind in MEDIA and f.file not in speaking]
    clues = _clues(media, sidecars, tags, now)
    subjects = [s for s in subjects_of(media, tags, clues, _NO_TAGS) if s.is_worth_a_shot]
    groups = components.join(subjects, edges(subjects, seen, words), seen)
    for verdict in _decided(groups, words, seen, habits_of(subjects)):
        yield rows(verdict, sidecars, tags, words)


def edges(subjects: Sequence[Subject], seen: Looks, words: Words = NOTHING_SAID) -> Iterator[Edge]:
    """Every tie between two subjects, each once; none to what a person said is no duplicate."""
    free = [s for s in subjects if s.fact.blake3 not in words.apart]
    return once(
        chain(
            by_bytes_and_names(free, seen),
            by_clock(free, seen),
            by_recording(free),
            by_looks(free, seen),
        )
    )


def _clues(
    media: Sequence[FactRow],
    sidecars: Mapping[FileId, Sequence[FactRow]],
    tags: Mapping[ContentId, Tags],
    now: datetime,
) -> dict[ContentId, tuple[Clue, ...]]:
    """Each content's clues; a date in the name comes from whichever copy has one."""
    found: dict[ContentId, tuple[Clue, ...]] = {}
    for fact in sorted(media, key=preference):
        known, name = found.get(fact.content), to_str(fact.name)
        if known is None:
            own = tags.get(fact.content, _NO_TAGS)
            found[fact.content] = tuple(
                clues_of(fact.file, own, name, now, fact.duration_ms, saved=_saved(fact))
            )
        elif not any(clue.source == FILE_NAME for clue in known):
            found[fact.content] = (*known, *clues_of_name(fact.file, name, now))
    for fact in media:
        for sidecar in sidecars.get(fact.file, ()):
            own = tags.get(sidecar.content, _NO_TAGS)
            found[fact.content] += tuple(clues_of_sidecar(sidecar.file, own, now))
    for fact in media:
        if not any(clue.is_usable for clue in found[fact.content]):
            found[fact.content] += tuple(clues_of_folders(fact.file, to_str(fact.folder_path), now))
    return found


def _saved(fact: FactRow) -> datetime | None:
    """When the disk says that the file was written, in naive UTC; None where that is no date."""
    try:
        return datetime.fromtimestamp(fact.mtime_ns // 10**9, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def _decided(groups: Sequence[Group], words: Words, seen: Looks, habits: Habits) -> list[Verdict]:
    sets = bursts([group.subjects for group in groups])
    found = [
        _verdict(group, burst, words, seen, habits)
        for group, burst in zip(groups, sets, strict=True)
    ]
    inferred = by_neighbours([_taken(verdict) for verdict in found])
    return [
        verdict if better is None else _improved(verdict, better)
        for verdict, better in zip(found, inferred, strict=True)
    ]


def _verdict(group: Group, burst: str | None, words: Words, seen: Looks, habits: Habits) -> Verdict:
    subjects = group.subjects
    chosen = min(
        (s for s in subjects if s.fact.blake3 in words.originals),
        key=lambda s: words.originals.index(s.fact.blake3),
        default=None,
    )
    heard = [s for s in subjects if s.fact.blake3 not in words.ignored]
    judgement = judge(heard or subjects, chosen, habits, seen)
    original = judgement.original
    roles = tuple((s, *role_of(s, original, seen)) for s in subjects if s is not original)
    time, clues = resolve([s.clues for s in (original, *(s for s, _, _ in roles))])
    return Verdict(group, burst, judgement, roles, time, tuple(clues))


def _taken(verdict: Verdict) -> Taken:
    original = verdict.judgement.original
    members = (original, *(subject for subject, _, _ in verdict.roles))
    paths = tuple((f.folder, to_str(f.name)) for subject in members for f in subject.files)
    device = original.camera and f"{original.camera} {original.tags.serial or ''}"
    return Taken(original.fact.file, device, paths, verdict.time)


def _improved(verdict: Verdict, by: Inferred) -> Verdict:
    return replace(verdict, time=by.time, clues=tuple(by.judged(verdict.clues)))
