"""Pictures, films and sidecars as cameras, phones and programs write them.

A shot decides everything: its seed and name how it looks, its camera which metadata is written.
Which files make a library is make_library.py.
"""

from __future__ import annotations

import io
import json
import struct
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import av
import numpy as np
import pillow_heif
from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational


@dataclass(frozen=True, slots=True)
class Camera:
    make: str
    model: str
    software: str
    offset: str | None  # "+02:00"; None: the camera knows no zones
    subsec_digits: int


IPHONE = Camera("Apple", "iPhone 11", "13.5.1", "+02:00", 3)
CANON = Camera("Canon", "Canon EOS 80D", "Firmware Version 1.0.2", None, 2)
SAMSUNG = Camera("samsung", "SM-G991B", "G991BXXU3AUE1", "-04:00", 3)
PIXEL = Camera("Google", "Pixel 2", "HDR+ 1.0.220943774z", "+00:00", 6)


@dataclass(frozen=True, slots=True)
class Shot:
    """One press of a shutter. Seed and name decide how it looks."""

    seed: int
    name: str
    camera: Camera
    taken: datetime  # what the camera's clock showed
    gps: tuple[float, float] | None = None  # degrees north and east
    is_live: bool = False

    @property
    def instant(self) -> datetime:
        """The moment; where the camera knows no zones, as if its clock had shown UTC."""
        return datetime.fromisoformat(self.taken.isoformat() + (self.camera.offset or "+00:00"))

    def uuid(self, purpose: str) -> str:
        named = f"{purpose}/{self.seed}/{self.name}"
        return str(uuid.uuid5(uuid.NAMESPACE_OID, named)).upper()

    @property
    def live_id(self) -> str | None:
        """What ties the two halves of a Live Photo."""
        return self.uuid("live") if self.is_live else None


# --- pictures and their metadata --------------------------------------------------------------


def picture(seed: int, name: str, size: tuple[int, int]) -> Image.Image:
    """Weather, and things in front of it: distinct for each name, with a sensor's faint noise."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    width, height = size
    weather = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    image = Image.fromarray(weather).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(5, 12))):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        half_x, half_y = (int(part) for part in random.integers(height // 24, height // 4, 2))
        red, green, blue = (int(part) for part in random.integers(0, 256, 3))
        shape = draw.ellipse if random.random() < 0.5 else draw.rectangle
        shape((x - half_x, y - half_y, x + half_x, y + half_y), fill=(red, green, blue))
    noise = random.normal(0, 1.5, (height // 2, width // 2, 1)).repeat(2, 0).repeat(2, 1)
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def exif(shot: Shot, *, orientation: int = 1, has_maker_note: bool = True) -> Image.Exif:
    """What this camera writes, as far as mediafs asks for it."""
    camera = shot.camera
    written = shot.taken.strftime("%Y:%m:%d %H:%M:%S")
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Model], tags[Base.Software] = (
        camera.make,
        camera.model,
        camera.software,
    )
    tags[Base.Orientation], tags[Base.DateTime] = orientation, written
    inner = tags.get_ifd(IFD.Exif)
    inner[Base.ExposureTime], inner[Base.FNumber] = IFDRational(1, 125), IFDRational(9, 5)
    inner[Base.ExifVersion], inner[Base.ISOSpeedRatings] = b"0232", 64
    inner[Base.DateTimeOriginal] = inner[Base.DateTimeDigitized] = written
    fraction = f"{shot.taken.microsecond:06d}"[: camera.subsec_digits]
    inner[Base.SubsecTimeOriginal] = inner[Base.SubsecTimeDigitized] = fraction
    if camera.offset:
        inner[Base.OffsetTimeOriginal] = inner[Base.OffsetTimeDigitized] = camera.offset
    if camera is IPHONE and has_maker_note:
        inner[Base.MakerNote] = apple_maker_note(shot)
    if shot.gps:
        tags.get_ifd(IFD.GPSInfo).update(_gps(shot.gps, shot.instant.astimezone(UTC)))
    return tags


def _gps(where: tuple[float, float], at: datetime) -> dict[int, Any]:
    north, east = where
    return {
        GPS.GPSLatitudeRef: "N" if north >= 0 else "S",
        GPS.GPSLatitude: _degrees(abs(north)),
        GPS.GPSLongitudeRef: "E" if east >= 0 else "W",
        GPS.GPSLongitude: _degrees(abs(east)),
        GPS.GPSTimeStamp: (float(at.hour), float(at.minute), float(at.second)),
        GPS.GPSDateStamp: at.strftime("%Y:%m:%d"),
    }


def _degrees(value: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(round(value * 3600, 2), 60)
    degrees, minutes = divmod(minutes, 60)
    return degrees, minutes, round(seconds, 2)


def apple_maker_note(shot: Shot) -> bytes:
    """A maker note that ExifTool takes for Apple's: a big-endian IFD, offsets from its start.

    Made by hand, because ExifTool can change such a note and cannot make one.
    """
    text, int32s = 2, 9
    entries = [(0x0001, int32s, struct.pack(">i", 12))]  # MakerNoteVersion
    if shot.live_id:
        entries.append((0x0011, text, shot.live_id.encode() + b"\0"))  # ContentIdentifier
    entries.append((0x0014, int32s, struct.pack(">i", 2 if shot.live_id else 10)))  # capture type
    entries.append((0x0015, text, shot.uuid("unique").encode() + b"\0"))  # ImageUniqueID

    note = b"Apple iOS\0\0\x01MM" + struct.pack(">H", len(entries))
    values, values_at = b"", len(note) + 12 * len(entries) + 4
    for tag, kind, value in entries:
        count = len(value) // (4 if kind == int32s else 1)
        note += struct.pack(">HHI", tag, kind, count)
        if len(value) == 4:
            note += value
        else:
            note += struct.pack(">I", values_at + len(values))
            values += value
    return note + bytes(4) + values


# --- encoded ----------------------------------------------------------------------------------


def saved(image: Image.Image, form: str, tags: Image.Exif | None = None, **options: Any) -> bytes:
    # As bytes: given its own Exif object, Pillow's TIFF writer leaves out what is nested.
    exif_option = {"exif": tags.tobytes()} if tags else {}
    buffer = io.BytesIO()
    image.save(buffer, form, **exif_option, **options)
    return buffer.getvalue()


def camera_jpeg(image: Image.Image, tags: Image.Exif) -> bytes:
    """As cameras write it: 4:2:2, Exif first, and none of the JFIF that Pillow insists on."""
    jpeg = saved(image, "JPEG", tags, quality=88, subsampling="4:2:2")
    jfif_bytes = int.from_bytes(jpeg[4:6], "big")
    return jpeg[:2] + jpeg[4 + jfif_bytes :]


def program_jpeg(image: Image.Image, tags: Image.Exif | None = None) -> bytes:
    """As programs write it: 4:2:0, JFIF first."""
    return saved(image, "JPEG", tags, quality=80)


def heic(image: Image.Image, tags: Image.Exif) -> bytes:
    """As phones write it: a grid of tiles of 512 x 512 pixels."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(
        buffer,
        quality=60,
        exif=tags.tobytes(),
        tile_size=512,
        enc_params={"preset": "ultrafast"},  # a tenth of the default's time
    )
    return buffer.getvalue()


def movie(
    image: Image.Image, form: str, created: datetime, keys: dict[str, str], maker: str
) -> bytes:
    """A pan of a second and a half over the picture; `created` is stored in UTC."""
    # Unless told to be bitexact FFmpeg signs the file, and what it signed no camera made.
    options = {"movflags": "use_metadata_tags", "fflags": "+bitexact"}
    stamp = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    scene = np.asarray(image.resize((800, 600)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form, options=options) as container:
        container.metadata.update(keys | {"creation_time": stamp})
        stream = container.add_stream("libx264", rate=10, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.codec_context.thread_count = 1  # with more, the bytes depend on the machine
        stream.metadata.update({"creation_time": stamp, "handler_name": maker})
        for step in range(15):
            seen = scene[step * 8 : step * 8 + 480, step * 10 : step * 10 + 640]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(seen), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def iphone_movie(image: Image.Image, shot: Shot) -> bytes:
    keys = {
        "com.apple.quicktime.creationdate": shot.instant.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "com.apple.quicktime.make": shot.camera.make,
        "com.apple.quicktime.model": shot.camera.model,
        "com.apple.quicktime.software": shot.camera.software,
    }
    if shot.gps:
        keys["com.apple.quicktime.location.ISO6709"] = "{:+08.4f}{:+09.4f}/".format(*shot.gps)
    if shot.live_id:
        keys["com.apple.quicktime.content.identifier"] = shot.live_id
    return movie(image, "mov", shot.instant, keys, "Core Media Video")


AAE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
\t<key>adjustmentBaseVersion</key>
\t<integer>0</integer>
\t<key>adjustmentEditorBundleID</key>
\t<string>com.apple.mobileslideshow</string>
\t<key>adjustmentFormatIdentifier</key>
\t<string>com.apple.photo</string>
\t<key>adjustmentFormatVersion</key>
\t<string>1.5</string>
</dict>
</plist>
"""

XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def takeout_json(shot: Shot) -> bytes:
    facts = {
        "title": shot.name,
        "description": "",
        "photoTakenTime": {"timestamp": str(int(shot.instant.timestamp()))},
        "geoData": {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0},
    }
    return json.dumps(facts, indent=2).encode()
