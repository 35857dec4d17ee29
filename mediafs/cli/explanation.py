"""An explanation in words: what a file is, why, and what would change that.

Pure: what `explain --json` prints comes in, lines for a person go out. The answer comes first,
everything that led to it after it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from indexer.paths import display
from mediafs.cli.output import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_MORE_TIES = 8  # after each member's strongest; what a screen takes
_WIDEST_VALUE = 30  # a date with fraction and zone

_DAMAGE = {
    "empty": "It is empty.",
    "truncated": "Part of it is missing: {}.",
    "undecodable": "No decoder makes sense of it: {}.",
}
_STATES = {
    "unreadable": "It could not be read: {}.",
    "rotten": "It is rotten: {}.",
    "excluded": "It is left out, by the pattern {}.",
    "gone": "It is not on the disk any more.",
}
_KEPT = "It was left as it is; quarantine/ shows it, so that it can be found."

_NO_SHOT = {
    "sidecar": "A sidecar; the picture or film that it speaks about is not here.",
    "other": "No photograph and no film, but {}: it is shown where it lies, in by-source/ alone.",
}
_DAMAGED_ALONE = "It belongs to no shot: nothing in it tells when or with what it was taken."

_WHAT = {
    "live-video": "The film that goes with {}.",
    "raw-companion": "What the camera wrote beside its RAW, {}.",
    "sidecar": "A sidecar in the shot of {}.",
    "edit": "An edited version of {}.",
    "identical": "An exact copy, in the shot of {}.",
    "same-payload": "The same picture data as {}, with other metadata.",
    "reencoded": "A copy of {}.",
    "resized": "A smaller copy of {}.",
    "preview": "A small version of {}.",
}
_SETS = {"bracket": "an exposure bracket", "recording": "one recording"}  # by its id's first word

# Others stand in between, in the order that they come in.
_STRONGEST = ("identical", "same-payload", "same-pixels")
_WEAKEST = ("look",)


def lines(told: Mapping[str, Any]) -> list[str]:
    """Everything that a person is told about a file."""
    said = [display(told["path"]), *(f"  {line}" for line in _condition(told))]
    if told["shot"] is None:
        said.append(f"  {_of_no_shot(told)}")
        said += _section("What would change this", told["would_change"])
    else:
        said += _shot(told)
    return said + _section(
        "Where it appears in the tree", map(display, told["placements"]), none="nowhere"
    )


def _condition(told: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the file itself, and what was done about it."""
    if told["damage"]:
        yield _DAMAGE[told["damage"]].format(told["says"])
    elif told["state"] in _STATES:
        yield _STATES[told["state"]].format(told["says"])
    if told["damage"] or told["state"] in ("unreadable", "rotten"):
        yield _KEPT


def _of_no_shot(told: Mapping[str, Any]) -> str:
    if told["damage"]:
        return _DAMAGED_ALONE
    if told["state"] != "present":
        return "It belongs to no shot."
    return _NO_SHOT.get(told["kind"], "It belongs to no shot.").format(told["type"])


def _shot(told: Mapping[str, Any]) -> list[str]:
    names = _names([member["path"] for member in told["members"]])
    captured = told["captured"]
    said = [f"  {line}" for line in _what(told, names)]
    if told["role"] != "original":
        title = f"Original: {names[told['original']]} ({_sure(told)})"
        said += _section(title, [told["why"]], end="")
    said += _section(f"Taken: {_when(captured)}", _about_time(captured), end="")
    said += _section("What would change this", told["would_change"])
    said += _section(f"Files of shot {told['shot']} (> this one)", _members(told))
    said += _section("Why they are one shot", _ties(told, names))
    said += _section(_voted(told), _votes(told, names))
    return said + _section("Clues about the time (* the one that is used)", _clues(told, names))


def _what(told: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """What the file is, and why."""
    original = told["original"]
    if told["role"] == "identical" and _digest(told, told["path"]) == _digest(told, original):
        yield f"An exact copy of {names[original]}."
    elif told["role"] != "original":
        yield _WHAT[told["role"]].format(names[original])
        yield told["roles"][told["path"]]
    elif len(told["members"]) == 1 and not told["original_missing"]:
        yield "The only file of its shot."
    elif told["original_missing"]:
        yield "It stands in the original's place."
        yield told["why"]
    else:
        yield f"The original of its shot ({_sure(told)})."
        yield told["why"]
    if told["burst"]:
        yield _set(told["burst"], told["burst_shots"])


def _digest(told: Mapping[str, Any], path: str) -> str:
    return str(next(m["blake3"] for m in told["members"] if m["path"] == path))


def _sure(told: Mapping[str, Any]) -> str:
    return "the only candidate" if told["confidence"] == "only" else told["confidence"]


def _set(burst: str, count: int) -> str:
    kind = _SETS.get(burst.partition("-")[0])
    part = "chapters" if burst.startswith("recording-") else "frames"
    return f"It is one of {count} {part} of {kind or 'a burst'}; each is a shot of its own."


def _when(captured: Mapping[str, Any]) -> str:
    if not captured["local"]:
        return "not known"
    clock = " ".join([captured["local"].replace("T", " "), captured["offset"] or ""]).rstrip()
    return f"{clock} ({captured['confidence']})"


def _about_time(captured: Mapping[str, Any]) -> Iterator[str]:
    yield captured["why"]
    if captured["suggestion"]:
        guess = captured["suggestion"].replace("T", " ").replace("/", " to ")
        yield f"Suggested, and not used: {guess}. {captured['suggestion_why']}"


def _members(told: Mapping[str, Any]) -> Iterator[str]:
    for member in told["members"]:
        mark = ">" if member["path"] == told["path"] else " "
        yield f"{mark} {member['role']:14} {size(member['size']):>9}  {display(member['path'])}"
        if member["role"] != "original":
            yield f"  {'':14} {'':9}  {told['roles'][member['path']]}"


def _ties(told: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """Each member's strongest tie to the original, this file's first; then what else there is."""
    place = {member["path"]: n for n, member in enumerate(told["members"])}
    rest = sorted(told["evidence"], key=lambda row: (_weakness(row), *_pair(row, place)))
    shown = []
    for member in sorted(told["members"], key=lambda m: bool(m["path"] != told["path"])):
        own = [row for row in rest if member["path"] in (row["a"], row["b"])]
        direct = [row for row in own if told["original"] in (row["a"], row["b"])]
        if member["path"] != told["original"] and own:
            best = (direct or own)[0]
            if best not in shown:
                shown.append(best)
    rest = [row for row in rest if row not in shown]
    for row in (*shown, *rest[:_MORE_TIES]):
        nearer, farther = sorted((row["a"], row["b"]), key=place.__getitem__)
        yield f"{names[farther]} and {names[nearer]}: {row['says']}"
    if len(rest) > _MORE_TIES:
        yield f"… and {len(rest) - _MORE_TIES} more; --json has them all."


def _pair(row: Mapping[str, Any], place: Mapping[str, int]) -> list[int]:
    """Where the two stand among the members: what is said first does not depend on digests."""
    return sorted((place[row["a"]], place[row["b"]]))


def _weakness(row: Mapping[str, Any]) -> int:
    if row["kind"] in _STRONGEST:
        return _STRONGEST.index(row["kind"])
    return len(_STRONGEST) + (row["kind"] in _WEAKEST)


def _voted(told: Mapping[str, Any]) -> str:
    if len({vote["path"] for vote in told["votes"]}) > 1:
        return "Votes for the original"
    return "What tells whether it is the camera's own file"


def _votes(told: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    by_file = _by_file(told["votes"])
    points = {path: sum(vote["points"] for vote in votes) for path, votes in by_file.items()}
    for path in sorted(by_file, key=lambda known: (known != told["original"], -points[known])):
        yield f"{names[path]}: {points[path]:+g}"
        for vote in by_file[path]:
            yield f"  {vote['points']:+5g}  {vote['says']}"


def _clues(told: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for path, clues in _by_file(told["clues"]).items():
        yield names.get(path) or f"{_base(path)}, another shot"
        values = [display(clue["value"]) for clue in clues]
        width = max((len(v) for v in values if len(v) <= _WIDEST_VALUE), default=0)
        for clue, value in zip(clues, values, strict=True):
            mark = "*" if clue["used"] else " "
            says = clue["says"].removeprefix("used: ")
            yield f"{mark} {value:{width}}  {says} ({clue['source']})"


def _by_file(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["path"], []).append(row)
    return found


def _names(paths: Sequence[str]) -> dict[str, str]:
    """Each file by its name, with as many folders before it as tell it from the others."""
    named: dict[str, str] = {}
    depth = 1
    while len(named) < len(set(paths)):
        tails = {path: "/".join(path.rsplit("/", depth)[-depth:]) for path in paths}
        told = list(tails.values())
        named |= {p: tail for p, tail in tails.items() if p not in named and told.count(tail) == 1}
        depth += 1
    return {path: display(name) for path, name in named.items()}


def _base(path: str) -> str:
    return display(os.path.basename(path))


def _section(
    title: str, rows: Iterable[str], *, end: str = ":", none: str | None = None
) -> list[str]:
    """A title with its lines; nothing where there are none, unless that is worth a word."""
    below = list(rows) or ([none] if none else [])
    return ["", f"{title}{end}", *(f"  {row}" for row in below)] if below else []
