"""`mediafs decide PATH`: a person's word about a file, and `--list`: every word ever said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from indexer.catalog import open_reader, report
from indexer.catalog.connection import DECISIONS
from indexer.decisions import words
from indexer.decisions.words import Standing, Verdict
from indexer.paths import display, to_str
from mediafs.cli.explain import find
from mediafs.cli.output import print_json
from mediafs.cli.progress import speaking
from mediafs.update import Decision, decide, decisions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import apsw

    from mediafs.update import Decided


class _Verb(click.Option):
    """What to do this once: only typed, never out of the environment or the config file."""

    is_only_typed = True

    def consume_value(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        opts: Mapping[str, Any],
    ) -> tuple[Any, ParameterSource]:
        if opts.get(self.name or "") is True:
            return True, ParameterSource.COMMANDLINE
        return False, ParameterSource.DEFAULT


@click.command("decide")
@click.argument("path", required=False, type=click.Path(readable=False))
@click.option(
    "--original", cls=_Verb, is_flag=True,
    help="It is its shot's original, whatever the votes say. Said of another file of the shot "
    "later, that one takes its place.",
)  # fmt: skip
@click.option(
    "--not-a-duplicate", cls=_Verb, is_flag=True,
    help="It is a shot of its own and joins no other; files with the same bytes stay with it.",
)  # fmt: skip
@click.option(
    "--ignore", cls=_Verb, is_flag=True,
    help="It never stands as the original while another file of its shot can, and is never "
    "counted as reclaimable. It stays in the tree. Alone in its shot, it stays its original.",
)  # fmt: skip
@click.option(
    "--undo", cls=_Verb, is_flag=True,
    help="Take back your word about it; the one before, if there is one, holds again.",
)  # fmt: skip
@click.option(
    "--list", "as_list", cls=_Verb, is_flag=True,
    help="List every word that you ever said, the oldest first, and what became of it.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress; warnings stay.")
@click.option("--catalog-on-network", is_flag=True,
              help="Allow the catalog on a network filesystem, at your own risk.")  # fmt: skip
@click.pass_obj
def command(
    common: Any,
    /,
    path: str | None,
    *,
    as_list: bool,
    as_json: bool,
    quiet: bool,
    catalog_on_network: bool,
    **verbs: bool,
) -> int:
    """Say yourself what a file is; that beats every rule.

    PATH is in a source or in a mount. Your word holds until you take it back. It belongs to the file's bytes: it holds wherever they are moved or copied to, and
    survives a catalog that is made anew. A newer word about the same bytes takes the place of an older
    one. No source file is changed.
    """
    chosen = [name.replace("_", "-") for name, is_chosen in verbs.items() if is_chosen]
    if as_list and not chosen and path is None:
        return _list(common.catalog, as_json=as_json)
    if as_list or len(chosen) != 1 or path is None:
        raise click.UsageError(
            "Name one file and one of --original, --not-a-duplicate, --ignore and --undo, or "
            "--list alone."
        )
    verdict = None if chosen == ["undo"] else Verdict(chosen[0])
    db = open_reader(common.catalog)
    try:
        file = find(db, path)
    finally:
        db.close()
    asked = Decision(common.catalog, file, verdict, on_network_anyway=catalog_on_network)
    with speaking(quiet=quiet) as progress:
        told = decide(asked, progress)
    if as_json:
        print_json(_as_json(told, is_undo=verdict is None))
    else:
        click.echo(_told(told, is_undo=verdict is None))
    return 0


def _as_json(told: Decided, *, is_undo: bool) -> dict[str, object]:
    return {
        "schema": 1, "path": to_str(told.path), "blake3": told.blake3.hex(),
        "verdict": str(told.verdict), "undone": is_undo, "changed": told.is_new,
        "generation": int(told.generation),
    }  # fmt: skip


_SAYS = {
    Verdict.ORIGINAL: "is its shot's original",
    Verdict.NOT_A_DUPLICATE: "is a shot of its own",
    Verdict.IGNORE: "is ignored as an original, and never offered as reclaimable",
}


def _told(told: Decided, *, is_undo: bool) -> str:
    path, says = display(told.path), _SAYS[told.verdict]
    if is_undo:
        return f"Taken back: that {path} {says}. `mediafs explain` shows what holds now."
    if not told.is_new:
        return f"Nothing to do: {path} {says}, as you said before."
    return f"Decided: {path} {says}. `mediafs decide --undo` takes it back."


def _list(catalog: Path, *, as_json: bool) -> int:
    said = list(listed(catalog))
    if as_json:
        print_json({"schema": 1, "decisions": said})
    else:
        click.echo("\n".join(map(_line, said)) or "Nothing has been decided.")
    return 0


def listed(catalog: Path) -> Iterator[dict[str, Any]]:
    """Every word, the oldest first, as `decide --list --json` prints it."""
    db = open_reader(catalog)
    beside = decisions_of(catalog)
    decided = open_reader(beside, DECISIONS) if beside.exists() else None
    try:
        for word in words.all_words(decided) if decided else ():
            yield {
                "blake3": word.blake3.hex(),
                "verdict": str(word.verdict),
                "standing": str(word.standing),
                "said": _iso(word.said_ns),
                "ended": None if word.ended_ns is None else _iso(word.ended_ns),
                "paths": _paths(db, word.blake3),
            }
    finally:
        db.close()
        if decided:
            decided.close()


def _paths(db: apsw.Connection, blake3: bytes) -> list[str]:
    return [to_str(path) for path in report.paths_of(db, blake3)]


def _iso(moment_ns: int) -> str:
    return datetime.fromtimestamp(moment_ns // 10**9, UTC).isoformat()


_STANDINGS = {
    Standing.IN_FORCE: "",
    Standing.SUPERSEDED: "  (superseded)",
    Standing.UNDONE: "  (taken back)",
}


def _line(word: dict[str, Any]) -> str:
    when = datetime.fromisoformat(word["said"]).astimezone()
    first, *more = word["paths"] or [f"{word['blake3'][:16]}…, of which no file is there"]
    also = f" and {len(more):,} with the same bytes" if more else ""
    return (
        f"{when:%Y-%m-%d %H:%M}  {word['verdict']:15}  {display(first)}{also}"
        f"{_STANDINGS[word['standing']]}"
    )
