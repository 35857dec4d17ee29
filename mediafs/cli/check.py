"""`mediafs check`: the named invariants of the catalog."""

from __future__ import annotations

from typing import Any

import click

from indexer.catalog import check as invariants
from indexer.catalog import open_reader
from indexer.catalog.digest import digests
from indexer.errors import MediafsError
from indexer.paths import display
from mediafs.cli.output import print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--digest",
    is_flag=True,
    help="Print one number for all that the catalog says, and one for each part of it: equal"
    " where two catalogs of one library say the same.",
)
@click.pass_obj
def check(common: Any, *, as_json: bool, digest: bool) -> int:
    """Prove that the catalog is whole; exit code 1 if it is not.

    Nothing is skipped silently, every decision is explained, and the tree shows what it should.
    """
    db = open_reader(common.catalog)
    findings = list(invariants.check(db))
    broken = [finding for finding in findings if not finding.holds]
    numbers = digests(db) if digest else {}
    if as_json:
        rows = [
            {
                "name": f.invariant.name,
                "says": f.invariant.says,
                "holds": f.holds,
                "counterexamples": list(f.counterexamples),
            }
            for f in findings
        ]
        digested = {"digests": numbers} if digest else {}
        print_json({"schema": 1, "ok": not broken, "invariants": rows} | digested)
        return MediafsError.exit_code if broken else 0
    for finding in findings:
        click.echo(f"{'ok    ' if finding.holds else 'BROKEN'}  {finding.invariant.name}: "
                   f"{finding.invariant.says}")  # fmt: skip
        for example in finding.counterexamples:
            click.echo(f"          {display(example)}")
    for part, number in numbers.items():
        click.echo(f"{number}  {part}")
    if broken:
        raise MediafsError(
            f"{display(common.catalog)} breaks {len(broken)} of {len(findings)} invariants; move "
            "it away and run `mediafs index` again, and please report what stands above."
        )
    click.echo(f"All {len(findings)} invariants hold.")
    return 0
