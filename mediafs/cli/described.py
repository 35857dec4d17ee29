"""Shots and groups as the JSON that others rely on (DESIGN.md section 8)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from indexer.capture_time.moment import iso_offset
from indexer.catalog import shots
from indexer.model import Role
from indexer.paths import to_str
from mediafs.views.bundle import STANDS_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from indexer.catalog.rows import MemberRow
    from indexer.catalog.shots import ShotRow


def shot_json(shot: ShotRow, members: Sequence[MemberRow]) -> dict[str, object]:
    """One line of `shots --json`."""
    return {
        "shot": int(shot.id),
        "original": to_str(members[0].path),
        "confidence": shot.confidence,
        "original_missing": shot.original_missing,
        "captured": {
            "local": shot.local,
            "offset": iso_offset(shot.offset_min),
            "source": shot.source,
            "confidence": shot.time_confidence,
            "why": shot.time_why,
            "unknown": shot.unknown,
            "suggestion": shot.suggestion,
        },
        "members": [
            {"path": to_str(m.path), "role": str(m.role), "blake3": m.blake3.hex(), "size": m.size}
            for m in members
        ],
        "why": shot.why,
        "burst": shot.burst,
    }


def all_shots_json(db: apsw.Connection) -> Iterator[dict[str, object]]:
    """Every shot, by id."""
    rows = shots.all_shots(db)
    for number, members in groupby(shots.members_of_all(db), key=lambda m: m.shot):
        row = next(rows)
        assert row.id == number
        yield shot_json(row, list(members))


def group_json(members: Sequence[MemberRow], confidence: str) -> list[dict[str, object]]:
    """A shot's groups of duplicates, one for each reason; none where nothing is one.

    Reclaimable is what would be free without the files that stand in for the kept one;
    level evidence never offers anything (ORIGINALS.md 3.8).
    """
    kept = members[0]
    groups = []
    for role in STANDS_IN:
        files = [m for m in members if m.role is role]
        if not files:
            continue
        is_offered = role is Role.IDENTICAL or confidence in ("sure", "only")
        groups.append(
            {
                "keep": to_str(kept.path),
                "reason": str(role),
                "reclaimable": sum(m.size for m in files) if is_offered else 0,
                "files": [
                    {"path": to_str(m.path), "role": str(m.role), "size": m.size}
                    for m in (kept, *files)
                ],
            }
        )
    return groups
