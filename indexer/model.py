"""The words of the program: ids, stamps, and the facts that stages hand to each other.

Facts are frozen and carry their units in their names. `None` means "not known" or
"does not apply"; where it means more than that, the field says so. No behaviour here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

RootId = NewType("RootId", int)  # one directory tree that is indexed
FolderId = NewType("FolderId", int)  # one source directory
FileId = NewType("FileId", int)  # one path we have seen; its inode in the tree follows from it
ContentId = NewType("ContentId", int)  # one BLAKE3 digest
ShotId = NewType("ShotId", int)  # one press of the shutter
TreeDirectoryId = NewType("TreeDirectoryId", int)  # one directory of the mounted tree
Generation = NewType("Generation", int)  # one committed state of the derived tables


class Role(StrEnum):
    """What a member is to its shot (DESIGN.md section 6, relied on from outside)."""

    ORIGINAL = "original"
    LIVE_VIDEO = "live-video"
    RAW_COMPANION = "raw-companion"
    SIDECAR = "sidecar"
    EDIT = "edit"
    IDENTICAL = "identical"
    SAME_PAYLOAD = "same-payload"
    REENCODED = "reencoded"
    RESIZED = "resized"
    PREVIEW = "preview"


class RootRole(StrEnum):
    """How a person uses a root."""

    LIBRARY = "library"
    INCOMING = "incoming"
    ARCHIVE = "archive"
    BACKUP = "backup"


class Kind(StrEnum):
    """What the bytes are, whatever the name says."""

    PICTURE = "picture"
    RAW = "raw"
    VIDEO = "video"
    AUDIO = "audio"
    SIDECAR = "sidecar"  # AAE, XMP, THM, Takeout JSON, SRT: speaks about another file
    OTHER = "other"  # seen, kept in by-source, no photograph


MEDIA = frozenset({Kind.PICTURE, Kind.RAW, Kind.VIDEO, Kind.AUDIO})


class Damage(StrEnum):
    """Why a content can't be trusted; the folder names of `quarantine/`."""

    EMPTY = "empty"
    TRUNCATED = "truncated"  # the head is readable, part of the picture or film is missing
    UNDECODABLE = "undecodable"  # named or shaped like media, but no decoder makes sense of it
    UNREADABLE = "unreadable"  # open() or read() failed; such a file has no content row


class Confidence(StrEnum):
    """How sure the choice of the original is."""

    ONLY = "only"
    SURE = "sure"
    LIKELY = "likely"
    AMBIGUOUS = "ambiguous"


class UnknownTime(StrEnum):
    """Why a shot has no trusted capture time; the folder names of `unknown-time/`."""

    NO_TAG = "no-tag"
    ZERO = "zero"
    EPOCH_DEFAULT = "epoch-default"
    FUTURE = "future"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stat() said around the read. Equal stamps mean the bytes are known."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int | None  # None where the filesystem renumbers on mount (FAT, exFAT)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How a picture looks, as displayed: orientation obeyed, any resolution."""

    phash: bytes  # 32 bytes, 256-bit DCT hash (imagehash.phash, hash_size 16)
    dhash: bytes  # 32 bytes, 256-bit gradient hash (imagehash.dhash, hash_size 16)
    thumb: bytes  # 32 x 32 x 3 bytes sRGB, row by row
    sharpness: float  # variance of the Laplacian of a grey picture with longest edge 512 px
    contrast: float  # standard deviation of the thumbnail's luma, 0 to 127; flat pictures are low


@dataclass(frozen=True, slots=True)
class Picture:
    """What decoding a picture, or a frame of a film, told."""

    width: int  # coded pixels, before orientation
    height: int
    orientation: int | None  # EXIF 1 to 8 where the file has one; HEIF's own turn is applied
    fingerprint: Fingerprint | None
    # 32 bytes over the samples, upright; None where it was decoded smaller or with fewer bits
    pixels: bytes | None = None
    profile: str | None = None  # name of the embedded ICC profile; None: none


@dataclass(frozen=True, slots=True)
class Film:
    """What the container of a video or sound says."""

    duration_ms: int | None
    codec: str | None  # "h264", "hevc", "mjpeg": the first video stream, else the first sound
    frame_rate: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one single read of a file's bytes gave."""

    blake3: bytes  # 32 bytes over all bytes
    size: int
    mime: str  # libmagic's answer, corrected where it is known to be vague
    kind: Kind
    extension: str  # the true extension: lower case, no dot, "" where none is usual
    payload: bytes | None = None  # 32 bytes over the picture or sound data alone
    sample: bytes | None = None  # 32 bytes over head and tail, to recognise a moved library
    picture: Picture | None = None
    film: Film | None = None
    damage: Damage | None = None
    damage_says: str | None = None  # one clause: what a decoder said
    tail: bytes | None = None  # 32 bytes: BLAKE3 of the film appended to a motion photo
    # What the text of a sidecar tells that ExifTool does not read, keyed like its tags.
    told: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tags:
    """ExifTool's answer about one content: asked-often tags typed, the rest as they came."""

    make: str | None = None
    model: str | None = None
    serial: str | None = None
    lens: str | None = None
    software: str | None = None
    content_identifier: str | None = None  # Live Photo pair, still or film side
    burst_uuid: str | None = None
    image_unique_id: str | None = None
    document_id: str | None = None  # xmpMM:DocumentID
    derived_from: str | None = None  # xmpMM:DerivedFrom's document id
    exif_width: int | None = None  # ExifIFD:ExifImageWidth, what the camera says it wrote
    exif_height: int | None = None
    latitude: float | None = None  # degrees, south negative
    longitude: float | None = None  # degrees, west negative
    has_maker_note: bool = False
    warning: str | None = None  # ExifTool's Warning or Error, if it gave one
    # "Group1:Tag" -> value as text, as `exiftool -G1 -n` prints it; long and binary values
    # left out, lists joined with "; ". Times are read from here by capture_time.
    all: dict[str, str] = field(default_factory=dict)


NO_TAGS = Tags()
