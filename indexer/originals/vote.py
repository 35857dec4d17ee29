"""One rule's word about one subject, and what a word can do.

The points of each rule are weights.py; who says what is rules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.habits import Habits

    Rule = Callable[["Subject", "Bench"], Iterator["Remark"]]


class Verdict(StrEnum):
    """What a vote can do beyond its points."""

    SIGN = "sign"  # adds its points, and no more
    DERIVED = "derived"  # another program wrote the picture data; alone, the original is missing
    INFEASIBLE = "infeasible"  # it can't be the camera's file while a member stands that can


@dataclass(frozen=True, slots=True)
class Vote:
    """One rule's word about one subject."""

    subject: Subject
    rule: str
    points: float
    says: str
    verdict: Verdict = Verdict.SIGN
    is_own: bool = True  # False: said only beside the others of the shot


class Remark(NamedTuple):
    """What a rule found: the name of its weight, and a sentence."""

    rule: str
    says: str


@dataclass(frozen=True, slots=True)
class Bench:
    """Those beside whom a subject is judged, itself left out.

    Only `rivals` are compared with: a preview, an edit or a broken file has nothing to say
    against the camera's own, however large it is.
    """

    peers: tuple[Subject, ...]  # every other candidate
    rivals: tuple[Subject, ...]  # those of them that can be the original
    habits: Habits
