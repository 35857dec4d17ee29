"""Why a name of the tree went or shows something else, in words: for `mediafs log`.

Said when the tree is published, since what was decided then may be decided otherwise later.
Pure: what the files are and what was decided about them comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.catalog.rows import Reason
from indexer.model import Role
from indexer.paths import display, to_str
from mediafs.views import (
    by_date,
    by_device,
    by_source,
    duplicates,
    originals,
    quarantine,
    unknown_time,
)
from mediafs.views.bundle import STANDS_IN, dated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from indexer.catalog.rows import Left, Standing
    from indexer.model import FileId, ShotId

_COPY = "An exact copy stands in its place."


@dataclass(frozen=True, slots=True)
class Now:
    """What is known when a generation is published."""

    files: Mapping[FileId, Standing]
    shown: Mapping[ShotId, FileId]  # what stands for each of their shots
    views: Mapping[FileId, frozenset[str]]  # in which a file still has a name
    rewritten: frozenset[FileId]  # those whose bytes are others than before
    rule: Callable[[ShotId, FileId, FileId], str | None]


def because(left: Left, now: Now) -> Reason | None:
    """Why a name changed; None: it shows the same bytes with other attributes."""
    file = now.files[left.old_file]
    view = to_str(left.path.split(b"/", 1)[0])
    if left.what == "touched":
        return _touched(view, file, now)
    return _of_disk(left, file, now) or _of_bytes(left, view, file, now) or _of_shot(
        left, view, file, now
    )  # fmt: skip


def _touched(view: str, file: Standing, now: Now) -> Reason | None:
    # Elsewhere a name goes with its bytes: under the same one they are the same.
    if view != by_source.NAME:
        return None
    if file.file in now.rewritten:
        return Reason("rewritten", "It has other bytes now.")
    # What is shown there alone was never given a name that would tell its bytes.
    if now.views.get(file.file, frozenset()) == {by_source.NAME} and file.shot is None:
        return Reason("rewritten", "It was written to, or its attributes were changed.")
    return None


def _of_disk(left: Left, file: Standing, now: Now) -> Reason | None:
    """What happened to the file itself."""
    heir = left.new_file
    match file.state:
        case "gone":
            says = "It is not on the disk any more."
            if heir is not None and now.files[heir].blake3 == file.blake3:
                says = f"{says} {_COPY}"
            return Reason("gone", says, heir)
        case "excluded":
            return Reason("excluded", f"It is left out, by the pattern {file.state_says}.", heir)
        case "unreadable" if file.blake3 is None:
            return Reason("unreadable", f"It could not be read: {file.state_says}.", heir)
        case "unreadable":
            return Reason("rotten", f"It is rotten: {file.state_says}.", heir)
        case _:
            return None


def _of_bytes(left: Left, view: str, file: Standing, now: Now) -> Reason | None:
    """What the bytes are now."""
    if view == by_source.NAME:
        return Reason("moved", "It lies elsewhere on its disk now.", left.new_file)
    if file.file in now.rewritten:
        return Reason("rewritten", "It has other bytes now, and a name stays with its bytes.")
    if view == quarantine.NAME:
        return Reason("sound", "What kept it in quarantine is no longer so.")
    if file.damage:
        broken = f": {file.damage_says}" if file.damage_says else ""
        return Reason("damaged", f"It is {file.damage}{broken}.", left.new_file)
    return None


def _of_shot(left: Left, view: str, file: Standing, now: Now) -> Reason:
    """What was decided."""
    if file.shot is None:
        return Reason("no-shot", "What it speaks about is not here.", left.new_file)
    if view in now.views.get(file.file, frozenset()):
        return _elsewhere(left, view, file)
    is_dated = file.local is not None
    if (view, is_dated) in ((by_date.NAME, False), (unknown_time.NAME, True)):
        return Reason("retimed", file.time_why or "", shot=file.shot)
    shown = now.shown[file.shot]
    is_edit_now = view == originals.NAME and file.role is Role.EDIT  # it stood for its shot
    if is_edit_now or (file.role in STANDS_IN and view != duplicates.NAME):
        return _succeeded(file, now.files[shown], now)
    heir = left.new_file
    if view == duplicates.NAME or file.role is Role.ORIGINAL:
        says = file.role_says or file.shot_why or ""
        return Reason("other-role", f"It stands for itself now. {says}", heir, file.shot)
    return Reason("other-role", file.role_says or "", heir, file.shot)


def _elsewhere(left: Left, view: str, file: Standing) -> Reason:
    """Why a file has another name in the same view."""
    directory = left.path.rpartition(b"/")[0]
    day = file.local[:10] if file.local else None
    if not _is_dated(view, to_str(directory), day, file.unknown):
        return Reason("retimed", file.time_why or "", shot=file.shot)
    if view == by_device.NAME:
        return Reason("other-device", "Its shot is another camera's now.", shot=file.shot)
    return Reason("renamed", f"It goes with its shot. {file.role_says}", shot=file.shot)


def _is_dated(view: str, directory: str, day: str | None, unknown: str | None) -> bool:
    """Whether a directory of a view is that of a day."""
    parts = directory.split("/")
    if view == by_device.NAME:
        return parts[2] == by_device.month(day)
    if view == unknown_time.NAME:
        return parts[1] == unknown
    if view == duplicates.NAME:
        return parts[3].startswith(f"{day} ") if day else parts[2] == dated(None)
    return parts[1:] == dated(day).split("/")


def _succeeded(file: Standing, heir: Standing, now: Now) -> Reason:
    """Another member stands for the shot."""
    assert file.shot is not None
    if heir.blake3 == file.blake3:
        return Reason("copy", _COPY, heir.file, file.shot)
    says = f"{display(heir.name)} is the original of shot {file.shot}. {file.shot_why}"
    rule = now.rule(file.shot, heir.file, file.file)
    return Reason("better-original", says, heir.file, file.shot, rule)
