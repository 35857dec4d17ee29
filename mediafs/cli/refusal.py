"""What click or the system refuses, as one sentence that names the place where it is wrong."""

from __future__ import annotations

import contextlib
import os

import click
from click.core import ParameterSource

from indexer.errors import MediafsError, MountRefused, UsageRefused
from indexer.paths import display
from mediafs.cli.settings import config_path, key_of


def sentence(exc: click.ClickException) -> str:
    """What is wrong; with where help is, if it was typed."""
    hint = ""
    if isinstance(exc, click.UsageError) and exc.ctx is not None:
        hint = f" See `{exc.ctx.command_path} --help`."
    if not (isinstance(exc, click.BadParameter) and isinstance(exc.param, click.Option)):
        return exc.format_message() + hint
    is_typed = _source(exc, exc.param) is ParameterSource.COMMANDLINE
    said = f"{_place(exc, exc.param)} cannot be used: {_reason(exc, exc.param.type)}"
    return f"{said.removesuffix('.')}.{hint if is_typed else ''}"


def _source(exc: click.BadParameter, option: click.Option) -> ParameterSource | None:
    return exc.ctx.get_parameter_source(option.name or "") if exc.ctx else None


def _place(exc: click.BadParameter, option: click.Option) -> str:
    match _source(exc, option):
        case ParameterSource.DEFAULT_MAP:
            return f"`{key_of(option)}` in the config file {display(config_path())}"
        case ParameterSource.ENVIRONMENT:
            return f"{option.envvar} in the environment"
        case _:
            return max(option.opts, key=len)


def _reason(exc: click.BadParameter, kind: click.ParamType[object]) -> str:
    """Click's own words, but for numbers, of which it says "1<=x<=256"."""
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return exc.message
    what = "a whole number" if isinstance(kind, click.IntRange) else "a number"
    if kind.max is not None:
        return f"it must be {what} from {kind.min} to {kind.max}"
    return f"it must be {what}, {'more than' if kind.min_open else 'at least'} {kind.min}"


def of_the_system(exc: OSError) -> MediafsError | None:
    """What a person can act on; None: it is a bug."""
    try:
        os.getcwd()
    except OSError:
        return UsageRefused("The folder of this shell is not there any more; `cd` to another one.")
    from mediafs.cli.places import in_mount  # slow to load, and hardly ever needed

    with contextlib.suppress(OSError, TypeError, ValueError):
        place = in_mount(os.fsdecode(exc.filename))
        if place is not None and (says := place.death):
            return MountRefused(says)
    return None
