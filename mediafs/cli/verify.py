"""`mediafs verify`: read files again, compare, and put apart what rotted."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

import click

from indexer import roots
from indexer import verify as verification
from indexer.catalog import facts, open_reader, writing
from indexer.catalog.connection import DECISIONS
from indexer.catalog.verify import confirmed
from indexer.errors import DONE_WITH_FAILURES, CatalogBusy, NotKnown
from indexer.paths import display, to_bytes, to_str
from indexer.verify import Counts, Options, What
from mediafs.cli.index import speaking
from mediafs.cli.output import complain, print_json, size
from mediafs.update import decisions_of, derive_if_due

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.progress import Progress

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]?)B?", re.IGNORECASE)


def seconds_of(text: str) -> float:
    """Seconds in "30m", "1h30m", "30d"; a bare number would be seconds to some, days to others."""
    if not _DURATION.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no time span; say 90s, 30m, 2h, 30d or 4w.")
    parts = re.findall(r"([\d.]+)([smhdw])", text)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def bytes_of(text: str) -> int:
    """Bytes in "100G", in steps of 1000 as everywhere in mediafs."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise click.BadParameter(f"{text!r} is no size; say 500M, 100G or 1.5T.")
    return int(float(match[1]) * _BYTES[match[2].upper()])


def _duration(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    return None if text is None else seconds_of(text)


def _size(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    return None if text is None else bytes_of(text)


@click.command()
@click.argument("paths", metavar="[PATH]…", nargs=-1, type=click.Path(readable=False))
@click.option(
    "--max-duration",
    metavar="TIME",
    callback=_duration,
    help="Begin no file after that long, e.g. 30m or 2h; the next run goes on.",
)
@click.option(
    "--max-bytes",
    metavar="SIZE",
    callback=_size,
    help="Read about that much, e.g. 100G; the next run goes on.",
)
@click.option(
    "--older-than",
    metavar="TIME",
    callback=_duration,
    help="Leave out what was verified since, e.g. 30d.",
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
    """Read files again and compare with what was indexed: find bit-rot while a good copy is left.

    All files, or those at or below PATH; the longest unverified first. A run that was stopped, or
    bounded, is gone on with by the next. Exit code 2: something differs or could not be read.
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
    real = [to_bytes(os.path.realpath(path)) for path in paths]
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
        is_due = facts.is_pending(db)
        options = facts.last_options(db)
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
        generation, all_rotten = int(facts.generation(db)), confirmed(db).rotten
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
            f"{c.agreed:,} files agree with what was indexed; read {size(c.bytes_read)}"
            f" in {seconds:.1f} s."
        )
    ]
    if c.sound_again:
        lines.append(f"{c.sound_again:,} of them were rotten before and are sound again.")
    if c.confirmed:
        lines.append(f"{c.confirmed:,} of them had a digest taken over from another path.")
    if c.of(What.ROTTEN):
        lines.append(
            f"{c.of(What.ROTTEN):,} are rotten (named above); they are in quarantine/rotten."
        )
    if c.of(What.MISTAKEN):
        lines.append(
            f"{c.of(What.MISTAKEN):,} are not the copies they were taken for (named above);"
            " run `mediafs reindex`."
        )
    if c.of(What.UNSTEADY):
        lines.append(f"{c.of(What.UNSTEADY):,} were read differently twice (named above).")
    if c.of(What.UNREADABLE):
        lines.append(f"{c.of(What.UNREADABLE):,} could not be read (named above).")
    if c.changed or c.vanished:
        lines.append(
            f"{c.changed:,} changed and {c.vanished:,} went since they were indexed; they were not"
            " compared: run `mediafs reindex`."
        )
    if c.offline:
        lines.append(f"{c.offline:,} are on disks that do not answer; they were left out.")
    if c.left:
        lines.append(f"{c.left:,} are left; the next `mediafs verify` goes on with them.")
    return "\n".join(lines)
