"""The process behind a mount in the background: `python -m mediafs.fuse.daemon PIPE OPTIONS`.

Started by mount.py, which waits at the other end of PIPE for one line of JSON: the process
number once the tree answers, or the error as a class and its sentence.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from indexer.errors import MediafsError
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
    try:
        serve(wanted, lambda: _say(pipe, {"pid": os.getpid()}))
    except MediafsError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence needs no traceback
        _say(pipe, {"error": type(exc).__name__, "says": str(exc)})
        return exc.exit_code
    except BaseException:
        log.exception("The mount is left broken; mounting again cleans it.")
        raise
    return 0


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


def _say(pipe: int, answer: dict[str, object]) -> None:
    os.write(pipe, json.dumps(answer).encode() + b"\n")
    os.close(pipe)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
