"""`mediafs log`: what changed in which view between generations, and why.

What is asked for and JSON are here; log_lines.py says it in words.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import changes, generations, open_reader, tree
from indexer.errors import NotKnown, UsageRefused
from indexer.paths import display, to_bytes, to_str
from mediafs.cli.log_lines import moment, said
from mediafs.cli.output import complain, print_json
from mediafs.cli.places import in_mount
from mediafs.views.publish import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import apsw

    from indexer.catalog.rows import Entry, Logged
    from indexer.model import TreeDirectoryId

_NEVER = (1 << 63) - 1  # the most that SQLite counts to
_NAMES_AT_ONCE = 1000
_GENERATIONS = 10  # that changed something, where nobody says since when; arbitrary


@click.command()
@click.option(
    "--since",
    metavar="GENERATION|DATE",
    help="Only what came after generation 41, or since the day 2024-06-30.",
)
@click.option(
    "--view", type=click.Choice(VIEWS), help="Only what changed in this folder of the tree."
)
@click.option(
    "--path",
    "prefix",
    metavar="PREFIX",
    help="Only paths that begin so: originals/2019, or a path in a mount.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"At most so many generations, the newest.  [default: {_GENERATIONS}; all with --since]",
)
@click.option("--all", "in_full", is_flag=True, help="List every path, however many changed.")
@click.option("--json", "as_json", is_flag=True, help="One object a line for each change.")
@click.pass_obj
def log(
    common: Any,
    since: str | None,
    view: str | None,
    prefix: str | None,
    limit: int | None,
    *,
    in_full: bool,
    as_json: bool,
) -> int:
    """Say what changed in the tree, when and why, the newest last.

    Each run that changes something makes a generation.

    A line begins with + where a name came, - where it went, > where the file has another name,
    ~ where it gave way to another file, and = where it has other bytes.

    Many changes of one kind are counted by directory. In the JSON, `what` is added, removed,
    moved, replaced or touched; `path` is in the tree, and `before` is the path that it had, or
    that the file had which it replaces (null: the same). `source` is the file on its disk that is
    shown there now, `source_before` the one that was. A touched file has other bytes if `cause` is
    "rewritten", else only other attributes. `cause`, `says`, `shot` and `rule` tell why, as it was
    decided then. The rest is `generation`, `time`, `command`, `view` and `directory`.
    """
    db = open_reader(common.catalog)
    below = b"" if prefix is None else _in_tree(db, prefix)
    part = changes.Part(None if view is None else (view,), below)
    after, since_ns = _since(since)
    if limit is None and since is None:
        limit = _GENERATIONS
    with db:  # one state, also while a reindex goes on
        found = changes.generations(
            db, part, after=after, since_ns=since_ns, limit=limit, with_touched=in_full or as_json
        )
        _say_thinned(db, after, since_ns, is_cut=limit is not None and len(found) == limit)
        if as_json:
            _print_json(db, found, part)
        else:
            has_told = False
            for one in found:
                for line in said(db, one, part, in_full=in_full):
                    click.echo(line)
                    has_told = True
            if not has_told:
                click.echo(f"Nothing changed; the newest generation is {generations.newest(db)}.")
    return 0


def _in_tree(db: apsw.Connection, typed: str) -> bytes:
    """The path of the tree, or the beginning of one, that a person means; NotKnown if there is none.

    Below a mount, also relative to the shell's folder, or as it is in the tree.
    """
    place = in_mount(typed)
    meant = [] if os.path.isabs(typed) else [to_bytes(typed)]
    if place is not None:
        place.check_catalog(Path(db.filename))
        if (says := place.death) is not None:
            complain(f"mediafs: {says}")  # the log can be read without it
        meant.insert(0, place.inside)
    elif not meant:
        raise UsageRefused(
            f"{display(typed)} is in no mount; name a path as it is in the tree, like "
            "originals/2019."
        )
    for path in meant:
        known = _spelled(db, path)
        if known is not None:
            return known
    raise NotKnown(
        f"{display(typed)} is no path of the tree and, as far back as the log goes, never was; name "
        "one like originals/2019, or ask `mediafs explain` where a file appears."
    )


def _spelled(db: apsw.Connection, prefix: bytes) -> bytes | None:
    """The beginning of paths as the tree writes it; None: no path ever began so."""
    if not prefix or changes.generations(db, changes.Part(None, prefix), limit=1):
        return prefix
    *folders, last = prefix.split(b"/")
    directory, spelled = tree.TREE_ROOT, []
    for name in folders:
        entry = tree.entry(db, directory, name)
        below = None if entry is None else tree.directory_of_inode(entry.attributes.inode)
        if entry is None or below is None:
            return None
        directory = below
        spelled.append(entry.name)
    whole = tree.entry(db, directory, last)
    if whole is not None:
        return b"/".join((*spelled, whole.name))
    return b"/".join((*spelled, last)) if _has_name(db, directory, last) else None


def _has_name(db: apsw.Connection, directory: TreeDirectoryId, start: bytes) -> bool:
    """Whether a name in a directory begins so."""
    after = 0
    while entries := tree.listing(db, directory, after, _NAMES_AT_ONCE):
        if any(entry.name.startswith(start) for entry in entries):
            return True
        after = entries[-1].cookie
    return False


def _since(text: str | None) -> tuple[int, int]:
    """The generation after which, and the moment from which on."""
    if text is None:
        return 0, 0
    if text.isascii() and text.isdecimal():
        return min(int(text), _NEVER), 0
    try:
        when = datetime.fromisoformat(text)
        seconds = when.astimezone().timestamp()
    except (ValueError, OverflowError) as exc:
        raise UsageRefused(
            f"{display(text)!r} is no generation and no date; write it as 41 or 2024-06-30."
        ) from exc
    return 0, min(int(seconds * 1e9), _NEVER)


def _say_thinned(db: apsw.Connection, after: int, since_ns: int, *, is_cut: bool) -> None:
    """What cannot be told any more, where it was asked for."""
    thinned = changes.last_thinned(db, after, since_ns)
    if thinned is not None and not is_cut:
        complain(f"What generation {thinned} and those before it changed is not kept any more.")


def _print_json(db: apsw.Connection, found: Iterable[Logged], part: changes.Part) -> None:
    for one in found:
        head = {
            "schema": 1,
            "generation": int(one.generation),
            "time": moment(one).isoformat(),
            "command": one.command,
        }
        for entry in changes.entries(db, one.generation, part):
            print_json(head | _told(db, entry))


def _told(db: apsw.Connection, entry: Entry) -> dict[str, object]:
    why = entry.why
    sources = [
        None if file is None else changes.source_path(db, file)
        for file in (entry.new_file, entry.old_file)
    ]
    now, before = (None if path is None else to_str(path) for path in sources)
    return {
        "view": entry.view,
        "what": entry.what,
        "path": to_str(entry.path),
        "before": None if entry.before is None else to_str(entry.before),
        "directory": entry.is_directory,
        "source": now,
        "source_before": before,
        "cause": why and why.cause,
        "says": why and why.says,
        "shot": why and why.shot,
        "rule": why and why.rule,
    }
