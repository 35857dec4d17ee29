"""What speaks against two stills being one press of the shutter, as a clause.

Pure. Bytes and picture data prove whatever stands here; everything weaker gives way.
Sources: ORIGINALS.md section 2.3.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from indexer.model import Kind

if TYPE_CHECKING:
    from indexer.capture_time.moment import Moment
    from indexer.grouping.subject import Subject

# The same tag must differ: RAW and JPEG of one camera spell one serial in several ways.
_SERIALS = (
    *("ExifIFD:SerialNumber", "IFD0:CameraSerialNumber", "Canon:SerialNumber"),
    *("Nikon:SerialNumber", "Olympus:SerialNumber", "Panasonic:InternalSerialNumber"),
    *("FujiFilm:InternalSerialNumber", "Pentax:SerialNumber", "Sony:InternalSerialNumber"),
)
# What cameras count up with every frame; zero is no count.
COUNTERS = (
    *("Nikon:ShutterCount", "Canon:FileNumber", "ExifIFD:ImageNumber", "Canon:FileIndex"),
    *("Olympus:ImageCount", "Pentax:FrameNumber", "Sony:ShutterCount"),
)
# Places within a sequence: they part its frames, and repeat in every other one.
_PLACES = ("Panasonic:SequenceNumber", "Sony:SequenceImageNumber", "FujiFilm:SequenceNumber")
# A third of a stop is 26 %; what programs round is less.
_EXPOSURE = (("ExifIFD:ExposureTime", 0.1), ("ExifIFD:FNumber", 0.05), ("ExifIFD:ISO", 0.1))
_COMPENSATION = "ExifIFD:ExposureCompensation"
_STEP_EV = 0.2
HDR = "Apple:HDRImageType"  # 3: the HDR picture, 4: the one kept beside it
_RUN_TIME = "Apple:RunTimeValue"  # nanoseconds since the phone was started
_RUN_TIME_SLACK_NS = 10_000_000

QUARTER_MIN = 15
# Cameras date the second file of a press when they write it (ORIGINALS 2.1).
RAW_SLACK = timedelta(seconds=1)
# Phones name a file when they have saved it, a moment after the exposure.
_NAMED_SLACK = timedelta(seconds=5)
_SHIFT_SLACK = timedelta(seconds=2)

_NUMBER = re.compile(r"\d+")
_LONG_NUMBER = re.compile(r"[a-z_ -].*\d{3}|\d{3}.*[a-z_ -]")  # not a number alone
_SAMSUNG_BURST = re.compile(r"\d{8}_\d{6}_\d{3}")  # beside the same name without the last part
# Messengers and browsers count what they receive, not what was taken.
_RECEIVED = re.compile(
    r".*-wa\d+$|\d+_\d+_\d+_[no]$|(?:signal|whatsapp|photo_|fb_img|received|image|images|download|unnamed)"
)


def contradiction(a: Subject, b: Subject) -> str | None:
    """A clause why two stills can't be one press of the shutter; None: nothing against it."""
    if are_of_other_cameras(a, b):
        return "different cameras took them"
    if any(_differ(a, b, tag) for tag in _SERIALS):
        return "cameras with different serial numbers took them"
    if any(_differ(a, b, tag) for tag in (*COUNTERS, *_PLACES)):
        return "the camera counted them as different frames"
    if _differ(a, b, HDR):
        return "one is the HDR picture, the other the one kept beside it"
    # RAW and its companion may be stamped a moment apart (ORIGINALS 2.3).
    is_pair = is_raw_pair(a, b)
    if not is_pair and _differ_in_fraction(a, b):
        return "the camera gave them different fractions of the second"
    if not is_pair and _run_apart(a, b):
        return "the phone's own clock tells them apart"
    if a.tags.burst_uuid and a.tags.burst_uuid == b.tags.burst_uuid and are_numbered_apart(a, b):
        return "they are different frames of one burst"
    if _is_exposed_otherwise(a, b):
        return "they were exposed differently, as the frames of a bracket are"
    return None


def are_of_other_cameras(a: Subject, b: Subject) -> bool:
    """Whether both name their camera, and not the same; a maker alone is half a name."""
    if a.tags.model and b.tags.model:
        return a.camera != b.camera
    makes = [(s.tags.make or "").casefold().split() for s in (a, b)]
    return bool(makes[0] and makes[1]) and makes[0][0] != makes[1][0]


def at_other_time(a: Subject, b: Subject) -> bool:
    """Whether both tell a time, and no zone explains the difference."""
    one, other = a.told_time, b.told_time
    if not one or not other or not one.has_time or not other.has_time:
        return False
    return abs(one.clock - other.clock) > _slack(a, b) and not is_zone_shift(one, other)


def _slack(a: Subject, b: Subject) -> timedelta:
    """How far the clocks of one press may be apart."""
    if not a.own_time or not b.own_time:
        return _NAMED_SLACK
    if is_raw_pair(a, b):
        return RAW_SLACK
    # A program that drops the fraction may round the second up.
    rounds = bool(a.own_time.fraction) != bool(b.own_time.fraction)
    return timedelta(seconds=1) if rounds else timedelta(0)


def is_raw_pair(a: Subject, b: Subject) -> bool:
    """Whether one is RAW and the other not: the two files of one press, if anything is."""
    return (a.fact.kind is Kind.RAW) != (b.fact.kind is Kind.RAW)


def is_zone_shift(one: Moment, other: Moment) -> bool:
    """Whether the clocks differ by whole quarters of an hour, as two zones do."""
    shift = abs(one.clock - other.clock)
    if not timedelta(minutes=QUARTER_MIN) - _SHIFT_SLACK <= shift <= timedelta(hours=26):
        return False
    rest = shift % timedelta(minutes=QUARTER_MIN)
    return rest <= _SHIFT_SLACK or timedelta(minutes=QUARTER_MIN) - rest <= _SHIFT_SLACK


def are_numbered_apart(a: Subject, b: Subject) -> bool:
    """Whether both have names that one device counts up, and the counts differ."""
    alike = [(one, other) for one in a.stems for other in b.stems if _are_of_one_series(one, other)]
    return bool(alike) and all(one != other for one, other in alike)


def _are_of_one_series(one: str, other: str) -> bool:
    if _RECEIVED.match(one) or _RECEIVED.match(other):
        return False
    if {bool(_SAMSUNG_BURST.fullmatch(s)) for s in (one, other)} == {True, False}:
        shorter, longer = sorted((one, other), key=len)
        return longer.startswith(shorter)
    return bool(_LONG_NUMBER.search(one)) and _NUMBER.sub("#", one) == _NUMBER.sub("#", other)


def _differ(a: Subject, b: Subject, tag: str) -> bool:
    one, other = count(a, tag), count(b, tag)
    return bool(one and other and one != other)


def count(subject: Subject, tag: str) -> str:
    """A number that identifies, as it is compared: without blanks and leading zeros; "" if none."""
    return subject.tags.all.get(tag, "").strip().lstrip("0").strip()


def _differ_in_fraction(a: Subject, b: Subject) -> bool:
    """Whether both give a fraction and they differ at the coarser precision of the two."""
    if not a.own_time or not b.own_time:
        return False
    one, other = a.own_time.telling_fraction, b.own_time.telling_fraction
    if not one or not other:
        return False
    digits = min(len(one), len(other))
    return one[:digits] != other[:digits]


def _run_apart(a: Subject, b: Subject) -> bool:
    one, other = number(a.tags.all.get(_RUN_TIME)), number(b.tags.all.get(_RUN_TIME))
    return bool(one and other) and abs((one or 0) - (other or 0)) > _RUN_TIME_SLACK_NS


def _is_exposed_otherwise(a: Subject, b: Subject) -> bool:
    for tag, slack in _EXPOSURE:
        one, other = number(a.tags.all.get(tag)), number(b.tags.all.get(tag))
        if one and other and abs(one / other - 1) > slack:
            return True
    one, other = number(a.tags.all.get(_COMPENSATION)), number(b.tags.all.get(_COMPENSATION))
    return one is not None and other is not None and abs(one - other) > _STEP_EV


def number(text: str | None) -> float | None:
    """A tag's value as a number; the first of several; None for anything else."""
    try:
        value = float((text or "").split(";")[0].split()[0])
    except (ValueError, IndexError):
        return None
    return value if math.isfinite(value) else None
