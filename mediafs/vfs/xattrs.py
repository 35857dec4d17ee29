"""What the extended attributes of a file are called and tell; `getfattr -d` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.catalog.tree import About

PREFIX = b"user.mediafs."
# These tell paths, also of other files: for those alone who may read them.
PRIVATE_XATTRS = frozenset({PREFIX + b"source", PREFIX + b"why"})


def values(about: About) -> dict[bytes, bytes]:
    """The attributes that a file has, by their whole names."""
    told = {
        b"source": about.source,
        b"blake3": None if about.blake3 is None else about.blake3.hex().encode(),
        b"payload": None if about.payload is None else about.payload.hex().encode(),
        b"shot": None if about.shot is None else b"%d" % about.shot,
        b"role": _encoded(about.role),
        b"captured": _encoded(about.captured),
        b"why": _encoded(about.why),
    }
    return {PREFIX + name: value for name, value in told.items() if value is not None}


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
