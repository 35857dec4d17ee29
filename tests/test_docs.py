"""What people rely on is written down: commands, exit codes, views, columns."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from indexer import errors
from mediafs.cli import cli
from mediafs.vfs import readme
from mediafs.views.publish import VIEWS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ERRORS = (ROOT / "docs/errors.md").read_text("utf-8")


def classes(base: type[errors.MediafsError]) -> list[type[errors.MediafsError]]:
    """An error class and all below it."""
    importlib.import_module("mediafs.fuse.mount")
    return [base, *(c for child in base.__subclasses__() for c in classes(child))]


@pytest.mark.parametrize("error", classes(errors.MediafsError))
def test_an_error_stands_in_the_table_with_its_exit_code(
    error: type[errors.MediafsError],
) -> None:
    assert f"| {error.exit_code} | `{error.__name__}` |" in ERRORS
    assert error.__doc__


def test_no_two_errors_share_an_exit_code() -> None:
    codes = [error.exit_code for error in classes(errors.MediafsError)]

    assert len(set(codes)) == len(codes)
    assert errors.DONE_WITH_FAILURES not in codes


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_a_command_stands_in_the_readme_and_helps(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", README, re.MULTILINE)
    assert cli.commands[command].help
    assert "\\" not in (cli.commands[command].help or "")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_explained_in_the_readme_and_in_the_mount(view: str) -> None:
    assert f"{view}/" in README
    assert view.encode() in readme.README


@pytest.mark.parametrize("schema", ["indexer/catalog/schema.sql", "indexer/decisions/schema.sql"])
def test_every_table_of_a_schema_has_a_sentence_before_it(schema: str) -> None:
    text = (ROOT / schema).read_text("utf-8")
    tables = re.findall(r"(.*)\nCREATE TABLE (\w+)", text)

    assert tables
    assert not [name for before, name in tables if not before.startswith("-- ")]
