"""What would change a decision, as sentences for the person who doubts it.

Pure: what `explain --json` prints comes in.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKS_ALONE = "look"


def would_change(told: dict[str, Any]) -> list[str]:
    """What would change the file's role and its shot's original and time; most telling first."""
    return [*_of_role(told), *_of_original(told), *_of_time(told)]


def _of_role(told: dict[str, Any]) -> Iterator[str]:
    if told["role"] in ("original", "sidecar"):
        return
    path = _command(told["path"])
    kinds = {e["kind"] for e in told["evidence"] if told["path"] in (e["a"], e["b"])}
    if kinds == {_LOOKS_ALONE}:
        yield (
            "Only its looks tie it to this shot. If they deceive,"
            f" `mediafs decide {path} --not-a-duplicate` makes it a shot of its own."
        )
    else:
        yield (
            f"`mediafs decide {path} --original` puts it in the original's place;"
            " --not-a-duplicate makes it a shot of its own."
        )


def _of_original(told: dict[str, Any]) -> Iterator[str]:
    if told["original_missing"]:
        yield "The camera's own file takes the original's place as soon as it is indexed."
    next_best = _next_best(told)
    if next_best is None:
        return
    path, behind = next_best
    if told["confidence"] == "ambiguous":
        yield (
            f"If you know better, `mediafs decide {_command(path)} --original` chooses"
            f" {_name(path)}, for which as much speaks."
        )
    elif told["confidence"] == "likely" and behind > 0:
        yield (
            f"{_name(path)} is {behind:g} points behind as the original:"
            f" `mediafs decide {_command(path)} --original` chooses it."
        )


def _next_best(told: dict[str, Any]) -> tuple[str, float] | None:
    """Who would be the original otherwise, and by how many points it is behind."""
    points: dict[str, float] = {}
    for vote in told["votes"]:
        points[vote["path"]] = points.get(vote["path"], 0) + vote["points"]
    lead = points.pop(told["original"], 0)
    if not points:
        return None
    path = max(points, key=lambda known: (points[known], known))
    return path, lead - points[path]


def _of_time(told: dict[str, Any]) -> Iterator[str]:
    captured = told["captured"]
    if captured["local"] is None:
        yield (
            "A date in any file of this shot, or in a sidecar beside it, gives it a day; the"
            " file's own modification date never does."
        )
    elif captured["confidence"] != "certain":
        yield (
            "A file of this shot with the camera's own record of the exposure would outrank"
            f" {captured['source']}."
        )
    elif captured["offset"] is None:
        yield "A place or a zone in any file of this shot would tell the zone of its clock."


def _name(path: str) -> str:
    return display(os.path.basename(path))


def _command(path: str) -> str:
    return shlex.quote(display(path))
