"""`mediafs service install`, `uninstall` and `status`: mediafs run by systemd."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from indexer.catalog import open_reader
from indexer.errors import MountRefused, UsageRefused
from indexer.paths import display
from mediafs.cli.mount import parsed, refuse_below_dead
from mediafs.service import install as units_on_disk
from mediafs.service import units
from mediafs.service.fstab import HELPER, line
from mediafs.service.install import Manager

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where systemd looks for programs if nobody tells it: systemd.exec(5).
_USUAL_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLACES: Final = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
_NOT_FOR_ALL: Final = "MEDIAFS_CATALOG"  # named on each command line

_system = click.option(
    "--system", "is_system", is_flag=True, help="For the whole machine, at boot; needs root."
)


@click.group(no_args_is_help=False)
def service() -> None:
    """Have systemd keep the catalog up to date, and mount the tree."""


@service.command()
@click.argument("mountpoint", required=False, type=click.Path(readable=False, path_type=Path))
@click.option("-o", "options", multiple=True, metavar="OPTION,…", help="As for `mediafs mount`.")
@click.option(
    "--timer",
    metavar="WHEN",
    help="Instead of watching, reindex at these times: hourly, daily, '*:0/15' (systemd.time(7)).",
)
@_system
@click.option("--now", is_flag=True, help="Start them too, and at every login from now on.")
@click.option(
    "--fstab", is_flag=True, help="Print what a mount by /etc/fstab takes instead; write nothing."
)
@click.option("--dry-run", is_flag=True, help="Print the units; write nothing.")
@click.pass_obj
def install(
    common: Any,
    mountpoint: Path | None,
    options: tuple[str, ...],
    *,
    timer: str | None,
    is_system: bool,
    now: bool,
    fstab: bool,
    dry_run: bool,
) -> int:
    """Write the units, for this user unless --system.

    One keeps the catalog up to date: `mediafs watch`, or a timer. If MOUNTPOINT is named, another
    mounts the tree there.
    """
    parsed(options)  # refused here rather than at the next boot
    _check_times(timer)
    at = None if mountpoint is None else os.path.abspath(mountpoint)
    if fstab:
        click.echo(_for_fstab(common.catalog, at, ",".join(options)))
        return 0
    made = _made(_service(common.catalog, is_system=is_system), at, ",".join(options), timer)
    if dry_run:
        for name, text in made.items():
            click.echo(f"# {name}\n{text}")
        return 0
    units_on_disk.check_systemd()
    if at is not None:
        refuse_below_dead(Path(at))
        _check_folder(at)
    open_reader(common.catalog).close()  # a service without a catalog only fails, again and again
    _install(Manager(is_system), made, timer, now=now)
    return 0


@service.command()
@_system
def uninstall(*, is_system: bool) -> int:
    """Stop the units and delete them; the catalog stays."""
    manager = Manager(is_system)
    ours = units_on_disk.installed(manager)
    if not ours:
        click.echo(f"No unit of mediafs is in {display(manager.folder)}.")
        return 0
    _disable(manager, ours)
    units_on_disk.remove(ours)
    if manager.runs:
        manager.ask("daemon-reload")
    for path in ours:
        click.echo(f"Removed {display(path)}.")
    return 0


@service.command()
@_system
def status(*, is_system: bool) -> int:
    """Say which units there are and whether they run."""
    manager = Manager(is_system)
    ours = units_on_disk.installed(manager)
    if not ours:
        click.echo("Nothing is installed; `mediafs service install [MOUNTPOINT]` does.")
        return 0
    states = manager.states(path.name for path in ours) if manager.runs else {}
    for path in ours:
        state = states.get(path.name)
        says = (
            f"{state['ActiveState']} ({state['SubState']}), {state['UnitFileState'] or 'static'}"
            if state
            else "not asked: this user's systemd does not run here"
        )
        click.echo(f"{path.name}: {says}")
    journal = "journalctl" if is_system else "journalctl --user"
    click.echo(f"What they say: {journal} -u 'mediafs-*'")
    return 0


def _check_times(timer: str | None) -> None:
    """A line of a unit, and times that systemd understands, where it is there to be asked."""
    if timer is None:
        return
    is_understood = bool(timer.strip()) and timer.isprintable()
    if is_understood and (analyze := shutil.which("systemd-analyze")):
        asked = [analyze, "calendar", "--", timer]
        is_understood = not subprocess.run(asked, capture_output=True, check=False).returncode
    if not is_understood:
        raise UsageRefused(
            f"--timer {display(timer)!r} tells systemd no times; write it as hourly, daily or "
            "'*:0/15', as systemd.time(7) says."
        )


def _check_folder(mountpoint: str) -> None:
    try:
        is_folder = stat.S_ISDIR(os.stat(mountpoint).st_mode)
    except FileNotFoundError:
        is_folder = False
    except OSError:  # a mount that died; the next one cleans it
        return
    if not is_folder:
        shown = display(mountpoint)
        raise MountRefused(f"{shown} is no folder; make it with `mkdir {shown}`.")


# ---------------------------------------------------------------------------- what is written


def _service(catalog: Path, *, is_system: bool) -> units.Service:
    user = pwd.getpwuid(catalog.stat().st_uid).pw_name if is_system and catalog.exists() else None
    return units.Service(
        _program(), os.fspath(catalog), _environment(), is_system=is_system,
        user=None if user == "root" else user,
    )  # fmt: skip


def _program() -> str:
    """The `mediafs` that belongs to this Python."""
    beside = Path(sys.executable).with_name("mediafs")
    found = os.fspath(beside) if beside.exists() else shutil.which("mediafs")
    if found is None:
        raise UsageRefused(
            f"There is no `mediafs` beside {sys.executable}, for systemd to start; install mediafs "
            "with `pip install mediafs`, in an environment that stays."
        )
    return os.path.abspath(found)


def _environment() -> dict[str, str]:
    """What was said by the environment: systemd starts its services without it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name.startswith("MEDIAFS_") and name != _NOT_FOR_ALL) or name in _PLACES
    }
    exiftool = shutil.which("exiftool")
    if (
        exiftool
        and "MEDIAFS_EXIFTOOL" not in kept
        and not shutil.which("exiftool", path=_USUAL_PATH)
    ):
        kept["MEDIAFS_EXIFTOOL"] = exiftool
    return kept


def _made(
    what: units.Service, mountpoint: str | None, options: str, timer: str | None
) -> dict[str, str]:
    try:
        made = {}
        if mountpoint is not None:
            made[units.mount_name(mountpoint)] = units.mount(what, mountpoint, options)
        if timer is None:
            return made | {units.WATCH: units.watcher(what)}
        return made | {units.REINDEX: units.reindex(what), units.TIMER: units.timer(timer)}
    except ValueError as exc:
        raise UsageRefused(
            "systemd takes no such path or word: it must be UTF-8, of less than 200 characters, "
            f"the program's path without quotes and backslashes ({display(str(exc))})."
        ) from exc


# ---------------------------------------------------------------------------- what is done


def _install(manager: Manager, made: Mapping[str, str], timer: str | None, *, now: bool) -> None:
    written = units_on_disk.write(manager, made)
    instead = [units.WATCH] if timer else [units.TIMER, units.REINDEX]
    replaced = [path for path in units_on_disk.installed(manager) if path.name in instead]
    _disable(manager, replaced)
    units_on_disk.remove(replaced)
    for path in written:
        click.echo(f"Wrote {display(path)}.")
    for path in replaced:
        click.echo(f"Removed {display(path)}.")
    if not written and not replaced:
        click.echo("Everything is as it was written before.")
    if manager.runs:
        manager.ask("daemon-reload")
    started = [name for name in made if name != units.REINDEX]
    if now and manager.runs:
        manager.ask("enable", "--now", "--", *started)
        click.echo(f"Started {', '.join(started)}.")
        return
    if not manager.runs:
        click.echo("This user's systemd does not run here; in a session where it does:")
    enable = manager.command("enable", "--now", *(shlex.quote(name) for name in started))
    click.echo(f"To start now and at every {'boot' if manager.is_system else 'login'}:")
    click.echo(f"    {' '.join(enable)}")
    if not manager.is_system:
        click.echo("To have it run while nobody is logged in, too:\n    loginctl enable-linger")


def _disable(manager: Manager, ours: list[Path]) -> None:
    """A mount that is in use stays until nobody uses it; systemd says so in the journal."""
    startable = [path.name for path in ours if path.name != units.REINDEX]
    if manager.runs and startable:
        manager.ask("disable", "--now", "--", *startable)


def _for_fstab(catalog: Path, mountpoint: str | None, options: str) -> str:
    if mountpoint is None:
        raise UsageRefused(
            "Name the mount point too: `mediafs service install --fstab MOUNTPOINT`."
        )
    helper = os.fspath(Path(_program()).with_name(HELPER))
    return (
        "Once, as root, so that mount(8) finds the type:\n"
        f"    ln -s {shlex.quote(helper)} /sbin/{HELPER}\n"
        "A line of /etc/fstab, then `systemctl daemon-reload`:\n"
        f"    {line(os.fspath(catalog), mountpoint, options)}"
    )
