"""Files for the benchmarks: twelve-megapixel photographs, and a catalog of many small ones.

No photograph is encoded by itself, and no small file is read by the indexer: both would take
longer than what is to be measured. Each photograph is still distinct, decodable and has a time
of its own, and each row of the catalog is written by the code that writes it in earnest.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Self
from unittest.mock import patch

import numpy as np
from blake3 import blake3
from make_library import SEED, bulk, linked
from PIL import Image
from pretend_camera import IPHONE, Shot, exif, heic, picture, saved

import mediafs.update
from indexer import derive, pipeline
from indexer.catalog import generations, writing
from indexer.intake import Intake
from indexer.metadata.exiftool import Answer, ExifToolSession
from indexer.model import Generation
from indexer.paths import join
from indexer.progress import Silent
from indexer.read import decode
from indexer.read.crew import Done
from indexer.read.limits import DEFAULT_LIMITS
from indexer.read.messages import ReadOutcome
from indexer.read.once import read_once
from indexer.read.pool import Statistics
from indexer.roots import Wanted, remember
from indexer.run import Options
from mediafs import __version__
from mediafs.update import Update, update
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from indexer.model import Reading
    from indexer.read.crew import Job

SIZE = (4032, 3024)
_TEMPLATES = 4
_BANDS = 12  # of a picture; each comes from one of the templates: 16 million pictures
_HEICS = 3  # distinct pictures; encoding one takes a second and a half
_TEMPLATE_TIME = datetime.fromisoformat("2004-01-01 01:02:03.482")
_WRITTEN = b"2004:01:01 01:02:03"  # so it stands in the templates
_FIRST_DAY = datetime(2016, 3, 1, 12, tzinfo=UTC)


# --- photographs ------------------------------------------------------------------------------


class Photographs:
    """Twelve megapixels, about 2.5 MB as JPEG, each different from all that came before.

    A few pictures are encoded with a restart marker after each row of blocks, which makes the
    rows independent of each other; a photograph is made of bands of them.
    """

    def __init__(self, seed: int = 1) -> None:
        self._choices = np.random.default_rng(seed)
        self._seed = seed
        self._shot = Shot(seed, "bench", IPHONE, _TEMPLATE_TIME)
        self._looks = [picture(seed, f"band {i}", SIZE) for i in range(_TEMPLATES)]
        tags = exif(self._shot)
        jpegs = [_with_restarts(_grainy(look, 4), tags) for look in self._looks]
        self._head = jpegs[0][0]
        self._rows = [rows for _, rows in jpegs]
        self._heics: list[bytes] = []
        self._made = 0

    def jpegs(self, folder: Path, count: int) -> None:
        """Write IMG_0000.JPG and so on into a new folder."""
        folder.mkdir(parents=True)
        for number in range(count):
            self._write(folder / f"IMG_{number:04}.JPG", self._jpeg())

    def heics(self, folder: Path, count: int) -> None:
        """Write IMG_0000.HEIC and so on; bytes and times differ, pictures come again."""
        folder.mkdir(parents=True)
        while len(self._heics) < min(count, _HEICS):
            self._heics.append(heic(_grainy(self._looks[len(self._heics)], 2), exif(self._shot)))
        for number in range(count):
            self._write(folder / f"IMG_{number:04}.HEIC", self._heics[number % _HEICS])

    def _jpeg(self) -> bytes:
        height = len(self._rows[0])
        chosen = self._choices.integers(0, _TEMPLATES, _BANDS)
        rows = [self._rows[chosen[i * _BANDS // height]][i] for i in range(height)]
        marked = [row + b"\xff" + bytes((0xD0 + i % 8,)) for i, row in enumerate(rows[:-1])]
        return b"".join((self._head, *marked, rows[-1], b"\xff\xd9"))

    def _write(self, path: Path, content: bytes) -> None:
        """With a time and a number of its own, written over the template's."""
        taken = _FIRST_DAY + timedelta(hours=7) * self._made + timedelta(days=3000) * self._seed
        self._made += 1
        new = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._seed} {self._made}")).upper()
        content = content.replace(_WRITTEN, taken.strftime("%Y:%m:%d %H:%M:%S").encode())
        path.write_bytes(content.replace(self._shot.uuid("unique").encode(), new.encode()))
        os.utime(path, (taken.timestamp(), taken.timestamp()))


def _grainy(look: Image.Image, sigma: float) -> Image.Image:
    """With a sensor's noise in each pixel, to make its file as long as a camera's."""
    noise = np.random.default_rng(1).normal(0, sigma, (SIZE[1], SIZE[0], 1))
    return Image.fromarray((np.asarray(look) + noise).clip(0, 255).astype(np.uint8))


def _with_restarts(look: Image.Image, tags: Image.Exif) -> tuple[bytes, list[bytes]]:
    """A JPEG's head, up to the coded data, and its rows of blocks."""
    jpeg = saved(
        look, "JPEG", tags, quality=88, subsampling="4:2:2", restart_marker_rows=1, optimize=False
    )
    scan = jpeg.index(b"\xff\xda\0\x0c\3")
    coded = scan + 2 + int.from_bytes(jpeg[scan + 2 : scan + 4], "big")
    # Inside a row 0xFF is always followed by zero.
    return jpeg[:coded], re.split(rb"\xff[\xd0-\xd7]", jpeg[coded:-2])


# --- a catalog of many files ------------------------------------------------------------------


@dataclass(slots=True)
class Steps(Silent):
    """How long a run took, phase by phase."""

    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    _now: str = ""
    _since: float = 0.0

    def phase(self, name: str, files: int | None = None, size: int | None = None) -> None:
        """End one phase and begin another."""
        del files, size
        self.end()
        self._now, self._since = name.split(" ", 1)[0], time.perf_counter()

    def end(self) -> None:
        """End the last phase."""
        if self._now:
            took = time.perf_counter() - self._since
            self.seconds[self._now] = self.seconds.get(self._now, 0.0) + took
        self._now = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What it took to make a catalog of a library that nobody read."""

    look: float  # seconds: walking and comparing
    write: float  # the facts of each file
    derive: float  # shots, originals, times
    publish: float  # names and the tree


def small_files(folder: Path, count: int, seed: int = SEED) -> None:
    """Many JPEGs of 2 KB; see make_library.bulk."""
    bulk(folder, count, seed)


def linked_files(folder: Path, count: int) -> None:
    """Any number of them, nearly all hard links; see make_library.linked."""
    linked(folder, count)


def known_catalog(library: Path, catalog: Path) -> Known:
    """Index a folder of `small_files` without decoding any and without ExifTool.

    One file is read in earnest. The others get its facts with their own digests, time and
    fingerprint, which are what makes each a shot of its own. Asked again, it takes in what is
    new.
    """
    steps, derived, published = Steps(), _Timed(derive.derive), _Timed(publish)
    with (
        _pretended(library),
        patch.object(derive, "derive", derived),
        patch.object(mediafs.update, "publish", published),
    ):
        update(Update(catalog, Wanted((os.fspath(library),)), Options()), steps)
    steps.end()
    took = steps.seconds
    write = took["Reading"] - _Pretender.seconds
    return Known(took["Looking"], write, derived.seconds, published.seconds)


def facts_only(library: Path, catalog: Path) -> Known:
    """As `known_catalog`, but nothing is derived: the catalog only says that it were.

    For what a run does that finds nothing new, in a library too big to decide about by the way.
    """
    steps = Steps()
    catalog.parent.mkdir(parents=True, exist_ok=True)
    with _pretended(library), writing(catalog) as db:
        with db:
            chosen = remember(db, catalog, Wanted((os.fspath(library),)))
        pipeline.run(db, catalog, chosen, Options(), steps)
        steps.end()
        with db:
            generations.commit(
                db, Generation(1), command="index", version=__version__, raw_companion="beside",
                summary="{}",
            )  # fmt: skip
    took = steps.seconds
    return Known(took["Looking"], took["Reading"] - _Pretender.seconds, 0.0, 0.0)


class _Timed:
    """A function, and how long it took."""

    def __init__(self, work: Callable[..., object]) -> None:
        self.seconds = 0.0
        self._work = work

    def __call__(self, *arguments: object, **named: object) -> object:
        begun = time.perf_counter()
        try:
            return self._work(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - begun


@contextlib.contextmanager
def _pretended(library: Path) -> Iterator[None]:
    """No file is read by the crew; one is in earnest, before."""
    _Pretender.learn(next(library.rglob("*.JPG")))
    with patch.object(pipeline, "Intake", partial(Intake, hire=_Pretender)):
        yield


class _Pretender:
    """In the place of the crew that reads: says what it would say, at once."""

    seconds = 0.0  # spent here, which is not the indexer's
    _reading: Reading
    _tags: dict[str, object]
    _time: slice

    @classmethod
    def learn(cls, path: Path) -> None:
        """Read one file in earnest."""
        fd = os.open(path, os.O_RDONLY)
        try:
            cls._reading = read_once(fd, path.name.encode(), DEFAULT_LIMITS, decoders=decode)
        finally:
            os.close(fd)
        with ExifToolSession() as tool:
            cls._tags = tool.ask([os.fsencode(path)])[0].raw or {}
        written = str(cls._tags["ExifIFD:DateTimeOriginal"]).encode()
        start = path.read_bytes().index(written)
        cls._time = slice(start, start + len(written))
        cls.seconds = 0.0

    def __init__(self, *_: object) -> None:
        self._read = Statistics()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def statistics(self) -> Statistics:
        return self._read

    def wind_up(self, _: float) -> Iterator[Done]:
        return iter(())

    def read_all(self, jobs: Iterable[Job], *_: object) -> Iterator[Done]:
        for job in jobs:
            begun = time.perf_counter()
            done = self._done(job)
            _Pretender.seconds += time.perf_counter() - begun
            yield done

    def _done(self, job: Job) -> Done:
        path = join(job.root_path, job.path)
        with open(path, "rb") as file:
            content = file.read()
        digest = blake3(content).digest()
        picture = self._reading.picture
        assert picture is not None
        assert picture.fingerprint is not None
        look = replace(picture.fingerprint, phash=digest, dhash=digest[::-1])
        reading = replace(
            self._reading, blake3=digest, size=len(content), payload=blake3(digest).digest(),
            sample=digest, picture=replace(picture, fingerprint=look, pixels=digest),
        )  # fmt: skip
        own = {"SourceFile": os.fsdecode(path)}
        own["ExifIFD:DateTimeOriginal"] = content[self._time].decode()
        outcome = ReadOutcome(1, len(content), job.seen.stamp, reading)
        self._read += Statistics(opened=1, bytes_read=len(content))
        return Done(job, outcome, Answer(self._tags | own, None))
