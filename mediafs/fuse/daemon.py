"""The process behind a mount in the background: `python -m mediafs.fuse.daemon PIPE OPTIONS`.

Started by mount.py, which waits at the other end of PIPE for one line of JSON: the process
number once the tree answers, or the error as a class and its sentence.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import traceback
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from indexer.errors import MediafsError, MountRefused
from indexer.paths import display
from mediafs.fuse.mount import from_json, serve
from mediafs.fuse.states import log_path

if TYPE_CHECKING:
    import io
    from pathlib import Path

log = logging.getLogger(__name__)

# Some ten thousand lines, and as many from before. Arbitrary.
_LOG_BYTES = 1 << 20


def main(pipe: int, options: str) -> int:
    """Detach, serve, and return the exit code."""
    # The launcher's session stays, its process does not: no terminal can come back to it.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    wanted = from_json(options)
    log_to(log_path(wanted.mountpoint))
    asker = _Asker(pipe)
    shown = display(wanted.mountpoint)
    try:
        serve(wanted, asker.is_mounted)
    except MediafsError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence needs no traceback
        asker.is_refused(exc)
        return exc.exit_code
    except BaseException as exc:
        log.exception("The mount ended; if it is left broken, mounting again cleans it.")
        why = "".join(traceback.format_exception_only(exc)).strip()
        where = display(log_path(wanted.mountpoint))
        asker.is_refused(
            MountRefused(f"{shown} was not mounted ({why}); its log {where} has more.")
        )
        raise
    asker.is_refused(MountRefused(f"{shown} was not mounted: its process was told to stop."))
    return 0


class _Asker:
    """Who waits for the mount at the other end of a pipe, and hears one answer."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._is_waiting = True

    def is_mounted(self) -> None:
        """Say so; MountRefused if nobody waits any more."""
        try:
            self._hear({"pid": os.getpid()})
        except BrokenPipeError as exc:
            raise MountRefused("Who asked for the mount went away before it answered.") from exc

    def is_refused(self, why: MediafsError) -> None:
        """Say why, unless it was mounted before or nobody waits any more."""
        with contextlib.suppress(OSError):
            self._hear({"error": type(why).__name__, "says": str(why)})

    def _hear(self, answer: dict[str, object]) -> None:
        if not self._is_waiting:
            return
        self._is_waiting = False
        try:
            os.write(self._pipe, json.dumps(answer).encode() + b"\n")
        finally:
            os.close(self._pipe)


class _Log(RotatingFileHandler):
    """Takes along what libfuse and the interpreter say when it turns to a new file."""

    def _open(self) -> io.TextIOWrapper:
        stream = super()._open()
        for said in (1, 2):
            os.dup2(stream.fileno(), said)
        return stream


def log_to(path: Path) -> None:
    """From here on everything is said there, where that is possible; the mount goes on without."""
    logging.raiseExceptions = False  # a full disk ends no mount
    handler: logging.Handler
    try:
        handler = _Log(path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler()
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S%z")
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
