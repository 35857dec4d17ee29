"""One library with a folder for each row of the truth table, and what mediafs says about it.

A test module states a row twice: a recipe makes its files, a test says what is true of them. All
rows are indexed together, so whatever is said of one row also proves that the others left it alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from indexer.catalog import open_reader, shots
from mediafs.cli.explain import explained, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

SAVED = "2022-03-04T05:06:07Z"  # the mtime of whatever a row says nothing about
DONE, DONE_WITH_FAILURES = 0, 2
_CATALOG, _SHOTS, _DUPES = "catalog.db", "shots.ndjson", "dupes.json"

# The table's words in the catalog's: a derivative is one of these, whichever fits its pixels.
DERIVED = ("reencoded", "resized", "edit")
ANY_ROLE = (
    *DERIVED,
    "live-video",
    "raw-companion",
    "sidecar",
    "identical",
    "same-payload",
    "preview",
)
NOT_SAID = ...

_RECIPES: dict[str, Callable[[Row], None]] = {}


def recipe(row: int | str) -> Callable[[Callable[[Row], None]], Callable[[Row], None]]:
    """Register what makes the files of a row, named by its number or in words."""

    def register(make: Callable[[Row], None]) -> Callable[[Row], None]:
        name = folder_of(row)
        assert name not in _RECIPES, name
        _RECIPES[name] = make
        return make

    return register


def folder_of(row: int | str) -> str:
    return f"row{row:02}" if isinstance(row, int) else row


@dataclass(frozen=True)
class Row:
    """Where the files of one row are put."""

    folder: Path
    _edits: list[tuple[Path, Sequence[str]]]
    _mtimes: dict[Path, str]

    def put(self, name: str, data: bytes, *, mtime: str = SAVED, tags: Sequence[str] = ()) -> bytes:
        """A file; `tags` are what ExifTool, as a tool that people use, writes into it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists(), path
        path.write_bytes(data)
        self._mtimes[path] = mtime
        if tags:
            self._edits.append((path, tags))
        return data


def make(root: Path) -> int:
    """Every row whose recipe is known; the number of files."""
    edits: list[tuple[Path, Sequence[str]]] = []
    mtimes: dict[Path, str] = {}
    for name, put in sorted(_RECIPES.items()):
        put(Row(root / name, edits, mtimes))
    _edit(edits)
    for path, mtime in mtimes.items():
        seconds = datetime.fromisoformat(mtime).timestamp()
        os.utime(path, (seconds, seconds))
    return len(mtimes)


def _edit(edits: Iterable[tuple[Path, Sequence[str]]]) -> None:
    """All in one run of ExifTool: starting it takes a third of a second."""
    lines = []
    for path, tags in edits:
        lines += ["-overwrite_original", "-n", *tags, str(path), "-execute"]
    said = subprocess.run(
        [os.environ.get("MEDIAFS_EXIFTOOL", "exiftool"), "-@", "-"],
        input="\n".join(lines), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "rror" not in said.stderr, said.stderr


# --- what is said -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Shot:
    """What is true of a shot; what is NOT_SAID is not asked."""

    original: str | tuple[str, ...]  # several: any of them
    others: dict[str, str | tuple[str, ...]] = field(default_factory=dict)  # name to role
    confidence: Any = NOT_SAID  # several: any of them
    is_missing: Any = NOT_SAID  # whether the camera's own file is not here
    local: Any = NOT_SAID  # the beginning of it; None: nobody knows
    offset: Any = NOT_SAID  # None: not known
    unknown: Any = NOT_SAID
    is_reclaimable: Any = NOT_SAID

    @property
    def originals(self) -> tuple[str, ...]:
        return (self.original,) if isinstance(self.original, str) else self.original

    @property
    def names(self) -> frozenset[str]:
        return frozenset((*self.originals, *self.others))


@dataclass(frozen=True)
class SaidShot:
    """What the program says of a shot; names are those below the row's folder."""

    told: dict[str, Any] = field(repr=False)
    original: str
    roles: dict[str, str]
    reclaimable: int

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.roles)

    @property
    def captured(self) -> dict[str, Any]:
        return self.told["captured"]

    def differences(self, true: Shot) -> Iterator[str]:
        """What is said otherwise than it is, in words."""
        if self.original not in true.originals:
            yield f"{self.original} is said to be the original, not {' or '.join(true.originals)}"
        for name, role in true.others.items():
            said, possible = self.roles.get(name), (role,) if isinstance(role, str) else role
            if said not in (None, "original", *possible):
                yield f"{name} is said to be {said}, not {' or '.join(possible)}"
        captured = self.captured
        for what, is_so, is_said in (
            ("confidence", true.confidence, self.told["confidence"]),
            ("original_missing", true.is_missing, self.told["original_missing"]),
            ("offset", true.offset, captured["offset"]),
            ("unknown", true.unknown, captured["unknown"]),
            ("reclaimable", true.is_reclaimable, self.reclaimable > 0),
        ):
            possible = is_so if isinstance(is_so, tuple) else (is_so,)
            if is_so is not NOT_SAID and is_said not in possible:
                yield f"{what} is said to be {is_said}, not {is_so} ({self._why(what)})"
        local = captured["local"]
        if true.local is not NOT_SAID and not _begins(local, true.local):
            yield f"local is said to be {local}, not {true.local} ({self._why('local')})"

    def _why(self, what: str) -> str:
        is_about_time = what in ("local", "offset", "unknown")
        return str((self.captured if is_about_time else self.told)["why"])


def _begins(local: str | None, true: str | None) -> bool:
    return local is None if true is None else (local or "").startswith(true)


@dataclass(frozen=True)
class SaidRow:
    """What the program says of one row's files."""

    folder: Path
    shots: list[SaidShot]

    def holding(self, name: str) -> SaidShot | None:
        return next((shot for shot in self.shots if name in shot.roles), None)

    @property
    def groups(self) -> list[list[str]]:
        return sorted(sorted(shot.names) for shot in self.shots)

    def differences(self, *true: Shot) -> str:
        """All that is said otherwise than it is, line by line; "" where everything is right."""
        found: list[str] = []
        expected = sorted(sorted(shot.names) for shot in true)
        if self.groups != expected:
            found.append(f"the shots are said to be {self.groups}, not {expected}")
        for shot in true:
            said = next((s for name in shot.originals if (s := self.holding(name))), None)
            if said is None:
                found.append(f"{' or '.join(shot.originals)} is in no shot")
            else:
                found += said.differences(shot)
        return "\n".join(found)


@dataclass(frozen=True, repr=False)
class Said:
    """Everything that the commands print about the library."""

    root: Path
    catalog: Path
    shots: list[dict[str, Any]]
    groups: list[dict[str, Any]]  # of duplicates

    def row(self, row: int | str) -> SaidRow:
        folder = self.root / folder_of(row)
        return SaidRow(folder, [self._said(shot, folder) for shot in self._by_row[folder.name]])

    def explained(self, row: int | str, name: str) -> dict[str, Any]:
        """What `explain --json` prints about a file."""
        db = open_reader(self.catalog)
        try:
            file = find(db, str(self.root / folder_of(row) / name))
            return explained(db, file, shots.shot_of(db, file))
        finally:
            db.close()

    @property
    def across_rows(self) -> list[list[str]]:
        """Shots with files of several rows."""
        paths = ([os.path.relpath(m["path"], self.root) for m in s["members"]] for s in self.shots)
        return [p for p in paths if len({path.partition("/")[0] for path in p}) > 1]

    @cached_property
    def _by_row(self) -> dict[str, list[dict[str, Any]]]:
        rows: dict[str, list[dict[str, Any]]] = {row: [] for row in _RECIPES}
        for shot in self.shots:
            inside = {os.path.relpath(m["path"], self.root) for m in shot["members"]}
            for row in {path.partition("/")[0] for path in inside}:
                rows[row].append(shot)
        return rows

    @cached_property
    def _reclaimable(self) -> dict[str, int]:
        """Path to what its groups offer to free."""
        found: dict[str, int] = {}
        for group in self.groups:
            for file in group["files"]:
                found[file["path"]] = found.get(file["path"], 0) + group["reclaimable"]
        return found

    def _said(self, told: dict[str, Any], folder: Path) -> SaidShot:
        roles = {os.path.relpath(m["path"], folder): m["role"] for m in told["members"]}
        offered = max(self._reclaimable.get(m["path"], 0) for m in told["members"])
        return SaidShot(told, os.path.relpath(told["original"], folder), roles, offered)


def index(home: Path) -> Said:
    """The library in `home`, indexed by the commands that people run."""
    surroundings = {**os.environ, "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}

    def run(*words: str, codes: tuple[int, ...] = (DONE,)) -> str:
        command = [sys.executable, "-m", "mediafs", "--catalog", str(home / _CATALOG), *words]
        ran = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
        assert ran.returncode in codes, ran.stderr
        return ran.stdout

    run("index", "--quiet", str(home / "library"), codes=(DONE, DONE_WITH_FAILURES))
    (home / _SHOTS).write_text(run("shots", "--json"), "utf-8", "surrogateescape")
    (home / _DUPES).write_text(run("dupes", "--format", "json"), "utf-8", "surrogateescape")
    told = remembered(home)
    assert told is not None
    return told


def remembered(home: Path) -> Said | None:
    """What was said when it was indexed; None where it was not."""
    if not (home / _DUPES).exists():
        return None
    lines = (home / _SHOTS).read_text("utf-8", "surrogateescape").splitlines()
    groups = json.loads((home / _DUPES).read_text("utf-8", "surrogateescape"))["groups"]
    shots_said = [json.loads(line) for line in lines]
    return Said(home / "library", home / _CATALOG, shots_said, groups)
