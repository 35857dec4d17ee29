"""What one component of a path may be, so that every system accepts it: pure.

Which name a file gets is namer.py's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from indexer.metadata.file_types import promised
from indexer.paths import to_bytes

LONGEST_BYTES = 255
PIECE = 8  # hex digits of a digest behind a name; more if even these clash
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
# Windows looks past blanks: "nul .txt" is the device too.
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)", re.IGNORECASE
)


def legal(name: str) -> str:
    """The nearest name that Linux, macOS and Windows all accept: NFC, at most 255 bytes.

    Takes surrogateescape'd text; undecodable bytes, control characters and forbidden ones
    become "_". Never empty.
    """
    text = _cut(_printable(name), LONGEST_BYTES).rstrip(". ")
    if _RESERVED.match(text) or text.startswith("._"):
        text = _cut(f"_{text}", LONGEST_BYTES).rstrip(". ")
    return text or "_"


def _printable(text: str) -> str:
    kept = "".join("_" if _is_unprintable(c) else c for c in text)
    return _FORBIDDEN.sub("_", unicodedata.normalize("NFC", kept))


def _is_unprintable(char: str) -> bool:
    # Cc control, Cs lone surrogate, Cn unassigned (NFC may change with Unicode), Zl and Zp
    # line ends. Private use stays: macOS keeps what Windows forbids there.
    return unicodedata.category(char) in {"Cc", "Cs", "Cn", "Zl", "Zp"}


def _cut(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, at a character's end."""
    return text.encode("utf-8")[:limit].decode("utf-8", "ignore")


def split(name: str, extension: str) -> tuple[str, str]:
    """A source's name as (stem, suffix), the suffix true to the bytes.

    `extension` is the true one, without dot; the spelling in the name is kept where it means
    the same (IMG_1.JPG, film.MOV), replaced where it lies, and added where there is none.
    """
    stem, dot, given = name.rpartition(".")
    if not dot or not stem:
        return name, f".{extension}" if extension else ""
    if not extension:
        ending = _printable(given).rstrip(". ")
        return stem, f".{ending}" if ending else ""
    if is_true(given, extension):
        return stem, f".{given}"
    # An unknown ending, as in "2018.04.12", belongs to the stem.
    return (stem if promised(given) else name), f".{extension}"


def is_true(given: str, extension: str) -> bool:
    """Whether an extension in a name says what the bytes are."""
    # Lower case makes letters of signs that only look like them, as of the Kelvin sign.
    return given.isascii() and (given.lower() == extension or extension in promised(given))


def component(text: str) -> str:
    """`legal`, for a directory that is named after something: too long gets a piece of a digest."""
    if len(text.encode("utf-8", "surrogateescape")) <= LONGEST_BYTES:
        return legal(text)
    piece = f"-{hashlib.blake2b(to_bytes(text), digest_size=PIECE // 2).hexdigest()}"
    return legal_stem(text, LONGEST_BYTES - len(piece)) + piece


def legal_stem(text: str, room: int) -> str:
    """`legal`, and short enough that a suffix of the rest of 255 bytes still fits."""
    return _cut(legal(text), room).rstrip(". ") or "_"


def fold_name(name: str) -> str:
    """What two names that some system can't tell apart have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
