"""`mediafs explain PATH`: a file's shot, every member, vote and clue, and where it appears.

What is known is gathered here; explanation.py says it in words.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import open_reader, report, shots, tree
from indexer.catalog.connection import DECISIONS
from indexer.decisions import words
from indexer.errors import NotKnown
from indexer.paths import display, to_bytes, to_str
from indexer.roots import host
from mediafs.cli.described import shot_json
from mediafs.cli.explanation import lines
from mediafs.cli.output import print_json
from mediafs.cli.places import absolute, in_mount
from mediafs.cli.would_change import would_change
from mediafs.update import decisions_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import apsw

    from indexer.catalog.shots import ShotRow
    from indexer.model import FileId, ShotId

_SOURCE_XATTR = "user.mediafs.source"


@click.command()
@click.argument("path", type=click.Path(readable=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def explain(common: Any, path: str, *, as_json: bool) -> int:
    """Say what a file is, why, and what would change that.

    PATH is in a source or in a mount. The answer comes first; the files of the shot, what ties them,
    what speaks for the original and what tells the time come after it.
    """
    db = open_reader(common.catalog)
    file = find(db, path)
    number = shots.shot_of(db, file)
    told = explained(db, file, number, _words(db, common.catalog, number))
    if as_json:
        print_json(told)
    else:
        click.echo("\n".join(lines(told)))
    return 0


def find(db: apsw.Connection, path: str) -> FileId:
    """The file that a person means: by its source path, or by a name in a mount."""
    place = in_mount(path)
    if place is not None:
        place.check_alive()
    source = to_bytes(absolute(path))
    with contextlib.suppress(OSError):  # not in a mount of ours: a source, or nothing
        source = os.getxattr(source, _SOURCE_XATTR)
    file = report.file_at(db, host(), source)
    if file is not None:
        return file
    if place is not None:
        place.check_catalog(Path(db.filename))
        raise NotKnown(place.says())
    shown = display(path)
    if os.path.isdir(path):
        raise NotKnown(f"{shown} is a folder; name a file in it.")
    what = "is not indexed" if os.path.lexists(path) else "does not exist"
    raise NotKnown(f"{shown} {what}; name a file below an indexed root or below a mount.")


def explained(
    db: apsw.Connection,
    file: FileId,
    number: ShotId | None,
    said: Mapping[bytes, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What `explain --json` prints; `said` is a person's word on each of the shot's contents."""
    row = report.file(db, file)
    assert row is not None
    about: dict[str, Any] = {
        "path": to_str(row.path),
        # A file that was never read has no digest; one that rotted has the one it should have.
        "state": "rotten" if row.state == "unreadable" and row.blake3 else row.state,
        "kind": row.kind,
        "type": row.mime,
        "damage": row.damage,
        "says": row.damage_says or row.says,
    }
    shot = None if number is None else shots.shot(db, number)
    known = about | (_of_no_shot() if shot is None else _of_shot(db, file, shot, said))
    known["placements"] = [to_str(path) for path in tree.places(db, file)]
    return known | {"would_change": would_change(known)}


def _of_no_shot() -> dict[str, Any]:
    return {"shot": None, "members": [], "votes": [], "evidence": [], "clues": []}


def _of_shot(
    db: apsw.Connection, file: FileId, shot: ShotRow, said: Mapping[bytes, str]
) -> dict[str, Any]:
    number = shot.id
    members = shots.members(db, number)
    paths = {f: to_str(p) for f, p in shots.paths_of_shot(db, number).items()}
    told: dict[str, Any] = shot_json(shot, members)
    told["captured"] |= {"suggestion_why": shots.suggestion_why(db, number)}
    return told | {
        "role": next(str(m.role) for m in members if m.file == file),
        "roles": {paths[m.file]: m.says for m in members},
        "burst_shots": len(shots.shots_of_burst(db, shot.burst)) if shot.burst else 0,
        "decided": [
            {"path": to_str(m.path), "verdict": said[m.blake3]} for m in members if m.blake3 in said
        ],
        "votes": [
            {"path": paths[f], "rule": rule, "points": points, "says": says}
            for f, rule, points, says in shots.votes(db, number)
        ],
        "evidence": [
            {"a": paths[a], "b": paths[b], "kind": kind, "says": says}
            for a, b, kind, says in shots.evidence(db, number)
        ],
        "clues": [
            {
                "path": paths.get(f) or _path(db, f),
                "source": source, "value": value, "says": says, "used": used,
            }
            for f, source, value, says, used in shots.clues(db, number)
        ],
    }  # fmt: skip


def _path(db: apsw.Connection, file: FileId) -> str:
    """Of a file in another shot: neighbours tell something about the time as well."""
    row = report.file(db, file)
    assert row is not None
    return to_str(row.path)


def _words(db: apsw.Connection, catalog: Path, number: ShotId | None) -> dict[bytes, str]:
    """What a person said about the contents of a shot, as far as it is in force."""
    beside = decisions_of(catalog)
    if number is None or not beside.exists():
        return {}
    decided = open_reader(beside, DECISIONS)
    try:
        told = {m.blake3: words.word_on(decided, m.blake3) for m in shots.members(db, number)}
    finally:
        decided.close()
    return {blake3: str(word) for blake3, word in told.items() if word is not None}
