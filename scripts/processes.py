"""What one process used, as the kernel tells it: memory, processor time; and whether it ended."""

from __future__ import annotations

import mmap
import os
import resource
import select
import time
from dataclasses import dataclass
from pathlib import Path

_CALIBRATION = 5_000_000  # steps; arbitrary


def touch_memory(size: int) -> None:
    """Have the host back so much of this machine's memory.

    Hosts of virtual machines take back what lies idle, and whoever uses it first pays for that:
    copying into such pages took two to four times as long.
    """
    with mmap.mmap(-1, size) as memory:
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1


def most_memory_of(pid: int) -> int:
    """The most that a process ever had resident, files that it maps included (VmHWM)."""
    return _status(pid, "VmHWM")


def own_memory_of(pid: int) -> int:
    """What a process has resident that is no file's: the kernel cannot have it back (RssAnon)."""
    return _status(pid, "RssAnon")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


@dataclass(frozen=True, slots=True)
class Processor:
    """Seconds of a processor: of other work on the machine they tell much less than a clock."""

    user: float = 0.0
    kernel: float = 0.0

    @property
    def total(self) -> float:
        return self.user + self.kernel

    def __sub__(self, other: Processor) -> Processor:
        return Processor(self.user - other.user, self.kernel - other.kernel)


def processor_of(pid: int) -> Processor:
    """What all threads of a process used so far, in steps of a hundredth of a second."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return Processor(int(after_name[11]) / ticks, int(after_name[12]) / ticks)


def own_processor() -> Processor:
    """What this process and its children that ended used so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Processor(sum(u.ru_utime for u in used), sum(u.ru_stime for u in used))


def wait_ended(pid: int, seconds: float) -> bool:
    """Whether a process, ours or not, has ended within some seconds."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], seconds)[0])
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fixed loop of Python: what a processor is worth while others are at work."""

    seconds: float
    cpu_seconds: float


def calibrate() -> Calibration:
    """Run the loop, some three tenths of a second on a quiet machine of today."""
    begun, begun_cpu = time.perf_counter(), time.process_time()
    sum(i * i for i in range(_CALIBRATION))
    return Calibration(time.perf_counter() - begun, time.process_time() - begun_cpu)
