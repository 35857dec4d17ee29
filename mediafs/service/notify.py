"""Tell systemd how far a service is: sd_notify(3), which is a datagram."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Say "READY=1" and the like to whoever started us; nothing where nobody asked."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # a name without a file
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),  # it only means that systemd takes us for not ready
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending,
    ):
        sending.sendto(state.encode(), address)
