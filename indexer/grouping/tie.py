"""What can tie two subjects: the kinds of keys under which they meet.

Whatever ties two subjects by an edge, or puts their shots into one set, they share a key. So
whoever shares no key with what is new need not be looked at again. Which keys a subject has is
told where the ties are made; keys.py gathers them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

# Blocks larger than these are a tag, a name or a clock that does not identify anything.
LARGEST_BLOCK: Final = 50
LARGEST_PLACE: Final = 120  # relatives of one name in one folder
LARGEST_SECOND: Final = 120  # frames of one second with their copies; more is a clock that stands


class Tie(IntEnum):
    """What a key is made of; the numbers are stored."""

    PAYLOAD = 0
    PIXELS = 1
    ASSET = 2
    LIVE = 3
    MOTION_FILM = 4
    DOCUMENT = 5
    RAW_NAME = 6
    UNIQUE_ID = 7
    COUNT = 8
    SECOND = 9
    ROUNDED_SECOND = 10
    STILLS_OF_PLACE = 11
    PRESSES_OF_PLACE = 12
    APPLES_OF_PLACE = 13
    SHIFTED = 14
    RECORDING = 15
    PROXY = 16
    # These tie shots into sets, not subjects into shots.
    BRACKET = 17
    CHAPTER = 18


SETS: Final = frozenset({Tie.BRACKET, Tie.CHAPTER})

LARGEST: Final = {
    Tie.LIVE: LARGEST_BLOCK,
    Tie.UNIQUE_ID: LARGEST_BLOCK,
    Tie.COUNT: LARGEST_BLOCK,
    Tie.RECORDING: LARGEST_BLOCK,
    Tie.SECOND: LARGEST_SECOND,
    Tie.ROUNDED_SECOND: LARGEST_SECOND,
    Tie.STILLS_OF_PLACE: LARGEST_PLACE,
    Tie.PRESSES_OF_PLACE: LARGEST_PLACE,
    Tie.APPLES_OF_PLACE: LARGEST_PLACE,
}

Key = tuple[Tie, object]  # the second part compares equal exactly where the tie may be
