"""What is not indexed: a list that can be seen (`mediafs index --list-excludes`) and changed.

In a pattern `*` and `?` stand for any characters but a slash, all else for itself, in any case:
    NAME        files and folders of that name, anywhere
    NAME/       folders only; nothing below them is looked at
    A/B/        a folder B directly inside a folder A; and so on
Config adds patterns with `exclude = […]` and takes one of these away with `include = […]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Left by systems and tools beside photographs; none holds one. Two spaces part two patterns.
_JUNK = """
._*  .DS_Store  .localized  .metadata_never_index  .nomedia  .hidden  Icon\r
Thumbs.db  ehthumbs*.db  desktop.ini  autorun.inf
.directory  .BridgeSort  .BridgeLabelsAndRatings  SYNOFILE_THUMB_*  ZbThumbnail.info
*.crdownload  *.part  *.partial  *.filepart  .~lock.*
@eaDir/  #recycle/  #snapshot/  @Recycle/  @Recently-Snapshot/  .@__thumb/  @__thumb/  @tmp/
$RECYCLE.BIN/  System Volume Information/  lost+found/
.Spotlight-V100/  .Trashes/  .Trash/  .Trash-*/  .fseventsd/  .TemporaryItems/
.DocumentRevisions-V100/  .thumbnails/  .dtrash/  .stversions/  .stfolder/  .photostructure/
.git/  .mediafs/
"""

# Inside the bundles of photo programs: their own databases and throw-away renderings.
# `originals`, `Masters`, `resources/renders` and `resources/derivatives` are walked.
_BUNDLES = """
*.photoslibrary/database/  *.photoslibrary/private/  *.photoslibrary/external/
*.photoslibrary/scopes/  *.photoslibrary/internal/  *.photoslibrary/Plugins/
*.photoslibrary/resources/caches/  *.photoslibrary/resources/cpl/
*.photoslibrary/resources/journals/  *.photoslibrary/resources/moments/
*.photoslibrary/resources/recovery/  *.photoslibrary/resources/partialvideo/
*.photoslibrary/resources/streams/  *.photoslibrary/resources/segmented/
*.photoslibrary/resources/projects/  *.photoslibrary/resources/modelresources/
*.photoslibrary/resources/smartalbums/  *.photoslibrary/resources/derivatives/thumbs/
*.photolibrary/Database/  *.photolibrary/Thumbnails/  *.photolibrary/iPod Photo Cache/
*.aplibrary/Database/  *.aplibrary/Thumbnails/  *.aplibrary/Previews/
*.lrdata/  *.lrcat-data/  *.cocatalogdb/  CaptureOne/Cache/  *.app/  *.tvlibrary/  *.musiclibrary/
"""

DEFAULTS: tuple[str, ...] = tuple(filter(None, re.split(r" {2,}|\n", _JUNK + _BUNDLES)))


@dataclass(frozen=True, slots=True)
class Excludes:
    """A compiled list of patterns."""

    patterns: tuple[str, ...]
    _names: re.Pattern[str] | None
    _folders: re.Pattern[str] | None

    def of_file(self, name: str) -> str | None:
        """The pattern that excludes a file of this name, if any."""
        found = self._names and self._names.match(name)
        return self.patterns[_index(found)] if found else None

    def of_folder(self, path: str) -> str | None:
        """The pattern that excludes the folder at this absolute path, if any."""
        found = self._names and self._names.match(path.rpartition("/")[2])
        found = found or (self._folders and self._folders.search(path))
        return self.patterns[_index(found)] if found else None


def compile_excludes(extra: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Excludes:
    """The default patterns plus `extra`, less those whose text is in `without`."""
    patterns = tuple(p for p in (*DEFAULTS, *extra) if p not in without)
    names = {i: p for i, p in enumerate(patterns) if "/" not in p}
    folders = {i: p for i, p in enumerate(patterns) if "/" in p}
    return Excludes(patterns, _union(names), _union(folders))


def _union(patterns: dict[int, str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    parts = [f"(?P<p{i}>{_regex(pattern)})" for i, pattern in patterns.items()]
    return re.compile("|".join(parts), re.IGNORECASE)


def _regex(pattern: str) -> str:
    """A name's glob as a regular expression, or a folder's, tied to the end of its path."""
    # Not fnmatch.translate: its `*` crosses slashes.
    regex = re.escape(pattern.rstrip("/")).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return (f"/{regex}" if "/" in pattern else regex) + r"\Z"


def _index(found: re.Match[str]) -> int:
    return int(str(found.lastgroup)[1:])
