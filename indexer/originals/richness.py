"""How much of the camera's own record a file holds, and how much others wrote into it since.

Pure. Only copies of one picture are compared by it: another format keeps other tags.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from indexer.grouping.subject import Subject

# XMP that cameras write themselves.
_CAMERAS_XMP: Final = (
    *("XMP-GCamera:", "XMP-Container:", "XMP-GContainer:", "XMP-HDRGainMap:", "XMP-apple-fi:"),
    *("XMP-GDepth:", "XMP-GImage:", "XMP-GPano:", "XMP-Device:", "XMP-drone-dji:", "XMP-hdrgm:"),
)
_LATER_GROUPS: Final = ("XMP-", "IPTC:", "Photoshop:", "Ducky:", "Adobe:", "MicrosoftPhoto:")
# What people and their programs write into a camera's own directories.
_LATER_TAGS: Final = (
    *("IFD0:XP", "IFD0:Rating", "IFD0:ImageDescription", "IFD0:Artist", "IFD0:Copyright"),
    *("IFD0:Padding", "ExifIFD:Padding", "ExifIFD:OffsetSchema", "ExifIFD:UserComment"),
    *("IFD0:ProcessingSoftware", "IFD0:DocumentName"),
)
# Not of the file's record but of its frame, or of ExifTool.
_FRAME: Final = ("File:", "ExifTool", "JFIF:", "ICC")


def genuine(subject: Subject) -> int:
    """How many tags the camera itself wrote."""
    return sum(not _is_later(key) and not key.startswith(_FRAME) for key in subject.tags.all)


def written_later(subject: Subject) -> int:
    """How many tags people and programs added."""
    return sum(_is_later(key) for key in subject.tags.all)


@cache  # cameras and programs write a few thousand different tags
def _is_later(key: str) -> bool:
    if key.startswith(_CAMERAS_XMP):
        return False
    return key.startswith((*_LATER_GROUPS, *_LATER_TAGS))
