#!/usr/bin/env python3
"""How many copies of real photographs are found by their looks, and what is joined wrongly.

    scripts/bench_accuracy.py [--pictures N] [--corpus DIR] [--alone] [--json] [--keep DIR]

Real photographs, what programs make of them (derivatives.py), and files that only look alike
(hard_negatives.py) become one library. mediafs indexes it; two files of one shot are a pair.
Beside it run findimagedupes and, from imagehash, pHash and dHash within 10 of 64 bits. Of these
each near pair is counted by itself: kinder than the groups that their users see, where one wrong
pair joins all copies of two pictures. A true pair is two files of one press of the shutter.
In one library copies lead to other copies; --alone also asks what each finds without the others.
--keep DIR leaves the library there, its truth and the catalog; with the same --pictures the
next run takes the files from there, unless these scripts have changed.
How to measure is measured.py.
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import json
import shutil
import sys
import tempfile
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import imagehash
import measured
import numpy as np
from derivatives import CHANGES, MadeFile, derivatives, put
from hard_negatives import REAL, hard_negatives
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    Square = npt.NDArray[np.bool_]
    Distances = npt.NDArray[np.int16]

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
QUICK: Final = 12
_BRACKETED: Final = 3  # pictures that are exposed anew
_SMALLEST: Final = 480  # pixels; smaller ones are thumbnails already
# Not photographs, or flat, or with words drawn in: by their groups in TRUTH.tsv.
_GRAPHIC: Final = frozenset({"iptc2014", "landscape", "ppnoexif", "samsung"})
_FILM_ENDINGS: Final = (".mov", ".mp4", ".avi", ".mkv", ".3gp")
_HASH_BITS: Final = 10  # of 64: usual practice
_FINDIMAGEDUPES_BITS: Final = 25  # of 256: its default, 90 % alike
_UNREADABLE: Final = 9999  # bits
_EXAMPLES: Final = 3
_SAID_AT_MOST: Final = 40


# --- the library ------------------------------------------------------------------------------


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


# --- what finds duplicates --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What one program says of the library, a row and a column for each file."""

    joined: Square
    seconds: float
    unread: int  # files it could make nothing of: pairs that it cannot find
    distances: Distances | None = None  # where a threshold decides


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


# --- what is true of the answers --------------------------------------------------------------


@dataclass(frozen=True)  # no slots: cached_property
class Truth:
    """Pairs of files that are one press, each pair once."""

    made: Sequence[MadeFile]

    @cached_property
    def pairs(self) -> Square:
        return np.triu(np.ones((len(self.made),) * 2, np.bool_), 1)

    @cached_property
    def same(self) -> Square:
        press = np.unique([m.press for m in self.made], return_inverse=True)[1]
        return np.asarray(press[:, None] == press[None, :])

    @cached_property
    def true(self) -> Square:
        return self.pairs & self.same

    @cached_property
    def false(self) -> Square:
        return self.pairs & ~self.same

    def either(self, wanted: Iterable[bool]) -> Square:
        """Pairs of which at least one file is so."""
        flags = np.fromiter(wanted, np.bool_, len(self.made))
        return flags[:, None] | flags[None, :]

    @cached_property
    def hard(self) -> Square:
        """False pairs with a file that is there to mislead."""
        return self.false & self.either(m.is_hard for m in self.made)

    @cached_property
    def hard_and_full(self) -> Square:
        """Those without empty frames."""
        return self.hard & ~self.either(m.change == "empty" for m in self.made)

    @cached_property
    def sources(self) -> dict[str, int]:
        """Press to the row of its photograph."""
        return {m.press: i for i, m in enumerate(self.made) if m.change == "source"}

    def copies(self, change: str, *, is_kept: bool | None = None) -> list[tuple[int, int]]:
        """Photograph and copy, for one change; with the metadata kept, stripped, or both."""
        return [
            (self.sources[m.press], i)
            for i, m in enumerate(self.made)
            if m.change == change and is_kept in (None, m.is_kept)
        ]


def part(joined: Square, pairs: Sequence[tuple[int, int]]) -> str:
    """How many of these pairs are joined: `11 of 12`."""
    return f"{sum(bool(joined[a, b]) for a, b in pairs)} of {len(pairs)}" if pairs else ""


def figures(truth: Truth, answer: Answer) -> dict[str, Any]:
    """What one program's answer is worth."""
    joined = answer.joined
    right, wrong = int((joined & truth.true).sum()), int((joined & truth.false).sum())
    copies = [pair for change in CHANGES for pair in truth.copies(change.name)]
    found = sum(bool(joined[a, b]) for a, b in copies)
    return {
        "precision": right / max(1, right + wrong),
        "recall_of_copies": found / max(1, len(copies)),
        "recall_of_pairs": right / int(truth.true.sum()),
        "true_pairs": right,
        "false_pairs": wrong,
        "false_pairs_with_hard": int((joined & truth.hard).sum()),
        "false_pairs_with_hard_not_empty": int((joined & truth.hard_and_full).sum()),
        "unread": answer.unread,
        "seconds": answer.seconds,
        "faultless": {
            "all": faultless(truth, answer, truth.hard),
            "without empty frames": faultless(truth, answer, truth.hard_and_full),
        },
    }


def faultless(truth: Truth, answer: Answer, hard: Square) -> dict[str, float] | None:
    """The widest threshold that joins no hard pair, and what it finds. None without thresholds."""
    if answer.distances is None:
        return None
    nearest = int(answer.distances[hard].min())
    joined = answer.distances < nearest
    copies = [pair for change in CHANGES for pair in truth.copies(change.name)]
    found = sum(bool(joined[a, b]) for a, b in copies) / max(1, len(copies))
    return {"bits": nearest - 1, "recall_of_copies": found}


def kinds_of_false(truth: Truth, answer: Answer) -> dict[str, int]:
    """How many false pairs there are of which kinds, most first."""
    counts: dict[str, int] = defaultdict(int)
    for a, b in np.argwhere(answer.joined & truth.false):
        counts[" + ".join(sorted(_kind(truth.made[i]) for i in (a, b)))] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _kind(made: MadeFile) -> str:
    return made.change if made.is_hard else "photograph"


def false_pairs(truth: Truth, answer: Answer) -> list[str]:
    """Each false pair once for two presses, with the first two files; hard ones first."""
    seen: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for a, b in np.argwhere(answer.joined & truth.false):
        presses = sorted((truth.made[a].press, truth.made[b].press))
        seen[presses[0], presses[1]].append((int(a), int(b)))
    lines = []
    for pairs in seen.values():
        a, b = (truth.made[i] for i in pairs[0])
        more = f" and {len(pairs) - 1} more pairs of them" if len(pairs) > 1 else ""
        lines.append((not (a.is_hard and b.is_hard), f"{_named(a)} + {_named(b)}{more}"))
    return [line for _, line in sorted(lines)]


def _named(made: MadeFile) -> str:
    return f"{made.path} ({made.press})"


def missed(truth: Truth, answer: Answer) -> dict[str, list[str]]:
    """Copies that are not with their photograph, by what was done to them."""
    found = {}
    for change in CHANGES:
        for is_kept in (True, False):
            pairs = truth.copies(change.name, is_kept=is_kept)
            lost = [_named(truth.made[b]) for a, b in pairs if not answer.joined[a, b]]
            if lost:
                found[f"{change.name}, {'kept' if is_kept else 'stripped'}"] = lost
    return found


def wrong_roles(folder: Path, truth: Truth, shots: Sequence[dict[str, Any]]) -> list[str]:
    """Edits that are said to be mere copies of a file that is none."""
    edits = {str(folder / "library" / m.path): m for m in truth.made if m.is_edit}
    return [
        f"{_named(edits[member['path']])}: {member['role']}"
        for shot in shots
        for member in shot["members"]
        if member["path"] in edits
        and member["role"] in ("identical", "same-payload")
        and shot["original"] not in edits
    ]


def originals(folder: Path, truth: Truth, shots: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Of photographs with metadata that found a copy: how many stand first; and what does not."""
    named = {str(folder / "library" / m.path): m for m in truth.made}
    judged = {m.press for m in truth.made if m.is_kept}
    right, wrong = 0, []
    for shot in shots:
        members = [named[m["path"]] for m in shot["members"]]
        source = next((m for m in members if m.change == "source" and m.press in judged), None)
        if source and len(members) > 1:
            original = named[shot["original"]]
            right += original is source
            if original is not source:
                wrong.append(f"{_named(original)} before {source.path}: {shot['why']}")
    return right, wrong


# --- what is told -----------------------------------------------------------------------------


def measure(folder: Path, made: Sequence[MadeFile], *, is_alone: bool) -> dict[str, Any]:
    """Every program on the same files."""
    known = Truth(made)
    ours, shots = by_mediafs(folder, made)
    answers = {"mediafs": ours}
    if shutil.which("findimagedupes"):
        answers["findimagedupes"] = by_findimagedupes(folder, made)
    answers["pHash ≤ 10"] = by_hash(folder, made, "phash")
    answers["dHash ≤ 10"] = by_hash(folder, made, "dhash")
    right, wrong = originals(folder, known, shots)
    alone = by_mediafs_alone(folder, made) if is_alone else {}
    return {
        "files": len(made),
        "photographs": len(known.sources),
        "hard_negatives": sum(m.is_hard for m in made),
        "true_pairs": int(known.true.sum()),
        "false_pairs": int(known.false.sum()),
        "figures": {name: figures(known, answer) for name, answer in answers.items()},
        "changes": {c.name: _found(known, c.name, answers, alone) for c in CHANGES},
        "false_by_kind": {name: kinds_of_false(known, answer) for name, answer in answers.items()},
        "false": false_pairs(known, ours),
        "missed": missed(known, ours),
        "wrong_roles": wrong_roles(folder, known, shots),
        "right_originals": right,
        "wrong_originals": wrong,
    }


def _found(
    truth: Truth, change: str, answers: dict[str, Answer], alone: dict[tuple[str, bool], str]
) -> dict[str, str]:
    """A line of the table about one change."""
    cells = {}
    for is_kept, word in ((True, "kept"), (False, "stripped")):
        pairs = truth.copies(change, is_kept=is_kept)
        cells[f"mediafs, {word}"] = part(answers["mediafs"].joined, pairs)
        if alone:
            cells[f"alone, {word}"] = alone.get((change, is_kept), "")
    both = truth.copies(change)
    others = {name: part(a.joined, both) for name, a in answers.items() if name != "mediafs"}
    return cells | others


def told(machine: dict[str, str], facts: dict[str, Any]) -> str:
    """The whole answer for a person."""
    names = list(facts["figures"])
    title = (
        f"{facts['files']} files: {facts['photographs']} photographs, their copies, and"
        f" {facts['hard_negatives']} files that only look alike"
    )
    tables = {
        title: measured.table(["", *names], _overall(facts["figures"])),
        "Copies found, by what was done to them": measured.table(
            ["", *next(iter(facts["changes"].values()))],
            [[change, *cells.values()] for change, cells in facts["changes"].items()],
        ),
        "False pairs, by what the two are": measured.table(
            ["", *names], _kinds(facts["false_by_kind"])
        ),
    }
    right, wrong = facts["right_originals"], facts["wrong_originals"]
    first = f"Photographs that are the original of their shot: {right} of {right + len(wrong)}."
    roles = f"Edits called plain copies of what they were made from: {len(facts['wrong_roles'])}."
    notes = [first, roles, *_named_errors(facts), *measured.lacking(["findimagedupes"])]
    return measured.told(machine, tables, notes)


def _overall(by_program: dict[str, dict[str, Any]]) -> list[list[str]]:
    def row(what: str, key: str, form: str) -> list[str]:
        return [what, *(format(facts[key], form) for facts in by_program.values())]

    def limit(facts: dict[str, Any], which: str) -> str:
        known = facts["faultless"][which]
        if known is None:
            return ""
        return (
            f"{known['recall_of_copies']:.3f} at {known['bits']} bits"
            if known["bits"] >= 0
            else "none: false at 0 bits"
        )

    return [
        row("precision of pairs", "precision", ".4f"),
        row("recall, photograph to copy", "recall_of_copies", ".4f"),
        row("recall, all pairs of a press", "recall_of_pairs", ".4f"),
        row("false pairs", "false_pairs", ",d"),
        row("false pairs with a misleading file", "false_pairs_with_hard", ",d"),
        row("of these without empty frames", "false_pairs_with_hard_not_empty", ",d"),
        row("files it could not read", "unread", "d"),
        row("seconds", "seconds", ".1f"),
        *(
            [
                f"recall with no misleading pair, {which}",
                *(limit(f, which) for f in by_program.values()),
            ]
            for which in ("all", "without empty frames")
        ),
    ]


def _kinds(by_program: dict[str, dict[str, int]]) -> list[list[str]]:
    kinds = dict.fromkeys(kind for counts in by_program.values() for kind in counts)
    return [[kind, *(f"{c.get(kind, 0):,d}" for c in by_program.values())] for kind in kinds]


def _named_errors(facts: dict[str, Any]) -> Iterator[str]:
    if facts["false"]:
        yield "\n".join(["mediafs joins wrongly:", *_shortened(facts["false"], _SAID_AT_MOST)])
    if facts["wrong_roles"]:
        yield "\n".join(
            ["Edits called plain copies:", *_shortened(facts["wrong_roles"], _SAID_AT_MOST)]
        )
    if facts["wrong_originals"]:
        yield "\n".join(
            ["Copies before photographs:", *_shortened(facts["wrong_originals"], _SAID_AT_MOST)]
        )
    for change, paths in facts["missed"].items():
        yield "\n".join([f"Missed, {change}: {len(paths)}", *_shortened(paths, _EXAMPLES)])


def _shortened(lines: Sequence[str], at_most: int) -> Iterator[str]:
    yield from (f"    {line}" for line in lines[:at_most])
    if len(lines) > at_most:
        yield f"    and {len(lines) - at_most} more"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=QUICK, help="how many photographs")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="with TRUTH.tsv and media/")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--keep", type=Path, help="leave the library here, or take it from here")
    parser.add_argument("--alone", action="store_true", help="also index each change by itself")
    arguments = parser.parse_args()
    if not (arguments.corpus / "TRUTH.tsv").is_file():
        parser.error(f"there is no TRUTH.tsv in {arguments.corpus}")
    with tempfile.TemporaryDirectory(prefix="bench-accuracy-") as name:
        measured.keep_apart(Path(name))
        folder = Path(name) if arguments.keep is None else arguments.keep.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        machine = measured.machine(folder, {"findimagedupes": ["findimagedupes", "--version"]})
        made = library(arguments.corpus.resolve(), arguments.pictures, folder)
        facts = measure(folder, made, is_alone=arguments.alone)
    print(
        json.dumps({"schema": 1, "machine": machine} | facts)
        if arguments.json
        else told(machine, facts)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
