"""Sizes and time spans as people write them: "2G", "1h30m"; as types of options."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from indexer.errors import UsageRefused

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])?(i)?B?", re.IGNORECASE)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def bytes_of(text: str) -> int:
    """A size as a person writes it: "2G", "1.5 GB", "512MiB", "1000000"; UsageRefused."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageRefused(f"{text!r} is no size; write it as 500M or 2G.")
    number, letter, binary = found.groups()
    step = 1024 if binary else 1000
    return int(float(number) * step ** (" KMGT".index(letter.upper()) if letter else 0))


def seconds_of(text: str) -> float:
    """Seconds in "30m", "1h30m", "30d"; a bare number would be seconds to some, days to others."""
    if not _DURATION.fullmatch(text):
        raise UsageRefused(f"{text!r} is no time span; write it as 90s, 30m, 2h, 30d or 4w.")
    parts = re.findall(r"([\d.]+)([smhdw])", text)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


class _Amount(click.ParamType[float]):
    """A type of option that a function understands."""

    def __init__(self, name: str, understood: Callable[[str], float]) -> None:
        self.name = name
        self._understood = understood

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """What the text says, or click's own error, which knows where the text is from."""
        try:
            return self._understood(str(value))
        except UsageRefused as exc:
            self.fail(str(exc), param, ctx)


SIZE = _Amount("size", bytes_of)
TIME = _Amount("time", seconds_of)
