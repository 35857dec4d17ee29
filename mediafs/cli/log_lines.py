"""What a generation changed, in lines for a person: counts first, then names, each with its reason.

Many names that came, or went, are told by directory: a first index of a million files is a page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from indexer.catalog import changes
from indexer.paths import display
from mediafs.views.publish import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import apsw

    from indexer.catalog.changes import Part, Total
    from indexer.catalog.rows import Entry, Logged

_LINES = 20  # of one kind in one view before they are counted by directory; arbitrary
_SAME_BYTES = "same"

# Kind: its mark, and what is said of a number of them, in the order in which they are told.
_KINDS = {
    "added": ("+", "came"),
    "removed": ("-", "went"),
    "moved": (">", "renamed"),
    "replaced": ("~", "replaced"),
    "touched": ("=", "with other bytes"),
    _SAME_BYTES: (".", "with other attributes only"),
}
_LABELS = {"better-original": "a better original"}


def moment(one: Logged) -> datetime:
    """When a generation was committed, in the local zone."""
    return datetime.fromtimestamp(one.committed_ns // 10**9).astimezone()


def said(db: apsw.Connection, one: Logged, part: Part, *, in_full: bool) -> Iterator[str]:
    """Everything that a person is told about a generation; nothing if no file's name changed.

    A view's folder is made with the first generation, and stands empty until a file comes.
    """
    told = _only_added(changes.totals(db, one.generation, part))
    others = tuple(view for view, kinds in told.items() if kinds is None)
    sorted_out = _sorted_out(changes.entries(db, one.generation, replace(part, views=others)))
    by_view = {view: told[view] or sorted_out[view] for view in VIEWS if view in told}
    if not by_view:
        return
    yield f"Generation {one.generation}, {moment(one):%Y-%m-%d %H:%M:%S}, {one.command}"
    width = max(map(len, by_view))
    for view, kinds in by_view.items():
        yield f"  {view:{width}}  {_in_numbers(kinds)}"
    if in_full:
        yield from _every(changes.entries(db, one.generation, part))
    else:
        for kinds in by_view.values():
            yield from _in_short(kinds)
    yield ""


@dataclass(slots=True)
class _Kind:
    """The changes of one kind in one view."""

    count: int
    first: list[str]  # as lines; more than _LINES are none at all
    folders: Counter[bytes]


def _only_added(totals: Iterable[Total]) -> dict[str, dict[str, _Kind] | None]:
    """Each view, counted where many names came and nothing else happened; None: look closer."""
    found: dict[str, dict[str, _Kind]] = {}
    for total in totals:
        kind = found.setdefault(total.view, {}).setdefault(total.what, _Kind(0, [], Counter()))
        kind.count += total.count
        kind.folders[total.directory] += total.count
    return {
        view: kinds if kinds.keys() == {"added"} and kinds["added"].count > _LINES else None
        for view, kinds in found.items()
    }


def _sorted_out(entries: Iterable[Entry]) -> dict[str, dict[str, _Kind]]:
    found: dict[str, dict[str, _Kind]] = {}
    for entry in entries:
        if entry.is_directory:
            continue
        kinds = found.setdefault(entry.view, {})
        kind = kinds.setdefault(_kind(entry), _Kind(0, [], Counter()))
        kind.count += 1
        kind.folders[entry.path.rpartition(b"/")[0]] += 1
        if kind.count <= _LINES:
            kind.first.append(_line(entry))
        else:
            kind.first.clear()
    return found


def _kind(entry: Entry) -> str:
    return _SAME_BYTES if entry.what == "touched" and entry.why is None else entry.what


def _in_numbers(told: Mapping[str, _Kind]) -> str:
    return ", ".join(
        f"{told[kind].count:,} {words}" for kind, (_, words) in _KINDS.items() if kind in told
    )


def _in_short(told: Mapping[str, _Kind]) -> Iterator[str]:
    for kind, (mark, words) in _KINDS.items():
        if kind not in told or kind == _SAME_BYTES:
            continue
        if told[kind].first:
            yield from told[kind].first
            continue
        for path, count in _by_directory(told[kind].folders):
            yield f"  {mark} {display(path)}/: {count:,} {words}"


def _every(entries: Iterable[Entry]) -> Iterator[str]:
    return (_line(entry) for entry in entries if not entry.is_directory)


def _by_directory(folders: Counter[bytes]) -> list[tuple[bytes, int]]:
    """As deep as a page allows."""
    depth = max(path.count(b"/") for path in folders) + 1
    while True:
        found: Counter[bytes] = Counter()
        for path, count in folders.items():
            found[b"/".join(path.split(b"/")[:depth])] += count
        if len(found) <= _LINES or depth == 1:
            return sorted(found.items())
        depth -= 1


def _line(entry: Entry) -> str:
    mark, _ = _KINDS[_kind(entry)]
    path, why = display(entry.path), entry.why
    if entry.before is not None:
        folder, _, name = path.rpartition("/")
        before = display(entry.before)
        path = f"{before} -> {name if before.rpartition('/')[0] == folder else path}"
    if why is None:
        return f"  {mark} {path}"
    label = _LABELS.get(why.cause)
    rule = f" (rule {why.rule})" if why.rule else ""
    says = f"{label}{rule}. {why.says}" if label else why.says
    return f"  {mark} {path}: {display(says)}"
