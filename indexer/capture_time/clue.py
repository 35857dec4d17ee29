"""One hint about a capture time, the words for how far it may be trusted, and where it is from.

Pure facts. Who finds clues is clues.py; who chooses among them is resolve.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.capture_time.moment import Moment
    from indexer.capture_time.vendor_zones import OffsetHint
    from indexer.model import FileId, UnknownTime

FILE_NAME = "file name"  # the source of a clue that no tag gave
FOLDER_NAME = "folder name"
FILE_SYSTEM = "file system"
NEIGHBOUR = "neighbour"
SATELLITES = "GPS:GPSDateTime"  # put together of two tags
TAKEOUT = "JSON:PhotoTakenTimeTimestamp"


class Trust(StrEnum):
    """How far a source may be trusted; capture.confidence in the catalog."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"
    NONE = "none"  # shown as a suggestion, never used


@dataclass(frozen=True, slots=True)
class Clue:
    """One hint, as it was found and as it was understood."""

    file: FileId
    source: str
    value: str
    rank: int  # lower is better
    trust: Trust
    says: str
    moment: Moment | None = None
    is_utc: bool = False  # an instant whose local clock is not known
    rejected: UnknownTime | None = None  # why it can't be the capture time
    where: tuple[float, float] | None = None  # latitude and longitude that the file gives
    hints: tuple[OffsetHint, ...] = ()  # what the camera's notes say of its zone
    partial: str | None = None  # "1985" or "1985-08": no capture time, but a suggestion
    is_device: bool = False  # what took the picture gave it, and no program
    is_digitised: bool = False  # when a print or a film was scanned
    is_zone_doubted: bool = False  # it came with a bare UTC, which programs write by habit
    was_doubted: bool = False  # it looked like a clock that nobody set, but a witness spoke for it
    if_true: str = ""  # what it says, where it is rejected but a witness can speak for it

    @property
    def is_usable(self) -> bool:
        """Whether it may be the capture time."""
        return self.rejected is None and self.trust is not Trust.NONE and self.moment is not None
