"""Where settings come from: flag, then MEDIAFS_… in the environment, then the config file.

The file is `~/.config/mediafs/config.toml` (or $XDG_CONFIG_HOME, or MEDIAFS_CONFIG); its
keys are the options' names with underscores, e.g. `jobs = 2`, `exclude = ["*.tmp"]`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeGuard

import click
import platformdirs

from indexer.errors import UsageRefused
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every command's options. Written down, for to ask the commands is to import them all: a tenth of
# a second for whoever has a config file.
KEYS: Final = (
    "all", "catalog", "catalog_on_network", "digest", "dry_run", "every", "exclude", "exiftool",
    "force", "foreground", "format", "include", "jobs", "json", "lazy", "limit", "list_excludes",
    "max_bytes", "max_duration", "memory", "o", "older_than", "paranoid", "path", "progress",
    "prune", "quiet", "raw_companion", "readers", "role", "settle", "since", "view",
)  # fmt: skip
_NAMED_LIKE: Final = "a setting has the name of an option of the commands, with `_` for `-`"


def default_catalog() -> Path:
    """$XDG_DATA_HOME/mediafs/catalog.db."""
    return platformdirs.user_data_path("mediafs") / "catalog.db"


def config_path() -> Path:
    """The config file, there or not."""
    named = os.environ.get("MEDIAFS_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("mediafs") / "config.toml"


def read_config() -> dict[str, Any]:
    """The config file's keys; {} where there is none."""
    path = config_path()
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise UsageRefused(f"The config file {display(path)} cannot be used: {exc}.") from exc


def catalog_of(config: Mapping[str, Any]) -> Path | None:
    """The catalog that the config file names."""
    if "catalog" not in config:
        return None
    return Path(_plain("catalog", config["catalog"], (str,), "the path of a file in quotes"))


def check_keys(config: Mapping[str, Any]) -> None:
    """Raise UsageRefused for the first key that is no setting of any command."""
    for key in config:
        if key in KEYS:
            continue
        near = difflib.get_close_matches(key.replace("-", "_").lower(), KEYS, n=1)
        meant = f"perhaps `{near[0]}` is meant" if near else _NAMED_LIKE
        raise UsageRefused(
            f"The config file {display(config_path())} cannot be used: `{display(key)}` is no "
            f"setting; {meant}."
        )


def values_for(command: click.Command, config: Mapping[str, Any]) -> dict[str, Any]:
    """The config file's values for a command's options, by parameter name."""
    found: dict[str, Any] = {}
    for option in command.params:
        if is_setting(option) and key_of(option) in config:
            found[option.name or ""] = _checked(option, config[key_of(option)])
    return found


def is_setting(option: click.Parameter) -> TypeGuard[click.Option]:
    """Whether the config file may give it; --version and what is done only once may not."""
    return (
        isinstance(option, click.Option)
        and option.expose_value
        and not getattr(option, "is_only_typed", False)
    )


def _checked(option: click.Option, value: Any) -> Any:
    """Of the kind that the option takes: click would take true for 1, and fail at a list."""
    if option.is_flag:
        return _plain(key_of(option), value, (bool, int, str), "true or false")
    if option.multiple:
        items = _plain(key_of(option), value, (list,), 'a list, like ["*.tmp"]')
        return [_plain(key_of(option), item, (str,), "a list of words in quotes") for item in items]
    if isinstance(value, bool):
        _refuse(key_of(option), value, "a number or a word in quotes")
    return _plain(key_of(option), value, (str, int, float), "a number or a word in quotes")


def _plain(key: str, value: Any, kinds: tuple[type, ...], wanted: str) -> Any:
    if not isinstance(value, kinds):
        _refuse(key, value, wanted)
    return value


def _refuse(key: str, value: Any, wanted: str) -> NoReturn:
    raise UsageRefused(
        f"The config file {display(config_path())} cannot be used: `{key}` is "
        f"{display(str(value))!r}, and should be {wanted}."
    )


def key_of(option: click.Option) -> str:
    """What an option is called in the config file: its long flag, with underscores."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")
