"""`mediafs log`: what changed, by which command, and why; for people and for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import Catalog, camera, reading

from indexer.catalog import changes, generations
from indexer.derive import derive
from indexer.model import Generation, Picture
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

NULL = type(None)
FIELDS = {
    "schema": int, "generation": int, "time": str, "command": str, "view": str, "what": str,
    "path": str, "before": (str, NULL), "directory": bool, "source": (str, NULL),
    "source_before": (str, NULL), "cause": (str, NULL), "says": (str, NULL), "shot": (int, NULL),
    "rule": (str, NULL),
}  # fmt: skip
DAY = "originals/2019/2019-07-14"
MANY = 25  # more than are named one by one


def commit(catalog: Catalog, command: str) -> Generation:
    with catalog.db:
        number = catalog.coming
        changed = derive(catalog.db, spoken=None if number == 1 else ())
        publish(catalog.db, catalog.decided, number, "beside", changed)
        generations.commit(
            catalog.db, number, command=command, version="0", raw_companion="beside", summary="{}"
        )
    return number


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Path:
    """1: three files. 2: a better original of the first. 3: one gone, one renamed, one written to.
    4: many more. 5: one file got another mode.
    """
    catalog = Catalog(tmp_path_factory.mktemp("story"))
    root = catalog.root()
    small = replace(reading("a.jpg", 1), picture=Picture(2016, 1512, None, None))
    large = replace(reading("a.heic", 2), picture=Picture(4032, 3024, None, None))
    with catalog.db:
        catalog.put(root, "IMG_1.JPG", small, camera(software="GIMP 2.10"))
        lost = catalog.put(root, "IMG_2.JPG", reading(number=3), camera("2019:07:14 17:00:00"))
        catalog.put(root, "notes.txt", reading("notes.txt", 4))
    commit(catalog, "index")
    with catalog.db:
        catalog.put(root, b"caf\xe9/IMG_1.HEIC", large, camera(has_maker_note=True))
    commit(catalog, "reindex")
    with catalog.db:
        catalog.lose(lost)
        catalog.put(root, "notes.txt", reading("notes.txt", 5))
    commit(catalog, "reindex")
    with catalog.db:
        for number in range(MANY):
            tags = camera(f"2020:01:01 10:00:{number:02}")
            catalog.put(root, f"more/IMG_{number}.JPG", reading(number=100 + number), tags)
    commit(catalog, "index")
    with catalog.db:
        more = reading(number=100), camera("2020:01:01 10:00:00")
        catalog.put(root, "more/IMG_0.JPG", *more, mode=0o100600)
    commit(catalog, "reindex")
    assert catalog.broken() == []
    catalog.close()
    return catalog.path


@pytest.fixture
def log(story):
    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "mediafs", "--catalog", story, "log", *arguments],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def lines(said: str) -> dict[int, list[str]]:
    """Generation to its lines, without the first."""
    found: dict[int, list[str]] = {}
    for line in said.splitlines():
        if line.startswith("Generation "):
            number = int(line.split()[1].rstrip(","))
        elif line:
            found.setdefault(number, []).append(line.strip())
    return found


def entries(said: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in said.splitlines()]


def test_the_newest_generation_stands_last_with_its_command_and_numbers(log):
    said = log()

    first, *_ = said.splitlines()
    assert first.startswith("Generation 1, ")
    assert first.endswith(", index")
    assert list(lines(said)) == [1, 2, 3, 4]
    assert "originals   1 came" not in said
    assert any(line.split() == ["originals", "2", "came"] for line in lines(said)[1])


def test_an_original_that_a_better_one_followed_is_one_line_with_its_reason(log):
    told = lines(log("--view", "originals"))[2]

    assert told[0].split() == ["originals", "1", "replaced"]
    [line] = told[1:]
    assert line.startswith(f"~ {DAY}/IMG_1.JPG -> IMG_1.HEIC: a better original (rule ")
    assert "IMG_1.HEIC is the original of shot " in line


def test_what_is_gone_or_has_other_bytes_is_told_with_its_reason(log):
    told = lines(log("--since", "2", "--limit", "9"))[3]

    assert f"- {DAY}/IMG_2.JPG: It is not on the disk any more." in told
    assert any(line.startswith("= by-source/photos/notes.txt: ") for line in told)


def test_many_are_counted_by_directory_unless_all_are_asked_for(log):
    where = ("--view", "originals", "--since", "3")
    told = lines(log(*where))

    assert told[4] == [f"originals  {MANY} came", f"+ originals/2020/2020-01-01/: {MANY} came"]
    assert len(lines(log(*where, "--all"))[4]) == 1 + MANY


def test_other_attributes_alone_are_told_only_where_all_is_asked_for(log):
    assert 5 not in lines(log())
    assert ". originals/2020/2020-01-01/IMG_0.JPG" in lines(log("--all"))[5]


def test_json_has_a_line_for_each_change(log):
    told = entries(log("--json", "--since", "0"))

    for entry in told:
        assert entry.keys() == FIELDS.keys()
        assert all(isinstance(entry[name], kind) for name, kind in FIELDS.items())
    [better] = [e for e in told if e["view"] == "originals" and e["what"] == "replaced"]
    assert better["cause"] == "better-original"
    assert (better["before"], better["path"]) == (f"{DAY}/IMG_1.JPG", f"{DAY}/IMG_1.HEIC")
    assert better["source_before"] == "/photos/IMG_1.JPG"
    assert better["source"] == "/photos/caf\udce9/IMG_1.HEIC"
    assert "by-source/photos/caf\udce9/IMG_1.HEIC" in {entry["path"] for entry in told}


def test_names_that_are_no_text_are_printed_so_that_they_can_be_read(log):
    assert "+ by-source/photos/caf\\xe9/IMG_1.HEIC" in lines(log())[2]


def test_a_part_of_the_tree_can_be_asked_for(log):
    assert {e["path"] for e in entries(log("--json", "--path", f"{DAY}/IMG_2"))} == {
        f"{DAY}/IMG_2.JPG"
    }
    assert {e["view"] for e in entries(log("--json", "--view", "edits"))} == {"edits"}


def test_since_takes_a_generation_or_a_date(log):
    assert list(lines(log("--since", "3"))) == [4]
    assert list(lines(log("--since", "2019-01-01"))) == [1, 2, 3, 4]
    assert log("--since", "2999-12-31") == "Nothing changed; the newest generation is 5.\n"
    assert "no generation and no date" in log("--since", "lately", code=3)


def test_the_limit_keeps_the_newest(log):
    assert list(lines(log("--limit", "1"))) == [4]


def test_a_part_of_the_tree_is_found_in_another_spelling(log):
    assert lines(log("--path", "ORIGINALS/2019")) == lines(log("--path", "originals/2019"))


def test_a_path_that_was_once_is_one_of_the_tree(log):
    assert list(lines(log("--path", f"{DAY}/IMG_1.JPG", "--view", "originals"))) == [1, 2]


def test_a_view_in_which_nothing_ever_was_is_one_of_the_tree(log):
    nothing = "Nothing changed; the newest generation is 5.\n"

    assert log("--path", "quarantine", "--since", "5") == nothing
    assert log("--path", "quarantine") == nothing
    assert log("--path", "quarantine", "--all") == nothing
    assert log("--view", "quarantine") == nothing
    assert [entry["directory"] for entry in entries(log("--view", "quarantine", "--json"))] == [
        True
    ]


@pytest.mark.parametrize("path", ["no such thing", f"{DAY}/IMG_3", "originals/2019/no/IMG_1.JPG"])
def test_a_path_that_never_was_one_of_the_tree_is_refused(log, path):
    said = log("--path", path, code=40)

    assert said.count("\n") == 1
    assert f"{path} is no path of the tree" in said


def test_a_path_outside_of_the_tree_is_refused(log):
    assert "is in no mount" in log("--path", "/etc/passwd", code=3)


def test_what_was_thinned_out_is_said(tmp_path):
    catalog = Catalog(tmp_path)
    root = catalog.root()
    for number in range(3):
        with catalog.db:
            catalog.put(root, f"{number}.JPG", reading(number=number), camera())
        commit(catalog, "index")

    assert changes.last_thinned(catalog.db) is None

    catalog.db.execute("DELETE FROM change WHERE generation_id < 3")

    assert changes.last_thinned(catalog.db) == 2
    assert changes.last_thinned(catalog.db, after=2) is None
    assert [one.generation for one in changes.generations(catalog.db)] == [3]
    catalog.close()
