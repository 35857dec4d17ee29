"""One component of a path that every system accepts, and stems that stay with their shot.

`legal` is pure. A `Namer` remembers what was given before, so that a name stays with its
content whatever arrives later; on a clash the later one carries a piece of its digest.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from indexer.decisions.store import GivenName
from indexer.metadata.sniff import promised
from indexer.paths import to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexer.model import FileId

LONGEST_BYTES = 255
_PIECE = 8  # hex digits of a digest; longer pieces are tried if even these clash
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
    piece = f"-{hashlib.blake2b(to_bytes(text), digest_size=_PIECE // 2).hexdigest()}"
    return _legal_stem(text, LONGEST_BYTES - len(piece)) + piece


def fold_name(name: str) -> str:
    """What two names that some system can't tell apart have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a name, and for which file."""

    holder: str  # a digest in hex; where equal copies stand side by side, ":" and a place
    file: FileId


class Kin(Protocol):
    """Who may share a stem, and whose stem may be taken over."""

    @property
    def owners(self) -> frozenset[str]: ...
    @property
    def heirs_of(self) -> frozenset[str]: ...


class Namer:
    """Gives names in directories of the tree, and keeps what it gave.

    One tree is named by one Namer: it knows which file has taken which name in this tree, so
    that equal files of several shots (sidecars often are) never meet under one name.
    """

    def __init__(self, given: Iterable[GivenName]) -> None:
        self._by_folded: dict[tuple[str, str], GivenName] = {}
        self._by_holder: dict[tuple[str, str], list[GivenName]] = {}
        self._stem_holders: dict[tuple[str, str], set[str]] = {}
        self._taken: dict[tuple[str, str], FileId] = {}
        self.new: list[GivenName] = []
        for name in given:
            self._remember(name)

    def _remember(self, name: GivenName) -> None:
        self._by_folded[name.directory, name.folded] = name
        self._by_holder.setdefault((name.directory, name.holder), []).append(name)
        self._stem_holders.setdefault((name.directory, name.stem), set()).add(
            name.holder.partition(":")[0]
        )

    def _held(self, directory: str, holder: str, file: FileId) -> list[GivenName]:
        """The names that a holder has, but those that another file shows in this tree."""
        names = self._by_holder.get((directory, holder), [])
        free = (n for n in names if self._taken.get((directory, n.folded), file) == file)
        return sorted(free, key=lambda name: name.folded)

    def stem(
        self, directory: str, wanted: str, suffixes: Iterable[str], lead: Claim, kin: Kin
    ) -> str:
        """A stem in `directory` for the shot of `lead`: the one it has, or a free one.

        A better original takes over the stem of the file that stood there before it; a stem
        that another shot holds is never shared.
        """
        for holder in (lead.holder, *sorted(kin.heirs_of)):
            for before in self._held(directory, holder, lead.file):
                return _stem_of(before)
        room = LONGEST_BYTES - max((len(s.encode("utf-8")) for s in suffixes), default=0)
        for piece in _pieces(lead.holder):
            stem = _legal_stem(wanted, room - len(piece)) + piece
            if self._strangers(directory, fold_name(stem), kin.owners | {lead.holder}) == set():
                return stem
        raise AssertionError(f"{wanted} clashes with its own digest in {directory}")

    def _strangers(self, directory: str, stem: str, owners: frozenset[str]) -> set[str]:
        return self._stem_holders.get((directory, stem), set()) - owners

    def name(
        self,
        directory: str,
        stem: str,
        suffix: str,
        claim: Claim,
        owners: frozenset[str] | None = None,
    ) -> str:
        """The full name for one holder, the one it had if it had one.

        `owners` are given where equal files may stand in several shots: then a name under a
        stem that others hold is theirs, and this file gets its own.
        """
        held = self._held(directory, claim.holder, claim.file)
        held.sort(key=lambda before: before.stem != fold_name(stem))
        for before in held:
            is_own = before.stem == fold_name(stem) or owners is None
            if is_own or not self._strangers(directory, before.stem, owners or frozenset()):
                return self._take(before, claim.file)
        for piece in _pieces(claim.holder.rpartition(":")[2]):
            room = LONGEST_BYTES - len((piece + suffix).encode("utf-8"))
            name = legal(_legal_stem(stem, room) + piece + suffix)
            if (directory, fold_name(name)) not in self._by_folded:
                return self._take(self._give(directory, name, suffix, claim.holder), claim.file)
        raise AssertionError(f"{stem}{suffix} clashes with its own digest in {directory}")

    def _take(self, given: GivenName, file: FileId) -> str:
        self._taken[given.directory, given.folded] = file
        return given.name

    def _give(self, directory: str, name: str, suffix: str, holder: str) -> GivenName:
        stem = name.removesuffix(suffix) if suffix else name
        given = GivenName(directory, name, fold_name(name), fold_name(stem), holder)
        self._remember(given)
        self.new.append(given)
        return given


def _pieces(digest: str) -> tuple[str, ...]:
    """What is put behind a name until it is free."""
    return ("", *(f"-{digest[:n]}" for n in (_PIECE, 2 * _PIECE, len(digest))))


def _legal_stem(text: str, room: int) -> str:
    """`legal`, and short enough that a suffix of the rest of 255 bytes still fits."""
    return _cut(legal(text), room).rstrip(". ") or "_"


def _stem_of(given: GivenName) -> str:
    """The stem of a name as it was given, in its own case."""
    return given.name[: len(given.name) - (len(given.folded) - len(given.stem))]
