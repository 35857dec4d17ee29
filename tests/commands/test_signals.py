"""Stopping an index: in a long film, in a share that stands still; and files that change meanwhile.

What was read is kept, the exit code says who stopped it, and nobody waits for a dead disk.
"""

from __future__ import annotations

import json
import os
import signal

import pytest
from stubborn import Share

MB = 1024 * 1024
STOPS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)


@pytest.fixture
def share(photos, tmp_path):
    """The photographs, once they are there, as a share that can be told to stand still."""
    made = []

    def mount():
        made.append(Share(photos.folder, tmp_path / "share"))
        return made[-1]

    try:
        yield mount
    finally:
        for each in made:
            each.close()


def objects(process, until):
    """The progress lines up to one that satisfies."""
    for line in process.stderr:
        if line.startswith("{"):
            yield (told := json.loads(line))
            if until(told):
                return
    pytest.fail("it ended too early")


def note(ran):
    *_, last = [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]
    return last["note"]


@STOPS
@pytest.mark.mounted
def test_a_stop_does_not_wait_for_a_share_that_stands_still(mediafs, photos, share, number, code):
    photos.jpeg("held.jpg")
    for other in range(3):
        photos.jpeg(f"{other}.jpg")
    held = share()
    held.hold("held.jpg")
    process = mediafs.start("index", held.at, "--progress", "json")
    held.wait_for(1)
    list(objects(process, lambda told: told.get("slow")))
    process.send_signal(number)
    stopped = mediafs.finish(process)
    held.answer()

    assert stopped.code == code
    assert "run the same command to go on" in stopped.sentence
    assert note(stopped) == "Stopped after 3 of 4 files were read."
    again = mediafs.index()
    assert (again["unchanged"], again["new"], again["opened"]) == (3, 1, 1)


@STOPS
def test_a_stop_ends_the_reading_of_a_long_film(mediafs, photos, left_over, wait, number, code):
    film = photos.put(
        "film.mov", b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + b"\0\0\0\1mdat\0\0\1" + bytes(5)
    )
    os.truncate(film, 1024 * 1024 * MB)
    process = mediafs.start("index", photos.folder, "--progress", "json")
    list(objects(process, lambda told: told.get("bytes")))
    process.send_signal(number)
    stopped = mediafs.finish(process)

    assert stopped.code == code
    assert note(stopped) == "Stopped after 0 of 1 files were read."
    wait(lambda: not left_over(mediafs.home), "all its processes have ended")


@pytest.mark.mounted
def test_a_file_that_takes_long_is_named(mediafs, photos, share):
    photos.jpeg("held.jpg")
    held = share()
    held.hold("held.jpg")
    process = mediafs.start("index", held.at, "--progress", "json", "--json")
    *_, last = objects(process, lambda told: told.get("slow"))
    held.answer()
    ran = mediafs.finish(process)

    assert last["slow"][0]["path"] == str(held.at / "held.jpg")
    assert last["slow"][0]["seconds"] >= 5
    assert (last["phase"], last["files"], last["files_total"]) == ("reading", 0, 1)
    assert ran.json["new"] == 1


def test_progress_for_programs_is_an_object_a_line_and_the_summary_stays_last(mediafs, photos):
    photos.jpeg("a.jpg")
    photos.put("broken.jpg", b"no picture")
    ran = mediafs("index", photos.folder, "--progress", "json", "--json", code=2)
    told = [json.loads(line) for line in ran.err.splitlines()]

    size = sum(path.stat().st_size for path in photos.files())
    reading = [line for line in told if line.get("phase") == "reading"]
    assert set(reading[-1]) == {
        *("phase", "says", "files", "files_total", "bytes", "bytes_total", "seconds", "rate"),
        *("eta_seconds", "slow"),
    }
    assert (reading[-1]["files"], reading[-1]["files_total"]) == (2, 2)
    assert (reading[-1]["bytes"], reading[-1]["bytes_total"]) == (size, size)
    assert next(line["phase"] for line in told if "phase" in line) == "looking"
    assert [line for line in told if "broken.jpg" in line.get("warning", "")]
    assert ran.json["new"] == 2


# ---------------------------------------------------------------------------- a writer beside us


@pytest.mark.mounted
def test_a_file_that_is_written_to_meanwhile_is_read_once_more(mediafs, photos, share):
    path = photos.jpeg("a.jpg")
    held = share()
    held.hold("a.jpg")
    process = mediafs.start("index", held.at, "--json")
    held.wait_for(1)
    with path.open("ab") as file:
        file.write(b"more")
    held.answer()
    said = mediafs.finish(process).json

    assert (said["new"], said["failed"], said["opened"]) == (1, 0, 2)
    assert mediafs.index()["unchanged"] == 1


@pytest.mark.mounted
def test_a_file_that_never_rests_is_not_stored_and_named(mediafs, photos, share):
    path = photos.jpeg("a.jpg")
    photos.jpeg("b.jpg", taken="2020-01-01 10:00:00")
    held = share()
    held.hold("a.jpg")
    process = mediafs.start("index", held.at, "--json")
    for _ in range(2):
        held.wait_for(1)
        with path.open("ab") as file:
            file.write(b"more")
        held.step()
    ran = mediafs.finish(process)
    held.answer()

    assert ran.code == 2
    assert (
        f"{held.at}/a.jpg changed while it was read, twice; it is read again next time" in ran.err
    )
    assert (ran.json["new"], ran.json["failed"]) == (1, 1)
    assert mediafs.index(code=0)["new"] == 1


# ---------------------------------------------------------------------------- dead shares


@pytest.mark.mounted
def test_a_share_that_dies_is_one_sentence_and_loses_nothing(mediafs, photos, share):
    """It dies under mediafs: every answer from then on is an error, at once."""
    for number in range(40):
        photos.jpeg(f"{number:02}.jpg", taken=f"2019-07-14 16:02:{number:02}")
    held = share()
    held.hold("00.jpg")
    process = mediafs.start("index", held.at, "--json", "--jobs", "1", "--readers", "1")
    held.wait_for(1)
    held.close()
    ran = mediafs.finish(process)

    assert ran.code == 2
    # In the middle of the reading, or at its end where all that is left is an empty folder.
    assert ran.err.count("stopped answering") + ran.err.count("went away") == 1
    assert ran.json["offline"] == [str(held.at)]
    assert ran.json["failed"] <= 4
    assert ran.json["gone"] == 0


# ---------------------------------------------------------------------------- options


def test_a_size_that_is_none_is_refused(mediafs, photos):
    refused = mediafs("index", photos.folder, "--memory", "plenty", code=3)

    assert "'plenty' is no size; write it as 500M or 2G" in refused.sentence


def test_little_memory_and_one_reader_read_the_same(mediafs, photos):
    for number in range(6):
        photos.jpeg(f"{number}.jpg", taken=f"2019-07-14 16:02:{number:02}")
    said = mediafs.index(photos.folder, "--memory", "1M", "--readers", "1", "--jobs", "3")

    assert (said["new"], said["opened"], said["failed"]) == (6, 6, 0)
    assert said["bytes_read"] == sum(path.stat().st_size for path in photos.files())


def test_doctor_says_how_each_root_is_read(mediafs, photos):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)
    told = mediafs("doctor", "--json").json

    [disk] = told["disks"]
    assert disk["path"] == str(photos.folder)
    assert disk["kind"] in {"rotating disk", "solid-state disk", "network", "unknown"}
    assert disk["readers"] >= 1
    assert told["jobs"] >= 1
    assert told["memory"] > MB
    assert f"from {photos.folder}: {disk['device']}" in mediafs("doctor").out
