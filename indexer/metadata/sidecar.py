"""Which media file a sidecar speaks about, by the names that programs give sidecars.

Pure: the names of one folder in, pairs out. A sidecar without a partner stays an orphan
and visible. Forms and traps: ORIGINALS.md sections 2.5 and 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")

_TAKEOUT_SUFFIX = ".supplemental-metadata"
_COUNTED = re.compile(r"^(?P<stem>.*)(?P<count>\(\d+\))$")
_APPLE_O = re.compile(r"^(img_)o(\d{4})$|^(.+)_o$")
# Takeout cuts the names of its JSON files to 51 characters with ".json" (ORIGINALS 2.5).
_TAKEOUT_CUT = 46
# Of several twins with one stem: the camera's own file first, then the film beside it.
_RANK = ("crw", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "dng", "raw", "heic",
         "heif", "avi", "mov", "mp4", "jpg", "jpeg", "gif", "png", "tif", "tiff")  # fmt: skip


def partner(sidecar: str, media: Mapping[str, T]) -> T | None:
    """The media file of the same folder that `sidecar` belongs to.

    `media` maps case-folded names to anything; the value of the partner comes back.
    """
    name = sidecar.casefold()
    base, _, extension = name.rpartition(".")
    if not base:
        return None
    if extension == "json":
        return _first(_takeout_names(base), media) or _cut(base, media)
    if base in media:  # IMG_1.JPG.xmp
        return media[base]
    for stem in (base, _without_o(base)):
        twin = _by_stem(stem, media)
        if twin is not None:
            return twin
    return None


def _first(names: Iterable[str], media: Mapping[str, T]) -> T | None:
    return next((media[name] for name in names if name in media), None)


def _takeout_names(base: str) -> Iterable[str]:
    """What the media may be called when its JSON is `base`.json."""
    yield base
    count = ""
    if found := _COUNTED.match(base):
        base, count = found["stem"], found["count"]
        yield _counted(base, count)
    for length in range(len(_TAKEOUT_SUFFIX), 0, -1):
        if base.endswith(_TAKEOUT_SUFFIX[:length]):
            media = base[:-length]
            yield _counted(media, count)
            if not count and (found := _COUNTED.match(media)):
                yield _counted(found["stem"], found["count"])


def _counted(media: str, count: str) -> str:
    """Takeout writes IMG.JPG(1).json for IMG(1).JPG."""
    stem, dot, extension = media.rpartition(".")
    return f"{stem}{count}.{extension}" if dot else f"{media}{count}"


def _cut(base: str, media: Mapping[str, T]) -> T | None:
    """The only media file whose name starts with a JSON name that was cut."""
    if len(base) != _TAKEOUT_CUT:
        return None
    found = [value for name, value in media.items() if name.startswith(base)]
    return found[0] if len(found) == 1 else None


def _without_o(stem: str) -> str:
    """IMG_O1234.AAE keeps the adjustments that the camera made to IMG_1234."""
    found = _APPLE_O.match(stem)
    if not found:
        return stem
    return found[3] or f"{found[1]}{found[2]}"


def _by_stem(stem: str, media: Mapping[str, T]) -> T | None:
    names = (f"{stem}.{extension}" for extension in _RANK)
    return _first(names, media) or _first(
        sorted(name for name in media if name.rpartition(".")[0] == stem), media
    )
