"""What the first cue of subtitles tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.metadata.subtitles import FIRST_CUE, subtitle_tags
from indexer.metadata.tags import tags_from_json

HEAD = b"1\r\n00:00:00,000 --> 00:00:00,033\r\n"
NEXT = b"\r\n\r\n2\r\n00:00:00,033 --> 00:00:00,066\r\nlater\r\n"


def test_the_first_cue_is_kept_and_no_other():
    assert subtitle_tags(HEAD + b"2022.06.21 16:06:17\r\nGPS(36.6,-6.1,0.0M)" + NEXT) == {
        FIRST_CUE: "2022.06.21 16:06:17\r\nGPS(36.6,-6.1,0.0M)"
    }


def test_a_byte_order_mark_is_no_text():
    assert subtitle_tags(b"\xef\xbb\xbf" + HEAD + b"home" + NEXT) == {FIRST_CUE: "home"}


@pytest.mark.parametrize("word", [b"longitude", b"longtitude"])
def test_the_place_is_read_where_it_is_named(word):
    cue = b"2022-08-07 13:40:40,774,808\n[iso : 100] [latitude: -41.424724] [%b: 2.234156]" % word

    tags = tags_from_json(subtitle_tags(HEAD + cue + NEXT))

    assert (tags.latitude, tags.longitude) == (-41.424724, 2.234156)
    assert tags.all[FIRST_CUE].startswith("2022-08-07 13:40:40,774,808")


@pytest.mark.parametrize(
    "text", [b"", HEAD, HEAD + b"\r\n\r\n", b"2023-02-16 17:20:30", b"\xff\xfe1\0\n\0"]
)
def test_what_is_no_cue_tells_nothing(text):
    assert subtitle_tags(text) == {}


def test_a_cue_of_any_length_is_short_enough_to_be_kept():
    tags = tags_from_json(subtitle_tags(HEAD + b"x" * 60_000))

    assert tags.all[FIRST_CUE] == "x" * 900


@given(st.binary(max_size=200) | st.binary(max_size=200).map(HEAD.__add__))
def test_no_bytes_are_too_wild(head):
    assert isinstance(subtitle_tags(head), dict)
