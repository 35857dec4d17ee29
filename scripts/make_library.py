#!/usr/bin/env python3
"""Make a small photo library that is like a real one, on the spot and the same every time.

    scripts/make_library.py DEST [--seed N] [--files N] [--json]

Real pictures and movies with real metadata: an iPhone's folder with Live Photos, edits and
sidecars, a camera whose counter ran over, an Android phone, a Takeout, backups of backups, and
what is damaged, undated, oddly named or no picture at all. `make()` returns what was made and
what is true of each file, in the words of DESIGN.md, for tests and scripts/demo to compare with.

The same seed gives the same bytes, names and mtimes (with the same versions of the encoders).
`--files N` adds small unique JPEGs, about 2 KB each, until there are N files; see `bulk()`. Of
more than a hundred thousand most are hard links to a few thousand; see `linked()`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import struct
import sys
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from PIL.ExifTags import IFD, Base
from pretend_camera import (
    AAE,
    CANON,
    IPHONE,
    PIXEL,
    SAMSUNG,
    XMP,
    Camera,
    Shot,
    camera_jpeg,
    exif,
    heic,
    iphone_movie,
    movie,
    picture,
    program_jpeg,
    saved,
    takeout_json,
)

SEED = 2019
SIZE = (1600, 1200)
# The mtime of what a program saved and no camera wrote: any day without a shot.
SAVED = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
MOVIES = {".mov", ".mp4"}

Kind = Literal["picture", "video", "sidecar", "other", "junk"]
Role = Literal["original", "live-video", "sidecar", "edit", "identical", "reencoded"]


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One file, and what is true of it."""

    path: str  # below the library
    kind: Kind
    sha256: str
    size: int
    mtime_ns: int
    shot: str | None = None  # files of one press of the shutter share it
    role: Role | None = None
    device: str | None = None  # "Apple iPhone 11"
    local: str | None = None  # taken when a clock there showed "2020-07-14T16:02:11.482"
    offset: str | None = None  # that clock's distance from UTC
    unknown_time: str | None = None  # the folder of unknown-time/ that it belongs in
    damage: str | None = None  # the folder of quarantine/ that it belongs in


@dataclass(frozen=True, slots=True)
class Library:
    """What was made."""

    root: Path
    seed: int
    files: tuple[MadeFile, ...]  # each regular file, hard links too; those of bulk() are counted
    live_ids: dict[str, str]  # shot -> what its still and its movie carry
    hard_links: dict[str, str]  # path -> the path that is the same file
    symlinks: dict[str, str]  # path -> target
    bulk_files: int = 0

    @property
    def regular_files(self) -> int:
        """What `find -type f | wc -l` says."""
        return len(self.files) + self.bulk_files

    def file(self, path: str) -> MadeFile:
        return next(made for made in self.files if made.path == path)

    def members(self, shot: str) -> tuple[MadeFile, ...]:
        return tuple(made for made in self.files if made.shot == shot)


# --- the library ------------------------------------------------------------------------------


@dataclass
class _Shelf:
    """Writes files and remembers what is true of them."""

    root: Path
    seed: int
    size: tuple[int, int]
    files: list[MadeFile] = field(default_factory=list)
    live_ids: dict[str, str] = field(default_factory=dict)
    hard_links: dict[str, str] = field(default_factory=dict)
    symlinks: dict[str, str] = field(default_factory=dict)

    def shot(
        self,
        name: str,
        camera: Camera,
        taken: str,
        *,
        gps: tuple[float, float] | None = None,
        is_live: bool = False,
    ) -> Shot:
        shot = Shot(self.seed, name, camera, datetime.fromisoformat(taken), gps, is_live)
        if shot.live_id:
            self.live_ids[name] = shot.live_id
        return shot

    def look(self, name: str) -> Image.Image:
        return picture(self.seed, name, self.size)

    def put(self, path: str, content: bytes, shot: Shot, role: Role = "original") -> None:
        """A member of a shot. A camera's own files are as old as the shot, others came later."""
        by_camera = role in {"original", "live-video", "sidecar"}
        suffix = Path(path).suffix.lower()
        made = _described(
            path,
            content,
            "sidecar" if role == "sidecar" else "video" if suffix in MOVIES else "picture",
            shot.instant if by_camera else SAVED,
            shot=shot.name,
            role=role,
            device=f"{shot.camera.make} {shot.camera.model}",
            local=shot.taken.isoformat(timespec="milliseconds"),
            offset=shot.camera.offset,
        )
        self._write(made, content)

    def put_odd(self, path: str, content: bytes, kind: Kind, **facts: str) -> None:
        """A file of no shot that is known; `facts`: its `unknown_time` or its `damage`."""
        self._write(_described(path, content, kind, SAVED, **facts), content)

    def copy(self, path: str, to: str) -> None:
        """A byte-identical copy with the same mtime, as `cp -a` makes it."""
        made = next(made for made in self.files if made.path == path)
        role: Role | None = "identical" if made.kind != "junk" else None
        facts = asdict(made) | {"path": to, "role": role}
        self._write(MadeFile(**facts), (self.root / path).read_bytes())

    def hard_link(self, path: str, to: str) -> None:
        made = next(made for made in self.files if made.path == path)
        self.files.append(MadeFile(**(asdict(made) | {"path": to, "role": "identical"})))
        self._parent(to).hardlink_to(self.root / path)
        self.hard_links[to] = path

    def symlink(self, target: str, to: str) -> None:
        link = self._parent(to)
        link.symlink_to(target)
        os.utime(link, (SAVED.timestamp(), SAVED.timestamp()), follow_symlinks=False)
        self.symlinks[to] = target

    def _write(self, made: MadeFile, content: bytes) -> None:
        target = self._parent(made.path)
        target.write_bytes(content)
        os.utime(target, ns=(made.mtime_ns, made.mtime_ns))
        self.files.append(made)

    def _parent(self, path: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def _described(path: str, content: bytes, kind: Kind, when: datetime, **facts: Any) -> MadeFile:
    digest = hashlib.sha256(content).hexdigest()
    mtime_ns = int(when.timestamp()) * 1_000_000_000
    return MadeFile(path, kind, digest, len(content), mtime_ns, **facts)


def _put_iphone(shelf: _Shelf) -> None:
    """Live Photos by day and just after midnight, an edit, a JPEG, a screenshot, a film."""
    dcim = "Phone/DCIM/100APPLE"
    zurich, lausanne, oslo = (47.3769, 8.5417), (46.5197, 6.6323), (59.9075, 10.7530)
    day = shelf.shot("by day", IPHONE, "2020-07-14 16:02:11.482", gps=zurich, is_live=True)
    # In UTC this was the day before.
    night = shelf.shot("by night", IPHONE, "2020-07-15 00:41:05.130", is_live=True)
    for number, live in ((1, day), (2, night)):
        look = shelf.look(live.name)
        shelf.put(f"{dcim}/IMG_000{number}.HEIC", heic(look, exif(live)), live)
        shelf.put(f"{dcim}/IMG_000{number}.MOV", iphone_movie(look, live), live, "live-video")

    edited = shelf.shot("edited", IPHONE, "2020-07-16 09:15:27.908", gps=lausanne)
    look = shelf.look(edited.name)
    shelf.put(f"{dcim}/IMG_0003.HEIC", heic(look, exif(edited)), edited)
    shelf.put(f"{dcim}/IMG_0003.AAE", AAE, edited, "sidecar")
    tags = exif(edited, has_maker_note=False)
    tags[Base.DateTime] = "2020:07:20 20:30:00"
    in_grey = look.convert("L").convert("RGB")
    shelf.put(f"{dcim}/IMG_E0003.JPG", program_jpeg(in_grey, tags), edited, "edit")

    jpeg = shelf.shot("compatible", IPHONE, "2020-07-16 18:44:50.271", gps=oslo)
    shelf.put(f"{dcim}/IMG_0004.JPG", camera_jpeg(shelf.look(jpeg.name), exif(jpeg)), jpeg)
    screen = shelf.shot("screen", IPHONE, "2020-07-17 07:03:00.016")
    tags = exif(screen, has_maker_note=False)
    tags.get_ifd(IFD.Exif)[Base.UserComment] = b"ASCII\0\0\0Screenshot"
    content = saved(shelf.look(screen.name).quantize(32), "PNG", tags)
    shelf.put(f"{dcim}/IMG_0005.PNG", content, screen)
    film = shelf.shot("film", IPHONE, "2020-07-31 23:59:30", gps=lausanne)
    shelf.put(f"{dcim}/IMG_0006.MOV", iphone_movie(shelf.look(film.name), film), film)

    # What a "most compatible" download makes of a HEIC.
    content = program_jpeg(shelf.look(day.name), exif(day, has_maker_note=False))
    shelf.put("Downloads/IMG_0001.JPG", content, day, "reencoded")
    shelf.copy(f"{dcim}/IMG_0004.JPG", "Downloads/IMG_0004 (1).JPG")


def _put_camera(shelf: _Shelf) -> None:
    """A camera without zones whose counter ran over, a picture on its side, a sidecar, a TIFF."""
    for path, taken, orientation in (
        ("Camera/DCIM/100CANON/IMG_0001.JPG", "2018-05-01 11:20:33.07", 1),
        ("Camera/DCIM/100CANON/IMG_0002.JPG", "2018-05-01 11:24:02.41", 6),
        ("Camera/DCIM/101CANON/IMG_0001.JPG", "2019-09-21 17:45:10.93", 1),
        ("Names/Zürich Bahnhof.jpg", "2019-12-24 18:00:00.25", 1),
        ("Names/birthday  cake (1).jpg", "2019-12-25 15:30:00.75", 1),
    ):
        shot = shelf.shot(path, CANON, taken)
        content = camera_jpeg(shelf.look(path), exif(shot, orientation=orientation))
        # Decomposed, as macOS wrote names on disks that keep what they are given.
        shelf.put(unicodedata.normalize("NFD", path), content, shot)
        if orientation == 6:
            shelf.put(path.replace("JPG", "xmp"), XMP, shot, "sidecar")
    tiff = shelf.shot("tiff", CANON, "2018-05-02 08:00:01.50")
    content = saved(shelf.look(tiff.name).reduce(2), "TIFF", exif(tiff))
    shelf.put("Pictures/panorama.tif", content, tiff)


def _put_android(shelf: _Shelf) -> None:
    """Names with the time in them, a film that is dated by its end, a WEBP."""
    photo = shelf.shot("galaxy", SAMSUNG, "2021-06-23 14:52:10.338", gps=(40.7128, -74.0060))
    content = camera_jpeg(shelf.look(photo.name), exif(photo))
    shelf.put("Galaxy/20210623_145210.jpg", content, photo)
    film = shelf.shot("galaxy film", SAMSUNG, "2021-06-23 14:50:59")
    end, keys = film.instant + timedelta(seconds=1.5), {"com.android.version": "11"}
    content = movie(shelf.look(film.name), "mp4", end, keys, "VideoHandle")
    shelf.put("Galaxy/20210623_145059.mp4", content, film)
    webp = shelf.shot("webp", SAMSUNG, "2021-06-24 10:11:12.130")
    content = saved(shelf.look(webp.name), "WEBP", exif(webp), quality=80)
    shelf.put("Pictures/holiday.webp", content, webp)


def _put_takeout(shelf: _Shelf) -> None:
    """One picture with its own time, and one whose time only the JSON knows."""
    folder = "Takeout/Google Photos/Photos from 2018"
    dated = shelf.shot("IMG_20181231_235958.jpg", PIXEL, "2018-12-31 23:59:58.204517")
    stripped = shelf.shot("beach.jpg", PIXEL, "2018-08-05 14:00:00")
    content = camera_jpeg(shelf.look(dated.name), exif(dated))
    shelf.put(f"{folder}/{dated.name}", content, dated)
    shelf.put(f"{folder}/{dated.name}.json", takeout_json(dated), dated, "sidecar")
    shelf.put(f"{folder}/{stripped.name}", program_jpeg(shelf.look(stripped.name)), stripped)
    about = f"{folder}/{stripped.name}.supplemental-metadata.json"
    shelf.put(about, takeout_json(stripped), stripped, "sidecar")


def _put_odds(shelf: _Shelf) -> None:
    """No date, a date of zeros, damage, files that are no pictures, junk."""
    undated = program_jpeg(shelf.look("undated"))
    shelf.put_odd("Pictures/without a date.jpg", undated, "picture", unknown_time="no-tag")
    frames = [shelf.look(f"frame {number}").resize((160, 120)) for number in range(4)]
    moving = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    shelf.put_odd("Pictures/animation.gif", moving, "picture", unknown_time="no-tag")
    tags, zero = exif(shelf.shot("zero", CANON, "2018-05-04 12:00:00")), "0000:00:00 00:00:00"
    inner = tags.get_ifd(IFD.Exif)
    tags[Base.DateTime] = inner[Base.DateTimeOriginal] = inner[Base.DateTimeDigitized] = zero
    content = camera_jpeg(shelf.look("zero"), tags)
    shelf.put_odd("Pictures/clock not set.JPG", content, "picture", unknown_time="zero")

    whole = camera_jpeg(
        shelf.look("broken"), exif(shelf.shot("broken", CANON, "2018-05-03 12:00:00.33"))
    )
    cut = whole[: len(whole) * 6 // 10]
    shelf.put_odd("Damaged/IMG_0099.JPG", cut, "picture", damage="truncated")
    shelf.put_odd("Damaged/empty.jpg", b"", "picture", damage="empty")

    shelf.put_odd("notes.txt", b"The blue album is with Anna.\n", "other")
    shelf.put_odd(".DS_Store", b"\0\0\0\1Bud1" + bytes(6140), "junk")
    shelf.put_odd("Pictures/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2040), "junk")
    apple_double = b"\0\5\x16\7\0\2\0\0" + bytes(4088)
    shelf.put_odd("Phone/DCIM/100APPLE/._IMG_0001.HEIC", apple_double, "junk")


def _put_copies(shelf: _Shelf) -> None:
    """A backup, a backup of a backup, a hard link and a symlink."""
    own = [made.path for made in shelf.files]
    for path in own:
        if path.startswith("Phone/"):
            shelf.copy(path, f"Backup/2020-08 laptop/{path}")
        if path.startswith("Camera/"):
            shelf.copy(path, f"Backup/old disk/Backup/{path}")
    shelf.copy("Pictures/without a date.jpg", "Backup/old disk/scan.jpg")
    shelf.hard_link("Phone/DCIM/100APPLE/IMG_0004.JPG", "Favourites/opera.jpg")
    shelf.symlink("../Camera/DCIM/100CANON/IMG_0001.JPG", "Favourites/link.jpg")


def make(
    root: Path, *, seed: int = SEED, files: int | None = None, size: tuple[int, int] = SIZE
) -> Library:
    """Fill `root`, which must be empty or not exist. FileExistsError if it is neither."""
    if root.exists() and any(root.iterdir()):
        raise FileExistsError(f"{root} is not empty; name a new folder or empty it first.")
    shelf = _Shelf(root, seed, size)
    for put in (_put_iphone, _put_camera, _put_android, _put_takeout, _put_odds, _put_copies):
        put(shelf)
    more = max(0, (files or 0) - len(shelf.files))
    if more:
        fill = bulk if more <= MOST_UNIQUE else linked
        fill(root / "Bulk", more, seed=seed)
    for folder, _, _ in os.walk(root, topdown=False):
        os.utime(folder, (SAVED.timestamp(), SAVED.timestamp()))
    return Library(
        root=root,
        seed=seed,
        files=tuple(shelf.files),
        live_ids=shelf.live_ids,
        hard_links=shelf.hard_links,
        symlinks=shelf.symlinks,
        bulk_files=more,
    )


# --- many files -------------------------------------------------------------------------------

_TILES = 64  # different ones, of 8 x 8 pixels
_ACROSS, _DOWN = 8, 6  # tiles in a picture
_FOLDER_FILES = 1000  # their names come again after ten folders, as a camera's do
_FIRST_DAY = datetime(2004, 1, 1, tzinfo=UTC)
_ALL_DAYS = timedelta(days=15 * 365)
_DATE, _SUBSEC = b"2004:01:01 01:02:03", b"987\0"  # in the template


DISTINCT = 4_000  # of a tree of hard links; arbitrary
MOST_UNIQUE = 100_000  # more files than these are hard links: 2 KB takes a block of 4 KB each
_LEAST_FILES, _MOST_FILES = 100, 4_000  # in one of its folders


def bulk(folder: Path, count: int, seed: int = SEED) -> None:
    """Many small JPEGs, each with a picture and a capture time of its own.

    Nothing is encoded per file. One template is encoded with a restart marker after each tile of
    8 x 8 pixels, which makes the tiles independent of each other. A picture is the template's
    head, with the time written over, and a random choice of its tiles.
    """
    head, tiles = _template(seed)
    date_at, subsec_at = head.index(_DATE), head.index(_SUBSEC)
    choices = np.random.default_rng(seed)
    for number in range(count):
        if number % _FOLDER_FILES == 0:
            inside = folder / f"{number // _FOLDER_FILES:04d}"
            inside.mkdir(parents=True)
            chosen = choices.integers(0, _TILES, (_FOLDER_FILES, _ACROSS * _DOWN)).tolist()
        taken = _FIRST_DAY + _ALL_DAYS * number / count
        head[date_at : date_at + 19] = taken.strftime("%Y:%m:%d %H:%M:%S").encode()
        head[subsec_at : subsec_at + 3] = b"%03d" % (taken.microsecond // 1000)
        parts = [bytes(head)]
        for place, tile in enumerate(chosen[number % _FOLDER_FILES]):
            parts += tiles[tile], b"\xff" + bytes((0xD0 + place % 8,))
        parts[-1] = b"\xff\xd9"  # the end in place of the last restart
        target = f"{inside}/IMG_{number % 10_000:04d}.JPG"
        with open(target, "wb", buffering=0) as file:
            file.write(b"".join(parts))
        os.utime(target, (int(taken.timestamp()),) * 2)


def linked(folder: Path, count: int, distinct: int = DISTINCT, seed: int = SEED) -> None:
    """A tree of any size that takes little room: all but `distinct` are hard links to those.

    Folders hold a hundred to a few thousand, as people's do.
    """
    bulk(folder / "distinct", distinct, seed)
    originals = sorted(os.fspath(path) for path in (folder / "distinct").rglob("*.JPG"))
    sizes = np.random.default_rng(seed).lognormal(6.4, 0.8, count // _LEAST_FILES + 1)
    made, left = 0, count - distinct
    for number, size in enumerate(sizes.clip(_LEAST_FILES, _MOST_FILES).astype(int).tolist()):
        inside = folder / f"{number // 12:04d}" / f"{number % 12 + 1:02d}"
        inside.mkdir(parents=True)
        for place in range(min(size, left - made)):
            os.link(originals[made % distinct], f"{inside}/IMG_{place:04d}.JPG")
            made += 1
        if made >= left:
            break


def _template(seed: int) -> tuple[bytearray, list[bytes]]:
    """A JPEG's head, up to the coded data, and the tiles that may follow it."""
    tags = Image.Exif()
    tags[Base.Make], tags[Base.Model] = CANON.make, CANON.model
    inner = tags.get_ifd(IFD.Exif)
    inner[Base.DateTimeOriginal] = _DATE.decode()
    inner[Base.SubsecTimeOriginal] = _SUBSEC[:3].decode()
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2 * _TILES, 3), dtype=np.uint8)
    look = Image.fromarray(corners).resize((8 * _TILES, 8), Image.Resampling.BICUBIC)
    jpeg = saved(look, "JPEG", tags, subsampling="4:4:4", restart_marker_blocks=1)
    scan_at = jpeg.index(b"\xff\xda")
    coded_at = scan_at + 2 + int.from_bytes(jpeg[scan_at + 2 : scan_at + 4], "big")
    head, size_at = bytearray(jpeg[:coded_at]), jpeg.index(b"\xff\xc0") + 5
    head[size_at : size_at + 4] = struct.pack(">HH", 8 * _DOWN, 8 * _ACROSS)
    # Inside a tile 0xFF is always followed by zero.
    return head, re.split(rb"\xff[\xd0-\xd7]", jpeg[coded_at:-2])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("dest", type=Path, help="a folder that is empty or does not exist")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--files", type=int, help="how many; small unique JPEGs fill up")
    parser.add_argument("--json", action="store_true", help="print what is true of each file")
    arguments = parser.parse_args()
    try:
        library = make(arguments.dest, seed=arguments.seed, files=arguments.files)
    except OSError as error:
        print(f"make_library: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps({"schema": 1} | asdict(library), default=str))
    else:
        shots = len({made.shot for made in library.files if made.shot})
        print(f"{library.regular_files} files, {shots} shots in {library.root}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
