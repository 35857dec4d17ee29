"""What a run of the indexer did and how long things take, for the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEWS: Final = ("new", "changed", "moved", "gone")
_UNITS: Final = ((3600, "hour"), (60, "minute"), (1, "second"))


def outcome_in_words(outcome: Mapping[str, Any]) -> str:
    """One line about what changed; "": nothing did."""
    news = ", ".join(f"{outcome[name]:,} {name}" for name in _NEWS if outcome[name])
    waiting = outcome["unsettled"]
    if not news and not waiting:
        return ""
    says = (
        f"{news or 'nothing new'} (generation {outcome['generation']}, {outcome['seconds']:.1f} s)"
    )
    if outcome["failed"]:
        says += f"; {outcome['failed']:,} not well, named above"
    if waiting:
        says += f"; {waiting:,} perhaps still being written, looked at again soon"
    return says + "."


def period(seconds: float) -> str:
    """Seconds as a person says them: "10 minutes", "hour"."""
    for size, name in _UNITS:
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return name if count == 1 else f"{count} {name}s"
    return f"{seconds:g} seconds"
