"""How much each rule weighs, and where its direction comes from: the one table of points.

The directions are sourced or measured (ORIGINALS.md, sections 3.1 to 3.6); the numbers are its
starting values. Whole numbers all, so that a margin below one point is no margin.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from indexer.originals.vote import Verdict


class Weight(NamedTuple):
    """Points of one rule; positive speaks for the camera's own file."""

    points: float
    source: str
    verdict: Verdict = Verdict.SIGN


_DERIVED, _INFEASIBLE = Verdict.DERIVED, Verdict.INFEASIBLE

WEIGHTS: Final = {
    # what is whole
    "damaged": Weight(-50, "3.2, row 67", _INFEASIBLE),
    "smaller": Weight(-6, "3.2 pixel count"),
    "rerendered": Weight(-8, "3.1 F3, measured on 250 files", _INFEASIBLE),
    "other-size": Weight(-4, "3.1 F3, where nothing larger is here", _DERIVED),
    "turned": Weight(-3, "3.2 baked rotation"),
    "mirrored": Weight(-4, "no camera mirrors what it shows"),
    "shown-turned": Weight(-3, "3.2 baked rotation, as it looks"),
    "colours-lost": Weight(-6, "colours do not come back"),
    "cropped": Weight(-4, "3.1 F3, as it looks"),
    "strange-size": Weight(-4, "3.1 F4", _DERIVED),
    "maker-notes-kept": Weight(3, "3.2, 63 % of cameras, 19 % of editors"),
    "maker-notes-lost": Weight(-3, "3.2, 63 % of cameras, 19 % of editors"),
    "maker-notes-moved": Weight(-1, "ExifTool's warning about their offsets"),
    "no-metadata": Weight(-5, "3.2 all EXIF missing"),
    "silent": Weight(-6, "3.2 all EXIF missing, beside a camera's record", _INFEASIBLE),
    "thinner-record": Weight(-2, "saving again loses XMP and captions"),
    "exact-time": Weight(1, "3.2 sub-seconds and offset"),
    "place": Weight(1, "3.2 GPS"),
    "live-identifier": Weight(1, "3.2 Live id"),
    "auxiliary-pictures": Weight(2, "3.2 auxiliary images"),
    "film-kept": Weight(2, "Motion Photo format 1.0"),
    "film-cut-off": Weight(-8, "3.1 F5", _INFEASIBLE),
    # what a camera writes
    "raw": Weight(8, "3.2 sensor data"),
    "converted-raw": Weight(-4, "3.2 OriginalRawFileName", _DERIVED),
    "raw-companion": Weight(-6, "3.3 born at the same press"),
    "raw-beside-picture": Weight(8, "3.2 converted negative against JPEG"),
    "impossible-raw": Weight(-6, "3.1 ProRAW", _INFEASIBLE),
    "impossible-format": Weight(-12, "3.1 F1, F2", _INFEASIBLE),
    "camera-format": Weight(6, "3.2 feasible HEIC"),
    "foreign-format": Weight(-4, "3.7 step 4, converters write HEIC for any camera"),
    "no-camera-format": Weight(-8, "3.2 container as the device writes it", _INFEASIBLE),
    "neighbours-agree": Weight(6, "3.7 step 3"),
    "camera-tables": Weight(3, "3.2 learnt quantisation tables"),
    "foreign-tables": Weight(-3, "3.2 learnt quantisation tables"),
    "firmware": Weight(2, "3.4 firmware"),
    "false-extension": Weight(-1, "0, item 8"),
    # how a JPEG or HEIF is built
    "exif-first": Weight(1, "3.5, 80 % of cameras"),
    "jfif-first": Weight(-2, "3.5, 50 % of editors, 20 % of cameras"),
    "adobe-segments": Weight(-3, "3.5, 65 % of editors, 3 % of cameras"),
    "caption-segment": Weight(-1, "3.5, 8BIM; captions alone write it too"),
    "library-tables": Weight(-1, "3.5 IJG tables, weak"),
    "low-quality": Weight(-2, "3.2 quality of at most 80 at 5 MP"),
    "full-chroma": Weight(-1, "3.5, 38 % of editors, 5 % of cameras"),
    "camera-chroma": Weight(1, "3.5, 4:2:2, 56 % of cameras, 8 % of editors"),
    "turned-chroma": Weight(-1, "3.5, 4:4:0 upright: turned without loss"),
    "progressive": Weight(-2, "3.5, 1 % of cameras"),
    "pixel-tags": Weight(-2, "3.2 IFD0:ImageWidth in Apple files"),
    "saved-again": Weight(-3, "3.4, 3.5, 16 of 56 that name Adobe or Apple", _DERIVED),
    "recoded": Weight(-3, "3.5, of two codings with one record"),
    "lower-quality": Weight(-1, "3.5, generation loss"),
    "much-lower-quality": Weight(-2, "3.5, generation loss"),
    "tiles": Weight(2, "3.2, all 11 HEICs of phones"),
    "single-item": Weight(-4, "3.2 libheif, pillow, ffmpeg"),
    "one-piece": Weight(
        -2, "3.2 libheif; cameras' own HEICs but for Apple's and Samsung's are few"
    ),
    "foreign-brands": Weight(-2, "3.2 brands heic, mif1"),
    # who else wrote it
    "edited": Weight(-20, "3.1 F7", _INFEASIBLE),
    "library-preview": Weight(-12, "3.1 F7", _INFEASIBLE),
    "named-copy": Weight(-12, "3.1 F7", _INFEASIBLE),
    "scan-copy": Weight(-12, "row 52, FastFoto", _INFEASIBLE),
    "saved-by-editor": Weight(-4, "3.4", _DERIVED),
    "touched": Weight(-1, "3.4 Windows Photo Viewer, Bridge"),
    "history": Weight(-4, "3.2 xmpMM:History, DerivedFrom, crs", _DERIVED),
    "saved-later": Weight(-3, "3.2 ModifyDate"),
    "made-by-model": Weight(-4, "3.2 DigitalSourceType", _DERIVED),
    "digital-capture": Weight(1, "3.2 DigitalSourceType"),
    "messenger": Weight(-8, "3.2 FBMD, WhatsApp names", _DERIVED),
    "windows-rewrote": Weight(-1, "3.2 Padding, OffsetSchema"),
    "annotated": Weight(-1, "row 2"),
    "imported": Weight(3, "Photos keeps what it imported as it came"),
    "camera-folder": Weight(1, "3.2 path prior"),
    "export-folder": Weight(-1, "3.2 path prior"),
    # films
    "converter": Weight(-20, "3.1 F6, 3.6", _INFEASIBLE),
    "video-service": Weight(-6, "3.6 ISO Media file produced by Google", _DERIVED),
    "export": Weight(-4, "3.6 mp42, Core Media and a copied day", _DERIVED),
    "camera-keys": Weight(3, "3.6 original-looking"),
    "timed-metadata": Weight(2, "3.6 metadata tracks"),
    "zero-date": Weight(-2, "3.6 CreateDate 0"),
    "plain-handler": Weight(-2, "3.6 VideoHandler"),
    "messenger-size": Weight(-2, "3.6 odd boxes"),
    "trimmed": Weight(-4, "3.6 trim"),
    "camera-codec": Weight(6, "3.6 HEVC by device era"),
}
