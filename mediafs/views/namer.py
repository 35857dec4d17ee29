"""Who has which name in a directory of the tree, and who gets which.

What was given before is remembered, so that a name stays with its content whatever arrives
later; on a clash the later one carries a piece of its digest. What a name may be is names.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from indexer.decisions.store import GivenName
from mediafs.views.names import LONGEST_BYTES, PIECE, fold_name, legal, legal_stem

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from indexer.model import FileId


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a name, and for which file."""

    holder: str  # a digest in hex; where equal copies stand side by side, ":" and a place
    file: FileId
    is_shared: bool = False  # another file may hold as much: sidecars of several shots are equal


class Kin(Protocol):
    """Who may share a stem, and whose stem may be taken over."""

    @property
    def owners(self) -> frozenset[str]: ...
    @property
    def heirs_of(self) -> frozenset[str]: ...
    @property
    def beside(self) -> tuple[str, ...]: ...
    @property
    def members(self) -> frozenset[FileId]: ...


class Given(Protocol):
    """Names given before, asked for as they are needed."""

    def held_by(self, directory: str, holder: str) -> list[GivenName]: ...
    def under(self, directory: str, stem: str) -> list[GivenName]: ...
    def called(self, directory: str, folded: str) -> GivenName | None: ...


def _nobody(_directory: str, _name: str) -> FileId | None:
    return None


class Namer:
    """Gives names in directories of the tree, and keeps what it gave.

    One tree is named by one Namer: it knows which file has taken which name in this tree, so
    that equal files of several shots (sidecars often are) never meet under one name. Which of
    them has which of their names follows from the tree before, `shown`: a name stays with its
    file while that file is there, so that files that are not named again keep theirs.
    """

    def __init__(
        self,
        given: Iterable[GivenName] = (),
        ask: Given | None = None,
        shown: Callable[[str, str], FileId | None] = _nobody,
        named_again: Container[FileId] | None = None,
    ) -> None:
        """`given` are all names, or `ask` answers; `named_again` None: every file is."""
        self._ask = ask
        self._shown = shown
        self._named_again = named_again
        self._by_folded: dict[tuple[str, str], GivenName | None] = {}
        self._by_holder: dict[tuple[str, str], list[GivenName]] = {}
        self._by_stem: dict[tuple[str, str], list[GivenName]] = {}
        self._taken: dict[tuple[str, str], FileId] = {}
        self._coming: dict[tuple[str, str, FileId], frozenset[str] | None] = {}
        self.new: list[GivenName] = []
        for name in given:
            self._by_folded[name.directory, name.folded] = name
            self._by_holder.setdefault((name.directory, name.holder), []).append(name)
            self._by_stem.setdefault((name.directory, name.stem), []).append(name)

    def _held_by(self, directory: str, holder: str) -> list[GivenName]:
        names = self._by_holder.get((directory, holder))
        if names is None:
            names = self._ask.held_by(directory, holder) if self._ask else []
            self._by_holder[directory, holder] = names
        return names

    def _under(self, directory: str, stem: str) -> list[GivenName]:
        names = self._by_stem.get((directory, stem))
        if names is None:
            names = self._ask.under(directory, stem) if self._ask else []
            self._by_stem[directory, stem] = names
        return names

    def _is_given(self, directory: str, folded: str) -> bool:
        key = directory, folded
        if key not in self._by_folded:
            self._by_folded[key] = self._ask.called(directory, folded) if self._ask else None
        return self._by_folded[key] is not None

    def digest_of(self, directory: str, name: str) -> str | None:
        """The digest in hex to which a name was given; None: it was not."""
        folded = fold_name(name)
        given = self._by_folded[directory, folded] if self._is_given(directory, folded) else None
        return given and given.holder.partition(":")[0]

    def expect(self, directory: str, claim: Claim, owners: frozenset[str] | None) -> None:
        """A shared claim that will be made: the file keeps the name that it is shown under.

        `owners` as in `name`.
        """
        self._coming[directory, claim.holder, claim.file] = owners

    def _user(self, given: GivenName) -> FileId | None:
        """The file that has a name: in this tree, or in the one before if it stays with it."""
        taken = self._taken.get((given.directory, given.folded))
        if taken is not None:
            return taken
        before = self._shown(given.directory, given.name)
        if before is None:
            return None
        if self._named_again is not None and before not in self._named_again:
            return before
        key = given.directory, given.holder, before
        return before if key in self._coming and self._keeps(given, self._coming[key]) else None

    def _keeps(self, given: GivenName, owners: frozenset[str] | None) -> bool:
        """Whether a name still stands under its shot's stem, or under nobody's."""
        if owners is None:
            return True
        under = self._under(given.directory, given.stem)
        others = {name.holder for name in under} - {given.holder}
        return not others or not others.isdisjoint(owners)

    def _held(self, directory: str, claim: Claim) -> list[GivenName]:
        """The names that a holder has and that this file may take, those it has at the front."""
        names = self._held_by(directory, claim.holder)
        if claim.is_shared:
            users = {name.folded: self._user(name) for name in names}
            names = [name for name in names if users[name.folded] in (None, claim.file)]
            return sorted(names, key=lambda name: (users[name.folded] is None, name.folded))
        file, taken = claim.file, self._taken
        free = [name for name in names if taken.get((directory, name.folded), file) == file]
        return sorted(free, key=lambda name: name.folded) if len(free) > 1 else free

    def stem(
        self, directory: str, wanted: str, suffixes: Iterable[str], lead: Claim, kin: Kin
    ) -> str:
        """A stem in `directory` for the shot of `lead`: the one it has, or a free one.

        A better original takes over the stem of the file that stood there before it, a picture
        that of its film; a stem that another shot holds is never shared.
        """
        for before in self._held(directory, lead):
            return _stem_of(before)
        for heir_of in (*sorted(kin.heirs_of), *kin.beside):
            for before in self._held(directory, Claim(heir_of, lead.file)):
                return _stem_of(before)
        room = LONGEST_BYTES - max((len(s.encode("utf-8")) for s in suffixes), default=0)
        for piece in _pieces(lead.holder):
            stem = legal_stem(wanted, room - len(piece)) + piece
            if self._is_free(directory, fold_name(stem), lead, kin):
                return stem
        raise AssertionError(f"{wanted} clashes with its own digest in {directory}")

    def _is_free(self, directory: str, stem: str, lead: Claim, kin: Kin) -> bool:
        """Whether no other shot has anything under a stem."""
        names = self._under(directory, stem)
        if not names:
            return True
        if _strangers(names, kin.owners | {lead.holder}):
            return False
        # A sidecar of several shots may be shown under it for another one of them.
        own = {None, lead.file, *kin.members}
        return all(self._user(name) in own for name in names)

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
        for before in self._by_preference(directory, stem, claim):
            is_own = owners is None or before.stem == fold_name(stem)
            if is_own or not _strangers(self._under(directory, before.stem), owners or ()):
                return self._take(before, claim.file)
        for piece in _pieces(claim.holder.rpartition(":")[2]):
            room = LONGEST_BYTES - len((piece + suffix).encode("utf-8"))
            name = legal(legal_stem(stem, room) + piece + suffix)
            if not self._is_given(directory, fold_name(name)):
                return self._take(self._give(directory, name, suffix, claim.holder), claim.file)
        raise AssertionError(f"{stem}{suffix} clashes with its own digest in {directory}")

    def _by_preference(self, directory: str, stem: str, claim: Claim) -> list[GivenName]:
        """What a file may take: first what it is shown under, then what is of its shot's stem."""
        held = self._held(directory, claim)
        if len(held) > 1:
            folded = fold_name(stem)
            held.sort(
                key=lambda before: (
                    not (claim.is_shared and self._user(before) == claim.file),
                    before.stem != folded,
                )
            )
        return held

    def _take(self, given: GivenName, file: FileId) -> str:
        self._taken[given.directory, given.folded] = file
        return given.name

    def _give(self, directory: str, name: str, suffix: str, holder: str) -> GivenName:
        stem = name.removesuffix(suffix) if suffix else name
        given = GivenName(directory, name, fold_name(name), fold_name(stem), holder)
        self._by_folded[directory, given.folded] = given
        self._held_by(directory, holder).append(given)
        self._under(directory, given.stem).append(given)
        self.new.append(given)
        return given


def _strangers(names: Iterable[GivenName], owners: Container[str]) -> bool:
    """Whether anyone but these holds one of the names."""
    return any(name.holder.partition(":")[0] not in owners for name in names)


def _pieces(digest: str) -> tuple[str, ...]:
    """What is put behind a name until it is free."""
    return ("", *(f"-{digest[:n]}" for n in (PIECE, 2 * PIECE, len(digest))))


def _stem_of(given: GivenName) -> str:
    """The stem of a name as it was given, in its own case."""
    return given.name[: len(given.name) - (len(given.folded) - len(given.stem))]
