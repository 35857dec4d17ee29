"""What a kernel shows of the tree: names, attributes, bytes, extended attributes, size."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from mediafs.vfs.readme import README

if TYPE_CHECKING:
    from pathlib import Path

DAY = "originals/2019/2019-07-14"


def test_every_name_of_a_large_directory_is_listed_once(library):
    file = library.file("a.jpg", b"a")
    names = {f"IMG_{number:05}.jpg" for number in range(5000)}
    for name in names:
        library.maker.place(f"{DAY}/{name}", file)
    library.mount()

    listed = os.listdir(library.at / DAY)

    assert len(listed) == 5000
    assert set(listed) == names


def test_many_walkers_at_once_see_the_same_tree(library):
    for number in range(200):
        library.file(
            f"{number}.jpg", b"%d" % number, f"{DAY}/{number}.jpg", f"by-date/{number}.jpg"
        )
    library.mount()

    with ThreadPoolExecutor(64) as walkers:
        walks = list(walkers.map(lambda _: _walk(library.at), range(64)))

    assert len(walks[0]) == 401
    assert all(walk == walks[0] for walk in walks)


def _walk(top: Path) -> dict[str, int]:
    return {
        os.path.join(folder, name): os.stat(os.path.join(folder, name)).st_ino
        for folder, _, names in os.walk(top)
        for name in names
    }


def test_attributes_are_those_of_the_source(library):
    library.file("a.jpg", b"x" * 70_000, f"{DAY}/a.jpg", "by-date/a.jpg")
    (library.top / "b.jpg").write_bytes(b"b")
    (library.top / "b.jpg").chmod(0o640)
    library.file("b.jpg", b"b", f"{DAY}/b.jpg")
    library.mount()

    source, shown = (library.top / "a.jpg").stat(), (library.at / DAY / "a.jpg").stat()

    assert shown.st_size == source.st_size
    assert shown.st_mtime_ns == shown.st_atime_ns == source.st_mtime_ns
    assert shown.st_ctime_ns == source.st_ctime_ns
    assert shown.st_blocks > 0
    assert (shown.st_uid, shown.st_gid) == (source.st_uid, source.st_gid)
    assert shown.st_nlink == 2
    assert stat.filemode((library.at / DAY / "b.jpg").stat().st_mode) == "-r--r-----"


def test_one_file_in_two_views_is_one_inode(library):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg", "by-date/other.jpg")
    library.file("b.jpg", b"a", f"{DAY}/b.jpg")
    library.mount()

    one, other = library.at / DAY / "a.jpg", library.at / "by-date/other.jpg"

    assert one.stat().st_ino == other.stat().st_ino > 1024
    assert (library.at / DAY / "b.jpg").stat().st_ino != one.stat().st_ino


def test_directories_have_true_parents_modes_and_link_counts(library):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount()
    entries = _entries_with_dots(library.at / "originals/2019")

    assert library.at.stat().st_ino == 1
    assert stat.filemode(library.at.stat().st_mode) == "dr-xr-xr-x"
    assert library.at.stat().st_nlink == 2 + 3
    assert (library.at / "originals").stat().st_nlink == 3
    assert entries["."] == (library.at / "originals/2019").stat().st_ino
    assert entries[".."] == (library.at / "originals").stat().st_ino


def _entries_with_dots(folder: Path) -> dict[str, int]:
    said = subprocess.run(
        ["ls", "-1aiU", folder], capture_output=True, check=True, text=True
    ).stdout.split()
    return dict(zip(said[1::2], map(int, said[::2]), strict=True))


def test_inodes_are_the_same_after_a_remount(library):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount()
    before = _walk(library.at)
    library.unmount()

    library.mount()

    assert _walk(library.at) == before


def test_bytes_are_those_of_the_source(library):
    contents = {f"{size}.jpg": os.urandom(size) for size in (0, 1, 4095, 4096, 4097, 3_000_001)}
    for name, data in contents.items():
        library.file(name, data, f"{DAY}/{name}")
    library.mount()

    shown = {path.name: path.read_bytes() for path in (library.at / DAY).iterdir()}

    assert {name: hashlib.sha256(data).digest() for name, data in shown.items()} == {
        name: hashlib.sha256(data).digest() for name, data in contents.items()
    }


def test_names_of_any_bytes_are_shown(library):
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x90\x88 \n.jpg")
    library.file(name, b"cat", f"by-source/photos/{name}")
    library.mount()

    assert os.listdir(library.at / "by-source/photos") == [name]
    assert (library.at / "by-source/photos" / name).read_bytes() == b"cat"


def test_a_directory_is_one_under_every_spelling(library):
    library.file("a.jpg", b"a", "by-date/2019/a.jpg")
    library.mount()
    spellings = ("by-date", "BY-DATE", "By-Date", "by-date")

    numbers = {(library.at / spelling).stat().st_ino for spelling in spellings}
    said = subprocess.run(
        ["sh", "-ec", "for n in by-date BY-DATE By-Date by-date; do cd $n; ls; cd ..; ls; done"],
        cwd=library.at, capture_output=True, check=True, text=True,
    ).stdout.split()  # fmt: skip

    assert len(numbers) == 1
    assert said == ["2019", "README.txt", "by-date", "by-source", "originals"] * 4


def test_a_directory_stays_open_while_it_is_asked_for_in_other_spellings(library):
    library.file("a.jpg", b"a", "by-date/2019/a.jpg")
    library.mount()
    spellings = ("by-date/2019", "BY-DATE/2019", "By-Date/2019", "by-Date/2019")

    with ThreadPoolExecutor(8) as walkers:
        lists = list(walkers.map(lambda n: os.listdir(library.at / spellings[n % 4]), range(200)))
        opened = os.open(library.at / "BY-DATE", os.O_RDONLY)
        sizes = list(
            walkers.map(
                lambda n: (library.at / spellings[n % 4] / "A.jpg").stat().st_size, range(99)
            )
        )

    assert lists == [["a.jpg"]] * 200
    assert sizes == [1] * 99
    assert os.listdir(opened) == ["2019"]
    os.close(opened)


def test_another_spelling_is_asked_for_each_time(library):
    library.file("a.jpg", b"a", f"{DAY}/Caf\u00e9.jpg")
    library.mount()
    other = library.at / DAY / "CAFE\u0301.JPG"
    exact = library.at / DAY / "Caf\u00e9.jpg"
    exact.stat()
    before = _lookups(library)

    sizes = {path.stat().st_size for path in (exact, other) for _ in range(5)}

    assert sizes == {1}
    assert _lookups(library) - before == 5
    assert other.samefile(exact)


def test_another_spelling_goes_with_its_name(library):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount()
    exact, other = library.at / DAY / "a.jpg", library.at / DAY / "A.JPG"
    assert other.read_bytes() == b"a"
    library.maker.unplace(f"{DAY}/a.jpg")
    library.file("b.jpg", b"bb", f"{DAY}/A.jpg")
    library.publish()

    # While the kernel remembers the old name, no other spelling of it does.
    assert other.read_bytes() == b"bb"
    library.wait(lambda: "A.jpg" in os.listdir(library.at / DAY))
    library.wait(lambda: exact.read_bytes() == b"bb")


def _lookups(library) -> int:
    told = json.loads((library.at / ".mediafs/status.json").read_bytes())
    return int(told["counters"]["lookups"])


def test_du_and_find_tell_what_they_tell_of_the_sources(library):
    with (library.top / "sparse.mov").open("wb") as sparse:
        sparse.write(b"x")
        sparse.truncate(4_000_000)
    file = library.maker.seen(library.root, library.top, "sparse.mov")
    library.maker.place(f"{DAY}/sparse.mov", file)
    library.maker.place("by-date/sparse.mov", file)
    library.file("a.jpg", b"x" * 70_000, f"{DAY}/a.jpg")
    library.mount()

    shown = _said("du", "-s", "-B512", library.at / "originals", library.at / "by-date")
    apparent = _said("du", "-sb", "--apparent-size", library.at / "originals")

    sources = [path.stat() for path in library.top.iterdir()]
    assert sum(int(number) for number in shown[::2]) == sum(s.st_blocks for s in sources)
    assert int(apparent[0]) == sum(s.st_size for s in sources)
    assert (library.at / DAY / "sparse.mov").stat().st_blocks * 512 < 4_000_000
    assert sorted(_said("find", library.at, "-type", "f", "-links", "2", "-printf", "%P\n")) == [
        "by-date/sparse.mov",
        f"{DAY}/sparse.mov",
    ]


def _said(*command: str | Path) -> list[str]:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()


def test_extended_attributes_tell_the_source_and_the_digest(library):
    library.file("sub/a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount()
    path = library.at / DAY / "a.jpg"

    assert os.getxattr(path, "user.mediafs.source") == os.fsencode(library.top / "sub/a.jpg")
    assert os.getxattr(path, "user.mediafs.blake3") == blake3(b"a").hexdigest().encode()
    assert os.listxattr(path) == ["user.mediafs.source", "user.mediafs.blake3"]


@pytest.mark.parametrize("name", ["user.mediafs.payload", "user.other", "security.capability"])
def test_absent_extended_attributes_are_no_data(library, name):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount()

    with pytest.raises(OSError) as caught:
        os.getxattr(library.at / DAY / "a.jpg", name)

    assert caught.value.errno == errno.ENODATA


def test_a_shot_is_told_by_the_extended_attributes(library):
    file = library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.maker.db.execute(
        "INSERT INTO shot VALUES (7, 'only', 0, NULL, 'it is alone');"
        f"INSERT INTO member (shot_id, file_id, role, rank, says)"
        f" VALUES (7, {file}, 'original', 0, 'It is alone.');"
        "INSERT INTO capture VALUES (7, '2019-07-14T16:02:11', 120, '', 'certain', '', NULL, NULL,"
        " NULL)"
    )
    library.mount()
    path = library.at / DAY / "a.jpg"
    names = ("shot", "role", "captured", "why")

    told = {name: os.getxattr(path, f"user.mediafs.{name}").decode() for name in names}

    assert told == {
        "shot": "7",
        "role": "original",
        "captured": "2019-07-14T16:02:11+02:00",
        "why": "It is alone.",
    }


def test_the_readme_stands_at_the_top(library):
    library.mount()
    path = library.at / "README.txt"

    assert path.read_bytes() == README
    assert path.stat().st_size == len(README)
    assert os.listxattr(path) == os.listxattr(library.at) == []


def test_the_filesystem_has_the_size_of_its_files(library):
    library.file("a.jpg", b"x" * 100_000, f"{DAY}/a.jpg", "by-date/a.jpg")
    library.mount()

    said = os.statvfs(library.at)

    assert said.f_blocks * said.f_frsize == (library.top / "a.jpg").stat().st_blocks * 512
    assert said.f_files == 1
    assert said.f_bavail == said.f_bfree == said.f_ffree == 0
    assert said.f_namemax == 255


def test_an_empty_tree_is_no_empty_filesystem(library):
    library.mount()

    assert os.statvfs(library.at).f_blocks > 0
    assert sorted(os.listdir(library.at)) == ["README.txt", "by-date", "by-source", "originals"]


def test_owner_and_mask_can_be_chosen(library):
    library.file("a.jpg", b"a", f"{DAY}/a.jpg")
    library.mount(uid=1234, gid=567, umask=0o077)

    shown = (library.at / DAY / "a.jpg").stat()

    assert (shown.st_uid, shown.st_gid) == (1234, 567)
    assert stat.filemode(shown.st_mode) == "-r--------"
    assert stat.filemode((library.at / DAY).stat().st_mode) == "dr-x------"


def test_an_open_directory_lists_validly_across_a_refresh(library):
    with library.maker.db:
        for number in range(3000):
            library.file(f"{number}.jpg", b"%d" % number, f"{DAY}/{number}.jpg")
    library.mount()
    with os.scandir(library.at / DAY) as listing:
        seen = [next(listing).name for _ in range(10)]
        for number in range(1500):
            library.maker.unplace(f"{DAY}/{number}.jpg")
        library.publish()
        library.wait(lambda: not (library.at / DAY / "1499.jpg").exists())
        seen += [entry.name for entry in listing]

    assert len(seen) == len(set(seen))
    assert set(seen) >= {f"{number}.jpg" for number in range(1500, 3000)}
