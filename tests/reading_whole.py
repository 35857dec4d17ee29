"""A file read to its end, as a program would: its bytes, or the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def error_of(path: Path) -> int | None:
    """The errno of reading a file to its end."""
    try:
        path.read_bytes()
    except OSError as exc:
        return exc.errno
    return None


def bytes_of(path: Path) -> bytes | None:
    """None: they cannot be had."""
    try:
        return path.read_bytes()
    except OSError:
        return None
