"""`mediafs index` and `mediafs reindex`."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from indexer import preview, roots
from indexer.catalog import open_reader
from indexer.errors import DONE_WITH_FAILURES, CatalogMissing, NotKnown, RootRefused
from indexer.model import RootRole
from indexer.paths import display
from indexer.run import Options
from indexer.scan.exclude import compile_excludes
from mediafs.cli.amounts import SIZE
from mediafs.cli.output import counted, print_json, size
from mediafs.cli.places import check_alive, source
from mediafs.cli.progress import speaking
from mediafs.update import Outcome, Update, update

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that both commands have."""
    options = (
        click.option("--exclude", multiple=True, metavar="GLOB",
                     help="Also leave these names out; may be given several times."),
        click.option("--include", multiple=True, metavar="GLOB",
                     help="Take in after all what this pattern of `--list-excludes` leaves out."),
        click.option("--jobs", type=click.IntRange(1, 256), metavar="N",
                     help="How many files are decoded at once.  [default: one a processor]"),
        click.option("--readers", type=click.IntRange(1, 64), metavar="N",
                     help="How many files are read at once from each disk or share.  [default: what "
                     "suits it, see `mediafs doctor`]"),
        click.option("--memory", type=SIZE, metavar="SIZE",
                     help="What whole files and decoded pictures may take together, like 2G.  "
                     "[default: a quarter of the machine's]"),
        click.option("--raw-companion", type=click.Choice(["beside", "duplicate"]),
                     default="beside", show_default=True,
                     help="Whether the JPEG that a camera wrote beside its RAW is in originals/ too, "
                     "or a duplicate."),
        click.option("--exiftool", metavar="PATH",
                     help="Which ExifTool to run.  [default: the one on the PATH]"),
        click.option("--dry-run", is_flag=True, help="List what would be read, and why; read nothing."),
        click.option("--paranoid", is_flag=True,
                     help="Read copies of known files in full; else their head and tail tell."),
        click.option("--force", is_flag=True,
                     help="Look at archives though it was done lately; take a root that you name as "
                     "it is now, whatever disk is there."),
        click.option("--prune", is_flag=True,
                     help="Forget files that are gone; what you decided and the names in the tree stay."),
        click.option("--settle", type=click.FloatRange(0), default=0.0, metavar="SECONDS",
                     help="Leave files alone that changed less than that ago: they may still be copied."),
        click.option("--json", "as_json", is_flag=True,
                     help="The last line on stdout is a JSON object."),
        click.option("--quiet", "-q", is_flag=True,
                     help="No progress; warnings stay."),
        click.option("--progress", "form", type=click.Choice(["auto", "bar", "lines", "json"]),
                     default="auto", show_default=True,
                     help="How progress is shown on stderr; json is for programs."),
        click.option("--catalog-on-network", is_flag=True,
                     help="Allow the catalog on a network filesystem, at your own risk."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("folders", metavar="[ROOT]…", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--role",
    type=click.Choice([str(role) for role in RootRole]),
    help="What these roots are; one that is an archive is looked at every 120 days.  [default: library]",
)
@click.option(
    "--list-excludes", is_flag=True, help="List the patterns of what is left out; read nothing."
)
@_shared
@click.pass_obj
def index(
    common: Any,
    /,
    folders: tuple[str, ...],
    role: str | None,
    *,
    list_excludes: bool,
    **options: Any,
) -> int:
    """Read folders of photographs, and remember them.

    Each ROOT is a folder. Without any, those that are remembered are looked at again. Only what is
    new or changed is read. Exit code 2: done, but some files could not be read.
    """
    if list_excludes:
        for pattern in compile_excludes(options["exclude"], options["include"]).patterns:
            click.echo(display(pattern))
        return 0
    check_alive(folders, RootRefused)
    excludes = tuple(options["exclude"]) if folders and _was_typed("exclude") else None
    wanted = roots.Wanted(folders, RootRole(role) if role else None, excludes)
    return _run(common.catalog, wanted, "index", (), options)


def _was_typed(option: str) -> bool:
    """Whether a person gave it with this command: only that is remembered with a root."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.COMMANDLINE


@click.command()
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(readable=False))
@_shared
@click.pass_obj
def reindex(
    common: Any,
    /,
    paths: tuple[str, ...],
    **options: Any,
) -> int:
    """Read what is new or changed in the remembered folders.

    Each PATH is a part of them that alone is looked at. Exit code 2: done, but some files could not
    be read.
    """
    db = open_reader(common.catalog)
    try:
        only = tuple(_inside_a_root(path, db) for path in paths)
    finally:
        db.close()
    return _run(common.catalog, roots.Wanted(()), "reindex", only, options)


def _inside_a_root(path: str, db: Any) -> bytes:
    """The real folder of a path below a remembered root."""
    from indexer.catalog import facts

    real = source(path)
    folder = real if os.path.isdir(real) or not os.path.exists(real) else os.path.dirname(real)
    for root in facts.roots(db):
        if root.path == folder or roots.is_inside(folder, root.path):
            return folder
    raise NotKnown(
        f"{display(path)} is in no remembered root; add its folder with `mediafs index`."
    )


def _run(
    catalog: Path,
    wanted: roots.Wanted,
    command: str,
    only: tuple[bytes, ...],
    options: dict[str, Any],
) -> int:
    check_alive((os.fspath(catalog),))
    how = Options(
        jobs=options["jobs"] or 0,
        readers=options["readers"] or 0,
        memory=options["memory"] or 0,
        excludes=() if wanted.excludes else tuple(options["exclude"]),
        includes=tuple(options["include"]),
        exiftool=options["exiftool"],
        only=only,
        is_named=bool(wanted.paths or only),
        force=options["force"],
        paranoid=options["paranoid"],
        prune=options["prune"],
        settle_seconds=options["settle"],
    )
    asked = Update(
        catalog, wanted, how, command, options["raw_companion"],
        on_network_anyway=options["catalog_on_network"],
    )  # fmt: skip
    if options["dry_run"]:
        return _preview(asked)
    if not wanted.paths and command == "index" and not catalog.exists():
        raise CatalogMissing(
            f"There is no catalog at {display(catalog)} and no folder was named; "
            "say `mediafs index FOLDER`."
        )
    with speaking(quiet=options["quiet"], form=options["form"]) as progress:
        outcome = update(asked, progress)
    if options["as_json"]:
        print_json(outcome.as_json())
    else:
        click.echo(told(outcome))
    return DONE_WITH_FAILURES if outcome.counts.failed else 0


def _preview(asked: Update) -> int:
    """What a run would do, without writing anything."""
    counts: Counter[str] = Counter()
    for fate in preview.preview(asked.catalog, asked.roots, asked.options):
        counts[fate.what] += 1
        says = f"  ({fate.says})" if fate.says else ""
        click.echo(f"{fate.what:9} {display(fate.path)}{says}")
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items()) or "nothing to do"
    click.echo(f"A run would find: {told}. Nothing was read or written.")
    return 0


def told(outcome: Outcome) -> str:
    """The outcome in words."""
    c = outcome.counts
    lines = [
        (
            f"{counted(c.seen, 'file')} seen in {outcome.seconds:.1f} s: {c.unchanged:,} unchanged,"
            f" {c.new:,} new, {c.changed:,} changed, {c.moved:,} moved, {c.gone:,} gone;"
            f" read {counted(c.opened, 'file')}, {size(c.bytes_read)}."
        )
    ]
    if c.failed:
        lines.append(
            f"{counted(c.failed, 'file')} could not be read, or not well (named above); see quarantine/."
        )
    if c.carried:
        lines.append(
            f"{counted(c.carried, 'file', 'were')} recognised by head and tail as known ones;"
            " `mediafs verify` reads them in full."
        )
    if c.fresh:
        lines.append(
            f"{counted(c.fresh, 'archive', 'were')} looked at lately and left alone; --force looks again."
        )
    if c.unsettled:
        lines.append(
            f"{counted(c.unsettled, 'file', 'were')} perhaps still being written,"
            " and left for the next run."
        )
    if c.links:
        lines.append(f"{counted(c.links, 'symbolic link', 'were')} not followed.")
    if c.pruned:
        lines.append(
            f"Forgot {counted(c.pruned.files, 'file')}, {counted(c.pruned.folders, 'folder')} and"
            f" {counted(c.pruned.roots, 'root')} that are gone, and what was known of"
            f" {counted(c.pruned.contents, 'content')}."
        )
    return "\n".join(lines)
