"""`mediafs doctor`: what this machine has and lacks, and how to get it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import facts, open_reader
from indexer.errors import MediafsError
from indexer.metadata import exiftool, sniff
from indexer.paths import display, join, to_str
from indexer.read.devices import Device, device_of
from indexer.read.machine import memory_to_use, processors
from indexer.roots import host
from indexer.standing import standing
from mediafs.cli.output import print_json, size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import apsw

    from indexer.catalog.rows import RootRow


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
    """Say what this machine lacks for mediafs, and how to get it.

    Exit code 1 if it cannot do without.
    """
    found = list(parts())
    lacking = [part for part in found if part.found is None and part.is_needed]
    if as_json:
        rows = [
            {"name": p.name, "found": p.found, "needed": p.is_needed, "says": p.says} for p in found
        ]
        disks = [
            {"path": to_str(d.root), "device": d.device.name, "kind": str(d.device.kind),
             "readers": d.device.streams}
            for d in disks_of(common.catalog)
        ]  # fmt: skip
        print_json(
            {"schema": 1, "ok": not lacking, "parts": rows, "catalog": str(common.catalog),
             "jobs": processors(), "memory": memory_to_use(), "disks": disks,
             "absent": [{"path": to_str(path), "says": says}
                        for path, says in absent_of(common.catalog)]}
        )  # fmt: skip
    else:
        for part in found:
            state = part.found or ("LACKING" if part.is_needed else "lacking")
            click.echo(f"{part.name:14} {state:12} {'' if part.found else part.says}".rstrip())
        click.echo(f"{'catalog':14} {common.catalog}")
        click.echo(
            f"{'index':14} decodes {processors()} at once (--jobs) with up to "
            f"{size(memory_to_use())} of pictures in memory (--memory)"
        )
        for disk in disks_of(common.catalog):
            click.echo(f"{'':14} {disk.says()}")
        for path, says in absent_of(common.catalog):
            click.echo(f"{'OFFLINE':14} {display(path)} {says}")
    return MediafsError.exit_code if lacking else 0


@dataclass(frozen=True, slots=True)
class Disk:
    """What a remembered root lies on."""

    root: bytes
    device: Device

    def says(self) -> str:
        """One clause."""
        streams = self.device.streams
        at_once = "one file at a time" if streams == 1 else f"{streams} files at once"
        what = f"{self.device.name}, {self.device.kind}"
        return f"reads {at_once} (--readers) from {display(self.root)}: {what}"


@contextlib.contextmanager
def _roots_of(catalog: Path) -> Iterator[tuple[apsw.Connection | None, list[RootRow]]]:
    """The roots of this machine; none where there is no catalog to ask."""
    try:
        db = open_reader(catalog) if catalog.exists() else None
    except MediafsError:
        db = None  # every other command says what is wrong with it
    try:
        yield db, [root for root in facts.roots(db) if root.host == host()] if db else []
    finally:
        if db is not None:
            db.close()


def disks_of(catalog: Path) -> Iterator[Disk]:
    """The disks and shares of the roots that are here."""
    with _roots_of(catalog) as (_, roots):
        for root in roots:
            with contextlib.suppress(OSError):
                yield Disk(root.path, device_of(root.path, os.stat(root.path).st_dev))


def absent_of(catalog: Path) -> Iterator[tuple[bytes, str]]:
    """Roots, and folders in them, whose own disk is not here now, with the reason."""
    with _roots_of(catalog) as (db, roots):
        for root in roots:
            assert db is not None
            now = standing(db, root)
            if now.says is not None:
                yield root.path, now.says
            yield from ((join(root.path, path), says) for path, says in now.absent.items())


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
