"""A person's word: kept, obeyed, listed, taken back; refused in one sentence where it makes none."""

from __future__ import annotations

import os
import shutil
import sqlite3

import pytest

VERBS = ("--original", "--not-a-duplicate", "--ignore", "--undo")
SAYING = VERBS[:-1]


@pytest.fixture
def pair(mediafs, photos):
    """A shot of three contents: the camera's file, and two with other metadata."""
    made = photos.jpeg("a/IMG_0001.JPG")
    others = []
    for number in (1, 2):
        other = photos.put(f"b{number}/IMG_0001.JPG", with_comment(made.read_bytes(), number))
        others.append(other)
    mediafs("index", photos.folder)
    [shot] = mediafs.shots()
    assert len(shot["members"]) == 3
    original = shot["original"]
    return original, *(str(path) for path in (made, *others) if str(path) != original)


def with_comment(jpeg, number):
    """The same picture data under other metadata."""
    said = f"number {number}".encode()
    return jpeg[:2] + b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said + jpeg[2:]


def originals(mediafs):
    return {shot["original"] for shot in mediafs.shots()}


def listed(mediafs):
    found = mediafs("decide", "--list", "--json").json
    assert found["schema"] == 1
    return [(word["paths"], word["verdict"], word["standing"]) for word in found["decisions"]]


def words(mediafs):
    """Decisions as they lie in the file."""
    db = sqlite3.connect(mediafs.catalog.with_name("decisions.db"))
    found = db.execute("SELECT lower(hex(blake3)), verdict FROM decision WHERE undone_ns IS NULL")
    said = found.fetchall()
    db.close()
    return said


def refused(mediafs, *arguments, code=41, **how):
    ran = mediafs("decide", *arguments, code=code, **how)
    assert ran.out == ""
    return ran.sentence


# ---------------------------------------------------------------------------- what is said


@pytest.mark.parametrize("verb", SAYING)
def test_a_word_is_kept_by_digest_and_makes_a_generation(mediafs, pair, verb):
    before = mediafs("status", "--json").json["generation"]

    told = mediafs("decide", verb, pair[1], "--json").json

    assert (told["path"], told["verdict"], told["changed"]) == (pair[1], verb[2:], True)
    assert words(mediafs) == [(told["blake3"], verb[2:])]
    assert told["generation"] == before + 1
    assert mediafs("status", "--json").json["generation"] == before + 1


def test_in_words_it_says_what_it_did_and_how_to_take_it_back(mediafs, pair):
    said = mediafs("decide", "--original", pair[1]).out

    assert pair[1] in said
    assert "--undo" in said


def test_what_was_said_before_changes_nothing(mediafs, pair):
    first = mediafs("decide", "--original", pair[1], "--json").json
    again = mediafs("decide", "--original", pair[1], "--json").json

    assert not again["changed"]
    assert again["generation"] == first["generation"]
    assert len(words(mediafs)) == 1


def test_a_shot_of_one_can_be_decided_too(mediafs, photos):
    only = photos.jpeg("IMG_0001.JPG")
    mediafs("index", photos.folder)
    for verb in ("--not-a-duplicate", "--ignore"):
        mediafs("decide", verb, only)

        assert originals(mediafs) == {str(only)}


# ---------------------------------------------------------------------------- what follows


def test_the_file_that_a_person_chose_is_the_original(mediafs, pair):
    mediafs("decide", "--original", pair[1])

    assert originals(mediafs) == {pair[1]}
    shown = {e.source for path, e in mediafs.tree().items() if path.startswith("originals/")}
    assert shown == {pair[1]}


def test_a_later_original_replaces_the_earlier(mediafs, pair):
    mediafs("decide", "--original", pair[1])
    mediafs("decide", "--original", pair[2])

    assert originals(mediafs) == {pair[2]}
    assert listed(mediafs) == [
        ([pair[1]], "original", "superseded"),
        ([pair[2]], "original", "in-force"),
    ]


def test_taking_a_word_back_restores_what_was(mediafs, pair):
    before = mediafs.shots(), mediafs.tree()
    for verb in SAYING:
        mediafs("decide", verb, pair[1])
        mediafs("decide", "--undo", pair[1])

        assert (mediafs.shots(), mediafs.tree()) == before, verb
    assert {standing for _, _, standing in listed(mediafs)} == {"undone"}


def test_what_is_no_duplicate_is_a_shot_of_its_own_with_its_identical_copies(mediafs, pair, photos):
    copy = photos.folder / "copy.JPG"
    shutil.copy(pair[1], copy)
    mediafs("index")

    mediafs("decide", "--not-a-duplicate", pair[1])

    apart, kept = sorted(mediafs.shots(), key=lambda shot: pair[0] == shot["original"])
    assert {member["path"] for member in apart["members"]} == {pair[1], str(copy)}
    assert {member["path"] for member in kept["members"]} == {pair[0], pair[2]}


def test_what_is_ignored_stays_visible_and_is_no_original_and_not_reclaimable(mediafs, pair):
    mediafs("decide", "--ignore", pair[0])

    assert originals(mediafs) < set(pair) - {pair[0]}
    seen = {e.source for path, e in mediafs.tree().items() if not path.startswith("by-source/")}
    assert pair[0] in seen
    groups = mediafs("dupes", "--format", "json").json["groups"]
    for group in groups:
        sizes = [f["size"] for f in group["files"] if f["path"] not in (group["keep"], pair[0])]
        assert group["reclaimable"] <= sum(sizes)


def test_where_all_are_ignored_one_still_stands_for_the_shot(mediafs, pair):
    for path in pair:
        mediafs("decide", "--ignore", path)

    [original] = originals(mediafs)
    assert original in pair


def test_a_word_holds_for_the_bytes_wherever_they_move(mediafs, pair, photos):
    mediafs("decide", "--original", pair[1])
    moved = photos.folder / "elsewhere.JPG"
    os.rename(pair[1], moved)
    mediafs("index")

    assert originals(mediafs) == {str(moved)}


def test_a_word_survives_a_catalog_that_is_made_anew(mediafs, pair, photos):
    mediafs("decide", "--original", pair[1])
    before = mediafs.shots()
    for path in mediafs.catalog.parent.glob("catalog.db*"):
        path.unlink()
    mediafs("index", photos.folder)

    assert mediafs.shots() == before


def test_explain_says_that_a_person_said_so(mediafs, pair):
    mediafs("decide", "--original", pair[1])

    assert "person" in mediafs("explain", "--json", pair[1]).json["why"].casefold()


# ---------------------------------------------------------------------------- cut off


def test_a_word_that_the_tree_does_not_follow_yet_is_followed_by_the_next_run(mediafs, pair):
    told = mediafs("decide", "--ignore", pair[1], "--json").json
    mediafs("decide", "--undo", pair[1])
    db = sqlite3.connect(mediafs.catalog.with_name("decisions.db"))
    db.execute("INSERT INTO decision (blake3, verdict, said_ns) SELECT ?, 'original',"
               " max(undone_ns) + 1 FROM decision", (bytes.fromhex(told["blake3"]),))  # fmt: skip
    db.commit()
    db.close()
    before = mediafs("status", "--json").json["generation"]

    mediafs("reindex")

    assert mediafs("status", "--json").json["generation"] == before + 1
    assert originals(mediafs) == {pair[1]}
    mediafs("reindex")
    assert mediafs("status", "--json").json["generation"] == before + 1


def test_decisions_that_were_deleted_are_no_longer_followed(mediafs, pair):
    before = originals(mediafs)
    mediafs("decide", "--original", pair[1])
    for path in mediafs.catalog.parent.glob("decisions.db*"):
        path.unlink()
    mediafs("reindex")

    assert originals(mediafs) == before


def test_decide_keeps_the_options_of_the_last_run(mediafs, photos):
    only = photos.jpeg("IMG_0001.JPG")
    mediafs("index", "--raw-companion", "duplicate", photos.folder)
    told = mediafs("decide", "--original", only, "--json").json
    mediafs("reindex", "--raw-companion", "duplicate")

    assert mediafs("status", "--json").json["generation"] == told["generation"]


def test_decide_opens_no_source_and_changes_none(mediafs, pair, photos):
    before = photos.state()
    for verb in VERBS:
        mediafs("decide", verb, pair[1])

    assert photos.state() == before


# ---------------------------------------------------------------------------- the list


def test_the_list_is_empty_at_first(mediafs, pair):
    assert listed(mediafs) == []
    assert mediafs("decide", "--list").out == "Nothing has been decided.\n"


def test_the_list_in_words_is_one_line_each(mediafs, pair):
    mediafs("decide", "--original", pair[1])
    mediafs("decide", "--original", pair[2])
    mediafs("decide", "--undo", pair[2])
    first, second = mediafs("decide", "--list").out.splitlines()

    assert pair[1] in first
    assert "(" not in first
    assert pair[2] in second
    assert "taken back" in second


def test_the_list_has_the_fields_of_the_contract(mediafs, pair):
    told = mediafs("decide", "--ignore", pair[1], "--json").json
    [word] = mediafs("decide", "--list", "--json").json["decisions"]

    assert word["blake3"] == told["blake3"]
    assert word["said"].endswith("+00:00")
    assert word["ended"] is None


def test_a_word_about_bytes_that_are_gone_is_listed_and_can_be_taken_back(mediafs, pair):
    mediafs("decide", "--ignore", pair[1])
    os.unlink(pair[1])
    mediafs("index")

    assert listed(mediafs) == [([], "ignore", "in-force")]
    assert mediafs("decide", "--list").out
    mediafs("decide", "--undo", pair[1])
    assert words(mediafs) == []


# ---------------------------------------------------------------------------- refused


def test_an_unknown_path_is_refused(mediafs, pair, tmp_path):
    for verb, path in (("--original", tmp_path / "nothing.JPG"), ("--undo", tmp_path)):
        assert str(path) in refused(mediafs, verb, path, code=40)


def test_a_sidecar_is_refused(mediafs, photos):
    photos.jpeg("IMG_0001.JPG")
    sidecar = photos.put("IMG_0001.JPG.xmp", b"<?xpacket?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    mediafs("index", photos.folder)

    assert "sidecar" in refused(mediafs, "--ignore", sidecar)


def test_what_belongs_to_no_shot_is_refused(mediafs, photos):
    notes = photos.put("notes.txt", b"shopping\n")
    broken = photos.put("broken.jpg", b"\x01\x02\x03\x04" * 100)
    empty = photos.put("empty.jpg", b"")
    mediafs("index", photos.folder, code=2)
    for path in (notes, broken, empty):
        assert str(path) in refused(mediafs, "--original", path)


def test_a_damaged_file_is_refused_as_an_original(mediafs, photos):
    whole = photos.jpeg("IMG_0001.JPG")
    cut = photos.put("cut/IMG_0001.JPG", whole.read_bytes()[:-200])
    mediafs("index", photos.folder, code=2)

    assert "truncated" in refused(mediafs, "--original", cut)


def test_a_file_that_changed_since_is_refused(mediafs, pair, photos):
    photos.put(os.path.relpath(pair[1], photos.folder), b"other bytes")

    assert "changed" in refused(mediafs, "--original", pair[1])
    assert words(mediafs) == []


def test_a_file_that_is_gone_is_refused_before_and_after_that_is_known(mediafs, pair):
    os.unlink(pair[1])
    assert pair[1] in refused(mediafs, "--original", pair[1])
    mediafs("index")

    assert "gone" in refused(mediafs, "--original", pair[1])


def test_a_file_on_a_disk_that_is_not_there_is_refused(mediafs, pair, photos):
    photos.folder.rename(photos.folder.with_name("unplugged"))
    mediafs("reindex")

    assert "plug" in refused(mediafs, "--original", pair[1])


def test_an_excluded_file_is_refused(mediafs, photos):
    photos.jpeg("IMG_0001.JPG")
    junk = photos.put(".DS_Store", b"\0\0\0\1Bud1")
    mediafs("index", photos.folder)

    assert "left out" in refused(mediafs, "--ignore", junk)


def test_where_nothing_was_said_there_is_nothing_to_take_back(mediafs, pair):
    assert "--list" in refused(mediafs, "--undo", pair[1])
    mediafs("decide", "--original", pair[1])
    mediafs("decide", "--original", pair[2])

    assert "superseded" in refused(mediafs, "--undo", pair[1])


def test_one_file_and_one_verb_are_wanted(mediafs, pair):
    for arguments in (
        (), (pair[1],), ("--original",), ("--original", "--ignore", pair[1]),
        ("--list", pair[1]), ("--list", "--undo", pair[1]),
    ):  # fmt: skip
        assert "--original" in refused(mediafs, *arguments, code=3)


def test_without_a_catalog_it_is_refused_and_none_is_made(mediafs, photos):
    path = photos.jpeg("IMG_0001.JPG")
    for arguments in (("--original", path), ("--list",)):
        refused(mediafs, *arguments, code=10)

    assert not mediafs.catalog.exists()


def test_a_verb_is_only_typed(mediafs, pair):
    config = mediafs.home / "config/mediafs/config.toml"
    config.parent.mkdir(parents=True)
    env = {f"MEDIAFS_{name}": "1" for name in ("ORIGINAL", "IGNORE", "UNDO", "LIST")}

    for word in ('ignore = ["*.tmp"]', "undo = true", "list = true"):
        config.write_text(word)
        refused(mediafs, "--not-a-duplicate", pair[1], code=3)
    config.unlink()
    refused(mediafs, pair[1], code=3, env=env)
    mediafs("decide", "--not-a-duplicate", pair[1], env=env)

    assert [verdict for _, verdict in words(mediafs)] == ["not-a-duplicate"]


# ---------------------------------------------------------------------------- the mount


@pytest.mark.mounted
def test_a_name_in_the_mount_will_do_and_the_mount_follows(mediafs, pair, tmp_path, wait):
    at = mediafs.mount(tmp_path / "at")
    named = next(p for p, e in mediafs.tree().items() if e.source == pair[1])

    mediafs("decide", "--original", at / named)

    assert originals(mediafs) == {pair[1]}

    def shown():
        found = [p for p in (at / "originals").rglob("*") if p.is_file()]
        return [os.fsdecode(os.getxattr(p, "user.mediafs.source")) for p in found] == [pair[1]]

    wait(shown, "the mount shows the file that a person chose")
