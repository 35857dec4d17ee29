"""Write paths and arguments as systemd reads them: systemd.unit(5), systemd.service(5).

Pure. Text that systemd cannot hold, undecodable bytes above all, is refused with ValueError.
"""

from __future__ import annotations

import os
import string
from typing import Final

_LONGEST_NAME: Final = 255  # bytes of a unit's name with its ending
_PLAIN: Final = frozenset((string.ascii_letters + string.digits + ":_.").encode("ascii"))


def unit_name(prefix: str, path: str, ending: str) -> str:
    """A unit's name that tells of a path, as `systemd-escape --path` writes it."""
    name = f"{prefix}{escaped_path(path)}{ending}"
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"{path} makes a name that is too long for systemd")
    return name


def escaped_path(path: str) -> str:
    r"""An absolute path as a piece of a unit's name: `/mnt/my photos` is `mnt-my\x20photos`."""
    inner = os.path.normpath(path).strip("/").encode("utf-8")
    if not inner:
        return "-"
    return "".join(
        "-" if byte == ord("/") else chr(byte) if _is_plain(byte, place) else f"\\x{byte:02x}"
        for place, byte in enumerate(inner)
    )


def _is_plain(byte: int, place: int) -> bool:
    return byte in _PLAIN and not (place == 0 and byte == ord("."))


def command_line(program: str, *arguments: str) -> str:
    """What stands behind ExecStart=; nothing in it is expanded."""
    # In the program's own path a dollar is a dollar.
    return " ".join([quoted(program), *(quoted(text).replace("$", "$$") for text in arguments)])


def quoted(text: str) -> str:
    """One word, in quotes where it needs them; percent signs are no specifiers."""
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    if "\0" in text:
        raise ValueError("a zero byte ends a word")
    word = "".join(_escaped(char) for char in text).replace("%", "%%")
    is_plain = word == text.replace("%", "%%") and not set(word) & set(" ';") and word
    return word if is_plain else f'"{word}"'


def _escaped(char: str) -> str:
    if char in '\\"':
        return f"\\{char}"
    if char < " " or char == "\x7f":
        return f"\\x{ord(char):02x}"
    return char


def setting(text: str) -> str:
    """A value of one line for people: a description."""
    return text.replace("\\", "\\\\").replace("%", "%%")
