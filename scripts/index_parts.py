"""What indexing is compared with: its parts by themselves, and programs that do one of them."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import measured
import pillow_heif
from blake3 import blake3
from measured import Run, run
from PIL import Image

from indexer.metadata.exiftool import ExifToolSession
from indexer.metadata.sniff import sniff
from indexer.perceptual.image_hash import fingerprint
from indexer.read.decode import decode_picture
from indexer.read.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TOOLS: Final = {
    "exiftool": ("exiftool", "-ver"),
    "b3sum": ("b3sum", "--version"),
    "sha256sum": ("sha256sum", "--version"),
    "find": ("find", "--version"),
}
PARTS: Final = ("digest", "decode", "fingerprint", "ExifTool")
DRAFT: Final = (500, 375)  # an eighth of twelve megapixels, what the indexer decodes a JPEG at
_BATCH: Final = 24  # files in one question to ExifTool, as the indexer asks
_HEIC_PIXELS: Final = 8_000_000  # of --heics, those below are no phone's whole picture


@dataclass(frozen=True, slots=True)
class Parts:
    """What each part takes for all files, one after the other on one processor."""

    seconds: dict[str, float]
    cpu_seconds: float

    @property
    def total(self) -> float:
        """What DESIGN.md compares with: digest, decoding at reduced scale, ExifTool."""
        return sum(self.seconds[part] for part in PARTS if part != "fingerprint")


def parts_of(files: Sequence[Path]) -> Parts:
    """Each part for every file, without anything around it."""
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1
    took, begun_cpu = dict.fromkeys(PARTS, 0.0), sum(os.times()[:4])
    for path in files:
        marks = [time.perf_counter()]
        content = path.read_bytes()
        blake3(content).digest()
        marks.append(time.perf_counter())
        image = decoded(content)
        marks.append(time.perf_counter())
        fingerprint(image)
        marks.append(time.perf_counter())
        for part, since, until in zip(PARTS[:3], marks, marks[1:], strict=False):
            took[part] += until - since
    took["ExifTool"] = measured.seconds_of(lambda: _ask(files))
    return Parts(took, sum(os.times()[:4]) - begun_cpu)


def decoded(content: bytes) -> Image.Image:
    """A picture by Pillow, a JPEG at reduced scale."""
    image = Image.open(BytesIO(content))
    image.draft("RGB", DRAFT)
    image.load()
    return image


def picture(content: bytes) -> object:
    """A HEIC with its fingerprint, as the indexer decodes it."""
    return decode_picture(content, sniff(content, b"IMG_0001.HEIC"), DEFAULT_LIMITS)


def processor_ms(work: Callable[[bytes], object], content: bytes) -> float:
    """What it takes in this process."""
    begun = time.process_time()
    work(content)
    return 1000 * (time.process_time() - begun)


def big_heics(folder: Path) -> list[Path]:
    """A folder's HEICs of a phone's size, that libheif opens."""
    pillow_heif.register_heif_opener()
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".heic":
            with contextlib.suppress(OSError, ValueError), Image.open(path) as image:
                if image.width * image.height >= _HEIC_PIXELS:
                    found.append(path)
    return found


def _ask(files: Sequence[Path]) -> None:
    """One process, as the indexer asks it: in batches, and with its choice of tags."""
    with ExifToolSession() as tool:
        for start in range(0, len(files), _BATCH):
            answers = tool.ask([os.fsencode(path) for path in files[start : start + _BATCH]])
            assert all(answer.raw for answer in answers), "ExifTool failed"


def exiftool(tree: Path) -> Run:
    """Over a whole tree, as a person would; 1 is its word for files that it cannot read."""
    return run(["exiftool", "-r", "-json", "-q", tree], done={0, 1})


def digests(files: Sequence[Path]) -> dict[str, Callable[[], Run]]:
    """Programs that compute one digest of each file, those that are here."""
    here = [tool for tool in ("b3sum", "sha256sum") if shutil.which(tool)]
    return {tool: lambda tool=tool: run([tool, "--", *files]) for tool in here}
