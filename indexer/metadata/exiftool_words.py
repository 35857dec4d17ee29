"""What is written to ExifTool and what it writes back: file names in, JSON in frames out."""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TAME_SUFFIX: Final = re.compile(rb"\.[A-Za-z0-9]{1,8}\Z")


@dataclass(frozen=True, slots=True)
class Answer:
    """What ExifTool said about one file: its JSON object, or why there is none."""

    raw: dict[str, object] | None
    failure: str | None
    is_late: bool = False  # it never said anything: the file is bad, or its disk has gone


# --- questions ---------------------------------------------------------------------------


def why_not_asked(path: bytes) -> str | None:
    """Why this path is not asked about: a folder would be listed, a FIFO waited for."""
    try:
        mode = os.stat(path or b".").st_mode
    except (OSError, ValueError) as exc:
        return f"cannot be read: {getattr(exc, 'strerror', None) or exc}"
    return None if stat.S_ISREG(mode) else "is not a regular file"


@contextmanager
def tame_names(paths: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The paths as lines that ExifTool's argument reader takes for one file name each.

    Starting with "/" or "./" they are no option, no comment, and lose no leading blank. Only a
    newline, or a carriage return at the end, cannot be written: #[CSTR] could, but in 12.57
    puts a backslash before "$" and "@". Such a file is asked through a link that keeps its
    extension, which /proc/<pid>/fd/<n> would lose.
    """
    if not any(_is_wild(path) for path in paths):
        yield [_anchored(path) for path in paths]
        return
    with tempfile.TemporaryDirectory(prefix="mediafs-") as folder:
        yield [
            _link(os.fsencode(folder), number, path) if _is_wild(path) else _anchored(path)
            for number, path in enumerate(paths)
        ]


def _is_wild(path: bytes) -> bool:
    return b"\n" in path or path.endswith(b"\r")


def _anchored(path: bytes) -> bytes:
    return path if path.startswith(b"/") else b"./" + path


def _link(folder: bytes, number: int, path: bytes) -> bytes:
    suffix = _TAME_SUFFIX.search(path)
    link = b"%s/%d%s" % (folder, number, suffix[0] if suffix else b"")
    os.symlink(os.path.abspath(path), link)
    return link


# --- answers -----------------------------------------------------------------------------


def answers_of(output: bytes, complaints: bytes | None, asked: int) -> list[Answer]:
    """One answer per finished command; `complaints` is None when ExifTool broke off."""
    said = _frames(complaints or b"", b"{said%d}\n", asked)
    frames = _frames(output, b"{ready%d}\n", asked)
    if complaints is None:
        frames = frames[:-1]  # begun, not finished
    return [
        _answer(frame, said[number] if number < len(said) else b"")
        for number, frame in enumerate(frames)
    ]


def _frames(text: bytes, sentinel: bytes, count: int) -> list[bytes]:
    """What stands before each numbered sentinel, and the rest; values hold no raw newline."""
    frames: list[bytes] = []
    for number in range(count):
        frame, found, text = text.partition(sentinel % number)
        frames.append(frame)
        if not found:
            break
    return frames


def _answer(frame: bytes, complaint: bytes) -> Answer:
    try:
        objects = parse(frame) if frame.strip() else []
    except ValueError as exc:
        return Answer(None, f"ExifTool's answer is no JSON: {exc}")
    if len(objects) != 1:
        return Answer(None, _why_skipped(complaint))
    if objects[0].get("ExifTool:Error") == "Error opening file":
        return Answer(None, "ExifTool could not open the file")
    return Answer(objects[0], None)


def _why_skipped(complaint: bytes) -> str:
    lines = complaint.decode("utf-8", "surrogateescape").strip().splitlines()
    return f"ExifTool gave no answer ({display(lines[0])})" if lines else "ExifTool gave no answer"


def parse(text: bytes) -> list[dict[str, object]]:
    """The objects of one `exiftool -j` output; raises ValueError.

    Numbers keep their text (an ImageUniqueID of 12e5 is not 1200000), bytes that are no UTF-8
    become surrogates, and of equal keys the first counts: ExifTool prints the better one first.
    """
    try:
        objects = json.loads(
            text.decode("utf-8", "surrogateescape"),
            parse_int=str,
            parse_float=str,
            object_pairs_hook=_first_wins,
            strict=False,
        )
    except RecursionError as deep:
        raise ValueError("lists within lists without end") from deep
    if isinstance(objects, list) and all(isinstance(one, dict) for one in objects):
        return objects
    raise ValueError("not a list of objects")


def _first_wins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        found.setdefault(key, value)  # and the order stays: it is that of the file
    return found
