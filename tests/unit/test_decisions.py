"""What a person said: one word a content, one original a shot, all of it undoable and listed."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from builders import digest
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog.connection import DECISIONS, open_writer
from indexer.decisions import words
from indexer.decisions.words import NOTHING_SAID, Standing, Verdict, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

A, B, C = digest(1), digest(2), digest(3)
SHOT = (A, B, C)


@pytest.fixture
def db(tmp_path) -> Iterator[apsw.Connection]:
    made = open_writer(tmp_path / "decisions.db", DECISIONS)
    yield made
    made.close()


def original(db, blake3, shot=SHOT):
    return words.say(db, blake3, Verdict.ORIGINAL, [other for other in shot if other != blake3])


def listed(db):
    return [(word.blake3, str(word.verdict), str(word.standing)) for word in words.all_words(db)]


def test_nothing_is_decided_at_first(db):
    assert words.words(db) == NOTHING_SAID
    assert listed(db) == []
    assert words.newest_ns(db) == 0


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.ORIGINAL, Words(originals=(A,))),
        (Verdict.NOT_A_DUPLICATE, Words(apart=frozenset({A}))),
        (Verdict.IGNORE, Words(ignored=frozenset({A}))),
    ],
)
def test_a_word_is_in_force_once_it_is_said(db, verdict, expected):
    assert words.say(db, A, verdict)

    assert words.words(db) == expected
    assert words.word_on(db, A) is verdict
    assert listed(db) == [(A, verdict, "in-force")]


def test_a_word_that_stands_is_not_said_again(db):
    original(db, A)
    before = words.newest_ns(db)

    assert not original(db, A)
    assert words.newest_ns(db) == before
    assert len(listed(db)) == 1


def test_a_later_original_of_the_shot_supersedes_the_earlier(db):
    original(db, A)
    original(db, B)

    assert words.words(db).originals == (B,)
    assert listed(db) == [(A, "original", "superseded"), (B, "original", "in-force")]


def test_an_original_of_another_shot_stays(db):
    original(db, A, shot=(A, C))
    original(db, B, shot=(B,))

    assert words.words(db).originals == (B, A)


@pytest.mark.parametrize("other", [Verdict.NOT_A_DUPLICATE, Verdict.IGNORE])
def test_an_original_takes_only_the_place_of_an_original(db, other):
    words.say(db, A, other)
    original(db, B)

    assert words.word_on(db, A) is other


def test_a_newer_word_about_a_content_supersedes_the_older(db):
    original(db, A)
    words.say(db, A, Verdict.IGNORE)

    assert words.words(db) == Words(ignored=frozenset({A}))
    assert listed(db) == [(A, "original", "superseded"), (A, "ignore", "in-force")]


def test_what_is_taken_back_is_listed_as_undone(db):
    original(db, A)

    assert words.undo(db, A) is Verdict.ORIGINAL
    assert words.words(db) == NOTHING_SAID
    assert listed(db) == [(A, "original", "undone")]


def test_where_nothing_is_in_force_nothing_is_taken_back(db):
    original(db, A)
    original(db, B)
    before = listed(db)

    assert words.undo(db, A) is None
    assert words.undo(db, C) is None
    assert listed(db) == before


def test_taking_a_word_back_puts_what_it_superseded_in_force_again(db):
    words.say(db, B, Verdict.IGNORE)
    original(db, A)
    original(db, B)

    words.undo(db, B)

    assert words.words(db) == Words(originals=(A,), ignored=frozenset({B}))


def test_a_content_that_was_spoken_about_since_keeps_its_newer_word(db):
    original(db, A)
    original(db, B)
    words.say(db, A, Verdict.NOT_A_DUPLICATE)

    words.undo(db, B)

    assert words.words(db) == Words(apart=frozenset({A}))


def test_every_change_has_a_later_moment_though_the_clock_goes_back(db, monkeypatch):
    clock = itertools.count(2_000_000, -1)
    monkeypatch.setattr(words.time, "time_ns", lambda: next(clock))
    moments = [words.newest_ns(db)]
    for change in (original, words.undo, original):
        change(db, A)
        moments.append(words.newest_ns(db))
    original(db, B)
    moments.append(words.newest_ns(db))
    words.undo(db, B)
    moments.append(words.newest_ns(db))

    assert moments == sorted(set(moments))
    assert words.words(db).originals == (A,)


CHANGES = st.lists(st.tuples(st.sampled_from([*Verdict, None]), st.sampled_from(SHOT)), max_size=12)


@given(changes=CHANGES)
def test_whatever_is_said_there_is_one_word_a_content_and_the_newest_original_decides(
    changes, tmp_path_factory
):
    db = open_writer(tmp_path_factory.mktemp("decisions") / "d.db", DECISIONS)
    said = 0
    for verdict, blake3 in changes:
        if verdict is None:
            words.undo(db, blake3)
        else:
            others = [other for other in SHOT if other != blake3]
            said += words.say(db, blake3, verdict, others)
            assert words.word_on(db, blake3) is verdict

    found = words.words(db)
    sets = [getattr(found, field.name) for field in fields(found)]
    assert sum(map(len, sets)) == len(frozenset().union(*sets))
    # A word that an undoing put back in force may meet a newer one: that one decides.
    times = {w.blake3: w.said_ns for w in words.all_words(db) if w.standing is Standing.IN_FORCE}
    assert list(found.originals) == sorted(found.originals, key=times.__getitem__, reverse=True)
    every = list(words.all_words(db))
    assert len(every) == said
    assert {w.blake3 for w in every if w.standing is Standing.IN_FORCE} == frozenset().union(*sets)
    db.close()


@given(before=CHANGES, verdict=st.sampled_from(Verdict), blake3=st.sampled_from(SHOT))
def test_a_word_and_its_undoing_leave_what_was_in_force(before, verdict, blake3, tmp_path_factory):
    db = open_writer(tmp_path_factory.mktemp("decisions") / "d.db", DECISIONS)
    for earlier, other in before:
        if earlier is None:
            words.undo(db, other)
        else:
            words.say(db, other, earlier, [o for o in SHOT if o != other])
    known = words.words(db)

    if words.say(db, blake3, verdict, [other for other in SHOT if other != blake3]):
        words.undo(db, blake3)

    assert words.words(db) == known
    db.close()
