"""The kernel's own settings of one FUSE mount, also where nobody mounted its control files.

Desktops show them in /sys/fs/fuse/connections, to whoever mounted; containers do not. There root
gets them as a filesystem of its own that is attached nowhere and ends with its handle.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN: Final = Path("/sys/fs/fuse/connections")

# linux/include/uapi/linux/mount.h; the same numbers on every architecture but Alpha.
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOEXEC = 1
_CREATE = 6


def set_numbers(connection: int, values: Mapping[str, int]) -> bool:
    """Set limits of the mount with this minor device number; False where the system refuses."""
    with contextlib.ExitStack() as opened:
        try:
            folder_fd = _control_files(opened)
            for name, value in values.items():
                _write(folder_fd, f"{connection}/{name}", value)
        except OSError:
            return False
    return True


def _write(folder_fd: int, path: str, value: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=folder_fd)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def _control_files(opened: contextlib.ExitStack) -> int:
    """A handle on the folder in which each connection has one."""
    if any(_SHOWN.iterdir()):
        folder_fd = os.open(_SHOWN, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    else:
        made_fd = _call(_FSOPEN, b"fusectl", _CLOEXEC)
        opened.callback(os.close, made_fd)
        _call(_FSCONFIG, made_fd, _CREATE, None, None, 0)
        folder_fd = _call(_FSMOUNT, made_fd, _CLOEXEC, 0)
    opened.callback(os.close, folder_fd)
    return folder_fd


def _call(number: int, *args: int | bytes | None) -> int:
    if sys.platform != "linux":
        raise OSError
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    wide = [ctypes.c_long(arg) if isinstance(arg, int) else ctypes.c_char_p(arg) for arg in args]
    found = int(syscall(ctypes.c_long(number), *wide))
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found
