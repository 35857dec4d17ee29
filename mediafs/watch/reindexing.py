"""One run of the indexer, as a process of its own: `mediafs reindex`.

So that weeks of watching cost no memory of decoders, a crash in one costs one run, and a stop
need not wait for a disk that stands still.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from indexer.errors import DONE_WITH_FAILURES, CatalogBusy
from indexer.paths import to_str
from mediafs.watch.agenda import End

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_STOP_SECONDS = 0.8  # for a run to keep what it has read; it takes half of that


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended, and what its `--json` says; {}: nothing."""

    how: End
    code: int
    outcome: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indexer:
    """How `mediafs reindex` is called."""

    catalog: Path
    settle: float
    options: Sequence[str] = ()

    async def run(self, roots: Iterable[bytes], say: Callable[[str], None]) -> Ran:
        """Look at these roots, all if none is named; warnings are said as they come."""
        process = await trio.lowlevel.open_process(
            self._command(roots), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
            process_group=0,  # Ctrl-C is for us to pass on
        )  # fmt: skip
        said: list[bytes] = []
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_lines, process.stdout, said.append)
                nursery.start_soon(_lines, process.stderr, lambda line: say(to_str(line)))
            code = await process.wait()
        except BaseException:
            with trio.CancelScope(shield=True):
                await _stop(process)
            raise
        return _ran(code, said)

    def _command(self, roots: Iterable[bytes]) -> list[str]:
        named = [os.fsdecode(root) for root in sorted(roots)]
        return [
            *(sys.executable, "-m", "mediafs", "--catalog", os.fspath(self.catalog), "reindex"),
            *("--json", "--quiet", "--settle", str(self.settle), *self.options, "--", *named),
        ]


async def _lines(stream: trio.abc.ReceiveStream | None, take: Callable[[bytes], object]) -> None:
    assert stream is not None
    rest = b""
    async for chunk in stream:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            take(line)
    if rest:
        take(rest)


async def _stop(process: trio.Process) -> None:
    process.terminate()
    with trio.move_on_after(_STOP_SECONDS):
        await process.wait()
    if process.returncode is None:
        process.kill()  # a catalog survives that; a disk that stands still would not let it end


def _ran(code: int, said: Sequence[bytes]) -> Ran:
    if code == CatalogBusy.exit_code:
        return Ran(End.BUSY, code)
    if code not in (0, DONE_WITH_FAILURES) or not said:
        return Ran(End.FAILED, code)
    outcome = json.loads(said[-1])
    return Ran(End.UNSETTLED if outcome["unsettled"] else End.DONE, code, outcome)
