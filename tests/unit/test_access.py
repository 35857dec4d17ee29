"""As what mode a file is shown to others, against everybody there might be."""

from __future__ import annotations

import itertools
import os
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from others import as_user, needs_root, reachable_folder

from indexer.catalog.rows import Attributes
from indexer.model import FolderId
from mediafs.fuse.access import READ, SEARCH, BadAcl, Path, Permissions, Serving, Shown, Those
from mediafs.fuse.access_disk import folders_above, hands_down_lists, path_at, path_of, permissions
from mediafs.fuse.access_live import Guard, caller
from mediafs.fuse.access_table import AccessTable, Folder, Owners

# One of each that no file names, too.
UIDS, GIDS = range(1, 5), range(1, 5)
EVERYBODY = [
    (uid, frozenset(groups))
    for uid in UIDS
    for count in range(len(GIDS) + 1)
    for groups in itertools.combinations(GIDS, count)
]
NOBODY_SERVES = Serving(0, frozenset({0}))


@dataclass(frozen=True)
class Entry:
    """A file or folder, as acl(5) describes it."""

    uid: int
    gid: int
    mode: int
    users: tuple[tuple[int, int], ...] = ()
    groups: tuple[tuple[int, int], ...] = ()
    mask: int | None = None

    def lets(self, bit: int, uid: int, groups: frozenset[int]) -> bool:
        """The access check algorithm of acl(5), word by word."""
        mask = 7 if self.mask is None else self.mask
        if uid == self.uid:
            return bool(self.mode >> 6 & bit)
        if uid in dict(self.users):
            return bool(dict(self.users)[uid] & mask & bit)
        matching = [bits for gid, bits in self.groups if gid in groups]
        matching += [self.mode >> 3 & 7] if self.gid in groups else []
        if matching:
            return any(bits & mask & bit for bits in matching)
        return bool(self.mode & bit)

    @property
    def permissions(self) -> Permissions:
        if self.mask is None:
            return Permissions.of_mode(self.mode, self.uid, self.gid)
        return Permissions.of_acl(self.acl, self.uid, self.gid)

    @property
    def acl(self) -> bytes:
        entries = [(0x01, self.mode >> 6 & 7, -1), *((0x02, b, n) for n, b in self.users)]
        entries += [(0x04, self.mode >> 3 & 7, -1), *((0x08, b, n) for n, b in self.groups)]
        entries += [(0x10, self.mask, -1), (0x20, self.mode & 7, -1)]
        return struct.pack("<I", 2) + b"".join(
            struct.pack("<HHI", tag, bits, number & 0xFFFFFFFF) for tag, bits, number in entries
        )


def kernel_lets(shown: Shown, bit: int, uid: int, groups: frozenset[int]) -> bool:
    """What default_permissions makes of an answer."""
    return Entry(shown.uid, shown.gid, shown.mode).lets(bit, uid, groups)


numbers = st.integers(1, 3)
modes = st.integers(0, 0o777) | st.sampled_from([0o755, 0o750, 0o700, 0o711, 0o644, 0o640])
plain = st.builds(Entry, numbers, numbers, modes)
named = st.lists(st.tuples(numbers, st.integers(0, 7)), max_size=2, unique_by=lambda n: n[0])
listed = st.builds(
    Entry, numbers, numbers, modes, named.map(tuple), named.map(tuple), st.integers(0, 7)
)
chains = st.lists(plain | listed, min_size=1, max_size=4)


def path(entries: list[Entry]) -> Path:
    *folders, last = entries
    return Path(frozenset(e.permissions for e in folders), last.permissions)


def source_lets(entries: list[Entry], bit: int, uid: int, groups: frozenset[int]) -> bool:
    *folders, last = entries
    return last.lets(bit, uid, groups) and all(f.lets(SEARCH, uid, groups) for f in folders)


@given(chains)
def test_nobody_is_shown_more_than_the_source_lets_and_no_class_less_than_all_of_it_may(entries):
    last = entries[-1]

    shown = Shown(path(entries).mode(last.uid, last.gid, frozenset(), NOBODY_SERVES), last.uid,
                  last.gid)  # fmt: skip

    for bit in (READ, SEARCH):
        classes = {"owner": [], "group": [], "other": []}
        for uid, groups in EVERYBODY:
            may = source_lets(entries, bit, uid, groups)
            assert may or not kernel_lets(shown, bit, uid, groups)
            kind = "owner" if uid == last.uid else "group" if last.gid in groups else "other"
            classes[kind].append(may)
        wanted = [all(classes[kind]) for kind in ("owner", "group", "other")]
        assert [bool(shown.mode & bit << shift) for shift in (6, 3, 0)] == wanted


@given(chains, st.integers(1, 4), st.integers(1, 4), st.frozensets(st.integers(1, 4)))
def test_also_as_a_chosen_owner_of_known_groups(entries, uid, gid, known):
    mode = path(entries).mode(uid, gid, known, NOBODY_SERVES)

    for bit, (who, groups) in itertools.product((READ, SEARCH), EVERYBODY):
        if who == uid and not groups >= known:
            continue
        may = source_lets(entries, bit, who, groups)
        assert may or not kernel_lets(Shown(mode, uid, gid), bit, who, groups)


@given(chains, st.integers(1, 4), st.frozensets(st.integers(1, 4)))
def test_who_serves_is_not_locked_out_of_what_it_may_read_and_nobody_else_is_let_in(
    entries, serving, groups
):
    who, last = Serving(serving, groups), entries[-1]
    table = AccessTable(Owners(who))
    folder = folder_of(entries[:-1] or [Entry(1, 1, 0o755)])
    table.put(FolderId(1), folder)
    whole = [*(entries[:-1] or [Entry(1, 1, 0o755)]), Entry(last.uid, last.gid, last.mode)]

    shown = table.shown(file(last.mode, last.uid, last.gid))

    may = source_lets(whole, READ, serving, groups)
    assert kernel_lets(shown, READ, serving, groups) or not may
    for uid, others in EVERYBODY:
        if uid != serving and kernel_lets(shown, READ, uid, others):
            assert source_lets(whole, READ, uid, others)


@given(chains, st.integers(1, 4), st.frozensets(st.integers(1, 4)))
def test_a_caller_may_read_what_the_disk_lets_it(entries, uid, groups):
    exactly = Those(uid, groups, has_other_groups=False)
    perhaps_more = Those(uid, groups)

    assert path(entries).lets_all(READ, exactly) == source_lets(entries, READ, uid, groups)
    assert path(entries).lets_all(READ, perhaps_more) == all(
        source_lets(entries, READ, uid, more) for who, more in EVERYBODY
        if who == uid and more >= groups
    )  # fmt: skip


@pytest.mark.parametrize(
    "acl",
    [b"", b"\2\0\0", struct.pack("<I", 3), struct.pack("<I", 2), struct.pack("<IHH", 2, 1, 7)],
)
def test_a_list_that_is_not_understood_is_refused(acl):
    with pytest.raises(BadAcl):
        Permissions.of_acl(acl, 1, 1)


def test_the_groups_of_a_caller_are_those_of_its_process():
    mine = frozenset({os.getgid(), *os.getgroups()})

    assert caller(os.getuid(), os.getgid(), os.getpid()) == Those(
        os.getuid(), mine, has_other_groups=False
    )


@pytest.mark.parametrize(
    ("uid", "gid", "pid"),
    [(54321, os.getgid(), os.getpid()), (os.getuid(), 54321, os.getpid()), (7, 8, 0)],
    ids=["another user", "another group", "elsewhere"],
)
def test_who_asks_for_somebody_else_or_from_elsewhere_may_be_in_any_group(uid, gid, pid):
    assert caller(uid, gid, pid) == Those(uid, frozenset({gid}), has_other_groups=True)


@pytest.mark.parametrize("uid", [0, 7])
def test_root_and_who_serves_are_let_through_without_asking_a_disk(uid):
    guard = Guard(Serving(7, frozenset({8})))

    assert guard.trusts(Asking(uid))
    assert not guard.trusts(Asking(9))


@dataclass
class Asking:
    """What is looked at of who asks."""

    uid: int


# ---------------------------------------------------------------------------- the table


def folder_of(entries: list[Entry], **changes: object) -> Folder:
    *above, own = entries
    return Folder(frozenset(e.permissions for e in above), own.permissions, **changes)


def file(mode: int, uid: int = 7, gid: int = 8, folder: int | None = 1, inode: int = 2050):
    return Attributes(
        inode, is_directory=False, size=1, mtime_ns=0, ctime_ns=0, mode=mode, uid=uid, gid=gid,
        blocks=8, links=1, folder=None if folder is None else FolderId(folder),
    )  # fmt: skip


TOP = Entry(0, 0, 0o755)
HOME = Entry(7, 8, 0o700)


def table_of(*entries: Entry, serving: Serving = NOBODY_SERVES, **changes: object) -> AccessTable:
    table = AccessTable(Owners(serving, **changes))
    table.put(FolderId(1), folder_of([TOP, *entries]))
    return table


@pytest.mark.parametrize(
    ("home", "mode", "shown"),
    [
        (0o700, 0o644, 0o400),
        (0o750, 0o644, 0o440),
        (0o755, 0o644, 0o444),
        (0o711, 0o640, 0o440),
        (0o755, 0o600, 0o400),
        (0o000, 0o644, 0o000),
    ],
)
def test_a_home_folds_its_mode_into_its_files(home, mode, shown):
    table = table_of(Entry(7, 8, home))

    assert table.shown(file(mode)) == Shown(shown, 7, 8)


def test_who_owns_a_file_reads_it_in_a_folder_of_a_group_that_the_user_database_puts_them_in():
    table = table_of(Entry(0, 5, 0o770))
    unknown = table.shown(file(0o664, uid=7, gid=5))

    table.put_groups({7: frozenset({5, 8})})

    assert unknown == Shown(0o040, 7, 5)
    assert table.shown(file(0o664, uid=7, gid=5)) == Shown(0o440, 7, 5)


def test_a_file_that_only_who_serves_may_reach_is_shown_as_theirs():
    table = table_of(HOME, serving=Serving(7, frozenset({8})))

    assert table.shown(file(0o644, uid=0, gid=0)) == Shown(0o400, 7, 0)


def test_a_chosen_owner_and_umask_take_nothing_back():
    table = table_of(HOME, uid=50, gid=51, umask=0o077)

    assert table.shown(file(0o644)) == Shown(0, 50, 51)


def test_a_umask_takes_from_what_the_sources_let_others_see():
    table = table_of(Entry(7, 8, 0o755), umask=0o027)

    assert table.shown(file(0o644)) == Shown(0o440, 7, 8)


def test_files_whose_lists_are_unknown_are_their_owners_alone():
    table = AccessTable(Owners(NOBODY_SERVES))
    table.put(FolderId(1), folder_of([TOP, Entry(7, 8, 0o755)], hands_down_lists=True))

    assert table.shown(file(0o664)) == Shown(0o400, 7, 8)


@pytest.mark.parametrize("serving", [0, 7, 9])
def test_a_folder_never_seen_is_closed_and_asked_for_again(serving):
    table = AccessTable(Owners(Serving(serving, frozenset())))

    shown = table.shown(file(0o644))

    assert not shown.mode & 0o077
    assert (serving == 0) or kernel_lets(shown, READ, serving, frozenset())
    assert table.take_unknown() == {2050}
    assert table.take_unknown() == set()


def test_a_folder_that_is_offline_is_as_it_was():
    table = table_of(HOME)

    assert not table.put(FolderId(1), None)

    assert table.shown(file(0o644)) == Shown(0o400, 7, 8)


def test_only_a_change_is_told():
    table = table_of(HOME)

    assert not table.put(FolderId(1), folder_of([TOP, HOME]))
    assert table.put(FolderId(1), folder_of([TOP, Entry(7, 8, 0o755)]))
    assert not table.put(FolderId(2), folder_of([TOP, HOME]))


def test_what_has_no_source_is_shown_as_it_is():
    table = table_of(HOME)

    assert table.shown(file(0o444, folder=None)) is None
    assert table.shown(directory()) is None


def directory(inode: int = 2051) -> Attributes:
    return file(0, 0, 0, folder=None, inode=inode)._replace(is_directory=True)


@pytest.mark.parametrize(
    ("serving", "shown"),
    [(0, Shown(0o050, 7, 8)), (7, Shown(0o550, 7, 8)), (9, Shown(0o050, 7, 8))],
)
def test_a_folder_as_it_lies_on_disk_is_shown_as_its_owners(serving, shown):
    table = AccessTable(Owners(Serving(serving, frozenset({8}))))
    folder = folder_of([TOP, Entry(3, 8, 0o710), Entry(7, 8, 0o755)])
    table.put_directory(2051, b"/photos/a", folder)

    assert table.shown(directory()) == shown


def test_a_folder_as_it_lies_on_disk_follows_the_groups_of_its_owner():
    table = AccessTable(Owners(NOBODY_SERVES))
    folder = folder_of([TOP, Entry(0, 5, 0o770), Entry(7, 8, 0o755)])
    table.put_directory(2051, b"/photos/a", folder)
    unknown = table.shown(directory())

    table.put_groups({7: frozenset({5, 8})})

    assert unknown is not None
    assert not unknown.mode & 0o500
    assert table.shown(directory()) == Shown(0o500, 7, 8)


def test_a_table_that_was_cleared_knows_nothing():
    table = table_of(HOME)
    table.put_directory(2051, b"/photos/a", folder_of([TOP, HOME]))

    table.clear()

    assert table.shown(directory()) is None
    assert table.source_folder(2051) is None
    assert table.shown(file(0o644)) == Shown(0, 7, 8)
    assert table.take_unknown() == {2050}


# ---------------------------------------------------------------------------- on a disk


def test_the_folders_above_a_path():
    assert folders_above(b"/a/b/c.jpg") == [b"/", b"/a", b"/a/b"]
    assert folders_above(b"/a") == [b"/"]
    assert folders_above(b"/") == [b"/"]


def test_a_disk_is_asked_as_it_is_now_by_path_and_by_handle(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    photo = inner / "a.jpg"
    photo.write_bytes(b"a")
    photo.chmod(0o644)
    inner.chmod(0o750)
    (tmp_path / "link").symlink_to(inner)
    me, mine = os.getuid(), os.stat(inner).st_gid
    wanted = Permissions.of_mode(0o750, me, mine)

    by_path = path_at(os.fsencode(tmp_path / "link/a.jpg"), frozenset())
    with photo.open("rb") as opened:
        by_handle = path_of(opened.fileno(), frozenset())

    assert by_path == by_handle
    assert wanted in by_path.above
    assert by_path.last == Permissions.of_mode(0o644, me, mine)


def test_a_private_filesystem_and_a_link_let_nobody_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    device = tmp_path.stat().st_dev

    assert permissions(os.fsencode(tmp_path / "link"), frozenset()) == Permissions.closed()
    assert permissions(os.fsencode(tmp_path), frozenset({device})) == Permissions.closed()
    assert not Permissions.closed().let_all(READ, Those(7, frozenset({0})))


def test_access_control_lists_are_read_from_the_disk(tmp_path):
    entry = Entry(os.getuid(), os.stat(tmp_path).st_gid, 0o750, users=((54321, 5),), mask=5)
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a")
    assert not hands_down_lists(os.fsencode(tmp_path))
    try:
        os.setxattr(photo, "system.posix_acl_access", entry.acl)
        os.setxattr(tmp_path, "system.posix_acl_default", entry.acl)
    except OSError as exc:
        pytest.skip(f"no access control lists here: {exc}")

    found = permissions(os.fsencode(photo), frozenset())

    assert found.let_all(READ, Those(54321, frozenset()))
    assert not found.let_all(READ, Those(54322, frozenset()))
    assert hands_down_lists(os.fsencode(tmp_path))


def test_a_folder_that_cannot_be_asked_is_not_one_without_lists(tmp_path):
    with pytest.raises(OSError):
        hands_down_lists(os.fsencode(tmp_path / "gone"))


LISTED = Entry(1, 2, 0o750, ((3, 5),), ((3, 1),), 5)


@pytest.mark.parametrize("entry", [Entry(1, 2, 0o750), Entry(1, 2, 0o701), LISTED])
@needs_root
def test_the_kernel_agrees(entry):
    with reachable_folder() as top:
        _hold_against_the_kernel(top / "folder", entry)


def _hold_against_the_kernel(folder, entry):
    photo = folder / "a.jpg"
    folder.mkdir()
    photo.write_bytes(b"a")
    os.chown(folder, entry.uid, entry.gid)
    folder.chmod(entry.mode)
    if entry.mask is not None:
        try:
            os.setxattr(folder, "system.posix_acl_access", entry.acl)
        except OSError as exc:
            pytest.skip(f"no access control lists here: {exc}")
    asked = path_at(os.fsencode(photo), frozenset())

    for uid, groups in ((1, ()), (2, (2,)), (3, ()), (4, (3,)), (4, ()), (4, (2, 3))):
        those = Those(uid, frozenset({9, *groups}), has_other_groups=False)
        lets = as_user(lambda: os.access(photo, os.R_OK), uid, 9, groups)
        assert asked.lets_all(READ, those) == lets, (uid, groups)
