"""`mediafs status`: roots, counts, views, and the state of mounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import facts, generations, history, open_reader, report, suspects, tree, verify
from indexer.paths import display, join, to_str
from indexer.roots import host
from mediafs.cli.described import all_groups_json
from mediafs.cli.output import counted, print_json, size
from mediafs.fuse.mounted import mounts
from mediafs.fuse.states import log_path
from mediafs.views.publish import VIEWS

if TYPE_CHECKING:
    import apsw


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(common: Any, *, as_json: bool) -> int:
    """Say what is indexed and what is mounted."""
    told = gathered(open_reader(common.catalog))
    if as_json:
        print_json(told)
    else:
        click.echo("\n".join(_lines(told)))
    return 0


def gathered(db: apsw.Connection) -> dict[str, Any]:
    """What `status --json` prints."""
    by_root = report.files_by_root(db)
    counts = report.file_counts(db)
    contents, shot_count, unknown = report.numbers(db)
    views = tree.view_totals(db)
    return {
        "schema": 1,
        "generation": int(generations.newest(db)),
        "pending": generations.is_pending(db),
        "roots": [
            {
                "path": to_str(root.path),
                "host": root.host,
                "role": str(root.role),
                "online": root.online and (root.host == host()),
                "says": root.says if root.host == host() else f"belongs to {root.host}",
                "absent": [
                    {"path": to_str(join(root.path, folder)), "says": says}
                    for folder, says in history.absent_folders(db, root.id)
                ],
                "walked_ns": root.walked_ns,
                "freshness_days": root.freshness_days,
                "files": by_root.get(root.id, 0),
                "label": to_str(root.label),
            }
            for root in facts.roots(db)
        ],
        "files": {
            name: getattr(counts, name)
            for name in ("seen", "media", "sidecar", "quarantined", "excluded", "other", "gone")
        },
        "contents": contents,
        "shots": shot_count,
        "unknown_time": unknown,
        "duplicates": _duplicates(db),
        "verified": _verified(db),
        "suspects": suspects.count(db),
        "views": {
            view: dict(zip(("files", "bytes"), views.get(view, (0, 0)), strict=True))
            for view in VIEWS
        },
        "excluded_folders": [
            {"path": to_str(path), "pattern": says} for path, says in report.excluded_folders(db)
        ],
        "failures": [{"path": to_str(path), "says": says} for path, says in report.failures(db)],
        "mounts": _mounts(),
    }


def _verified(db: apsw.Connection) -> dict[str, Any]:
    known = verify.confirmed(db)
    return {
        "files": known.files,
        "never": known.never,
        "carried": known.carried,
        "oldest_ns": known.oldest_ns,
        "rotten": [to_str(path) for path in verify.rotten(db)],
    }


def _mounts() -> list[dict[str, Any]]:
    return [
        {
            "mountpoint": str(mount.mountpoint),
            "catalog": None if mount.catalog is None else str(mount.catalog),
            "pid": mount.pid,
            "answers": mount.answers,
            "dead": mount.is_stale,
        }
        for mount in mounts()
    ]


def _duplicates(db: apsw.Connection) -> dict[str, int]:
    groups = list(all_groups_json(db))
    return {
        "files": sum(len(group["files"]) - 1 for group in groups),
        "bytes": sum(group["reclaimable"] for group in groups),
    }


def _lines(told: dict[str, Any]) -> list[str]:
    files = told["files"]
    lines = [f"Generation {told['generation']}"]
    if told["pending"]:
        lines.append("A run was cut off; `mediafs reindex` goes on.")
    lines += ["", "Roots:"]
    for root in told["roots"]:
        state = "" if root["online"] else f"  OFFLINE: {root['says'] or 'does not answer'}"
        lines.append(
            f"  {display(root['path'])}  ({root['role']}, {counted(root['files'], 'file')}){state}"
        )
        lines += [f"    {display(p['path'])}  OFFLINE: {p['says']}" for p in root["absent"]]
    lines += [
        "",
        (
            f"{counted(files['seen'], 'file')}: {files['media']:,} media, "
            f"{counted(files['sidecar'], 'sidecar')}, "
            f"{files['quarantined']:,} in quarantine, {files['excluded']:,} excluded, "
            f"{counted(files['other'], 'other')}; {files['gone']:,} gone."
        ),
        (
            f"{counted(told['shots'], 'shot')}, {told['unknown_time']:,} of unknown time; "
            f"{counted(told['duplicates']['files'], 'duplicate')}, "
            f"{size(told['duplicates']['bytes'])} reclaimable."
        ),
        *_verified_lines(told["verified"]),
        *_suspect_lines(told["suspects"]),
        "",
        "Views:",
    ]
    for view, total in told["views"].items():
        noun = "file" if total["files"] == 1 else "files"
        lines.append(f"  {view:14} {total['files']:>9,} {noun:5}  {size(total['bytes']):>10}")
    if told["excluded_folders"]:
        lines += ["", "Folders left out:"]
        for folder in told["excluded_folders"]:
            lines.append(f"  {display(folder['path'])}  ({folder['pattern']})")
    if told["failures"]:
        lines += ["", "Could not be read:"]
        lines += [f"  {display(f['path'])} {f['says']}" for f in told["failures"]]
    lines += ["", "Mounts:"]
    lines += [f"  {display(m['mountpoint'])}  ({_state(m)})" for m in told["mounts"]] or ["  none"]
    return lines


def _state(mount: dict[str, Any]) -> str:
    if mount["answers"]:
        return "answers"
    log = log_path(Path(mount["mountpoint"]))
    more = f"; its log is {display(log)}" if log.exists() else ""
    if mount["dead"]:
        at = display(mount["mountpoint"])
        return f"DEAD: its process has ended; `mediafs mount {at}` mounts it again{more}"
    return f"does not answer{more}"


def _suspect_lines(count: int) -> list[str]:
    if not count:
        return []
    says = "found changed, gone or unreadable by a mount"
    return [f"{counted(count, 'file', 'were')} {says}; `mediafs reindex` looks again."]


def _verified_lines(verified: dict[str, Any]) -> list[str]:
    lines = []
    if verified["carried"]:
        lines.append(
            f"{counted(verified['carried'], 'file', 'are')} known by head and tail alone;"
            " `mediafs verify` reads in full."
        )
    if verified["rotten"]:
        lines += ["", "Rotten, put a good copy in their place (quarantine/rotten):"]
        lines += [f"  {display(path)}" for path in verified["rotten"]]
    return lines
