"""A share that stands still, is slow or fails when told to: a read-only FUSE mount of one folder.

Run as a program it serves; `Share` starts it, tells it what to do and takes it away again. A read
of a file it holds back is never answered, not even when the reader is killed, as on a network
share whose server is gone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

DEADLINE_SECONDS = 30.0


class Share:
    """`source` shown at `at`, of the type that mount calls `fuse.<kind>`."""

    def __init__(self, source: Path, at: Path, kind: str = "sshfs") -> None:
        at.mkdir()
        self.at = at
        self._process = subprocess.Popen(
            [sys.executable, __file__, source, at, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._said = b""
        assert self._line() == "serving"
        self._number = os.minor(at.stat().st_dev)

    def hold(self, name: str) -> None:
        """From now on no read of this file is answered."""
        self._tell(f"hold {name}")

    def answer(self) -> None:
        """Answer all that was held back, and hold nothing more."""
        self._tell("answer")

    def step(self) -> None:
        """Answer what was held back until now, and go on holding."""
        self._tell("step")

    def slow(self, seconds: float) -> None:
        """From now on each read takes so long, however many there are at once."""
        self._tell(f"slow {seconds}")

    def fail(self, name: str) -> None:
        """From now on reads of this file give EIO."""
        self._tell(f"fail {name}")

    def cut(self, name: str) -> None:
        """From now on reads of this file give nothing, though its size stays."""
        self._tell(f"cut {name}")

    def reads(self) -> tuple[int, int]:
        """How many reads were asked for until now, and how many at once at most."""
        count, most = self._ask("reads").split()
        return int(count), int(most)

    def wait_for(self, count: int) -> list[str]:
        """Until so many different files are being waited for; their names."""
        names: dict[str, None] = {}
        while len(names) < count:
            names[self._line()] = None
        return list(names)

    def close(self) -> None:
        """Take the mount away, whoever still waits for it."""
        with contextlib.suppress(OSError):
            Path(f"/sys/fs/fuse/connections/{self._number}/abort").write_text("1")
        self._process.kill()
        with self._process:
            pass
        subprocess.run(["fusermount3", "-u", "-z", "-q", self.at], check=False)

    def _tell(self, what: str) -> None:
        self._ask(what)

    def _ask(self, what: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n".encode())
        while not (line := self._line()).startswith("."):
            pass  # what was waited for before
        return line[1:]

    def _line(self) -> str:
        assert self._process.stdout is not None
        while b"\n" not in self._said:
            ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE_SECONDS)
            assert ready, "the share says nothing"
            more = os.read(self._process.stdout.fileno(), 4096)
            assert more, "the share is gone"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()


def part(path: bytes, offset: int, length: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


def serve(source: bytes, at: str, kind: str) -> None:
    """Until killed."""
    import pyfuse3
    import trio

    names = sorted(os.listdir(source))
    numbers = {name: pyfuse3.ROOT_INODE + 1 + i for i, name in enumerate(names)}
    held: set[bytes] = set()
    failing: set[bytes] = set()
    cut: set[bytes] = set()
    freed = trio.Event()
    seconds = 0.0
    asked = under_way = most = 0

    def entry(inode: int) -> Any:
        path = source if inode == pyfuse3.ROOT_INODE else source + b"/" + names[inode - 2]
        info, found = os.lstat(path), pyfuse3.EntryAttributes()
        found.st_ino = inode
        found.attr_timeout = found.entry_timeout = 0
        for field in ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks"):
            setattr(found, field, getattr(info, field))
        for field in ("st_atime_ns", "st_mtime_ns", "st_ctime_ns"):
            setattr(found, field, getattr(info, field))
        return found

    class Operations(pyfuse3.Operations):
        async def lookup(self, parent: int, name: bytes, ctx: Any = None) -> Any:
            if name not in numbers:
                raise pyfuse3.FUSEError(errno.ENOENT)
            return entry(numbers[name])

        async def getattr(self, inode: int, ctx: Any = None) -> Any:
            return entry(inode)

        async def opendir(self, inode: int, ctx: Any) -> int:
            return inode

        async def readdir(self, fh: int, start: int, token: Any) -> None:
            for i, name in enumerate(names[start:], start + 1):
                if not pyfuse3.readdir_reply(token, name, entry(numbers[name]), i):
                    return

        async def open(self, inode: int, flags: int, ctx: Any) -> Any:
            # Past the page cache, where not even SIGKILL ends the wait for an answer.
            return pyfuse3.FileInfo(fh=inode, direct_io=True)

        async def read(self, fh: int, offset: int, length: int) -> bytes:
            nonlocal asked, under_way, most
            name = names[fh - 2]
            asked, under_way = asked + 1, under_way + 1
            most = max(most, under_way)
            if name in held:
                print(os.fsdecode(name), flush=True)
                await freed.wait()
            await trio.sleep(seconds)
            under_way -= 1
            if name in failing:
                raise pyfuse3.FUSEError(errno.EIO)
            return b"" if name in cut else part(source + b"/" + name, offset, length)

    async def listen() -> None:
        nonlocal freed, seconds
        async for line in trio.wrap_file(sys.stdin):
            word, _, name = line.rstrip("\n").partition(" ")
            told = {"hold": held, "fail": failing, "cut": cut}.get(word)
            if told is not None:
                told.add(os.fsencode(name))
            elif word == "slow":
                seconds = float(name)
            elif word in {"answer", "step"}:
                if word == "answer":
                    held.clear()
                freed.set()
                freed = trio.Event()
            print(f".{asked} {most}" if word == "reads" else ".", flush=True)

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pyfuse3.main)
            nursery.start_soon(listen)
            print("serving", flush=True)

    options = set(pyfuse3.default_options) | {"fsname=stubborn", f"subtype={kind}", "ro"}
    pyfuse3.init(Operations(), at, options)
    trio.run(both)


if __name__ == "__main__":
    serve(os.fsencode(sys.argv[1]), sys.argv[2], sys.argv[3])
