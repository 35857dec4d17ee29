"""What this process may use of the machine: processors and memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

# Of all memory, what whole files and decoded pictures may take together. The rest is for
# the page cache, which ExifTool and the film decoders read from, and for everybody else.
_SHARE: Final = 4
_IF_UNKNOWN: Final = 4 * 1024**3
_CGROUPS: Final = Path("/sys/fs/cgroup")


def processors() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes(cgroups: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """The memory there is for this process: the machine's, or what its cgroup is allowed."""
    try:
        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        installed = _IF_UNKNOWN
    return min([installed, *_limits(cgroups, own)])


def memory_to_use() -> int:
    """How much of it reading takes unless a person says otherwise."""
    return memory_bytes() // _SHARE


def _limits(cgroups: Path, own: Path) -> list[int]:
    """What the cgroups of this process, and those around them, allow."""
    try:
        lines = own.read_text("utf-8").splitlines()
    except OSError:
        return []
    found: list[int] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base, name = (
            (cgroups / "memory", "memory.limit_in_bytes")
            if "memory" in controllers.split(",")
            else (cgroups, "memory.max")
        )
        inner = base / path.lstrip("/")
        around = (folder for folder in (inner, *inner.parents) if folder.is_relative_to(base))
        found += [limit for folder in around if (limit := _limit(folder / name)) is not None]
    return found


def _limit(file: Path) -> int | None:
    """None where it says "max" or nothing; version 1 says a number beyond every machine."""
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):
        return None
