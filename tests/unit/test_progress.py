"""What progress says: never backwards, within long files, which file is slow, and for programs."""

from __future__ import annotations

import json

import pytest

from indexer.errors import UsageRefused
from indexer.progress import Underway
from mediafs.cli import progress
from mediafs.cli.amounts import bytes_of
from mediafs.cli.bar import Bar
from mediafs.cli.progress import JsonLines, Lines, Quiet


@pytest.fixture
def clock(monkeypatch):
    """Seconds, to be moved on."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def said(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_for_programs_each_line_is_an_object_with_the_same_fields(clock, capsys):
    speaker = JsonLines()
    speaker.phase("Reading", 10, 1000)
    clock[0] += 2
    speaker.advance(1, 250)
    [begun, later] = said(capsys)

    assert begun == {
        "phase": "reading", "says": "Reading", "files": 0, "files_total": 10, "bytes": 0,
        "bytes_total": 1000, "seconds": 0.0, "rate": 0, "eta_seconds": None, "slow": [],
    }  # fmt: skip
    assert (later["files"], later["bytes"], later["rate"]) == (1, 250, 125)
    assert later["eta_seconds"] == 6.0


def test_a_long_file_moves_on_while_it_is_read(clock, capsys):
    speaker = JsonLines()
    speaker.phase("Reading", 1, 1000)
    clock[0] += 2
    speaker.underway([Underway(b"/a.mov", 2.0, 500)])

    assert said(capsys)[-1]["bytes"] == 500


def test_bytes_never_go_backwards_or_beyond(clock, capsys):
    speaker = JsonLines()
    speaker.phase("Reading", 2, 1000)
    for read in ([Underway(b"/a", 1, 600)], [], [Underway(b"/b", 1, 5000)]):
        clock[0] += 2
        speaker.underway(read)

    assert [line["bytes"] for line in said(capsys)] == [0, 600, 600, 1000]


def test_only_what_takes_long_is_named_the_slowest_first(clock, capsys):
    speaker = JsonLines()
    speaker.phase("Reading", 3, 1000)
    clock[0] += 2
    files = [Underway(b"/quick", 4.9, 1), Underway(b"/slow", 5.0, 1), Underway(b"/\xff", 31.0, 1)]
    speaker.underway(files)

    assert said(capsys)[-1]["slow"] == [
        {"path": "/\udcff", "seconds": 31.0},
        {"path": "/slow", "seconds": 5.0},
    ]


def test_a_phase_ends_with_what_came_of_it(clock, capsys):
    speaker = JsonLines()
    speaker.phase("Looking at /photos")
    speaker.advance(7)
    speaker.phase("Deciding")

    assert [(line["phase"], line["files"]) for line in said(capsys)] == [
        ("looking", 0), ("looking", 7), ("deciding", 0),
    ]  # fmt: skip


def test_warnings_and_notes_have_fields_of_their_own(capsys):
    speaker = JsonLines()
    speaker.warn("a.jpg is cut.")
    speaker.tell("Stopped.")

    assert said(capsys) == [{"warning": "a.jpg is cut."}, {"note": "Stopped."}]


def test_lines_come_every_few_seconds_even_where_no_file_ends(clock, capsys):
    speaker = Lines()
    speaker.phase("Reading", 1, 2_000_000_000)
    for _ in range(12):
        clock[0] += 1
        speaker.underway([Underway(b"/long\n.mov", clock[0] - 100, 1_000_000_000)])
    lines = capsys.readouterr().err.splitlines()

    assert lines[0] == "Reading 1 file, 2 GB…"
    assert len(lines) == 3
    assert lines[-1] == (
        "Reading: 0 of 1 files, 1 GB, 0 files/s, 100 MB/s, 10 s left; /long\\n.mov for 10 s"
    )


def test_quiet_warns_and_says_nothing_else(capsys):
    speaker = Quiet()
    speaker.phase("Reading", 1, 1)
    speaker.advance(1, 1)
    speaker.underway([Underway(b"/a", 60, 1)])
    speaker.tell("Stopped.")
    speaker.warn("a.jpg is cut.")

    assert capsys.readouterr().err == "a.jpg is cut.\n"


def test_a_bar_takes_all_that_is_said():
    with Bar() as bar:
        bar.underway([])
        bar.phase("Reading", 2, 10)
        bar.underway([Underway(b"/[a]", 9, 5)])
        bar.advance(1, 5)
        bar.phase("Deciding")
        bar.warn("[a] is cut.")
        bar.tell("Stopped.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("1000000", 10**6), ("2G", 2 * 10**9), ("1.5 GB", 15 * 10**8), ("512MiB", 512 * 2**20)),
        *(("3t", 3 * 10**12), ("64k", 64_000), ("10 b", 10)),
    ],
)
def test_a_size_is_read_as_a_person_writes_it(text, expected):
    assert bytes_of(text) == expected


@pytest.mark.parametrize("text", ["", "much", "-1", "1X", "1,5G", "G"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageRefused, match="is no size"):
        bytes_of(text)
