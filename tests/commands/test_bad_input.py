"""What is wrong with folders, names, files, ExifTool, disks and catalogs costs one sentence.

The sentence names the path and says what to do. The run goes on where it can, nothing that was
known is lost, and no source is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from indexer.catalog.connection import CATALOG
from mediafs.cli import cli, settings


def refused(mediafs, *arguments, code, **how):
    """The one sentence of a run that is refused before it does anything."""
    ran = mediafs(*arguments, code=code, **how)
    assert ran.out == ""
    return ran.sentence


def status(mediafs):
    return mediafs("status", "--json").json


def by_damage(mediafs):
    """Names in quarantine/ by its folder."""
    found = {}
    for path in mediafs.tree():
        if path.startswith("quarantine/"):
            _, why, name = path.split("/", 2)
            found.setdefault(why, set()).add(os.path.basename(name))
    return found


# ---------------------------------------------------------------------------- roots


def test_a_missing_root_is_refused(mediafs, tmp_path):
    said = refused(mediafs, "index", tmp_path / "nowhere", code=4)

    assert str(tmp_path / "nowhere") in said
    assert "does not exist" in said
    assert not mediafs.catalog.exists()


def test_a_missing_root_among_others_stops_all(mediafs, photos, tmp_path):
    photos.jpeg("a.jpg")
    refused(mediafs, "index", photos.folder, tmp_path / "nowhere", code=4)

    assert not mediafs.catalog.exists()


def test_a_file_as_root_is_refused(mediafs, photos):
    path = photos.jpeg("a.jpg")

    assert f"{path} is a file" in refused(mediafs, "index", path, code=4)


def test_a_root_with_a_name_that_is_too_long_is_refused(mediafs, tmp_path):
    said = refused(mediafs, "index", tmp_path / ("a" * 300), code=4)

    assert "aaa" in said


def test_a_root_inside_a_root_is_refused(mediafs, photos):
    photos.jpeg("inner/a.jpg")
    mediafs("index", photos.folder)
    said = refused(mediafs, "index", photos.folder / "inner", code=4)

    assert str(photos.folder / "inner") in said
    assert "reindex" in said
    assert len(status(mediafs)["roots"]) == 1


def test_a_root_around_a_root_is_refused(mediafs, photos):
    photos.jpeg("inner/a.jpg")
    mediafs("index", photos.folder / "inner")
    said = refused(mediafs, "index", photos.folder, code=4)

    assert str(photos.folder / "inner") in said
    assert len(status(mediafs)["roots"]) == 1


def test_two_new_roots_one_inside_the_other_are_refused_and_leave_nothing(mediafs, photos):
    photos.jpeg("inner/a.jpg")
    refused(mediafs, "index", photos.folder, photos.folder / "inner", code=4)

    assert not mediafs.catalog.exists()


def test_a_link_to_a_root_is_that_root(mediafs, photos, tmp_path):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    (tmp_path / "link").symlink_to(photos.folder)

    assert mediafs.index(tmp_path / "link")["unchanged"] == 1
    assert len(status(mediafs)["roots"]) == 1


def test_a_root_whose_name_begins_like_another_is_no_part_of_it(mediafs, make_photos):
    for name in ("photos", "photos 2"):
        make_photos(name).jpeg("a.jpg")
        mediafs("index", make_photos(name).folder)

    assert len(status(mediafs)["roots"]) == 2


def test_a_root_that_holds_the_catalog_is_refused(mediafs, photos):
    photos.jpeg("a.jpg")
    state = photos.state()
    catalog = photos.folder / "catalog.db"
    said = refused(mediafs, "index", photos.folder, catalog=catalog, code=4)

    assert str(catalog) in said
    assert "--catalog" in said
    assert photos.state() == state


@pytest.mark.mounted
def test_a_mount_as_root_is_refused(mediafs, photos, tmp_path):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    at = mediafs.mount(tmp_path / "at")

    for inside in (at, at / "originals"):
        assert str(at) in refused(mediafs, "index", inside, code=4)


@pytest.mark.mounted
def test_a_mount_inside_a_root_is_not_entered(mediafs, photos, make_photos, tmp_path):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    other = make_photos("other")
    other.jpeg("b.jpg")
    at = mediafs.mount(other.folder / "at")
    second = tmp_path / "second" / "catalog.db"
    said = mediafs.index(other.folder, catalog=second)

    assert (said["seen"], said["failed"]) == (1, 0)
    folders = mediafs("status", "--json", catalog=second).json["excluded_folders"]
    assert folders == [{"path": str(at), "pattern": "a mount of mediafs"}]


@pytest.mark.mounted
def test_a_mount_point_inside_a_root_is_refused(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    at = photos.folder / "at"
    at.mkdir()
    said = refused(mediafs, "mount", at, code=30)

    assert str(at) in said
    assert str(photos.folder) in said


@pytest.mark.mounted
def test_a_dead_mount_as_root_is_refused(mediafs, photos, tmp_path, wait):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    at = mediafs.mount(tmp_path / "at")
    [mount] = [m for m in status(mediafs)["mounts"] if m["mountpoint"] == str(at)]
    os.kill(mount["pid"], signal.SIGKILL)
    wait(lambda: not answers(at), "the mount is dead")

    assert str(at) in refused(mediafs, "index", at, code=4)
    mediafs("umount", at)
    assert os.listdir(at) == []


@pytest.fixture
def dead(mediafs, photos, tmp_path, wait):
    """A mount whose process was killed."""
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    at = mediafs.mount(tmp_path / "at")
    [mount] = [m for m in status(mediafs)["mounts"] if m["mountpoint"] == str(at)]
    os.kill(mount["pid"], signal.SIGKILL)
    wait(lambda: not answers(at), "the mount is dead")
    return at


@pytest.mark.mounted
def test_a_path_in_a_dead_mount_is_said_to_be_in_one(mediafs, photos, dead, tmp_path):
    below = dead / "originals" / "2019"
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(below)
    relative = {"cwd": tmp_path}

    for command, how in (
        (("explain", below / "a.jpg"), {}),
        (("explain", "at/originals/a.jpg"), relative),
        (("explain", "link"), relative),
        (("explain", dead), {}),
        (("decide", below / "a.jpg", "--ignore"), {}),
        (("reindex", below), {}),
        (("verify", below), {}),
        (("watch", below), {}),
        (("mount", below), {}),
        (("mount", "--foreground", below), {}),
        *(
            (command, {"catalog": below / "catalog.db"})
            for command in (
                ("status",),
                ("index",),
                ("index", photos.folder),
                ("mount", tmp_path / "other"),
                ("mount", "--foreground", tmp_path / "other"),
                ("mount", dead),
            )
        ),
    ):
        mediafs.leaves_no_good_catalog(below / "catalog.db")
        said = refused(mediafs, *command, code=30, **how)

        assert "a dead mount" in said
        assert f"`mediafs mount {dead}` mounts it again" in said
        assert f"`mediafs umount {dead}` takes it away" in said
    assert "a dead mount" in refused(mediafs, "index", below, code=4)


@pytest.mark.mounted
def test_the_log_of_a_path_in_a_dead_mount_is_told_all_the_same(mediafs, dead):
    told = mediafs("log", "--path", "originals/")

    ran = mediafs("log", "--path", dead / "originals/")

    assert "a dead mount" in ran.sentence
    assert (ran.out, told.err) == (told.out, "")


@pytest.mark.mounted
def test_a_dead_mount_is_listed_as_one(mediafs, dead):
    [line] = [line for line in mediafs("status").out.splitlines() if str(dead) in line]

    assert "DEAD" in line
    log = line.rpartition("its log is ")[2].removesuffix(")")
    assert f"at {dead} (process " in Path(log).read_text()
    [mount] = [m for m in status(mediafs)["mounts"] if m["mountpoint"] == str(dead)]
    assert (mount["dead"], mount["answers"]) == (True, False)


def test_a_folder_that_is_gone_from_under_the_shell_is_said_to_be(mediafs, photos, tmp_path):
    """The process stands in it when it is removed, as a shell does."""
    mediafs("index", photos.folder)
    gone = tmp_path / "gone"
    gone.mkdir()
    program = "import os, sys; os.rmdir(os.getcwd()); from mediafs.cli import main; main()"
    command = (sys.executable, "-c", program)
    said = refused(mediafs, "explain", "a.jpg", cwd=gone, code=3, command=command)

    assert "is not there any more" in said


def answers(folder):
    try:
        os.listdir(folder)
    except OSError:
        return False
    return True


# ---------------------------------------------------------------------------- folders and names


def test_a_folder_that_may_not_be_listed_is_named_and_the_rest_is_indexed(plain, photos):
    photos.jpeg("a.jpg")
    closed = photos.jpeg("closed/b.jpg").parent
    closed.chmod(0)
    ran = plain("index", "--json", photos.folder, code=2)

    assert (ran.json["new"], ran.json["failed"]) == (1, 1)
    assert f"{closed} cannot be listed: Permission denied." in ran.err.splitlines()
    assert status(plain)["failures"][0]["path"] == str(closed)


def test_files_of_a_folder_that_may_not_be_listed_any_more_are_not_lost(plain, photos):
    closed = photos.jpeg("closed/b.jpg").parent
    photos.jpeg("closed/deep/c.jpg")
    plain("index", photos.folder)
    before = plain.tree()
    closed.chmod(0)
    said = plain.index(code=2)

    assert said["gone"] == 0
    assert plain.tree() == before
    closed.chmod(0o700)
    assert plain.index()["unchanged"] == 2


def test_a_root_that_may_not_be_listed_is_refused(plain, photos):
    photos.jpeg("a.jpg")
    photos.folder.chmod(0)

    assert f"{photos.folder} cannot be listed" in refused(plain, "index", photos.folder, code=4)


def test_a_file_that_may_not_be_read_is_named_kept_and_read_once_it_may(plain, photos):
    photos.jpeg("a.jpg")
    closed = photos.jpeg("closed.jpg")
    closed.chmod(0)
    for _ in range(2):
        ran = plain("index", "--json", photos.folder, code=2)

        assert ran.json["failed"] == 1
        assert f"{closed} Permission denied." in ran.err.splitlines()
        assert by_damage(plain) == {"unreadable": {"closed.jpg"}}
    closed.chmod(0o600)

    assert plain.index()["failed"] == 0
    assert by_damage(plain) == {}


WILD = {
    "no UTF-8": b"caf\xe9 \xff.jpg",
    "newline": b"two\nlines.jpg",
    "carriage return": b"line\r",
    "255 bytes": b"x" * 251 + b".jpg",
    "dash": b"-delete.jpg",
    "option": b"--help",
    "equals": b"-overwrite_original=.jpg",
    "pipe": b"touch executed.jpg|",
    "leading pipe": b"|touch executed.jpg",
    "at": b"@arguments.jpg",
    "hash": b"#comment.jpg",
    "blanks": b"  two blanks .jpg ",
    "percent": b"100%s %d%n.jpg",
    "dollar": b"$(touch executed).jpg",
    "quotes": b"'\"`touch executed`.jpg",
    "redirect": b">executed.jpg",
    "ampersand": b"&=0.jpg",
    "semicolon": b"; touch executed;.jpg",
    "backslash": b"back\\slash\\n.jpg",
    "escape": b"\x1b[2Jcleared\x07.jpg",
    "wide": "日本 \U0001f4f7 é.jpg".encode(),
    "decomposed": "Zu\u0308rich.jpg".encode(),
    "right to left": "\u202egpj.exe".encode(),
    "dots": b"...",
    "con": b"CON.jpg",
}


@pytest.fixture
def wild(photos):
    for number, name in enumerate(WILD.values()):
        photos.jpeg(name, f"2019-07-14 16:02:{number:02}.48")
    return photos


def test_wild_names_are_indexed_as_they_are_and_never_executed(mediafs, wild):
    state = wild.state()
    said = mediafs.index(wild.folder, cwd=wild.folder)

    assert (said["seen"], said["new"], said["failed"]) == (len(WILD),) * 2 + (0,)
    assert wild.state() == state
    assert not list(mediafs.home.rglob("*executed*"))
    sources = {os.fsencode(shot["original"]) for shot in mediafs.shots()}
    assert sources == {os.fsencode(wild.folder) + b"/" + name for name in WILD.values()}


def test_exiftool_reads_the_date_of_every_wild_name(mediafs, wild):
    mediafs("index", wild.folder)

    locals_ = [shot["captured"]["local"] for shot in mediafs.shots()]
    assert sorted(locals_) == [f"2019-07-14T16:02:{n:02}.48" for n in range(len(WILD))]


@pytest.mark.parametrize("name", WILD.values(), ids=WILD)
def test_a_wild_name_is_explained_on_one_plain_line(mediafs, photos, name):
    path = photos.put(name, b"")
    err = mediafs("index", photos.folder, code=2).err

    assert len([line for line in err.splitlines() if " is empty: " in line]) == 1
    assert all(char.isprintable() for char in err.replace("\n", ""))
    told = mediafs("explain", "--json", "--", os.fsencode(path)).json
    assert os.fsencode(told["path"]) == os.fsencode(path)


def test_a_loop_of_links_is_counted_and_not_followed(mediafs, photos):
    photos.jpeg("a.jpg")
    (photos.folder / "loop").symlink_to(photos.folder)
    (photos.folder / "self.jpg").symlink_to("self.jpg")
    (photos.folder / "outside").symlink_to("/")
    said = mediafs.index(photos.folder)

    assert (said["seen"], said["links"], said["failed"]) == (1, 3, 0)


def test_a_path_longer_than_the_system_takes_is_named(mediafs, photos):
    photos.jpeg("a.jpg")
    here = os.open(photos.folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    try:
        ran = mediafs("index", "--json", photos.folder, code=2)
    finally:
        subprocess.run(["rm", "-rf", photos.folder / ("d" * 250)], check=True)

    assert (ran.json["new"], ran.json["failed"]) == (1, 1)
    assert "File name too long" in ran.err


@pytest.mark.parametrize(
    ("kind", "what"),
    [("fifo", "a named pipe"), ("socket", "a socket"), ("device", "a character device")],
)
def test_a_special_file_named_like_a_photograph_is_not_opened(mediafs, photos, special, kind, what):
    photos.jpeg("a.jpg")
    path = special(kind)
    ran = mediafs("index", "--json", photos.folder, code=2)

    assert (ran.json["seen"], ran.json["opened"], ran.json["failed"]) == (1, 1, 1)
    assert f"{path} is {what}, not a file; it was not opened." in ran.err.splitlines()
    assert status(mediafs)["failures"] == [
        {"path": str(path), "says": f"is {what}, not a file; it was not opened"}
    ]


# ---------------------------------------------------------------------------- damaged files


def png(width: int, height: int) -> bytes:
    """A head that promises this size and hardly any picture after it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def cut(path, part=0.6):
    os.truncate(path, int(path.stat().st_size * part))
    return path


def test_damaged_files_are_named_kept_apart_and_cost_nobody_else(mediafs, photos):
    photos.jpeg("whole.jpg")
    photos.put("empty.jpg", b"")
    cut(photos.jpeg("cut.jpg"))
    cut(photos.heic("cut.heic"))
    cut(photos.movie("cut.mov"))
    photos.put("huge.png", png(50_000, 50_000))
    photos.put("text.jpg", b"this is no photograph\n" * 40)
    photos.put("noise.heic", os.urandom(5000))
    state = photos.state()
    ran = mediafs("index", "--json", photos.folder, code=2)

    assert (ran.json["seen"], ran.json["new"], ran.json["opened"]) == (8, 8, 8)
    assert ran.json["failed"] == 7
    for path in photos.files():
        said = [line for line in ran.err.splitlines() if line.startswith(f"{path} is ")]
        assert len(said) == (path.name != "whole.jpg"), path
        assert all(line.endswith("it is kept apart in quarantine/.") for line in said)
    assert "huge.png is undecodable: 50000 x 50000 pixels is over the limit" in ran.err
    found = by_damage(mediafs)
    assert found["empty"] == {"empty.jpg"}
    assert {"cut.jpg", "cut.heic", "cut.mov"} <= found["truncated"] | found["undecodable"]
    assert {"huge.png", "text.jpg"} <= set().union(*found.values())
    assert str(photos.folder / "whole.jpg") in [shot["original"] for shot in mediafs.shots()]
    assert photos.state() == state


def test_damaged_files_are_not_read_again(mediafs, photos):
    cut(photos.jpeg("cut.jpg"))
    photos.put("empty.jpg", b"")
    mediafs("index", photos.folder, code=2)

    assert mediafs.index()["opened"] == 0


def test_a_file_that_becomes_whole_leaves_quarantine(mediafs, photos):
    cut(photos.jpeg("a.jpg"))
    mediafs("index", photos.folder, code=2)
    photos.jpeg("a.jpg")

    assert mediafs.index()["changed"] == 1
    assert by_damage(mediafs) == {}
    [shot] = mediafs.shots()
    assert shot["members"][0]["size"] == (photos.folder / "a.jpg").stat().st_size


# ---------------------------------------------------------------------------- ExifTool


def exiftool_that(what: str) -> str:
    """A proxy before the real ExifTool that fails at a file called bad-….jpg."""
    return f"""
import os, signal, subprocess, sys, time
real = {shutil.which("exiftool")!r}
tool = subprocess.Popen([real, *sys.argv[1:]], stdin=subprocess.PIPE)
for line in sys.stdin.buffer:
    if b"/bad-" in line:
        {what}
    tool.stdin.write(line)
    tool.stdin.flush()
"""


DIES = "os.killpg(0, signal.SIGKILL)"
HANGS = "time.sleep(600)"
# 20 s are a long time for a test: a fake for time, nothing more.
HURRY = """
from indexer.metadata.exiftool import ExifToolSession
ExifToolSession.__init__.__kwdefaults__["seconds_per_file"] = 1.5
from mediafs.cli import main
main()
"""
HURRIED = (sys.executable, "-c", HURRY)


def test_a_missing_exiftool_stops_the_run_and_loses_nothing(mediafs, photos):
    photos.jpeg("a.jpg")
    env = {"MEDIAFS_EXIFTOOL": "/nonexistent/exiftool"}
    said = refused(mediafs, "index", "-q", photos.folder, code=20, env=env)

    assert "/nonexistent/exiftool" in said
    assert "apt install libimage-exiftool-perl" in said
    assert mediafs.index()["new"] == 1


def test_without_exiftool_a_run_with_nothing_to_read_is_well(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)

    mediafs("index", env={"MEDIAFS_EXIFTOOL": "/nonexistent/exiftool"})


def test_an_exiftool_that_is_none_is_refused(mediafs, photos, script):
    photos.jpeg("a.jpg")
    tool = script("exiftool", "print('hello')")
    said = refused(mediafs, "index", "-q", "--exiftool", tool, photos.folder, code=20)

    assert str(tool) in said


@pytest.mark.parametrize(
    ("what", "says"),
    [(DIES, "ExifTool died"), (HANGS, "ExifTool did not answer within 1.5 s")],
    ids=["dies", "hangs"],
)
def test_an_exiftool_that_fails_in_the_middle_costs_one_file(
    mediafs, photos, script, left_over, wait, what, says
):
    for number in range(6):
        photos.jpeg(f"a{number}.jpg", f"2019-07-14 16:02:{number:02}.48")
    bad = photos.jpeg("bad-1.jpg", "2019-07-15 16:02:11.48")
    tool = script("exiftool", exiftool_that(what))
    ran = mediafs("index", "--json", "--exiftool", tool, photos.folder, code=2, command=HURRIED)

    assert (ran.json["new"], ran.json["failed"]) == (7, 1)
    complaints = [line for line in ran.err.splitlines() if line.startswith(str(bad))]
    assert len(complaints) == 1
    assert says in complaints[0]
    dated = {shot["original"]: shot["captured"]["local"] for shot in mediafs.shots()}
    assert len([when for when in dated.values() if when]) == 6
    assert dated[str(bad)] is None
    wait(lambda: not left_over(mediafs.home), "all its processes have ended")


# ---------------------------------------------------------------------------- disks


def test_too_little_room_for_a_catalog_is_said_before_the_run(mediafs, photos, small_disk):
    photos.jpeg("a.jpg")
    catalog = small_disk("1500k") / "catalog.db"
    said = refused(mediafs, "index", photos.folder, catalog=catalog, code=16)

    assert str(catalog.parent) in said
    assert "make room" in said
    assert not catalog.exists()


def test_a_disk_that_fills_up_in_the_middle_stops_the_run_and_loses_nothing(
    mediafs, photos, small_disk, heard
):
    photos.many(400)
    state = photos.state()
    disk = small_disk("24m")
    catalog = disk / "catalog.db"
    process = mediafs.start("index", photos.folder, catalog=catalog)
    heard(process, "Reading")
    process.send_signal(signal.SIGSTOP)
    filler = disk / "filler"
    fill(filler)
    process.send_signal(signal.SIGCONT)
    stopped = mediafs.finish(process)

    assert stopped.code == 16
    assert str(disk) in stopped.sentence
    assert "make room" in stopped.sentence
    filler.unlink()
    mediafs("check", catalog=catalog)
    said = mediafs.index(catalog=catalog)
    assert (said["seen"], said["failed"]) == (400, 0)
    assert len(mediafs.shots(catalog)) == 400
    assert photos.state() == state


def fill(path):
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_folder_that_may_not_be_written_is_no_place_for_a_catalog(plain, photos):
    photos.jpeg("a.jpg")
    closed = plain.home / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    for catalog in (closed / "catalog.db", closed / "deep" / "catalog.db"):
        said = refused(plain, "index", photos.folder, catalog=catalog, code=16)

        assert str(closed) in said
        assert "--catalog" in said


def test_a_catalog_that_may_not_be_written_any_more_is_said_so(plain, photos):
    photos.jpeg("a.jpg")
    plain("index", photos.folder)
    photos.jpeg("b.jpg")
    for path in plain.catalog.parent.iterdir():
        path.chmod(0o444)
    plain.catalog.parent.chmod(0o555)
    plain.leaves_no_good_catalog()  # it is good, but cannot be read without writing beside it
    said = refused(plain, "index", code=16)

    assert str(plain.catalog) in said
    for command in ("status", "shots", "dupes", "check"):
        ran = plain(command, code=None)
        assert ran.code in (0, 16)
        assert ran.code == 0 or str(plain.catalog) in ran.sentence


# ---------------------------------------------------------------------------- catalogs

READING = (
    ("status",), ("shots",), ("dupes",), ("check",), ("explain", "a.jpg"), ("reindex",),
)  # fmt: skip


def foreign(path):
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE photos (name TEXT); INSERT INTO photos VALUES ('mine')")
    db.close()


@pytest.mark.parametrize(
    "make",
    [lambda p: p.write_text("Dear diary, " * 500), lambda p: p.write_text("short"), foreign],
    ids=["text", "short text", "SQLite"],
)
def test_a_file_that_is_no_catalog_is_refused_and_left_alone(mediafs, photos, make):
    photos.jpeg("a.jpg")
    mediafs.leaves_no_good_catalog()
    mediafs.catalog.parent.mkdir()
    make(mediafs.catalog)
    before = mediafs.catalog.read_bytes()
    for command in (*READING, ("index", photos.folder)):
        said = refused(mediafs, *command, code=11)

        assert str(mediafs.catalog) in said
        assert "--catalog" in said
    assert mediafs.catalog.read_bytes() == before


def test_a_folder_as_catalog_is_refused(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs.catalog.mkdir(parents=True)
    mediafs.leaves_no_good_catalog()

    assert str(mediafs.catalog) in refused(mediafs, "index", photos.folder, code=3)


@pytest.mark.parametrize(
    ("change", "code"), [(1, 12), (-CATALOG.version, 13)], ids=["newer", "without a way up"]
)
def test_a_catalog_of_another_version_is_refused_and_left_alone(mediafs, photos, change, code):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    mediafs.leaves_no_good_catalog()
    db = sqlite3.connect(mediafs.catalog)
    version = db.execute("PRAGMA user_version").fetchone()[0] + change
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    before = mediafs.catalog.read_bytes()
    for command in (*READING, ("index", photos.folder)):
        said = refused(mediafs, *command, code=code)

        assert f"{mediafs.catalog} is catalog version {version}" in said
    assert mediafs.catalog.read_bytes() == before


def test_decisions_of_a_newer_version_are_refused_and_left_alone(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    decisions = mediafs.catalog.with_name("decisions.db")
    db = sqlite3.connect(decisions)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = decisions.read_bytes()
    said = refused(mediafs, "index", code=12)

    assert f"{decisions} is decisions file version 99" in said
    assert decisions.read_bytes() == before


def spoil(catalog, start=8192):
    """Noise over everything but the first page."""
    with catalog.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        file.write(b"\xa5" * (size - start))


def test_a_spoiled_catalog_is_named_by_every_command(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    mediafs.leaves_no_good_catalog()
    spoil(mediafs.catalog)
    for command in (*READING, ("index", photos.folder)):
        said = refused(mediafs, *command, code=16)

        assert str(mediafs.catalog) in said
        assert "move it away" in said


def test_a_spoiled_catalog_that_is_moved_away_comes_back_with_its_names(mediafs, photos):
    photos.jpeg("a/IMG_0001.jpg")
    photos.jpeg("b/IMG_0001.jpg", "2019-07-14 17:00:00.48")
    mediafs("index", photos.folder)
    before = {path: entry[1:] for path, entry in mediafs.tree().items()}
    spoil(mediafs.catalog)
    mediafs.catalog.rename(mediafs.home / "spoiled.db")
    mediafs("index", photos.folder)

    assert {path: entry[1:] for path, entry in mediafs.tree().items()} == before


def test_a_cut_catalog_is_named(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    mediafs.leaves_no_good_catalog()
    os.truncate(mediafs.catalog, mediafs.catalog.stat().st_size // 2)

    for command in (("status",), ("index",), ("check",)):
        assert str(mediafs.catalog) in refused(mediafs, *command, code=16)


def test_a_config_file_with_nonsense_is_named(mediafs):
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("jobs = = 3")

    assert str(path) in refused(mediafs, "status", code=3)


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('jobs = "two"', "jobs", "a whole number from 1 to 256"),
        ("jobs = 300", "jobs", "a whole number from 1 to 256"),
        ("jobs = true", "jobs", "a number"),
        ("jobs = [1]", "jobs", "a number"),
        ("settle = -1", "settle", "at least 0"),
        ('memory = "much"', "memory", "is no size"),
        ('raw_companion = "no"', "raw_companion", "'beside', 'duplicate'"),
        ('quiet = "perhaps"', "quiet", "boolean"),
        ("quiet = [true]", "quiet", "true or false"),
        ('exclude = "*.tmp"', "exclude", "a list"),
    ],
)
def test_a_bad_value_in_the_config_file_is_blamed_on_it(mediafs, photos, line, key, says):
    photos.jpeg("a.jpg")
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(line)

    said = refused(mediafs, "index", photos.folder, code=3)

    assert str(path) in said
    assert f"`{key}`" in said
    assert says in said
    assert "--" not in said


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("jops = 4", "jops", "perhaps `jobs` is meant"),
        ("raw-companion = 'beside'", "raw-companion", "perhaps `raw_companion` is meant"),
        ("Settle = 4", "Settle", "perhaps `settle` is meant"),
        ("jobs = 2\nextclude = ['*.tmp']", "extclude", "perhaps `exclude` is meant"),
        ("[index]\njobs = 2", "index", "is no setting"),
        ("colour = true", "colour", "has the name of an option of the commands"),
        ('"jo\\nbs" = 2', "jo\\nbs", "perhaps `jobs` is meant"),
    ],
)
def test_an_unknown_key_in_the_config_file_is_named_with_the_nearest(mediafs, line, key, says):
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(line)

    said = refused(mediafs, "status", code=3)

    assert f"{path} cannot be used: `{key}` is no setting; " in said
    assert says in said


def test_every_option_of_every_command_is_a_setting():
    options = (option for command in (cli, *cli.commands.values()) for option in command.params)

    assert {settings.key_of(option) for option in options if settings.is_setting(option)} == {
        *settings.KEYS
    }


def test_the_setting_of_another_command_is_no_mistake(mediafs, photos):
    mediafs("index", photos.folder)
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('every = 5\nolder_than = "30d"')

    mediafs("status")


def test_a_bad_catalog_in_the_config_file_is_blamed_on_it(mediafs):
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("catalog = 5")

    said = refused(mediafs, "status", code=3, is_named=False)

    assert f"{path} cannot be used: `catalog` is '5'" in said


def test_a_bad_mount_option_in_the_config_file_is_blamed_on_it(mediafs):
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('o = ["frobnicate"]')

    assert f"`o` in the config file {path}" in refused(mediafs, "mount", "at", code=3)


def test_a_bad_value_in_the_environment_is_blamed_on_it(mediafs, photos):
    env = {"MEDIAFS_JOBS": "two"}
    said = refused(mediafs, "index", photos.folder, code=3, env=env)

    assert "MEDIAFS_JOBS in the environment" in said
    assert "--" not in said


def test_a_bad_value_of_a_flag_is_blamed_on_the_flag(mediafs, photos):
    path = mediafs.home / "config/mediafs/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("jobs = 2")
    said = refused(mediafs, "index", "--jobs", "two", photos.folder, code=3)

    assert "--jobs cannot be used: it must be a whole number from 1 to 256" in said
    assert str(path) not in said
