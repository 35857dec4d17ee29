"""From facts to shots: capture times, groups, originals, roles, each with its reasons.

A pure function of the catalog's facts and a person's words, apart from reading them and
writing the outcome. The order of the steps is here and nowhere else; what each step decides
is in its package. Everything is derived, or what news affects: the outcome is the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indexer.capture_time.resolve import resolve
from indexer.capture_time.siblings import Inferred, Taken, by_neighbours
from indexer.catalog import affected, looks, readings, remembered, shots
from indexer.catalog.rows import Changed
from indexer.compare import compare
from indexer.decisions.words import NOTHING_SAID
from indexer.grouping import components
from indexer.grouping.bursts import bursts
from indexer.grouping.edges import edges
from indexer.grouping.keys import keys_of
from indexer.grouping.looks import UNSEEN, Looks, Near
from indexer.grouping.sidecars import attached
from indexer.grouping.subject import device_named
from indexer.incremental import neighbourhood, usage
from indexer.incremental.circle import Circle
from indexer.library import Library, subjects_in
from indexer.originals.habits import habits_of
from indexer.originals.infer import judge
from indexer.originals.roles import role_of
from indexer.paths import to_str
from indexer.sweeping import unswept
from indexer.verdict import Verdict, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import apsw

    from indexer.catalog.rows import FactRow
    from indexer.catalog.shots import NewShot
    from indexer.decisions.words import Words
    from indexer.grouping.components import Group
    from indexer.model import ContentId, ShotId, Tags
    from indexer.originals.habits import Habits

# Above this share of a library in the news, looking at everything costs less. Arbitrary.
_FEW = 0.2


def derive(
    db: apsw.Connection,
    words: Words = NOTHING_SAID,
    *,
    spoken: Collection[bytes] | None = None,
    now: datetime | None = None,
) -> Changed | None:
    """Bring the shots up to date; what was rewritten, None: everything. The caller holds the
    transaction.

    `spoken` are the digests about which a person's word is new since the last derive; None:
    nothing that is remembered may be built upon. `now` is naive UTC.
    """
    compare(db)
    news = remembered.news(db)
    library = Library(db, now or datetime.now(UTC).replace(tzinfo=None))
    known = remembered.count(db)
    if spoken is None or not known or len(news.contents) > _FEW * known:
        with unswept():
            _everything(db, library, words)
        changed = None
    else:
        contents = news.contents | readings.contents_of(db, spoken) | library.attach(news.folders)
        contents |= affected.contents_in_future(db)
        changed = _affected(db, library, words, contents)
        changed = replace(changed, files=changed.files | news.files)
    remembered.forget_news(db)
    return changed


def derived(
    files: Sequence[FactRow],
    tags: Mapping[ContentId, Tags],
    now: datetime,
    words: Words = NOTHING_SAID,
    seen: Looks = UNSEEN,
) -> Iterator[NewShot]:
    """The shots that these facts make; in an order that does not depend on the scan's."""
    sidecars = attached(files, tags)
    subjects = subjects_in(files, sidecars, tags, now)
    groups = components.join(subjects, edges(subjects, seen, words), seen)
    for verdict in _settled(_judged(groups, words, seen, habits_of(subjects))):
        yield rows(verdict, sidecars, tags, words)


def _everything(db: apsw.Connection, library: Library, words: Words) -> None:
    """Decide everything anew, and remember what the next derive may build upon."""
    shots.remove_all(db)
    remembered.forget_everything(db)
    subjects = library.everything()
    near = tuple(Near(n.a, n.b, n.turn, n.residual) for n in looks.near(db))
    seen = Looks(looks.Fingerprints(db), near)
    remembered.put_keys(db, {s.content: keys_of(s) for s in subjects})
    groups = components.join(subjects, edges(subjects, seen, words), seen)
    found = _judged(groups, words, seen, usage.everything(db, groups))
    neighbourhood.everything(db, map(_taken, found))
    for verdict in _settled(found):
        shots.put(db, rows(verdict, library.sidecars, library.tags, words))


def _affected(
    db: apsw.Connection, library: Library, words: Words, contents: Collection[ContentId]
) -> Changed:
    """Decide anew what these contents affect."""
    circle = Circle(db, library, words, contents)
    before: set[ShotId] = set()
    while True:
        looked_at = {*contents, *circle.inside}
        before |= affected.shots_of_contents(db, looked_at)
        groups = components.join(circle.subjects(), circle.edges(), circle.looks)
        more = usage.update(db, looked_at, groups) - circle.inside
        if not more:
            found = _judged(groups, words, circle.looks, usage.habits(db, groups))
            taken = [_taken(verdict) for verdict in found]
            beside = neighbourhood.update(db, affected.originals_of(db, before), taken)
            more = readings.contents_of_files(db, beside) - circle.inside
        if not more:
            break
        circle.grow(more)
    files = set(affected.files_of_shots(db, before))
    settled = _settled(found, neighbourhood.lenders(db, taken))
    shots.remove(db, before)
    written = {
        shots.put(db, rows(verdict, library.sidecars, library.tags, words)) for verdict in settled
    }
    return Changed(frozenset(written), frozenset(files | set(affected.files_of_shots(db, written))))


def _judged(groups: Sequence[Group], words: Words, seen: Looks, habits: Habits) -> list[Verdict]:
    """Each group's verdict, as far as it follows from the group itself."""
    sets = bursts([group.subjects for group in groups])
    return [
        _verdict(group, burst, words, seen, habits)
        for group, burst in zip(groups, sets, strict=True)
    ]


def _settled(found: Sequence[Verdict], lenders: Iterable[Taken] = ()) -> list[Verdict]:
    """The verdicts with what their neighbours add, those of `lenders` among them."""
    inferred = by_neighbours([*map(_taken, found), *lenders])
    return [
        verdict if better is None else _improved(verdict, better)
        for verdict, better in zip(found, inferred, strict=False)
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
    tags = original.tags
    device = device_named(tags.make, tags.model, tags.serial)
    return Taken(original.fact.file, device, paths, verdict.time)


def _improved(verdict: Verdict, by: Inferred) -> Verdict:
    return replace(verdict, time=by.time, clues=tuple(by.judged(verdict.clues)))
