"""Facts, subjects, view files and whole catalogs for tests: one line to arrange each."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3
from PIL import Image

from indexer import derive
from indexer.capture_time.clues import clues_of
from indexer.catalog import facts, generations, readings, tree
from indexer.catalog.check import check
from indexer.catalog.connection import CATALOG, DECISIONS, Database, open_writer
from indexer.catalog.rows import FactRow
from indexer.catalog.viewed import ViewFile
from indexer.grouping.looks import Looks, Near
from indexer.grouping.subject import Subject, subjects_of
from indexer.model import (
    ContentId,
    FileId,
    Fingerprint,
    FolderId,
    Generation,
    Kind,
    Reading,
    Role,
    RootId,
    RootRole,
    ShotId,
    Stamp,
    Tags,
)
from indexer.paths import to_bytes
from indexer.perceptual.distance import same_look
from indexer.perceptual.image_hash import fingerprint
from indexer.scan.walk import SeenFile
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import apsw

NOW = datetime(2024, 6, 1, 12)  # noqa: DTZ001 - naive UTC, as clues_of takes it
NO_TAGS = Tags()

_TYPES = {
    "jpg": (Kind.PICTURE, "image/jpeg"),
    "jpeg": (Kind.PICTURE, "image/jpeg"),
    "heic": (Kind.PICTURE, "image/heic"),
    "png": (Kind.PICTURE, "image/png"),
    "nef": (Kind.RAW, "image/x-nikon-nef"),
    "dng": (Kind.RAW, "image/x-adobe-dng"),
    "mov": (Kind.VIDEO, "video/quicktime"),
    "mp4": (Kind.VIDEO, "video/mp4"),
    "aae": (Kind.SIDECAR, "application/x-apple-aae"),
    "xmp": (Kind.SIDECAR, "application/rdf+xml"),
    "json": (Kind.SIDECAR, "application/json"),
}
_TRUE = {"jpeg": "jpg"}


def digest(number: int) -> bytes:
    """The digest of an imagined content."""
    return blake3(b"%d" % number).digest()


def _type_of(name: bytes) -> tuple[Kind, str, str]:
    ending = name.rpartition(b".")[2].decode("ascii", "replace").lower()
    kind, mime = _TYPES.get(ending, (Kind.OTHER, "application/octet-stream"))
    return kind, mime, _TRUE.get(ending, ending) if ending in _TYPES else ""


def fact(name: str | bytes = "IMG_0001.JPG", **changes: Any) -> FactRow:
    """A present file; its type follows its name, its content its number."""
    raw = to_bytes(name) if isinstance(name, str) else name
    kind, mime, extension = _type_of(raw)
    number = changes.pop("file", 1)
    content = changes.get("content", number)
    made = FactRow(
        FileId(number), RootId(1), b"/library", RootRole.LIBRARY, FolderId(1), b"", raw, 1000 + content,
        1_500_000_000 * 10**9, 1, ContentId(content), digest(content), None, mime, kind, extension,
        4032, 3024, None, None, None, None,
    )  # fmt: skip
    return replace(made, **changes)


def camera(time: str | None = "2019:07:14 16:02:11", **changes: Any) -> Tags:
    """What a camera writes: `fraction` and `offset` beside the time, the rest as in Tags."""
    everything = changes.pop("all", {})
    if time is not None:
        everything = {"ExifIFD:DateTimeOriginal": time, **everything}
    for word, tag in (("fraction", "SubSecTimeOriginal"), ("offset", "OffsetTimeOriginal")):
        if word in changes:
            everything[f"ExifIFD:{tag}"] = changes.pop(word)
    return replace(Tags(make="Apple", model="iPhone 12", all=everything), **changes)


def subject(name: str = "IMG_0001.JPG", tags: Tags | None = None, **changes: Any) -> Subject:
    """A content with one file."""
    row = fact(name, **changes)
    own = camera() if tags is None else tags
    clues = tuple(clues_of(row.file, own, name, NOW))
    return subjects_of([row], {row.content: own}, {row.content: clues}, NO_TAGS)[0]


def picture(seed: int = 1, drift: float = 0.0) -> Image.Image:
    """A photograph-like picture; `drift` mixes in another one, as when the camera has moved on.

    A drift of 0.02 leaves a residual of about 1.2 of 255, of 0.1 one that is no longer the same.
    """
    return Image.blend(_patches(seed), _patches(seed + 10_000), drift)


def _patches(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC)


@cache
def look(seed: int = 1, drift: float = 0.0, turn: Image.Transpose | None = None) -> Fingerprint:
    """The fingerprint of a synthetic picture."""
    upright = picture(seed, drift)
    return fingerprint(upright if turn is None else upright.transpose(turn))


@cache
def flat_look(grey: int = 255) -> Fingerprint:
    """The fingerprint of a picture that shows nothing."""
    return fingerprint(Image.new("RGB", (96, 72), (grey, grey, grey)))


@cache
def page_look(line: int = 0) -> Fingerprint:
    """The fingerprint of a screen or a page: plain areas with sharp borders, one line of its own."""
    pixels = np.full((72, 96, 3), 255, np.uint8)
    pixels[:12], pixels[12:, :24] = (40, 80, 160), (200, 205, 210)
    pixels[20:50, 30:60] = (230, 120, 20)
    pixels[56:66, 66:90] = (20, 20, 20)
    pixels[14:15, 60 + line : 64 + line] = (150, 150, 150)
    return fingerprint(Image.fromarray(pixels))


def looks(
    *seen: tuple[Subject, Fingerprint], near: Iterable[tuple[Subject, Subject]] = ()
) -> Looks:
    """What subjects look like; of the pairs in `near`, those are near that look the same."""
    known = {who.content: how for who, how in seen}
    found = []
    for one, other in near:
        a, b = sorted((one, other), key=lambda s: s.fact.blake3)
        alike = same_look(known[a.content], known[b.content])
        if alike:
            found.append(Near(a.content, b.content, 1, alike.residual))
    return Looks(known, tuple(found))


def view_file(name: str | bytes = "IMG_0001.JPG", number: int = 1, **changes: Any) -> ViewFile:
    """A file as the views see it; alone in its shot unless told otherwise."""
    raw = to_bytes(name) if isinstance(name, str) else name
    kind, _, extension = _type_of(raw)
    made = ViewFile(
        FileId(number), b"photos", b"", raw, 1000, digest(number), kind, extension, None, "present",
        ShotId(number), Role.ORIGINAL, None,
    )  # fmt: skip
    return replace(made, **changes)


def stamp(**changes: Any) -> Stamp:
    """A stamp like any other."""
    return replace(Stamp(size=1000, mtime_ns=5 * 10**9, ctime_ns=6 * 10**9, inode=7), **changes)


def seen(name: str | bytes = "a.jpg", **changes: Any) -> SeenFile:
    """A file as the walk sees it; changes of the stamp go into it."""
    raw = to_bytes(name) if isinstance(name, str) else name
    of_stamp = {
        k: changes.pop(k) for k in ("size", "mtime_ns", "ctime_ns", "inode") if k in changes
    }
    return replace(SeenFile(raw, stamp(**of_stamp), 1, 0o100644, 0, 0, 8, 1), **changes)


def reading(name: str | bytes = "a.jpg", number: int = 1, **changes: Any) -> Reading:
    """What reading a file of this name gave."""
    raw = to_bytes(name) if isinstance(name, str) else name
    kind, mime, extension = _type_of(raw)
    return replace(Reading(digest(number), 1000 + number, mime, kind, extension), **changes)


@cache
def _empty(kind: Database) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_writer(path, kind).close()
        return path.read_bytes()


def _open(path: Path, kind: Database) -> apsw.Connection:
    """A new database from a copy of an empty one: generated cases want hundreds."""
    path.write_bytes(_empty(kind))
    db = open_writer(path, kind)
    db.execute("PRAGMA synchronous=OFF")
    return db


class Catalog:
    """A real catalog, with its decisions, that is filled with rows instead of files."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.db"
        self.db = _open(self.path, CATALOG)
        self.decided = _open(folder / "decisions.db", DECISIONS)
        self._next_inode = 100

    def close(self) -> None:
        """Close both files."""
        self.db.close()
        self.decided.close()

    @property
    def coming(self) -> Generation:
        """The generation that the next publish makes."""
        return Generation(generations.newest(self.db) + 1)

    def root(self, label: str = "photos", role: RootRole = RootRole.LIBRARY) -> RootId:
        """A root, online."""
        return facts.add_root(
            self.db, host="here", path=b"/" + to_bytes(label), role=role, label=to_bytes(label),
            excludes=(), freshness_days=None,
        )  # fmt: skip

    def put(
        self,
        root: RootId,
        path: str | bytes,
        read: Reading | None = None,
        tags: Tags | None = None,
        *,
        state: str = "present",
        **changes: Any,
    ) -> FileId:
        """One file, as the pipeline writes it down after reading."""
        raw = to_bytes(path) if isinstance(path, str) else path
        folder, _, name = raw.rpartition(b"/")
        content = None
        if state == "present":
            told = read or reading(name)
            content = readings.put_content(self.db, told)
            if tags is not None:
                readings.put_tags(self.db, content, tags)
            changes.setdefault("size", told.size)
        generations.set_pending(self.db)
        self._next_inode += 1
        changes.setdefault("inode", self._next_inode)
        return facts.put_file(
            self.db, facts.put_folder(self.db, root, folder, "walked", None), seen(name, **changes),
            state=state, says=None, content=content, generation=self.coming,
        )  # fmt: skip

    def lose(self, *files: FileId) -> None:
        """Files that are no longer there."""
        facts.set_gone(self.db, files)

    def publish(self, raw_companion: str = "beside") -> Generation:
        """Derive, publish and commit, as an update does."""
        with self.db:
            number = self.coming
            derive.derive(self.db)
            publish(self.db, self.decided, number, raw_companion)
            self._commit(number, raw_companion)
        return number

    def show(self, wanted: Iterable[tree.Placed], views: Iterable[bytes] = ()) -> Generation:
        """Commit a generation whose tree is exactly this."""
        with self.db:
            number = self.coming
            tree.publish(self.db, wanted, list(views), number)
            self._commit(number, "beside")
        return number

    def _commit(self, number: Generation, raw_companion: str) -> None:
        generations.commit(
            self.db, number, command="index", version="0", raw_companion=raw_companion,
            summary=json.dumps({}),
        )  # fmt: skip

    def entries(self) -> Iterator[tuple[bytes, tree.TreeEntry]]:
        """Every name of the tree with its path, as a mount lists it."""
        todo = [(b"", tree.TREE_ROOT)]
        while todo:
            above, directory = todo.pop()
            for entry in tree.listing(self.db, directory, 0, 1_000_000):
                path = above + b"/" + entry.name if above else entry.name
                yield path, entry
                if entry.attributes.is_directory:
                    below = tree.directory_of_inode(entry.attributes.inode)
                    assert below is not None
                    todo.append((path, below))

    def files(self) -> dict[bytes, FileId]:
        """Path in the tree to the file that it shows."""
        return {
            path: file
            for path, entry in self.entries()
            if (file := tree.file_of_inode(entry.attributes.inode)) is not None
        }

    def broken(self) -> list[str]:
        """The invariants that do not hold, with their counterexamples."""
        return [
            f"{finding.invariant.name}: {', '.join(finding.counterexamples)}"
            for finding in check(self.db)
            if not finding.holds
        ]
