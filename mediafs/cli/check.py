"""`mediafs check`: the named invariants of the catalog."""

from __future__ import annotations

from typing import Any

import click

from indexer.catalog import check as invariants
from indexer.catalog import open_reader
from indexer.errors import MediafsError
from indexer.paths import display
from mediafs.cli.output import print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def check(common: Any, *, as_json: bool) -> int:
    """Prove the catalog: nothing skipped silently, every decision explained, the tree true."""
    findings = list(invariants.check(open_reader(common.catalog)))
    broken = [finding for finding in findings if not finding.holds]
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
        print_json({"schema": 1, "ok": not broken, "invariants": rows})
        return MediafsError.exit_code if broken else 0
    for finding in findings:
        click.echo(f"{'ok    ' if finding.holds else 'BROKEN'}  {finding.invariant.name}: "
                   f"{finding.invariant.says}")  # fmt: skip
        for example in finding.counterexamples:
            click.echo(f"          {display(example)}")
    if broken:
        raise MediafsError(
            f"{display(common.catalog)} breaks {len(broken)} of {len(findings)} invariants; move "
            "it away and run `mediafs index` again, and please report what stands above."
        )
    click.echo(f"All {len(findings)} invariants hold.")
    return 0
