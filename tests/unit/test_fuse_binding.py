"""What the binding finds under the name `trio`: its tasks take requests by way of a Turn."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("pyfuse3", reason="pyfuse3 is not installed")

import pyfuse3
import trio

from mediafs.fuse.loop import answer_kernel

REQUESTS = 1_000


class Rounds(trio.abc.Instrument):
    """How often the scheduler asked what happened."""

    def __init__(self) -> None:
        self.count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += 1


def test_requests_that_are_there_are_taken_without_the_scheduler(monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, bytes(REQUESTS))
    taken, rounds = [], Rounds()

    async def serve(**_limits: int) -> None:
        """The binding's steps in their order, with what it looks up in itself."""
        lock = pyfuse3.trio.Lock()
        while len(taken) < REQUESTS:
            async with lock:
                await pyfuse3.trio.lowlevel.wait_readable(reading)
            taken.append(os.read(reading, 1))

    monkeypatch.setattr(pyfuse3, "main", serve)

    trio.run(answer_kernel, 10, instruments=[rounds])

    os.close(reading)
    os.close(writing)
    assert len(taken) == REQUESTS
    assert rounds.count < REQUESTS / 4
