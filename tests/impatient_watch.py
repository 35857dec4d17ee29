"""`mediafs watch` that looks, rests and tries again in moments, as a process for tests.

    impatient_watch.py CATALOG SETTLE

Says what the command with `--json` says.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import trio

from mediafs.cli.output import print_json
from mediafs.watch.agenda import Agenda, Pace
from mediafs.watch.catalog import CatalogReader
from mediafs.watch.loop import Watcher
from mediafs.watch.reindexing import Indexer

_NEVER = 24 * 3600.0
_MOMENT = 0.05


def main(catalog: Path, settle: float) -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    watcher = Watcher(
        CatalogReader(catalog),
        Indexer(catalog, settle),
        Agenda(Pace(settle, _NEVER, _NEVER, rest=0.0, busy=(_MOMENT, _MOMENT))),
        told=_print,
        look_seconds=_MOMENT,
        breath_seconds=_MOMENT,
    )
    return trio.run(watcher.run)


def _print(outcome: dict[str, object]) -> None:
    print_json(outcome)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
