"""What the accuracy benchmark tells a person: tables, and the errors by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EXAMPLES: Final = 3
_SAID_AT_MOST: Final = 40


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
