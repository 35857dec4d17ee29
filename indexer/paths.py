"""Bytes, str and what a terminal may show: the only conversions in the program.

The catalog and the system calls speak bytes; JSON and messages speak str.
`str` made here carries undecodable bytes as surrogates and gives them back unchanged.
"""

from __future__ import annotations

import os
import unicodedata

_UNDECODABLE = range(0xDC80, 0xDD00)  # surrogateescape's stand-ins for single bytes


def to_str(path: bytes) -> str:
    """The path as str; undecodable bytes become lone surrogates (surrogateescape)."""
    return path.decode("utf-8", "surrogateescape")


def to_bytes(path: str | os.PathLike[str]) -> bytes:
    """The path as the system sees it; the inverse of `to_str`."""
    return os.fspath(path).encode("utf-8", "surrogateescape")


def display(path: bytes | str | os.PathLike[str]) -> str:
    """One printable line: control characters and undecodable bytes are shown as escapes."""
    text = to_str(path) if isinstance(path, bytes) else os.fspath(path)
    # A newline or an escape sequence in a file name must not forge a line of the log.
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code in _UNDECODABLE:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def join(*parts: bytes) -> bytes:
    """Join path pieces with one slash; empty pieces vanish."""
    joined = b"/".join(p for p in parts if p)
    return joined.replace(b"//", b"/") if joined.startswith(b"//") else joined


def fold(name: bytes) -> bytes:
    """What two spellings of one name have in common: NFC, without case.

    Bytes that are no UTF-8 stand for themselves.
    """
    text = unicodedata.normalize("NFC", to_str(name))
    return to_bytes(unicodedata.normalize("NFC", text.casefold()))
