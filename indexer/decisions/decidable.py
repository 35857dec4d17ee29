"""Which files a person can decide about, and one sentence for each of the others.

A word is kept by digest, so the file must be there with the bytes that the catalog knows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.catalog import report, shots, tree
from indexer.decisions.words import Verdict
from indexer.errors import DecisionRefused
from indexer.model import Role
from indexer.paths import display, join

if TYPE_CHECKING:
    import apsw

    from indexer.catalog.report import FileRow
    from indexer.model import FileId, ShotId


@dataclass(frozen=True, slots=True)
class Subject:
    """A content that can be decided about."""

    path: bytes
    blake3: bytes
    others: frozenset[bytes]  # the other contents of its shot, without sidecars


def subject(db: apsw.Connection, file: FileId, verdict: Verdict, host: str) -> Subject:
    """The file's content and its shot. Raises DecisionRefused where there is nothing to decide."""
    row = report.file(db, file)
    assert row is not None
    number = shots.shot_of(db, file)
    _refuse_state(row)
    _refuse_kind(row, number)
    if verdict is Verdict.ORIGINAL and row.damage:
        raise DecisionRefused(
            f"{display(row.path)} is {row.damage}, and a damaged file never stands for its shot "
            "while a whole one is there; say --original of a whole one."
        )
    _refuse_absent(db, row, file, host)
    assert row.blake3 is not None
    assert number is not None
    members = shots.members(db, number)
    others = {m.blake3 for m in members if m.role is not Role.SIDECAR} - {row.blake3}
    return Subject(row.path, row.blake3, frozenset(others))


def content(db: apsw.Connection, file: FileId) -> tuple[bytes, bytes]:
    """Path and digest, to take a word back: the file may be gone or on an absent disk."""
    row = report.file(db, file)
    assert row is not None
    if row.blake3 is None:
        raise DecisionRefused(
            f"{display(row.path)} was never read, so nothing was decided about it; "
            "`mediafs decide --list` shows what was."
        )
    return row.path, row.blake3


def _refuse_state(row: FileRow) -> None:
    match row.state:
        case "present":
            return
        case "gone":
            why = "is not on its disk any more; decide about a file that is there."
        case "excluded":
            why = (
                f"is left out by the pattern {row.says}; put that under `include` in the config"
                " file, run `mediafs reindex` and say it again."
            )
        case _ if row.blake3:  # it is rotten, and says in what way
            why = (
                f"{row.says}; put a good copy in its place, run `mediafs reindex` and say it again."
            )
        case _:
            why = f"was not read ({row.says}); run `mediafs reindex` once it can be, and say it again."
    raise DecisionRefused(f"{display(row.path)} {why}")


def _refuse_kind(row: FileRow, number: ShotId | None) -> None:
    shown = display(row.path)
    if row.kind == "sidecar":
        raise DecisionRefused(
            f"{shown} is a sidecar, which goes where its picture goes; decide about that one."
        )
    if number is None:
        what = row.damage or f"no photograph, film or sound ({row.mime})"
        raise DecisionRefused(
            f"{shown} belongs to no shot, for it is {what}; there is nothing to decide about it."
        )


def _refuse_absent(db: apsw.Connection, row: FileRow, file: FileId, host: str) -> None:
    shown = display(row.path)
    source = tree.source(db, file, host)
    assert source is not None
    if not source.is_online:
        raise DecisionRefused(
            f"{shown} is on a disk that is not there; plug it in, run `mediafs reindex` and say "
            "it again."
        )
    try:
        found = os.lstat(join(source.root_path, source.path))
    except OSError as exc:
        raise DecisionRefused(
            f"{shown} cannot be looked at ({exc.strerror}); plug its disk in, or run "
            "`mediafs reindex` if it is gone."
        ) from exc
    if (found.st_size, found.st_mtime_ns) != (source.stamp.size, source.stamp.mtime_ns):
        raise DecisionRefused(
            f"{shown} changed since it was indexed; run `mediafs reindex` and say it again of "
            "what is there now."
        )
