"""One pass over a file: digests, sample, type, damage, and reads that tear."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

from indexer.model import Damage, Kind
from indexer.read import decode
from indexer.read.limits import Limits
from indexer.read.once import CHUNK_BYTES, SAMPLE_BYTES, TornRead, read_once

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "media"

# TRUTH.md "Damaged", as far as the bytes can tell: pillars-1024x1024.jpg is a whole file
# that shows half a picture, and badimage.jpeg is a sound picture behind broken metadata.
DECODABLE = {"broken.jpg", "endless_loop.jpg", "bad-exif.jpg", "pillars-1024x1024.jpg"}
DAMAGED_ELSEWHERE = {
    "formats/nom-exif/motion_photo_pixel_synth.jpg",
    "formats/nom-exif/sony-a7-xavc.MP4",
    "near-duplicates/imagededup/mixed_images/ukbench09268_corrupt.jpg",
    "raw/bep/sample.arw",
    "raw/bep/sample.cr2",
    "raw/bep/sample.dng",
    "raw/bep/sample.nef",
}


def jpeg(size=(320, 240)):
    rng = np.random.default_rng(1)
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


@contextmanager
def handle(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def reading(path, name=None, *, decoders=decode, limits=Limits(), **hooks):  # noqa: B008 - frozen
    with handle(path) as fd:
        return read_once(fd, name or os.fsencode(path.name), limits, decoders=decoders, **hooks)


def written(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_picture_gives_everything_in_one_reading(tmp_path):
    data = jpeg()

    found = reading(written(tmp_path, "a.jpg", data))

    assert found.blake3 == blake3(data).digest()
    assert (found.size, found.mime, found.kind) == (len(data), "image/jpeg", Kind.PICTURE)
    assert (found.picture.width, found.picture.height) == (320, 240)
    assert found.damage is None
    assert len(found.payload) == 32


@pytest.mark.parametrize(
    "size",
    [
        *(0, 1, SAMPLE_BYTES - 1, SAMPLE_BYTES, SAMPLE_BYTES + 1, 2 * SAMPLE_BYTES),
        *(CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + SAMPLE_BYTES // 2),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_digest_and_sample_are_those_of_the_bytes(tmp_path, size, held):
    body = np.random.default_rng(size).bytes(size)
    data = (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + body)[:size] if held else body

    found = reading(written(tmp_path, "a", data), decoders=None)

    stated = data[:SAMPLE_BYTES] + (data[-SAMPLE_BYTES:]) + size.to_bytes(8, "little")
    assert found.blake3 == blake3(data).digest()
    assert found.sample == blake3(stated).digest()
    assert found.size == size


def test_a_picture_too_large_to_hold_is_hashed_all_the_same(tmp_path):
    data = jpeg((2000, 1500))

    found = reading(written(tmp_path, "a.jpg", data), limits=Limits(whole_bytes=1000))

    assert found.blake3 == blake3(data).digest()
    assert (found.kind, found.picture, found.damage) == (Kind.PICTURE, None, None)


def test_an_empty_file_is_empty(tmp_path):
    found = reading(written(tmp_path, "a.jpg", b""))

    assert (found.damage, found.size) == (Damage.EMPTY, 0)


def test_a_name_that_promises_a_picture_over_other_bytes_is_undecodable(tmp_path):
    found = reading(written(tmp_path, "a.jpg", b"\x01\x02\x03\x04" * 100))

    assert found.damage is Damage.UNDECODABLE
    assert found.damage_says
    assert found.blake3 == blake3(b"\x01\x02\x03\x04" * 100).digest()


def test_a_text_that_promises_nothing_is_no_damage(tmp_path):
    found = reading(written(tmp_path, "notes.txt", b"shopping\n"))

    assert (found.kind in (Kind.OTHER, Kind.SIDECAR), found.damage) == (True, None)


def test_a_cut_picture_keeps_digest_picture_and_says_so(tmp_path):
    data = jpeg()[:-500]

    found = reading(written(tmp_path, "a.jpg", data))

    assert found.damage is Damage.TRUNCATED
    assert "truncated" in found.damage_says
    assert found.picture.width == 320
    assert found.blake3 == blake3(data).digest()


def test_without_decoders_there_is_a_digest_and_no_damage(tmp_path):
    found = reading(written(tmp_path, "a.jpg", jpeg()[:-500]), decoders=None)

    assert (found.kind, found.picture, found.damage) == (Kind.PICTURE, None, None)


def test_bytes_are_told_as_they_go_by(tmp_path):
    told = []

    reading(written(tmp_path, "a", b"x" * (2 * CHUNK_BYTES + 5)), on_bytes=told.append)

    assert told == [CHUNK_BYTES, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 5]


def test_what_is_held_of_a_file_is_told_before_it_is(tmp_path):
    picture, film = jpeg(), b"\0\0\0\x14ftypisom\0\0\2\0isom" + bytes(2 * CHUNK_BYTES)
    told = []

    reading(written(tmp_path, "a.jpg", picture), on_held=told.append)
    reading(written(tmp_path, "a.mp4", film), on_held=told.append)

    assert told == [len(picture), 0]


def test_decoding_is_announced_only_for_media(tmp_path):
    told = []

    reading(written(tmp_path, "a.txt", b"words\n"), on_decode=lambda _: told.append("text"))
    reading(written(tmp_path, "a.jpg", jpeg()), on_decode=lambda _: told.append("picture"))

    assert told == ["picture"]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"other bytes, of another length"),
        lambda path: os.truncate(path, 10),
        lambda path: os.utime(path, ns=(0, 5)),
        lambda path: path.chmod(0o600),
    ],
    ids=["written", "cut", "dated", "ctime alone"],
)
def test_a_file_that_changes_meanwhile_is_torn(tmp_path, change):
    path = written(tmp_path, "a.jpg", jpeg())
    path.chmod(0o644)

    with pytest.raises(TornRead):
        reading(path, on_decode=lambda _: change(path))


def test_a_file_that_shrinks_under_the_pass_is_torn(tmp_path):
    path = written(tmp_path, "a", b"x" * (3 * CHUNK_BYTES))

    with pytest.raises(TornRead):
        reading(path, on_bytes=lambda _: os.truncate(path, CHUNK_BYTES))


def test_a_renamed_file_is_not_torn_where_only_the_name_changed(tmp_path):
    path = written(tmp_path, "a.jpg", jpeg())
    with handle(path) as fd:
        assert read_once(fd, b"a.jpg", Limits(), decoders=decode).damage is None
        assert os.lseek(fd, 0, os.SEEK_SET) == 0  # the handle is still open for the caller


def corpus_files():
    if not CORPUS.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the corpus is not here"))]
    return [
        pytest.param(path, id=str(path.relative_to(CORPUS)))
        for path in sorted(CORPUS.rglob("*"))
        if path.is_file()
    ]


def is_damaged_in_truth(path):
    relative = path.relative_to(CORPUS)
    if relative.parts[0] == "corrupt":
        return path.name not in DECODABLE
    return str(relative) in DAMAGED_ELSEWHERE


@pytest.mark.parametrize("path", corpus_files())
def test_a_corpus_file_has_its_digest_and_the_damage_that_is_true(path):
    found = reading(path)

    assert found.blake3 == blake3(path.read_bytes()).digest()
    assert found.size == path.stat().st_size
    assert (found.damage is not None) == is_damaged_in_truth(path), found.damage_says
    assert (found.damage is None) == (found.damage_says is None)
