"""Dates in file names: whose habit of naming it is, in which clock, and what it dates.

Pure: one name in, at most one date out. Whether it is used is for resolve.py, and whether it
lies in the future for clues.py. Facts and false friends: ORIGINALS.md section 1.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from indexer.capture_time.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class NamedDate:
    """What a file name says about time."""

    moment: Moment  # offset 0 where is_utc, else none
    whose: str  # "Pixel", "WhatsApp": whose habit it is to name files so
    is_utc: bool  # the local clock is not known
    is_transfer: bool  # when it was sent or saved, not taken
    is_camera_own: bool  # named by what made the picture: may be used as its time
    says: str  # one clause for a reader: "..., as Pixel phones name their pictures"


class _Dates(Enum):
    """What a pattern's date is the date of."""

    CAPTURE = "capture"  # named by the camera, the phone, or the system that took the screenshot
    TRANSFER = "transfer"  # named by a messenger
    UNSURE = "unsure"  # named by anybody


@dataclass(frozen=True, slots=True)
class Pattern:
    """One habit of naming files."""

    whose: str
    example: str
    form: re.Pattern[str]
    dates: _Dates
    says: str
    is_utc: bool = False


# The digits of a date touch no other digit, in any script.
_END: Final = r"(?!\d)"
# A bare date touches no letter either: those may be a hash's or an identifier's. "+" and "55-"
# in front of it are a telephone number's.
_ALONE: Final = r"(?<![^\W_])(?<!\+)(?<!\d[-.])"
_ALONE_END: Final = r"(?![^\W_])"
_START: Final = r"(?<![^\W_])"  # of a camera's prefix: "IMG_" in "Copy of IMG_2019..." too

# Cameras that name files by date are this century's; people date older pictures too.
_YEAR: Final = r"(?P<year>20[0-9]{2}|199[0-9])"
_ANY_YEAR: Final = r"(?P<year>20[0-9]{2}|19[0-9]{2})"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
_HOUR: Final = r"(?P<hour>[01][0-9]|2[0-3])"
_CLOCK_HOUR: Final = r"(?P<hour>[01]?[0-9]|2[0-3])"  # macOS: 9.05.00 as well
_MINUTE: Final = r"(?P<minute>[0-5][0-9])"
_SECOND: Final = r"(?P<second>[0-5][0-9])"
_MILLIS: Final = r"(?P<fraction>[0-9]{3})"
_HALF: Final = r"(?:[ \u00a0\u202f]?(?P<half>[AP])\.?M\b)?"  # U+202F since macOS 13

_D8: Final = rf"{_YEAR}{_MONTH}{_DAY}"
_T6: Final = rf"{_HOUR}{_MINUTE}{_SECOND}"
_D_DASH: Final = rf"{_YEAR}-{_MONTH}-{_DAY}"
_T_DASH: Final = rf"{_HOUR}-{_MINUTE}-{_SECOND}"
_D_ANY: Final = rf"{_ANY_YEAR}(?P<sep>[-_.]){_MONTH}(?P=sep){_DAY}"
_T_ANY: Final = rf"{_HOUR}(?P<colon>[-_.:]?){_MINUTE}(?P=colon){_SECOND}"

_HANDHELD: Final = (
    r"(?:IMG|VID|MVIMG|PANO|PANORAMA|PORTRAIT|SLOW_MOTION|TIMELAPSE|BURST|LRV|JPEG|RAW|DSC|PIC|MOV)"
)
# What macOS calls a screenshot or a screen recording, by language.
_MACOS: Final = (
    r"(?:Screen ?shot|Screen Recording|Bildschirmfoto|Bildschirmaufnahme|Capture d.[ée]cran"
    r"|Captura de (?:pantalla|ecr[aã]|Tela)|Schermata|Schermafbeelding|Skärmavbild|Skjermbilde"
    r"|Skærmbillede|Näyttökuva|Zrzut ekranu|Снимок экрана|スクリーンショット|屏幕快照|截屏|스크린샷)"
)


def _pattern(
    whose: str, example: str, form: str, dates: _Dates, says: str, *, is_utc: bool = False
) -> Pattern:
    return Pattern(whose, example, re.compile(form, re.IGNORECASE), dates, says, is_utc)


_OWN, _SENT, _UNSURE = _Dates.CAPTURE, _Dates.TRANSFER, _Dates.UNSURE

# The first that fits wins, so the particular stand before the general.
PATTERNS: Final = (
    _pattern("Pixel", "PXL_20230901_220000123.MP.jpg",
             rf"{_START}PXL_{_D8}_{_T6}(?:{_MILLIS})?{_END}",
             _OWN, "as Pixel phones name pictures, in UTC", is_utc=True),
    _pattern("burst", "00100lPORTRAIT_00100_BURST20190216172030123_COVER.jpg",
             rf"BURST{_D8}{_T6}(?:{_MILLIS})?{_END}",
             _OWN, "as Android phones name the frames of a burst"),
    _pattern("burst", "00000IMG_00000_BURST1550337630123_COVER.jpg",
             rf"BURST(?P<epoch_ms>[0-9]{{13}}){_END}",
             _OWN, "as Android phones count the frames of a burst, in UTC", is_utc=True),
    _pattern("WhatsApp", "IMG-20200105-WA0003.jpg",
             rf"{_START}(?:IMG|VID|AUD|PTT|STK|DOC)-{_D8}-WA[0-9]+",
             _SENT, "when WhatsApp received it"),
    _pattern("WhatsApp", "WhatsApp Image 2020-01-05 at 17.20.30 (1).jpeg",
             rf"{_START}WhatsApp \w+ {_D_DASH} at {_CLOCK_HOUR}\.{_MINUTE}\.{_SECOND}{_END}{_HALF}",
             _SENT, "when WhatsApp received it"),
    _pattern("Signal", "signal-2019-02-16-172030.jpg",
             rf"{_START}signal-(?:attachment-)?{_D_DASH}-{_T6}{_END}",
             _SENT, "when Signal saved it"),
    _pattern("Signal", "signal-2021-05-12-10-33-41-123.jpg",
             rf"{_START}signal-(?:attachment-)?{_D_DASH}-{_T_DASH}(?:-{_MILLIS})?{_END}",
             _SENT, "when Signal saved it"),
    _pattern("Telegram", "photo_2019-02-16_17-20-30.jpg",
             rf"{_START}(?:photo|video|audio|file|animation|telegram)_{_D_DASH}_{_T_DASH}{_END}",
             _SENT, "when Telegram received it"),
    _pattern("Telegram", "photo_12@16-02-2019_17-20-30.jpg",
             rf"{_START}(?:photo|video|audio|file|animation)_[0-9]+@{_DAY}-{_MONTH}-{_YEAR}_{_T_DASH}{_END}",
             _SENT, "when Telegram received it"),
    _pattern("screenshot", "Screenshot_20190216-172030_Chrome.jpg",
             rf"{_START}(?:Screenshot|Screen_Recording|SmartSelect|SVID)_{_D8}[-_]{_T6}{_END}",
             _OWN, "as a phone names its screenshots"),
    _pattern("screenshot", "Screenshot_2019-02-16-17-20-30-123_com.android.chrome.png",
             rf"{_START}(?:Screenshot|Screenrecorder|Record)[-_]{_D_DASH}-{_T_DASH}(?:-{_MILLIS})?{_END}",
             _OWN, "as a phone names its screenshots"),
    _pattern("screenshot", "Screenshot from 2019-02-16 17-20-30.png",
             rf"{_START}Screenshot(?: from)?[ _]{_D_DASH}[ _]{_HOUR}(?P<colon>-?){_MINUTE}(?P=colon){_SECOND}{_END}",
             _OWN, "as a desktop names its screenshots"),
    # Then "at" in the same language: "um", "à", "a las", "om", "kl.", or nothing.
    _pattern("macOS screenshot", "Screenshot 2023-02-16 at 5.20.30\u202fPM.png",
             rf"{_START}{_MACOS} {_D_DASH}(?: [^\W\d]+\.?){{0,2}} {_CLOCK_HOUR}[.:]{_MINUTE}[.:]{_SECOND}{_END}{_HALF}",
             _OWN, "as macOS names its screenshots"),
    _pattern("DJI", "DJI_20230216172030_0001_D.JPG",
             rf"{_START}DJI_{_D8}{_T6}{_END}", _OWN, "as DJI drones name files"),
    _pattern("DJI", "dji_fly_20230216_172030_12_1676567890123_photo.jpg",
             rf"{_START}dji_(?:fly|mimo)_{_D8}_{_T6}{_END}", _OWN, "as DJI's app names files"),
    _pattern("Windows Phone", "WP_20140315_12_30_45_Pro.jpg",
             rf"{_START}WP_{_D8}_{_HOUR}_{_MINUTE}_{_SECOND}{_END}",
             _OWN, "as Windows phones name pictures"),
    _pattern("Windows Phone", "WP_20140315_001.jpg",
             rf"{_START}WP_{_D8}_[0-9]{{3}}{_END}", _OWN, "as Windows phones name pictures"),
    _pattern("Android camera", "IMG_20190216_172030_123.jpg",
             rf"{_START}{_HANDHELD}_{_D8}[-_]{_T6}(?:[-_]?{_MILLIS})?{_END}",
             _OWN, "as phones name pictures"),
    _pattern("Android camera", "IMG20190216172030.jpg",
             rf"{_START}(?:IMG|VID|MVIMG|PANO){_D8}{_T6}{_END}", _OWN, "as phones name pictures"),
    # _nnn is the frame of a burst here, not a thousandth of a second.
    _pattern("Samsung", "20190216_172030_001.jpg",
             rf"^{_D8}_{_T6}{_ALONE_END}", _OWN, "as Samsung phones name pictures"),
    _pattern("dash camera", "2023_0216_172030_0001.MP4",
             rf"^{_YEAR}_{_MONTH}{_DAY}_{_T6}{_END}", _OWN, "as dash cameras name films"),
    _pattern("Nintendo Switch", "2018012611475210-0123456789ABCDEF0123456789ABCDEF.jpg",
             rf"^{_D8}{_T6}[0-9]{{2}}-[0-9A-F]{{32}}{_ALONE_END}",
             _OWN, "as a Nintendo Switch names screenshots"),
    _pattern("Dropbox", "2019-02-16 17.20.30-1.jpg",
             rf"^{_D_DASH} {_HOUR}\.{_MINUTE}\.{_SECOND}{_END}",
             _UNSURE, "as Dropbox names uploads from a camera"),
    _pattern("generic", "holiday 2019-02-16 17-20-30.jpg",
             rf"{_ALONE}{_D_ANY}(?:[_ T-]| at |--){_T_ANY}{_END}",
             _UNSURE, "that stands in the name"),
    _pattern("generic", "holiday 20190216-172030.jpg",
             rf"{_ALONE}{_D8}[-_ T]{_T6}(?:{_MILLIS})?{_ALONE_END}",
             _UNSURE, "that stands in the name"),
    _pattern("generic", "20190216172030.jpg",
             rf"{_ALONE}{_D8}{_T6}(?:{_MILLIS}0?)?{_ALONE_END}",
             _UNSURE, "that stands in the name"),
    _pattern("generic", "wedding 2019.02.16.jpg",
             rf"{_ALONE}{_D_ANY}{_ALONE_END}", _UNSURE, "a day in the name"),
    _pattern("generic", "20190216_wedding.jpg",
             rf"{_ALONE}{_D8}{_ALONE_END}", _UNSURE, "a day in the name"),
)  # fmt: skip

# No pattern has fewer than the eight of a day; most names are counters, and cheap so.
_ENOUGH_DIGITS: Final = re.compile(r"(?:[^0-9]*[0-9]){8}", re.DOTALL)
# Identifiers hold digits that may look like a date; a name with one of Facebook's holds no date.
_FACEBOOK: Final = re.compile(
    r"(?:^|[^\d])[0-9]{4,}_[0-9]{8,}_[0-9]{8,}_[a-z](?![a-z])", re.IGNORECASE
)
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
# What a phone names its pictures by that has never been told the time.
_CLOCK_DEFAULTS: Final = frozenset({date(1970, 1, 1), date(1980, 1, 1), date(2000, 1, 1)})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_BURST_YEAR: Final = 2008  # the first Android phone; earlier milliseconds are some number
_HOURS_OF_HALF: Final = 12
_UNITS: Final = ("year", "month", "day", "hour", "minute", "second")


def date_in_name(name: str) -> NamedDate | None:
    """The date in a file's name by the first pattern that gives a possible one.

    Only a whole year of four digits counts, only digits that touch no others, and neither
    identifiers nor the days that unset clocks show. A date in the future is given as it is.
    """
    if not _ENOUGH_DIGITS.match(name) or _FACEBOOK.search(name):
        return None
    without_ids = _UUID.sub("x", name)
    return next((found for pattern in PATTERNS for found in _found(pattern, without_ids)), None)


def _found(pattern: Pattern, name: str) -> Iterator[NamedDate]:
    for match in pattern.form.finditer(name):
        moment = _moment(match.groupdict())
        if moment is None or moment.clock.date() in _CLOCK_DEFAULTS:
            continue
        yield NamedDate(
            moment=moment.at(0) if pattern.is_utc else moment,
            whose=pattern.whose,
            is_utc=pattern.is_utc,
            is_transfer=pattern.dates is _SENT,
            is_camera_own=pattern.dates is _OWN,
            says=pattern.says,
        )


def _moment(part: dict[str, str | None]) -> Moment | None:
    """The parts of a match as a time; None for a 31st of February."""
    if epoch_ms := part.get("epoch_ms"):
        return _from_epoch(int(epoch_ms))
    year, month, day, hour, minute, second = (int(part.get(word) or 0) for word in _UNITS)
    try:
        clock = datetime(  # noqa: DTZ001 - a wall clock has no zone
            year, month, day, _of_24(hour, part.get("half")), minute, second
        )
    except ValueError:
        return None
    return Moment(clock, part.get("fraction") or "", has_time="hour" in part)


def _of_24(hour: int, half: str | None) -> int:
    """An hour on a clock of 24; 17 PM is 17."""
    if half is None or hour > _HOURS_OF_HALF:
        return hour
    return hour % _HOURS_OF_HALF + (_HOURS_OF_HALF if half in "Pp" else 0)


def _from_epoch(epoch_ms: int) -> Moment | None:
    instant = _EPOCH + timedelta(milliseconds=epoch_ms)
    if instant.year < _FIRST_BURST_YEAR:
        return None
    return Moment(instant.replace(microsecond=0, tzinfo=None), f"{epoch_ms % 1000:03}")
