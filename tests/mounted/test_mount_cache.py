"""What the kernel remembers of a file's bytes: they are asked for once."""

from __future__ import annotations

import json
import os

BIG = os.urandom(3 << 20)


def bytes_asked(library) -> int:
    """How much the mount was asked for."""
    told = json.loads((library.at / ".mediafs/status.json").read_text("utf-8"))
    return told["counters"]["bytes_read"]


def test_a_file_that_is_read_again_is_not_asked_for_again(library):
    library.file("a.mov", BIG, "originals/a.mov", "by-date/a.mov")
    library.mount()
    assert (library.at / "originals/a.mov").read_bytes() == BIG
    size = bytes_asked(library)
    assert size >= len(BIG)

    assert (library.at / "originals/a.mov").read_bytes() == BIG

    # A kernel may drop a page here and there as it needs memory.
    assert bytes_asked(library) - size < len(BIG) // 2
