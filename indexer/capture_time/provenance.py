"""What made a file, as far as its dates depend on it: a camera, a scanner, an editor.

Pure: one file's tags in, words out. Who is the original is originals/; here a scanner's date is
the day of digitisation, and an editor's is the day of the edit. Facts: ORIGINALS.md 1.2, 1.3
and 3.4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.model import Tags

# EXIF's FileSource: 1 a film scanner, 2 a scanner of prints, 3 a camera.
_FILE_SOURCES: Final = ("ExifIFD:FileSource", "XMP-exif:FileSource")
_SCANNED: Final = {"1": "a film scanner", "2": "a scanner"}
# IPTC's controlled words, the end of an address.
_SOURCE_TYPES: Final = ("XMP-iptcExt:DigitalSourceType", "XMP-Iptc4xmpExt:DigitalSourceType")
_DIGITISED: Final = {
    "negativefilm": "a scan of a negative",
    "positivefilm": "a scan of a slide",
    "print": "a scan of a print",
}
# Names that only scanners and their programs carry. "Scan" is a word or the end of one.
_SCANNER: Final = re.compile(
    r"vuescan|silverfast|\b\w*scan(?:ner|jet|snap|wizard|gear|maker|mate)?\b|fastfoto|coolscan"
    r"|(?:perfection|expression) ?v?\d|opticfilm|opticslim|plustek|reflecta|flextight|imacon"
    r"|pakon|noritsu|frontier|^sp-[23]000\b|\blide \d|film digitizer|^gt-[a-z]?\d{3}|^ls-\d{2,4}\b",
    re.IGNORECASE,
)
_SCANNER_TAGS: Final = ("IFD0:Software", "XMP-tiff:Software", "XMP-xmp:CreatorTool", "PNG:Software")

# A maker's own numbering of what runs in its camera or phone.
_FIRMWARE: Final = re.compile(
    r"^[A-Z]\d{3}[A-Z0-9]{5,}|^SM-|HDR\+ 1\.0\.\d+|MediaTek Camera|^\d+\.\d+\.[A-Z]\.|^\d\dWW_"
    r"|^(?:Ver\.?|Version|Firmware|v)\s*[\dA-Z.-]+|Digital Camera .*Ver|COOLPIX .*V\d"
    r"|^[\w-]+\s?v\d+\.\d+|^[A-Z]+-[A-Z]\w+ \d+\.\d+",
    re.IGNORECASE,
)
_IOS: Final = re.compile(r"\d{1,2}\.\d+(?:\.\d+)?")
_EDITOR: Final = re.compile(
    r"^Photos \d|^iPhoto|^Aperture|Mac OS X|Preview|Windows Photo|Microsoft|Photo Editor|paint"
    r"|Adobe|Photoshop|Lightroom|Bridge|Camera Raw|Picasa|^Google|Snapseed|GIMP|Capture One"
    r"|Capture NX|DxO|ACDSee|Pixelmator|Affinity|VSCO|Instagram|Snapchat|Facetune|Darktable"
    r"|RawTherapee|Digital Photo Professional|Magick|Lavc|Lavf|HandBrake|iMovie|Corel|XnView"
    r"|IrfanView|FastStone|PhotoScape|Luminar|Polarr|Canva|Meitu|PicsArt|digiKam|Shotwell|gThumb"
    r"|Krita|Inkscape|Figma|Acorn|PortraitPro|Topaz|Photomatix|Hugin|PTGui|Exempi|Ulead|Nero",
    re.IGNORECASE,
)
_EDIT_TRACES: Final = ("XMP-xmpMM:History", "XMP-xmpMM:DerivedFrom", "XMP-crs:", "Photoshop:")
_SUB_SECONDS: Final = tuple(f"ExifIFD:SubSecTime{end}" for end in ("", "Original", "Digitized"))
# Their clock is the network's, so it has no birthday to start from.
_PHONES: Final = (
    *("apple", "samsung", "google", "xiaomi", "huawei", "honor", "oneplus", "oppo", "vivo"),
    *("realme", "motorola", "lge", "lg electronics", "hmd", "nokia", "htc", "fairphone", "nothing"),
    *("sony ericsson", "sony mobile", "blackberry", "microsoft", "asus", "zte", "meizu", "lenovo"),
)


def scanned_by(tags: Tags) -> str | None:
    """What digitised a print or a film, "a scanner (FileSource 2)"; None for everything else."""
    everything = tags.all
    for tag in _FILE_SOURCES:
        code = everything.get(tag, "").strip()
        if code in _SCANNED:
            return f"{_SCANNED[code]} (FileSource {code})"
    for tag in _SOURCE_TYPES:
        word = everything.get(tag, "").rstrip("/").rpartition("/")[2].casefold()
        if word in _DIGITISED:
            return f"{_DIGITISED[word]} (DigitalSourceType)"
    named = (tags.model, tags.make, tags.software, *(everything.get(t) for t in _SCANNER_TAGS))
    return next((name.strip() for name in named if name and _SCANNER.search(name)), None)


def is_camera(tags: Tags) -> bool:
    """Whether the file names a camera."""
    return bool(tags.make or tags.model or tags.has_maker_note)


def is_phone(tags: Tags) -> bool:
    """Whether the camera is a telephone, whose clock nobody has to set."""
    has_android = any(key.startswith("Keys:Android") for key in tags.all)
    return has_android or (tags.make or "").strip().casefold().startswith(_PHONES)


def is_edited(tags: Tags) -> bool:
    """Whether a program for pictures has left its name or its history."""
    if any(key.startswith(_EDIT_TRACES) for key in tags.all):
        return True
    return any(_EDITOR.search(name) for name in _programs(tags))


def was_saved_by_camera(tags: Tags) -> bool:
    """Whether nothing but a camera has written the file: then its ModifyDate is of the capture.

    Some phones write no other date (a Nokia 8.3's HEIF: ModifyDate, SubSecTime and GPS alone).
    """
    is_apple = (tags.make or "").strip().casefold() == "apple"
    programs = [name for name in _programs(tags) if not (is_apple and _IOS.fullmatch(name))]
    if is_edited(tags) or scanned_by(tags) or not all(map(_FIRMWARE.search, programs)):
        return False
    return tags.has_maker_note or tags.latitude is not None or _has_sub_seconds(tags.all)


def is_screenshot(tags: Tags) -> bool:
    """Whether a telephone or a desktop says that it shows a screen."""
    said = (tags.all.get(t, "") for t in ("ExifIFD:UserComment", "IFD0:Software", "PNG:Software"))
    return any("screenshot" in text.casefold() for text in said)


def _programs(tags: Tags) -> list[str]:
    named = (tags.software, tags.all.get("IFD0:Software"), tags.all.get("XMP-xmp:CreatorTool"))
    return [name.strip() for name in named if name and name.strip()]


def _has_sub_seconds(everything: Mapping[str, str]) -> bool:
    return any(everything.get(tag, "").strip(" \0") for tag in _SUB_SECONDS)
