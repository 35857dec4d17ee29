"""What programs write beside photographs: adjustments, Google's records, captions."""

from __future__ import annotations

import json
import plistlib
from datetime import datetime

from truth.stills import xmp

USER, CAMERA = "com.apple.mobileslideshow", "com.apple.camera"


def aae(editor: str, at: str = "2019-08-01T09:00:00") -> bytes:
    """Apple's adjustments, by a person in Photos or by the camera at the press."""
    told = {
        "adjustmentBaseVersion": 0,
        "adjustmentData": b"\0\1\2\3",
        "adjustmentEditorBundleID": editor,
        "adjustmentFormatIdentifier": "com.apple.photo",
        "adjustmentFormatVersion": "1.5",
        "adjustmentTimestamp": datetime.fromisoformat(at),
    }
    return plistlib.dumps(told)


def takeout(title: str, taken: int, where: tuple[float, float] = (0.0, 0.0)) -> bytes:
    """Google's record; `taken` in seconds since 1970, 0 where Google does not know."""
    place = {"latitude": where[0], "longitude": where[1], "altitude": 0.0}
    told = {
        "title": title,
        "description": "",
        "creationTime": {"timestamp": "1700000000", "formatted": "14 Nov 2023, 22:13:20 UTC"},
        "photoTakenTime": {"timestamp": str(taken), "formatted": ""},
        "geoData": place,
        "geoDataExif": place,
    }
    return json.dumps(told, indent=2).encode()


def raw_caption(document: str, extension: str) -> bytes:
    """What Lightroom and Bridge write beside a raw file that they never touch."""
    return xmp(
        xmpMM_DocumentID=document,
        xmpMM_OriginalDocumentID=document,
        photoshop_SidecarForExtension=extension,
        xmp_Rating="4",
    )
