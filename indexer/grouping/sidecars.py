"""Which sidecars speak about which media file: each about one, in its own folder.

Pure. What several programs call their sidecars is here; Google Takeout's names, which need
more reading, are in takeout.py. A sidecar that fits nothing belongs to nothing and stays
visible. Forms and traps: ORIGINALS.md section 5.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from indexer.grouping import takeout
from indexer.grouping.names import folded, is_proxy_name
from indexer.model import MEDIA, Kind
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from indexer.catalog.rows import FactRow
    from indexer.model import ContentId, FileId, Tags


def attached(
    files: Iterable[FactRow], tags: Mapping[ContentId, Tags]
) -> dict[FileId, list[FactRow]]:
    """Media file to the sidecars, and the voice memos, that speak about it.

    A memo is media by its bytes: whoever makes subjects of media leaves out what stands here.
    """
    folders: dict[int, list[FactRow]] = defaultdict(list)
    for file in files:
        folders[file.folder].append(file)
    found: dict[FileId, list[FactRow]] = {}
    for inside in folders.values():
        for sidecar, media in _Folder(inside, tags).pairs():
            found.setdefault(media.file, []).append(sidecar)
    for sidecars in found.values():
        sidecars.sort(key=lambda sidecar: sidecar.name)
    return found


# --- which of several --------------------------------------------------------------------

# The camera's own file before what was made of it.
_RAWS_BEFORE: Final = ("dng",)  # a converter's, where another RAW lies beside it
_STILLS: Final = ("heic", "heif", "avif", "jpg", "tif")

_Rank = tuple[object, ...]


def _rank(file: FactRow, kinds: tuple[Kind, ...]) -> _Rank:
    place = _STILLS.index(file.extension) if file.extension in _STILLS else len(_STILLS)
    return (
        is_proxy_name(to_str(file.name)),
        kinds.index(file.kind),
        file.extension in _RAWS_BEFORE,
        place,
        file.name,
    )


_STILLS_FIRST: Final = (Kind.RAW, Kind.PICTURE, Kind.VIDEO, Kind.AUDIO)
_FILMS_FIRST: Final = (Kind.VIDEO, Kind.RAW, Kind.PICTURE)
_FILMS_ONLY: Final = (Kind.VIDEO,)
_NO_SOUND: Final = (Kind.RAW, Kind.PICTURE, Kind.VIDEO)

# --- names -------------------------------------------------------------------------------

# iOS keeps the camera's own adjustments as IMG_O1234.AAE, Photos' export as name_O.AAE.
_APPLE_O: Final = re.compile(r"(?P<start>[a-z]{3}_)o(?P<number>\d{4})(?P<rest>\D.*)?$")
_EXPORTED_O: Final = re.compile(r"(?P<stem>.+)_o$")
_DARKTABLE_VERSION: Final = re.compile(r"(?P<stem>.+)_\d\d(?P<extension>\.[a-z0-9]+)$")
_SONY_CLIP: Final = re.compile(r"(?P<stem>.+)m\d\d$")
# DCF (JEITA CP-3461): files of one folder with one name of four signs and four digits are one
# object. Other sounds and pictures of one name are a song and its cover.
_DCF: Final = re.compile(r"[a-z0-9_]{4}\d{4}$")

_SIDECAR_FOR: Final = "XMP-photoshop:SidecarForExtension"
_SOUND: Final = "ExifIFD:RelatedSoundFile"
_TITLE: Final = "JSON:Title"


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, extension) if dot and stem else (name, "")


class _Folder:
    """The files of one folder; each name is looked up, never searched for."""

    def __init__(self, files: Iterable[FactRow], tags: Mapping[ContentId, Tags]) -> None:
        self._tags = tags
        self._by_name: dict[str, list[FactRow]] = defaultdict(list)
        self._by_stem: dict[str, list[FactRow]] = defaultdict(list)
        self._sidecars: list[FactRow] = []
        self._media: list[FactRow] = []
        for file in files:
            if file.kind is Kind.SIDECAR:
                self._sidecars.append(file)
            elif file.kind in MEDIA:
                self._media.append(file)
        if not self._sidecars and not any(f.kind is Kind.AUDIO for f in self._media):
            return
        for file in self._media:
            name = folded(to_str(file.name))
            self._by_name[name].append(file)
            self._by_stem[_split(name)[0]].append(file)

    def pairs(self) -> Iterator[tuple[FactRow, FactRow]]:
        """(sidecar, the file that it speaks about)."""
        texts = [s for s in self._sidecars if s.extension == "json"]
        if texts:
            pictures = [m for m in self._media if m.kind is not Kind.AUDIO]
            yield from takeout.pairs(texts, pictures, self._title)
        for sidecar in self._sidecars:
            of = _OF.get(sidecar.extension)
            media = of(self, sidecar, folded(to_str(sidecar.name))) if of else None
            if media is not None:
                yield sidecar, media
        yield from self._memos()

    def _title(self, sidecar: FactRow) -> str | None:
        return self._tag(sidecar, _TITLE)

    def _tag(self, file: FactRow, tag: str) -> str | None:
        tags = self._tags.get(file.content)
        return tags.all.get(tag) if tags else None

    def _named(self, sidecar: FactRow, name: str, kinds: tuple[Kind, ...]) -> FactRow | None:
        return self._best(sidecar, self._by_name.get(name, ()), kinds)

    def _with_stem(self, sidecar: FactRow, stem: str, kinds: tuple[Kind, ...]) -> FactRow | None:
        return self._best(sidecar, self._by_stem.get(stem, ()), kinds)

    def _best(
        self, sidecar: FactRow, found: Iterable[FactRow], kinds: tuple[Kind, ...]
    ) -> FactRow | None:
        """Of names that differ only in case, the one that is spelled alike."""
        fitting = [f for f in found if f.kind in kinds and f.file != sidecar.file]
        return min(
            fitting,
            key=lambda f: (not sidecar.name.startswith(_split_bytes(f.name)), _rank(f, kinds)),
            default=None,
        )

    def of_aae(self, sidecar: FactRow, name: str) -> FactRow | None:
        """Apple's adjustments: of the original, or IMG_E1234.AAE of the edit."""
        base, _ = _split(name)
        stems = [base]
        if found := _APPLE_O.match(base):
            stems.append(f"{found['start']}{found['number']}{found['rest'] or ''}")
        elif found := _EXPORTED_O.match(base):
            stems.append(found["stem"])
        return self._named(sidecar, base, _STILLS_FIRST) or next(
            (m for s in stems if (m := self._with_stem(sidecar, s, _STILLS_FIRST))), None
        )

    def of_xmp(self, sidecar: FactRow, name: str) -> FactRow | None:
        """IMG_1.NEF.xmp is of exactly that file; IMG_1.xmp of the RAW, or of the named type."""
        base, _ = _split(name)
        exact = self._named(sidecar, base, _STILLS_FIRST)
        if exact is None and (found := _DARKTABLE_VERSION.match(base)):
            exact = self._named(sidecar, found["stem"] + found["extension"], _STILLS_FIRST)
        if exact is not None:
            return exact
        wanted = (self._tag(sidecar, _SIDECAR_FOR) or "").strip().casefold()
        if wanted and (media := self._named(sidecar, f"{base}.{wanted}", _STILLS_FIRST)):
            return media
        return self._with_stem(sidecar, base, _STILLS_FIRST)

    def of_thm(self, sidecar: FactRow, name: str) -> FactRow | None:
        """The camera's small picture of a film, a RAW, or an animation."""
        base, _ = _split(name)
        return self._with_stem(sidecar, base, _FILMS_FIRST)

    def of_srt(self, sidecar: FactRow, name: str) -> FactRow | None:
        """A drone's flight, or any subtitles."""
        base, _ = _split(name)
        return self._named(sidecar, base, _FILMS_ONLY) or self._with_stem(
            sidecar, base, _FILMS_ONLY
        )

    def of_xml(self, sidecar: FactRow, name: str) -> FactRow | None:
        """Sony's C0001M01.XML of C0001.MP4."""
        base, _ = _split(name)
        found = _SONY_CLIP.match(base)
        return self._with_stem(sidecar, found["stem"], _FILMS_ONLY) if found else None

    def _memos(self) -> Iterator[tuple[FactRow, FactRow]]:
        """Sounds that a camera recorded to a picture: EXIF names them, or DCF's common name."""
        sounds = [f for f in self._media if f.kind is Kind.AUDIO]
        if not sounds:
            return
        stills = [f for f in self._media if f.kind in (Kind.RAW, Kind.PICTURE)]
        named = {
            folded(said.strip(" \0")): still
            for still in sorted(stills, key=lambda f: _rank(f, _NO_SOUND), reverse=True)
            if (said := self._tag(still, _SOUND))
        }
        for sound in sounds:
            name = folded(to_str(sound.name))
            stem, _ = _split(name)
            picture = named.get(name)
            if picture is None and sound.extension == "wav" and _DCF.match(stem):
                picture = self._with_stem(sound, stem, _NO_SOUND)
            if picture is not None:
                yield sound, picture


def _split_bytes(name: bytes) -> bytes:
    return name.rpartition(b".")[0] or name


_OF: Final[dict[str, Callable[[_Folder, FactRow, str], FactRow | None]]] = {
    "aae": _Folder.of_aae,
    "xmp": _Folder.of_xmp,
    "thm": _Folder.of_thm,
    "srt": _Folder.of_srt,
    "xml": _Folder.of_xml,
}
