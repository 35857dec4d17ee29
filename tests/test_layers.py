"""Imports go one way: the layers that hold, as data, and a walk over every import."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("indexer", "mediafs")

# Each layer may import itself and those above it in this list, nothing below.
LAYERS = (
    ("indexer.errors", "indexer.model", "indexer.paths", "indexer.progress", "indexer.sweeping"),
    ("indexer.mounts",),
    ("indexer.capture_time.moment",),
    ("indexer.catalog", "indexer.decisions"),
    ("indexer.source", "indexer.metadata", "indexer.perceptual", "indexer.capture_time"),
    ("indexer.scan", "indexer.read", "indexer.grouping", "indexer.originals"),
    ("indexer.standing", "indexer.roots"),
    ("indexer.compare", "indexer.verdict", "indexer.run", "indexer.library"),
    ("indexer.incremental",),
    ("indexer.moves", "indexer.settling", "indexer.survey", "indexer.intake"),
    ("indexer.derive", "indexer.preview", "indexer.pipeline", "indexer.verify"),
    ("mediafs.views", "mediafs.vfs"),
    ("mediafs.update", "mediafs.fuse", "mediafs.watch", "mediafs.service"),
    ("mediafs.cli", "mediafs.__main__"),
)
SQL = re.compile(r"\s*(?:WITH|SELECT|INSERT|UPDATE|DELETE)\s")
SAYS_NOTHING = {"utils", "util", "helpers", "common", "misc", "manager", "data"}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}


def imports(path: Path, *, at_run_time: bool = True) -> set[str]:
    """The modules of ours that a file imports, those for the type checker left out."""
    tree = ast.parse(path.read_text("utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if at_run_time and id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return found


def layer(module: str) -> int | None:
    """The layer of a module: that of the longest name in the list that it starts with."""
    matches = [
        (len(name), number)
        for number, names in enumerate(LAYERS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(matches)[1] if matches else None


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(PACKAGES)))
def test_a_module_imports_nothing_of_a_later_layer(module: str) -> None:
    own = layer(module)
    assert own is not None, f"{module} stands in no layer; give it one in LAYERS"

    later = {name for name in imports(MODULES[module]) if (layer(name) or 0) > own}

    assert not later


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("indexer")])
def test_the_indexer_knows_nothing_of_mounting(module: str) -> None:
    everything = imports(MODULES[module], at_run_time=False)

    assert not {name for name in everything if name.split(".")[0] == "mediafs"}


def test_no_imports_go_in_a_circle() -> None:
    graph = {m: {i for i in imports(p) if i in MODULES and i != m} for m, p in MODULES.items()}
    left = dict(graph)
    while leaves := [m for m, needs in left.items() if not needs & left.keys()]:
        for leaf in leaves:
            del left[leaf]

    assert not left


@pytest.mark.parametrize("module", MODULES)
def test_sql_stands_in_the_catalog_and_the_decisions_alone(module: str) -> None:
    if module.startswith(("indexer.catalog", "indexer.decisions")):
        return
    texts = [
        node.value
        for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]

    assert not [text for text in texts if SQL.match(text)]


@pytest.mark.parametrize("module", MODULES)
def test_only_the_mount_speaks_to_pyfuse3(module: str) -> None:
    uses = any(name.split(".")[0] == "pyfuse3" for name in imports(MODULES[module]))

    assert not uses or module.startswith("mediafs.fuse")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_what_it_owns_and_imports_no_stars(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))

    assert ast.get_docstring(tree)
    assert module.rpartition(".")[2] not in SAYS_NOTHING
    assert not [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
