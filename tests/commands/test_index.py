"""`mediafs index` and `mediafs reindex`: what they count, read, skip, and survive."""

from __future__ import annotations

import os
import signal
import sys

import pytest

CONTRACT = {
    "schema": int, "seen": int, "unchanged": int, "new": int, "changed": int, "moved": int,
    "gone": int, "failed": int, "opened": int, "bytes_read": int, "generation": int,
    "seconds": float,
}  # fmt: skip


def counted(said: dict, *names: str) -> tuple[int, ...]:
    return tuple(said[name] for name in names)


# ---------------------------------------------------------------------------- what is said


def test_the_last_line_on_stdout_has_the_fields_of_the_contract(mediafs, photos):
    photos.jpeg("a.jpg")
    for _ in range(2):
        ran = mediafs("index", "--json", photos.folder)

        assert len(ran.out.splitlines()) == 1
        assert {name: type(ran.json[name]) for name in CONTRACT} == CONTRACT


def test_seen_is_what_find_counts(indexed):
    assert indexed.first["seen"] == indexed.library.regular_files
    seen = indexed.mediafs("status", "--json").json["files"]["seen"]
    assert seen == indexed.library.regular_files


def test_each_byte_of_each_file_is_read_once(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.heic("b.heic")
    photos.movie("c.mov")
    photos.put("notes.txt", b"no picture")
    said = mediafs.index(photos.folder)

    assert counted(said, "seen", "new", "opened", "failed") == (4, 4, 4, 0)
    assert said["bytes_read"] == sum(path.stat().st_size for path in photos.files())


def test_progress_goes_to_stderr(mediafs, photos):
    photos.jpeg("a.jpg")
    ran = mediafs("index", photos.folder)

    assert "Reading 1 file," in ran.err
    assert "Reading" not in ran.out
    assert "1 new" in ran.out


def test_quiet_says_nothing_on_stderr(mediafs, photos):
    photos.jpeg("a.jpg")

    assert mediafs("index", "--quiet", photos.folder).err == ""


def test_quiet_still_names_what_is_damaged(mediafs, photos):
    empty = photos.put("empty.jpg", b"")

    assert str(empty) in mediafs("index", "--quiet", photos.folder, code=2).err


# ---------------------------------------------------------------------------- what is read again


def test_a_second_run_opens_nothing(mediafs, photos):
    photos.many(40)
    photos.movie("b.mov")
    mediafs("index", photos.folder)
    said = mediafs.index()

    assert counted(said, "seen", "unchanged", "opened", "bytes_read") == (41, 41, 0, 0)
    assert said["generation"] == 1


def test_another_option_makes_a_generation_though_no_file_is_new(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs.index(photos.folder)

    ran = mediafs.index(photos.folder, "--raw-companion", "duplicate")

    assert (ran["opened"], ran["generation"]) == (0, 2)


def test_a_changed_file_is_read_again(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.jpeg("b.jpg")
    mediafs("index", photos.folder)
    photos.put("a.jpg", photos.jpeg("other.jpg").read_bytes())
    (photos.folder / "other.jpg").unlink()

    said = mediafs.index()

    assert counted(said, "changed", "unchanged", "opened", "new", "gone") == (1, 1, 1, 0, 0)


def test_other_bytes_of_the_same_size_and_mtime_are_noticed(mediafs, photos):
    path = photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-40] ^= 0xFF
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert counted(mediafs.index(code=None), "changed", "opened") == (1, 1)


def test_a_renamed_file_is_moved_and_not_opened(mediafs, photos):
    photos.jpeg("a.jpg").rename(photos.folder / "b.jpg")
    mediafs("index", photos.folder)
    (photos.folder / "b.jpg").rename(photos.folder / "c.jpg")
    said = mediafs.index()

    assert counted(said, "moved", "new", "gone", "opened") == (1, 0, 0, 0)
    shown = {os.path.basename(entry.source) for entry in mediafs.tree().values()}
    assert shown == {"c.jpg"}


def test_a_renamed_folder_is_moved_and_nothing_in_it_opened(mediafs, photos):
    for number in range(5):
        photos.jpeg(f"old/{number}.jpg")
        photos.jpeg(f"old/deep/{number}.jpg")
    mediafs("index", photos.folder)
    (photos.folder / "old").rename(photos.folder / "new")
    said = mediafs.index()

    assert counted(said, "moved", "new", "gone", "opened") == (10, 0, 0, 0)
    assert f"by-source/{photos.folder.name}/new/deep/4.jpg" in mediafs.tree()


def test_a_file_that_moves_there_and_back_is_never_opened_again(mediafs, photos):
    here, there = photos.jpeg("here/a.jpg"), photos.folder / "there"
    there.mkdir()
    mediafs("index", photos.folder)
    here.rename(there / "a.jpg")
    away = mediafs.index()
    (there / "a.jpg").rename(here)
    back = mediafs.index()

    for said in (away, back):
        assert counted(said, "moved", "new", "gone", "opened") == (1, 0, 0, 0)


def test_two_files_that_swap_names_are_told_apart(mediafs, photos):
    a, b = photos.jpeg("a.jpg"), photos.jpeg("b.jpg")
    mediafs("index", photos.folder)
    digest = {os.path.basename(e.source): e.blake3 for e in mediafs.tree().values()}
    a.rename(photos.folder / "c")
    b.rename(a)
    (photos.folder / "c").rename(b)
    mediafs.index()

    swapped = {os.path.basename(e.source): e.blake3 for e in mediafs.tree().values()}
    assert swapped == {"a.jpg": digest["b.jpg"], "b.jpg": digest["a.jpg"]}


def test_a_file_renamed_over_another_leaves_one(mediafs, photos):
    photos.jpeg("a.jpg")
    b = photos.jpeg("b.jpg")
    mediafs("index", photos.folder)
    b.rename(photos.folder / "a.jpg")
    said = mediafs.index()

    assert said["gone"] == 1
    assert {os.path.basename(e.source) for e in mediafs.tree().values()} == {"a.jpg"}


def test_a_deleted_file_is_gone_from_the_tree(mediafs, photos):
    photos.jpeg("a.jpg")
    path = photos.jpeg("b.jpg")
    mediafs("index", photos.folder)
    path.unlink()
    said = mediafs.index()

    assert counted(said, "gone", "unchanged", "opened") == (1, 1, 0)
    assert not any("b.jpg" in entry.source for entry in mediafs.tree().values())
    assert mediafs("status", "--json").json["files"]["gone"] == 1


def test_a_deleted_folder_is_gone_with_all_in_it(mediafs, photos):
    photos.jpeg("a.jpg")
    for name in ("x/b.jpg", "x/y/c.jpg"):
        photos.jpeg(name)
    mediafs("index", photos.folder)
    (photos.folder / "x/b.jpg").unlink()
    (photos.folder / "x/y/c.jpg").unlink()
    (photos.folder / "x/y").rmdir()
    (photos.folder / "x").rmdir()

    assert counted(mediafs.index(), "gone", "unchanged") == (2, 1)
    assert mediafs.index()["gone"] == 0


def test_a_file_becomes_a_folder_and_a_folder_a_file(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.jpeg("b.jpg/inside.jpg")
    mediafs("index", photos.folder)
    (photos.folder / "a.jpg").unlink()
    photos.jpeg("a.jpg/inside.jpg", "2020-01-01 01:01:01")
    (photos.folder / "b.jpg/inside.jpg").unlink()
    (photos.folder / "b.jpg").rmdir()
    photos.jpeg("b.jpg", "2020-01-01 01:01:02")

    assert counted(mediafs.index(), "gone", "new", "opened") == (2, 2, 2)


def test_a_hard_link_is_read_once(mediafs, photos):
    path = photos.jpeg("a.jpg")
    (photos.folder / "b.jpg").hardlink_to(path)
    (photos.folder / "deep").mkdir()
    (photos.folder / "deep/c.jpg").hardlink_to(path)
    said = mediafs.index(photos.folder)

    assert counted(said, "seen", "new", "opened") == (3, 3, 1)
    assert said["bytes_read"] == path.stat().st_size


# ---------------------------------------------------------------------------- cut off


def uninterrupted(mediafs, photos):
    """Shots and tree as a run without interruption makes them, by another catalog."""
    catalog = mediafs.home / "other" / "catalog.db"
    mediafs("index", photos.folder, catalog=catalog)
    files = {path: entry[1:] for path, entry in mediafs.tree(catalog).items()}
    return mediafs.shots(catalog), files


def resumed(mediafs, photos):
    said = mediafs.index()
    files = {path: entry[1:] for path, entry in mediafs.tree().items()}
    assert counted(said, "seen", "failed") == (120, 0)
    return mediafs.shots(), files


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_a_run_that_is_stopped_goes_on_next_time(
    mediafs, photos, heard, left_over, wait, number, code
):
    photos.many(120)
    process = mediafs.start("index", photos.folder)
    heard(process, "Reading")
    process.send_signal(number)
    stopped = mediafs.finish(process)

    assert stopped.code == code
    assert stopped.out == ""
    assert "run the same command to go on" in stopped.sentence
    assert "cut off" in mediafs("status").out
    wait(lambda: not left_over(mediafs.home), "all its processes have ended")
    assert resumed(mediafs, photos) == uninterrupted(mediafs, photos)


def test_a_killed_run_leaves_no_process_and_goes_on_next_time(
    mediafs, photos, heard, left_over, wait
):
    photos.many(120)
    process = mediafs.start("index", photos.folder)
    heard(process, "Reading")
    process.kill()
    assert mediafs.finish(process).code == -signal.SIGKILL

    wait(lambda: not left_over(mediafs.home), "all its processes have ended")
    assert resumed(mediafs, photos) == uninterrupted(mediafs, photos)


def test_what_was_read_before_ctrl_c_is_not_read_again(mediafs, photos):
    """The first run is stopped from within, when ExifTool has answered for a batch."""
    photos.many(120)
    stopping = (
        "import os, signal; from indexer.read import crew; feed = crew.Crew._put\n"
        "def put(self, to, item, seen=[0]):\n"
        "    seen[0] += isinstance(item, crew.Done)\n"
        "    if seen[0] == 60: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return feed(self, to, item)\n"
        "crew.Crew._put = put\n"
    )
    mediafs("index", photos.folder, code=130, command=running(stopping))
    said = mediafs.index()

    assert said["opened"] <= 120 - 24
    assert said["unchanged"] + said["new"] == 120


def running(first: str) -> tuple[str, ...]:
    """mediafs in a process that does something else first: time and faults, nothing more."""
    return (sys.executable, "-c", f"{first}\nfrom mediafs.cli import main\nmain()")


def test_a_second_indexer_is_refused_and_the_first_ends_well(mediafs, photos, heard):
    photos.many(60)
    first = mediafs.start("index", photos.folder)
    heard(first, "Looking")
    first.send_signal(signal.SIGSTOP)
    try:
        refused = mediafs("index", photos.folder, code=14)
    finally:
        first.send_signal(signal.SIGCONT)

    assert f"process {first.pid}" in refused.sentence
    assert str(mediafs.catalog) in refused.sentence
    assert mediafs.finish(first).code == 0
    assert mediafs.index()["unchanged"] == 60


def test_status_answers_while_an_indexer_writes(mediafs, photos, heard):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    photos.many(60)
    writer = mediafs.start("index")
    heard(writer, "Reading")
    writer.send_signal(signal.SIGSTOP)
    try:
        assert mediafs("status", "--json").json["generation"] == 1
    finally:
        writer.send_signal(signal.SIGCONT)
    mediafs.finish(writer)


# ---------------------------------------------------------------------------- dry run


def everything_in(folder):
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def test_a_dry_run_needs_no_catalog_and_writes_nothing(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.put(".DS_Store", b"junk")
    before, state = everything_in(mediafs.home), photos.state()
    said = mediafs("index", "--dry-run", photos.folder).out

    assert f"new       {photos.folder}/a.jpg" in said
    assert f"excluded  {photos.folder}/.DS_Store" in said
    assert everything_in(mediafs.home) == before
    assert photos.state() == state


def test_a_dry_run_tells_what_the_real_one_then_does(mediafs, photos):
    for name in ("same.jpg", "changed.jpg", "deleted.jpg"):
        photos.jpeg(name)
    mediafs("index", photos.folder)
    photos.jpeg("new.jpg")
    photos.jpeg("changed.jpg", "2020-02-02 02:02:02")
    (photos.folder / "deleted.jpg").unlink()
    lines = mediafs("index", "--dry-run").out.splitlines()

    assert sorted(line.replace(str(photos.folder), "") for line in lines[:-1]) == [
        "changed   /changed.jpg", "gone      /deleted.jpg", "new       /new.jpg",
    ]  # fmt: skip
    assert counted(mediafs.index(), "changed", "new", "gone") == (1, 1, 1)


def test_a_dry_run_obeys_excludes(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.jpeg("b.jpg")
    said = mediafs("index", "--dry-run", "--exclude", "b.*", photos.folder).out

    assert f"excluded  {photos.folder}/b.jpg" in said


def test_a_dry_run_refuses_what_the_real_one_refuses(mediafs, photos):
    photos.jpeg("deep/a.jpg")
    catalog = photos.folder / "deep" / "catalog.db"

    for how in ([], ["--dry-run"]):
        mediafs("index", *how, photos.folder, catalog=catalog, code=4)


def test_a_dry_run_of_a_part_looks_at_that_part(mediafs, photos):
    (photos.folder / "a").mkdir(parents=True)
    mediafs("index", photos.folder)
    photos.jpeg("a/1.jpg")
    photos.jpeg("b/2.jpg")
    said = mediafs("reindex", "--dry-run", photos.folder / "a").out

    assert "1.jpg" in said
    assert "2.jpg" not in said


# ---------------------------------------------------------------------------- reindex


def test_reindex_looks_at_the_part_it_was_given(mediafs, photos):
    for name in ("a/1.jpg", "b/2.jpg"):
        photos.jpeg(name)
    mediafs("index", photos.folder)
    photos.jpeg("a/3.jpg")
    photos.jpeg("b/4.jpg")
    (photos.folder / "b/2.jpg").unlink()
    part = mediafs("reindex", "--json", photos.folder / "a").json
    rest = mediafs("reindex", "--json").json

    assert counted(part, "seen", "unchanged", "new", "gone", "opened") == (2, 1, 1, 0, 1)
    assert counted(rest, "seen", "unchanged", "new", "gone", "opened") == (3, 2, 1, 1, 1)


def test_reindex_takes_a_file_for_its_folder(mediafs, photos):
    photos.jpeg("a/1.jpg")
    mediafs("index", photos.folder)
    path = photos.jpeg("a/2.jpg")

    assert mediafs("reindex", "--json", path).json["new"] == 1


def test_reindex_of_a_deleted_part_finds_it_gone(mediafs, photos):
    path = photos.jpeg("a/1.jpg")
    photos.jpeg("b/2.jpg")
    mediafs("index", photos.folder)
    path.unlink()
    path.parent.rmdir()

    assert mediafs("reindex", "--json", path.parent).json["gone"] == 1


def test_reindex_of_a_path_in_no_root_says_so(mediafs, photos, tmp_path):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)

    assert str(tmp_path) in mediafs("reindex", tmp_path, code=40).sentence


def test_a_root_that_went_away_keeps_its_files(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    before = mediafs.tree()
    photos.folder.rename(photos.folder.with_name("unplugged"))
    ran = mediafs("index", "--json")

    assert ran.json["offline"] == [str(photos.folder)]
    assert ran.json["gone"] == 0
    assert str(photos.folder) in ran.err
    assert mediafs.tree() == before
    assert mediafs("status", "--json").json["roots"][0]["online"] is False
    photos.folder.with_name("unplugged").rename(photos.folder)
    assert counted(mediafs.index(), "unchanged", "opened", "offline") == (1, 0, [])


def test_index_without_roots_and_catalog_says_what_to_do(mediafs):
    assert "mediafs index FOLDER" in mediafs("index", code=10).sentence
    assert not mediafs.catalog.exists()


# ---------------------------------------------------------------------------- settings


def seen_names(mediafs, photos):
    return {os.path.relpath(entry.source, photos.folder) for entry in mediafs.tree().values()}


@pytest.fixture
def config(mediafs):
    def write(text):
        path = mediafs.home / "config/mediafs/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    return write


def three(photos):
    for name in ("flag.jpg", "env.jpg", "file.jpg"):
        photos.jpeg(name)


def test_the_config_file_excludes(mediafs, photos, config):
    three(photos)
    config('exclude = ["file.*"]')
    mediafs("index", photos.folder)

    assert seen_names(mediafs, photos) == {"flag.jpg", "env.jpg"}


def test_the_environment_beats_the_config_file(mediafs, photos, config):
    three(photos)
    config('exclude = ["file.*"]')
    mediafs("index", photos.folder, env={"MEDIAFS_EXCLUDE": "env.*"})

    assert seen_names(mediafs, photos) == {"flag.jpg", "file.jpg"}


def test_a_flag_beats_the_environment(mediafs, photos, config):
    three(photos)
    config('exclude = ["file.*"]')
    env = {"MEDIAFS_EXCLUDE": "env.*"}
    mediafs("index", "--exclude", "flag.*", photos.folder, env=env)

    assert seen_names(mediafs, photos) == {"env.jpg", "file.jpg"}


def test_excludes_named_with_a_root_are_remembered_with_it(mediafs, photos):
    three(photos)
    mediafs("index", "--exclude", "flag.*", photos.folder)
    said = mediafs.index()

    assert counted(said, "unchanged", "new", "opened") == (2, 0, 0)
    assert "flag.jpg" not in seen_names(mediafs, photos)


def test_excludes_of_the_config_file_last_as_long_as_they_stand_there(mediafs, photos, config):
    three(photos)
    config('exclude = ["file.*"]')
    mediafs("index", photos.folder)
    config("")
    mediafs("index")

    assert seen_names(mediafs, photos) == {"flag.jpg", "env.jpg", "file.jpg"}


def test_an_include_takes_a_pattern_out_of_the_list(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.jpeg(".thumbnails/b.jpg")
    mediafs("index", photos.folder)
    assert seen_names(mediafs, photos) == {"a.jpg"}
    mediafs("index", "--include", ".thumbnails/")

    assert seen_names(mediafs, photos) == {"a.jpg", ".thumbnails/b.jpg"}


def test_the_list_of_excludes_can_be_seen(mediafs):
    said = mediafs("index", "--list-excludes", "--exclude", "*.mine").out.splitlines()

    assert {".DS_Store", "@eaDir/", "*.mine"} <= set(said)


def test_a_file_that_is_excluded_now_leaves_the_tree(mediafs, photos):
    three(photos)
    photos.jpeg("folder/a.jpg")
    mediafs("index", photos.folder)
    mediafs("index", "--exclude", "flag.*", "--exclude", "folder/", photos.folder)

    assert seen_names(mediafs, photos) == {"env.jpg", "file.jpg"}


def test_the_catalog_is_named_by_flag_environment_or_config_file(mediafs, photos, config):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    elsewhere = mediafs.home / "elsewhere.db"
    mediafs.catalog.rename(elsewhere)
    missing = {"MEDIAFS_CATALOG": str(mediafs.home / "nowhere.db")}
    mediafs("status", is_named=False, code=10)
    mediafs("status", is_named=False, env={"MEDIAFS_CATALOG": str(elsewhere)})
    config(f'catalog = "{elsewhere}"')

    mediafs("status", is_named=False)
    mediafs("status", is_named=False, env=missing, code=10)
    mediafs("status", catalog=elsewhere, env=missing)
