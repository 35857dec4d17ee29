"""What a mount leaves for other processes to find: who serves it from which catalog, its log.

In `${XDG_STATE_HOME:-~/.local/state}/mediafs`. Written by the serving process, removed when it
ends cleanly; what a crash leaves behind is recognised by the process's start time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from indexer.paths import to_bytes


@dataclass(frozen=True, slots=True)
class State:
    """One serving process."""

    mountpoint: str
    catalog: str
    pid: int
    started: int  # clock ticks after boot: a number given to another process later differs


def _folder() -> Path:
    return platformdirs.user_state_path("mediafs", appauthor=False)


def _name(mountpoint: Path) -> str:
    return hashlib.sha256(to_bytes(mountpoint)).hexdigest()[:16]


def log_path(mountpoint: Path) -> Path:
    """Where a mount in the background writes its log."""
    return _folder() / f"mount-{_name(mountpoint)}.log"


def _state_path(mountpoint: Path) -> Path:
    return _folder() / "mounts" / f"{_name(mountpoint)}.json"


def write_state(mountpoint: Path, catalog: Path) -> None:
    """This process serves the mount point."""
    pid = os.getpid()
    state = State(os.fspath(mountpoint), os.fspath(catalog), pid, _started(pid) or 0)
    path = _state_path(mountpoint)
    path.parent.mkdir(parents=True, exist_ok=True)
    # In one step: status may read it at any moment.
    draft = path.with_suffix(f".{pid}")
    draft.write_text(json.dumps(asdict(state)), encoding="ascii")
    draft.replace(path)


def remove_state(mountpoint: Path, pid: int | None = None) -> None:
    """Nobody, or not this process, serves the mount point any more.

    A mount that was taken away lazily ends with its last open file: another may be there by then.
    """
    state = _stored(mountpoint)
    if pid is None or (state is not None and state.pid == pid):
        _state_path(mountpoint).unlink(missing_ok=True)


def read_state(mountpoint: Path) -> State | None:
    """Who serves a mount point, if it still runs and told."""
    state = _stored(mountpoint)
    return state if state is not None and _started(state.pid) == state.started else None


def _stored(mountpoint: Path) -> State | None:
    try:
        return State(**json.loads(_state_path(mountpoint).read_text("ascii")))
    except (OSError, ValueError, TypeError):
        return None


def _started(pid: int) -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name of the program, in parentheses, may hold anything.
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2]
        return int(after_name.split()[19])
    return None
