"""Whose bytes are served when sources change, vanish or fail, and how a refresh arrives."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reading_whole import bytes_of, error_of
from stubborn import Share

from indexer.mounts import mount_table
from indexer.scan.filesystems import device_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIG = os.urandom(6 << 20)


def test_a_source_that_vanishes_in_the_middle_fails_over_to_its_copy(library):
    library.file("a.mov", BIG, "originals/a.mov")
    library.file("copy.mov", BIG)
    library.mount()
    with (library.at / "originals/a.mov").open("rb", buffering=0) as shown:
        start = shown.read(4096)
        os.truncate(library.top / "a.mov", 1 << 20)
        rest = b"".join(iter(lambda: shown.read(1 << 16), b""))

    assert start + rest == BIG
    assert "a.mov is not what was indexed any more" in library.log


def test_a_missing_source_is_served_from_its_copy(library):
    library.file("a.jpg", b"same", "originals/a.jpg")
    library.file("b.jpg", b"same")
    library.mount()
    (library.top / "a.jpg").unlink()

    assert (library.at / "originals/a.jpg").read_bytes() == b"same"


def test_a_changed_source_is_never_served(library):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    (library.top / "a.jpg").write_bytes(b"other")

    assert error_of(library.at / "originals/a.jpg") == errno.ESTALE


def test_a_source_with_its_old_size_and_time_but_other_bytes_is_never_served(library):
    library.file("a.jpg", b"first", "originals/a.jpg")
    library.mount()
    before = (library.top / "a.jpg").stat()
    (library.top / "a.jpg").write_bytes(b"other")
    os.utime(library.top / "a.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert error_of(library.at / "originals/a.jpg") == errno.ESTALE


def test_a_vanished_source_without_a_copy_is_stale(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.file("b.jpg", b"b")
    library.mount()
    (library.top / "a.jpg").unlink()

    assert error_of(library.at / "originals/a.jpg") == errno.ESTALE


def test_a_link_in_place_of_a_source_is_not_followed(library, tmp_path):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()
    (library.top / "a.jpg").rename(tmp_path / "elsewhere.jpg")
    (library.top / "a.jpg").symlink_to(tmp_path / "elsewhere.jpg")

    assert error_of(library.at / "originals/a.jpg") == errno.ESTALE


def test_an_offline_root_keeps_its_names_and_gives_errors(library):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()
    library.maker.db.execute("UPDATE root SET online = 0")
    library.top.rename(library.top.with_name("away"))

    assert error_of(library.at / "originals/a.jpg") == errno.EIO
    assert (library.at / "originals/a.jpg").stat().st_size == 1


@pytest.mark.parametrize("is_empty_folder_left", [False, True])
def test_an_unplugged_root_gives_errors(library, is_empty_folder_left):
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.mount()
    library.top.rename(library.top.with_name("unplugged"))
    if is_empty_folder_left:
        library.top.mkdir()

    assert error_of(library.at / "originals/a.jpg") == errno.EIO
    assert os.listdir(library.at / "originals") == ["a.jpg"]


def test_sources_are_not_touched_by_reading(library):
    source = library.top / "a.jpg"
    source.write_bytes(b"a" * 10_000)
    os.utime(source, ns=(10**9, 10**18))
    file = library.maker.row(library.root, b"a.jpg", source.stat(), bytes(32))
    library.maker.place("originals/a.jpg", file)
    library.mount()

    assert len((library.at / "originals/a.jpg").read_bytes()) == 10_000
    assert source.stat().st_atime_ns == 10**9


# ---------------------------------------------------------------------------- in the middle


@pytest.fixture
def failing(library, tmp_path) -> Iterator[Share]:
    """A share in the library, with one film that is shown."""
    behind = tmp_path / "server"
    behind.mkdir()
    (behind / "a.mov").write_bytes(BIG)
    share = Share(behind, library.top / "nas")
    try:
        file = library.maker.seen(library.root, library.top, "nas/a.mov")
        library.maker.place("originals/a.mov", file)
        yield share
    finally:
        share.close()


def read_around(shown, happens: Callable[[], None]) -> bytes:
    """A file from head to tail, with something happening after its head was read."""
    with shown.open("rb", buffering=0) as file:
        start = file.read(4096)
        happens()
        return start + b"".join(iter(lambda: file.read(1 << 16), b""))


@pytest.mark.parametrize("trouble", ["fail", "cut"])
def test_a_source_that_turns_bad_in_the_middle_fails_over_to_its_copy(library, failing, trouble):
    library.file("copy.mov", BIG)
    library.mount()

    found = read_around(library.at / "originals/a.mov", lambda: getattr(failing, trouble)("a.mov"))

    assert found == BIG


@pytest.mark.parametrize(("trouble", "code"), [("fail", errno.EIO), ("cut", errno.ESTALE)])
def test_a_source_that_turns_bad_without_a_copy_is_an_error(library, failing, trouble, code):
    library.mount()

    with pytest.raises(OSError) as caught:
        read_around(library.at / "originals/a.mov", lambda: getattr(failing, trouble)("a.mov"))

    # The kernel says EIO of a page that it could not read, whatever we said of it.
    assert caught.value.errno in {code, errno.EIO}
    assert library.log.count("a.mov") == 1


def test_a_source_that_is_replaced_in_the_middle_fails_over_to_its_copy(library):
    library.file("a.mov", BIG, "originals/a.mov")
    library.file("copy.mov", BIG)
    library.mount()
    other = library.top / "other.tmp"
    other.write_bytes(BIG[::-1])

    found = read_around(
        library.at / "originals/a.mov", lambda: other.replace(library.top / "a.mov")
    )

    assert found == BIG


def test_a_folder_that_is_swapped_for_a_link_is_not_followed(library, tmp_path):
    library.file("2019/a.jpg", b"a", "originals/a.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"a"
    (library.top / "2019").rename(tmp_path / "elsewhere")
    (library.top / "2019").symlink_to(tmp_path / "elsewhere")

    assert error_of(library.at / "originals/a.jpg") == errno.ESTALE


def test_a_file_on_an_absent_disk_inside_a_root_is_an_error_and_stays(library, disk):
    usb = disk()
    usb.mount(library.top / "usb")
    library.file("near.jpg", b"near", "originals/near.jpg")
    library.file("usb/a.jpg", b"a", "originals/a.jpg")
    device = device_of(os.fsencode(library.top / "usb"), mount_table())
    library.maker.db.execute(
        "UPDATE folder SET device = ? WHERE path = CAST('usb' AS BLOB)", (device,)
    )
    library.mount()
    usb.unmount()

    assert error_of(library.at / "originals/a.jpg") == errno.EIO
    assert os.listdir(library.at / "originals") == ["near.jpg", "a.jpg"]
    assert (library.at / "originals/near.jpg").read_bytes() == b"near"


# ---------------------------------------------------------------------------- live


def test_a_new_file_shows_within_a_second(library):
    library.mount()
    assert not (library.at / "originals/a.jpg").exists()
    library.file("a.jpg", b"a", "originals/a.jpg")
    library.publish()

    library.wait((library.at / "originals/a.jpg").exists, seconds=1.0)

    assert (library.at / "originals/a.jpg").read_bytes() == b"a"


def test_a_removed_file_is_gone_within_a_second(library):
    library.file("a.jpg", b"a", "originals/a.jpg", "originals/2019/a.jpg")
    library.mount()
    assert (library.at / "originals/2019/a.jpg").stat().st_nlink == 2
    library.maker.unplace("originals/2019/a.jpg")
    library.publish()

    library.wait(lambda: not (library.at / "originals/2019").exists(), seconds=1.0)

    assert (library.at / "originals/a.jpg").stat().st_nlink == 1
    assert (library.at / "originals").stat().st_nlink == 2


def test_another_file_under_the_same_name_serves_its_own_bytes(library):
    library.file("a.jpg", b"the first", "originals/a.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"the first"
    before = (library.at / "originals/a.jpg").stat().st_ino
    library.file("b.jpg", b"another one", "originals/a.jpg")
    library.publish()

    library.wait(lambda: (library.at / "originals/a.jpg").stat().st_ino != before, seconds=1.0)

    assert (library.at / "originals/a.jpg").read_bytes() == b"another one"


def test_a_file_with_new_bytes_serves_them(library):
    library.file("a.jpg", b"the first bytes", "originals/a.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"the first bytes"
    library.file("a.jpg", b"other, and longer bytes", "originals/a.jpg")
    library.publish()

    library.wait(lambda: (library.at / "originals/a.jpg").stat().st_size == 23, seconds=1.0)

    assert (library.at / "originals/a.jpg").read_bytes() == b"other, and longer bytes"


def test_new_bytes_are_right_before_the_tree_is_published(library):
    library.file("a.jpg", b"the first bytes", "originals/a.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"the first bytes"
    library.maker.db.execute("INSERT INTO pending VALUES (1, 0)")

    library.file("a.jpg", b"other, and longer bytes")

    assert (library.at / "originals/a.jpg").read_bytes() == b"other, and longer bytes"


def test_the_kernel_forgets_the_bytes_of_what_rotted_and_of_nothing_else(library):
    rotten = library.file("a.jpg", BIG, "originals/a.jpg")
    library.file("b.jpg", BIG[::-1], "originals/b.jpg")
    library.mount()
    shown = [library.at / "originals/a.jpg", library.at / "originals/b.jpg"]
    with shown[0].open("rb", buffering=0) as bad, shown[1].open("rb", buffering=0) as sound:
        read = [os.pread(file.fileno(), len(BIG), 0) for file in (bad, sound)]
        library.maker.db.execute(
            "UPDATE file SET state = 'unreadable', rotten_ns = 1 WHERE file_id = ?", (rotten,)
        )
        library.maker.unplace("originals/a.jpg")
        library.maker.place("quarantine/rotten/a.jpg", rotten)
        library.maker.publish((b"originals", b"quarantine"))
        before = bytes_read(library)

        library.wait(lambda: is_refused(bad.fileno()), seconds=1.0)

        again = os.pread(sound.fileno(), len(BIG), 0)
    assert read == [BIG, again]
    # A kernel may drop a page here and there as it needs memory: 16 of 1,536 were seen.
    assert bytes_read(library) - before < len(BIG) // 2


def bytes_read(library) -> int:
    """How much the mount gave."""
    told = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return told["counters"]["bytes_read"]


def is_refused(fd: int) -> bool:
    try:
        os.pread(fd, 1 << 16, 0)
    except OSError as exc:
        return exc.errno == errno.EIO
    return False


def test_the_times_of_directories_up_to_the_top_follow(library):
    old = library.top / "old.jpg"
    old.write_bytes(b"old")
    os.utime(old, ns=(10**18, 10**18))
    file = library.maker.seen(library.root, library.top, "old.jpg")
    library.maker.place("originals/2019/old.jpg", file)
    library.mount()
    folders = [library.at, library.at / "originals", library.at / "originals/2019"]
    before = [folder.stat().st_mtime_ns for folder in folders]
    library.file("new.jpg", b"new", "originals/2019/new.jpg")
    library.publish()
    library.wait((library.at / "originals/2019/new.jpg").exists)

    library.wait(
        lambda: all(f.stat().st_mtime_ns > b for f, b in zip(folders, before, strict=True))
    )

    newest = (library.top / "new.jpg").stat().st_mtime_ns
    assert {folder.stat().st_mtime_ns for folder in folders} == {newest}


def test_thinned_changes_make_the_mount_forget_everything(library):
    library.file("a.jpg", b"a", "originals/2019/a.jpg")
    library.mount()
    assert (library.at / "originals/2019/a.jpg").exists()
    with library.maker.db:
        library.maker.unplace("originals/2019/a.jpg")
        library.file("b.jpg", b"b", "originals/2019/b.jpg")
        library.publish()
        library.publish()
        library.file("c.jpg", b"c", "originals/2019/c.jpg")
        library.publish()
        library.maker.db.execute("DELETE FROM change WHERE generation_id < 4")

    library.wait(lambda: not (library.at / "originals/2019/a.jpg").exists(), seconds=1.0)

    assert (library.at / "originals/2019/c.jpg").read_bytes() == b"c"
    assert (library.at / "originals/2019/b.jpg").read_bytes() == b"b"


def test_a_catalog_in_place_of_another_is_shown_instead(library, tmp_path):
    library.file("a.jpg", b"of the first", "originals/a.jpg")
    library.mount()
    assert (library.at / "originals/a.jpg").read_bytes() == b"of the first"
    other = type(library.maker)(tmp_path / "other.db")
    (library.top / "z.jpg").write_bytes(b"of the second")
    other.place("originals/a.jpg", other.seen(other.root(library.top), library.top, "z.jpg"))
    other.publish()
    other.close()
    for ending in ("-wal", "-shm"):
        Path(f"{library.catalog}{ending}").unlink(missing_ok=True)
    (tmp_path / "other.db").rename(library.catalog)

    library.wait(lambda: bytes_of(library.at / "originals/a.jpg") == b"of the second")
