"""What the kernel remembers of a file's bytes: they are asked for once."""

from __future__ import annotations

import json
import os

BIG = os.urandom(3 << 20)


def asked(library) -> tuple[int, int]:
    """How many reads the mount answered, and their bytes."""
    told = json.loads((library.at / ".mediafs/status.json").read_text("utf-8"))["counters"]
    return told["reads"], told["bytes_read"]


def test_a_file_that_is_read_again_is_not_asked_for_again(library):
    library.file("a.mov", BIG, "originals/a.mov", "by-date/a.mov")
    library.mount()
    assert (library.at / "originals/a.mov").read_bytes() == BIG
    reads, size = asked(library)
    assert reads > 0

    assert (library.at / "originals/a.mov").read_bytes() == BIG

    assert asked(library) == (reads, size)
