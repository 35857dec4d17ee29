"""The end of threads, when it comes at any moment."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence


def wait_ended(threads: Sequence[threading.Thread], seconds: float) -> bool:
    """Whether all threads that were begun have ended within that time.

    Ctrl-C raises wherever the main thread is, also while it waits for a thread to take its
    first step. Such a thread finds that all is over as soon as it does.
    """
    deadline = time.monotonic() + seconds
    for thread in threads:
        with contextlib.suppress(RuntimeError):  # what join() says before the first step
            thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
