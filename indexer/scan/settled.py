"""Whether a file is whole by now: nobody wrote to it for a while.

Pure. What is still being copied or downloaded is left for a later run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.model import Stamp


def is_settled(stamp: Stamp, now_ns: int, quiet_ns: int) -> bool:
    """Whether neither time of a file is as near to now as that.

    Near on both sides: a server's clock may be ahead of ours. A time further ahead says nothing
    (a camera's clock, one that was set back), or a file would wait for years.
    """
    return all(abs(now_ns - then) >= quiet_ns for then in (stamp.mtime_ns, stamp.ctime_ns))
