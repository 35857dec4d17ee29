"""`mediafs doctor`: what this machine has and lacks, and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.errors import MediafsError
from indexer.metadata import exiftool, sniff
from mediafs.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Part:
    """Something that mediafs uses: there or not, and how to get it."""

    name: str
    found: str | None  # its version; None: lacking
    is_needed: bool
    says: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def doctor(common: Any, *, as_json: bool) -> int:
    """Say what this machine has and lacks; exit 1 if something needed is lacking."""
    found = list(parts())
    lacking = [part for part in found if part.found is None and part.is_needed]
    if as_json:
        rows = [
            {"name": p.name, "found": p.found, "needed": p.is_needed, "says": p.says} for p in found
        ]
        print_json({"schema": 1, "ok": not lacking, "parts": rows, "catalog": str(common.catalog)})
    else:
        for part in found:
            state = part.found or ("LACKING" if part.is_needed else "lacking")
            click.echo(f"{part.name:14} {state:12} {'' if part.found else part.says}".rstrip())
        click.echo(f"{'catalog':14} {common.catalog}")
    return MediafsError.exit_code if lacking else 0


def parts() -> Iterator[Part]:
    """Everything that is looked for, the needed ones first."""
    yield _tried("ExifTool", exiftool.version, "apt install libimage-exiftool-perl")
    yield _tried("libmagic", _libmagic, "apt install libmagic1")
    for package in ("apsw", "blake3", "pillow", "pillow-heif", "imagehash", "av", "rawpy"):
        yield Part(package, _version(package), is_needed=True, says=f"pip install {package}")
    yield Part("FUSE device", _fuse_device(), is_needed=False,
               says="the mount needs Linux with /dev/fuse; every other command works")  # fmt: skip
    yield Part("fusermount3", shutil.which("fusermount3"), is_needed=False,
               says="apt install fuse3")  # fmt: skip
    yield Part("pyfuse3", _version("pyfuse3"), is_needed=False,
               says="apt install libfuse3-dev pkg-config gcc, then pip install 'mediafs[fuse]'")  # fmt: skip


def _tried(name: str, version: Callable[[], str], says: str) -> Part:
    try:
        return Part(name, version(), is_needed=True, says="")
    except MediafsError as exc:
        return Part(name, None, is_needed=True, says=f"{says} ({exc})")


def _libmagic() -> str:
    """Its version, proved by asking it."""
    sniff.sniff(b"\xff\xd8\xff\xe0", b"a.jpg")
    import magic

    return str(magic.version())  # type: ignore[no-untyped-call]


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _fuse_device() -> str | None:
    device = Path("/dev/fuse")
    return str(device) if device.exists() and os.access(device, os.R_OK | os.W_OK) else None
