"""A row that is read back equals the row that was written."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from builders import Catalog, reading, seen
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_readings, any_tags, names

from indexer.catalog import facts, readings
from indexer.model import Film, Fingerprint, Kind, Picture, Reading, Stamp, Tags


def in_catalog(use):
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        try:
            return use(catalog)
        finally:
            catalog.close()


_CONTENT = (
    "SELECT blake3, size, mime, kind, extension, payload, sample, width_px, height_px, orientation,"
    " duration_ms, codec, frame_rate, damage, damage_says, phash, dhash, thumb, sharpness, contrast"
    " FROM content LEFT JOIN fingerprint USING (content_id) WHERE content_id = ?"
)


def read_back(catalog: Catalog, written: Reading) -> Reading:
    """The content's row as the reading that it came from; what is nothing but Nones is None."""
    content = readings.put_content(catalog.db, written)
    *head, width, height, turn, ms, codec, rate, damage, says, p, d, thumb, sharp, contrast = (
        catalog.db.execute(_CONTENT, (content,)).get
    )
    look = None if p is None else Fingerprint(p, d, thumb, sharp, contrast)
    picture = None if width is None else Picture(width, height, turn, look)
    film = None if written.film is None else Film(ms, codec, rate)
    assert film or (ms, codec, rate) == (None, None, None)
    return replace(Reading(*head, picture, film, damage, says), kind=Kind(head[3]))


@given(any_readings())
def test_what_reading_gave_is_kept(written):
    assert in_catalog(lambda catalog: read_back(catalog, written)) == written


@given(any_readings(), any_readings())
def test_reading_again_leaves_nothing_of_what_was_read_before(first, second):
    second = replace(second, blake3=first.blake3, size=first.size)

    def again(catalog: Catalog) -> Reading:
        readings.put_content(catalog.db, first)
        return read_back(catalog, second)

    assert in_catalog(again) == second


def without_surrogates(tags: Tags) -> Tags:
    """SQLite's text has no place for them; the whole answer keeps them, as JSON."""
    return replace(
        tags,
        **{
            word: value.encode("utf-8", "replace").decode("utf-8")
            for word in Tags.__slots__
            if isinstance(value := getattr(tags, word), str)
        },
    )


@given(any_tags())
def test_exiftools_answer_is_kept_whatever_is_in_it(written):
    def back(catalog: Catalog) -> Tags:
        content = readings.put_content(catalog.db, reading())
        readings.put_tags(catalog.db, content, written)
        return readings.all_tags(catalog.db)[content]

    assert in_catalog(back) == without_surrogates(written)


_NUMBERS = st.integers(0, 2**63 - 1)
_STAMPS = st.builds(
    Stamp,
    _NUMBERS,
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.none() | _NUMBERS,
)


@given(st.dictionaries(names(), _STAMPS, min_size=1, max_size=5))
def test_names_of_any_bytes_and_their_stamps_are_kept(stamps):
    def back(catalog: Catalog) -> dict[bytes, Stamp]:
        folder = facts.put_folder(catalog.db, catalog.root(), b"caf\xe9", "walked", None)
        for name, stamp in stamps.items():
            facts.put_file(
                catalog.db, folder, replace(seen(name), stamp=stamp), state="unreadable", says=None,
                content=None, generation=catalog.coming,
            )  # fmt: skip
        return {name: file.stamp for name, file in facts.known_files(catalog.db, folder).items()}

    assert in_catalog(back) == stamps
