"""The process behind a mount in the background: `python -m mediafs.fuse.daemon PIPE OPTIONS`.

Started by mount.py, which waits at the other end of PIPE for one line of JSON: the process
number once the tree answers, or the error as a class and its sentence.
"""

from __future__ import annotations

import json
import logging
import os
import sys

from indexer.errors import MediafsError
from mediafs.fuse.mount import from_json, serve

log = logging.getLogger(__name__)


def main(pipe: int, options: str) -> int:
    """Detach, serve, and return the exit code."""
    # The launcher's session stays, its process does not: no terminal can come back to it.
    if os.fork():
        os._exit(0)
    os.chdir("/")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        serve(from_json(options), lambda: _say(pipe, {"pid": os.getpid()}))
    except MediafsError as exc:
        log.error("%s", exc)  # noqa: TRY400 - a sentence needs no traceback
        _say(pipe, {"error": type(exc).__name__, "says": str(exc)})
        return exc.exit_code
    except BaseException:
        log.exception("The mount is left broken; mounting again cleans it.")
        raise
    log.info("unmounted")
    return 0


def _say(pipe: int, answer: dict[str, object]) -> None:
    os.write(pipe, json.dumps(answer).encode() + b"\n")
    os.close(pipe)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
