"""by-device/Apple iPhone 12/2019-07/…: each shot under the camera that took it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediafs.views.by_date import to_look_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mediafs.views.bundle import Bundle, Library

NAME = "by-device"


def view(library: Library) -> Iterator[Bundle]:
    """One directory a device, one a month in it; `device` is a legal name by now."""
    for shot in library.shots:
        yield from to_look_at(shot, f"{NAME}/{shot.device}/{month(shot.day)}")


def month(day: str | None) -> str:
    """A month's directory: "2019-07", or "unknown-time"."""
    return day[:7] if day else "unknown-time"


def device_name(make: str | None, model: str | None) -> str:
    """Make and model as people say them: "Canon EOS 6D", not "Canon Canon EOS 6D"."""
    if not make and not model:
        return "unknown device"
    if not make or not model:
        return model or make or ""
    first = make.casefold().split()[:1]  # none: a make of blanks that are no spaces
    return model if first and model.casefold().startswith(first[0]) else f"{make} {model}"
