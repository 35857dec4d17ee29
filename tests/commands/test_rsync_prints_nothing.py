"""A backup of originals/ by rsync is done once: after a remount, a reindex, a catalog made anew, and
with sources moved or renamed, a second rsync has nothing to say, not even about a directory's time.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.mounted,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed"),
]

_SIDECAR = b"""<?xml version="1.0"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>"""


@dataclass
class Backup:
    """A mount, and what rsync makes of it."""

    mediafs: object
    at: Path
    to: Path

    def mount(self) -> None:
        self.mediafs.mount(self.at)

    def unmount(self) -> None:
        self.mediafs("umount", self.at)

    def rsync_again(self) -> list[str]:
        """What it says of what a command just changed: a running mount may be a second behind."""
        self.unmount()
        self.mount()
        return self.rsync()

    def rsync(self) -> list[str]:
        """What `rsync -a --itemize-changes` prints: what it does and the path."""
        done = subprocess.run(
            ["rsync", "-a", "--itemize-changes", f"{self.at}/originals/", f"{self.to}/"],
            check=False, capture_output=True, text=True, errors="surrogateescape",
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    def forget_catalog(self) -> None:
        """Delete the catalog; what a person said and the names given out are kept."""
        for path in self.mediafs.catalog.parent.glob("catalog.db*"):
            path.unlink()


@pytest.fixture
def sources(make_photos):
    """Two folders in which everything clashes, with times and modes of their own."""
    phone, card = make_photos("phone"), make_photos("card")
    phone.heic("DCIM/100APPLE/IMG_0001.HEIC")
    phone.movie("DCIM/100APPLE/IMG_0001.MOV")
    phone.put("DCIM/100APPLE/IMG_0001.AAE", b'<?xml version="1.0"?><plist/>')
    for number in range(2, 5):
        phone.jpeg(f"DCIM/100APPLE/IMG_000{number}.jpg", f"2019-07-14 16:02:1{number}.48")
        card.jpeg(f"DCIM/img_000{number}.JPG", f"2019-07-14 18:02:1{number}.48")
    phone.put("DCIM/100APPLE/IMG_0002.xmp", _SIDECAR)
    composed = phone.jpeg("Ферма/Ame\u0301lie.jpg", "2020-02-29 09:00:00.10")
    card.jpeg(unicodedata.normalize("NFC", f"Ame\u0301lie: {1}.jpg"), "2020-02-29 11:00:00.10")
    phone.put("no date.png", _png("red"))
    card.put("no date.png", _png("blue"))
    # Better named, older copies than those that the phone has.
    card.put("a.jpg", (phone.folder / "DCIM/100APPLE/IMG_0002.jpg").read_bytes())
    card.put("a.xmp", _SIDECAR)
    card.put("b.jpg", composed.read_bytes())
    card.put("no date (copy).png", _png("red"))
    for folder, start in ((phone, 1_600_000_000), (card, 1_500_000_000)):
        for number, path in enumerate(sorted(folder.files())):
            os.utime(path, ns=(0, (start + 86_400 * number) * 10**9 + number))
            path.chmod(0o640 if number % 2 else 0o604)
    return phone, card


def _png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def backup(mediafs, sources, tmp_path):
    """Both folders, indexed one after the other, and backed up."""
    for photos in sources:
        mediafs("index", photos.folder)
    made = Backup(mediafs, tmp_path / "at", tmp_path / "backup")
    made.mount()
    assert len([line for line in made.rsync() if line.startswith(">f")]) > 10
    assert made.rsync() == []
    return made


def test_after_a_reindex_that_finds_nothing_and_one_that_finds_more(mediafs, backup, make_photos):
    mediafs("reindex")

    assert backup.rsync_again() == []

    more = make_photos("more")
    more.jpeg("IMG_0002.jpg", "2019-07-14 20:02:10.48")  # on a day and under a name that is taken
    more.jpeg("IMG_0009.jpg", "2022-01-01 20:02:10.48")
    more.put("copy.jpg", (more.folder / "IMG_0009.jpg").read_bytes())
    mediafs("index", more.folder)
    said = [line.split(" ", 1) for line in backup.rsync_again()]

    new = [path for what, path in said if what == ">f+++++++++"]
    assert len(new) == 2
    folders = {path: what for what, path in said if what != ">f+++++++++"}
    assert folders  # their times: something in them is new
    assert set(folders.values()) <= {".d..t......", "cd+++++++++"}
    assert all(any(file.startswith(path.removeprefix("./")) for file in new) for path in folders)


def test_after_the_catalog_was_made_anew(mediafs, sources, backup):
    phone, card = sources
    small = phone.put("DCIM/small.jpg", _smaller(phone.folder / "DCIM/100APPLE/IMG_0003.jpg"))
    mediafs("reindex")
    mediafs("decide", small, "--original")
    assert backup.rsync_again()

    # Not in the order in which they came.
    for runs in ([card.folder], [phone.folder]), ([card.folder, phone.folder],):
        backup.unmount()
        backup.forget_catalog()
        for folders in runs:
            mediafs("index", *folders)
        backup.mount()

        assert backup.rsync() == []


def test_fresh_catalogs_agree_whatever_the_order_of_the_roots(mediafs, sources, tmp_path):
    made = Backup(mediafs, tmp_path / "at", tmp_path / "backup")
    said = []
    for number, order in enumerate((sources, sources[::-1])):
        catalog = mediafs.home / str(number) / "catalog.db"
        mediafs("index", *(photos.folder for photos in order), catalog=catalog)
        mediafs.mount(made.at, catalog=catalog)
        said.append(made.rsync())
        made.unmount()

    assert said[0]
    assert said[1] == []


def _smaller(path: Path) -> bytes:
    buffer = io.BytesIO()
    with Image.open(path) as image:
        small = image.resize((48, 32))
        small.save(buffer, "JPEG", exif=image.getexif().tobytes(), quality=90)
    return buffer.getvalue()


def test_after_a_source_was_copied_to_another_disk(mediafs, sources, backup, small_disk):
    phone, _ = sources
    elsewhere = small_disk("16M") / "phone"
    subprocess.run(["cp", "-a", phone.folder, elsewhere], check=True)
    shutil.rmtree(phone.folder)
    mediafs("index", elsewhere)
    said = backup.rsync_again()
    backup.unmount()  # or the disk is busy

    assert said == []


def test_after_a_source_was_moved_and_files_in_it_were_renamed(mediafs, sources, backup, tmp_path):
    phone, card = sources
    elsewhere = tmp_path / "archive" / "telephone"
    elsewhere.parent.mkdir()
    phone.folder.rename(elsewhere)
    mediafs("index", elsewhere)

    assert backup.rsync_again() == []

    (elsewhere / "DCIM/100APPLE").rename(elsewhere / "Summer")
    for ending in ("HEIC", "MOV", "AAE"):
        (elsewhere / f"Summer/IMG_0001.{ending}").rename(elsewhere / f"Summer/beach.{ending}")
    (elsewhere / "Summer/IMG_0004.jpg").rename(elsewhere / "Summer/IMG_0003 (1).jpg")
    for ending in ("jpg", "xmp"):
        (card.folder / f"a.{ending}").rename(card.folder / f"z.{ending}")
    (card.folder / "no date.png").rename(card.folder / "dateless.png")
    mediafs("reindex")

    assert backup.rsync_again() == []
