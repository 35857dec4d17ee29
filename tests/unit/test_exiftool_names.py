"""Whatever a file is called, ExifTool is asked about that one file and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_exiftool import JPEG, needs_exiftool
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from indexer.metadata.exiftool import ExifToolSession

WILD_NAMES = [
    *(b"-ver", b"-stay_open", b"-", b"@x", b"#[CSTR]x", b"# comment", b"-@", b"-execute"),
    *(b"a\nb.jpg", b"\n", b"\n-ver", b"cr\r", b'$@\n"\\.jpg', b"-ver\n-execute1"),
    *(b" lead", b"trail ", b"\t", b"|a", b"a|", b"<a", b">a", b"&x", b"\xff\xfe.jpg", b"\x85"),
    *(b"*.jpg", b"?", b"[a]", b"{ready0}", b"{said0}", b"%d", b"$HOME", b"DIR", b"x.gz", b"~"),
    *(b"x" * 251 + b".jpg", b"\xff" * 255),
]


@needs_exiftool
@pytest.mark.parametrize("name", WILD_NAMES)
def test_every_legal_name_is_read_as_one_file(exiftool_session, touched, name):
    [answer] = exiftool_session.ask(touched(name))

    assert answer.failure is None
    assert answer.raw["File:Comment"] == "hello"


@needs_exiftool
@given(
    name=st.binary(min_size=1, max_size=255).filter(
        lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
    )
)
@example(name=b"\r\n")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_are_a_name(exiftool_session, tmp_path, name):
    path = os.fsencode(tmp_path) + b"/" + name
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.write(fd, JPEG)
    os.close(fd)
    try:
        [answer] = exiftool_session.ask([path])
    finally:
        Path(os.fsdecode(path)).unlink()

    assert answer.failure is None
    assert answer.raw["File:Comment"] == "hello"


@needs_exiftool
def test_relative_names_are_files_not_options(exiftool_session, touched, tmp_path, monkeypatch):
    touched(b"-ver", b"#x")
    monkeypatch.chdir(tmp_path)
    with ExifToolSession() as here:
        answers = here.ask([b"-ver", b"#x"])

    assert [answer.raw["File:Comment"] for answer in answers] == ["hello", "hello"]


@needs_exiftool
def test_no_link_stays_behind(exiftool_session, touched, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()
    exiftool_session.ask(touched(b"a\nb.jpg"))

    assert list((tmp_path / "links").iterdir()) == []
