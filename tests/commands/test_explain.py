"""`mediafs explain` read aloud: for each kind of file all that a photographer is told.

The files are made here and indexed together; `golden/NAME.txt` holds what is printed about one of
them, without what depends on the machine: the folder, sizes, numbers of bytes and of shots. After
a change of words or votes, look at the difference and write the files anew:

    MEDIAFS_WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/commands/test_explain.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from truth import sidecars
from truth.films import apple_keys, film
from truth.scenes import exposed, filtered, moved, scene
from truth.stills import (
    Camera,
    apple_note,
    camera_jpeg,
    exif,
    exported_jpeg,
    heic,
    identifier,
    iphone,
    phone_jpeg,
    program_jpeg,
)

GOLDEN = Path(__file__).parent / "golden"
WRITE = "MEDIAFS_WRITE_GOLDEN"
CANON = Camera("Canon", "Canon EOS 600D", "Firmware Version 1.0.2")
NIKON = Camera("NIKON CORPORATION", "NIKON D750", "Ver.1.15")
ASSET = identifier("in a library")
KEPT = f"Trip.photoslibrary/originals/{ASSET[0]}/{ASSET}.heic"
SCREEN = f"Trip.photoslibrary/resources/derivatives/{ASSET[0]}/{ASSET}_1_105_c.jpeg"
DONE, DONE_WITH_FAILURES = 0, 2

# Case: the file that is asked about, below the folder of its maker.
CASES = {
    "heic": "exported/IMG_0101.HEIC",
    "export-of-a-heic": "exported/IMG_0101.JPG",
    "film-of-a-live-photo": "live/IMG_0102.MOV",
    "edit": "edited/IMG_E0103.JPG",
    "adjustments": "edited/IMG_0103.AAE",
    "exact-copy": "copied/IMG_0104 copy.JPG",
    "same-picture-data": "captioned/for the album/IMG_0105.JPG",
    "sent-by-a-messenger": "sent/IMG-20200105-WA0003.jpg",
    "preview-of-a-library": f"library/{SCREEN}",
    "frame-of-a-burst": "burst/IMG_0109.JPG",
    "frame-of-a-bracket": "bracket/DSC_0111.JPG",
    "undecided": "level/IMG_0112.HEIC",
    "decided": "level-too/IMG_0113.JPG",
    "date-in-the-name": "received/telegram_2020-01-30_09-57-18.jpg",
    "date-of-its-neighbours": "between/IMG_0116.jpg",
    "clock-not-set": "reset/IMG_0118.JPG",
    "truncated": "damaged/IMG_0119.JPG",
    "no-picture-at-all": "damaged/IMG_0120.JPG",
    "sidecar-alone": "alone/IMG_0121.AAE",
    "no-photograph": "takeout/metadata.json",
}


# ---------------------------------------------------------------------------- the files


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    saved = datetime.fromisoformat("2022-03-04T05:06:07+00:00").timestamp()
    os.utime(path, (saved, saved))
    return data


def phone(model, name, taken, look, **note):
    """EXIF as an iPhone writes it, with its maker's note."""
    note = apple_note(unique=identifier(name), **note)
    return exif(iphone(model, "13.3"), taken, look.size, note=note)


def exported(folder):
    look = scene("exported")
    tags = phone("7", "exported", "2019-01-01T10:11:12.131+01:00", look)
    put(folder, "IMG_0101.HEIC", heic(look, tags))
    put(folder, "IMG_0101.JPG", program_jpeg(look, tags))


def live(folder):
    look, pair = scene("live"), identifier("live")
    tags = phone("8", "live", "2019-02-02T10:11:12.131+01:00", look, content=pair)
    put(folder, "IMG_0102.HEIC", heic(look, tags))
    keys = apple_keys("2019-02-02T10:11:11+01:00", "8", "13.3", pair)
    put(folder, "IMG_0102.MOV", film(look, created="2019-02-02T09:11:11Z", keys=keys))


def edited(folder):
    look, taken = scene("edited"), "2019-03-03T10:11:12.131+01:00"
    put(folder, "IMG_0103.HEIC", heic(look, phone("XR", "edited", taken, look)))
    saved = exif(iphone("XR", "13.3"), taken, look.size, note=apple_note())
    put(folder, "IMG_E0103.JPG", program_jpeg(filtered(look), saved, 90))
    put(folder, "IMG_0103.AAE", sidecars.aae(sidecars.USER))


def copied(folder):
    look = scene("copied")
    tags = exif(CANON, "2012-04-04T10:11:12.13", look.size)
    for name in ("IMG_0104.JPG", "IMG_0104 copy.JPG"):
        put(folder, name, camera_jpeg(look, tags))


def captioned(folder):
    look = scene("captioned")
    whole = camera_jpeg(look, exif(CANON, "2012-05-05T10:11:12.13", look.size))
    put(folder, "IMG_0105.JPG", whole)
    said = b"The harbour"
    comment = b"\xff\xfe" + (len(said) + 2).to_bytes(2, "big") + said
    put(folder, "for the album/IMG_0105.JPG", whole[:2] + comment + whole[2:])


def sent(folder):
    look = scene("sent", (2016, 1512))
    tags = phone("11", "sent", "2020-01-03T10:11:12.131+01:00", look)
    put(folder, "IMG_0106.HEIC", heic(look, tags))
    put(folder, "IMG-20200105-WA0003.jpg", program_jpeg(look.resize((1600, 1200)), quality=70))


def library(folder):
    look, taken = scene("library"), "2020-05-05T12:13:14.353+02:00"
    small = exif(iphone("11 Pro", "13.3"), taken, (512, 384))
    put(folder, KEPT, heic(look, phone("11 Pro", "library", taken, look)))
    put(folder, SCREEN, program_jpeg(look.reduce(2), small))


def burst(folder):
    look, name = scene("burst"), identifier("burst")
    for frame in range(3):
        taken = f"2020-06-06T12:13:14.{frame + 1}53+02:00"
        tags = phone("6s", f"burst {frame}", taken, look, burst=name)
        put(folder, f"IMG_01{8 + frame:02}.JPG", phone_jpeg(moved(look, 40 * frame), tags))


def bracket(folder):
    look = scene("bracket")
    auto = {0xA402: 2}  # ExposureMode
    for frame, stops in enumerate((-2, 0, 2)):
        taken = f"2014-07-07T12:13:1{frame}.10"
        exposure = {0x829A: 1 / (100 * 2.0**stops)} | auto
        tags = exif(NIKON, taken, look.size, inner=exposure)
        put(folder, f"DSC_01{10 + frame}.JPG", camera_jpeg(exposed(look, stops), tags))


def level(folder, model="X", name="IMG_0112", taken="2018-11-20T11:25:41.568+03:00"):
    look = scene(name)
    tags = exif(iphone(model, "12.0.1"), taken, look.size)
    put(folder, f"{name}.HEIC", heic(look, tags))
    put(folder, f"{name}.JPG", exported_jpeg(look, tags))


def level_too(folder):
    level(folder, "XS", "IMG_0113", "2018-12-21T11:25:41.568+03:00")


def received(folder):
    put(folder, "telegram_2020-01-30_09-57-18.jpg", program_jpeg(scene("received")))


def between(folder):
    for number in (115, 117):
        look = scene(f"between {number}")
        tags = exif(NIKON, f"2013-08-08T12:13:{number - 100}.10", look.size)
        put(folder, f"IMG_0{number}.JPG", camera_jpeg(look, tags))
    put(folder, "IMG_0116.jpg", program_jpeg(scene("between 116")))


def reset(folder):
    look = scene("reset")
    tags = exif(CANON, "2000-01-01T00:03:10", look.size)
    put(folder, "IMG_0118.JPG", camera_jpeg(look, tags))


def damaged(folder):
    look = scene("damaged")
    whole = camera_jpeg(look, exif(CANON, "2012-09-09T10:11:12.13", look.size))
    put(folder, "IMG_0119.JPG", whole[: len(whole) // 2])
    put(folder, "IMG_0120.JPG", b"What a card's rescue program left.\n" * 40)


def alone(folder):
    put(folder, "IMG_0121.AAE", sidecars.aae(sidecars.USER))


def takeout(folder):
    put(folder, "metadata.json", b'{"title": "Harbour", "access": "protected"}\n')


MAKERS = {
    make.__name__.replace("_", "-"): make
    for make in (
        exported, live, edited, copied, captioned, sent, library, burst, bracket, level, level_too,
        received, between, reset, damaged, alone, takeout,
    )
}  # fmt: skip


# ---------------------------------------------------------------------------- what is said


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A function that gives what `explain` prints about a file of the library."""
    home = tmp_path_factory.mktemp("explain")
    root = home / "photos"
    for name, make in MAKERS.items():
        make(root / name)
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}

    def run(*words, codes=(DONE,)):
        command = [sys.executable, "-m", "mediafs", "--catalog", str(home / "catalog.db"), *words]
        ran = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
        assert ran.returncode in codes, ran.stderr
        return ran.stdout

    run("index", "--quiet", str(root), codes=(DONE_WITH_FAILURES,))
    run("decide", "--quiet", "--original", str(root / CASES["decided"]))
    run("check")
    return lambda name: normal(run("explain", str(root / name)), home)


def normal(said, home):
    """Without what another machine or another version of an encoder would say otherwise."""
    said = said.replace(f"{home}/", "/home/ann/")
    said = re.sub(r"(?m)^(  [> ] .{14} ) *[\d.]+ (?:[kM]?B|bytes)  ", r"\1   <size>  ", said)
    said = re.sub(r"-[0-9a-f]{8}(?=\.\w+$)", "-<digest>", said, flags=re.MULTILINE)
    said = re.sub(r"shot \d{5,}", "shot <number>", said)
    said = re.sub(r"differ(ence|ent) [\d.]+ of", r"differ\1 <n> of", said)
    return re.sub(r"\b\d+ bytes|\bbytes? \d{3,}|\bends at \d{3,}", "<bytes>", said)


@pytest.mark.parametrize("case", CASES)
def test_explain_says_of_a_file_what_it_is_why_and_what_would_change_it(ask, case):
    golden = GOLDEN / f"{case}.txt"

    said = ask(CASES[case])
    if os.environ.get(WRITE):
        golden.write_text(said, "utf-8")
        pytest.skip(f"{golden.name} was written anew; read it")
    assert said == golden.read_text("utf-8")


def test_no_golden_file_is_left_that_nothing_is_held_against():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)
