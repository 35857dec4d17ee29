"""Whose turn it is to read the next request, played on a pipe by tasks that do as pyfuse3's."""

from __future__ import annotations

import os
import random

import pytest

pytest.importorskip("pyfuse3", reason="pyfuse3 is not installed")

import pyfuse3
import trio
import trio.testing

from mediafs.fuse.loop import Turn, answer_kernel

REQUESTS = 2_000


class Requests:
    """A queue of requests, each a byte; reading one that is not there is an error, not a wait."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.taken: list[int] = []

    def send(self, number: int) -> None:
        os.write(self._writing, bytes([number % 256]))

    def take(self) -> None:
        self.taken += os.read(self.reading, 1)

    def close(self) -> None:
        os.close(self.reading)
        os.close(self._writing)


@pytest.fixture
def requests():
    made = Requests()
    yield made
    made.close()


async def serve(turn: Turn, requests: Requests, total: int, answer) -> None:
    """One of the binding's tasks, with its steps in their order."""
    while len(requests.taken) < total:
        try:
            async with turn:
                if len(requests.taken) >= total:
                    return
                await turn.wait_readable(requests.reading)
        except trio.ClosedResourceError:
            return
        requests.take()
        await answer()


async def at_once() -> None:
    """An answer that waits for nothing."""


@pytest.mark.parametrize("seed", range(5))
def test_each_request_is_taken_once_in_order_and_none_that_is_not_there(requests, seed):
    chance = random.Random(seed)

    async def answer() -> None:
        if chance.random() < 0.3:  # waits for a disk, in a thread or for longer
            for _ in range(chance.randrange(1, 4)):
                await trio.lowlevel.checkpoint()

    async def ask() -> None:
        for number in range(REQUESTS):
            requests.send(number)
            if chance.random() < 0.4:
                await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        trio.lowlevel.notify_closing(requests.reading)

    async def main() -> None:
        turn = Turn()
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(serve, turn, requests, REQUESTS, answer)
                nursery.start_soon(ask)

    trio.run(main)

    assert requests.taken == [number % 256 for number in range(REQUESTS)]


def test_others_have_their_turn_while_requests_are_always_there(requests):
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        turn = Turn()
        for number in range(REQUESTS):
            requests.send(number)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await serve(turn, requests, REQUESTS, at_once)
            nursery.cancel_scope.cancel()

    trio.run(main)

    assert REQUESTS / 100 < turns < REQUESTS / 4


def test_who_waits_for_a_request_is_told_of_the_end_and_leaves_the_turn_free(requests):
    ended = []

    async def wait(turn: Turn) -> None:
        await serve(turn, requests, 1, at_once)
        ended.append(True)

    async def main() -> None:
        turn = Turn()
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait, turn)
                nursery.start_soon(wait, turn)
                while len(ended) < 2:
                    await trio.testing.wait_all_tasks_blocked()
                    trio.lowlevel.notify_closing(requests.reading)
            async with turn:
                pass

    trio.run(main)

    assert ended == [True, True]


class TakenAndEnded(trio.abc.Instrument):
    """As who waits for the next request wakes up, it was taken by another, who ends the loop."""

    def __init__(self, turn: Turn, requests: Requests) -> None:
        self._turn, self._requests = turn, requests

    def before_task_step(self, task) -> None:
        if task.name == "waits" and len(self._requests.taken) == 0:
            self._requests.take()
            self._turn.notify_closing(self._requests.reading)


def test_so_is_who_woke_up_just_when_the_end_was_told(requests):
    async def main() -> None:
        turn = Turn()
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(serve, turn, requests, 2, at_once, name="waits")
                await trio.testing.wait_all_tasks_blocked()
                trio.lowlevel.add_instrument(TakenAndEnded(turn, requests))
                requests.send(0)

    trio.run(main)

    assert requests.taken == [0]


def test_the_binding_has_its_own_scheduler_again_at_the_end():
    own = pyfuse3.trio

    with pytest.raises(RuntimeError, match="init"):
        trio.run(answer_kernel, 10)

    assert pyfuse3.trio is own


class Polls:
    """What was asked of poll(), and for how long it could have waited."""

    def __init__(self, poll) -> None:
        self._poll = poll
        self.milliseconds: list[int] = []

    def poll(self, milliseconds):
        self.milliseconds.append(milliseconds)
        return self._poll.poll(milliseconds)


class SlowClient(Polls):
    """poll(), while the request is still on its way when it is asked for the first two times."""

    def __init__(self, poll, requests: Requests) -> None:
        super().__init__(poll)
        self._requests = requests

    def poll(self, milliseconds):
        if len(self.milliseconds) % 3 == 2:
            self._requests.send(0)
        return super().poll(milliseconds)


def test_a_request_that_comes_a_moment_later_is_seldom_waited_for_in_the_scheduler(requests):
    waits, total = [], 60

    async def main() -> None:
        turn = Turn()

        async def answer() -> None:
            if len(requests.taken) == 1:
                turn._poll = SlowClient(turn._poll, requests)

        async def ask_when_the_loop_sleeps() -> None:
            while True:
                await trio.testing.wait_all_tasks_blocked()
                waits.append(len(requests.taken))
                requests.send(0)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask_when_the_loop_sleeps)
            await serve(turn, requests, total, answer)
            nursery.cancel_scope.cancel()

    trio.run(main)

    assert len(waits) < total / 4


def test_while_a_request_waits_for_a_disk_nothing_else_is_waited_for_outside_the_scheduler(
    requests,
):
    polls = []

    async def main() -> None:
        turn, read = Turn(), trio.Event()

        async def answer() -> None:
            if len(requests.taken) == 2:
                turn._poll = Polls(turn._poll)
                await read.wait()
            elif len(requests.taken) == 4:
                polls.extend(turn._poll.milliseconds)
                read.set()

        async def ask() -> None:
            for number in range(4):
                await trio.testing.wait_all_tasks_blocked()
                requests.send(number)

        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                for _ in range(2):
                    nursery.start_soon(serve, turn, requests, 4, answer)
                nursery.start_soon(ask)
                await read.wait()
                await trio.testing.wait_all_tasks_blocked()
                trio.lowlevel.notify_closing(requests.reading)

    trio.run(main)

    assert polls
    assert not any(polls)
