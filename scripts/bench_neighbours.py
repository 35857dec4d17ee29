#!/usr/bin/env python3
"""How long it takes to find all near pairs among a million fingerprints, and how many are found.

    scripts/bench_neighbours.py [--count N] [--rounds N] [--pictures DIR] [--folder DIR] [--json]

Twice: among random fingerprints, and among ones skewed as those of a real library are
(hash_library.py). Then fifty new ones against all that are known. Beside it faiss, where it is
installed (`pip install -e .[bench]`): IndexBinaryMultiHash with 16 tables of 16 bits, for a minute
and the rest extrapolated, and IndexBinaryFlat, which compares all with all, asked for a sample and
extrapolated. Each runs in a process of its own. How to measure is measured.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import measured
import numpy as np
from hash_library import Library, random_library, real_like_library, real_pictures
from measured import digits, in_turns, ratio, spread, verdict

from indexer.perceptual.neighbours import WITHIN, near_to, neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Hashes = npt.NDArray[np.uint8]
    Rows = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]
    Found = npt.NDArray[np.uint32]  # (pairs, 2 or more): rows, the smaller first

CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "media"
MILLION: Final = 1_000_000
SECONDS_GOAL: Final = 15.0
NEW_SECONDS_GOAL: Final = 1.0
MEMORY_GOAL: Final = 500.0  # MB, of the whole process
RECALL_GOAL: Final = 0.99
NEW: Final = 50

_TABLES: Final = (
    16  # of faiss, with as many bits each: the 256 bits, cut as neighbours.py cuts them
)
_ASKED: Final = 10_000  # rows at a time: what faiss answers must fit into memory
_PATIENCE_S: Final = 60.0
_SAMPLE: Final = 1000  # rows that are compared with all


# --- what is measured, each in a process of its own -------------------------------------------


def search(path: Path) -> dict[str, Any]:
    """All near pairs; they are saved beside the hashes."""
    hashes = np.load(path)
    begun, used = time.perf_counter(), time.process_time()
    found = neighbours(hashes)
    answer = _taken(begun, used)
    np.save(path.with_name("search.npy"), found.pairs[:, :2])
    counts = {"pairs": len(found.pairs), "crowded": found.crowded, "left_out": found.left_out}
    return answer | counts


def new(path: Path) -> dict[str, Any]:
    """Fifty new hashes, four bits from known ones, against all."""
    hashes = np.load(path)
    rows = np.arange(NEW) * (len(hashes) // NEW)
    fresh = hashes[rows].copy()
    fresh[:, 0] ^= 0b00001111
    begun, used = time.perf_counter(), time.process_time()
    pairs = near_to(fresh, hashes)
    answer = _taken(begun, used)
    known = set(map(tuple, pairs[:, :2].tolist()))
    return answer | {"recall": sum((i, int(row)) in known for i, row in enumerate(rows)) / NEW}


def multihash(path: Path) -> dict[str, Any]:
    """What faiss finds in tables, as pairs, each once; they are saved beside the hashes.

    Where it takes too long, only of the first so many rows, and the time is extrapolated.
    """
    import faiss

    hashes = np.load(path)
    begun, used = time.perf_counter(), time.process_time()
    index = faiss.IndexBinaryMultiHash(hashes.shape[1] * 8, _TABLES, 256 // _TABLES)
    index.add(hashes)
    filled = _taken(begun, used)
    begun, used = time.perf_counter(), time.process_time()
    parts, asked = [], 0
    while asked < len(hashes) and time.perf_counter() - begun < _PATIENCE_S:
        # Its radius is the first distance that is too far.
        limits, _, near = index.range_search(hashes[asked : asked + _ASKED], WITHIN + 1)
        rows = np.repeat(np.arange(len(limits) - 1), np.diff(limits.astype(np.int64))) + asked
        wanted = rows < near
        parts.append(np.stack([rows[wanted], near[wanted]], axis=1).astype(np.uint32))
        asked += len(limits) - 1
    pairs = np.concatenate(parts)
    answer, scale = _taken(begun, used), len(hashes) / asked
    np.save(path.with_name("multihash.npy"), pairs)
    times = {key: filled[key] + answer[key] * scale for key in ("seconds", "cpu")}
    return answer | times | {"asked": asked} | ({"pairs": len(pairs)} if scale == 1 else {})


def flat(path: Path) -> dict[str, Any]:
    """What comparing all with all would take faiss, from comparing a thousand with all."""
    import faiss

    hashes = np.load(path)
    sample = hashes[:: max(1, len(hashes) // _SAMPLE)][:_SAMPLE]
    index = faiss.IndexBinaryFlat(hashes.shape[1] * 8)
    index.add(hashes)
    begun, used = time.perf_counter(), time.process_time()
    index.range_search(sample, WITHIN + 1)
    answer, scale = _taken(begun, used), len(hashes) / len(sample)
    times = {key: answer[key] * scale for key in ("seconds", "cpu")}
    return times | {"asked": len(sample)}


def _taken(begun: float, used: float) -> dict[str, Any]:
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    return {"seconds": seconds, "cpu": cpu, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """The most memory this process had.

    Not rusage's: that one is kept over exec(), and would tell its parent's were that more.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6


CHILDREN: Final = {"search": search, "new": new, "multihash": multihash, "flat": flat}
_OF_FAISS: Final = ("multihash", "flat")


# --- what came out ----------------------------------------------------------------------------


def is_found(pairs: Found, planted: Rows) -> Flags:
    """Which of the planted pairs were found."""
    return np.isin(_keys(planted), _keys(pairs))


def _keys(rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint64]:
    ordered = np.sort(rows[:, :2], axis=1).astype(np.uint64)
    return ordered[:, 0] << np.uint64(32) | ordered[:, 1]


def by_distance(hashes: Hashes, planted: Rows, found: Flags) -> dict[int, float]:
    """Bits in which planted pairs differ, to the part of them that was found."""
    bits = np.bitwise_count(hashes[planted[:, 0]] ^ hashes[planted[:, 1]]).sum(axis=1)
    return {int(b): float(found[bits == b].mean()) for b in np.unique(bits)}


def measure(made: Library, folder: Path, rounds: int) -> dict[str, Any]:
    """Every way in turns, and what each found."""
    path = folder / "hashes.npy"
    np.save(path, made.hashes)
    names = [name for name in CHILDREN if has_faiss() or name not in _OF_FAISS]

    def child(name: str) -> measured.Run:
        return measured.run([sys.executable, Path(__file__).resolve(), "--child", name, path])

    runs = in_turns(rounds, {name: partial(child, name) for name in names})
    facts: dict[str, Any] = {}
    for name, done in runs.items():
        answers = [run.answer for run in done]
        facts[name] = answers[0] | {
            "seconds": asdict(spread([a["seconds"] for a in answers])),
            "cpu": asdict(spread([a["cpu"] for a in answers])),
            "peak_mb": max(a.get("peak_mb", 0.0) for a in answers),
        }
        if name in _OF_FAISS:
            ours = [run.answer["seconds"] for run in runs["search"]]
            facts[name]["ratio"] = asdict(ratio(ours, [a["seconds"] for a in answers]))
    for name in ("search", "multihash"):
        if name in facts:
            pairs, asked = np.load(folder / f"{name}.npy"), runs[name][-1].answer.get("asked")
            flipped = _asked(made.flipped, asked)
            found = is_found(pairs, flipped)
            facts[name]["recall"] = float(found.mean())
            facts[name]["recall_by_bits"] = by_distance(made.hashes, flipped, found)
            facts[name]["recall_of_crowds"] = {
                crowd: float(is_found(pairs, _asked(planted, asked)).mean())
                for crowd, planted in made.crowds.items()
            }
    planted = {"flipped": len(made.flipped)} | {k: len(p) for k, p in made.crowds.items()}
    return {"hashes": len(made.hashes), "planted": planted, "ways": facts}


def _asked(planted: Rows, rows: int | None) -> Rows:
    """Planted pairs that could be found where only the first so many rows were asked about."""
    return planted if rows is None else planted[planted.min(axis=1) < rows]


def has_faiss() -> bool:
    return find_spec("faiss") is not None


# --- what is told -----------------------------------------------------------------------------

_WAYS: Final = {
    "search": "mediafs",
    "multihash": "faiss MultiHash",
    "flat": "faiss Flat",
}


def rows(facts: dict[str, Any]) -> Iterator[list[str]]:
    """The lines of a library's table."""
    ways = {name: facts["ways"][name] for name in _WAYS if name in facts["ways"]}
    ours, fresh = ways["search"], facts["ways"]["new"]
    is_judged = facts["hashes"] == MILLION

    def line(what: str, cells: Sequence[str], goal: str = "") -> list[str]:
        return [what, *cells, goal]

    def told(key: str, form: str) -> list[str]:
        return [format(way[key], form) if key in way else "" for way in ways.values()]

    seconds = verdict(ours["seconds"]["median"], SECONDS_GOAL if is_judged else None)
    yield line("seconds", [str(measured.Spread(**w["seconds"])) for w in ways.values()], seconds)
    yield line("of processor", [str(measured.Spread(**w["cpu"])) for w in ways.values()])
    ratios = [str(measured.Ratio(**w["ratio"])) if "ratio" in w else "" for w in ways.values()]
    yield line("mediafs as a multiple of it", ratios)
    yield line("rows asked about, the rest extrapolated", told("asked", ",d"))
    peaks = [digits(w["peak_mb"]) if w["peak_mb"] else "" for w in ways.values()]
    yield line("peak memory, MB", peaks, verdict(ours["peak_mb"], MEMORY_GOAL))
    planted = facts["planted"]
    yield line(
        f"recall, {planted['flipped']:,} planted", told("recall", ".5f"), at_least(ours["recall"])
    )
    for bits in ours["recall_by_bits"]:
        found = [w.get("recall_by_bits", {}).get(bits) for w in ways.values()]
        yield line(f"of these at {bits} bits", ["" if f is None else f"{f:.4f}" for f in found])
    for name in ours["recall_of_crowds"]:
        found = [w.get("recall_of_crowds", {}).get(name) for w in ways.values()]
        goal = at_least(ours["recall_of_crowds"][name]) if name == "re-encoded" else ""
        cells = ["" if f is None else f"{f:.4f}" for f in found]
        yield line(f"recall, {planted[name]:,} {name}", cells, goal)
    for key in ("pairs", "crowded", "left_out"):
        yield line(key.replace("_", " "), told(key, ",d"))
    others = [""] * (len(ways) - 1)
    wait = verdict(fresh["seconds"]["median"], NEW_SECONDS_GOAL if is_judged else None)
    yield line(f"{NEW} new, seconds", [str(measured.Spread(**fresh["seconds"])), *others], wait)
    yield line(f"{NEW} new, recall", [f"{fresh['recall']:.4f}", *others], at_least(fresh["recall"]))


def at_least(value: float) -> str:
    """`verdict`, where more is better."""
    return f"≥ {RECALL_GOAL:g}: {'reached' if value >= RECALL_GOAL else 'not reached'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=MILLION, help="how many fingerprints")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run")
    parser.add_argument("--seed", type=int, default=1, help="another library")
    parser.add_argument("--pictures", type=Path, default=CORPUS, help="real pictures")
    parser.add_argument("--folder", type=Path, help="where to make the files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, path = arguments.child
        print(json.dumps(CHILDREN[name](Path(path))))
        return 0
    pictures = real_pictures(arguments.pictures)
    titles = {"random": "random", "real-like": f"skewed as real ones, of {len(pictures)} pictures"}
    with tempfile.TemporaryDirectory(prefix="bench-neighbours-", dir=arguments.folder) as name:
        machine = measured.machine(Path(name), {})
        libraries = {
            "random": partial(random_library, arguments.count, arguments.seed),
            "real-like": partial(real_like_library, arguments.count, pictures, arguments.seed),
        }
        facts = {k: measure(make(), Path(name), arguments.rounds) for k, make in libraries.items()}
    if arguments.json:
        print(json.dumps({"schema": 1, "machine": machine, "libraries": facts}))
        return 0
    tables = {}
    for key, found in facts.items():
        head = ["", *(told for way, told in _WAYS.items() if way in found["ways"]), "goal"]
        title = f"{found['hashes']:,} fingerprints, {titles[key]}; {arguments.rounds} rounds"
        tables[title] = measured.table(head, list(rows(found)))
    notes = [] if has_faiss() else ["faiss-cpu is not installed: not run."]
    print(measured.told(machine, tables, [measured.READ_AS, *notes]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
