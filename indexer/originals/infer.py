"""From votes to the original of a shot.

Pure. The rules vote (rules.py); this file counts and says how sure the outcome is. What each
other member is to the original is roles.py.

Doubt is about which picture data is the camera's. Between copies of one picture data the choice
loses nothing, so it makes no shot ambiguous.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from indexer.grouping.looks import UNSEEN
from indexer.grouping.size import pixels
from indexer.model import Confidence, Kind
from indexer.originals.device_era import has_false_extension
from indexer.originals.generations import quality
from indexer.originals.habits import NO_HABITS, Habits
from indexer.originals.richness import genuine, written_later
from indexer.originals.rules import ballot, is_derived, is_infeasible
from indexer.originals.structure import is_heif, is_jpeg, may_be_native_heic
from indexer.originals.vote import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from indexer.grouping.looks import Looks
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId
    from indexer.originals.vote import Vote

_SURE, _LIKELY = 3.0, 1.0  # margins in points (ORIGINALS 3.2)
_AS_LARGE: Final = 0.9  # of the largest's pixels, as in grouping.size
# Breaks ties only (ORIGINALS 3.2); what is not named here comes last.
_FORMATS: Final = ("heic", "heif", "hevc", "mov", "mp4", "jpg", "tif", "png")
# Between HEIC and JPEG, which differ in everything else anyway, only these tell who was first.
_TELL_FORMATS: Final = frozenset(
    {
        *("camera-format", "neighbours-agree", "camera-tables", "foreign-tables", "single-item"),
        *("maker-notes-kept", "smaller", "saved-by-editor", "history", "messenger", "no-metadata"),
        *("foreign-format", "one-piece", "saved-again"),
    }
)
_CHOSEN: Final = "A person chose it."


@dataclass(frozen=True, slots=True)
class Judgement:
    """A shot's original, how sure, and why."""

    original: Subject
    confidence: Confidence
    is_missing: bool
    why: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class _Count:
    """The candidates in their order, with what was said of them."""

    order: tuple[Subject, ...]
    cast: Mapping[ContentId, tuple[Vote, ...]]
    is_missing: bool  # nothing here is the camera's file

    def points(self, subject: Subject) -> float:
        return sum(vote.points for vote in self.cast[subject.content])

    @property
    def rivals(self) -> tuple[Subject, ...]:
        """The others that might be the original as well as the winner."""
        if self.is_missing:
            return self.order[1:]
        return tuple(s for s in self.order[1:] if not is_infeasible(self.cast[s.content]))


def judge(
    subjects: Sequence[Subject],
    chosen: Subject | None = None,
    habits: Habits = NO_HABITS,
    seen: Looks = UNSEEN,
) -> Judgement:
    """Choose the original among the subjects of one shot; what a person chose wins."""
    count = _count(_candidates(subjects), habits, seen)
    if chosen is not None:
        return _judgement(chosen, Confidence.SURE, _CHOSEN, count, is_missing=False)
    original = count.order[0]
    confidence, why = _confidence(count)
    if count.is_missing:
        why = f"{why.rstrip()} {_what_is_left(count.cast[original.content])}"
    return _judgement(original, confidence, why.strip(), count, is_missing=count.is_missing)


def _judgement(
    original: Subject,
    confidence: Confidence,
    why: str,
    count: _Count,
    *,
    is_missing: bool,
) -> Judgement:
    return Judgement(
        original,
        confidence,
        is_missing,
        why,
        tuple(vote for s in count.order for vote in count.cast[s.content]),
    )


def _candidates(subjects: Sequence[Subject]) -> list[Subject]:
    """Stills are judged apart from films, which stand for a shot only where no still does."""
    stills = [s for s in subjects if s.is_still]
    films = [s for s in subjects if s.fact.kind is Kind.VIDEO]
    whole = [film for film in films if film.fact.damage is None]
    # A library's poster of a film is a still, but does not stand for the film.
    if stills and whole and all(still.is_preview for still in stills):
        return whole
    return stills or films or list(subjects)


# --- counting ----------------------------------------------------------------------------


def _count(candidates: Sequence[Subject], habits: Habits, seen: Looks) -> _Count:
    cast = ballot(candidates, habits, seen)
    able = [s for s in candidates if not is_infeasible(cast[s.content])]
    missing = all(is_derived(cast[s.content]) for s in able)
    if len(candidates) == 1:  # as in most shots
        return _Count(tuple(candidates), cast, missing)
    largest = max(map(pixels, candidates))

    def standing(subject: Subject) -> tuple[float, ...]:
        """Low is good. Where all are copies of what is not here, the largest is the best."""
        said = cast[subject.content]
        return (
            is_infeasible(said),
            subject.fact.damage is not None,
            -pixels(subject) if missing and pixels(subject) < _AS_LARGE * largest else -largest,
            -sum(vote.points for vote in said),
            _format_rank(subject),
            -pixels(subject),
            -(genuine(subject) + written_later(subject)) if is_jpeg(subject) else 0,
            -(quality(subject) or 0),
        )

    by_standing = groupby(sorted(candidates, key=standing), key=standing)
    order = tuple(s for _, level in by_standing for s in _tied(level))
    return _Count(order, cast, missing)


def _format_rank(subject: Subject) -> int:
    if subject.fact.kind is Kind.RAW:
        return -1
    if is_heif(subject) and not may_be_native_heic(subject):
        return len(_FORMATS)
    kind = subject.fact.codec if subject.fact.codec == "hevc" else subject.fact.extension
    return _FORMATS.index(kind) if kind in _FORMATS else len(_FORMATS)


def _tied(level: Iterable[Subject]) -> list[Subject]:
    """Members of one standing in order: an honest name, then the path; times count only
    between copies of one picture data, whose metadata can be compared as well.
    """
    level = list(level)
    if len(level) == 1:
        return level
    copies: dict[bytes, list[Subject]] = defaultdict(list)
    for subject in level:
        copies[subject.fact.payload or subject.fact.blake3].append(subject)
    of_one = [sorted(ones, key=_among_copies) for ones in copies.values()]
    return [s for ones in sorted(of_one, key=lambda ones: _among_others(ones[0])) for s in ones]


def _among_copies(subject: Subject) -> tuple[object, ...]:
    oldest = min(file.mtime_ns for file in subject.files)
    return (
        has_false_extension(subject),
        -genuine(subject),
        written_later(subject),
        oldest,
        *_path(subject),
    )


def _among_others(subject: Subject) -> tuple[object, ...]:
    return (has_false_extension(subject), *_path(subject))


def _path(subject: Subject) -> tuple[object, ...]:
    """Short before long: what was copied got a longer name."""
    fact = subject.fact
    return len(fact.name), len(fact.folder_path), fact.folder_path, fact.name, fact.root_path


# --- how sure ----------------------------------------------------------------------------


def _confidence(count: _Count) -> tuple[Confidence, str]:
    original, *others = count.order
    if not others:
        return Confidence.ONLY, "Nothing else of its shot could be the original."
    rivals = count.rivals
    other_data = [s for s in rivals if not _is_same_data(s, original)]
    if not rivals:
        return Confidence.SURE, _joined(
            "None of the others can be the camera's file.", _reason(count)
        )
    if not other_data:
        says = "The others hold the same picture data, so nothing is lost by the choice."
        return Confidence.SURE, _joined(says, _reason(count))
    best = max(other_data, key=count.points)
    margin = count.points(original) - count.points(best)
    confidence = _by_margin(margin)
    if count.is_missing and pixels(best) < _AS_LARGE * pixels(original):
        return Confidence.LIKELY, "It is the largest of the copies."
    if confidence is Confidence.LIKELY and _is_open(original, best, count):
        confidence = Confidence.AMBIGUOUS
    if confidence is Confidence.AMBIGUOUS:
        return confidence, "The evidence is level; both are kept, this one is shown."
    lead = f"It leads the next member by {margin:g} point{'' if margin == 1 else 's'}."
    return confidence, _joined(_reason(count), lead)


def _joined(*sentences: str) -> str:
    return " ".join(said for said in sentences if said)


def _is_same_data(one: Subject, other: Subject) -> bool:
    return one.fact.payload is not None and one.fact.payload == other.fact.payload


def _by_margin(margin: float) -> Confidence:
    if margin >= _SURE:
        return Confidence.SURE
    return Confidence.LIKELY if margin >= _LIKELY else Confidence.AMBIGUOUS


def _is_open(one: Subject, other: Subject, count: _Count) -> bool:
    """Whether nothing tells which of a HEIC and a JPEG was made from the other."""
    if not ((is_heif(one) and is_jpeg(other)) or (is_jpeg(one) and is_heif(other))):
        return False
    said = (*count.cast[one.content], *count.cast[other.content])
    return not any(vote.rule in _TELL_FORMATS for vote in said)


def _reason(count: _Count) -> str:
    """The strongest word for the winner, or against the next, as a sentence."""
    winner, second, *_ = count.order
    if count.is_missing:
        return ""
    told = [{(v.rule, v.points) for v in count.cast[s.content]} for s in (winner, second)]
    shared = told[0] & told[1]

    def apart(subject: Subject) -> list[Vote]:
        return [v for v in count.cast[subject.content] if (v.rule, v.points) not in shared]

    for_it = [vote for vote in apart(winner) if vote.points > 0]
    against = [vote for vote in apart(second) if vote.points < 0]
    if for_it:
        return max(for_it, key=lambda vote: vote.points).says
    if against:
        return f"Of the next: {min(against, key=lambda vote: vote.points).says}"
    return ""


def _what_is_left(cast: Sequence[Vote]) -> str:
    worst = min(cast, key=lambda vote: (vote.verdict is Verdict.SIGN, vote.points))
    return f"{worst.says} It is the best that is left; the camera's file is not here."
