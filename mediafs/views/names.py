"""One component of a path that every system accepts, and stems that stay with their shot.

`legal` is pure. A `Namer` remembers what was given before, so that a name stays with its
content whatever arrives later; on a clash the later one carries a piece of its digest.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Protocol

from indexer.decisions.store import GivenName
from indexer.metadata.sniff import promised

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_BYTES = 255
_PIECE = 8  # hex digits of a digest; longer pieces are tried if even these clash
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def legal(name: str) -> str:
    """The nearest name that Linux, macOS and Windows all accept: NFC, at most 255 bytes.

    Takes surrogateescape'd text; undecodable bytes, control characters and forbidden ones
    become "_". Never empty.
    """
    text = "".join("_" if _is_unprintable(c) else c for c in name)
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))
    text = _cut(text, LONGEST_BYTES).rstrip(". ")
    if _RESERVED.match(text) or text.startswith("._"):
        text = _cut(f"_{text}", LONGEST_BYTES).rstrip(". ")
    return text or "_"


def _is_unprintable(char: str) -> bool:
    # Cc control, Cs lone surrogate, Co private, Cn unassigned (NFC may change with Unicode).
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
    if not extension or is_true(given, extension):
        return stem, f".{given}"
    # An unknown ending, as in "2018.04.12", belongs to the stem.
    return (stem if promised(given) else name), f".{extension}"


def is_true(given: str, extension: str) -> bool:
    """Whether an extension in a name says what the bytes are."""
    return given.lower() == extension or extension in promised(given)


def fold_name(name: str) -> str:
    """What two names that some system can't tell apart have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Kin(Protocol):
    """Who may share a stem, and whose stem may be taken over."""

    @property
    def owners(self) -> frozenset[str]: ...
    @property
    def heirs_of(self) -> frozenset[str]: ...


class Namer:
    """Gives names in directories of the tree, and keeps what it gave."""

    def __init__(self, given: Iterable[GivenName]) -> None:
        self._by_folded: dict[tuple[str, str], GivenName] = {}
        self._by_holder: dict[tuple[str, str], GivenName] = {}
        self._stem_holders: dict[tuple[str, str], set[str]] = {}
        self.new: list[GivenName] = []
        for name in given:
            self._remember(name)

    def _remember(self, name: GivenName) -> None:
        self._by_folded[name.directory, name.folded] = name
        self._by_holder[name.directory, name.holder] = name
        self._stem_holders.setdefault((name.directory, name.stem), set()).add(
            name.holder.partition(":")[0]
        )

    def stem(
        self, directory: str, wanted: str, suffixes: Iterable[str], lead: str, kin: Kin
    ) -> str:
        """A stem in `directory` for the shot of `lead`: the one it has, or a free one.

        `lead` is a digest in hex. A better original takes over the stem of the file that
        stood there before it; a stem that another shot holds is never shared.
        """
        for holder in (lead, *sorted(kin.heirs_of)):
            before = self._by_holder.get((directory, holder))
            if before is not None:
                return _stem_of(before)
        room = LONGEST_BYTES - max((len(s.encode("utf-8")) for s in suffixes), default=0)
        for piece in _pieces(lead):
            stem = _legal_stem(wanted, room - len(piece)) + piece
            taken = self._stem_holders.get((directory, fold_name(stem)), set())
            if taken <= kin.owners | {lead}:
                return stem
        raise AssertionError(f"{wanted} clashes with its own digest in {directory}")

    def name(self, directory: str, stem: str, suffix: str, holder: str) -> str:
        """The full name for one holder, the one it had if it had one."""
        before = self._by_holder.get((directory, holder))
        if before is not None:
            return before.name
        for piece in _pieces(holder.rpartition(":")[2]):
            room = LONGEST_BYTES - len((piece + suffix).encode("utf-8"))
            name = legal(_legal_stem(stem, room) + piece + suffix)
            if (directory, fold_name(name)) not in self._by_folded:
                return self._give(directory, name, suffix, holder)
        raise AssertionError(f"{stem}{suffix} clashes with its own digest in {directory}")

    def _give(self, directory: str, name: str, suffix: str, holder: str) -> str:
        stem = name.removesuffix(suffix) if suffix else name
        given = GivenName(directory, name, fold_name(name), fold_name(stem), holder)
        self._remember(given)
        self.new.append(given)
        return name


def _pieces(digest: str) -> tuple[str, ...]:
    """What is put behind a name until it is free."""
    return ("", *(f"-{digest[:n]}" for n in (_PIECE, 2 * _PIECE, len(digest))))


def _legal_stem(text: str, room: int) -> str:
    """`legal`, and short enough that a suffix of the rest of 255 bytes still fits."""
    return _cut(legal(text), room).rstrip(". ") or "_"


def _stem_of(given: GivenName) -> str:
    """The stem of a name as it was given, in its own case."""
    return given.name[: len(given.name) - (len(given.folded) - len(given.stem))]
