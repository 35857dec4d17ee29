"""How a mount does, in two texts: JSON for programs that ask, Prometheus's for those that collect.

Pure. Numbers are right-aligned in columns, which both formats allow: the size that a stat()
told is then still that of the text which is read a moment later, so that rsync and Samba, which
go by the size, get all of it and nothing more.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from indexer.paths import display, to_str

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1

_WIDTH = 20  # of the largest number that SQLite and the kernel know
_NUMBER = re.compile(r"^( *\"\w+\":) (\d+|null|true|false)(?=,?$)", re.MULTILINE)

_COUNTERS = {
    "lookups": "Names that were asked for.",
    "noise": "Of the lookups, those that systems make by habit; answered without a query.",
    "listings": "Queries for a part of a directory.",
    "opens": "Files opened.",
    "open_waits": "Opens that went to a thread, because they might wait for a disk.",
    "reads": "Reads answered.",
    "waits": "Reads that went to a thread, because they might wait for a disk.",
    "pieces": "Parts of files read before anybody asked for them.",
    "bytes_read": "Bytes given.",
    "failovers": "Reads that went on in an identical copy.",
    "refusals": "Opens and reads for which no source was left.",
}


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was asked so far, and what it took."""

    generation: int
    lookups: int
    noise: int  # of the lookups, those answered without a query
    listings: int  # queries for a part of a directory
    opens: int
    open_waits: int  # opens that went to a thread
    reads: int
    waits: int  # reads that went to a thread
    pieces: int  # reads ahead of anybody's asking
    bytes_read: int
    failovers: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All files of the tree, each counted once."""

    files: int
    size: int
    blocks: int  # of 512 bytes
    names: int = 0  # under which they stand


@dataclass(frozen=True, slots=True)
class RootStatus:
    """A root as the mount sees it."""

    number: int
    label: bytes
    path: bytes
    is_online: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A mount at one moment."""

    version: str
    catalog: str
    mounted: str  # ISO 8601, UTC
    mounted_seconds: int  # since 1970
    statistics: Statistics
    roots: tuple[RootStatus, ...]
    totals: Totals | None  # None: not counted yet
    suspects: int  # files waiting for a reindex, because they were found not to be as indexed


def as_json(status: Status) -> bytes:
    """`.mediafs/status.json`."""
    counters = asdict(status.statistics)
    files, names, size = _counted(status.totals)
    told = {
        "schema": SCHEMA,
        "version": status.version,
        "catalog": status.catalog,
        "mounted": status.mounted,
        "generation": counters.pop("generation"),
        "files": files,
        "names": names,
        "bytes": size,
        "suspects": status.suspects,
        "roots": [
            {"label": to_str(root.label), "path": to_str(root.path), "online": root.is_online}
            for root in status.roots
        ],
        "counters": counters,
    }
    text = json.dumps(told, indent=2)
    aligned = _NUMBER.sub(lambda found: f"{found[1]:<17}{found[2]:>{_WIDTH}}", text)
    return aligned.encode("ascii") + b"\n"


def _counted(totals: Totals | None) -> tuple[int, int, int] | tuple[None, None, None]:
    return (None, None, None) if totals is None else (totals.files, totals.names, totals.size)


def as_metrics(status: Status) -> bytes:
    """`.mediafs/metrics`, in Prometheus's text format 0.0.4."""
    return "".join(_families(status)).encode()


def _families(status: Status) -> Iterator[str]:
    counters = asdict(status.statistics)
    files, names, size = _counted(status.totals)
    version = _quoted(status.version)
    yield _family(
        "build_info", "gauge", "The program that serves.", {f'{{version="{version}"}}': 1}
    )
    yield _family(
        "mounted_timestamp_seconds", "gauge", "When it was mounted.", {"": status.mounted_seconds}
    )
    yield _family("generation", "gauge", "The generation shown.", {"": counters["generation"]})
    yield _family("files", "gauge", "Files shown.", {"": files})
    yield _family("names", "gauge", "Names under which they stand.", {"": names})
    yield _family("size_bytes", "gauge", "Size of the files shown.", {"": size})
    yield _family("suspects", "gauge", "Files to be read again.", {"": status.suspects})
    yield _family(
        "root_online", "gauge", "Whether the files of a root can be read.",
        {
            f'{{root="{root.number}",label="{_quoted(display(root.label))}"}}': int(root.is_online)
            for root in status.roots
        },
    )  # fmt: skip
    for name, says in _COUNTERS.items():
        yield _family(f"{name}_total", "counter", says, {"": counters[name]})


def _family(name: str, kind: str, says: str, samples: dict[str, int | None]) -> str:
    lines = [f"# HELP mediafs_{name} {says}", f"# TYPE mediafs_{name} {kind}"]
    for labels, value in samples.items():
        shown = "NaN" if value is None else value
        lines.append(f"mediafs_{name}{labels:<{33 - len(name)}} {shown:>{_WIDTH}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
