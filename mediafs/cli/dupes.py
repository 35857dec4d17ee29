"""`mediafs dupes`: files that another one stands for, with the reason and what they take."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import open_reader
from indexer.paths import display, to_bytes
from mediafs.cli.described import all_groups_json
from mediafs.cli.output import counted, print_json, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ndjson", "csv", "fdupes"]),
    default="text",
    show_default=True,
    help="How they are listed; fdupes: paths alone, an empty line after each group.",
)
@click.pass_obj
def dupes(common: Any, form: str) -> int:
    """List files that another one stands for, in groups.

    The file that is kept comes first in each group. Nothing is ever deleted.
    """
    _FORMS[form](groups(open_reader(common.catalog)))
    return 0


def groups(db: apsw.Connection) -> Iterator[dict[str, Any]]:
    """Every group, the most reclaimable first."""
    found = sorted(all_groups_json(db), key=lambda g: (-int(g["reclaimable"]), str(g["keep"])))
    return iter(found)


def _text(found: Iterable[dict[str, Any]]) -> None:
    total = count = 0
    for group in found:
        keep, *others = group["files"]
        click.echo(f"{group['reason']}: {size(group['reclaimable'])} reclaimable")
        click.echo(f"    keep  {display(keep['path'])}")
        for file in others:
            click.echo(f"          {display(file['path'])}  {size(file['size'])}")
        total += group["reclaimable"]
        count += 1
    click.echo(f"{counted(count, 'group')}, {size(total)} reclaimable.")


def _json(found: Iterable[dict[str, Any]]) -> None:
    print_json({"schema": 1, "groups": list(found)})


def _ndjson(found: Iterable[dict[str, Any]]) -> None:
    for group in found:
        print_json(group)


def _csv(found: Iterable[dict[str, Any]]) -> None:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(("group", "reason", "role", "size", "path"))
    for number, group in enumerate(found, 1):
        for file in group["files"]:
            writer.writerow((number, group["reason"], file["role"], file["size"], file["path"]))
    _raw(line.getvalue())


def _fdupes(found: Iterable[dict[str, Any]]) -> None:
    for group in found:
        _raw("".join(f"{file['path']}\n" for file in group["files"]) + "\n")


def _raw(text: str) -> None:
    """Paths as the disk has them, whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(to_bytes(text))


_FORMS = {"text": _text, "json": _json, "ndjson": _ndjson, "csv": _csv, "fdupes": _fdupes}
