"""A mount by /etc/fstab: the line, and what mount(8) hands to its helper.

Pure. The helper itself is cli/mount_helper.py.
"""

from __future__ import annotations

import re
from typing import Final

HELPER: Final = "mount.mediafs"
_SPECIAL: Final = re.compile(r"[\s\\#]")

# What belongs to mount(8) and systemd, or says what a mount of ours is anyway: fstab(5), mount(8).
# "rw" is what mount(8) passes where nobody said anything.
_NOT_OURS: Final = frozenset(
    (
        *("defaults", "ro", "rw", "auto", "noauto", "nofail", "_netdev", "sync", "async"),
        *("user", "users", "nouser", "owner", "group", "silent", "loud", "quiet"),
        *("dev", "nodev", "exec", "noexec", "suid", "nosuid", "mand", "nomand", "dirsync"),
        *("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime"),
        *("nostrictatime", "lazytime", "nolazytime", "iversion", "noiversion", "nosymfollow"),
    )
)
_NOT_OURS_WITH_VALUE: Final = ("user=", "comment=", "x-", "X-")


def line(catalog: str, mountpoint: str, options: str = "") -> str:
    """For /etc/fstab: mounted when it is first looked at, and no boot waits for it."""
    how = ["ro", *filter(None, options.split(",")), "_netdev", "nofail", "x-systemd.automount"]
    return f"{_field(catalog)} {_field(mountpoint)} mediafs {_field(','.join(how))} 0 0"


def _field(text: str) -> str:
    r"""Blanks in octal, as in `my\040photos`: mount(8) and systemd undo it."""
    return _SPECIAL.sub(lambda found: f"\\{ord(found[0]):03o}", text)


def ours(options: str) -> list[str]:
    """Of the options that mount(8) passes, those that are for mediafs."""
    return [
        option
        for option in filter(None, options.split(","))
        if option not in _NOT_OURS and not option.startswith(_NOT_OURS_WITH_VALUE)
    ]
