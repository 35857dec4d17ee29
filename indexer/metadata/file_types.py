"""The types that are known: their kinds, words and extensions, and what a name promises.

What a file is, its bytes say: sniff.py.
"""

from __future__ import annotations

from typing import Final

from indexer.model import MEDIA, Kind

_P, _R, _V, _A, _S = Kind.PICTURE, Kind.RAW, Kind.VIDEO, Kind.AUDIO, Kind.SIDECAR

# True extension -> kind, mime, other names that are no lie. The first extension of a mime wins.
TYPES: Final[dict[str, tuple[Kind, str, tuple[str, ...]]]] = {
    "jpg": (_P, "image/jpeg", ("jpeg", "jpe", "jfif", "jif", "mpo", "insp", "thm")),
    "heic": (_P, "image/heic", ("heif", "hif", "heics")),
    "heif": (_P, "image/heif", ("heic", "hif", "heifs", "avif")),
    "avif": (_P, "image/avif", ("avifs", "heif", "hif")),
    "png": (_P, "image/png", ("apng",)),
    "gif": (_P, "image/gif", ()),
    "webp": (_P, "image/webp", ()),
    "tif": (_P, "image/tiff", ("tiff",)),
    "bmp": (_P, "image/bmp", ("dib",)),
    "psd": (_P, "image/vnd.adobe.photoshop", ("psb",)),
    "jxl": (_P, "image/jxl", ()),
    "jp2": (_P, "image/jp2", ("j2k", "jpf", "jpx", "jpm", "j2c")),
    "dng": (_R, "image/x-adobe-dng", ("gpr", "3fr", "fff")),
    "cr2": (_R, "image/x-canon-cr2", ()),
    "cr3": (_R, "image/x-canon-cr3", ()),
    "crw": (_R, "image/x-canon-crw", ()),
    "nef": (_R, "image/x-nikon-nef", ("nrw",)),
    "nrw": (_R, "image/x-nikon-nrw", ("nef",)),
    "arw": (_R, "image/x-sony-arw", ("sr2", "srf")),
    "sr2": (_R, "image/x-sony-sr2", ("arw", "srf")),
    "srf": (_R, "image/x-sony-srf", ("arw", "sr2")),
    "orf": (_R, "image/x-olympus-orf", ("ori",)),
    "rw2": (_R, "image/x-panasonic-rw2", ("raw", "rwl")),
    "raf": (_R, "image/x-fuji-raf", ()),
    "pef": (_R, "image/x-pentax-pef", ()),
    "srw": (_R, "image/x-samsung-srw", ()),
    "x3f": (_R, "image/x-sigma-x3f", ()),
    "mrw": (_R, "image/x-minolta-mrw", ()),
    "3fr": (_R, "image/x-hasselblad-3fr", ("fff",)),
    "fff": (_R, "image/x-hasselblad-fff", ("3fr",)),
    "iiq": (_R, "image/x-phaseone-iiq", ("tif",)),
    "erf": (_R, "image/x-epson-erf", ()),
    "mef": (_R, "image/x-mamiya-mef", ()),
    "mos": (_R, "image/x-leaf-mos", ()),
    "dcr": (_R, "image/x-kodak-dcr", ("kdc",)),
    "kdc": (_R, "image/x-kodak-kdc", ("dcr",)),
    "mov": (_V, "video/quicktime", ("qt", "lrv")),
    "mp4": (_V, "video/mp4", ("m4v", "mpeg4", "lrv", "lrf", "insv", "360", "mp")),
    "m4v": (_V, "video/x-m4v", ("mp4",)),
    "3gp": (_V, "video/3gpp", ("3gpp", "mp4")),
    "3g2": (_V, "video/3gpp2", ("3gp", "mp4")),
    "avi": (_V, "video/x-msvideo", ("divx",)),
    "mkv": (_V, "video/x-matroska", ("webm", "mk3d")),
    "webm": (_V, "video/webm", ("mkv",)),
    "wmv": (_V, "video/x-ms-wmv", ("asf",)),
    "mpg": (_V, "video/mpeg", ("mpeg", "mpe", "m1v", "m2v", "vob", "mod", "m2p")),
    "mts": (_V, "video/mp2t", ("m2ts", "m2t", "ts", "tod")),
    "flv": (_V, "video/x-flv", ()),
    "mxf": (_V, "application/mxf", ()),
    "m4a": (_A, "audio/mp4", ("mp4", "m4b", "aac")),
    "mp3": (_A, "audio/mpeg", ()),
    "wav": (_A, "audio/x-wav", ()),
    "aac": (_A, "audio/aac", ()),
    "amr": (_A, "audio/amr", ()),
    "flac": (_A, "audio/flac", ()),
    "ogg": (_A, "audio/ogg", ("oga", "opus")),
    "xmp": (_S, "application/rdf+xml", ()),
    "aae": (_S, "application/x-apple-aae", ()),
    "json": (_S, "application/json", ()),
    "srt": (_S, "application/x-subrip", ()),
    "xml": (_S, "application/xml", ()),
}

# libmagic's other words for the same.
_ALIASES: Final[dict[str, str]] = {
    "application/mp4": "video/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/x-flac": "audio/flac",
    "audio/wav": "audio/x-wav",
    "image/x-ms-bmp": "image/bmp",
    "image/x-adobe-photoshop": "image/vnd.adobe.photoshop",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "image/jpx": "image/jp2",
    "image/jpm": "image/jp2",
    "image/x-jxl": "image/jxl",
    "image/x-dng": "image/x-adobe-dng",
    "video/x-ms-asf": "video/x-ms-wmv",
    "video/MP2T": "video/mp2t",
    "video/mpeg4-generic": "video/mpeg",
    "application/x-matroska": "video/x-matroska",
}


def claims_media(name: bytes) -> bool:
    """The name promises a picture, film or sound."""
    return any(TYPES[true][0] in MEDIA for true in promised(extension_of(name)))


def promised(extension: str) -> frozenset[str]:
    """The true extensions that one in a name may stand for: "jpeg" promises "jpg"."""
    return _PROMISES.get(extension.lower(), frozenset())


def extension_of(name: bytes) -> str:
    """What follows the last dot, lower case; of `.jpg` alone and `a.` nothing."""
    stem, dot, extension = name.rpartition(b"/")[2].rpartition(b".")
    return extension.decode("ascii", "replace").lower() if dot and stem else ""


def _promises() -> dict[str, frozenset[str]]:
    """Extension in a name -> true extensions it may stand for."""
    promises: dict[str, set[str]] = {}
    for true, (_, _, others) in TYPES.items():
        for extension in (true, *others):
            promises.setdefault(extension, set()).add(true)
    return {extension: frozenset(true) for extension, true in promises.items()}


_PROMISES: Final = _promises()

_BY_MIME: Final = {mime: true for true, (_, mime, _) in reversed(TYPES.items())}


def of_mime(mime: str) -> str | None:
    """The true extension of what libmagic calls so."""
    return _BY_MIME.get(_ALIASES.get(mime, mime))
