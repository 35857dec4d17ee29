"""`mediafs verify`: read files again, compare, and put apart what rotted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from indexer import roots
from indexer import verify as verification
from indexer.catalog import facts, generations, open_reader, writing
from indexer.catalog.connection import DECISIONS
from indexer.catalog.verify import confirmed
from indexer.errors import DONE_WITH_FAILURES, CatalogBusy, NotKnown
from indexer.paths import display, to_str
from indexer.verify import Counts, Options, What
from mediafs.cli.amounts import SIZE, TIME
from mediafs.cli.output import complain, counted, print_json, size
from mediafs.cli.places import source
from mediafs.cli.progress import speaking
from mediafs.update import decisions_of, derive_if_due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.progress import Progress


@click.command()
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--max-duration",
    type=TIME,
    metavar="TIME",
    help="Begin no file after that long, like 30m or 2h; the next run goes on.",
)
@click.option(
    "--max-bytes",
    type=SIZE,
    metavar="SIZE",
    help="Read about that much, like 100G; the next run goes on.",
)
@click.option(
    "--older-than",
    type=TIME,
    metavar="TIME",
    help="Leave out what was verified less than that ago, like 30d.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="How many files are read at once from one disk.  [default: by its kind]",
)
@click.option("--json", "as_json", is_flag=True, help="The last line on stdout is a JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress; warnings stay.")
@click.option("--catalog-on-network", is_flag=True,
              help="Allow the catalog on a network filesystem, at your own risk.")  # fmt: skip
@click.pass_obj
def verify(common: Any, /, paths: tuple[str, ...], **options: Any) -> int:
    """Read files again and find what rotted on the disk.

    Each is compared with what was indexed, while a good copy may still be left: all files, or those
    at or below each PATH, the longest unverified first. Where a run was stopped, or had read enough,
    the next goes on. Exit code 2: something differs or could not be read.
    """
    how = Options(
        only=_inside_roots(paths, common.catalog),
        streams=options["jobs"],
        max_seconds=options["max_duration"],
        max_bytes=options["max_bytes"],
        older_than_seconds=options["older_than"],
        on_network_anyway=options["catalog_on_network"],
    )
    counts, begun, is_done = Counts(), time.monotonic(), False
    with speaking(quiet=options["quiet"]) as progress:
        try:
            verification.verify(common.catalog, how, counts, progress)
            _publish(common.catalog, counts, progress, on_network_anyway=how.on_network_anyway)
            is_done = True
        finally:
            if not is_done:  # interrupted, terminated, or the catalog's disk is full
                complain(told(counts, time.monotonic() - begun))
    if options["as_json"]:
        print_json(_as_json(counts, common.catalog, time.monotonic() - begun))
    else:
        click.echo(told(counts, time.monotonic() - begun))
    return DONE_WITH_FAILURES if counts.bad else 0


def _inside_roots(paths: Sequence[str], catalog: Path) -> tuple[bytes, ...]:
    """The real paths of what was named; NotKnown for what is in no remembered root."""
    db = open_reader(catalog)
    try:
        known = [root.path for root in facts.roots(db) if root.host == roots.host()]
    finally:
        db.close()
    real = [source(path) for path in paths]
    for path, asked in zip(real, paths, strict=True):
        if not any(path == root or roots.is_inside(path, root) for root in known):
            raise NotKnown(
                f"{display(asked)} is in no remembered root; `mediafs status` lists them."
            )
    return tuple(real)


def _publish(catalog: Path, counts: Counts, progress: Progress, *, on_network_anyway: bool) -> None:
    """Let the tree follow from what rotted; another mediafs that is writing does it for us."""
    db = open_reader(catalog)
    try:
        is_due = generations.is_pending(db)
        options = generations.last_options(db)
    finally:
        db.close()
    if not is_due:
        return
    raw_companion = options[1] if options else "beside"
    try:
        with (
            writing(catalog, on_network_anyway=on_network_anyway) as db,
            writing(decisions_of(catalog), DECISIONS, on_network_anyway=on_network_anyway) as said,
        ):
            derive_if_due(db, said, "verify", raw_companion, _summary(counts), progress)
    except CatalogBusy:
        complain("Another mediafs is writing; it shows what was found when it ends.")


_NAMES = {
    "rotten": What.ROTTEN,
    "carried_wrong": What.MISTAKEN,
    "unsteady": What.UNSTEADY,
    "unreadable": What.UNREADABLE,
}
_IN_JSON = {what: name for name, what in _NAMES.items()}


def _summary(counts: Counts) -> dict[str, object]:
    bad = {name: counts.of(what) for name, what in _NAMES.items()}
    return {
        "schema": 1, "agreed": counts.agreed, "sound_again": counts.sound_again,
        "confirmed": counts.confirmed, **bad, "changed": counts.changed,
        "vanished": counts.vanished, "offline": counts.offline, "left": counts.left,
        "opened": counts.opened, "bytes_read": counts.bytes_read,
    }  # fmt: skip


def _as_json(counts: Counts, catalog: Path, seconds: float) -> dict[str, object]:
    db = open_reader(catalog)
    try:
        generation, all_rotten = int(generations.newest(db)), confirmed(db).rotten
    finally:
        db.close()
    bad = [
        {
            "path": to_str(bad.path),
            "what": _IN_JSON[bad.what],
            "says": bad.says,
            "good_copy": None if bad.good_copy is None else to_str(bad.good_copy),
        }
        for bad in counts.bad
    ]
    return {
        **_summary(counts), "bad": bad, "known_rotten": all_rotten, "generation": generation,
        "seconds": round(seconds, 3),
    }  # fmt: skip


def told(counts: Counts, seconds: float) -> str:
    """What was done, in words."""
    c = counts
    lines = [
        (
            f"{counted(c.agreed, 'file', 'agree')} with what was indexed;"
            f" read {size(c.bytes_read)} in {seconds:.1f} s."
        )
    ]
    if c.sound_again:
        lines.append(
            f"Of them, {counted(c.sound_again, 'file', 'were')} rotten before: sound again."
        )
    if c.confirmed:
        lines.append(
            f"Of them, {counted(c.confirmed, 'file', 'were')} known by head and tail alone until now."
        )
    if c.of(What.ROTTEN):
        lines.append(
            f"{counted(c.of(What.ROTTEN), 'file', 'are')} rotten (named above); see quarantine/rotten."
        )
    if c.of(What.MISTAKEN):
        lines.append(
            f"{counted(c.of(What.MISTAKEN), 'file', 'were')} taken for copies that they are not"
            " (named above); run `mediafs reindex`."
        )
    if c.of(What.UNSTEADY):
        lines.append(
            f"{counted(c.of(What.UNSTEADY), 'file', 'were')} read differently twice (named above)."
        )
    if c.of(What.UNREADABLE):
        lines.append(f"{counted(c.of(What.UNREADABLE), 'file')} could not be read (named above).")
    if c.changed or c.vanished:
        lines.append(
            f"{c.changed:,} changed and {c.vanished:,} went since they were indexed; they were not"
            " compared: run `mediafs reindex`."
        )
    if c.offline:
        lines.append(
            f"{counted(c.offline, 'file', 'are')} on disks that do not answer, and left out."
        )
    if c.left:
        lines.append(f"{counted(c.left, 'file', 'are')} left; the next `mediafs verify` goes on.")
    return "\n".join(lines)
