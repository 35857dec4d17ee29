"""The first cue of a film's subtitles, as tags: drones keep their flight in them.

ExifTool 12.57 takes an SRT for plain text. What the cue's clock means is for
capture_time/sidecar_times.py.
"""

from __future__ import annotations

import re
from typing import Final

FIRST_CUE: Final = "SRT:FirstCue"

# Longer than any drone's cue (500 characters or so), shorter than what tags.py keeps.
_LONGEST: Final = 900
_SPAN: Final = re.compile(r"\ufeff?\s*\d*\s*\d\d:\d\d:\d\d[,.]\d{3}\s*-->[^\n]*\n", re.ASCII)
_CUE_END: Final = re.compile(r"\r?\n[ \t]*\r?\n")
# Newer DJI: [latitude: 41.424724] [longitude: 2.234156], once misspelled. Older ones write
# GPS(a,b,c), some latitude first, some longitude: not to be read.
_PLACE: Final = re.compile(
    r"\[latitude\s*:\s*(?P<latitude>-?\d{1,2}\.\d+)\]\s*"
    r"\[longt?itude\s*:\s*(?P<longitude>-?\d{1,3}\.\d+)\]",
    re.ASCII,
)


def subtitle_tags(head: bytes) -> dict[str, object]:
    """Tags of an SRT file from its first bytes, keyed like ExifTool's; {} for other texts."""
    text = head.decode("utf-8", "replace")
    span = _SPAN.match(text)
    if not span:
        return {}
    cue = _CUE_END.split(text[span.end() :], maxsplit=1)[0].strip()[:_LONGEST]
    if not cue:
        return {}
    found = _PLACE.search(cue)
    if not found:
        return {FIRST_CUE: cue}
    latitude, longitude = found["latitude"], found["longitude"]
    return {FIRST_CUE: cue, "GPS:GPSLatitude": latitude, "GPS:GPSLongitude": longitude}
