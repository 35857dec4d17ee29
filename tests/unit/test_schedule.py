"""Who may read and who may decode: streams, room, order, and roots that are given up."""

from __future__ import annotations

import threading

import pytest
from waiting import until

from indexer.model import Stamp
from indexer.read.devices import Device, DeviceKind
from indexer.read.engine import Job
from indexer.read.messages import FailureKind, Phase, Progress
from indexer.read.process import CalledOff
from indexer.read.schedule import SILENT_IN_A_ROW, Capacity, Schedule
from indexer.scan.skip import Why
from indexer.scan.walk import SeenFile

MB = 1024 * 1024
DISK = Device("sda", DeviceKind.ROTATING)
SHARE = Device("nfs nas:/", DeviceKind.NETWORK)
FLASH = Device("nvme0n1", DeviceKind.SOLID)
DEVICES = {1: DISK, 2: SHARE, 3: FLASH}
MUCH = Capacity(decoders=100, memory=1000 * MB)


def job(root, name, *, size=MB, inode=None):
    seen = SeenFile(name.encode(), Stamp(size, 0, 0, inode), root, 0, 0, 0, 0, 1)
    return Job(root, b"/%d" % root, 1, b"", seen, Why.NEW, True)


def jobs(root, count, **facts):
    return [job(root, f"{number}", **facts) for number in range(count)]


def schedule(jobs, capacity=MUCH):
    return Schedule(jobs, capacity, lambda job: DEVICES[job.root])


def begun(schedule):
    """All that may be read now."""
    turns = []
    while (turn := schedule.begin()) is not None:
        turns.append(turn)
    return turns


def names(turns):
    return [turn.job.seen.name.decode() for turn in turns]


# --- streams ---


@pytest.mark.parametrize(("root", "streams"), [(1, 1), (2, 4), (3, 4)])
def test_a_device_is_read_by_as_many_streams_as_it_likes(root, streams):
    assert len(begun(schedule(jobs(root, 20)))) == streams


def test_a_person_may_say_otherwise():
    everything = [*jobs(1, 20), *jobs(2, 20)]

    assert len(begun(schedule(everything, Capacity(100, 1000 * MB, streams=3)))) == 6


def test_a_disk_with_a_head_is_read_in_the_order_of_its_inodes():
    made = schedule([job(1, name, inode=inode) for name, inode in (("c", 9), ("a", 3), ("b", 5))])
    order = []
    while turns := begun(made):
        order += names(turns)
        turns[0].end()

    assert order == ["a", "b", "c"]


def test_a_share_is_read_in_the_order_of_the_walk():
    found = [job(2, name, inode=inode) for name, inode in (("c", 9), ("a", 3), ("b", 5))]

    assert names(begun(schedule(found))) == ["c", "a", "b"]


def test_a_slow_device_keeps_only_its_own_files_waiting():
    made = schedule([*jobs(1, 5), *jobs(3, 50)])
    finished = 0
    turns = begun(made)
    while turns := [turn for turn in turns if turn.job.root == 3]:
        for turn in turns:
            turn.end()
        finished += len(turns)
        turns = begun(made)

    assert finished == 50
    assert [file.path for file in made.underway()] == [b"/1/0"]


def test_the_next_turn_is_another_devices():
    made = schedule([*jobs(2, 3), *jobs(3, 3)])

    assert [turn.job.root for turn in begun(made)] == [2, 3, 2, 3, 2, 3]


def test_a_stream_is_free_again_when_decoding_begins():
    made = schedule(jobs(1, 2))
    [first] = begun(made)
    first.wait_to_decode(0)

    assert len(begun(made)) == 1


def test_a_stream_is_free_as_soon_as_the_last_byte_has_gone_by():
    made = schedule(jobs(1, 2))
    [first] = begun(made)
    first.heard(Progress(Phase.DECODE, 1, MB))

    assert len(begun(made)) == 1


def test_no_more_is_read_ahead_than_decoders_soon_want():
    made = schedule(jobs(1, 5), Capacity(decoders=1, memory=1000 * MB))
    [first] = begun(made)
    first.wait_to_decode(0)
    [second] = begun(made)
    waiting = waits(second, 0)
    until(lambda: len(made._queue) == 1)

    assert begun(made) == []
    first.end()
    waiting.join(30)
    assert len(begun(made)) == 1


# --- room ---


def waits(turn, room, told=None):
    """A thread that waits to decode."""

    def wait():
        turn.wait_to_decode(room)
        if told is not None:
            told.append(turn)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_files_that_may_be_held_fit_into_half_of_the_room():
    made = schedule(jobs(2, 4, size=30 * MB), Capacity(4, 128 * MB))

    assert len(begun(made)) == 2


def test_a_file_larger_than_the_room_goes_alone():
    made = schedule([job(2, "small"), job(2, "large", size=90 * MB), job(2, "tiny")],
                    Capacity(4, 100 * MB))  # fmt: skip
    [small] = begun(made)
    small.end()
    [large] = begun(made)

    assert names([large]) == ["large"]
    large.end()
    assert names(begun(made)) == ["tiny"]


def test_a_file_too_long_to_be_held_takes_no_room():
    made = schedule(jobs(2, 4, size=60_000 * MB), Capacity(4, 100 * MB))

    assert len(begun(made)) == 4


def test_a_film_gives_its_room_back_once_it_is_known_to_be_one():
    made = schedule(jobs(2, 2, size=40 * MB), Capacity(4, 100 * MB))
    [first] = begun(made)
    first.heard(Progress(Phase.DIGEST, 1, MB, room=0))

    assert len(begun(made)) == 1


def test_a_picture_waits_for_room_to_be_decoded():
    made = schedule(jobs(2, 2), Capacity(4, 100 * MB))
    first, second = begun(made)
    first.wait_to_decode(40 * MB)
    told = []
    thread = waits(second, 40 * MB, told)
    until(lambda: len(made._queue) == 1)

    assert told == []
    first.end()
    thread.join(30)
    assert told == [second]


def test_a_picture_larger_than_all_room_is_decoded_alone():
    made = schedule(jobs(2, 1), Capacity(4, 100 * MB))
    [turn] = begun(made)

    turn.wait_to_decode(4000 * MB)

    assert turn.is_decoding


def test_nobody_overtakes_a_large_picture_for_ever():
    made = schedule(jobs(2, 3), Capacity(4, 100 * MB))
    first, large, small = begun(made)
    first.wait_to_decode(MB)
    told = []
    threads = [waits(large, 60 * MB, told)]
    until(lambda: len(made._queue) == 1)
    threads.append(waits(small, MB, told))
    until(lambda: len(made._queue) == 2)
    first.end()
    threads[0].join(30)

    assert told == [large]
    large.end()
    threads[1].join(30)
    assert told == [large, small]


# --- the end, and what is given up ---


def test_when_all_is_read_there_is_no_turn():
    made = schedule(jobs(2, 1))
    made.take().end()

    assert made.take() is None


def test_who_waits_is_called_off_by_a_stop():
    made = schedule(jobs(2, 2), Capacity(1, 100 * MB))
    first, second = begun(made)
    first.wait_to_decode(0)
    raised = []

    def wait():
        try:
            second.wait_to_decode(0)
        except CalledOff as exc:
            raised.append(exc)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    until(lambda: len(made._queue) == 1)
    made.stop()
    thread.join(30)

    assert len(raised) == 1
    assert made.take() is None


def test_a_root_that_is_silent_several_times_in_a_row_is_given_up():
    made = schedule([*jobs(1, 10), *jobs(3, 2)])
    dropped = []
    for _ in range(SILENT_IN_A_ROW):
        assert dropped == []
        [turn] = [turn for turn in begun(made) if turn.job.root == 1]
        dropped = turn.end(FailureKind.SILENT)

    assert len(dropped) == 10 - SILENT_IN_A_ROW
    assert {job.root for job in dropped} == {1}
    assert begun(made) == []
    assert {turn.job.root for turn in made._turns.values()} == {3}


def test_a_root_that_answers_in_between_is_not():
    made = schedule(jobs(1, 10))
    for _ in range(3):
        for failure in (*[FailureKind.SILENT] * (SILENT_IN_A_ROW - 1), None):
            if turns := begun(made):
                assert turns[0].end(failure) == []


def test_another_worker_is_wanted_only_where_decoders_stand_still(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("indexer.read.schedule.time.monotonic", lambda: now[0])
    made = schedule(jobs(2, 9), Capacity(1, 100 * MB))
    turn = made.take()

    def wanted():
        now[0] += 10
        return made.wants_a_worker()

    assert not wanted()  # it is starting
    turn.heard(Progress(Phase.DIGEST, 1, 0))
    assert wanted()  # it reads, and nobody decodes
    turn.wait_to_decode(0)
    assert not wanted()


def test_what_is_underway_is_told_with_its_bytes():
    made = schedule(jobs(2, 1))
    [turn] = begun(made)
    turn.heard(Progress(Phase.DIGEST, 1, 5))
    [told] = made.underway()

    assert (told.path, told.bytes_read) == (b"/2/0", 5)
    turn.end()
    assert list(made.underway()) == []
