"""Bytes, text, and what a terminal may show."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.paths import display, fold, join, to_bytes, to_str


@pytest.mark.parametrize(
    "name", [b"a.jpg", b"caf\xc3\xa9", b"caf\xe9", b"\xff\n", bytes(range(1, 256))]
)
def test_bytes_come_back_from_text_unchanged(name):
    assert to_bytes(to_str(name)) == name


def test_a_path_is_as_good_as_its_text():
    assert to_bytes(Path("/a/é")) == "/a/é".encode()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/a/b.jpg", "/a/b.jpg"),
        ("/a/é", "/a/é"),
        (b"a\nb", r"a\nb"),
        (b"\x1b[2J", r"\x1b[2J"),
        (b"caf\xe9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("a\u202eb", r"a\u202eb"),
    ],
)
def test_what_is_shown_is_one_printable_line(path, shown):
    assert display(path) == shown


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ((b"/", b"a"), b"/a"),
        ((b"/r", b"", b"a"), b"/r/a"),
        ((b"", b"a"), b"a"),
        ((b"", b""), b""),
        ((b"/", b"a", b"b"), b"/a/b"),
    ],
)
def test_pieces_are_joined_with_one_slash(parts, joined):
    assert join(*parts) == joined


@pytest.mark.parametrize(
    ("one", "other"),
    [("IMG.JPG", "img.jpg"), ("é", "e\u0301"), ("STRASSE", "straße"), ("Ω", "\u2126")],
)
def test_two_spellings_of_one_name_fold_alike(one, other):
    assert fold(to_bytes(one)) == fold(to_bytes(other))


def test_bytes_that_are_no_text_stand_for_themselves():
    assert fold(b"\xe9A") == b"\xe9a"
