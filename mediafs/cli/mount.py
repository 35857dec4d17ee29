"""`mediafs mount` and `mediafs umount`."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.catalog import generations, open_reader, tree
from indexer.errors import NotMounted, UsageRefused
from indexer.paths import display
from indexer.roots import host
from mediafs.cli.output import complain, size
from mediafs.cli.places import check_alive, in_mount
from mediafs.fuse.access_warning import warn
from mediafs.fuse.mount import MountOptions, mount_in_background, serve, unmount
from mediafs.service.notify import notify
from mediafs.views.publish import VIEWS

if TYPE_CHECKING:
    import threading

_OCTAL, _DECIMAL = 8, 10
_PATIENCE_SECONDS = 5.0  # for the folders of a disk that may not answer; arbitrary


def _understood(
    context: click.Context, option: click.Parameter, options: tuple[str, ...]
) -> dict[str, Any]:
    """`parsed` for click, which knows where the options are from."""
    try:
        return parsed(options)
    except UsageRefused as exc:
        raise click.BadParameter(str(exc), context, option) from exc


@click.command()
@click.argument("mountpoint", type=click.Path(readable=False, path_type=Path))
@click.option("--foreground", "-f", is_flag=True,
              help="Stay in the foreground, and unmount at Ctrl-C.")  # fmt: skip
@click.option("-o", "options", multiple=True, envvar="MEDIAFS_MOUNT_OPTIONS", metavar="OPTION,…",
              callback=_understood,
              help="allow_other: other users see what the sources' permissions let them see; "
              "uid=N, gid=N: who owns all files; umask=OCTAL: permissions to take away.")  # fmt: skip
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the top of the tree, with numbers of files; mount nothing.",
)
@click.pass_obj
def mount(
    common: Any,
    mountpoint: Path,
    options: dict[str, Any],
    *,
    foreground: bool,
    dry_run: bool,
) -> int:
    """Show the tree in an empty folder, read-only.

    It goes on in the background once the tree is ready, until `mediafs umount MOUNTPOINT`. What
    `mediafs reindex` finds appears in it by itself. A dead mount at MOUNTPOINT is cleaned first.
    """
    if dry_run:
        click.echo("\n".join(_top(common.catalog)))
        return 0
    refuse_below_dead(mountpoint)
    what = MountOptions(common.catalog, mountpoint, host(), foreground=foreground, **options)
    if foreground:
        # As the log of a mount in the background; the journal adds the time.
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
        serve(what, lambda: notify("READY=1"))
        return 0
    mounted(what)
    return 0


def refuse_below_dead(mountpoint: Path) -> None:
    """A dead mount at the mount point itself is cleaned by mounting."""
    place = in_mount(os.fspath(mountpoint))
    if place is not None and place.inside:
        place.check_alive()


def mounted(what: MountOptions) -> None:
    """Mount it in the background, with a word on what others will see."""
    check_alive((os.fspath(what.catalog),))
    mount_in_background(what)
    if what.allow_other:
        warned(what).join(_PATIENCE_SECONDS)


def warned(what: MountOptions) -> threading.Thread:
    """Say what is kept from others and what is not; it is said when the thread ends."""
    return warn(lambda says: complain(f"mediafs: {says}"), what.catalog, what.host)


@click.command()
@click.argument("mountpoint", type=click.Path(readable=False, path_type=Path))
@click.option("--lazy", is_flag=True,
              help="Take it away also while it is in use: open files can be read to their end.")  # fmt: skip
def umount(mountpoint: Path, *, lazy: bool) -> int:
    """Take a mount away, also one that died.

    It returns when the process that served it has ended.
    """
    place = in_mount(os.fspath(mountpoint))
    if place is not None and place.inside:
        at = display(place.mountpoint)
        raise NotMounted(
            f"{display(mountpoint)} is in the mount {at}; `mediafs umount {at}` takes it away."
        )
    unmount(mountpoint, lazy=lazy)
    return 0


def parsed(options: tuple[str, ...]) -> dict[str, Any]:
    """`-o allow_other,uid=1000` as keywords of MountOptions."""
    known: dict[str, Any] = {}
    for option in ",".join(options).split(","):
        name, _, value = option.strip().partition("=")
        match name:
            case "" | "ro":
                pass
            case "allow_other":
                known["allow_other"] = True
            case "uid" | "gid" | "umask":
                known[name] = _number(name, value)
            case _:
                raise UsageRefused(
                    f"-o {display(option)} is not known; allow_other, uid=N, gid=N and umask=OCTAL are."
                )
    return known


def _number(name: str, value: str) -> int:
    base, most = (_OCTAL, "777") if name == "umask" else (_DECIMAL, "4294967294")
    with contextlib.suppress(ValueError):
        number = int(value, base)
        if 0 <= number <= int(most, base):
            return number
    kind = "octal number" if name == "umask" else "number"
    raise UsageRefused(f"-o {name}={display(value)} is no {kind} from 0 to {most}.")


def _top(catalog: Path) -> list[str]:
    """The views with their first directories and counts."""
    db = open_reader(catalog)
    totals = tree.view_totals(db)
    lines = [f"Generation {generations.newest(db)} of {display(catalog)}", ""]
    for entry in tree.listing(db, tree.TREE_ROOT, 0, len(VIEWS) + 1):
        files, total = totals.get(entry.name.decode(), (0, 0))
        lines.append(f"{display(entry.name) + '/':16} {files:>9,} files  {size(total):>10}")
        below = tree.directory_of_inode(entry.attributes.inode)
        if below is not None:
            lines += [f"    {display(e.name)}" for e in tree.listing(db, below, 0, 5)]
    return lines
