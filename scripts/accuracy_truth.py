"""Which pairs of files are one press of the shutter, and what a program's answer is worth beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from derivatives import CHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt
    from derivatives import MadeFile

    Square = npt.NDArray[np.bool_]
    Distances = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one program says of the library, a row and a column for each file."""

    joined: Square
    seconds: float
    unread: int  # files it could make nothing of: pairs that it cannot find
    distances: Distances | None = None  # where a threshold decides


@dataclass(frozen=True)  # no slots: cached_property
class Truth:
    """Pairs of files that are one press, each pair once."""

    made: Sequence[MadeFile]

    @cached_property
    def pairs(self) -> Square:
        return np.triu(np.ones((len(self.made),) * 2, np.bool_), 1)

    @cached_property
    def same(self) -> Square:
        press = np.unique([m.press for m in self.made], return_inverse=True)[1]
        return np.asarray(press[:, None] == press[None, :])

    @cached_property
    def true(self) -> Square:
        return self.pairs & self.same

    @cached_property
    def false(self) -> Square:
        return self.pairs & ~self.same

    def either(self, wanted: Iterable[bool]) -> Square:
        """Pairs of which at least one file is so."""
        flags = np.fromiter(wanted, np.bool_, len(self.made))
        return flags[:, None] | flags[None, :]

    @cached_property
    def hard(self) -> Square:
        """False pairs with a file that is there to mislead."""
        return self.false & self.either(m.is_hard for m in self.made)

    @cached_property
    def hard_and_full(self) -> Square:
        """Those without empty frames."""
        return self.hard & ~self.either(m.change == "empty" for m in self.made)

    @cached_property
    def sources(self) -> dict[str, int]:
        """Press to the row of its photograph."""
        return {m.press: i for i, m in enumerate(self.made) if m.change == "source"}

    def copies(self, change: str, *, is_kept: bool | None = None) -> list[tuple[int, int]]:
        """Photograph and copy, for one change; with the metadata kept, stripped, or both."""
        return [
            (self.sources[m.press], i)
            for i, m in enumerate(self.made)
            if m.change == change and is_kept in (None, m.is_kept)
        ]


def part(joined: Square, pairs: Sequence[tuple[int, int]]) -> str:
    """How many of these pairs are joined: `11 of 12`."""
    return f"{sum(bool(joined[a, b]) for a, b in pairs)} of {len(pairs)}" if pairs else ""


def figures(truth: Truth, answer: Answer) -> dict[str, Any]:
    """What one program's answer is worth."""
    joined = answer.joined
    right, wrong = int((joined & truth.true).sum()), int((joined & truth.false).sum())
    copies = [pair for change in CHANGES for pair in truth.copies(change.name)]
    found = sum(bool(joined[a, b]) for a, b in copies)
    return {
        "precision": right / max(1, right + wrong),
        "recall_of_copies": found / max(1, len(copies)),
        "recall_of_pairs": right / int(truth.true.sum()),
        "true_pairs": right,
        "false_pairs": wrong,
        "false_pairs_with_hard": int((joined & truth.hard).sum()),
        "false_pairs_with_hard_not_empty": int((joined & truth.hard_and_full).sum()),
        "unread": answer.unread,
        "seconds": answer.seconds,
        "faultless": {
            "all": faultless(truth, answer, truth.hard),
            "without empty frames": faultless(truth, answer, truth.hard_and_full),
        },
    }


def faultless(truth: Truth, answer: Answer, hard: Square) -> dict[str, float] | None:
    """The widest threshold that joins no hard pair, and what it finds. None without thresholds."""
    if answer.distances is None:
        return None
    nearest = int(answer.distances[hard].min())
    joined = answer.distances < nearest
    copies = [pair for change in CHANGES for pair in truth.copies(change.name)]
    found = sum(bool(joined[a, b]) for a, b in copies) / max(1, len(copies))
    return {"bits": nearest - 1, "recall_of_copies": found}


def kinds_of_false(truth: Truth, answer: Answer) -> dict[str, int]:
    """How many false pairs there are of which kinds, most first."""
    counts: dict[str, int] = defaultdict(int)
    for a, b in np.argwhere(answer.joined & truth.false):
        counts[" + ".join(sorted(_kind(truth.made[i]) for i in (a, b)))] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _kind(made: MadeFile) -> str:
    return made.change if made.is_hard else "photograph"


def false_pairs(truth: Truth, answer: Answer) -> list[str]:
    """Each false pair once for two presses, with the first two files; hard ones first."""
    seen: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for a, b in np.argwhere(answer.joined & truth.false):
        presses = sorted((truth.made[a].press, truth.made[b].press))
        seen[presses[0], presses[1]].append((int(a), int(b)))
    lines = []
    for pairs in seen.values():
        a, b = (truth.made[i] for i in pairs[0])
        more = f" and {len(pairs) - 1} more pairs of them" if len(pairs) > 1 else ""
        lines.append((not (a.is_hard and b.is_hard), f"{_named(a)} + {_named(b)}{more}"))
    return [line for _, line in sorted(lines)]


def _named(made: MadeFile) -> str:
    return f"{made.path} ({made.press})"


def missed(truth: Truth, answer: Answer) -> dict[str, list[str]]:
    """Copies that are not with their photograph, by what was done to them."""
    found = {}
    for change in CHANGES:
        for is_kept in (True, False):
            pairs = truth.copies(change.name, is_kept=is_kept)
            lost = [_named(truth.made[b]) for a, b in pairs if not answer.joined[a, b]]
            if lost:
                found[f"{change.name}, {'kept' if is_kept else 'stripped'}"] = lost
    return found


def wrong_roles(folder: Path, truth: Truth, shots: Sequence[dict[str, Any]]) -> list[str]:
    """Edits that are said to be mere copies of a file that is none."""
    edits = {str(folder / "library" / m.path): m for m in truth.made if m.is_edit}
    return [
        f"{_named(edits[member['path']])}: {member['role']}"
        for shot in shots
        for member in shot["members"]
        if member["path"] in edits
        and member["role"] in ("identical", "same-payload")
        and shot["original"] not in edits
    ]


def originals(folder: Path, truth: Truth, shots: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Of photographs with metadata that found a copy: how many stand first; and what does not."""
    named = {str(folder / "library" / m.path): m for m in truth.made}
    judged = {m.press for m in truth.made if m.is_kept}
    right, wrong = 0, []
    for shot in shots:
        members = [named[m["path"]] for m in shot["members"]]
        source = next((m for m in members if m.change == "source" and m.press in judged), None)
        if source and len(members) > 1:
            original = named[shot["original"]]
            right += original is source
            if original is not source:
                wrong.append(f"{_named(original)} before {source.path}: {shot['why']}")
    return right, wrong
