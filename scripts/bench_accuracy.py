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
What the library is made of is accuracy_library.py, who looks for duplicates accuracy_programs.py,
what an answer is worth accuracy_truth.py, what is told accuracy_tables.py; how to measure is
measured.py.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import measured
from accuracy_library import library
from accuracy_programs import by_findimagedupes, by_hash, by_mediafs, by_mediafs_alone
from accuracy_tables import told
from accuracy_truth import (
    Answer,
    Truth,
    false_pairs,
    figures,
    kinds_of_false,
    missed,
    originals,
    part,
    wrong_roles,
)
from derivatives import CHANGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from derivatives import MadeFile

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
QUICK: Final = 12


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
