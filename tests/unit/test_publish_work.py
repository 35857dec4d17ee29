"""Publishing what changed costs what changed, not what the library holds: counted, not timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import apsw
import pytest
from builders import Catalog, digest, reading

from indexer.catalog import facts, generations
from indexer.catalog.rows import Changed
from indexer.model import FileId, ShotId
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (100, 2_000)


@dataclass(frozen=True)
class Work:
    """What SQLite was asked to do."""

    statements: int
    steps: int  # of SQLite's machine: a scan of a table shows in them


class Shots:
    """A catalog of shots of one file each, four a day, all in one folder and of one camera."""

    def __init__(self, folder: Path, shots: int) -> None:
        folder.mkdir()
        self.catalog = Catalog(folder)
        self.root = self.catalog.root()
        self.changed = Changed(frozenset(), frozenset())
        with self.catalog.db:
            for number in range(shots):
                self.add(number)
        self.publish(None)

    def add(self, number: int) -> Changed:
        read = reading(number=number, blake3=digest(number))
        name = f"IMG_{number:05}.jpg"
        file = self.catalog.put(self.root, name, read, mtime_ns=number * 10**9)
        day = f"{2000 + number // 1200}-{number // 100 % 12 + 1:02}-{number // 4 % 25 + 1:02}"
        row = (number + 1, f"{day}T10:00:00")
        db = self.catalog.db
        db.execute(
            "INSERT INTO shot (shot_id, confidence, original_missing, why) VALUES (?, 'only', 0, '')",
            row[:1],
        )
        db.execute(
            "INSERT INTO member (shot_id, file_id, role, rank, says) VALUES (?, ?, 'original', 0, '')",
            (row[0], file),
        )
        db.execute(
            "INSERT INTO capture VALUES (?, ?, NULL, 'exif', 'certain', '', NULL, NULL, NULL)", row
        )
        return Changed(frozenset({ShotId(row[0])}), frozenset({file}))

    def lose(self, number: int) -> Changed:
        db = self.catalog.db
        file = FileId(db.execute("SELECT file_id FROM member WHERE shot_id = ?", (number + 1,)).get)
        for table in ("member", "capture", "shot"):
            db.execute(f"DELETE FROM {table} WHERE shot_id = ?", (number + 1,))
        facts.set_gone(db, [file])
        return Changed(frozenset(), frozenset({file}))

    def publish(self, changed: Changed | None) -> Work:
        profiles: list[dict[str, object]] = []
        made = (self.catalog.db, self.catalog.decided)
        with self.catalog.db:
            number = self.catalog.coming
            for db in made:
                db.trace_v2(apsw.SQLITE_TRACE_PROFILE, profiles.append)
            publish(*made, number, "beside", changed)
            for db in made:
                db.trace_v2(0, None)
            generations.commit(
                self.catalog.db, number, command="index", version="0", raw_companion="beside",
                summary="{}",
            )  # fmt: skip
        steps = [p["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"] for p in profiles]  # type: ignore[index]
        return Work(len(profiles), sum(steps))


@pytest.fixture
def both(tmp_path):
    made = [Shots(tmp_path / str(size), size) for size in SIZES]
    yield made
    for one in made:
        one.catalog.close()


def test_a_new_shot_costs_the_same_in_any_library(both):
    work = [one.publish(one.add(size)) for size, one in zip(SIZES, both, strict=True)]

    assert work[0] == work[1]


def test_a_lost_shot_costs_the_same_in_any_library(both):
    work = [one.publish(one.lose(size // 2)) for size, one in zip(SIZES, both, strict=True)]

    assert work[0] == work[1]
