"""`mediafs watch`: the catalog kept up to date by itself, in the foreground."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import facts, open_reader
from indexer.errors import NotKnown, UsageRefused
from indexer.paths import display
from indexer.roots import host
from mediafs.cli.amounts import SIZE
from mediafs.cli.output import print_json
from mediafs.cli.places import source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DAY_SECONDS = 24 * 3600.0


@click.command()
@click.argument("folders", metavar="[ROOT]…", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--settle",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Leave files alone until nobody wrote to them for so long.",
)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="MINUTES",
    help="How often to look at roots whose changes the system does not tell.",
)
@click.option("--exclude", multiple=True, metavar="GLOB", help="As for `mediafs index`.")
@click.option("--include", multiple=True, metavar="GLOB", help="As for `mediafs index`.")
@click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="As for `mediafs index`.")
@click.option("--readers", type=click.IntRange(1, 64), metavar="N", help="As for `mediafs index`.")
@click.option("--memory", type=SIZE, metavar="SIZE", help="As for `mediafs index`.")
@click.option(
    "--raw-companion", type=click.Choice(["beside", "duplicate"]), help="As for `mediafs index`."
)
@click.option("--exiftool", metavar="PATH", help="As for `mediafs index`.")
@click.option("--catalog-on-network", is_flag=True, help="As for `mediafs index`.")
@click.option("--json", "as_json", is_flag=True,
              help="Each run's outcome as a JSON object on stdout.")  # fmt: skip
@click.pass_obj
def watch(
    common: Any,
    /,
    folders: tuple[str, ...],
    *,
    settle: float,
    every: float,
    as_json: bool,
    **options: Any,
) -> int:
    """Keep the catalog up to date, until Ctrl-C.

    Looks at the remembered roots, or at each ROOT of them that is named, as soon as something in them changed and
    nobody wrote to it for a while. Where the system does not tell of changes (shares, FUSE), it
    looks every few minutes. `mediafs service install` has it started at login.
    """
    import trio

    from mediafs.service.notify import notify
    from mediafs.watch.agenda import Agenda, Pace
    from mediafs.watch.catalog import CatalogReader
    from mediafs.watch.loop import Watcher
    from mediafs.watch.reindexing import Indexer

    _log_to_stderr()
    only = _remembered(common.catalog, folders)
    watcher = Watcher(
        CatalogReader(common.catalog, only),
        Indexer(common.catalog, settle, _passed_on(options)),
        Agenda(Pace(settle, every * 60, _DAY_SECONDS)),
        excludes=(tuple(options["exclude"]), tuple(options["include"])),
        told=_print if as_json else lambda _: None,
        ready=lambda: notify("READY=1"),
    )
    return trio.run(watcher.run)


def _remembered(catalog: Path, folders: Sequence[str]) -> frozenset[bytes]:
    """The roots that were named; all of this machine's must be known."""
    db = open_reader(catalog)
    try:
        known = {root.path for root in facts.roots(db) if root.host == host()}
    finally:
        db.close()
    if not known:
        raise UsageRefused(
            f"No folder is indexed in {display(catalog)} yet; begin with `mediafs index FOLDER`."
        )
    named = {path: source(path) for path in folders}
    for path, real in named.items():
        if real not in known:
            raise NotKnown(
                f"{display(path)} is no remembered root; add it with `mediafs index`, or watch all "
                "roots by naming none."
            )
    return frozenset(named.values())


def _passed_on(options: Mapping[str, Any]) -> list[str]:
    """Options of ours as those of `mediafs reindex`, which also reads config and environment."""
    passed = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            passed.append(flag)
        elif isinstance(value, tuple):
            passed += [text for each in value for text in (flag, each)]
        elif value not in (None, False):
            # The run's folder is another than ours.
            is_path = name == "exiftool" and os.sep in value
            passed += [flag, os.path.abspath(value) if is_path else str(value)]
    return passed


def _print(outcome: Mapping[str, Any]) -> None:
    print_json(outcome)
    sys.stdout.flush()


def _log_to_stderr() -> None:
    """With the time, unless the journal is listening, which has its own."""
    time = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=f"{time}%(message)s")
