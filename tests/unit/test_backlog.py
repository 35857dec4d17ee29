"""Opening waits for what was closed and not told yet, and never for what is in use."""

from __future__ import annotations

import pytest

pytest.importorskip("pyfuse3")

import trio
import trio.testing

from mediafs.fuse.backlog import Backlog


def run(work):
    """On a clock that jumps: no time is spent."""
    return trio.run(work, clock=trio.testing.MockClock(autojump_threshold=0))


def test_few_files_are_opened_at_once():
    files = dict.fromkeys(range(499))

    async def work() -> float:
        await Backlog(files).let_go()
        return trio.current_time()

    assert run(work) == run(trio_now)


def test_at_five_hundred_the_kernel_gets_the_time_to_tell():
    files = dict.fromkeys(range(500))

    async def work() -> float:
        await Backlog(files).let_go()
        return trio.current_time()

    assert run(work) > run(trio_now)


async def trio_now() -> float:
    return trio.current_time()


@pytest.mark.parametrize("programs", [1, 48])
def test_however_late_the_kernel_tells_no_more_than_some_hundred_are_open(programs):
    files: dict[int, None] = {}
    closed: list[int] = []
    most = 0

    async def work() -> None:
        backlog = Backlog(files)

        async def program(first: int) -> None:
            nonlocal most
            for number in range(first, first + 2000 // programs):
                await backlog.let_go()
                files[number] = None
                most = max(most, len(files))
                closed.append(number)
                await trio.sleep(0.0005)

        async def kernel() -> None:
            while True:
                await trio.sleep(0.001)
                for number in closed[: max(1, programs // 4)]:
                    del files[number]
                    closed.remove(number)
                    backlog.released()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(kernel)
            async with trio.open_nursery() as all_programs:
                for one in range(programs):
                    all_programs.start_soon(program, one * 10_000)
            nursery.cancel_scope.cancel()

    run(work)

    assert 500 <= most <= 750 + programs


def test_files_that_stay_open_hold_up_the_next_only_now_and_then():
    files: dict[int, None] = {}

    async def work() -> float:
        backlog, begun = Backlog(files), trio.current_time()
        for number in range(5000):
            await backlog.let_go()
            files[number] = None
        return trio.current_time() - begun

    assert run(work) == pytest.approx(9 * 0.010, rel=0.1)
