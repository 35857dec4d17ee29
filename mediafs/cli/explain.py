"""`mediafs explain PATH`: a file's shot, every member, vote and clue, and where it appears."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import open_reader, report, shots, tree
from indexer.errors import NotKnown
from indexer.paths import display, to_bytes, to_str
from indexer.roots import host
from mediafs.cli.described import shot_json
from mediafs.cli.output import print_json, size
from mediafs.cli.would_change import would_change

if TYPE_CHECKING:
    import apsw

    from indexer.model import FileId, ShotId

_SOURCE_XATTR = "user.mediafs.source"


@click.command()
@click.argument("path", type=click.Path(readable=False))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def explain(common: Any, path: str, *, as_json: bool) -> int:
    """Say why PATH, in a source or in a mount, is what mediafs says it is."""
    db = open_reader(common.catalog)
    file = find(db, path)
    number = shots.shot_of(db, file)
    told = explained(db, file, number)
    if as_json:
        print_json(told)
    else:
        click.echo("\n".join(_lines(told)))
    return 0


def find(db: apsw.Connection, path: str) -> FileId:
    """The file that a person means: by its source path, or by a name in a mount."""
    absolute = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    source = to_bytes(absolute)
    with contextlib.suppress(OSError):  # not in a mount of ours: a source, or nothing
        source = os.getxattr(absolute, _SOURCE_XATTR)
    file = report.file_at(db, host(), source)
    if file is None:
        what = "is not indexed" if os.path.exists(path) else "does not exist"
        raise NotKnown(
            f"{display(path)} {what}; name a file below an indexed root or below a mount."
        )
    return file


def explained(db: apsw.Connection, file: FileId, number: ShotId | None) -> dict[str, Any]:
    """What `explain --json` prints."""
    row = report.file(db, file)
    assert row is not None
    about: dict[str, Any] = {
        "path": to_str(row.path),
        "state": row.state,
        "type": row.mime,
        "damage": row.damage,
        "says": row.damage_says or row.says,
    }
    shot = None if number is None else shots.shot(db, number)
    if number is None or shot is None:
        nothing: dict[str, Any] = {"shot": None, "members": [], "votes": [], "evidence": []}
        return about | nothing | {"clues": [], "placements": _placements(db, file)}
    paths = {f: to_str(p) for f, p in shots.paths_of_shot(db, number).items()}
    known = (
        about
        | shot_json(shot, shots.members(db, number))
        | {
            "role": next(str(m.role) for m in shots.members(db, number) if m.file == file),
            "roles": {paths[m.file]: m.says for m in shots.members(db, number)},
            "votes": [
                {"path": paths[f], "rule": rule, "points": points, "says": says}
                for f, rule, points, says in shots.votes(db, number)
            ],
            "evidence": [
                {"a": paths[a], "b": paths[b], "kind": kind, "says": says}
                for a, b, kind, says in shots.evidence(db, number)
            ],
            "clues": [
                {"path": paths[f], "source": source, "value": value, "says": says, "used": used}
                for f, source, value, says, used in shots.clues(db, number)
            ],
            "placements": _placements(db, file),
        }
    )
    return known | {"would_change": would_change(known)}


def _placements(db: apsw.Connection, file: FileId) -> list[str]:
    return [to_str(path) for path in tree.places(db, file)]


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [display(told["path"])]
    if told["damage"]:
        lines.append(f"  {told['damage']}: {told['says']}")
    elif told["says"]:
        lines.append(f"  {told['state']}: {told['says']}")
    if told["shot"] is None:
        lines.append(f"  It belongs to no shot. Its type is {told['type'] or 'not known'}.")
    else:
        lines += _shot_lines(told)
    lines.append("")
    lines.append("Where it appears in the tree:")
    lines += [f"  {display(path)}" for path in told["placements"]] or ["  nowhere"]
    return lines


_WHAT = {
    "live-video": "The moving half of {}.",
    "raw-companion": "What the camera wrote beside its RAW, {}.",
    "sidecar": "A sidecar in the shot of {}.",
    "edit": "An edited version of {}.",
    "identical": "An exact copy in the shot of {}.",
    "same-payload": "The same picture data as {}, with other metadata.",
    "reencoded": "{} once more, in another compression or format.",
    "resized": "A smaller copy of {}.",
    "preview": "A small version of {}.",
}


def _what(told: dict[str, Any]) -> str:
    """What the file is, in one sentence."""
    if told["role"] != "original":
        return _WHAT[told["role"]].format(_name(told["original"]))
    if told["original_missing"]:
        return "The best that is left of its shot: the camera's own file is not here."
    return "The original of its shot."


def _shot_lines(told: dict[str, Any]) -> list[str]:
    captured = told["captured"]
    when = f"unknown ({captured['unknown']})"
    if captured["local"]:
        clock = " ".join([captured["local"].replace("T", " "), captured["offset"] or ""]).rstrip()
        when = f"{clock} ({captured['confidence']})"
    lines = [f"  {_what(told)}"]
    if told["role"] != "original":
        lines.append(f"  {told['roles'][told['path']]}")
    lines += ["", f"Taken {when}", f"  {captured['why']}"]
    if captured["suggestion"]:
        lines.append(f"  It may have been {captured['suggestion']}; that is not used.")
    lines += [
        "",
        f"Original ({told['confidence']}): {_name(told['original'])}",
        f"  {told['why']}",
    ]
    lines += _section("What would change this", told["would_change"], str)
    lines += ["", f"Members of shot {told['shot']}:"]
    for member in told["members"]:
        lines.append(f"  {member['role']:14} {size(member['size']):>9}  {display(member['path'])}")
        lines.append(f"  {'':14} {'':9}  {told['roles'][member['path']]}")
    lines += _section("Why they are one shot", told["evidence"], _evidence_line)
    lines += _section("Votes for the original", told["votes"], _vote_line)
    lines += _section("Clues about the time (* the one that is used)", told["clues"], _clue_line)
    return lines


def _name(path: str) -> str:
    return display(os.path.basename(path))


def _section(title: str, rows: list[dict[str, Any]], line: Any) -> list[str]:
    return ["", f"{title}:", *(f"  {line(row)}" for row in rows)] if rows else []


def _evidence_line(row: dict[str, Any]) -> str:
    a, b = (_name(row[side]) for side in "ab")
    return f"{row['kind']}: {a} and {b}. {row['says']}"


def _vote_line(row: dict[str, Any]) -> str:
    return f"{row['points']:+5g}  {display(os.path.basename(row['path']))}: {row['says']}"


def _clue_line(row: dict[str, Any]) -> str:
    mark = "*" if row["used"] else " "
    name = _name(row["path"])
    return f"{mark} {row['source']} = {display(row['value'])} ({name}): {row['says']}"
