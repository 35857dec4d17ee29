"""Mount a catalog's tree, in this process or in the background.

After a crash the mount point is left broken, never empty. An empty directory would tell a
running `rsync --delete` that every photograph is gone.
"""

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

from indexer import errors
from indexer.errors import MountRefused
from indexer.paths import display
from mediafs import __version__
from mediafs.fuse.checks import check_allow_other, check_fuse, check_mountpoint
from mediafs.fuse.mounted import Mount, mounts, unmount
from mediafs.fuse.states import log_path, remove_state, write_state

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
    errors before anything is mounted; any later error leaves the mount point broken.
    """
    check_fuse()
    if options.allow_other:
        check_allow_other()
    where = check_mountpoint(options.mountpoint, options.catalog, options.host)
    options = replace(options, mountpoint=where, catalog=options.catalog.resolve())
    _serve(options, ready or (lambda: None))


def _serve(options: MountOptions, ready: Callable[[], None]) -> None:
    import pyfuse3
    import trio

    from mediafs.fuse.access_warning import warn
    from mediafs.fuse.serving import until_the_end
    from mediafs.vfs import VirtualFS

    _raise_open_files()
    vfs = VirtualFS(options.catalog, options.host)
    others = _others(options)
    if others is not None:
        warn(log.info, options.catalog, options.host)
    _mount(_operations(vfs, options, others), options)
    with _told_to_others(options):
        log.info(
            "mediafs %s shows %s, generation %d, at %s (process %d)", __version__,
            display(options.catalog), vfs.generation, display(options.mountpoint), os.getpid(),
        )  # fmt: skip
        # What exists by now stays until the end: the collector need not look at it again, nor
        # after every seven hundred names of a listing (a tenth of a walk's time).
        gc.collect()
        gc.freeze()
        gc.set_threshold(_OBJECTS_UNTIL_COLLECTED)
        why = trio.run(until_the_end, vfs, options.mountpoint, ready, others)
        pyfuse3.close(unmount=True)
    vfs.suspects.write()
    log.info("%s: %s", why, _summary(vfs))
    vfs.close()


@contextmanager
def _told_to_others(options: MountOptions) -> Iterator[None]:
    """While it lasts, `status` and `umount` know who serves; without, they do with less."""
    try:
        write_state(options.mountpoint, options.catalog)
    except OSError as exc:
        log.warning("`mediafs status` will not know who serves this mount: %s", exc)
    # Not after an error: a broken mount has a crashed process, and that is what they find.
    yield
    with contextlib.suppress(OSError):
        remove_state(options.mountpoint, os.getpid())


def _summary(vfs: VirtualFS) -> str:
    done = vfs.statistics()
    return (
        f"{done.opens:,} files opened, {done.bytes_read:,} bytes read, {done.failovers:,} times "
        f"from another copy, {done.refusals:,} refused"
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


def _mount(operations: object, options: MountOptions) -> None:
    import pyfuse3

    wanted = {"fsname=mediafs", "subtype=mediafs", "ro", "nosuid", "nodev", "noatime"}
    if options.allow_other:
        # Others see what the modes let them see; a private mount is its owner's alone.
        wanted |= {"allow_other", "default_permissions"}
    try:
        pyfuse3.init(operations, os.fspath(options.mountpoint), wanted)  # type: ignore[arg-type]
    except RuntimeError as exc:
        raise MountRefused(
            f"{display(options.mountpoint)} cannot be mounted ({exc}); the line above or the log "
            f"{display(log_path(options.mountpoint))} says why."
        ) from exc


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
        _start(options, writing)
        os.close(writing)
        writing = -1
        return _heard(_wait_answer(reading), mountpoint)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _start(options: MountOptions, pipe: int) -> None:
    """Start the daemon's launcher, which forks and ends at once: nobody is left to be reaped."""
    command = [sys.executable, "-m", "mediafs.fuse.daemon", str(pipe), to_json(options)]
    package_parent = Path(__file__).parents[2]
    with _opened_log(options.mountpoint) as said:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=[pipe],
            cwd=package_parent, start_new_session=True, check=False,
        )  # fmt: skip


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


def _wait_answer(pipe: int) -> bytes:
    """What the daemon says: one line of JSON, or nothing when it ended or was too slow."""
    answer = b""
    while not answer.endswith(b"\n") and select.select([pipe], [], [], _READY_SECONDS)[0]:
        part = os.read(pipe, 65536)
        if not part:
            break
        answer += part
    return answer


def _heard(answer: bytes, mountpoint: Path) -> int:
    if not answer:
        raise MountRefused(
            f"{display(mountpoint)} was not mounted: the process that should serve it ended or did "
            f"not answer; its log is {display(log_path(mountpoint))}."
        )
    heard = json.loads(answer)
    if "error" in heard:
        raise getattr(errors, heard["error"])(heard["says"])
    return int(heard["pid"])
