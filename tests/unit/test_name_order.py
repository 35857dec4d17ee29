"""Which of two clashing names is the later one follows from bytes, and not from the scan."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import Catalog, camera, reading

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = (12, 13, 14)


def originals(order: Sequence[int], name: str) -> dict[bytes, bytes]:
    """Name in originals/ to the folder of the file that it shows, of a library seen in this order.

    Each file has the same name, and bytes of its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        root = catalog.root()
        with catalog.db:
            for number in order:
                tags = camera(f"2019:07:14 {number}:00:00") if name.endswith("JPG") else None
                catalog.put(root, f"{number}/{name}", reading(name, number), tags)
        catalog.publish()
        text = "SELECT file_id, path FROM file JOIN folder USING (folder_id)"
        folders = dict(catalog.db.execute(text))
        files = catalog.files().items()
        found = {path: folders[file] for path, file in files if path.startswith(b"originals/")}
        catalog.close()
    return found


@pytest.mark.parametrize("name", ["IMG_1.JPG", "IMG_1.AAE"], ids=["shots", "files of no shot"])
def test_clashing_names_are_given_alike_in_whatever_order_the_files_were_seen(name):
    there, back = originals(NUMBERS, name), originals(NUMBERS[::-1], name)

    assert len(there) == len(NUMBERS)
    assert there == back
