"""Somebody else: run a function as another user, or where mounts are nobody else's."""

from __future__ import annotations

import ctypes
import os
import pickle
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
_NEW_MOUNTS = 0x20000  # CLONE_NEWNS

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be others")


def as_user(
    ask: Callable[[], Any], uid: int = NOBODY, gid: int = NOBODY, groups: tuple[int, ...] = ()
) -> Any:
    """What a function gives, or raises, in a process of another user."""

    def become() -> Any:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        return ask()

    return elsewhere(become)


def on_behalf_of(ask: Callable[[], Any], uid: int, groups: tuple[int, ...] = ()) -> Any:
    """The same from a process of root's that acts for another user, as a file server does."""

    def act() -> Any:
        os.setgroups(groups)
        os.setegid(uid)
        os.seteuid(uid)
        return ask()

    return elsewhere(act)


def with_own_mounts(ask: Callable[[], Any]) -> Any:
    """The same where mounts made by it are seen by nobody else, and end with it."""

    def alone() -> Any:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_NEW_MOUNTS):
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        return ask()

    return elsewhere(alone)


def elsewhere(ask: Callable[[], Any]) -> Any:
    """What a function gives, or raises, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer: tuple[bool, Any] = True, ask()
        except BaseException as exc:  # noqa: BLE001 - raised again by the parent
            answer = False, exc
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    is_given, what = pickle.loads(said)
    if is_given:
        return what
    raise what


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """A folder below folders that are open to all; pytest's own are their user's alone."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name).resolve()
        made.chmod(0o755)
        if not all(above.stat().st_mode & 0o001 for above in made.parents):
            pytest.skip(f"{made.parent} is closed to others")
        yield made
