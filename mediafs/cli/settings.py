"""Where settings come from: flag, then MEDIAFS_… in the environment, then the config file.

The file is `~/.config/mediafs/config.toml` (or $XDG_CONFIG_HOME, or MEDIAFS_CONFIG); its
keys are the options' names with underscores, e.g. `jobs = 2`, `exclude = ["*.tmp"]`.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from indexer.errors import UsageRefused
from indexer.paths import display


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
