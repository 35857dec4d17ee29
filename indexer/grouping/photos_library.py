"""Where a file stands inside an Apple Photos library, told from its path alone.

    originals/5/UUID.heic                        what was imported
    originals/5/UUID_3.mov                       its Live film
    resources/renders/5/UUID_1_201_a.jpeg        the edited still; UUID_2_100_a.mov the film
    resources/derivatives/…/UUID_1_105_c.jpeg    a smaller picture for the screen

The UUID names the asset, so files of one library that share it are one shot
(ORIGINALS.md section 2.4). The bundle itself may be the root, so its name proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from indexer.paths import to_str

if TYPE_CHECKING:
    from indexer.catalog.rows import FactRow

_PLACE = re.compile(
    r"(?:(?P<library>.*?)/)??(?P<area>originals|masters|resources/renders|resources/derivatives)"
    r"(?:/.*)?$"
)
_NAME = re.compile(
    r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:_\d+(?:_\d+_[a-z])?)?\."
)


class Place(StrEnum):
    """What a library keeps in a folder."""

    ORIGINAL = "original"
    RENDER = "render"  # what a person made of it
    DERIVATIVE = "derivative"  # smaller, for the screen; may show the edited state


_AREAS = {
    "originals": Place.ORIGINAL,
    "masters": Place.ORIGINAL,
    "resources/renders": Place.RENDER,
    "resources/derivatives": Place.DERIVATIVE,
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file's place in one library."""

    library: tuple[int, str]  # root and folder; a UUID means something only inside
    uuid: str
    place: Place


def asset_of(fact: FactRow) -> Asset | None:
    """The asset that a file belongs to; None outside of Photos libraries."""
    place = _PLACE.match(to_str(fact.folder_path).casefold())
    name = _NAME.match(to_str(fact.name).casefold())
    if not place or not name:
        return None
    library = (int(fact.root), place["library"] or "")
    return Asset(library, name["uuid"], _AREAS[place["area"]])
