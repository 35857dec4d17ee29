"""Who a Software, CreatorTool or encoder string names: a camera, a mover of files, an editor.

Pure; ORIGINALS.md section 3.4. iOS keeps its version in what was edited on the phone, so
firmware alone never proves an untouched file.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.model import Tags


class Software(StrEnum):
    """What kind of program a string names."""

    FIRMWARE = "firmware"
    TRANSFER = "transfer"  # moves files and writes metadata; the picture data stays
    VIEWER = "viewer"  # writes ratings, or turns without loss
    EDITOR = "editor"  # editors, exporters, converters: they write the picture data
    MESSENGER = "messenger"
    SCANNER = "scanner"


# First match wins, so what contains another's name stands before it.
_CLASSES: Final = {
    Software.SCANNER: (
        r"vuescan|silverfast|epson scan|canoscan|fastfoto|scansnap|clas digital film|hp.*scan"
    ),
    Software.TRANSFER: (
        r"nikon transfer|olympus (?:camedia )?master|finepix ?viewer|^pmb\b|playmemories home|"
        r"image data converter|photo mechanic|exiftool|digikam|hdr\+|imagebrowser ex"
    ),
    Software.MESSENGER: r"whatsapp|instagram|snapchat|facebook|telegram|wechat",
    Software.VIEWER: r"windows photo (?:viewer|gallery)|microsoft photo gallery|adobe bridge",
    Software.EDITOR: (
        r"photoshop|lightroom|camera raw|adobe|capture one|capture nx|\bnx studio|dxo|acdsee|"
        r"pixelmator|affinity|vsco|snapseed|picasa|gimp|darktable|rawtherapee|imagemagick|"
        r"graphicsmagick|paint\.net|windows photo editor|microsoft (?:photos|windows photo)|"
        r"facetune|^photos \d|iphoto|aperture|mac os x|^preview\b|handbrake|\blav[fc]|ffmpeg|"
        r"imovie|final cut|quicktime \d|digital photo professional|^google|portraitpro|acorn|"
        r"luminar|topaz|\bon1\b|photolab|paintshop|corel|polarr|irfanview|xnview|photoscape|"
        r"fotor|\bcanva\b|meitu|libheif|libvips|gd-jpeg|pillow|squoosh|jpegmini"
    ),
}
_PATTERNS: Final = tuple((kind, re.compile(text, re.IGNORECASE)) for kind, text in _CLASSES.items())
# A Pixel's camera calls itself HDR+; that is no edit.
_FIRMWARE: Final = re.compile(
    r"HDR\+ \d|MediaTek Camera|[A-Z]\d{3}[A-Z0-9]{5,}|SM-[A-Z]|\d+\.\d+\.[A-Z]\.|00WW_|"
    r"(?:ver(?:sion)?|firmware|v)\.? ?\d|digital camera .*ver|.*\bV\d+\.\d+$",
    re.IGNORECASE,
)
_IOS: Final = re.compile(r"\d{1,2}\.\d+(?:\.\d+)?")

_NAMED_IN: Final = (
    *("IFD0:Software", "XMP-xmp:CreatorTool", "XMP-tiff:Software", "PNG:Software", "File:Comment"),
    *("Keys:Software", "ItemList:Encoder", "Keys:Encoder", "UserData:Encoder"),
    *("UserData:SoftwareVersion", "QuickTime:Encoder", "IPTC:OriginatingProgram"),
    *("Matroska:WritingApp", "Matroska:MuxingApp", "Matroska:Encoder", "RIFF:Software"),
)


def programs_of(tags: Tags) -> Iterator[str]:
    """Every program that the tags name, the one that wrote the file first."""
    named = dict.fromkeys(tags.all[key].strip() for key in _NAMED_IN if key in tags.all)
    yield from dict.fromkeys(name for name in (tags.software, *named) if name)


def kind_of(program: str, make: str | None) -> Software | None:
    """What kind of program this is; None where nobody knows."""
    if _FIRMWARE.match(program):
        return Software.FIRMWARE
    if (make or "").lower() == "apple" and _IOS.fullmatch(program):
        return Software.FIRMWARE
    return next((kind for kind, pattern in _PATTERNS if pattern.search(program)), None)


def ios_version(tags: Tags) -> tuple[int, int] | None:
    """The version of iOS that wrote an Apple device's file."""
    named = (tags.software or "").strip()
    if (tags.make or "").lower() != "apple" or not _IOS.fullmatch(named):
        return None
    major, minor, *_ = named.split(".")
    return int(major), int(minor)
