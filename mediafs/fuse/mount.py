"""Mount a catalog's tree, in this process or in the background."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import resource
import select
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from indexer import errors
from indexer.catalog.connection import explained
from indexer.errors import MountRefused
from indexer.paths import display
from mediafs import __version__
from mediafs.fuse.checks import check_allow_other, check_fuse, check_mountpoint
from mediafs.fuse.mounted import Mount, clean_stale, find, mounts, unmount
from mediafs.fuse.states import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mediafs.fuse.access_refresh import Others
    from mediafs.fuse.operations import Operations
    from mediafs.vfs import VirtualFS

__all__ = ["Mount", "MountOptions", "mount_in_background", "mounts", "serve", "unmount"]

log = logging.getLogger(__name__)

_READY_SECONDS = 30.0  # a tree answers within one; arbitrary
_OBJECTS_UNTIL_COLLECTED = 50_000


@dataclass(frozen=True, slots=True)
class MountOptions:
    """What to mount where, and who sees it."""

    catalog: Path
    mountpoint: Path
    host: str  # whose roots are read; those of another machine count as unplugged
    foreground: bool = False
    allow_other: bool = False
    uid: int | None = None  # None: each source's owner
    gid: int | None = None
    umask: int = 0


def serve(options: MountOptions, ready: Callable[[], None] | None = None) -> None:
    """Mount, call `ready` once the tree answers, and serve until unmounted or told to stop.

    SIGINT, SIGTERM and SIGHUP unmount. Raises FuseMissing, MountRefused and the Catalog…
    errors, and leaves nothing mounted; any error after `ready` leaves the mount point broken.
    """
    check_fuse()
    if options.allow_other:
        check_allow_other()
    try:
        where = check_mountpoint(options.mountpoint, options.catalog, options.host)
        options = replace(options, mountpoint=where, catalog=options.catalog.resolve())
        _serve(options, ready or (lambda: None))
    except apsw.Error as exc:
        raise explained(exc, options.catalog) from exc


def _serve(options: MountOptions, ready: Callable[[], None]) -> None:
    import trio

    from mediafs.fuse.access_warning import warn
    from mediafs.fuse.attach import attached
    from mediafs.fuse.serving import until_the_end
    from mediafs.vfs import VirtualFS

    has_answered = False

    def answers() -> None:
        nonlocal has_answered
        log.info(
            "mediafs %s shows %s, generation %d, at %s (process %d)", __version__,
            display(options.catalog), vfs.generation, display(options.mountpoint), os.getpid(),
        )  # fmt: skip
        ready()
        has_answered = True

    _raise_open_files()
    vfs = VirtualFS(options.catalog, options.host)
    if not vfs.generation:
        vfs.close()
        raise MountRefused(
            f"The catalog {display(options.catalog)} has no tree yet: its first `mediafs index` has "
            "not come to its end; mount it after that."
        )
    others = _others(options)
    if others is not None:
        warn(log.info, options.catalog, options.host)
    mount = attached(_operations(vfs, options, others), options, lambda: has_answered)
    # What exists by now stays until the end: the collector need not look at it again, nor
    # after every seven hundred names of a listing (a tenth of a walk's time).
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)
    try:
        why = trio.run(until_the_end, vfs, mount, options.mountpoint, answers, others)
    except BaseExceptionGroup as several:
        raise _first(several) from several
    vfs.suspects.write()
    log.info("%s: %s", why, _summary(vfs))
    vfs.close()


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """What the tasks of the loop wrapped; two that fail at the same moment are rare."""
    error = several.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _summary(vfs: VirtualFS) -> str:
    done = vfs.statistics()
    return (
        f"{done.opens:,} files opened, {done.bytes_read:,} bytes read, {done.failovers:,} times "
        f"from another copy, {done.refusals:,} opens and reads refused for want of a source"
    )


def _others(options: MountOptions) -> Others | None:
    if not options.allow_other:
        return None
    from mediafs.fuse.access_disk import serving_process
    from mediafs.fuse.access_refresh import Others
    from mediafs.fuse.access_table import Owners

    owners = Owners(serving_process(), options.uid, options.gid, options.umask)
    return Others(options.catalog, options.host, owners)


def _operations(vfs: VirtualFS, options: MountOptions, others: Others | None) -> Operations:
    from mediafs.fuse.access_operations import GuardedOperations
    from mediafs.fuse.convert import Presentation
    from mediafs.fuse.operations import Operations

    table = None if others is None else others.table
    shown = Presentation(
        options.uid, options.gid, os.getuid(), os.getgid(), options.umask, table
    )  # fmt: skip
    if others is None:
        return Operations(vfs, shown)
    return GuardedOperations(vfs, shown, others.guard)


def _raise_open_files() -> None:
    """Every open file of the mount is one of ours: as many as the system lets us."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


# ---------------------------------------------------------------------------- in the background


def mount_in_background(options: MountOptions) -> int:
    """Serve from a process of its own; returns its number once the tree answers.

    A fresh interpreter rather than a fork of this one: threads and locks do not survive a
    fork. Raises what `serve` raises, as if it had happened here.
    """
    mountpoint = Path(os.path.abspath(options.mountpoint))  # may be a dead mount
    options = replace(options, mountpoint=mountpoint, catalog=options.catalog.absolute())
    reading, writing = os.pipe()
    try:
        said_before = _start(options, writing)
        os.close(writing)
        writing = -1
        answer = _wait_answer(reading)
    finally:
        os.close(reading)  # who has not answered by now ends by itself
        if writing >= 0:
            os.close(writing)
    if not answer:
        raise _unanswered(mountpoint, said_before, has_ended=answer is not None)
    heard = json.loads(answer)
    if "error" in heard:
        raise getattr(errors, heard["error"])(heard["says"])
    return int(heard["pid"])


def _start(options: MountOptions, pipe: int) -> int:
    """Start the daemon's launcher, which forks and ends at once: nobody is left to be reaped.

    Returns how long the log was before.
    """
    command = [sys.executable, "-m", "mediafs.fuse.daemon", str(pipe), to_json(options)]
    package_parent = Path(__file__).parents[2]
    with _opened_log(options.mountpoint) as said:
        length = os.fstat(said).st_size
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[pipe],
            cwd=package_parent, start_new_session=True, check=False,
        )  # fmt: skip
    return length


@contextmanager
def _opened_log(mountpoint: Path) -> Iterator[int]:
    """Where the process says what it has to say before its own log is open, or cannot be."""
    path = log_path(mountpoint)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        log.warning("The mount keeps no log: %s: %s.", display(path), exc.strerror)
        fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def to_json(options: MountOptions) -> str:
    """For the daemon's command line; undecodable bytes of paths survive."""
    return json.dumps(asdict(options), default=os.fspath)


def from_json(text: str) -> MountOptions:
    """The inverse of `to_json`."""
    values = json.loads(text)
    catalog, mountpoint = Path(values.pop("catalog")), Path(values.pop("mountpoint"))
    return MountOptions(catalog, mountpoint, **values)


def _wait_answer(pipe: int) -> bytes | None:
    """What the daemon says: one line of JSON, b"" when it ended, None when it was too slow."""
    answer = b""
    while not answer.endswith(b"\n"):
        if not select.select([pipe], [], [], _READY_SECONDS)[0]:
            return None
        part = os.read(pipe, 65536)
        if not part:
            return b""
        answer += part
    return answer


def _unanswered(mountpoint: Path, said_before: int, *, has_ended: bool) -> MountRefused:
    """Why there is no answer, and the mount point as it was."""
    path = log_path(mountpoint)
    if not has_ended:
        return MountRefused(
            f"{display(mountpoint)} was not mounted: the process that should serve it gave no "
            f"answer in {_READY_SECONDS:.0f} seconds and was given up; its log is {display(path)}."
        )
    # Nobody has seen a tree in it yet, so nobody takes the empty folder for one.
    mount = find(mountpoint)
    if mount is not None and mount.is_stale:
        clean_stale(mount.mountpoint)
    said = _last_words(path, said_before) or "without a word, killed perhaps"
    return MountRefused(
        f"{display(mountpoint)} was not mounted: the process that should serve it ended "
        f"({display(said)}); its log is {display(path)}."
    )


def _last_words(path: Path, said_before: int) -> str:
    try:
        said = path.read_bytes()[said_before:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line for line in said.splitlines() if line.strip() and " INFO " not in line]
    return lines[-1] if lines else ""
