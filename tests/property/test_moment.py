"""Any text may stand where a time should."""

from __future__ import annotations

from datetime import datetime, timedelta

from builders import NOW, camera
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_tags, tags, texts

from indexer.capture_time.clues import clues_of
from indexer.capture_time.moment import (
    OFFSETS_IN_USE,
    Moment,
    iso_offset,
    offset_between,
    parse,
    parse_offset,
)
from indexer.capture_time.resolve import resolve
from indexer.model import FileId, Tags

_OFFSETS = st.none() | st.integers(-14 * 60, 14 * 60)
_FIRST, _LAST = datetime(1826, 1, 2), datetime(9998, 1, 1)  # noqa: DTZ001 - wall clocks
_MOMENTS = st.builds(
    Moment,
    st.datetimes(_FIRST, _LAST).map(lambda d: d.replace(microsecond=0)),
    st.text("0123456789", max_size=9),
    _OFFSETS,
)
# Texts that nearly are times, and times with something else about them.
_NEARLY = st.text("0123456789:-/. TZ+,DSUCPM\0", max_size=30)
_ALMOST = st.builds(
    lambda moment, more, where: f"{moment.iso()}{more}" if where else f"{more}{moment.iso()}",
    _MOMENTS,
    texts(),
    st.booleans(),
)


@given(texts() | _NEARLY | _ALMOST)
def test_no_text_raises(text):
    moment = parse(text)
    parse_offset(text)

    assert moment is None or moment.iso().isascii()


@given(_MOMENTS)
def test_what_is_written_is_read_again(moment):
    assert parse(moment.iso() + (iso_offset(moment.offset_min) or "")) == moment


@given(texts() | _NEARLY | _ALMOST)
def test_what_was_read_is_read_again_the_same(text):
    moment = parse(text)
    if moment is not None:
        assert parse(moment.iso() + (iso_offset(moment.offset_min) or "")) == moment


@given(_MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_another_zone_is_the_same_instant(moment, offset):
    told = moment.at(0) if moment.offset_min is None else moment

    assert told.moved_to(offset).instant() == told.instant()


@given(_MOMENTS, st.sampled_from(sorted(OFFSETS_IN_USE)), st.integers(0, 170))
def test_the_offset_is_found_though_the_satellites_lag(moment, offset, lag_s):
    utc = moment.at(offset).moved_to(0)
    late = Moment(utc.clock - timedelta(seconds=lag_s), offset_min=0)

    assert offset_between(moment, late) == offset


@given(st.lists(any_tags() | tags(), max_size=4), texts())
def test_every_shot_has_a_time_or_a_reason_and_every_clue_a_word(members, name):
    clues = [clues_of(FileId(i), own, name, NOW) for i, own in enumerate(members)]
    time, judged = resolve(clues)

    assert (time.moment is None) == (time.unknown is not None)
    assert len(judged) == sum(map(len, clues))
    assert all(j.says for j in judged)
    assert sum(j.is_used for j in judged) == (time.moment is not None)


@given(texts() | _NEARLY | _ALMOST)
def test_a_time_that_is_used_is_possible(text):
    time, _ = resolve([clues_of(FileId(1), camera(text), "", NOW)])

    assert time.moment is None or 1826 <= time.moment.clock.year <= NOW.year


@given(texts())
def test_a_name_alone_dates_nothing(name):
    time, _ = resolve([clues_of(FileId(1), Tags(), name, NOW)])

    assert time.moment is None
