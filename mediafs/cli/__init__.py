"""The command line: parse, run, and turn errors into one sentence and an exit code.

One file for each command; the logic is callable without it.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import click

from indexer.catalog.connection import explained
from indexer.errors import INTERRUPTED, TERMINATED, MediafsError, UsageRefused
from mediafs import __version__
from mediafs.cli.output import complain
from mediafs.cli.refusal import of_the_system, sentence
from mediafs.cli.settings import (
    catalog_of,
    check_keys,
    default_catalog,
    key_of,
    read_config,
    values_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Each command: its file and its name there.
_WHERE = {
    "check": "check.check",
    "decide": "decide.command",
    "doctor": "doctor.doctor",
    "dupes": "dupes.dupes",
    "explain": "explain.explain",
    "index": "index.index",
    "log": "log.log",
    "mount": "mount.mount",
    "reindex": "index.reindex",
    "service": "service.service",
    "shots": "shots.shots",
    "status": "status.status",
    "umount": "mount.umount",
    "verify": "verify.verify",
    "watch": "watch.watch",
}


class Terminated(BaseException):
    """SIGTERM came; like KeyboardInterrupt it unwinds everything on its way out."""


@dataclass(frozen=True, slots=True)
class Common:
    """What every command knows."""

    catalog: Path


class _Commands(Mapping[str, click.Command]):
    """Every command by its name, imported when asked for: all of them take a fifth of a second."""

    def __getitem__(self, name: str) -> click.Command:
        return _imported(_WHERE[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_WHERE)

    def __len__(self) -> int:
        return len(_WHERE)


@cache
def _imported(where: str) -> click.Command:
    module, _, name = where.partition(".")
    command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    _name_in_environment(command)
    return command


class _Group(click.Group):
    """What SQLite says about the catalog's file becomes a sentence, whichever command met it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except apsw.Error as exc:
            raise explained(exc, ctx.obj.catalog) from exc


@click.group(
    cls=_Group,
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--catalog",
    type=click.Path(dir_okay=False, readable=False, path_type=Path),
    help="Which catalog: the path of its file.  [default: $XDG_DATA_HOME/mediafs/catalog.db]",
)
@click.version_option(__version__, prog_name="mediafs")
@click.pass_context
def cli(context: click.Context, catalog: Path | None) -> None:
    """Index photographs and videos, find the originals, and mount them as read-only folders.

    A source file is never changed. Start with `mediafs index FOLDER`, then
    `mkdir PHOTOS && mediafs mount PHOTOS`.

    A root is a folder that was indexed. A shot is one press of the shutter: all files that came of
    it, of which one is the original. The tree is what a mount shows, and each folder at its top is
    a view. Whatever is said of a file is kept in the catalog.
    """
    config = read_config()
    check_keys(config)
    chosen = catalog or catalog_of(config) or default_catalog()
    context.obj = Common(chosen.expanduser().absolute())
    name = context.invoked_subcommand
    if config and name is not None:
        context.default_map = {name: values_for(cli.commands[name], config)}


def _name_in_environment(command: click.Command) -> None:
    """Let every option that stays in force be given as MEDIAFS_… too."""
    for option in command.params:
        if isinstance(option, click.Option) and option.expose_value and option.envvar is None:
            option.envvar = f"MEDIAFS_{key_of(option).upper()}"


_name_in_environment(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code. Unknown errors are bugs and keep their traceback."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = cli.main(arguments, prog_name="mediafs", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except (BrokenPipeError, SystemExit):  # the latter is click's word for the former
        return _reader_left()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.exceptions.NoArgsIsHelpError as exc:
        complain(exc.format_message())
        return UsageRefused.exit_code
    except click.ClickException as exc:
        complain(f"mediafs: {sentence(exc)}")
        return UsageRefused.exit_code
    except MediafsError as exc:
        return _said(exc)
    except OSError as exc:
        if (known := of_the_system(exc)) is None:
            raise
        return _said(known)
    except (KeyboardInterrupt, click.Abort):
        complain("mediafs: interrupted; what was done is kept, run the same command to go on.")
        return INTERRUPTED
    except Terminated:
        complain("mediafs: terminated; what was done is kept, run the same command to go on.")
        return TERMINATED


def _said(error: MediafsError) -> int:
    complain(f"mediafs: {error}")
    return error.exit_code


def _reader_left() -> int:
    """The reader of our output went away, as `head` does: nothing wrong, nothing more to say."""
    # Python writes what is still buffered when it ends; it must go somewhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
