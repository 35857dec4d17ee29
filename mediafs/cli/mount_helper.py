"""`mount.mediafs`, what mount(8) calls for the type mediafs: mount(8), "EXTERNAL HELPERS".

    mount.mediafs CATALOG MOUNTPOINT [-sfnv] [-N namespace] [-o options] [-t type]

Started by root at boot perhaps, without a PATH or a HOME. Exit codes are mount(8)'s.
"""

from __future__ import annotations

import getopt
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from indexer.errors import MediafsError, UsageRefused
from indexer.paths import display
from indexer.roots import host
from mediafs.cli.mount import mounted, parsed
from mediafs.cli.output import complain
from mediafs.fuse.mount import MountOptions
from mediafs.service.fstab import HELPER, ours

if TYPE_CHECKING:
    from collections.abc import Sequence

_WRONG_CALL: Final = 1
_INTERRUPTED: Final = 8
_FAILED: Final = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says."""

    what: MountOptions
    is_fake: bool  # -f: all but the mount itself
    is_verbose: bool


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and exit."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Mount as mount(8) asks; its exit code."""
    try:
        asked = understood(arguments)
    except MediafsError as exc:
        complain(f"{HELPER}: {exc}")
        return _WRONG_CALL
    try:
        _have_a_home()
        if not asked.is_fake:
            mounted(asked.what)
    except MediafsError as exc:
        complain(f"{HELPER}: {exc}")
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    if asked.is_verbose:
        print(f"{HELPER}: {display(asked.what.catalog)} is at {display(asked.what.mountpoint)}.")  # noqa: T201
    return 0


def understood(arguments: Sequence[str]) -> Asked:
    """The call, or UsageRefused: an option that is unknown and not said to be allowed (-s)."""
    try:
        flags, places = getopt.gnu_getopt(list(arguments), "sfnvN:o:t:")
    except getopt.GetoptError as exc:
        raise UsageRefused(f"{exc}; it is called by mount(8), `man mount` tells how.") from exc
    if len(places) != 2:  # noqa: PLR2004 - what is mounted, and where
        raise UsageRefused("name the catalog's file and the mount point.")
    given = dict(flags)
    if "-N" in given:
        raise UsageRefused("mounting in another namespace is not supported; enter it first.")
    catalog, mountpoint = (Path(place) for place in places)
    if not catalog.is_absolute():
        raise UsageRefused(
            f"{display(catalog)} is no catalog's absolute path; the first field of its line in "
            "/etc/fstab names the file."
        )
    wanted = ours(",".join(value for flag, value in flags if flag == "-o"))
    if "remount" in wanted:
        raise UsageRefused(
            f"options cannot be changed while it is mounted; `umount {display(mountpoint)}` first."
        )
    known = [option for option in wanted if "-s" not in given or _is_known(option)]
    what = MountOptions(catalog, mountpoint, host(), **parsed(tuple(known)))
    return Asked(what, is_fake="-f" in given, is_verbose="-v" in given)


def _is_known(option: str) -> bool:
    try:
        parsed((option,))
    except UsageRefused:
        return False
    return True


def _have_a_home() -> None:
    """Logs and what is mounted are kept below it; early at boot it may be read-only still."""
    if os.geteuid() or "XDG_STATE_HOME" in os.environ:
        return
    if not os.access(os.path.expanduser("~"), os.W_OK):
        os.environ["XDG_STATE_HOME"] = "/run"


if __name__ == "__main__":
    main()
