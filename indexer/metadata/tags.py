"""ExifTool's JSON object about one content, made into Tags.

Pure. Times stay text here: capture_time reads them from `Tags.all`. Getting the object is
exiftool.py; its keys are "Group1:Tag" and its numbers are text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from indexer.model import Tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Longer values are keyword dumps, edit histories and XMP blobs; of 13,624 values in 214 files
# of all kinds three are longer. Otherwise arbitrary.
_LONGEST: Final = 1000
_DEEPEST: Final = 20  # lists in lists; ExifTool's own have two. Otherwise arbitrary

# What ExifTool says about itself or recomputes, and colour tables; nobody asks for these.
# With XMP-crs below, a content keeps 1.9 KB of tags on average (214 files of all kinds).
_UNKEPT_GROUPS: Final = frozenset(
    {
        *("File", "ExifTool", "System", "Composite", "SourceFile"),
        *("IFD1", "IFD2", "InteropIFD", "PrintIM", "PNG-pHYs", "Adobe"),  # thumbnails, printing
        *("CanonCustom", "NikonCustom", "PentaxCustom"),  # what the buttons do
    }
)
_KEPT_ANYWAY: Final = frozenset(
    {
        *("File:Comment", "File:FileType", "File:ImageWidth", "File:ImageHeight"),
        *("File:JPEGQualityEstimate", "File:YCbCrSubSampling", "File:EncodingProcess"),
        *("File:JPEGDigest", "Adobe:ColorTransform"),  # which program encoded it
        *("ExifTool:Warning", "ExifTool:Error"),
    }
)
# How the photograph was developed in an editor: half the size of an edited file's tags. That it
# was developed at all is kept, by the first two.
_DEVELOPMENT: Final = "XMP-crs:"
_DEVELOPMENT_KEPT: Final = frozenset(
    {
        "XMP-crs:Version",
        "XMP-crs:AlreadyApplied",
        "XMP-crs:HasSettings",
        "XMP-crs:HasCrop",
        "XMP-crs:RawFileName",
    }
)

# Family 1 groups of maker notes in ExifTool 12.57, by their first word: "Sony", "SonyIDC",
# "NikonCustom", "Canon", "CanonCustom". Trailers and film atoms share the names of some makers,
# which is a maker's own record just as well.
_MAKERS: Final = (
    *("Apple", "Canon", "Casio", "DJI", "FLIR", "FujiFilm", "GE", "Google", "GoPro", "HP"),
    *("InfiRay", "JVC", "Kodak", "Leica", "MakerNotes", "MakerUnknown", "Minolta", "Motorola"),
    *("Nikon", "Nintendo", "Olympus", "Panasonic", "Parrot", "Pentax", "PhaseOne", "Qualcomm"),
    *("Reconyx", "Ricoh", "Samsung", "Sanyo", "Sigma", "Sony", "Xiaomi", "Huawei"),
)
_MAKER_GROUP: Final = re.compile(rf"(?:{'|'.join(_MAKERS)})(?:[A-Z]\w*|_\w+|\d+)?\Z")
_UNKNOWN_NOTE: Final = re.compile(r"\w+:MakerNoteUnknown\w*\Z")

_UUID: Final = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\Z")
_COPY_NUMBER: Final = re.compile(r"ExifTool\d*:(Warning|Error)\Z")

# Each list: most trusted first. Family 1 names move with the container, tag names with the
# version of ExifTool (0x0011 is MediaGroupUUID in 12.19 to 12.64 and ContentIdentifier else).
_MAKE: Final = (
    *("IFD0:Make", "Keys:Make", "UserData:Make", "ItemList:Make", "QuickTime:Make"),
    *("XML:DeviceManufacturer", "XMP-tiff:Make", "CanonRaw:Make", "IFD1:Make"),
)
_MODEL: Final = (
    *("IFD0:Model", "Keys:Model", "UserData:Model", "ItemList:Model", "QuickTime:Model"),
    *("XML:DeviceModelName", "XMP-tiff:Model", "CanonRaw:Model", "IFD1:Model"),
)
_SERIAL: Final = (
    *("ExifIFD:SerialNumber", "IFD0:CameraSerialNumber", "Canon:SerialNumber"),
    *("Nikon:SerialNumber", "Olympus:SerialNumber", "Panasonic:InternalSerialNumber"),
    *("FujiFilm:InternalSerialNumber", "Pentax:SerialNumber", "Sony:InternalSerialNumber"),
    *("XML:DeviceSerialNo", "CanonRaw:SerialNumber", "XMP-exifEX:SerialNumber"),
    *("XMP-aux:SerialNumber", "DJI:SerialNumber", "GoPro:SerialNumber", "GoPro:CameraSerialNumber"),
)
_LENS: Final = (
    *("ExifIFD:LensModel", "XMP-exifEX:LensModel", "XMP-aux:Lens", "Canon:LensModel"),
    *("Nikon:Lens", "Olympus:LensModel", "Panasonic:LensType", "XML:LensModelName"),
)
_SOFTWARE: Final = (
    *("IFD0:Software", "Keys:Software", "UserData:SoftwareVersion", "ItemList:Encoder"),
    *("XMP-xmp:CreatorTool", "XMP-tiff:Software", "PNG:Software", "IFD1:Software"),
)
_CONTENT_IDENTIFIER: Final = (
    *("Apple:ContentIdentifier", "Apple:MediaGroupUUID", "Keys:ContentIdentifier"),
    *("Keys:MediaGroupUUID", "UserData:ContentIdentifier", "ItemList:ContentIdentifier"),
    *("QuickTime:ContentIdentifier", "XMP-apple-fi:ContentIdentifier"),
)
_BURST: Final = ("Apple:BurstUUID", "XMP-GCamera:BurstID", "Google:BurstUUID")
_IMAGE_ID: Final = ("ExifIFD:ImageUniqueID", "XMP-exif:ImageUniqueID", "XMP-aux:ImageUniqueID")
_DERIVED_FROM: Final = ("XMP-xmpMM:DerivedFromDocumentID", "XMP-xmpMM:DerivedFrom")
_POLE: Final = 90.0
_DATE_LINE: Final = 180.0
_PLACE: Final = (
    *("Keys:GPSCoordinates", "UserData:GPSCoordinates", "ItemList:GPSCoordinates"),
    *("QuickTime:GPSCoordinates", "Keys:LocationISO6709"),
)


def tags_from_json(raw: Mapping[str, object]) -> Tags:
    """The typed tags of one object from `exiftool -j -G1 -n`; never raises on wild values."""
    texts = {key: text for key, value in raw.items() if (text := _text(value)) is not None}
    latitude, longitude = _place(texts)
    return Tags(
        make=_first(texts, _MAKE),
        model=_first(texts, _MODEL),
        serial=_first(texts, _SERIAL),
        lens=_first(texts, _LENS),
        software=_first(texts, _SOFTWARE),
        content_identifier=_uuid(texts, _CONTENT_IDENTIFIER),
        burst_uuid=_first(texts, _BURST),
        image_unique_id=_identifier(_first(texts, _IMAGE_ID)),
        document_id=_first(texts, ["XMP-xmpMM:DocumentID"]),
        derived_from=_first(texts, _DERIVED_FROM),
        exif_width=_pixels(texts, "ExifIFD:ExifImageWidth"),
        exif_height=_pixels(texts, "ExifIFD:ExifImageHeight"),
        latitude=latitude,
        longitude=longitude,
        has_maker_note=any(_is_maker_note(key, text) for key, text in texts.items()),
        warning=_warning(texts),
        all={key: text for key, text in texts.items() if _is_kept(key, text)},
    )


def _text(value: object, depth: int = 0) -> str | None:
    """The value as one text; None for what is no text at all, or is hidden too deep."""
    match value:
        case str():
            return value
        case bool():  # before int; ExifTool prints the text "True" as a bare true
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() if depth < _DEEPEST:
            return _joined(value, depth + 1)
        case dict() if depth < _DEEPEST:
            return _joined(value.values(), depth + 1)
        case _:
            return None


def _joined(values: Iterable[object], depth: int) -> str:
    return "; ".join(text for value in values if (text := _text(value, depth)) is not None)


def _trimmed(text: str) -> str:
    return text.replace("\0", " ").strip()


def _values(texts: Mapping[str, str], keys: Iterable[str]) -> Iterator[str]:
    """The values that say something, most trusted first."""
    for key in keys:
        value = _trimmed(texts.get(key, ""))
        if value and not _is_binary(value):
            yield value[:_LONGEST]


def _first(texts: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next(_values(texts, keys), None)


def _uuid(texts: Mapping[str, str], keys: Iterable[str]) -> str | None:
    """The first value that is a UUID and not the zero one, in capitals."""
    capitals = (value.upper() for value in _values(texts, keys))
    return next((uuid for uuid in capitals if _UUID.match(uuid) and uuid.strip("0-")), None)


def _identifier(text: str | None) -> str | None:
    """None for an identifier of nothing but zeros: some cameras write that into every file."""
    return text if text and text.strip("0- ") else None


def _pixels(texts: Mapping[str, str], key: str) -> int | None:
    text = texts.get(key, "")
    # Nine digits: a damaged header may claim anything, and SQLite's integers end at 2**63.
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) and int(text) else None


def _is_maker_note(key: str, text: str) -> bool:
    if _UNKNOWN_NOTE.match(key):
        return bool(_trimmed(text))
    if key == "ExifTool:Warning":  # a maker's note in a form that ExifTool does not know
        return "Unrecognized MakerNotes" in text
    return _MAKER_GROUP.match(key.partition(":")[0]) is not None


def _warning(texts: Mapping[str, str]) -> str | None:
    """ExifTool's Error if it gave one, else its first Warning."""
    told = {found[1]: key for key in reversed(list(texts)) if (found := _COPY_NUMBER.match(key))}
    return _first(texts, [told[word] for word in ("Error", "Warning") if word in told])


def _is_binary(text: str) -> bool:
    return text.startswith("(Binary data ")


def _is_kept(key: str, text: str) -> bool:
    if len(text) > _LONGEST or _is_binary(text) or not _trimmed(text):
        return False
    if key in _KEPT_ANYWAY or _COPY_NUMBER.match(key):
        return True
    if key.startswith(_DEVELOPMENT):
        return key in _DEVELOPMENT_KEPT
    group, colon, _ = key.partition(":")
    return bool(colon) and group not in _UNKEPT_GROUPS and not group.startswith("ICC")


# --- places ------------------------------------------------------------------------------


def _place(texts: Mapping[str, str]) -> tuple[float | None, float | None]:
    """Latitude and longitude, both or neither; zero and zero is a receiver without a fix."""
    for latitude, longitude in _places(texts):
        if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
            continue
        if abs(latitude) <= _POLE and abs(longitude) <= _DATE_LINE:
            return latitude, longitude
    return None, None


def _places(texts: Mapping[str, str]) -> Iterator[tuple[float | None, float | None]]:
    for group in ("GPS", "XMP-exif"):
        yield (
            _degrees(texts, f"{group}:GPSLatitude", "S"),
            _degrees(texts, f"{group}:GPSLongitude", "W"),
        )
    for value in _values(texts, _PLACE):
        first, second, *_ = [*value.split(), "", ""]
        yield _number(first), _number(second)


def _degrees(texts: Mapping[str, str], key: str, negative: str) -> float | None:
    """Signed degrees: EXIF keeps the sign in a letter beside the number, XMP in the number."""
    value = _number(texts.get(key, ""))
    letter = _trimmed(texts.get(f"{key}Ref", "")).upper()
    return -abs(value) if value is not None and letter.startswith(negative) else value


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[-+]?[0-9]{1,4}(\.[0-9]{1,20})?", text) else None
