"""Shots and groups as the JSON that others rely on (DESIGN.md section 8)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from indexer.capture_time.moment import iso_offset, parse
from indexer.catalog import failures, generations, shots
from indexer.model import Role
from indexer.paths import to_str
from mediafs.views import duplicates
from mediafs.views.publish import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import apsw

    from indexer.capture_time.moment import Moment
    from indexer.catalog.rows import MemberRow
    from indexer.catalog.shots import ShotRow
    from indexer.model import FileId


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
            "instant": _instant(shot),
            "precision": _precision(shot),
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


def _moment(shot: ShotRow) -> Moment | None:
    return parse(shot.local) if shot.local else None


def _instant(shot: ShotRow) -> str | None:
    """The time in UTC to the second; None where the zone or the time of day is not known."""
    moment = _moment(shot)
    if moment is None or not moment.has_time or shot.offset_min is None:
        return None
    instant = moment.at(shot.offset_min).instant()
    return None if instant is None else f"{instant.replace(tzinfo=None).isoformat()}Z"


def _precision(shot: ShotRow) -> str | None:
    moment = _moment(shot)
    return None if moment is None else str(moment.precision)


def all_shots_json(db: apsw.Connection) -> Iterator[dict[str, object]]:
    """Every shot, by id."""
    rows = shots.all_shots(db)
    for number, members in groupby(shots.members_of_all(db), key=lambda m: m.shot):
        row = next(rows)
        assert row.id == number
        yield shot_json(row, list(members))


def all_groups_json(db: apsw.Connection) -> Iterator[dict[str, Any]]:
    """Every group of duplicates, as the view `duplicates/` shows them.

    Reclaimable is what would be free without the files that the kept one makes superfluous.
    Nothing is offered for a kept file that could not be read of late. Level evidence offers nothing, and what is not equal byte for byte is offered only where
    the camera's own file is there and sure (ORIGINALS.md 3.8).
    """
    options = generations.last_options(db)
    library = load(db, options[1] if options else "beside")
    # Where the camera's file is not here, what was made of it is never sure enough to lose copies.
    missing = {"sure": "likely"}
    confidence = {
        s.id: missing.get(s.confidence, s.confidence) if s.original_missing else s.confidence
        for s in shots.all_shots(db)
    }
    unread = failures.unread_paths(db)
    for shot in library.shots:
        groups = duplicates.groups(shot, library.raw_companion)
        paths = shots.paths_of_shot(db, shot.id) if groups else {}
        for group in groups:
            is_readable = not _lies_in(paths[group.kept.file], unread)
            yield _group_json(group, confidence[shot.id], paths, is_readable=is_readable)


def _lies_in(path: bytes, places: set[bytes]) -> bool:
    ends = (i for i, byte in enumerate(path) if byte == ord("/"))
    return path in places or any(path[:end] in places for end in ends)


def _group_json(
    group: duplicates.Group, confidence: str, paths: dict[FileId, bytes], *, is_readable: bool
) -> dict[str, Any]:
    is_offered = is_readable and (
        confidence == "sure" or (group.reason == Role.IDENTICAL and confidence != "ambiguous")
    )
    return {
        "keep": to_str(paths[group.kept.file]),
        "reason": group.reason,
        "reclaimable": (
            sum(file.size for file in group.others if file.is_offered) if is_offered else 0
        ),
        "files": [
            {"path": to_str(paths[file.file]), "role": str(file.role), "size": file.size}
            for file in (group.kept, *group.others)
        ],
    }
