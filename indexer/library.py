"""The subjects of a library, made of a catalog's facts: all at once, or those asked for.

A subject needs its files, its tags, and the sidecars that speak about it; which do is remembered
by folder.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from indexer.capture_time.clue import FILE_NAME
from indexer.capture_time.clues import clues_of, clues_of_folders, clues_of_name, clues_of_sidecar
from indexer.catalog import readings, remembered
from indexer.grouping.sidecars import attached
from indexer.grouping.subject import preference, subjects_of
from indexer.model import MEDIA, NO_TAGS
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import apsw

    from indexer.capture_time.clue import Clue
    from indexer.catalog.rows import FactRow
    from indexer.grouping.subject import Subject
    from indexer.model import ContentId, FileId, FolderId, Tags

    Sidecars = Mapping[FileId, Sequence[FactRow]]


def subjects_in(
    files: Sequence[FactRow], sidecars: Sidecars, tags: Mapping[ContentId, Tags], now: datetime
) -> list[Subject]:
    """The subjects that these files make, those worth a shot, in an order of their own.

    `files` must hold every copy of each content; `now` is naive UTC and bounds the future.
    """
    speaking = {sidecar.file for some in sidecars.values() for sidecar in some}
    media = [f for f in files if f.kind in MEDIA and f.file not in speaking]
    clues = _clues(media, sidecars, tags, now)
    return [s for s in subjects_of(media, tags, clues, NO_TAGS) if s.is_worth_a_shot]


class Library:
    """What is known of some contents, fetched when it is asked for first."""

    def __init__(self, db: apsw.Connection, now: datetime) -> None:
        self._db = db
        self._now = now
        self._subjects: dict[ContentId, Subject | None] = {}
        self.sidecars: dict[FileId, list[FactRow]] = {}
        self.tags: dict[ContentId, Tags] = {}

    def everything(self) -> list[Subject]:
        """Every subject there is."""
        files = list(readings.present_files(self._db))
        self.tags = readings.all_tags(self._db)
        self.sidecars = attached(files, self.tags)
        folder_of = {file.file: file.folder for file in files}
        pairs = ((s.file, of, folder_of[of]) for of, some in self.sidecars.items() for s in some)
        remembered.put_attachments(self._db, (), pairs)
        return subjects_in(files, self.sidecars, self.tags, self._now)

    def subjects(self, contents: Iterable[ContentId]) -> list[Subject]:
        """The subjects of these contents, in their order; those gone are left out."""
        wanted = set(contents)
        self._fetch(wanted - self._subjects.keys())
        found = [s for content in wanted if (s := self._subjects[content]) is not None]
        return sorted(found, key=lambda subject: subject.fact.blake3)

    def _fetch(self, contents: set[ContentId]) -> None:
        if not contents:
            return
        files = list(readings.files_of_contents(self._db, contents))
        speaking = remembered.speaking(self._db, (f.file for f in files))
        files = [f for f in files if f.file not in speaking]
        pairs = remembered.sidecars_of(self._db, (f.file for f in files))
        by_file = {s.file: s for s in readings.files_by_id(self._db, (s for _, s in pairs))}
        sidecars: dict[FileId, list[FactRow]] = defaultdict(list)
        for file, sidecar in pairs:
            sidecars[file].append(by_file[sidecar])
        for some in sidecars.values():
            some.sort(key=lambda sidecar: sidecar.name)
        unknown = {f.content for f in (*files, *by_file.values())} - self.tags.keys()
        self.tags |= readings.tags_of(self._db, unknown)
        self.sidecars |= sidecars
        self._subjects |= dict.fromkeys(contents)
        for subject in subjects_in(files, sidecars, self.tags, self._now):
            self._subjects[subject.content] = subject

    def attach(self, folders: Iterable[FolderId]) -> set[ContentId]:
        """Find anew which sidecars speak about which files in some folders.

        Returns the contents about which other sidecars speak now, or of which a file became a
        sidecar or is none any more.
        """
        folders = list(folders)
        before = remembered.attached_in(self._db, folders)
        files = {f.file: f for f in readings.files_of_folders(self._db, folders)}
        self.tags |= readings.tags_of(
            self._db, {f.content for f in files.values()} - self.tags.keys()
        )
        found = attached(files.values(), self.tags)
        now = {(sidecar.file, of) for of, some in found.items() for sidecar in some}
        pairs = ((sidecar, of, files[of].folder) for sidecar, of in now)
        remembered.put_attachments(self._db, folders, pairs)
        changed = {file for pair in before ^ now for file in pair}
        return {files[file].content for file in changed if file in files}


def _clues(
    media: Sequence[FactRow], sidecars: Sidecars, tags: Mapping[ContentId, Tags], now: datetime
) -> dict[ContentId, tuple[Clue, ...]]:
    """Each content's clues; a date in the name comes from whichever copy has one."""
    found: dict[ContentId, tuple[Clue, ...]] = {}
    media = sorted(media, key=preference)
    for fact in media:
        known, name = found.get(fact.content), to_str(fact.name)
        if known is None:
            own = tags.get(fact.content, NO_TAGS)
            found[fact.content] = tuple(
                clues_of(fact.file, own, name, now, fact.duration_ms, saved=_saved(fact))
            )
        elif not any(clue.source == FILE_NAME for clue in known):
            found[fact.content] = (*known, *clues_of_name(fact.file, name, now))
    for fact in media:
        for sidecar in sidecars.get(fact.file, ()):
            own = tags.get(sidecar.content, NO_TAGS)
            found[fact.content] += tuple(clues_of_sidecar(sidecar.file, own, now))
    for fact in media:
        if not any(clue.is_usable for clue in found[fact.content]):
            found[fact.content] += tuple(clues_of_folders(fact.file, to_str(fact.folder_path), now))
    return found


def _saved(fact: FactRow) -> datetime | None:
    """When the disk says that the file was written, in naive UTC; None where that is no date."""
    try:
        return datetime.fromtimestamp(fact.mtime_ns // 10**9, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
