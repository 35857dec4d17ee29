"""What is mounted, whether it answers, and how it is unmounted. Needs no FUSE binding."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import select
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import MountRefused, NotMounted
from indexer.paths import display, to_bytes, to_str
from mediafs.fuse.states import State, log_path, read_state, remove_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FSTYPE = b"fuse.mediafs"

_MOUNTINFO = Path("/proc/self/mountinfo")
_ANSWER_SECONDS = 2.0  # a mount whose process is stopped never answers; arbitrary
_END_SECONDS = 15.0  # for a process to end after its unmount; arbitrary, it takes milliseconds
_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount of ours, as it is now."""

    mountpoint: Path
    catalog: Path | None  # None: its process is gone, or is another user's
    pid: int | None
    answers: bool
    is_stale: bool  # its process is gone and every access fails


def mounts() -> list[Mount]:
    """Every mount of mediafs on this machine, whoever made it."""
    return [_mount_at(path) for path in _mountpoints()]


def _mountpoints() -> list[Path]:
    found: dict[Path, None] = {}
    with contextlib.suppress(OSError):
        for line in _MOUNTINFO.read_bytes().splitlines():
            before, _, after = line.partition(b" - ")
            if after.split(b" ")[0] == FSTYPE:
                found[Path(to_str(_unescaped(before.split(b" ")[4])))] = None
    return list(found)


def _unescaped(field: bytes) -> bytes:
    """The kernel writes space, tab, newline and backslash as three octal digits."""
    return re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), field)


def _mount_at(path: Path) -> Mount:
    state = read_state(path)
    error = _ask(path)
    return Mount(
        mountpoint=path,
        catalog=None if state is None else Path(state.catalog),
        pid=None if state is None else state.pid,
        # A private mount refuses even root; it answers all the same.
        answers=error in {0, errno.EACCES, errno.EPERM},
        is_stale=error in {errno.ENOTCONN, errno.ECONNABORTED},
    )


def _ask(path: Path) -> int:
    """0 when the serving process answers, else an errno; ETIMEDOUT: not in time.

    Not by stat(): the kernel answers that from memory, minutes after the process died.
    """
    answer: list[int] = []

    def ask() -> None:
        try:
            os.getxattr(path, "user.mediafs.source", follow_symlinks=False)
            answer.append(0)
        except OSError as exc:
            is_alive = exc.errno == errno.ENODATA
            answer.append(0 if is_alive else exc.errno or errno.EIO)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_ANSWER_SECONDS)
    return answer[0] if answer else errno.ETIMEDOUT


def is_mounted(mountpoint: Path) -> bool:
    """Whether a mount of ours stands there, alive or not; it is not asked."""
    return mountpoint in _mountpoints()


def resolved(mountpoint: Path) -> Path:
    """The mount point as the kernel names it; the mount itself is not asked, it may be dead."""
    absolute = Path(os.path.abspath(mountpoint))  # resolve() would ask it
    return absolute.parent.resolve() / absolute.name


def find(mountpoint: Path) -> Mount | None:
    """Our mount at a mount point."""
    wanted = {resolved(mountpoint)}
    with contextlib.suppress(OSError):
        wanted.add(mountpoint.resolve())
    return next((_mount_at(path) for path in _mountpoints() if path in wanted), None)


# ---------------------------------------------------------------------------- unmounting


def unmount(mountpoint: Path, *, lazy: bool = False) -> None:
    """Unmount and wait until the serving process ended; also a mount whose process died.

    `lazy`: at once, also while somebody uses it: what is open can be read to its end, and with
    it ends the process. Raises NotMounted, or MountRefused while somebody uses it.
    """
    mount = find(mountpoint)
    if mount is None:
        raise NotMounted(
            f"Nothing of mediafs is mounted at {display(mountpoint)}; "
            "`mediafs status` lists what is."
        )
    state = read_state(mount.mountpoint)
    with _ending(state) as wait_ended:
        if mount.is_stale:
            clean_stale(mount.mountpoint)
        else:
            _unmount_live(mount.mountpoint, lazy=lazy)
        if not lazy:
            wait_ended()


def clean_stale(mountpoint: Path) -> None:
    """Take away a mount whose process died; its users hold nothing that could still be read."""
    if _run_unmount(mountpoint) and (said := _run_unmount(mountpoint, lazy=True)):
        raise MountRefused(f"The dead mount at {display(mountpoint)} cannot be removed: {said}.")
    with contextlib.suppress(OSError):
        remove_state(mountpoint)


def _unmount_live(mountpoint: Path, *, lazy: bool) -> None:
    said = _run_unmount(mountpoint, lazy=lazy)
    if not said:
        return
    if "busy" not in said.lower():
        raise MountRefused(f"{display(mountpoint)} cannot be unmounted: {said}.")
    users = _users(mountpoint)
    who = f" by {', '.join(users)}" if users else ""
    raise MountRefused(
        f"{display(mountpoint)} is in use{who}; close that and try again, or take it away under "
        "them with `--lazy`."
    )


def _run_unmount(mountpoint: Path, *, lazy: bool = False) -> str:
    """What the unmounting program complained about; empty: done."""
    program = shutil.which("fusermount3")
    command = [program, "-u"] if program else ["umount"]
    command += ["-z" if program else "-l"] if lazy else []
    done = subprocess.run(
        [*command, "--", os.fspath(mountpoint)], capture_output=True, check=False, text=True
    )
    return "" if done.returncode == 0 else (done.stderr.strip() or "no reason given")


@contextlib.contextmanager
def _ending(state: State | None) -> Iterator[Callable[[], None]]:
    """Hold on to the serving process, so that its end can be waited for."""
    try:
        fd = None if state is None else os.pidfd_open(state.pid)
    except OSError:
        fd = None
    try:
        yield lambda: _wait_ended(fd, state)
    finally:
        if fd is not None:
            os.close(fd)


def _wait_ended(fd: int | None, state: State | None) -> None:
    if fd is None or state is None:
        return
    if not select.select([fd], [], [], _END_SECONDS)[0]:
        raise MountRefused(
            f"{display(state.mountpoint)} is unmounted, but its process {state.pid} has not "
            f"ended; {display(log_path(Path(state.mountpoint)))} is its log."
        )


def _users(mountpoint: Path) -> list[str]:
    """Programs that stand in the mount or hold a file of it, those of this user at least."""
    using = (
        process
        for process in Path("/proc").glob("[0-9]*")
        if any(_is_below(link, mountpoint) for link in _links(process))
    )
    return [
        f"{_program(process)} (process {process.name})"
        for process in itertools.islice(using, _NAMED_AT_MOST)
    ]


def _links(process: Path) -> list[bytes]:
    links = []
    with contextlib.suppress(OSError):
        for link in (process / "cwd", process / "root", *(process / "fd").iterdir()):
            with contextlib.suppress(OSError):
                links.append(os.readlink(to_bytes(link)))
    return links


def _is_below(link: bytes, mountpoint: Path) -> bool:
    return link == to_bytes(mountpoint) or link.startswith(to_bytes(mountpoint) + b"/")


def _program(process: Path) -> str:
    try:
        return display((process / "comm").read_bytes().strip())
    except OSError:
        return "a program"
