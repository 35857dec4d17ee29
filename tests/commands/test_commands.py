"""The commands that look: what they print, in which form, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from mediafs.views.publish import VIEWS

LOOKING = (
    ("status",), ("shots",), ("dupes",), ("check",), ("explain", "a.jpg"), ("reindex",),
    ("mount", "at"), ("mount", "--dry-run", "at"),
)  # fmt: skip
ROLES = {
    "original", "live-video", "raw-companion", "sidecar", "edit", "identical", "same-payload",
    "reencoded", "resized", "preview",
}  # fmt: skip
SHOT = {
    "shot": int, "original": str, "confidence": str, "original_missing": bool, "captured": dict,
    "members": list,
}  # fmt: skip


def has_types(value, wanted):
    """Each field has its type; a tuple is several that are right."""
    for name, kind in wanted.items():
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert type(value[name]) in kinds, (name, value[name])
    return True


NULL = type(None)


def assert_shot(shot):
    assert has_types(shot, SHOT)
    assert shot["confidence"] in {"only", "sure", "likely", "ambiguous"}
    captured = {"local": (str, NULL), "offset": (str, NULL), "source": str, "confidence": str,
                "why": str}  # fmt: skip
    assert has_types(shot["captured"], captured)
    for member in shot["members"]:
        assert has_types(member, {"path": str, "role": str, "blake3": str, "size": int})
        assert member["role"] in ROLES
        assert len(bytes.fromhex(member["blake3"])) == 32
    assert shot["members"][0]["path"] == shot["original"]
    assert shot["members"][0]["role"] == "original"


# ---------------------------------------------------------------------------- status


def test_status_has_the_fields_of_the_contract(indexed):
    told = indexed.mediafs("status", "--json").json

    top = {"schema": int, "generation": int, "roots": list, "files": dict, "contents": int,
           "shots": int, "unknown_time": int, "duplicates": dict, "views": dict}  # fmt: skip
    assert has_types(told, top)
    [root] = told["roots"]
    assert has_types(root, {"path": str, "host": str, "role": str, "online": bool, "files": int})
    counts = ("seen", "media", "sidecar", "quarantined", "excluded", "other", "gone")
    assert has_types(told["files"], dict.fromkeys(counts, int))
    assert has_types(told["duplicates"], {"files": int, "bytes": int})
    assert list(told["views"]) == list(VIEWS)
    for view in told["views"].values():
        assert has_types(view, {"files": int, "bytes": int})


def test_status_counts_every_file_once(indexed):
    files = indexed.mediafs("status", "--json").json["files"]

    parts = ("media", "sidecar", "quarantined", "excluded", "other")
    assert files["seen"] == sum(files[part] for part in parts)
    assert files["seen"] == indexed.library.regular_files
    assert files["quarantined"] == len([m for m in indexed.library.files if m.damage])
    assert files["excluded"] == len([m for m in indexed.library.files if m.kind == "junk"])


def test_status_and_dupes_agree(indexed):
    told = indexed.mediafs("status", "--json").json["duplicates"]
    groups = indexed.mediafs("dupes", "--format", "json").json["groups"]

    assert told["bytes"] == sum(group["reclaimable"] for group in groups)
    kept = {group["keep"] for group in groups}
    listed = {file["path"] for group in groups for file in group["files"]}
    assert told["files"] == len(listed - kept)


def test_status_in_words_names_roots_and_views(indexed):
    said = indexed.mediafs("status").out

    assert str(indexed.library.root) in said
    assert all(view in said for view in VIEWS)


# ---------------------------------------------------------------------------- shots


def test_shots_have_the_fields_of_the_contract(indexed):
    found = indexed.mediafs("shots", "--json").lines

    assert len(found) == indexed.mediafs("status", "--json").json["shots"]
    assert len({shot["shot"] for shot in found}) == len(found)
    for shot in found:
        assert_shot(shot)


def test_shots_are_those_that_were_made(indexed):
    found = {shot["original"]: shot for shot in indexed.mediafs.shots()}
    for made in indexed.library.files:
        if made.role == "original" and made.shot:
            of_shot = [s for s in found.values()
                       if str(indexed.path(made.path)) in {m["path"] for m in s["members"]}]  # fmt: skip
            assert len(of_shot) == 1, made.path


def test_shots_in_words_are_one_line_each(indexed):
    lines = indexed.mediafs("shots").out.splitlines()

    assert len(lines) == indexed.mediafs("status", "--json").json["shots"]


# ---------------------------------------------------------------------------- dupes


@pytest.fixture
def groups(indexed):
    return indexed.mediafs("dupes", "--format", "json").json["groups"]


def test_dupes_have_the_fields_of_the_contract(indexed, groups):
    assert indexed.mediafs("dupes", "--format", "json").json["schema"] == 1
    for group in groups:
        assert has_types(group, {"keep": str, "reason": str, "reclaimable": int, "files": list})
        assert group["reason"] in ROLES
        for file in group["files"]:
            assert has_types(file, {"path": str, "role": str, "size": int})
        assert group["files"][0]["path"] == group["keep"]


def test_dupes_find_every_copy_that_was_made(indexed, groups):
    listed = {file["path"] for group in groups for file in group["files"]}
    copies = {str(indexed.path(m.path)) for m in indexed.library.files
              if m.role == "identical" and m.kind in ("picture", "video")}  # fmt: skip

    assert copies <= listed


def test_dupes_as_ndjson_are_the_same_groups(indexed, groups):
    assert indexed.mediafs("dupes", "--format", "ndjson").lines == groups


def test_dupes_as_csv_are_the_same_groups(indexed, groups):
    rows = list(csv.DictReader(io.StringIO(indexed.mediafs("dupes", "--format", "csv").out)))

    read = [(int(r["group"]), r["reason"], r["role"], int(r["size"]), r["path"]) for r in rows]
    assert read == [
        (number, group["reason"], file["role"], file["size"], file["path"])
        for number, group in enumerate(groups, 1)
        for file in group["files"]
    ]


def test_dupes_as_fdupes_are_paths_with_an_empty_line_after_each_group(indexed, groups):
    out = indexed.mediafs("dupes", "--format", "fdupes").out

    assert out.endswith("\n\n")
    blocks = [block.splitlines() for block in out.removesuffix("\n\n").split("\n\n")]
    assert blocks == [[file["path"] for file in group["files"]] for group in groups]


def test_dupes_in_words_name_the_kept_file_first(indexed, groups):
    said = indexed.mediafs("dupes").out

    assert said.count("    keep  ") == len(groups)
    assert f"{len(groups):,} groups" in said.splitlines()[-1]


def test_a_format_that_is_none_is_refused(indexed):
    assert "fdupes" in indexed.mediafs("dupes", "--format", "xml", code=3).sentence


# ---------------------------------------------------------------------------- explain


LIVE = "Phone/DCIM/100APPLE/IMG_0001.HEIC"


def explained(indexed, path, **how):
    return indexed.mediafs("explain", "--json", path, **how).json


def test_explain_has_the_fields_of_the_contract(indexed):
    told = explained(indexed, indexed.path(LIVE))

    assert_shot(told)
    assert has_types(told, {"votes": list, "evidence": list, "clues": list, "placements": list})
    for vote in told["votes"]:
        assert has_types(vote, {"path": str, "rule": str, "points": (int, float), "says": str})
    for edge in told["evidence"]:
        assert has_types(edge, {"a": str, "b": str, "kind": str, "says": str})
    for clue in told["clues"]:
        wanted = {"path": str, "source": str, "value": str, "says": str, "used": bool}
        assert has_types(clue, wanted)
    assert told["evidence"]
    assert any(clue["used"] for clue in told["clues"])
    assert set(told["placements"]) <= set(indexed.mediafs.tree())
    assert any(path.startswith("originals/") for path in told["placements"])


def test_explain_takes_a_relative_path(indexed):
    absolute = explained(indexed, indexed.path(LIVE))
    folder = indexed.path(LIVE).parent

    assert explained(indexed, "IMG_0001.HEIC", cwd=folder) == absolute
    assert explained(indexed, "./IMG_0001.HEIC", cwd=folder) == absolute
    assert explained(indexed, "../100APPLE/IMG_0001.HEIC", cwd=folder) == absolute


def test_explain_takes_a_path_through_a_link(indexed, tmp_path):
    (tmp_path / "link").symlink_to(indexed.path(LIVE).parent)

    told = explained(indexed, tmp_path / "link" / "IMG_0001.HEIC")
    assert told["path"] == str(indexed.path(LIVE))


@pytest.mark.mounted
def test_explain_takes_every_path_of_a_mount(indexed, mounted):
    by_source = explained(indexed, indexed.path(LIVE))

    assert len(by_source["placements"]) > 2
    for placement in by_source["placements"]:
        assert explained(indexed, mounted / placement) == by_source


def test_explain_tells_of_an_excluded_file_which_pattern_it_was(indexed):
    told = explained(indexed, indexed.path(".DS_Store"))

    assert (told["state"], told["says"], told["shot"]) == ("excluded", ".DS_Store", None)
    assert told["placements"] == []


def test_explain_tells_of_a_damaged_file_what_is_wrong(indexed):
    empty = explained(indexed, indexed.path("Damaged/empty.jpg"))
    cut = explained(indexed, indexed.path("Damaged/IMG_0099.JPG"))

    assert (empty["damage"], cut["damage"]) == ("empty", "truncated")
    assert all(one["says"] for one in (empty, cut))
    assert any(p.startswith("quarantine/empty/") for p in empty["placements"])
    assert any(p.startswith("quarantine/truncated/") for p in cut["placements"])


def test_explain_tells_of_a_file_that_is_no_medium(indexed):
    told = explained(indexed, indexed.path("notes.txt"))

    assert told["shot"] is None
    assert told["placements"] == [f"by-source/{indexed.library.root.name}/notes.txt"]


@pytest.mark.parametrize("name", ["by day", "without a date"])
def test_explain_in_words_gives_a_sentence_for_every_decision(indexed, name):
    path = LIVE if name == "by day" else "Pictures/without a date.jpg"
    told = explained(indexed, indexed.path(path))
    said = indexed.mediafs("explain", indexed.path(path)).out

    for vote in told["votes"]:
        assert vote["says"] in said
    for edge in told["evidence"]:
        assert edge["says"] in said
    assert told["captured"]["why"] in said
    assert all(placement in said for placement in told["placements"])


def test_explain_of_a_file_that_is_not_indexed_says_so(indexed, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"")
    for path, says in (
        (tmp_path / "a.jpg", "is not indexed"),
        (tmp_path / "nowhere.jpg", "does not exist"),
        (indexed.path("nowhere.jpg"), "does not exist"),
        (tmp_path, "is a folder"),
        (indexed.library.root, "is a folder"),
    ):
        said = indexed.mediafs("explain", path, code=40).sentence
        assert f"{path} {says}" in said


@pytest.mark.mounted
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("README.txt", "mediafs's own file, which says what each folder of the tree is"),
        ("readme.TXT", "mediafs's own file, which says what each folder of the tree is"),
        (".mediafs", "mediafs's own folder"),
        (".mediafs/status.json", "mediafs's own file, which says how the mount does"),
        (".mediafs/metrics", "mediafs's own file, which says how the mount does"),
        ("", "the top of the tree"),
        ("originals", "a folder of the tree"),
    ],
)
@pytest.mark.parametrize("command", [("explain",), ("decide", "--ignore")], ids=" ".join)
def test_what_no_source_stands_behind_is_said_to_be_so(indexed, mounted, command, name, says):
    path = mounted / name

    said = indexed.mediafs(*command, path, code=40).sentence

    assert f"{path} is {says}" in said
    assert "name a file" in said


@pytest.mark.mounted
def test_everything_of_its_own_in_a_mount_is_known(indexed, mounted):
    own = [mounted / ".mediafs" / name for name in os.listdir(mounted / ".mediafs")]
    own += [path for path in mounted.iterdir() if path.is_file()]

    assert len(own) > 2
    for path in own:
        assert "mediafs's own" in indexed.mediafs("explain", path, code=40).sentence


@pytest.mark.mounted
def test_a_name_that_a_mount_does_not_have_is_said_so(indexed, mounted):
    path = mounted / "originals" / "nowhere.jpg"

    said = indexed.mediafs("explain", path, code=40).sentence

    assert f"{path} does not exist in the mount {mounted}" in said


@pytest.mark.mounted
def test_a_path_in_the_mount_of_another_catalog_is_said_so(indexed, mounted, tmp_path, photos):
    photos.jpeg("a.jpg")
    other = tmp_path / "other" / "catalog.db"
    indexed.mediafs("index", photos.folder, catalog=other)
    placement = explained(indexed, indexed.path(LIVE))["placements"][0]

    for command in (("explain", mounted / placement), ("log", "--path", mounted / "originals")):
        said = indexed.mediafs(*command, catalog=other, code=3).sentence
        assert f"--catalog {indexed.mediafs.catalog}" in said


# ---------------------------------------------------------------------------- a backup


@pytest.mark.mounted
@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_a_backup_as_the_readme_makes_it_can_be_written_to_by_its_owner(mounted, tmp_path):
    copy = ("rsync", "-a", "--itemize-changes", f"{mounted}/originals/", tmp_path / "backup/")
    subprocess.run(copy, check=True, stdout=subprocess.DEVNULL)
    closed = [folder for folder, *_ in os.walk(tmp_path / "backup")]
    assert all(os.stat(folder).st_mode & 0o222 == 0 for folder in closed)

    done = [
        subprocess.run([*copy, "--chmod=Du+w"], check=True, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    assert all(os.stat(folder).st_mode & 0o200 for folder in closed)
    assert ".d" in done[0].stdout
    assert ">f" not in done[0].stdout
    assert done[1].stdout == ""


# ---------------------------------------------------------------------------- log --path


@pytest.mark.mounted
def test_log_takes_a_path_of_a_mount_from_wherever_the_shell_stands(indexed, mounted):
    by_tree = indexed.mediafs("log", "--path", "originals/2020").out

    assert "originals/2020/" in by_tree
    for cwd, path in (
        (mounted, "originals/2020"),
        (mounted / "originals", "2020"),
        (mounted / "by-date", "../originals/2020"),
        (mounted / "by-date", "originals/2020"),
        (mounted.parent, f"{mounted.name}/originals/2020"),
        (mounted.parent, mounted / "originals/2020"),
    ):
        assert indexed.mediafs("log", "--path", path, cwd=cwd).out == by_tree


@pytest.mark.mounted
def test_log_refuses_a_path_that_the_mount_never_had(indexed, mounted):
    said = indexed.mediafs("log", "--path", "nowhere", cwd=mounted / "originals", code=40).sentence

    assert "nowhere is no path of the tree" in said


def test_explain_of_a_file_that_is_gone_still_knows_it(mediafs, photos):
    path = photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    path.unlink()
    mediafs("index")

    told = mediafs("explain", "--json", path).json
    assert (told["state"], told["placements"]) == ("gone", [])


# ---------------------------------------------------------------------------- check and doctor


def test_check_lists_every_invariant(indexed):
    told = indexed.mediafs("check", "--json").json

    assert has_types(told, {"schema": int, "ok": bool, "invariants": list})
    assert told["ok"] is True
    for one in told["invariants"]:
        assert has_types(one, {"name": str, "says": str, "holds": bool, "counterexamples": list})
    assert {"conservation", "integrity"} <= {one["name"] for one in told["invariants"]}


def test_check_names_what_is_broken(mediafs, photos):
    import apsw

    path = photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    mediafs.leaves_no_good_catalog()
    db = apsw.Connection(str(mediafs.catalog))
    db.execute("DELETE FROM placement WHERE file_id IS NOT NULL")
    db.close()

    ran = mediafs("check", code=1)
    assert "BROKEN  conservation" in ran.out
    assert str(path) in ran.out
    assert str(mediafs.catalog) in ran.sentence
    assert mediafs("check", "--json", code=1).json["ok"] is False


def test_doctor_needs_no_catalog_and_makes_none(mediafs):
    told = mediafs("doctor", "--json").json

    assert has_types(told, {"schema": int, "ok": bool, "parts": list, "catalog": str})
    for part in told["parts"]:
        assert has_types(part, {"name": str, "found": (str, NULL), "needed": bool, "says": str})
    assert told["catalog"] == str(mediafs.catalog)
    assert list(mediafs.home.iterdir()) == []


def test_doctor_says_how_to_get_exiftool(mediafs):
    ran = mediafs("doctor", env={"MEDIAFS_EXIFTOOL": "/nonexistent"}, code=1)

    [line] = [line for line in ran.out.splitlines() if line.startswith("ExifTool")]
    assert "LACKING" in line
    assert "apt install libimage-exiftool-perl" in line


# ---------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_a_command_that_looks_never_makes_a_catalog(mediafs, command):
    (mediafs.home / "at").mkdir()
    ran = mediafs(*command, code=10)

    assert str(mediafs.catalog) in ran.sentence
    assert "mediafs index" in ran.sentence
    assert not list(mediafs.home.rglob("*.db*"))


@pytest.mark.parametrize(
    "command", [("status",), ("shots",), ("dupes",), ("check",), ("explain", LIVE)], ids=" ".join
)
def test_a_command_that_looks_changes_nothing(indexed, command):
    decisions = indexed.mediafs.catalog.with_name("decisions.db")
    before = indexed.mediafs.catalog.read_bytes(), decisions.read_bytes()
    indexed.mediafs(*command, cwd=indexed.library.root)

    assert (indexed.mediafs.catalog.read_bytes(), decisions.read_bytes()) == before


@pytest.mark.parametrize(
    "command",
    [("shots", "--json"), ("shots",), ("dupes",), ("dupes", "--format", "fdupes"), ("status",),
     ("explain", LIVE), ("check",), ("--help",)],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_goes_away_is_no_error(indexed, command):
    process = indexed.mediafs.start(*command, cwd=indexed.library.root)
    process.stdout.close()
    said = process.stderr.read()

    assert (process.wait(), said) == (0, "")


def test_the_first_lines_of_many_can_be_looked_at(mediafs, photos):
    photos.many(150)
    mediafs("index", photos.folder)
    process = mediafs.start("shots", "--json")
    first = json.loads(process.stdout.readline())
    process.stdout.close()

    assert_shot(first)
    assert (process.stderr.read(), process.wait()) == ("", 0)


def test_paths_that_are_no_utf_8_come_out_whole_in_every_form(mediafs, photos):
    name = b"caf\xe9 \xff.jpg"
    path = os.fsdecode(os.fsencode(photos.folder) + b"/" + name)
    original = photos.jpeg(name)
    photos.put(b"caf\xe9 copy.jpg", original.read_bytes())
    mediafs("index", photos.folder)

    [shot] = mediafs("shots", "--json").lines
    assert path in {member["path"] for member in shot["members"]}
    assert explained_path(mediafs, path) == path
    [group] = mediafs("dupes", "--format", "json").json["groups"]
    both = sorted(file["path"] for file in group["files"])
    assert path in both
    assert sorted(mediafs("dupes", "--format", "fdupes").out.split("\n")[:2]) == both
    rows = list(csv.reader(io.StringIO(mediafs("dupes", "--format", "csv").out)))
    assert sorted(row[-1] for row in rows[1:]) == both
    for command in (("shots",), ("dupes",), ("explain", path), ("status",)):
        assert r"\xe9" in mediafs(*command).out or command == ("status",)


def explained_path(mediafs, path):
    return mediafs("explain", "--json", path).json["path"]


def test_the_output_is_the_same_where_the_terminal_knows_no_utf_8(mediafs, photos):
    photos.jpeg("Zürich 日本.jpg")
    for env in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}):
        mediafs("index", photos.folder, env=env)
        for command in (("shots",), ("dupes",), ("status",), ("check",)):
            mediafs(*command, env=env)

        assert mediafs("shots", "--json", env=env).lines[0]["original"].endswith("Zürich 日本.jpg")


@pytest.mark.mounted
def test_a_part_of_a_mount_is_no_part_of_a_root(indexed, mounted):
    for command in ("reindex", "verify", "watch"):
        said = indexed.mediafs(command, mounted / "originals", code=40).sentence
        assert f"is in the mount {mounted}" in said
    assert f"`mediafs umount {mounted}`" in (
        indexed.mediafs("umount", mounted / "originals", code=32).sentence
    )


def test_without_a_command_the_help_is_all_that_is_said(mediafs):
    ran = mediafs(is_named=False, code=3)

    assert ran.err == mediafs("--help", is_named=False).out


def test_each_command_is_listed_with_a_whole_sentence(mediafs):
    lines = mediafs("--help", is_named=False, env={"COLUMNS": "80"}).out.splitlines()

    listed = lines[lines.index("Commands:") + 1 :]
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


def test_help_is_quick_to_import(mediafs):
    """What only reading needs is not loaded for a word of help."""
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mediafs", "--help"],
        check=True, capture_output=True, text=True, env=mediafs.env,
    )  # fmt: skip

    for package in ("numpy", "PIL", "av", "rawpy", "pillow_heif", "trio", "pyfuse3", "imagehash"):
        assert f" {package}\n" not in loaded.stderr, package


def test_an_unknown_command_or_option_is_one_sentence(mediafs):
    for wrong in (
        ("frobnicate",),
        ("status", "--frobnicate"),
        ("explain",),
        ("index", "--jobs", "x"),
    ):
        assert "--help" in mediafs(*wrong, code=3).sentence
