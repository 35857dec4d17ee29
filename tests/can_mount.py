"""Whether this process can mount at all: a container may have /dev/fuse and yet refuse every mount."""

from __future__ import annotations

import functools
import os
import shutil
import socket
import subprocess
import tempfile

from indexer.errors import FuseMissing
from mediafs.fuse.checks import check_fuse


def check_can_mount() -> None:
    """Raise FuseMissing where no mount can be made here."""
    check_fuse()
    if refusal := _refusal():
        raise FuseMissing(f"No FUSE filesystem can be mounted here: {refusal}")


@functools.cache
def _refusal() -> str | None:
    """What fusermount3 says of a mount that nobody serves, and which it takes away again."""
    if shutil.which("fusermount3") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        ours, its = socket.socketpair()
        with ours, its:
            env = os.environ | {"_FUSE_COMMFD": str(its.fileno())}
            tried = subprocess.run(
                ["fusermount3", "--", folder], env=env, pass_fds=[its.fileno()],
                check=False, capture_output=True, text=True,
            )  # fmt: skip
            if not tried.returncode:
                subprocess.run(["fusermount3", "-u", "-z", "-q", folder], check=True)
    return tried.stderr.strip() if tried.returncode else None
