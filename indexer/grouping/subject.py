"""A subject is what grouping compares: one content with all its files and what they say.

Equal files are one subject from the start, so identical bytes never need an edge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from indexer.capture_time.clues import Trust
from indexer.grouping.photos_library import Asset, Place, asset_of
from indexer.model import MEDIA, Damage, Kind
from indexer.paths import to_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from indexer.capture_time.clues import Clue
    from indexer.capture_time.moment import Moment
    from indexer.catalog.rows import FactRow
    from indexer.model import ContentId, Tags


@dataclass(frozen=True)  # no slots: cached_property
class Subject:
    """One content; `files` are its copies, the one that stands for it first."""

    content: ContentId
    files: tuple[FactRow, ...]
    tags: Tags
    clues: tuple[Clue, ...]

    @property
    def fact(self) -> FactRow:
        """The copy that stands for all."""
        return self.files[0]

    @cached_property
    def device(self) -> str | None:
        """Make, model and serial; None where the file names no camera."""
        tags = self.tags
        if not (tags.make or tags.model):
            return None
        return " ".join(p for p in (tags.make, tags.model, tags.serial) if p).casefold()

    @cached_property
    def own_time(self) -> Moment | None:
        """The camera's own record of the exposure, without help from other files."""
        usable = [c for c in self.clues if c.rejected is None and c.trust is Trust.CERTAIN]
        best = min(usable, key=lambda clue: clue.rank, default=None)
        return best.moment if best else None

    @cached_property
    def stems(self) -> frozenset[str]:
        """What the names of all copies come down to."""
        return frozenset(stem(to_str(file.name)) for file in self.files)

    @cached_property
    def families(self) -> frozenset[str]:
        """The stems, and for an edit's also that of what was edited."""
        return self.stems | {base for s in self.stems if (base := edit_base(s))}

    @cached_property
    def assets(self) -> frozenset[Asset]:
        """Its places in Apple Photos libraries."""
        return frozenset(asset for file in self.files if (asset := asset_of(file)))

    @cached_property
    def is_edit(self) -> bool:
        """Whether a copy is named or placed as programs name and place an edited version.

        One is enough: an edit that was imported again has a plain name there.
        """
        renders = any(asset.place is Place.RENDER for asset in self.assets)
        return renders or any(edit_base(s) for s in self.stems)

    @cached_property
    def is_preview(self) -> bool:
        """Whether all copies are pictures that a library made for the screen."""
        return bool(self.assets) and all(
            (asset := asset_of(file)) is not None and asset.place is Place.DERIVATIVE
            for file in self.files
        )

    @property
    def is_still(self) -> bool:
        """A picture of any format."""
        return self.fact.kind in (Kind.PICTURE, Kind.RAW)

    @property
    def has_metadata(self) -> bool:
        """Whether a camera or a person left a trace in it, even where pixels are lost."""
        return self.device is not None or self.own_time is not None

    @property
    def is_worth_a_shot(self) -> bool:
        """Media that shows something, or at least says when it was taken."""
        if self.fact.kind not in MEDIA or self.fact.damage is Damage.EMPTY:
            return False
        return self.fact.damage is not Damage.UNDECODABLE or self.own_time is not None


# What people and programs put around a camera's name; never evidence alone (ORIGINALS 2.4).
_COPY = re.compile(r"(?: ?\(\d{1,3}\)| copy(?: \d+)?| - copy(?: ?\(\d+\))?|~\d+)$")
_DOUBLE_EXTENSION = re.compile(r"\.(?:heic|heif|dng|jpe?g|png|mov|cr2|cr3|nef|arw)$")


# Names that programs give to an edited version, and the stem of what was edited:
# iOS, Google Takeout and exports in several languages.
_EDIT = re.compile(
    r"^(?P<ios>img_)e(?P<number>\d{4})(?P<rest>\D.*)?$"
    r"|^(?P<base>.+)[-_ ](?:edited|edit|bearbeitet|modifié|editado|modificato|bewerkt)$"
)


def edit_base(stem: str) -> str | None:
    """The stem of what a file with this stem is an edit of; None where it is named as none."""
    found = _EDIT.match(stem)
    if not found:
        return None
    if found["ios"]:
        return f"{found['ios']}{found['number']}{found['rest'] or ''}"
    return found["base"]


def stem(name: str) -> str:
    """A name without extension, case, copy counters: "IMG_1 (2).JPG" is "img_1"."""
    base = name.casefold().rpartition(".")[0] or name.casefold()
    base = _DOUBLE_EXTENSION.sub("", base)
    return _COPY.sub("", base).removesuffix("_hevc")


def subjects_of(
    facts: Iterable[FactRow],
    tags: dict[ContentId, Tags],
    clues: dict[ContentId, tuple[Clue, ...]],
    empty: Tags,
) -> list[Subject]:
    """One subject a content, in an order that does not depend on the scan's."""
    by_content: dict[ContentId, list[FactRow]] = {}
    for fact in facts:
        by_content.setdefault(fact.content, []).append(fact)
    made = [
        Subject(content, _in_order(files), tags.get(content, empty), clues.get(content, ()))
        for content, files in by_content.items()
    ]
    return sorted(made, key=lambda subject: subject.fact.blake3)


def _in_order(files: Sequence[FactRow]) -> tuple[FactRow, ...]:
    return tuple(sorted(files, key=preference))


def preference(fact: FactRow) -> tuple[object, ...]:
    """Which of equal copies stands for all: seen first, honest name, plain name, short path.

    The run that saw it first comes first, so that a copy that arrives later takes no place
    in the tree from one that is there already.
    """
    name = to_str(fact.name)
    return (
        fact.first_generation,
        fact.root_role.value == "backup",
        name.casefold().rpartition(".")[2] != fact.extension,
        bool(_COPY.search(name.casefold().rpartition(".")[0])),
        len(fact.folder_path) + len(fact.name),
        fact.folder_path,
        fact.name,
        fact.root_path,
    )
