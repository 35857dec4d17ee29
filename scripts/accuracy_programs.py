"""What looks for duplicates in the library: mediafs, findimagedupes, and hashes of imagehash."""

from __future__ import annotations

import base64
import json
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import imagehash
import measured
import numpy as np
from accuracy_truth import Answer, Truth, part
from derivatives import CHANGES
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from derivatives import MadeFile

_HASH_BITS: Final = 10  # of 64: usual practice
_FINDIMAGEDUPES_BITS: Final = 25  # of 256: its default, 90 % alike
_UNREADABLE: Final = 9999  # bits


def by_mediafs(folder: Path, made: Sequence[MadeFile]) -> tuple[Answer, list[dict[str, Any]]]:
    """Files are joined that are members of one shot; and the shots."""
    seconds, shots = _shots(folder / "catalog.db", [folder / "library"])
    shot = _shot_of_each(folder, made, shots)
    joined = shot[:, None] == shot[None, :]
    return Answer(joined, seconds, int((shot < 0).sum())), shots


def by_mediafs_alone(folder: Path, made: Sequence[MadeFile]) -> dict[tuple[str, bool], str]:
    """The same where only the photographs and one copy of each are indexed: no copy helps another.

    How many are found, by change and whether the metadata was kept.
    """
    answers, truth = {}, Truth(made)
    for change in CHANGES:
        for is_kept in (True, False):
            pairs = truth.copies(change.name, is_kept=is_kept)
            if pairs:
                copies = (folder / "library" / made[pairs[0][1]].path).parent
                roots = [folder / "library" / "camera", copies]
                shots = _shots(folder / "alone.db", roots)[1]
                shot = _shot_of_each(folder, made, shots)
                answers[change.name, is_kept] = part(shot[:, None] == shot[None, :], pairs)
    return answers


def _shots(catalog: Path, roots: Sequence[Path]) -> tuple[float, list[dict[str, Any]]]:
    """How long these roots take to index, and the shots."""
    for old in catalog.parent.glob(f"{catalog.name}*"):
        old.unlink()
    indexed = measured.mediafs(catalog, "index", *roots)
    lines = measured.mediafs(catalog, "shots", "--json").output.splitlines()
    return indexed.seconds, [json.loads(line) for line in lines]


def _shot_of_each(
    folder: Path, made: Sequence[MadeFile], shots: Sequence[dict[str, Any]]
) -> npt.NDArray[np.int64]:
    known = {member["path"]: shot["shot"] for shot in shots for member in shot["members"]}
    # A file of no shot is joined with nothing.
    return np.array(
        [known.get(str(folder / "library" / m.path), -i - 1) for i, m in enumerate(made)]
    )


def by_hash(folder: Path, made: Sequence[MadeFile], name: str) -> Answer:
    """What is near by one of imagehash's hashes of 64 bits, of the upright picture."""
    paths = [folder / "library" / m.path for m in made]
    kept: list[bytes | None] = []

    def work() -> None:
        with ProcessPoolExecutor() as crew:
            kept.extend(crew.map(partial(_hashed, name=name), paths, chunksize=8))

    seconds = measured.seconds_of(work)
    return _near(kept, _HASH_BITS, seconds)


def _hashed(path: Path, name: str) -> bytes | None:
    warnings.simplefilter("ignore")  # of Pillow, about odd EXIF
    try:
        with Image.open(path) as image:
            found = getattr(imagehash, name)(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return None
    return np.packbits(found.hash.reshape(-1)).tobytes()


def by_findimagedupes(folder: Path, made: Sequence[MadeFile]) -> Answer:
    """What is near by its fingerprints."""
    asked = ["findimagedupes", "-R", "-q", "-q", "-n", "-v", "fp", str(folder / "library")]
    done = measured.run(asked, done=range(256))
    known: dict[str, bytes] = {}
    for line in done.output.decode("utf-8", "surrogateescape").splitlines():
        print_, _, path = line.partition("  ")
        known[path] = base64.b64decode(print_)
    kept = [known.get(str(folder / "library" / m.path)) for m in made]
    return _near(kept, _FINDIMAGEDUPES_BITS, done.seconds)


def _near(hashes: Sequence[bytes | None], within: int, seconds: float) -> Answer:
    width = len(next(h for h in hashes if h is not None))
    rows = np.array([list(h or bytes(width)) for h in hashes], np.uint8)
    differing = np.bitwise_count(rows[:, None] ^ rows[None, :]).sum(axis=2).astype(np.int16)
    unread = np.array([h is None for h in hashes])
    differing[unread] = _UNREADABLE
    differing[:, unread] = _UNREADABLE
    return Answer(differing <= within, seconds, int(unread.sum()), differing)
