"""`mediafs shots`: one line a shot."""

from __future__ import annotations

from typing import Any

import click

from indexer.catalog import open_reader
from indexer.paths import display
from mediafs.cli.described import all_shots_json
from mediafs.cli.output import counted, print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
@click.pass_obj
def shots(common: Any, *, as_json: bool) -> int:
    """List the shots, one line each.

    A line has the shot's number, when it was taken, how sure its original is, how many files it has,
    and the original.
    """
    db = open_reader(common.catalog)
    for shot in all_shots_json(db):
        if as_json:
            print_json(shot)
            continue
        captured: Any = shot["captured"]
        members: Any = shot["members"]
        when = captured["local"] or f"unknown ({captured['unknown']})"
        click.echo(
            f"{shot['shot']:>13}  {when:26}  {shot['confidence']:9}  {counted(len(members), 'file'):>9}  "
            f"{display(str(shot['original']))}"
        )
    return 0
