"""Photographs as cameras, phones and programs write them: metadata, JPEG, HEIC, PNG, TIFF.

Raw files are raws.py, films films.py. Tags that Pillow cannot write are added by ExifTool, as
people add them (library.py).
"""

from __future__ import annotations

import io
import re
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from pretend_camera import saved

if TYPE_CHECKING:
    from collections.abc import Mapping

    Kept = Mapping[int, Any]

_TAKEN = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<offset>[-+].*)?"
)
_PADDING, _OFFSET_SCHEMA = 0xEA1C, 0xEA1D  # Windows' own


@dataclass(frozen=True, slots=True)
class Camera:
    """Who writes, and with which firmware."""

    make: str | None
    model: str | None
    software: str | None = None


def iphone(model: str, software: str | None) -> Camera:
    return Camera("Apple", f"iPhone {model}", software)


NIKON = Camera("NIKON CORPORATION", "NIKON D750", "Ver.1.15")


def identifier(name: str) -> str:
    """A UUID as devices write them, another for each name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name)).upper()


# --- metadata ---------------------------------------------------------------------------------


def exif(
    camera: Camera,
    taken: str | None,
    size: tuple[int, int] | None = None,
    *,
    note: bytes = b"",
    gps: tuple[float, float] | None = None,
    utc: str | None = None,
    modified: str | None = None,
    orientation: int | None = 1,
    first: Kept | None = None,
    inner: Kept | None = None,
) -> bytes:
    """An EXIF block. `taken` like "2019-07-24T11:25:41.123+03:00", without what is not written.

    `utc` is the satellites' time; `modified` another time than `taken` for IFD0's; `first` and
    `inner` are further tags of IFD0 and ExifIFD.
    """
    tags = Image.Exif()
    inside = tags.get_ifd(IFD.Exif)
    for tag, value in (
        (Base.Make, camera.make),
        (Base.Model, camera.model),
        (Base.Software, camera.software),
        (Base.Orientation, orientation),
    ):
        if value is not None:
            tags[tag] = value
    if taken:
        _put_time(tags, inside, taken)
    if modified:
        tags[Base.DateTime] = _stamp(modified)
    if size:
        inside[Base.ExifImageWidth], inside[Base.ExifImageHeight] = size
    if note:
        inside[Base.MakerNote] = note
    if gps or utc:
        tags.get_ifd(IFD.GPSInfo).update(_satellites(gps, utc))
    tags.update(first or {})
    inside.update(inner or {})
    return tags.tobytes()


def _put_time(tags: Image.Exif, inside: dict[int, Any], taken: str) -> None:
    part = _TAKEN.fullmatch(taken)
    assert part, taken
    stamp = _stamp(taken)
    tags[Base.DateTime] = inside[Base.DateTimeOriginal] = inside[Base.DateTimeDigitized] = stamp
    if part["fraction"]:
        inside[Base.SubsecTimeOriginal] = inside[Base.SubsecTimeDigitized] = part["fraction"]
    if part["offset"]:
        for tag in (Base.OffsetTime, Base.OffsetTimeOriginal, Base.OffsetTimeDigitized):
            inside[tag] = part["offset"]


def _stamp(taken: str) -> str:
    return taken[:19].replace("-", ":").replace("T", " ")


def _satellites(where: tuple[float, float] | None, utc: str | None) -> dict[int, Any]:
    told: dict[int, Any] = {}
    if where:
        north, east = where
        told |= {
            GPS.GPSLatitudeRef: "N" if north >= 0 else "S",
            GPS.GPSLatitude: (abs(north), 0.0, 0.0),
            GPS.GPSLongitudeRef: "E" if east >= 0 else "W",
            GPS.GPSLongitude: (abs(east), 0.0, 0.0),
        }
    if utc:
        hours, minutes, seconds = (float(part) for part in utc[11:19].split(":"))
        told |= {
            GPS.GPSTimeStamp: (hours, minutes, seconds),
            GPS.GPSDateStamp: utc[:10].replace("-", ":"),
        }
    return told


def windows_padding() -> tuple[Kept, Kept]:
    """What Windows' tools leave when they have rewritten the metadata: IFD0's and ExifIFD's."""
    blank = b"\x1c\xea" + bytes(2046)
    return {_PADDING: blank}, {_PADDING: blank, _OFFSET_SCHEMA: 4122}


def apple_note(
    *,
    content: str | None = None,
    unique: str | None = None,
    burst: str | None = None,
    hdr: int | None = None,
) -> bytes:
    """A maker note that ExifTool takes for Apple's: a big-endian IFD, offsets from its start.

    Made by hand, because ExifTool can change such a note and cannot make one.
    """
    number, text = 9, 2
    entries = [(0x0001, number, struct.pack(">i", 12))]  # MakerNoteVersion
    if hdr is not None:
        entries.append((0x000A, number, struct.pack(">i", hdr)))  # HDRImageType
    for tag, value in ((0x000B, burst), (0x0011, content)):  # BurstUUID, ContentIdentifier
        if value:
            entries.append((tag, text, value.encode() + b"\0"))
    entries.append((0x0014, number, struct.pack(">i", 2 if content else 10)))  # capture type
    if unique:
        entries.append((0x0015, text, unique.encode() + b"\0"))  # ImageUniqueID
    return b"Apple iOS\0\0\x01MM" + _directory(entries, 14)


def nikon_note(*, serial: str, count: int | None = None) -> bytes:
    """A note in Nikon's third form, a TIFF of its own, with what identifies a press."""
    entries = [(0x001D, 2, serial.encode() + b"\0")]  # SerialNumber
    if count is not None:
        entries.append((0x00A7, 4, struct.pack(">I", count)))  # ShutterCount
    return b"Nikon\0\x02\x11\0\0MM\0*\0\0\0\x08" + _directory(entries, 8)


def _directory(entries: list[tuple[int, int, bytes]], at: int) -> bytes:
    """A big-endian IFD that lies `at` bytes behind what its offsets count from."""
    values, values_at = b"", at + 2 + 12 * len(entries) + 4
    table = struct.pack(">H", len(entries))
    for tag, kind, value in entries:
        table += struct.pack(">HHI", tag, kind, len(value) // {2: 1, 4: 4, 9: 4}[kind])
        if len(value) <= 4:
            table += value.ljust(4, b"\0")
        else:
            table += struct.pack(">I", values_at + len(values))
            values += value
    return table + bytes(4) + values


_PREFIXES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
}


def xmp(inside: str = "", **said: str) -> bytes:
    """An XMP packet: `xmpMM_DocumentID="…"` becomes an attribute, `inside` goes between."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
    facts = " ".join(f'{name.replace("_", ":", 1)}="{value}"' for name, value in said.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces} {facts}>{inside}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>\n'
    ).encode()


def derived_from(document: str) -> str:
    """Inside of XMP: from which document an editor made this one."""
    return f'<xmpMM:DerivedFrom stRef:documentID="{document}" stRef:instanceID="{document}"/>'


# --- JPEG -------------------------------------------------------------------------------------


def camera_jpeg(look: Image.Image, tags: bytes, quality: int = 92, **options: Any) -> bytes:
    """As cameras write it: 4:2:2, Exif first, and none of the JFIF that Pillow insists on."""
    options = {"subsampling": "4:2:2", **options}
    if "qtables" not in options:
        options["quality"] = quality
    return _without_jfif(saved(look, "JPEG", exif=tags, **options))


def phone_jpeg(look: Image.Image, tags: bytes) -> bytes:
    """As iPhones write it: Exif first, 4:2:0, and tables of Apple's own instead of libjpeg's."""
    return camera_jpeg(look, tags, subsampling="4:2:0", qtables=_APPLE_LIKE)


# No scaled copies of the standard's tables: what tells one encoder from another.
_APPLE_LIKE = [
    [1 + (number // 8 + number % 8) * step // 4 for number in range(64)] for step in (3, 5)
]


def exported_jpeg(look: Image.Image, tags: bytes) -> bytes:
    """As Apple's programs export a HEIC: the same tables, but JFIF first."""
    return program_jpeg(look, tags, qtables=_APPLE_LIKE)


def program_jpeg(look: Image.Image, tags: bytes = b"", quality: int = 85, **options: Any) -> bytes:
    """As programs write it: 4:2:0, JFIF first."""
    if tags:
        options["exif"] = tags
    if "qtables" not in options:
        options["quality"] = quality
    return saved(look, "JPEG", **options)


def _without_jfif(jpeg: bytes) -> bytes:
    assert jpeg[2:4] == b"\xff\xe0"
    return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big") :]


def turned_jpeg(look: Image.Image, tags: bytes) -> bytes:
    """4:4:0, as 4:2:2 becomes when the blocks are turned without decoding; JFIF first.

    Pillow writes no 4:4:0. The blocks of both lie in one order in the file, so the picture is
    laid out for 4:2:2 in such a way that it is right once the head says 4:4:0.
    """
    width, height = look.size
    rows, columns = height // 16, width // 8
    units = np.asarray(look.convert("YCbCr")).reshape(rows, 16, columns, 8, 3)
    grey = units[..., 0].reshape(rows, 2, 8, columns, 8).transpose(0, 2, 3, 1, 4)
    colour = units[..., 1:].reshape(rows, 8, 2, columns, 8, 2).mean(2).round().repeat(2, 3)
    planes = [grey, colour[..., 0], colour[..., 1]]
    laid = [Image.fromarray(p.astype("u1").reshape(height // 2, width * 2)) for p in planes]
    jpeg = bytearray(
        saved(Image.merge("YCbCr", laid), "JPEG", quality=92, subsampling="4:2:2", exif=tags)
    )
    head = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, head + 5, height, width)
    assert jpeg[head + 11] == 0x21
    jpeg[head + 11] = 0x12
    return bytes(jpeg)


def motion_photo(look: Image.Image, tags: bytes, tail: bytes | None, quality: int = 92) -> bytes:
    """A Pixel's JPEG that says there is a film behind it; None: there is none, it only says so."""
    items = [("Primary", "image/jpeg", 0), ("MotionPhoto", "video/mp4", len(tail or b"") or 44_000)]
    inside = "".join(
        f'<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="{what}" '
        f'Item:Mime="{mime}" Item:Length="{length}" Item:Padding="0"/></rdf:li>'
        for what, mime, length in items
    )
    packet = xmp(
        f"<Container:Directory><rdf:Seq>{inside}</rdf:Seq></Container:Directory>",
        GCamera_MotionPhoto="1",
        GCamera_MotionPhotoVersion="1",
        GCamera_MotionPhotoPresentationTimestampUs="500000",
    )
    return camera_jpeg(look, tags, quality, subsampling="4:2:0", xmp=packet) + (tail or b"")


# --- HEIC -------------------------------------------------------------------------------------


def heic(
    look: Image.Image,
    tags: bytes = b"",
    quality: int = 60,
    *,
    is_camera: bool = True,
    packet: bytes | None = None,
    has_thumbnail: bool = True,
    brands: tuple[bytes, ...] = (b"mif1", b"heic"),
) -> bytes:
    """A HEIC in tiles of 512 pixels as phones write it, or in one piece as programs do."""
    file = pillow_heif.from_pillow(look)
    if is_camera and has_thumbnail:
        file.info["thumbnails"] = [320]
    options: dict[str, Any] = {"tile_size": 512} if is_camera else {}
    if tags:
        options["exif"] = tags
    if packet:
        options["xmp"] = packet
    buffer = io.BytesIO()
    # A tenth of the time that the default takes.
    file.save(buffer, quality=quality, enc_params={"preset": "ultrafast"}, **options)
    return _as_phones_lay_it_out(buffer.getvalue(), brands) if is_camera else buffer.getvalue()


def _as_phones_lay_it_out(data: bytes, brands: tuple[bytes, ...]) -> bytes:
    """libheif's items in a phone's order: tiles, grid, thumbnail, Exif; Exif's bytes first."""
    boxes = _boxes(data, 0, len(data))
    meta, mdat = boxes[b"meta"], boxes[b"mdat"]
    inside = _boxes(data, meta[0] + 4, meta[1])
    kinds = _item_kinds(data, inside[b"iinf"])
    grid = next(item for item, kind in kinds.items() if kind == b"grid")
    tiles = _tiles(data, inside[b"iref"])
    old = [*tiles, grid, *(i for i in kinds if i != grid and i not in tiles)]
    new = {item: number for number, item in enumerate(old, 1)}
    made = bytearray(data)
    for at in _item_fields(data, inside):
        struct.pack_into(">H", made, at, new[struct.unpack_from(">H", data, at)[0]])
    _move_exif_first(made, data, inside[b"iloc"], mdat, kinds)
    ftyp = boxes[b"ftyp"]
    assert len(brands) * 4 <= ftyp[1] - ftyp[0] - 8
    made[ftyp[0] + 8 : ftyp[1]] = b"".join(brands).ljust(ftyp[1] - ftyp[0] - 8, b"\0")
    return bytes(made)


def _boxes(data: bytes, at: int, end: int) -> dict[bytes, tuple[int, int]]:
    """Kind to where its body begins and ends."""
    found = {}
    while at < end:
        length = int.from_bytes(data[at : at + 4], "big")
        found[data[at + 4 : at + 8]] = (at + 8, at + length)
        at += length
    return found


def _item_kinds(data: bytes, iinf: tuple[int, int]) -> dict[int, bytes]:
    kinds, at = {}, iinf[0] + 6
    while at < iinf[1]:
        kinds[int.from_bytes(data[at + 12 : at + 14], "big")] = data[at + 16 : at + 20]
        at += int.from_bytes(data[at : at + 4], "big")
    return kinds


def _tiles(data: bytes, iref: tuple[int, int]) -> list[int]:
    at = _boxes(data, iref[0] + 4, iref[1])[b"dimg"][0]
    (count,) = struct.unpack_from(">H", data, at + 2)
    return list(struct.unpack_from(f">{count}H", data, at + 4))


def _item_fields(data: bytes, inside: dict[bytes, tuple[int, int]]) -> list[int]:
    """Where in the file item numbers stand."""
    places = [inside[b"pitm"][0] + 4]
    at = inside[b"iinf"][0] + 6
    while at < inside[b"iinf"][1]:
        places.append(at + 12)
        at += int.from_bytes(data[at : at + 4], "big")
    places += [start for start, _ in _locations(data, inside[b"iloc"])]
    at, end = inside[b"iref"][0] + 4, inside[b"iref"][1]
    while at < end:
        (count,) = struct.unpack_from(">H", data, at + 10)
        places += [at + 8, *range(at + 12, at + 12 + 2 * count, 2)]
        at += int.from_bytes(data[at : at + 4], "big")
    iprp = inside[b"iprp"]
    at = _boxes(data, *iprp)[b"ipma"][0]
    (count,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(count):
        places.append(at)
        at += 3 + data[at + 2]
    return places


def _locations(data: bytes, iloc: tuple[int, int]) -> list[tuple[int, int]]:
    """Where each item's record begins, and its item number."""
    assert data[iloc[0]] == 1
    assert data[iloc[0] + 4 : iloc[0] + 6] == b"\x44\x40"  # four bytes each, one extent each
    (count,) = struct.unpack_from(">H", data, iloc[0] + 6)
    starts = [iloc[0] + 8 + 20 * n for n in range(count)]
    return [(at, struct.unpack_from(">H", data, at)[0]) for at in starts]


def _move_exif_first(
    made: bytearray,
    data: bytes,
    iloc: tuple[int, int],
    mdat: tuple[int, int],
    kinds: dict[int, bytes],
) -> None:
    """So that a file whose end is missing still says when it was taken, as phones' do."""
    at, laid = mdat[0], bytearray()
    for start, _ in sorted(_locations(data, iloc), key=lambda place: kinds[place[1]] != b"Exif"):
        method, base, _, length = struct.unpack_from(">2xH2xI2xII", data, start)
        if method == 0:
            struct.pack_into(">I", made, start + 6, at + len(laid))
            laid += data[base : base + length]
    made[mdat[0] : mdat[1]] = laid.ljust(mdat[1] - mdat[0], b"\0")
