"""Fixtures that several files of tests here share; what they give is made in modules of tests/."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from content_sources import Sources
from fake_exiftool import JPEG, write_fake
from make_catalog import HOST, CatalogMaker

from indexer import survey
from indexer.metadata.exiftool import ExifToolSession
from mediafs.vfs import VirtualFS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# ---------------------------------------------------------------------------- indexing


@pytest.fixture
def old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are younger than any tick: take them as if it had passed."""
    monkeypatch.setattr(survey, "_TICK_NS", -(10**18))


@pytest.fixture
def fake_exiftool(tmp_path: Path) -> Callable[..., str]:
    """Write a fake ExifTool and give its path."""
    return partial(write_fake, tmp_path)


@pytest.fixture
def touched(tmp_path: Path) -> Callable[..., list[bytes]]:
    """Make photographs of these names and give their paths."""

    def make(*names: bytes) -> list[bytes]:
        paths = [os.fsencode(tmp_path) + b"/" + name for name in names]
        for path in paths:
            Path(os.fsdecode(path)).write_bytes(JPEG)
        return paths

    return make


@pytest.fixture(scope="module")
def exiftool_session() -> Iterator[ExifToolSession]:
    """The real ExifTool, running."""
    if shutil.which("exiftool") is None:
        pytest.skip("ExifTool is not installed")
    with ExifToolSession() as running:
        yield running


# ---------------------------------------------------------------------------- the tree


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    """Files, and their content as a mount reads it."""
    made = Sources(tmp_path)
    yield made
    made.close()


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[CatalogMaker]:
    """A catalog with an empty tree, to be filled with rows."""
    made = CatalogMaker(tmp_path / "catalog.db")
    made.publish()
    yield made
    made.close()


@pytest.fixture
def vfs(maker: CatalogMaker) -> Iterator[VirtualFS]:
    """The tree of `maker`."""
    made = VirtualFS(maker.path, HOST)
    yield made
    made.close()
