"""Handles on sources outlive whoever waits for a thread that uses them, and no longer."""

from __future__ import annotations

import os
import threading

import pytest
import trio
from waiting import PATIENCE_SECONDS, until_async

from mediafs.vfs.sources import Handle, Sources


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "a.jpg"
    made.write_bytes(b"a")
    return made


async def call_off(task, begun):
    """Start a task, and cancel it once its thread runs."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(task)
        assert await trio.to_thread.run_sync(begun.wait, PATIENCE_SECONDS)
        nursery.cancel_scope.cancel()


def test_a_handle_stays_open_while_a_thread_nobody_waits_for_reads_it(path):
    handle = Handle(os.open(path, os.O_RDONLY))
    begun, go_on = threading.Event(), threading.Event()
    found = []

    def read():
        begun.set()
        go_on.wait(PATIENCE_SECONDS)
        found.append(os.pread(handle.fd, 1, 0))

    async def run():
        await call_off(lambda: Sources().run_on(handle, "disk", read), begun)
        handle.let_go()
        assert is_open(handle.fd)
        go_on.set()
        await until_async(lambda: not is_open(handle.fd))

    trio.run(run)

    assert found == [b"a"]


def test_what_a_thread_opens_for_somebody_who_went_away_is_closed(path):
    begun, go_on = threading.Event(), threading.Event()
    opened = []

    def open_it():
        begun.set()
        go_on.wait(PATIENCE_SECONDS)
        handle = Handle(os.open(path, os.O_RDONLY))
        opened.append(handle.fd)
        return handle

    async def run():
        await call_off(lambda: Sources().run("disk", open_it), begun)
        go_on.set()
        await until_async(lambda: opened and not is_open(opened[0]))

    trio.run(run)


def test_a_closed_handle_is_not_given_to_a_thread(path):
    handle = Handle(os.open(path, os.O_RDONLY))
    handle.let_go()

    assert not handle.hold()
    with pytest.raises(OSError, match="Bad file descriptor"):
        trio.run(Sources().run_on, handle, "disk", os.getpid)
