"""Of what generations changed only the newest is remembered, by whole generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest
from builders import Catalog

from indexer.catalog.thinning import thin

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = {1: 5, 2: 0, 3: 2, 4: 3}  # of each generation; some change nothing


@pytest.fixture
def db(tmp_path) -> Iterator[apsw.Connection]:
    catalog = Catalog(tmp_path)
    for generation, count in ROWS.items():
        add(catalog.db, generation, count)
    yield catalog.db
    catalog.close()


def add(db: apsw.Connection, generation: int, count: int) -> None:
    for _ in range(count):
        db.execute(
            "INSERT INTO change (generation_id, view, path, what, parent_id, name)"
            " VALUES (?, 'originals', x'61', 'removed', 1, x'61')",
            (generation,),
        )
        db.execute("INSERT INTO reason (change_id, cause, says) SELECT max(change_id), 'gone', ''"
                   " FROM change")  # fmt: skip


def left(db: apsw.Connection) -> dict[int, int]:
    return dict(db.execute("SELECT generation_id, count(*) FROM change GROUP BY 1"))


@pytest.mark.parametrize(
    ("kept", "generations"),
    [
        (10, {1: 5, 3: 2, 4: 3}),  # all there are
        (9, {3: 2, 4: 3}),
        (5, {3: 2, 4: 3}),
        (4, {4: 3}),
        (3, {4: 3}),
        (2, {4: 3}),  # the newest stays, however much it is
        (0, {4: 3}),
    ],
)
def test_whole_generations_go_until_no_more_is_left_than_may_be(db, kept, generations):
    thin(db, kept)

    assert left(db) == generations
    assert db.execute("SELECT count(*) FROM reason").get == sum(generations.values())
    assert db.execute("SELECT count(*) FROM pragma_foreign_key_check").get == 0


def test_what_was_thinned_once_is_thinned_again(db):
    thin(db, 5)
    add(db, 5, 4)

    thin(db, 5)

    assert left(db) == {5: 4}


def test_nothing_is_nothing_to_thin(tmp_path):
    catalog = Catalog(tmp_path)

    thin(catalog.db, 0)

    assert left(catalog.db) == {}
    catalog.close()


def steps_of_nothing_to_do(db: apsw.Connection) -> int:
    profiles: list[dict[str, object]] = []
    db.trace_v2(apsw.SQLITE_TRACE_PROFILE, profiles.append)
    thin(db, 10_000)
    db.trace_v2(0, None)
    return sum(p["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"] for p in profiles)  # type: ignore[index]


def test_that_there_is_nothing_to_do_is_told_without_counting(db):
    few = steps_of_nothing_to_do(db)
    add(db, 6, 2_000)

    assert steps_of_nothing_to_do(db) == few
