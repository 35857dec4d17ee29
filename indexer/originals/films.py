"""What speaks for or against a film as the camera's own.

Pure; ORIGINALS.md section 3.6. Cameras sign their films with private keys and timed metadata;
converters leave their name, or lose what they do not understand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexer.model import Kind
from indexer.originals.device_era import why_no_hevc
from indexer.originals.software import programs_of
from indexer.originals.vote import Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.grouping.subject import Subject
    from indexer.originals.vote import Bench

_CONVERTER: Final = re.compile(
    r"\blav[fc]|ffmpeg|handbrake|shutter encoder|\bx26[45]\b|libx26[45]|imovie|avidemux|"
    r"premiere|media encoder|final cut|davinci|vegas|kdenlive|compressor \d|permute|mencoder",
    re.IGNORECASE,
)
_GOOGLES: Final = "ISO Media file produced by Google"
_CAMERA_KEYS: Final = (
    *("Keys:Model", "Keys:AndroidVersion", "Keys:AndroidMake", "UserData:Model", "QuickTime:Model"),
    *("XML:DeviceModelName", "ItemList:Model"),
)
# Tracks of a camera's own sensors: Apple, Sony, GoPro, DJI, Google.
_TIMED: Final = frozenset({"mebx", "rtmd", "gpmd", "djmd", "camm"})
_MESSENGER_SIZES: Final = frozenset({(848, 480), (640, 352), (480, 848), (352, 640)})
_UNSET: Final = "0000:00:00 00:00:00"
_TRIMMED: Final = 0.95  # of a rival's length; a remux may lose a frame or two


def converter(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """F6: the name of a program that codes films again."""
    if subject.fact.kind is not Kind.VIDEO:
        return
    named = next((name for name in programs_of(subject.tags) if _CONVERTER.search(name)), None)
    if named is not None:
        yield Remark("converter", f"{named} wrote this film, whatever its dates say.")


def film_signs(subject: Subject, _bench: Bench) -> Iterator[Remark]:
    """What the container tells about who wrote the film."""
    if subject.fact.kind is not Kind.VIDEO:
        return
    tags = subject.tags.all
    handlers = {text for key, text in tags.items() if key.endswith(":HandlerDescription")}
    if any(handler.startswith(_GOOGLES) for handler in handlers):
        yield Remark("video-service", "Google's servers coded it again.")
    if _is_export(subject, handlers):
        yield Remark("export", "It is built as a Mac or phone exports films for others.")
    if any(key in tags for key in _CAMERA_KEYS) or "VideoHandle" in handlers:
        yield Remark("camera-keys", "It still names the device that recorded it.")
    if has_timed_metadata(subject):
        yield Remark("timed-metadata", "It still holds what the camera's sensors recorded.")
    if tags.get("QuickTime:CreateDate") == _UNSET:
        yield Remark("zero-date", "Its header has no date, which cameras always write.")
    if "VideoHandler" in handlers:
        yield Remark("plain-handler", "It is labelled as converters label films.")
    if (subject.fact.width_px, subject.fact.height_px) in _MESSENGER_SIZES:
        yield Remark("messenger-size", "It has a size that messengers choose.")


def _is_export(subject: Subject, handlers: set[str]) -> bool:
    tags = subject.tags.all
    return (
        tags.get("QuickTime:MajorBrand", "").strip() == "mp42"
        and any(handler.startswith("Core Media") for handler in handlers)
        and "Keys:Model" not in tags
    )


def has_timed_metadata(subject: Subject) -> bool:
    """Whether a track of the camera's own sensors is there."""
    return any(
        key.endswith(":MetaFormat") and text in _TIMED for key, text in subject.tags.all.items()
    )


def film_beside(subject: Subject, bench: Bench) -> Iterator[Remark]:
    """A film beside other codings and cuts of the same recording."""
    films = [rival for rival in bench.rivals if rival.fact.kind is Kind.VIDEO]
    if subject.fact.kind is not Kind.VIDEO or not films:
        return
    longest = max(film.fact.duration_ms or 0 for film in films)
    if (subject.fact.duration_ms or longest) < _TRIMMED * longest:
        yield Remark("trimmed", "It is shorter than another: somebody cut it.")
    h264 = [film for film in films if film.fact.codec == "h264"]
    if subject.fact.codec == "hevc" and h264 and _is_camera_hevc(subject, h264):
        model = subject.tags.model or "This device"
        says = f"{model} records HEVC; the H.264 film beside it was made for other programs."
        yield Remark("camera-codec", says)


def _is_camera_hevc(subject: Subject, h264: list[Subject]) -> bool:
    """An HEVC film of a device that records it, which kept all that the H.264 one has."""
    if why_no_hevc(subject) or not any(key in subject.tags.all for key in _CAMERA_KEYS):
        return False
    return has_timed_metadata(subject) or not any(map(has_timed_metadata, h264))
