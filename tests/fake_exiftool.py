"""A program that speaks ExifTool's protocol and misbehaves as the names of its files say."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from indexer.metadata.exiftool import Answer

needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="ExifTool is not installed"
)

# A JPEG with nothing in it but a comment: ExifTool reads it in a millisecond.
JPEG = b"\xff\xd8\xff\xfe\x00\x07hello\xff\xd9"

_PROGRAM = """#!{python}
import os, signal, sys, time
said, names, numbers, quoted = [], [], 0, False
for line in sys.stdin.buffer:
    line = line.rstrip(b"\\n")
    if quoted:
        said.append(line.replace(b"${{status}}", b"0"))
    elif line.startswith(b"-execute"):
        for name in names:
            if b"hang" in name:
                {on_hang}
                signal.pause()
            if b"slow" in name:
                time.sleep(0.2)
            if b"die" in name:
                os.kill(os.getpid(), signal.SIGKILL)
            if b"half" in name:
                os.write(1, b'[{{"SourceFile": "ha')
                os._exit(3)
            if b"garbage" in name:
                os.write(1, b'[{{"SourceFile": ]')
            elif b"skip" in name:
                os.write(2, b"Error: no thanks\\n")
            elif name == b"-ver":
                os.write(1, b"{version}\\n")
            else:
                os.write(1, b'[{{"SourceFile": "' + name + b'", "A:Number": 12e5}}]\\n')
        os.write(1, b"{{ready" + line[8:] + b"}}\\n")
        os.write(2, b"\\n".join(said) + b"\\n")
        said, names = [], []
    elif line != b"-echo4":
        names.append(line)
    quoted = line == b"-echo4" and not quoted
"""


def write_fake(folder: Path, version: str = "12.57", on_hang: str = "pass") -> str:
    """The path of the program; `on_hang`: what it does before it stands still."""
    script = folder / "fake-exiftool"
    text = _PROGRAM.format(python=sys.executable, version=version, on_hang=on_hang)
    script.write_text(text, "utf-8")
    script.chmod(0o755)
    return str(script)


def failures(answers: Iterable[Answer]) -> list[str | None]:
    """What went wrong with each file; None: nothing."""
    return [answer.failure for answer in answers]
