"""When roots are looked at: quiet first, never for ever, at rest afterwards. Times are made up."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediafs.watch.agenda import Agenda, End, Pace

PACE = Pace(settle=10.0, every=600.0, sweep=86400.0)
A, B = b"/a", b"/b"


@pytest.fixture
def agenda():
    """Two roots that tell of their changes, looked at just before the hundredth second."""
    made = Agenda(PACE)
    for root in (A, B):
        made.follow(root, tells=True)
        made.asked(root, 99.0)
    run(made, 99.0, 99.5)
    return made


def run(agenda, begin, end, how=End.DONE):
    roots = agenda.due(begin)
    agenda.began(roots, begin)
    agenda.ended(roots, end, how)
    return roots


def test_what_is_asked_for_is_looked_at_at_once():
    agenda = Agenda(PACE)
    agenda.follow(A, tells=True)
    agenda.asked(A, 5.0)

    assert agenda.has_news(A)
    assert agenda.due(5.0) == {A}


def test_without_news_nothing_is_due_until_everything_is_looked_at_again(agenda):
    assert agenda.next() == 99.0 + PACE.sweep
    assert agenda.due(5000.0) == frozenset()
    assert agenda.due(99.0 + PACE.sweep) == {A, B}


def test_what_changed_is_looked_at_once_it_is_quiet(agenda):
    agenda.changed(A, 200.0)
    agenda.changed(A, 204.0)

    assert agenda.due(213.9) == frozenset()
    assert agenda.next() == 214.0
    assert agenda.due(214.0) == {A}


def test_changes_that_never_pause_are_looked_at_all_the_same(agenda):
    for moment in range(200, 300):
        agenda.changed(A, float(moment))

    assert agenda.next() == 200.0 + 3 * PACE.settle


def test_two_roots_with_news_are_looked_at_together(agenda):
    agenda.changed(A, 200.0)
    agenda.changed(B, 209.0)

    assert agenda.due(210.0) == {A, B}


def test_a_root_that_rests_is_not_looked_at_with_another(agenda):
    agenda.asked(A, 200.0)
    run(agenda, 200.0, 230.0)  # so A rests until 290
    agenda.changed(A, 240.0)
    agenda.changed(B, 240.0)

    assert agenda.due(250.0) == {B}


def test_what_changes_during_a_run_is_news_for_the_next(agenda):
    agenda.changed(A, 200.0)
    roots = agenda.due(210.0)
    agenda.began(roots, 210.0)
    agenda.changed(A, 211.0)
    agenda.ended(roots, 212.0, End.DONE)

    assert agenda.next() == 221.0


def test_files_that_were_left_alone_are_come_back_for(agenda):
    agenda.changed(A, 200.0)
    run(agenda, 210.0, 211.0, End.UNSETTLED)

    assert agenda.next() == 221.0
    assert agenda.due(221.0) == {A}


def test_files_that_were_come_back_for_are_no_news_any_more(agenda):
    agenda.changed(A, 200.0)
    run(agenda, 210.0, 211.0, End.UNSETTLED)
    run(agenda, 221.0, 222.0)

    assert not agenda.has_news(A)
    assert agenda.next() == 99.0 + PACE.sweep


def test_a_long_run_rests_before_the_next_but_no_longer_than_a_minute(agenda):
    for took, rest in ((5.0, 15.0), (3600.0, 60.0)):
        begin = agenda.next() if agenda.next() < 1000 else 200.0
        agenda.asked(A, begin)
        run(agenda, begin, begin + took)
        agenda.asked(A, begin + took)

        assert agenda.next() == begin + took + rest


def test_everything_rests_after_a_long_run_too(agenda):
    end = 99.0 + PACE.sweep
    agenda.asked(A, end - 10.0)
    run(agenda, end - 10.0, end - 1.0)

    assert agenda.due(end) == frozenset()
    assert agenda.next() == end - 1.0 + 3 * 9.0


def test_everything_is_looked_at_a_day_after_the_first_run_though_that_was_of_one_root():
    agenda = Agenda(PACE)
    for root in (A, B):
        agenda.follow(root, tells=True)
    agenda.asked(A, 0.0)
    assert run(agenda, 0.0, 1.0) == {A}

    assert agenda.next() == PACE.sweep
    assert agenda.due(PACE.sweep) == {A, B}


def test_a_root_that_tells_nothing_is_looked_at_every_few_minutes():
    agenda = Agenda(PACE)
    agenda.follow(A, tells=False)
    agenda.asked(A, 0.0)
    run(agenda, 0.0, 1.0)

    assert agenda.next() == PACE.every
    assert run(agenda, 600.0, 601.0) == {A}
    assert agenda.next() == 1200.0


def test_a_busy_catalog_is_tried_again_ever_more_rarely(agenda):
    agenda.changed(A, 200.0)
    waits = []
    now = 210.0
    for _ in range(6):
        run(agenda, now, now, End.BUSY)
        waits.append(agenda.next() - now)
        now = agenda.next()

    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_run_that_failed_is_tried_again_and_a_good_one_forgives(agenda):
    agenda.asked(A, 200.0)
    run(agenda, 200.0, 200.0, End.FAILED)
    assert agenda.next() == 210.0

    run(agenda, 210.0, 210.0)
    agenda.asked(A, 300.0)
    run(agenda, 300.0, 300.0, End.FAILED)

    assert agenda.next() == 310.0


def test_a_run_that_left_files_alone_forgives_too(agenda):
    agenda.asked(A, 200.0)
    run(agenda, 200.0, 200.0, End.FAILED)
    run(agenda, 210.0, 210.0, End.UNSETTLED)
    run(agenda, 220.0, 220.0, End.FAILED)

    assert agenda.next() == 230.0


def test_a_root_that_is_left_is_forgotten(agenda):
    agenda.changed(A, 200.0)
    agenda.leave(A)
    agenda.changed(A, 201.0)

    assert agenda.due(1000.0) == frozenset()
    assert agenda.roots == [B]


def test_nothing_to_follow_is_never_due():
    assert Agenda(PACE).next() == inf


@given(
    news=st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 3000)), max_size=60),
    took=st.floats(0.1, 20),
    ends=st.lists(st.sampled_from(End), max_size=20),
)
def test_every_change_is_followed_by_a_good_run(news, took, ends):
    """Whatever fails in between, and whoever goes on changing things meanwhile."""
    agenda = Agenda(PACE)
    for root in (A, B):
        agenda.follow(root, tells=True)
    waiting = sorted(news, key=lambda each: each[1])
    last = dict.fromkeys((A, B), -1.0)
    served = dict.fromkeys((A, B), -1.0)
    fates = iter(ends)
    now = 0.0
    for _ in range(1000):
        upcoming = waiting[0][1] if waiting else inf
        now = max(now, min(agenda.next(), upcoming))
        if now > 3000 + 10_000:
            break
        while waiting and waiting[0][1] <= now:
            root, moment = waiting.pop(0)
            agenda.changed(root, moment)
            last[root] = float(moment)
        if roots := agenda.due(now):
            begun, how = now, next(fates, End.DONE)
            agenda.began(roots, begun)
            now += took
            agenda.ended(roots, now, how)
            if how in (End.DONE, End.UNSETTLED):
                served |= dict.fromkeys(roots, begun)

    assert all(served[root] >= last[root] for root in (A, B))
