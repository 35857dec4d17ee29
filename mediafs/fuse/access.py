"""Who may read a source, and as what mode a mount may show it. Pure.

A file is open to those who may search every folder above it and read the file itself, so its
path has as many `Permissions`. A mount shows one owner, one group and nine bits of it, and the
kernel checks these. `Path.mode` makes them of those: a bit is set only where everybody whom it
lets in may read the source, whoever they are and whichever groups they are in.

Reading permissions from a disk is access_disk.py, keeping them access_table.py, asking about one
caller at one moment access_live.py.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

READ, SEARCH = 4, 1

# system.posix_acl_access: a version, then tag, permissions and number of each entry; see
# linux/posix_acl_xattr.h.
_ACL_VERSION = 2
_ACL_HEAD, _ACL_ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_OWNER, _USER, _OWN_GROUP, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


class BadAcl(ValueError):
    """An access control list that cannot be understood, so nothing is concluded from it."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one file or folder says about everybody."""

    uid: int
    gid: int
    owner: int  # rwx bits
    groups: tuple[tuple[int, int], ...]  # number and bits
    other: int
    users: tuple[tuple[int, int], ...] = ()  # named by an access control list

    @classmethod
    def of_mode(cls, mode: int, uid: int, gid: int) -> Permissions:
        """Those of nine bits."""
        return cls(uid, gid, mode >> 6 & 7, ((gid, mode >> 3 & 7),), mode & 7)

    @classmethod
    def of_acl(cls, acl: bytes, uid: int, gid: int) -> Permissions:
        """Those of a POSIX access control list, as its extended attribute holds it."""
        entries = list(_acl_entries(acl))
        single = {tag: bits for tag, bits, _ in entries if tag not in {_USER, _GROUP}}
        if not single.keys() >= {_OWNER, _OWN_GROUP, _OTHER}:
            raise BadAcl(acl)
        mask = single.get(_MASK, 7)
        users = tuple((number, bits & mask) for tag, bits, number in entries if tag == _USER)
        # The owning group may be named besides; either entry grants.
        groups = {gid: single[_OWN_GROUP] & mask}
        for tag, bits, number in entries:
            if tag == _GROUP:
                groups[number] = groups.get(number, 0) | bits & mask
        return cls(uid, gid, single[_OWNER], tuple(groups.items()), single[_OTHER], users)

    @classmethod
    def closed(cls) -> Permissions:
        """Open to root alone."""
        return cls(0, 0, 7, (), 0)

    def let_all(self, bit: int, of: Those) -> bool:
        """Whether each of these people is let in."""
        return all(self._lets(bit, who, of) for who in self._identities(of))

    def _identities(self, of: Those) -> set[int | None]:
        """Everybody who is treated in a way of their own; None: whom nothing here names."""
        if of.uid is not None:
            return {of.uid}
        return {None, self.uid, *(number for number, _ in self.users)} - of.but

    def _lets(self, bit: int, who: int | None, of: Those) -> bool:
        if who == self.uid:
            return bool(self.owner & bit)
        for number, bits in self.users:
            if number == who:
                return bool(bits & bit)
        # One group that grants is enough; `other` counts for those who are in none.
        surely = [bits & bit for number, bits in self.groups if number in of.groups]
        if surely:
            return any(surely)
        return bool(self.other & bit) and all(
            bits & bit for number, bits in self.groups if of.may_be_in(number)
        )


class Those(NamedTuple):
    """People, as far as they are known."""

    uid: int | None  # None: anybody
    groups: frozenset[int]  # they are in all of these
    not_groups: frozenset[int] = frozenset()  # and in none of these
    has_other_groups: bool = True  # they may be in any other
    but: frozenset[int | None] = frozenset()  # not those with these uids

    def may_be_in(self, group: int) -> bool:
        """Whether one of them may be in a group."""
        if group in self.groups:
            return True
        return self.has_other_groups and group not in self.not_groups


class Serving(NamedTuple):
    """Who serves the mount: may read there whatever it can read itself."""

    uid: int
    groups: frozenset[int]

    @property
    def those(self) -> Those:
        """Exactly this one."""
        return Those(self.uid, self.groups, has_other_groups=False)


class Shown(NamedTuple):
    """What stat() says in a mount."""

    mode: int  # r and x bits alone
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Path:
    """A file or folder with all folders above it; their order does not matter."""

    above: frozenset[Permissions]
    last: Permissions

    def lets_all(self, bit: int, of: Those) -> bool:
        """Whether each of these people gets there and is let in."""
        return self.last.let_all(bit, of) and all(p.let_all(SEARCH, of) for p in self.above)

    def mode(self, uid: int, gid: int, groups: frozenset[int], serving: Serving) -> int:
        """The mode with which it is shown as this user's and this group's.

        `groups` are those that the user database puts that user in.
        """
        owner = serving.those if uid == serving.uid else Those(uid, groups)
        but = frozenset({uid, serving.uid})
        group = Those(None, frozenset({gid}), but=but)
        other = Those(None, frozenset(), frozenset({gid}), but=but)
        return self._bits(owner) << 6 | self._bits(group) << 3 | self._bits(other)

    def locks_out(self, serving: Serving, shown: Shown) -> bool:
        """Whether a mode would keep the serving user, unless it is root, from what it may read."""
        if serving.uid in {0, shown.uid}:
            return False
        its_bits = shown.mode >> 3 if shown.gid in serving.groups else shown.mode
        return bool(self._bits(serving.those) & ~its_bits)

    def _bits(self, of: Those) -> int:
        return sum(bit for bit in (READ, SEARCH) if self.lets_all(bit, of))


def _acl_entries(acl: bytes) -> Iterator[tuple[int, int, int]]:
    try:
        (version,) = _ACL_HEAD.unpack_from(acl)
        entries = list(_ACL_ENTRY.iter_unpack(acl[_ACL_HEAD.size :]))
    except struct.error as exc:
        raise BadAcl(acl) from exc
    if version != _ACL_VERSION:
        raise BadAcl(acl)
    yield from entries
