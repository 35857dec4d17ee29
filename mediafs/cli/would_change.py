"""What would change a decision, as sentences for the person who doubts it.

Pure: what `explain --json` prints comes in.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOOKS_ALONE = "look"
# Choosing one of these would be no gain: a copy of the same picture data, or nothing of the camera.
_NEVER_NEXT = frozenset({"edit", "preview", "identical", "same-payload", "sidecar", "live-video"})

_SAID = {
    "original": "is the original",
    "not-a-duplicate": "is a shot of its own",
    "ignore": "is never the original",
}
_STATES = {
    "excluded": "A pattern under `include` in the config file lets it in at the next run.",
    "unreadable": "It is tried again in every run; once it can be read, it is decided about.",
    "rotten": "A good copy put in its place and `mediafs reindex`; or `mediafs verify`, should it read"
    " right again.",
    "gone": "It comes back when a run finds it again, here or under another name.",
}
_WHOLE_COPY = (
    "A whole copy, from the card, the device or the download it came from, takes its place"
    " as soon as it is indexed."
)
_ORPHAN = "As soon as what it speaks about is indexed beside it, it goes wherever that goes."
_NO_MEDIUM = "Nothing: only photographs, films and their sidecars are decided about."
_NO_DATE = (
    "A date of capture, in any file of this shot or in an XMP sidecar beside one, gives it a day"
    " at the next `mediafs reindex`. The file's own modification date never does."
)
_CONFLICT = "Once the two dates agree, because the wrong one was corrected, it has a day."


def would_change(told: Mapping[str, Any]) -> list[str]:
    """What would change the file's role and its shot's original and time; most telling first."""
    if told["shot"] is None:
        return list(_of_no_shot(told))
    said = [*_of_words(told), *_of_role(told), *_of_original(told), *_of_time(told)]
    return said or [_nothing(told)]


def _of_no_shot(told: Mapping[str, Any]) -> Iterator[str]:
    if told["damage"]:
        yield _WHOLE_COPY
    elif told["state"] in _STATES:
        yield _STATES[told["state"]]
    elif told["kind"] == "sidecar":
        yield _ORPHAN
    else:
        yield _NO_MEDIUM


def _of_words(told: Mapping[str, Any]) -> Iterator[str]:
    """What a person decided, to be taken back."""
    seen: set[str] = set()
    digests = {member["path"]: member["blake3"] for member in told["members"]}
    for word in told["decided"]:
        if digests[word["path"]] not in seen:
            seen.add(digests[word["path"]])
            yield (
                f"You said that {_name(word['path'])} {_SAID[word['verdict']]}:"
                f" `mediafs decide {_command(word['path'])} --undo` takes it back."
            )


def _of_role(told: Mapping[str, Any]) -> Iterator[str]:
    role, path = told["role"], told["path"]
    decide = f"`mediafs decide {_command(path)}"
    if any(_is_copy(told, word["path"]) for word in told["decided"]):
        return  # taking that back comes first
    if role == "sidecar":
        yield "A sidecar goes where the file goes that it speaks about; decide about that one."
    elif role == "identical" and _is_copy(told, told["original"]):
        yield (
            "Nothing tells equal bytes apart: a word about one of these copies is one about all"
            " of them, and whichever was indexed first is shown."
        )
    elif role == "live-video":
        yield f"If it is a film of its own, {decide} --not-a-duplicate` parts the two."
    elif role != "original" and _is_tied_by_looks(told):
        yield (
            f"Only its looks tie it to this shot. If they deceive, {decide} --not-a-duplicate`"
            " makes it a shot of its own."
        )
    elif role != "original":
        yield (
            f"{decide} --original` puts it in the original's place;"
            " --not-a-duplicate makes it a shot of its own."
        )


def _is_copy(told: Mapping[str, Any], of: str) -> bool:
    """Whether the file's bytes are those of another path, or its own."""
    digests = {member["path"]: member["blake3"] for member in told["members"]}
    return bool(digests[told["path"]] == digests[of])


def _is_tied_by_looks(told: Mapping[str, Any]) -> bool:
    own = (e["kind"] for e in told["evidence"] if told["path"] in (e["a"], e["b"]))
    return set(own) == {_LOOKS_ALONE}


def _of_original(told: Mapping[str, Any]) -> Iterator[str]:
    if told["damage"]:
        yield _WHOLE_COPY
    elif told["original_missing"]:
        yield "The camera's own file takes the original's place as soon as it is indexed."
    next_best = _next_best(told)
    if next_best is None or told["path"] == next_best[0]:
        return
    path, behind = next_best
    if told["confidence"] == "ambiguous":
        yield (
            f"If you know better, `mediafs decide {_command(path)} --original` chooses"
            f" {_name(path)}, for which about as much speaks."
        )
    elif told["confidence"] == "likely" and behind > 0:
        yield (
            f"{_name(path)} is {behind:g} point{'' if behind == 1 else 's'} behind as the"
            f" original: `mediafs decide {_command(path)} --original` chooses it."
        )


def _next_best(told: Mapping[str, Any]) -> tuple[str, float] | None:
    """Who would be the original otherwise, and by how many points it is behind."""
    roles = {member["path"]: member["role"] for member in told["members"]}
    points: dict[str, float] = {}
    for vote in told["votes"]:
        points[vote["path"]] = points.get(vote["path"], 0) + vote["points"]
    lead = points.get(told["original"], 0)
    others = [
        path for path, role in roles.items() if role not in _NEVER_NEXT and path in points
        and path != told["original"]
    ]  # fmt: skip
    if not others:
        return None
    path = max(others, key=lambda known: (points[known], known))
    return path, lead - points[path]


def _of_time(told: Mapping[str, Any]) -> Iterator[str]:
    captured = told["captured"]
    if captured["local"] is None:
        yield _CONFLICT if captured["unknown"] == "conflict" else _NO_DATE
    elif captured["confidence"] != "certain":
        yield (
            "The camera's own record of the exposure, in any file of this shot, would count more"
            f" than {captured['source']}."
        )
    elif captured["offset"] is None:
        yield "A place or a time zone in any file of this shot would tell the zone of its clock."


def _nothing(told: Mapping[str, Any]) -> str:
    if len(told["members"]) > 1:
        return (
            "Nothing here is in doubt. `mediafs decide` on another of its files, with --original,"
            " overrules every vote."
        )
    return "Nothing here is in doubt; only another file of this shot, once indexed, can change it."


def _name(path: str) -> str:
    return display(os.path.basename(path))


def _command(path: str) -> str:
    return shlex.quote(display(path))
