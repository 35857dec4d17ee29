"""A mount as others see it: nobody gets through it what the sources keep from them."""

from __future__ import annotations

import errno
import os
import pwd
import stat
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_catalog import CatalogMaker
from others import (
    NOBODY,
    as_user,
    needs_root,
    on_behalf_of,
    reachable_folder,
    with_own_mounts,
)
from stubborn import Share

from mediafs.vfs.content import OpenFile

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = 4321
SOURCE = "user.mediafs.source"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Where others would find the library, too."""
    with reachable_folder() as folder:
        yield folder


def shown(library, relative: str, data: bytes, *, mode=0o644, gid=0, home=0o755) -> Path:
    """A source in a folder of some mode, and where the mount has it."""
    path = library.top / relative
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.chown(path, 0, gid)
    os.chown(path.parent, 0, gid)
    path.chmod(mode)
    place = f"originals/{path.name}"
    library.file(relative, data, place, f"by-source/photos/{relative}")
    path.parent.chmod(home)
    return library.at / place


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---------------------------------------------------------------------------- private


@needs_root
def test_a_mount_is_its_users_alone(library):
    photo = shown(library, "open/a.jpg", b"a")
    library.mount()

    for ask in (photo.stat, photo.read_bytes, lambda: os.listdir(library.at), library.at.stat):
        with pytest.raises(PermissionError):
            as_user(ask)
    assert photo.read_bytes() == b"a"


# ---------------------------------------------------------------------------- allow_other


@needs_root
def test_others_read_what_the_sources_let_them_read_and_nothing_else(library):
    open_to_all = shown(library, "open/a.jpg", b"a")
    below_closed = shown(library, "closed/b.jpg", b"b", home=0o700)
    closed_itself = shown(library, "open/c.jpg", b"c", mode=0o600)
    library.mount(allow_other=True)

    assert as_user(open_to_all.read_bytes) == b"a"
    for photo in (below_closed, closed_itself):
        assert as_user(lambda at=photo: mode_of(at)) == 0o400
        with pytest.raises(PermissionError):
            as_user(photo.read_bytes)
        assert not as_user(lambda at=photo: os.access(at, os.R_OK))
    assert below_closed.read_bytes() == b"b"


@needs_root
def test_a_folder_above_the_root_counts_too(library):
    photo = shown(library, "open/a.jpg", b"a")
    library.top.chmod(0o700)
    library.mount(allow_other=True)

    assert as_user(lambda: mode_of(photo)) == 0o400
    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)


@needs_root
def test_the_names_in_a_closed_folder_are_not_listed_as_it_lies_on_disk(library):
    shown(library, "closed/b.jpg", b"b", home=0o700)
    shown(library, "open/a.jpg", b"a", home=0o755)
    library.mount(allow_other=True)
    as_on_disk = library.at / "by-source/photos"

    assert as_user(lambda: sorted(os.listdir(as_on_disk))) == ["closed", "open"]
    assert as_user(lambda: os.listdir(as_on_disk / "open")) == ["a.jpg"]
    with pytest.raises(PermissionError):
        as_user(lambda: os.listdir(as_on_disk / "closed"))
    with pytest.raises(PermissionError):
        as_user((as_on_disk / "closed/b.jpg").stat)


@needs_root
def test_a_folder_closed_while_the_mount_runs_is_closed_at_once(library):
    photo = shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)
    assert as_user(photo.read_bytes) == b"a"

    (library.top / "open").chmod(0o700)

    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)
    assert photo.read_bytes() == b"a"


@needs_root
def test_who_is_refused_leaves_no_source_open(library):
    photo = shown(library, "open/a.jpg", b"a")
    serving = library.mount(allow_other=True)
    (library.top / "open").chmod(0o700)

    for _ in range(3):
        with pytest.raises(PermissionError):
            as_user(photo.read_bytes)

    held = [os.path.realpath(link) for link in Path(f"/proc/{serving}/fd").iterdir()]
    assert str(library.top / "open/a.jpg") not in held


@needs_root
def test_a_file_closed_while_the_mount_runs_is_closed_at_once(library):
    photo = shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)
    assert as_user(photo.read_bytes) == b"a"

    (library.top / "open/a.jpg").chmod(0o600)

    with pytest.raises(OSError) as caught:
        as_user(photo.read_bytes)
    # Another ctime is another stamp, of which nothing is served before the next reindex.
    assert caught.value.errno in {errno.EACCES, errno.ESTALE}


@needs_root
def test_a_list_that_refuses_one_user_refuses_it_here(library):
    photo = shown(library, "open/a.jpg", b"a")
    entries = [(1, 7, -1), (2, 0, NOBODY), (4, 5, -1), (16, 5, -1), (32, 5, -1)]
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, bits, number & 0xFFFFFFFF) for tag, bits, number in entries
    )
    try:
        os.setxattr(library.top / "open", "system.posix_acl_access", acl)
    except OSError as exc:
        pytest.skip(f"no access control lists here: {exc}")
    library.mount(allow_other=True)

    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)
    assert mode_of(photo) == 0o400


@needs_root
def test_supplementary_groups_count(library):
    photo = shown(library, "ours/a.jpg", b"a", mode=0o640, gid=GROUP, home=0o750)
    library.mount(allow_other=True)

    assert mode_of(photo) == 0o440
    assert as_user(photo.read_bytes, groups=(GROUP,)) == b"a"
    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)


@needs_root
def test_a_file_server_acts_for_whom_it_serves(library):
    ours = shown(library, "ours/a.jpg", b"a", mode=0o640, gid=GROUP, home=0o750)
    closed = shown(library, "closed/b.jpg", b"b", home=0o700)
    library.mount(allow_other=True)

    assert on_behalf_of(ours.read_bytes, NOBODY, (GROUP,)) == b"a"
    for photo in (ours, closed):
        with pytest.raises(PermissionError):
            on_behalf_of(photo.read_bytes, NOBODY)


@needs_root
def test_modes_follow_the_next_generation(library):
    photo = shown(library, "closed/a.jpg", b"a", home=0o700)
    library.mount(allow_other=True)
    assert as_user(lambda: mode_of(photo)) == 0o400

    (library.top / "closed").chmod(0o755)
    late = shown(library, "late/b.jpg", b"b", home=0o755)
    library.publish()

    library.wait(lambda: mode_of(photo) == 0o444)
    library.wait(lambda: late.exists() and mode_of(late) == 0o444)
    assert as_user(photo.read_bytes) == b"a"
    assert as_user(late.read_bytes) == b"b"


@needs_root
def test_a_folder_asked_for_before_its_disk_was_is_shown_as_it_is_once_it_was(library):
    shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)

    for number in range(3):  # each is asked for at once, most often before its folder is known
        late = shown(library, f"late {number}/{number}.jpg", b"b")
        library.publish()
        library.wait(late.exists)
        library.wait(lambda at=late: mode_of(at) == 0o444)

        assert as_user(late.read_bytes) == b"b"


@needs_root
def test_who_joins_a_group_is_shown_what_it_may_read_now(library, tmp_path):
    source, groups = library.top / "ours/a.jpg", tmp_path / "group"
    source.parent.mkdir()
    source.write_bytes(b"a")
    source.chmod(0o400)
    source.parent.chmod(0o750)
    os.chown(source, NOBODY, GROUP)
    os.chown(source.parent, 0, GROUP)
    groups.write_bytes(Path("/etc/group").read_bytes())
    library.maker.close()  # it is written by another process

    def modes() -> tuple[int, int]:
        subprocess.run(["mount", "--bind", groups, "/etc/group"], check=True)
        library.maker = CatalogMaker(library.catalog)
        library.file("ours/a.jpg", b"a", "originals/a.jpg")
        photo = library.at / "originals/a.jpg"
        library.mount(allow_other=True)
        try:
            before = mode_of(photo)
            with groups.open("a") as file:
                file.write(f"ours:x:{GROUP}:{pwd.getpwuid(NOBODY).pw_name}\n")
            library.publish()
            library.wait(lambda: mode_of(photo) != before)
            return before, mode_of(photo)
        finally:
            library.close()

    try:
        found = with_own_mounts(modes)
    except (subprocess.CalledProcessError, PermissionError) as exc:
        pytest.skip(f"no mounts of its own can be had here: {exc}")

    assert found == (0, 0o400)


@needs_root
def test_paths_are_told_to_who_may_read_the_file(library):
    photo = shown(library, "open/a.jpg", b"a")
    closed = shown(library, "closed/b.jpg", b"b", home=0o700)
    library.mount(allow_other=True)
    where = os.fsencode(library.top / "open/a.jpg")

    assert as_user(lambda: os.getxattr(photo, SOURCE)) == where
    assert SOURCE in as_user(lambda: os.listxattr(photo))
    assert SOURCE not in as_user(lambda: os.listxattr(closed))
    with pytest.raises(OSError) as caught:
        as_user(lambda: os.getxattr(closed, SOURCE))
    assert caught.value.errno in {errno.ENODATA, errno.EACCES}

    (library.top / "open").chmod(0o700)

    assert SOURCE not in as_user(lambda: os.listxattr(photo))
    with pytest.raises(OSError) as caught:
        as_user(lambda: os.getxattr(photo, SOURCE))
    assert caught.value.errno == errno.ENODATA
    assert os.getxattr(photo, SOURCE) == where


@needs_root
@pytest.mark.skipif(not hasattr(OpenFile, "fileno"), reason="the source that is read is not told")
def test_a_copy_in_a_closed_folder_does_not_stand_in_for_an_open_file(library):
    photo = shown(library, "open/a.jpg", b"the bytes")
    shown(library, "closed/copy.jpg", b"the bytes", home=0o700)
    library.mount(allow_other=True)
    assert as_user(photo.read_bytes) == b"the bytes"

    (library.top / "open/a.jpg").write_bytes(b"redacted!")

    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)
    assert photo.read_bytes() == b"the bytes"


@pytest.fixture
def private_share(library, tmp_path) -> Iterator[Share]:
    """A root whose modes let everybody in, on a FUSE filesystem that is its user's alone."""
    behind = tmp_path / "server"
    behind.mkdir()
    (behind / "far.jpg").write_bytes(b"the bytes")
    share = Share(behind, tmp_path / "nas")
    try:
        root = library.maker.root(share.at, b"nas")
        far = library.maker.seen(root, share.at, "far.jpg")
        library.maker.place("originals/far.jpg", far)
        library.maker.place("by-source/nas/far.jpg", far)
        yield share
    finally:
        share.close()


@needs_root
def test_what_lies_on_somebodys_own_share_is_theirs_alone(library, private_share):
    library.mount(allow_other=True)
    photo = library.at / "originals/far.jpg"

    assert mode_of(private_share.at / "far.jpg") == 0o644
    assert as_user(lambda: mode_of(photo)) == 0o400
    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)
    assert listed(library.at / "by-source/nas") == errno.EACCES
    assert photo.read_bytes() == b"the bytes"


@needs_root
@pytest.mark.usefixtures("private_share")
def test_a_copy_on_somebodys_own_share_does_not_stand_in_for_an_open_file(library):
    photo = shown(library, "open/a.jpg", b"the bytes")
    library.mount(allow_other=True)
    assert as_user(photo.read_bytes) == b"the bytes"

    (library.top / "open/a.jpg").write_bytes(b"redacted!")

    with pytest.raises(PermissionError):
        as_user(photo.read_bytes)
    assert photo.read_bytes() == b"the bytes"


@needs_root
def test_the_log_says_once_what_stays_closed(library):
    shown(library, "open/a.jpg", b"a")
    shown(library, "closed/b.jpg", b"b", home=0o700)
    library.mount(allow_other=True)

    library.wait(lambda: "allow_other" in library.log)

    says = [line for line in library.log.splitlines() if "allow_other" in line]
    assert len(says) == 1
    assert "1 file lies below folders closed to others" in says[0]
    assert str(library.top / "closed") in says[0]


# ---------------------------------------------------------------------------- listed by others


def listed(folder: Path) -> list[str] | int:
    """As another user; the number of the error."""

    def ask() -> list[str] | int:
        try:
            return sorted(os.listdir(folder))
        except OSError as exc:
            return exc.errno

    return as_user(ask)


@needs_root
def test_a_folder_closed_while_the_mount_runs_is_not_listed_any_more(library):
    shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)
    as_on_disk = library.at / "by-source/photos"
    assert listed(as_on_disk / "open") == ["a.jpg"]

    (library.top / "open").chmod(0o700)

    assert listed(as_on_disk / "open") == errno.EACCES
    assert os.listdir(as_on_disk / "open") == ["a.jpg"]
    assert listed(library.at / "originals") == ["a.jpg"]  # names there are for everybody


@needs_root
def test_nor_what_lies_below_it(library):
    shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)
    as_on_disk = library.at / "by-source/photos"
    assert listed(as_on_disk) == ["open"]

    library.top.chmod(0o700)

    assert listed(as_on_disk / "open") == errno.EACCES
    assert listed(as_on_disk) == errno.EACCES
    assert listed(as_on_disk.parent) == ["photos"]


@needs_root
def test_a_folder_on_a_disk_that_is_away_is_listed_as_it_was_last_known(library):
    shown(library, "open/a.jpg", b"a")
    shown(library, "closed/b.jpg", b"b", home=0o700)
    library.mount(allow_other=True)
    as_on_disk = library.at / "by-source/photos"

    library.top.rename(library.top.with_name("away"))

    assert listed(as_on_disk / "open") == ["a.jpg"]
    assert listed(as_on_disk / "closed") == errno.EACCES


def replace_catalog(library, made: CatalogMaker) -> None:
    made.close()
    library.maker.close()
    for ending in ("-wal", "-shm"):
        library.catalog.with_name(f"{library.catalog.name}{ending}").unlink(missing_ok=True)
    made.path.rename(library.catalog)


@needs_root
def test_a_folder_of_another_catalog_is_not_listed_before_it_was_looked_at(library, tmp_path):
    shown(library, "open/a.jpg", b"a")
    shown(library, "closed/b.jpg", b"b", home=0o700)
    library.mount(allow_other=True)
    as_on_disk = library.at / "by-source/photos"
    made = CatalogMaker(tmp_path / "other.db")
    root = made.root(library.top)
    for relative in ("closed/b.jpg", "open/a.jpg"):
        made.place(f"by-source/photos/{relative}", made.seen(root, library.top, relative))
    made.place("new.jpg", made.seen(root, library.top, "open/a.jpg"))
    made.publish([b"new.jpg", b"by-source"])
    assert listed(as_on_disk / "closed") == errno.EACCES

    replace_catalog(library, made)
    found = set()

    def is_known() -> bool:
        found.add(str(listed(as_on_disk / "closed")))
        is_new = library.at.joinpath("by-source").stat().st_ino > 1 << 40
        return is_new and listed(as_on_disk / "open") == ["a.jpg"]

    library.wait(is_known)
    assert found == {str(errno.EACCES)}


@needs_root
def test_a_folder_of_another_catalog_is_not_shown_as_the_one_of_its_number(library, tmp_path):
    photo = shown(library, "open/a.jpg", b"a")
    library.mount(allow_other=True)
    assert mode_of(photo) == 0o444
    opened = library.maker.db.execute("SELECT folder_id FROM file").get
    made = CatalogMaker(tmp_path / "other.db")
    away = made.root(tmp_path / "away", b"away")
    made.place("originals/b.jpg", made.row(away, b"closed/b.jpg", photo.stat(), bytes(32)))
    made.publish()
    assert made.db.execute("SELECT folder_id FROM file").get == opened

    replace_catalog(library, made)

    there = library.at / "originals/b.jpg"
    library.wait(there.exists)
    library.wait(lambda: mode_of(there) == 0)
