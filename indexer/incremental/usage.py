"""The habits of cameras, kept up to date; and which shots are judged by habits that have changed.

Habits decide only between several contents of one shot, so shots of one content never ask.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from indexer.catalog import remembered
from indexer.catalog.remembered import HabitRow
from indexer.originals.habits import (
    Habits,
    Mode,
    Trace,
    modes_of,
    told,
    trace_of,
    usual_sizes,
    usual_tables,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import apsw

    from indexer.grouping.components import Group
    from indexer.model import ContentId

_AROUND: Final = (timedelta(days=-1), timedelta(0), timedelta(days=1))

_Usual = tuple[frozenset[str], frozenset[tuple[int, int]]]


def everything(db: apsw.Connection, groups: Sequence[Group]) -> Habits:
    """What all cameras usually write; what every content told is remembered."""
    traces = list(_traces(groups))
    habits = told([trace for _, trace, _ in traces])
    rows = [_row(content, trace, habits, joined) for content, trace, joined in traces]
    remembered.put_habits(db, (), rows)
    return habits


def habits(db: apsw.Connection, groups: Iterable[Group]) -> Habits:
    """What the cameras of these groups usually write."""
    asked = [trace for _, trace, is_joined in _traces(groups) if is_joined]
    usual = {camera: _usual(db, camera) for camera in {trace.camera for trace in asked}}
    days = {(t.camera, t.clock.date() + shift) for t in asked if t.clock for shift in _AROUND}
    modes = [_mode(db, camera, day) for camera, day in days]
    return Habits(
        dict(zip(days, modes, strict=True)),
        {camera: tables for camera, (tables, _) in usual.items() if tables},
        {camera: sizes for camera, (_, sizes) in usual.items() if sizes},
    )


def update(
    db: apsw.Connection, looked_at: Collection[ContentId], groups: Sequence[Group]
) -> set[ContentId]:
    """Remember what these groups tell; the contents for which it makes a difference.

    `looked_at` holds every content of the groups, and those that are gone.
    """
    before = {row.content: row for row in remembered.habits_of(db, looked_at)}
    now = {content: (trace, joined) for content, trace, joined in _traces(groups)}
    new = {content: trace for content, (trace, _) in now.items()}
    old = {content: _trace(row) for content, row in before.items()}
    differing = {
        trace
        for content in looked_at
        if old.get(content) != new.get(content)
        for trace in (old.get(content), new.get(content))
        if trace is not None
    }
    cameras = {trace.camera for trace in differing}
    were = {camera: _usual(db, camera) for camera in cameras}
    # Twice: what a camera wrote around a day follows from what all of these tell.
    plain = Habits()
    rows = [_row(content, trace, plain, joined) for content, (trace, joined) in now.items()]
    remembered.put_habits(db, looked_at, rows)
    kept = habits(db, groups)
    rows = [_row(content, trace, kept, joined) for content, (trace, joined) in now.items()]
    remembered.put_habits(db, (), [row for row in rows if row.mode is not None])
    found = {
        content
        for camera in cameras
        if _usual(db, camera) != were[camera]
        for content in remembered.joined_of_camera(db, camera)
    }
    return found | _told_otherwise(db, differing)


def _told_otherwise(db: apsw.Connection, differing: Iterable[Trace]) -> set[ContentId]:
    """Contents of several in a shot for whose day the camera is said to write another format."""
    days = {(t.camera, t.clock.date()) for t in differing if t.clock and t.format}
    asking = {(camera, day + shift) for camera, day in days for shift in _AROUND}
    modes = {(camera, day + shift): Mode() for camera, day in asking for shift in _AROUND}
    habits = Habits({key: _mode(db, *key) for key in modes})
    return {
        row.content
        for camera, day in asking
        for row in remembered.habits_of_day(db, camera, day)
        if row.is_joined
        and row.clock is not None
        and habits.mode_beside(camera, row.clock, row.stems) != row.mode
    }


def _usual(db: apsw.Connection, camera: str) -> _Usual:
    tables = usual_tables(remembered.tables_of(db, camera))
    return tables, usual_sizes(remembered.sizes_of(db, camera))


def _mode(db: apsw.Connection, camera: str, day: date) -> Mode:
    rows = remembered.habits_of_day(db, camera, day)
    return modes_of(map(_trace, rows)).get((camera, day), Mode())


def _traces(groups: Iterable[Group]) -> Iterator[tuple[ContentId, Trace, bool]]:
    """What each content tells, and whether its shot has others."""
    for group in groups:
        for subject in group.subjects:
            if (trace := trace_of(subject)) is not None:
                yield subject.content, trace, len(group.subjects) > 1


def _row(content: ContentId, trace: Trace, habits: Habits, joined: bool) -> HabitRow:  # noqa: FBT001
    asks = joined and trace.clock is not None
    mode = (
        habits.mode_beside(trace.camera, trace.clock, trace.stems) if asks and trace.clock else None
    )
    return HabitRow(
        content, trace.camera, trace.clock, trace.stems, trace.format, trace.table, trace.size,
        is_joined=joined, mode=mode,
    )  # fmt: skip


def _trace(row: HabitRow) -> Trace:
    return Trace(row.camera, row.clock, row.stems, row.format, row.table, row.size)
