"""What takes bytes or words from strangers and is not a decoder: it answers, whatever they are.

Each answer costs a number of steps that the size of the file bounds: steps are lines of our own
code, counted. MEDIAFS_FUZZ=100 tries a hundred times as many files.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
from functools import partial

import pytest
from fuzz.hostile import SOUND, TRAPS, boundaries, sound, spoiled, trap

from indexer.capture_time.names import date_in_name
from indexer.grouping import names as families
from indexer.metadata.file_types import claims_media
from indexer.metadata.sniff import sniff
from indexer.metadata.subtitles import subtitle_tags
from indexer.metadata.tags import tags_from_json
from indexer.read.payload import payload_of, payload_of_stream, tail_of
from indexer.read.wholeness import broken_segment, missing_end
from mediafs.views.names import LONGEST_BYTES, legal, split

TIMES = int(os.environ.get("MEDIAFS_FUZZ", "1"))
SEED = int(os.environ.get("MEDIAFS_FUZZ_SEED", "1"))

# Lines of our code: a look at each box of a file of 100 KB costs some 30 for each 8 bytes.
FREE, EACH_BYTE = 50_000, 40


class TooLong(Exception):
    pass


def steps(call, most):
    """How many lines of ours a call runs; TooLong beyond the most."""
    count = 0

    def line(frame, event, _):
        nonlocal count
        count += event == "line"
        if count > most:
            raise TooLong(f"{frame.f_code.co_filename}:{frame.f_lineno}")
        return line

    def scope(frame, event, argument):
        name = frame.f_code.co_filename
        return line if "/indexer/" in name or "/mediafs/" in name else None

    before = sys.gettrace()
    sys.settrace(scope)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def ask_all(data, name):
    """Every parser of ours that is given the bytes of a file."""
    sniffed = sniff(data[:65_536], name.encode())
    most = FREE + EACH_BYTE * len(data)
    for call in (
        lambda: sniff(data[:65_536], name.encode()),
        lambda: payload_of(data, sniffed),
        lambda: payload_of_stream(io.BytesIO(data), len(data), sniffed),
        lambda: tail_of(data, sniffed),
        lambda: missing_end(io.BytesIO(data)),
        lambda: broken_segment(io.BytesIO(data)),
        lambda: subtitle_tags(data[:65_536]),
    ):
        steps(call, most)


@pytest.mark.parametrize("name", SOUND)
def test_spoiled_files_are_answered_in_few_steps(name):
    data = sound(name)
    for number in range(12 * TIMES):
        rng = random.Random(f"{SEED} {name} {number}")
        ask_all(spoiled(data, rng), name)


@pytest.mark.parametrize("name", SOUND)
def test_files_that_end_at_a_boundary_are_answered(name):
    data = sound(name)
    for end in boundaries(data)[: 40 * TIMES]:
        ask_all(data[:end], name)
        ask_all(data[: end + 4], name)


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_answered_in_few_steps(name):
    ask_all(trap(name), name)


def test_a_promise_of_samples_costs_no_steps():
    promised, kept = trap("samples.mov"), sound("a.mov")
    sniffed = sniff(kept, b"a.mov")

    most = steps(lambda: payload_of(kept, sniffed), 10**6)
    assert most > 100
    assert steps(lambda: payload_of(promised, sniffed), 10**6) <= 2 * most


# ---------------------------------------------------------------------------- words

KEYS = (
    "IFD0:Make", "IFD0:Model", "ExifIFD:DateTimeOriginal", "GPS:GPSLatitude", "GPS:GPSLatitudeRef",
    "GPS:GPSLongitude", "Keys:GPSCoordinates", "ExifIFD:ExifImageWidth", "Apple:ContentIdentifier",
    "XMP-xmpMM:DerivedFrom", "ExifTool:Warning", "File:Comment", "MakerNotes:Any", ":", "", "a:b:c",
)  # fmt: skip


def wild(rng, depth=0):
    """A value as it might stand in an answer of ExifTool's that went wrong."""
    match rng.randrange(12 if depth < 3 else 9):
        case 0:
            return rng.choice(("", " ", "\0", "\0" * 50, "\ud800", "\x1b[2J", "\u202e", "-", "0"))
        case 1:
            return rng.choice((0, -1, 2**63, 10**400, -(10**18)))
        case 2:
            return rng.choice((float("inf"), float("nan"), -0.0, 1e308))
        case 3:
            return rng.choice((True, False, None))
        case 4:
            return "9" * rng.choice((1, 9, 10, 400, 5000))
        case 5:
            return rng.choice(("90.0000001", "-91", "180 180", "+41.1 -181 x", "0 0", "1e9", "١٢"))
        case 6:
            return "x" * rng.choice((1, 999, 1001, 70_000))
        case 7:
            return rng.choice(("0000:00:00 00:00:00", "2019:13:45 25:61:61", "    :  :     :  :  "))
        case 8:
            return rng.choice(
                ("(Binary data 9999999999 bytes)", "00000000-0000-0000-0000-000000000000")
            )
        case 9:
            return [wild(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 10:
            return {f"k{n}": wild(rng, depth + 1) for n in range(rng.randrange(4))}
        case _:
            return "\u0130" * rng.randrange(300)


def test_wild_answers_of_exiftool_become_tags():
    for number in range(300 * TIMES):
        rng = random.Random(f"{SEED} tags {number}")
        tags = tags_from_json({key: wild(rng) for key in KEYS if rng.random() < 0.7})

        json.dumps(tags.all)
        assert tags.latitude is None or abs(tags.latitude) <= 90
        assert tags.longitude is None or abs(tags.longitude) <= 180
        assert tags.exif_width is None or 0 < tags.exif_width < 2**31


def test_an_answer_of_exiftool_may_be_as_deep_as_json_goes():
    value = json.loads("[" * 500 + '"x"' + "]" * 500)

    assert tags_from_json({"IFD0:Make": value, "IFD0:Model": "sound"}).model == "sound"


PIECES = (
    "IMG_", "DSC", "2019", "20190714", "_160211", "-WA0001", "Screenshot", " (1)", "9999", "0000",
    "..", " ", "-", "_", "\ud8ff", "١٩", "Ⅷ", "\u0130", "é", "e\u0301", "\0", "\n", "CON", "nul .",
    "PXL_", ".MP", ".jpg", "~", "1" * 300, "\U0001f4f7", "\u202e", "/", "\\", ":", "signal-", "@",
)  # fmt: skip


NAME_PARSERS = (
    date_in_name, families.family, families.folded, families.bare, families.edit_base,
    families.is_copy_name, families.chapter, families.is_proxy_name, families.proxy_stems,
)  # fmt: skip


def test_wild_names_are_names():
    for number in range(1500 * TIMES):
        rng = random.Random(f"{SEED} names {number}")
        name = "".join(rng.choice(PIECES) for _ in range(rng.randrange(12)))

        raw = name.encode("utf-8", "surrogatepass")
        claims_media(raw)
        sniff(b"\xff\xd8\xff", raw)
        for tell in NAME_PARSERS:
            steps(partial(tell, name), FREE)
        assert 0 < len(legal(name).encode("utf-8")) <= LONGEST_BYTES
        assert "".join(split(name, "jpg")).endswith((".jpg", ".JPG"))
