"""What ExifTool is asked for, and its answers as they are read."""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO

import pytest
from fake_exiftool import needs_exiftool
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from indexer.metadata.exiftool import Answer
from indexer.metadata.exiftool_words import parse
from indexer.originals.libjpeg import quality_of


def test_numbers_keep_their_text():
    assert parse(b'[{"a": 12e5, "b": 16.10}]') == [{"a": "12e5", "b": "16.10"}]


def test_undecodable_values_become_surrogates():
    assert parse(b'[{"a": "\xff"}]') == [{"a": "\udcff"}]


def test_of_equal_keys_the_first_counts():
    assert parse(b'[{"a": "1", "b": "2", "a": "3"}]') == [{"a": "1", "b": "2"}]


def test_the_order_of_keys_is_kept():
    [found] = parse(b'[{"b": "1", "a": "2", "b": "3"}]')

    assert list(found) == ["b", "a"]


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"[", b"nonsense"])
def test_what_is_no_list_of_objects_is_refused(text):
    with pytest.raises(ValueError):
        parse(text)


@given(text=st.binary(max_size=200))
def test_any_output_is_parsed_or_refused(text):
    with suppress(ValueError):
        assert isinstance(parse(text), list)


# ---------------------------------------------------------------------------- asked for


def jpeg(first: str) -> bytes:
    """A small JPEG whose Exif or JFIF header stands first."""
    picture, exif = Image.new("RGB", (16, 16), "teal"), Image.Exif()
    exif[0x010F] = "Maker"
    out = BytesIO()
    picture.save(out, "jpeg", exif=exif, quality=75)
    whole = out.getvalue()
    jfif, rest = whole[2:20], whole[20:]
    length = 2 + int.from_bytes(rest[2:4], "big")
    segments = (jfif + rest[:length]) if first == "jfif" else (rest[:length] + jfif)
    return whole[:2] + segments + rest[length:]


@needs_exiftool
@pytest.mark.parametrize("first", ["exif", "jfif"])
def test_tags_come_in_the_order_of_the_file(exiftool_session, tmp_path, first):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(first))

    [answer] = exiftool_session.ask([os.fsencode(path)])
    keys = list(answer.raw)
    is_exif_first = keys.index("IFD0:Make") < keys.index("JFIF:JFIFVersion")
    assert is_exif_first is (first == "exif")


@needs_exiftool
def test_a_jpegs_tables_are_told(exiftool_session, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg("jfif"))

    [answer] = exiftool_session.ask([os.fsencode(path)])
    assert answer.raw["File:JPEGQualityEstimate"] == "75"
    assert quality_of(answer.raw["File:JPEGDigest"]) == 75


@needs_exiftool
def test_every_corpus_file_is_answered(exiftool_session, corpus):
    files = sorted(os.fsencode(path) for path in corpus.rglob("*") if path.is_file())
    answers = exiftool_session.ask(files)

    assert [answer for answer in answers if answer.failure] == []
    assert all(
        answer.raw["SourceFile"].encode("utf-8", "surrogateescape") == path
        for path, answer in zip(files, answers, strict=True)
    )
    assert exiftool_session.ask(files[:1]) == [Answer(answers[0].raw, None)]
