"""The library of the accuracy benchmark: real photographs, their copies, and what only looks alike.

Made from a corpus with TRUTH.tsv and media/; derivatives.py makes the copies, hard_negatives.py
what misleads.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from derivatives import MadeFile, derivatives, put
from hard_negatives import REAL, hard_negatives
from PIL import Image, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BRACKETED: Final = 3  # pictures that are exposed anew
_SMALLEST: Final = 480  # pixels; smaller ones are thumbnails already
# Not photographs, or flat, or with words drawn in: by their groups in TRUTH.tsv.
_GRAPHIC: Final = frozenset({"iptc2014", "landscape", "ppnoexif", "samsung"})
_FILM_ENDINGS: Final = (".mov", ".mp4", ".avi", ".mkv", ".3gp")


def library(corpus: Path, pictures: int, folder: Path) -> list[MadeFile]:
    """Make it, or take the one that was made with the same settings."""
    remembered = folder / "truth.json"
    makers = (derivatives, hard_negatives, photographs)
    made_by = [Path(maker.__code__.co_filename).read_bytes() for maker in makers]
    digest = hashlib.blake2b(b"".join(made_by)).hexdigest()
    asked = {"pictures": pictures, "corpus": str(corpus), "made by": digest}
    if remembered.exists():
        known = json.loads(remembered.read_text("utf-8"))
        if known["asked"] == asked:
            return [MadeFile(**file) for file in known["files"]]
    shutil.rmtree(folder / "library", ignore_errors=True)
    made = sorted(_made(corpus, pictures, folder / "library"), key=lambda file: file.path)
    remembered.write_text(
        json.dumps({"asked": asked, "files": [asdict(m) for m in made]}, indent=1)
    )
    return made


def _made(corpus: Path, pictures: int, folder: Path) -> Iterator[MadeFile]:
    everything = photographs(corpus)
    bracketed, sources = everything[:_BRACKETED], everything[_BRACKETED:][:pictures]
    with ProcessPoolExecutor() as crew:
        hard = crew.submit(_hard, corpus, bracketed, folder)
        for files in crew.map(partial(_family, folder=folder), sources):
            yield from files
        yield from hard.result()


def _family(picture: Path, folder: Path) -> list[MadeFile]:
    """A photograph and all that becomes of it."""
    warnings.simplefilter("ignore")  # of Pillow, about odd EXIF
    press = f"{picture.parent.name}/{picture.name}"
    source = MadeFile(f"camera/{press}", press, "source")
    put(folder / source.path, picture.read_bytes())
    return [source, *derivatives(picture, press, folder)]


def _hard(corpus: Path, bracketed: Sequence[Path], folder: Path) -> list[MadeFile]:
    return list(hard_negatives(corpus / "media", films(corpus), bracketed, folder))


def truth(corpus: Path) -> list[dict[str, str]]:
    with open(corpus / "TRUTH.tsv", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def photographs(corpus: Path) -> list[Path]:
    """Distinct photographs, in an order that mixes the cameras."""
    lines = truth(corpus)
    filmed = {t["group"] for t in lines if t["path"].lower().endswith(_FILM_ENDINGS)}
    hard = {path for paths in REAL.values() for path in paths}
    left_out = _GRAPHIC | filmed | {t["group"] for t in lines if t["path"] in hard}
    found = [
        t["path"]
        for t in lines
        if t["role"] == "original" and t["group"] not in left_out and _is_whole(corpus, t["path"])
    ]
    found.sort(key=lambda path: hashlib.blake2b(path.encode()).digest())
    return [corpus / "media" / path for path in found]


def _is_whole(corpus: Path, path: str) -> bool:
    try:
        with Image.open(corpus / "media" / path, formats=("JPEG", "HEIF")) as image:
            size = max(image.size)
            image.draft("RGB", (64, 64))
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
    return size >= _SMALLEST


def films(corpus: Path) -> list[Path]:
    """Real films, one of each recording."""
    chosen: dict[str, Path] = {}
    for line in truth(corpus):
        is_film = line["path"].lower().endswith(_FILM_ENDINGS)
        if is_film and line["role"] in ("original", "live-video"):
            chosen.setdefault(line["group"], corpus / "media" / line["path"])
    return sorted(chosen.values())
