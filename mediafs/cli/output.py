"""How anything is said to a person or a program: sizes, numbers of things, JSON lines, complaints."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_STEP = 1000.0


def size(count: int) -> str:
    """Bytes for people, in steps of 1000: "3.4 MB"."""
    value = float(count)
    for unit in _UNITS:
        if value < _STEP or unit == _UNITS[-1]:
            break
        value /= _STEP
    return counted(count, "byte") if unit == "bytes" else f"{value:.3g} {unit}"


def counted(count: int, noun: str, verb: str = "") -> str:
    """A number of things: "1 file", "1,200 files"; a verb as for many: "1 file was", "2 files were"."""
    things = f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
    return f"{things} {_OF_ONE[verb] if count == 1 else verb}" if verb else things


_OF_ONE = {"agree": "agrees", "are": "is", "were": "was", "have": "has"}


def print_json(value: Mapping[str, object]) -> None:
    """One line; ASCII, so that undecodable bytes of a path come through as surrogates."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


def complain(says: str) -> None:
    """One sentence on stderr."""
    sys.stderr.write(f"{says}\n")
    sys.stderr.flush()
