"""What benchmarks measure with."""

import os
import subprocess
import sys

import pytest
from measured import ratio
from mount_rows import FASTER, Goal, Row, rates
from mount_works import Lap
from processes import Processor, calibrate, own_processor, processor_of, wait_ended


def lap(seconds, server=0.0):
    return Lap(seconds, Processor(0.1, 0.1), Processor(server / 2, server / 2))


def test_each_round_is_compared_with_its_own_baseline():
    found = ratio([2.0, 30.0, 4.0], [1.0, 10.0, 4.0])

    assert (found.median, found.least, found.most, found.best) == (2.0, 1.0, 3.0, 2.0)


def test_processor_time_of_a_process_is_told_apart_from_waiting():
    before = processor_of(os.getpid())
    own = own_processor()

    loop = calibrate()
    used = (processor_of(os.getpid()) - before).total

    assert used == pytest.approx(loop.cpu_seconds, abs=0.05)
    assert (own_processor() - own).total == pytest.approx(loop.cpu_seconds, abs=0.05)


def test_the_end_of_a_process_is_waited_for():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert not wait_ended(child.pid, 0.0)

        child.communicate(b"\n")

    assert wait_ended(child.pid, 0.0)


def test_a_goal_is_missed_by_the_median_round():
    took = {
        "native": [lap(1.0), lap(1.0), lap(1.0)],
        "mediafs": [lap(2.0), lap(3.5), lap(3.6)],
        "bindfs": [lap(3.0), lap(4.0), lap(3.0)],
    }

    row = Row("walk", (*FASTER, Goal(3.0, "native")), took)

    assert row.missed() == ["native"]
    assert row.cells(list(took))[-1] == "≤ 1 of the three, ≤ 3 native: not reached: native"


def test_requests_are_divided_by_the_time_of_the_serving_process():
    row = Row("stat", (), {"native": [lap(1.0)], "mediafs": [lap(2.0, server=0.5)]})

    (rate,) = rates(row, 10_000)

    assert rate.name == "mediafs"
    assert rate.of_processor == [20_000]
    assert rate.by_the_clock == [5_000]
    assert rate.cells()[-1] == "≥ 20,000: reached"
