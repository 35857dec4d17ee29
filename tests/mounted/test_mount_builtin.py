"""`.mediafs`: how the mount does, for people and for programs that collect numbers."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mediafs import __version__

if TYPE_CHECKING:
    from pathlib import Path

DAY = "originals/2019/2019-07-14"
NOBODY = 65534
SAMPLE = re.compile(r'(mediafs_\w+)(\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)+\})?[ \t]+(\d+|NaN)')


def run(*command: str | Path, user: int | None = None) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False, user=user)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture
def shown(library) -> Path:
    library.file("a.jpg", b"abc", f"{DAY}/a.jpg", "by-date/a.jpg")
    library.mount()
    return library.at


def test_the_status_tells_what_is_mounted(library, shown):
    (shown / DAY / "a.jpg").read_bytes()

    told = status(shown)

    assert told["schema"] == 1
    assert told["version"] == __version__
    assert told["catalog"] == str(library.catalog)
    assert told["generation"] == 1
    assert (told["files"], told["names"], told["bytes"]) == (1, 2, 3)
    assert told["suspects"] == 0
    assert told["roots"] == [{"label": "photos", "path": str(library.top), "online": True}]
    assert told["counters"]["opens"] == told["counters"]["reads"] == 1
    assert told["counters"]["bytes_read"] == 3


def test_an_unplugged_root_is_told(library, shown):
    library.maker.db.execute("UPDATE root SET online = 0")
    library.top.rename(library.top.with_name("unplugged"))

    told = status(shown)

    assert [root["online"] for root in told["roots"]] == [False]
    assert samples(shown)['mediafs_root_online{root="1",label="photos"}'] == "0"


def test_the_metrics_are_prometheus_text(library, shown):
    text = (shown / ".mediafs/metrics").read_text("ascii")
    kinds = dict(re.findall(r"^# TYPE (\S+) (counter|gauge)$", text, re.MULTILINE))
    helped = re.findall(r"^# HELP (\S+) \S.*\.$", text, re.MULTILINE)
    told = samples(shown)

    assert text.endswith("\n")
    assert helped == list(kinds)
    assert {name.partition("{")[0] for name in told} == set(kinds)
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in kinds.items())
    assert told["mediafs_files"] == "1"
    assert int(told["mediafs_lookups_total"]) > 0


def status(shown: Path) -> dict[str, Any]:
    """What the status tells now."""
    told: dict[str, Any] = json.loads((shown / ".mediafs/status.json").read_bytes())
    return told


def samples(shown: Path) -> dict[str, str]:
    """Every sample of the metrics, by its name and labels; each line must be one."""
    lines = (shown / ".mediafs/metrics").read_text("ascii").splitlines()
    matches = [SAMPLE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(matches)
    told = {match[1] + (match[2] or ""): match[3] for match in matches}
    assert len(told) == len(matches)
    return told


def test_a_label_of_any_bytes_is_quoted(library):
    label = b'my "disk" \\ \n\xe9'
    library.maker.root(library.top / "more", label)
    library.mount()

    told = samples(library.at)

    assert status(library.at)["roots"][1]["label"] == label.decode("utf-8", "surrogateescape")
    assert r'mediafs_root_online{root="2",label="my \"disk\" \\ \\n\\xe9"}' in told


def test_it_is_found_by_name_and_not_listed(library, shown):
    inside = shown / ".mediafs"

    assert ".mediafs" not in os.listdir(shown)
    assert sorted(os.listdir(inside)) == ["metrics", "status.json"]
    assert (inside / "..").samefile(shown)
    assert shown.stat().st_nlink == 2 + 3
    assert (inside.stat().st_nlink, (inside / "metrics").stat().st_nlink) == (2, 1)
    assert (shown / ".MediaFS/STATUS.json").samefile(inside / "status.json")


def test_its_numbers_are_nobody_elses(library, shown):
    ours = {shown / name for name in ("README.txt", ".mediafs", ".mediafs/metrics")}
    ours.add(shown / ".mediafs/status.json")
    others = {
        os.stat(os.path.join(folder, name)).st_ino
        for folder, folders, names in os.walk(shown)
        for name in (*folders, *names)
        if name != "README.txt"
    }

    numbers = {path.stat().st_ino for path in ours}

    assert len(numbers) == 4
    assert min(numbers) > 1024
    assert numbers.isdisjoint(others)


PROGRAMS = [
    ["cat", "FROM"],
    ["head", "-c", "1000000", "FROM"],
    ["tail", "-c", "+1", "FROM"],
    ["dd", "status=none", "bs=7", "if=FROM"],
    ["cp", "-p", "FROM", "TO"],
    ["rsync", "-a", "FROM", "TO"],
]


@pytest.mark.parametrize("name", ["status.json", "metrics"])
def test_programs_get_the_whole_text(shown, tmp_path, name):
    path = shown / ".mediafs" / name
    sizes = {int(run("stat", "-c", "%s", path)), int(run("wc", "-c", path).split()[0])}

    texts = {
        words[0]: text_by(words, path, tmp_path / words[0])
        for words in PROGRAMS
        if shutil.which(words[0])
    }

    assert {len(text) for text in texts.values()} == sizes
    for text in texts.values():
        assert text.endswith(b"}\n" if name == "status.json" else b"\n")
        assert name == "metrics" or json.loads(text)["files"] == 1


def text_by(words: list[str], path: Path, to: Path) -> bytes:
    """What a program reads, from its output or from the copy it made."""
    said = run(*(word.replace("FROM", str(path)).replace("TO", str(to)) for word in words))
    return to.read_bytes() if to.exists() else said


def test_one_handle_tells_of_one_moment(library, shown):
    with (shown / ".mediafs/status.json").open("rb", buffering=0) as file:
        text = file.read(200)
        library.file("b.jpg", b"de", f"{DAY}/b.jpg")
        library.publish()
        library.wait(lambda: status(shown)["generation"] == 2)
        while part := file.read(100):
            text += part

    assert json.loads(text)["files"] == 1
    assert status(shown)["files"] == 2


def test_each_look_is_a_new_one(shown):
    with (shown / ".mediafs/metrics").open("rb") as first:
        before = first.read()
        assert not (shown / "nothing").exists()

        with (shown / ".mediafs/metrics").open("rb") as second:
            assert second.read() != before


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_a_copy_of_the_whole_tree_knows_nothing_of_it(shown, tmp_path):
    run("rsync", "-a", f"{shown}/", tmp_path / "backup")

    assert run("rsync", "-a", "--itemize-changes", f"{shown}/", tmp_path / "backup") == b""
    assert not (tmp_path / "backup/.mediafs").exists()


def test_nothing_of_it_can_be_written(shown):
    for name in ("status.json", "metrics", "new"):
        with pytest.raises(OSError) as caught:
            (shown / ".mediafs" / name).open("ab").close()

        assert caught.value.errno == errno.EROFS


def test_what_names_folders_is_its_owners(shown):
    modes = {
        name: stat.S_IMODE((shown / ".mediafs" / name).stat().st_mode)
        for name in ("status.json", "metrics")
    }

    assert modes == {"status.json": 0o400, "metrics": 0o444}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as another user")
def test_others_read_the_numbers_and_not_the_paths(library):
    library.mount(allow_other=True)
    refused = subprocess.run(
        ["cat", ".mediafs/status.json"], cwd=library.at, capture_output=True, check=False,
        user=NOBODY, group=NOBODY,
    )  # fmt: skip

    numbers = subprocess.run(
        ["cat", ".mediafs/metrics"], cwd=library.at, capture_output=True, check=False,
        user=NOBODY, group=NOBODY,
    )  # fmt: skip

    assert (refused.returncode, refused.stdout) == (1, b"")
    assert b"mediafs_generation" in numbers.stdout
    assert str(library.top).encode() not in numbers.stdout
